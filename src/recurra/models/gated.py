"""The common part of models of gated cells: parameters and initial weights."""

import abc
from dataclasses import dataclass, field
from typing import Any, Literal

import jax
from jaxtyping import Array, Float

from recurra.arrays import RandomKey
from recurra.checks import check_at_least_zero, check_choice, check_count, check_memory
from recurra.engine.gated import GATES
from recurra.models.constraints import Constraint, check_constraints
from recurra.models.initializers import (
    BIASES,
    GlorotUniform,
    Initializer,
    Orthogonal,
    check_initializer,
    initial_biases,
)
from recurra.models.model import Model


@dataclass(frozen=True, kw_only=True)
class GatedModel(Model, abc.ABC):
    """The common part of gated models. The matrices of all gates are drawn as one, as in Keras.

    Args:
        units: number of units.
        gate: σ of the gates: "sigmoid", or a hard sigmoid, the line x / 5 + 1/2 ("hard_sigmoid_5": Keras 1 and 2) or
            x / 6 + 1/2 ("hard_sigmoid_6": Keras 3) within 0 and 1.
        recurrent_noise: standard deviation of the noise added to every entry of the state at every training step.
        initializer: where the recurrent weights start.
        input_initializer: where the input weights start.
        output_initializer: where the output weights start.
        biases: where the biases start: "zeros" as in Keras, or "torch_uniform": uniform within ±1 / √units, and the sum
            of two such numbers where PyTorch has two biases.
        constraints: constraints on the weights, applied one after the other.
    """

    units: int = 100
    gate: Literal["sigmoid", "hard_sigmoid_5", "hard_sigmoid_6"] = "sigmoid"
    recurrent_noise: float = 0.0
    initializer: Initializer = field(default_factory=Orthogonal)
    input_initializer: Initializer = field(default_factory=GlorotUniform)
    output_initializer: Initializer = field(default_factory=GlorotUniform)
    biases: Literal["zeros", "torch_uniform"] = "zeros"
    constraints: tuple[Constraint, ...] = ()

    def __post_init__(self) -> None:
        check_count("units", self.units)
        check_choice("gate", self.gate, GATES)
        check_choice("biases", self.biases, BIASES)
        check_at_least_zero("recurrent_noise", self.recurrent_noise)
        for name in ("initializer", "input_initializer", "output_initializer"):
            check_initializer(name, getattr(self, name))
        arrays = list(self.dynamics(1.0).weights.axes())
        check_constraints(self.constraints, self.units, arrays, self.frozen())

    def gated_arrays(self, key: RandomKey, gates: int, inputs: int, outputs: int) -> dict[str, Any]:
        """The arrays of `GatedWeights` before training."""
        rows = gates * self.units
        check_memory(f"a network of {self.units:,} units", 4.0 * 3 * rows * (self.units + inputs + outputs))
        recurrent, inward, outward = jax.random.split(key, 3)
        of_inputs = self.input_initializer.of_inputs(inward, (rows, inputs), self.units)
        return {
            "recurrent": self.initializer(recurrent, (rows, self.units)).reshape(gates, self.units, self.units),
            "input": of_inputs.reshape(gates, self.units, inputs),
            "bias": self.bias_pairs(key, gates).sum(axis=0),
            "output": self.output_initializer(outward, (outputs, self.units)),
            "output_bias": initial_biases(self.biases, jax.random.fold_in(key, 5), (outputs,), self.units),
        }

    def bias_pairs(self, key: RandomKey, gates: int) -> Float[Array, "pair gate unit"]:
        """The two biases of every gate, beside the input and beside the recurrent weights, of which Keras has one."""
        return initial_biases(self.biases, jax.random.fold_in(key, 4), (2, gates, self.units), self.units)
