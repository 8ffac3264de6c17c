"""The equations of networks of gated cells, and their weights, which have a leading `gate` axis."""

from dataclasses import dataclass
from typing import Any, ClassVar, final

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from recurra.arrays import AnyArray, Weights
from recurra.checks import check_at_least_zero, check_choice
from recurra.engine.dynamics import DrivenDynamics, State
from recurra.engine.rate import ACTIVATIONS

RESETS = ("after", "before")
GATES = ("sigmoid", "hard_sigmoid_5", "hard_sigmoid_6")
"""The gate functions: the logistic function; the hard sigmoid of Keras 1 and 2; that of Keras 3."""


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class GatedWeights(Weights):
    """The weights of a gated network; a cohort adds a leading `network` axis to each.

    Args:
        recurrent: from unit `pre` to every gate of unit `post`.
        input: from inputs to every gate of every unit.
        bias: a constant added to the current of every gate.
        output: from units to outputs.
        output_bias: a constant added to each output.
    """

    recurrent: Float[AnyArray, "*network gate post pre"]
    input: Float[AnyArray, "*network gate unit input"]
    bias: Float[AnyArray, "*network gate unit"]
    output: Float[AnyArray, "*network output unit"]
    output_bias: Float[AnyArray, "*network output"]


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class GRUWeights(GatedWeights):
    """The weights of a GRU, whose gates are update, reset, candidate in this order.

    Args:
        reset_bias: a constant that the reset gate multiplies with the recurrent current of the candidate.
    """

    reset_bias: Float[AnyArray, "*network unit"]


class GatedDynamics(DrivenDynamics):
    """The common part of gated cells: gate function, noise, and rates that are the first entries of the state."""

    noise: float
    gate: str

    def __post_init__(self) -> None:
        check_at_least_zero("noise", self.noise)
        check_choice("gate", self.gate, GATES)

    def opened(self, current: Float[AnyArray, "*gate unit"]) -> Float[Array, "*gate unit"]:
        """How far gates are open at these currents, 0 to 1."""
        return ACTIVATIONS[self.gate](jnp.asarray(current))

    def initial_state(self, weights: GatedWeights) -> State:
        return jnp.zeros(weights.units, jnp.asarray(weights.bias).dtype)

    def drive(self, weights: GatedWeights, inputs: Float[Array, "input"]) -> Float[Array, "gate unit"]:
        return jnp.asarray(weights.input @ inputs)

    def rates(self, state: State) -> Float[Array, "unit"]:
        return state

    @property
    def noisy(self) -> bool:
        return self.noise > 0

    def noise_scale(self, weights: Any) -> State:
        return jnp.full_like(self.initial_state(weights), self.noise)


@final
@dataclass(frozen=True)
class GRUDynamics(GatedDynamics):
    """The equations of `GRU`.

    Args:
        reset: whether the reset gate multiplies "after" or "before" the recurrent weights.
        noise: standard deviation of the noise that training adds to every entry of the state per step; 0 or above.
        gate: σ of the gates, a name of `GATES`.
    """

    weights: ClassVar = GRUWeights

    reset: str = "after"
    noise: float = 0.0
    gate: str = "sigmoid"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("reset", self.reset, RESETS)

    def driven(self, weights: GRUWeights, state: State, drive: Float[Array, "gate unit"]) -> State:
        inward = drive + weights.bias
        update, reset = self.opened(weights.recurrent[:2] @ state + inward[:2])
        if self.reset == "after":
            recalled = reset * (weights.recurrent[2] @ state + weights.reset_bias)
        else:
            recalled = weights.recurrent[2] @ (reset * state)
        return update * state + (1 - update) * jnp.tanh(inward[2] + recalled)


@final
@dataclass(frozen=True)
class UGRNNDynamics(GatedDynamics):
    """The equations of `UGRNN`; the gates are update, candidate.

    Args:
        noise: standard deviation of the noise that training adds to every entry of the state per step; 0 or above.
        gate: σ of the gates, a name of `GATES`.
    """

    weights: ClassVar = GatedWeights

    noise: float = 0.0
    gate: str = "sigmoid"

    def driven(self, weights: GatedWeights, state: State, drive: Float[Array, "gate unit"]) -> State:
        update, candidate = _currents(weights, state, drive)
        keep = self.opened(update)
        return keep * state + (1 - keep) * jnp.tanh(candidate)


@final
@dataclass(frozen=True)
class LSTMDynamics(GatedDynamics):
    """The equations of `LSTM`; the gates are input, forget, candidate, output. The state is (h, c) joined.

    Args:
        noise: standard deviation of the noise that training adds to every entry of the state per step; 0 or above.
        gate: σ of the gates, a name of `GATES`.
    """

    weights: ClassVar = GatedWeights

    noise: float = 0.0
    gate: str = "sigmoid"

    def initial_state(self, weights: GatedWeights) -> State:
        return jnp.zeros(2 * weights.units, jnp.asarray(weights.bias).dtype)

    def driven(self, weights: GatedWeights, state: State, drive: Float[Array, "gate unit"]) -> State:
        rates, cell = jnp.split(state, 2)
        write, keep, candidate, show = _currents(weights, rates, drive)
        cell = self.opened(keep) * cell + self.opened(write) * jnp.tanh(candidate)
        return jnp.concatenate([self.opened(show) * jnp.tanh(cell), cell])

    def rates(self, state: State) -> Float[Array, "unit"]:
        return state[: len(state) // 2]


def _currents(weights: GatedWeights, rates: Float[Array, "unit"], drive: Float[Array, "gate unit"]) -> list[Array]:
    """The current of each gate, U_g h + W_g x + b_g."""
    return list(weights.recurrent @ rates + drive + weights.bias)
