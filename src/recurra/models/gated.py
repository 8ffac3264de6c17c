"""The common part of gated cells: weights with a leading `gate` axis, and their initial values."""

import abc
from dataclasses import dataclass, field
from typing import Any, Literal

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from recurra.arrays import AnyArray, RandomKey, Weights
from recurra.checks import check_choice, check_count, check_memory
from recurra.engine import ACTIVATIONS
from recurra.models.constraints import Constraint, check_constraints
from recurra.models.initializers import GlorotUniform, Initializer, Orthogonal, check_initializer
from recurra.models.model import Model

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


def currents(weights: GatedWeights, rates: Float[Array, "unit"], inputs: Float[Array, "input"]) -> list[Array]:
    """The current of each gate, U_g h + W_g x + b_g."""
    return list(weights.recurrent @ rates + weights.input @ inputs + weights.bias)


def check_gate(gate: str) -> None:
    """`gate` must be the name of a gate function."""
    check_choice("gate", gate, GATES)


def opened(gate: str, current: Float[AnyArray, "*axes unit"]) -> Float[Array, "*axes unit"]:
    """How far gates are open at these currents, 0 to 1: the values of the gate function named `gate`."""
    return ACTIVATIONS[gate](jnp.asarray(current))


@dataclass(frozen=True, kw_only=True)
class GatedModel(Model, abc.ABC):
    """The common part of gated models. The matrices of all gates are drawn as one, as in Keras.

    Args:
        units: number of units.
        gate: σ of the gates: "sigmoid", or a hard sigmoid, the line x / 5 + 1/2 ("hard_sigmoid_5": Keras 1 and 2) or
            x / 6 + 1/2 ("hard_sigmoid_6": Keras 3) within 0 and 1; the native engine has the first.
        initializer: where the recurrent weights start.
        input_initializer: where the input weights start.
        output_initializer: where the output weights start.
        constraints: constraints on the weights, applied one after the other.
    """

    units: int = 100
    gate: Literal["sigmoid", "hard_sigmoid_5", "hard_sigmoid_6"] = "sigmoid"
    initializer: Initializer = field(default_factory=Orthogonal)
    input_initializer: Initializer = field(default_factory=GlorotUniform)
    output_initializer: Initializer = field(default_factory=GlorotUniform)
    constraints: tuple[Constraint, ...] = ()

    def __post_init__(self) -> None:
        check_count("units", self.units)
        check_gate(self.gate)
        for name in ("initializer", "input_initializer", "output_initializer"):
            check_initializer(name, getattr(self, name))
        check_constraints(self.constraints)

    def gated_arrays(self, key: RandomKey, gates: int, inputs: int, outputs: int) -> dict[str, Any]:
        """The arrays of `GatedWeights` before training."""
        rows = gates * self.units
        check_memory(f"a network of {self.units:,} units", 4.0 * 3 * rows * (self.units + inputs + outputs))
        recurrent, inward, outward = jax.random.split(key, 3)
        return {
            "recurrent": self.initializer(recurrent, (rows, self.units)).reshape(gates, self.units, self.units),
            "input": self.input_initializer(inward, (rows, inputs)).reshape(gates, self.units, inputs),
            "bias": jnp.zeros((gates, self.units), jnp.float32),
            "output": self.output_initializer(outward, (outputs, self.units)),
            "output_bias": jnp.zeros(outputs, jnp.float32),
        }
