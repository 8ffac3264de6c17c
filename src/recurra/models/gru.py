"""The gated recurrent unit."""

from dataclasses import dataclass
from typing import ClassVar, Literal, final

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from recurra.arrays import AnyArray, RandomKey
from recurra.checks import check_choice
from recurra.engine import Dynamics
from recurra.models.gated import GatedModel, GatedWeights, check_gate, opened

RESETS = ("after", "before")


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class GRUWeights(GatedWeights):
    """The weights of a GRU, whose gates are update, reset, candidate in this order.

    Args:
        reset_bias: a constant that the reset gate multiplies with the recurrent current of the candidate.
    """

    reset_bias: Float[AnyArray, "*network unit"]


@final
@dataclass(frozen=True)
class GRUDynamics(Dynamics):
    """The equations of `GRU`.

    Args:
        reset: whether the reset gate multiplies "after" or "before" the recurrent weights.
        gate: σ of the gates, a name of `GATES`.
    """

    weights: ClassVar = GRUWeights

    reset: str = "after"
    gate: str = "sigmoid"

    def __post_init__(self) -> None:
        check_choice("reset", self.reset, RESETS)
        check_gate(self.gate)

    def initial_state(self, weights: GRUWeights) -> Float[Array, "unit"]:
        return jnp.zeros_like(weights.reset_bias)

    def step(
        self, weights: GRUWeights, state: Float[Array, "unit"], inputs: Float[Array, "input"]
    ) -> Float[Array, "unit"]:
        inward = weights.input @ inputs + weights.bias
        update, reset = opened(self.gate, weights.recurrent[:2] @ state + inward[:2])
        if self.reset == "after":
            recalled = reset * (weights.recurrent[2] @ state + weights.reset_bias)
        else:
            recalled = weights.recurrent[2] @ (reset * state)
        return update * state + (1 - update) * jnp.tanh(inward[2] + recalled)

    def rates(self, state: Float[Array, "unit"]) -> Float[Array, "unit"]:
        return state


@final
@dataclass(frozen=True, kw_only=True)
class GRU(GatedModel):
    r"""Gated recurrent units with a linear readout.

    $z = \sigma(U_z h + W_z x + b_z)$, $r = \sigma(U_r h + W_r x + b_r)$,
    $n = \tanh(W_n x + b_n + r \odot (U_n h + c))$, $h \leftarrow z \odot h + (1 - z) \odot n$. With `reset="before"`
    the candidate is $n = \tanh(W_n x + b_n + U_n (r \odot h))$. The rates are h. There is no time constant: a step of
    the task is a step of the network.

    Args:
        units: number of units.
        reset: "after" (Keras 3, cuDNN, PyTorch) or "before" the recurrent weights (as first published).
        gate: σ of the gates: "sigmoid", or a hard sigmoid, the line x / 5 + 1/2 ("hard_sigmoid_5": Keras 1 and 2) or
            x / 6 + 1/2 ("hard_sigmoid_6": Keras 3) within 0 and 1; the native engine has the first.
        initializer: where the recurrent weights start.
        input_initializer: where the input weights start.
        output_initializer: where the output weights start.
        constraints: constraints on the weights, applied one after the other.

    Source: Cho et al. (2014).
    """

    sources = ("cho2014",)

    reset: Literal["after", "before"] = "after"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("reset", self.reset, RESETS)

    def dynamics(self, dt_ms: float) -> GRUDynamics:
        """The equations of one step, whatever its length."""
        return GRUDynamics(self.reset, self.gate)

    def initial_weights(self, key: RandomKey, inputs: int, outputs: int) -> GRUWeights:
        arrays = self.gated_arrays(key, 3, inputs, outputs)
        return GRUWeights(**arrays, reset_bias=jnp.zeros(self.units, jnp.float32))

    def frozen(self) -> tuple[str, ...]:
        return () if self.reset == "after" else ("reset_bias",)
