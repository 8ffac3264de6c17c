"""The update gate network."""

from dataclasses import dataclass
from typing import ClassVar, final

import jax.numpy as jnp
from jaxtyping import Array, Float

from recurra.arrays import RandomKey
from recurra.engine import Dynamics
from recurra.models.gated import GatedModel, GatedWeights, check_gate, currents, opened


@final
@dataclass(frozen=True)
class UGRNNDynamics(Dynamics):
    """The equations of `UGRNN`; the gates are update, candidate.

    Args:
        gate: σ of the gates, a name of `GATES`.
    """

    weights: ClassVar = GatedWeights

    gate: str = "sigmoid"

    def __post_init__(self) -> None:
        check_gate(self.gate)

    def initial_state(self, weights: GatedWeights) -> Float[Array, "unit"]:
        return jnp.zeros_like(weights.bias[0])

    def step(
        self, weights: GatedWeights, state: Float[Array, "unit"], inputs: Float[Array, "input"]
    ) -> Float[Array, "unit"]:
        update, candidate = currents(weights, state, inputs)
        keep = opened(self.gate, update)
        return keep * state + (1 - keep) * jnp.tanh(candidate)

    def rates(self, state: Float[Array, "unit"]) -> Float[Array, "unit"]:
        return state


@final
@dataclass(frozen=True, kw_only=True)
class UGRNN(GatedModel):
    r"""Update gate units, the smallest gated cell, with a linear readout.

    $g = \sigma(U_g h + W_g x + b_g)$, $c = \tanh(U_c h + W_c x + b_c)$, $h \leftarrow g \odot h + (1 - g) \odot c$.
    The rates are h. There is no time constant: a step of the task is a step of the network.

    Args:
        units: number of units.
        gate: σ of the gates: "sigmoid", or a hard sigmoid, the line x / 5 + 1/2 ("hard_sigmoid_5": Keras 1 and 2) or
            x / 6 + 1/2 ("hard_sigmoid_6": Keras 3) within 0 and 1; the native engine has the first.
        initializer: where the recurrent weights start.
        input_initializer: where the input weights start.
        output_initializer: where the output weights start.
        constraints: constraints on the weights, applied one after the other.

    Source: Collins, Sohl-Dickstein and Sussillo (2017).
    """

    sources = ("collins2017",)

    def dynamics(self, dt_ms: float) -> UGRNNDynamics:
        """The equations of one step, whatever its length."""
        return UGRNNDynamics(self.gate)

    def initial_weights(self, key: RandomKey, inputs: int, outputs: int) -> GatedWeights:
        return GatedWeights(**self.gated_arrays(key, 2, inputs, outputs))
