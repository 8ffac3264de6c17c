"""Which cells the kernel has, and how it takes their weights: six arrays for each of them."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from recurra.engine.dynamics import Dynamics
from recurra.engine.gated import GRUDynamics, LSTMDynamics, UGRNNDynamics
from recurra.engine.rate import RateDynamics, RateEquations, TimedRateDynamics

CELLS = ("rate", "current", "ugrnn", "gru_after", "gru_before", "lstm")  # in the order of kernel.h
ACTIVATIONS = ("tanh", "relu", "sigmoid", "softplus", "hard_sigmoid_5", "hard_sigmoid_6", "linear")  # likewise


class Operands(NamedTuple):
    """The weights of a cohort as the kernel takes them; rate units have one gate.

    Args:
        recurrent: from units to gates.
        input: from inputs to gates.
        output: from units to outputs.
        bias: of the gates.
        output_bias: of the outputs.
        unit_values: leaks of rate units, the reset bias of a GRU with the reset after the weights; else zeros.
    """

    recurrent: Float[Array, "network gate post pre"]
    input: Float[Array, "network gate unit input"]
    output: Float[Array, "network output unit"]
    bias: Float[Array, "network gate unit"]
    output_bias: Float[Array, "network output"]
    unit_values: Float[Array, "network unit"]


def unknown(dynamics: Dynamics) -> str:
    """The part of these equations that the kernel does not have; empty if it has all."""
    if isinstance(dynamics, RateDynamics | TimedRateDynamics):
        hard = dynamics.activation.startswith("hard_sigmoid")
        return f"activation {dynamics.activation!r}" if hard else ""
    return "" if isinstance(dynamics, GRUDynamics | LSTMDynamics | UGRNNDynamics) else type(dynamics).__name__


def cell_of(dynamics: Any) -> str:
    """The name of the cell among `CELLS`."""
    match dynamics:
        case RateEquations():
            return dynamics.form
        case GRUDynamics():
            return f"gru_{dynamics.reset}"
        case LSTMDynamics():
            return "lstm"
        case _:
            return "ugrnn"


def trains_unit_values(dynamics: Dynamics) -> bool:
    """Whether the gradient of `unit_values` is wanted."""
    return isinstance(dynamics, TimedRateDynamics) or cell_of(dynamics) == "gru_after"


def operands_of(dynamics: Any, weights: Any) -> Operands:
    """The weights as the kernel takes them, in the dtype of the recurrent weights.

    The engine differentiates through this function, which gives the gradient of the weights from that of the operands.

    Args:
        dynamics: the equations.
        weights: of a cohort.
    """
    weights = jax.tree.map(lambda array: jnp.asarray(array, weights.recurrent.dtype), weights)
    if isinstance(dynamics, RateEquations):
        leaks = jax.vmap(dynamics.leaks)(weights)
        gates = (array[:, None] for array in (weights.recurrent, weights.input, weights.recurrent_bias))
        recurrent, inward, bias = gates
        return Operands(recurrent, inward, weights.output, bias, weights.output_bias, leaks)
    reset_bias = weights.reset_bias if trains_unit_values(dynamics) else jnp.zeros_like(weights.bias[:, 0])
    return Operands(weights.recurrent, weights.input, weights.output, weights.bias, weights.output_bias, reset_bias)
