"""Reservoirs at the edge of stability."""

from dataclasses import dataclass, field
from typing import final

import jax
import jax.numpy as jnp

from recurra.arrays import ES2NWeights, RandomKey
from recurra.checks import check_choice, check_count, check_flag, check_memory
from recurra.engine import ACTIVATIONS
from recurra.engine.es2n import ES2NDynamics, check_proximity
from recurra.models.constraints import Constraint, check_constraints
from recurra.models.initializers import Initializer, Orthogonal, SpectralRadius, Uniform, Zeros, check_initializer
from recurra.models.model import Model


@final
@dataclass(frozen=True)
class ES2N(Model):
    r"""An echo state network at the edge of stability: partly a nonlinear reservoir, partly a rotation.

    $h \leftarrow \beta\, \varphi(W h + W_{in} x) + (1 - \beta)\, O h$ with a random orthogonal matrix O, output
    $z = W_{out} h + b_{out}$. With the slope of φ between 0 and 1, the eigenvalues of a step lie near a circle of
    radius $1 - \beta$. Training changes neither O nor, by `Ridge`, anything but the readout.

    Args:
        units: number of units N.
        proximity: β, above 0, up to 1; the smaller, the longer is the memory and the less is computed with it.
        activation: φ, a name of those that `RateRNN` has.
        output_bias: whether the readout has a trained bias; otherwise it stays 0.
        initializer: where the recurrent weights W start.
        input_initializer: where the input weights start.
        output_initializer: where the output weights start.
        constraints: constraints on the weights, applied one after the other.

    Source: Ceni and Gallicchio (2024).
    """

    units: int = 100
    proximity: float = 0.1
    activation: str = "tanh"
    output_bias: bool = True
    initializer: Initializer = field(default_factory=lambda: SpectralRadius(0.9))
    input_initializer: Initializer = field(default_factory=Uniform)
    output_initializer: Initializer = field(default_factory=Zeros)
    constraints: tuple[Constraint, ...] = ()

    sources = ("ceni2024",)

    def __post_init__(self) -> None:
        check_count("units", self.units)
        check_proximity(self.proximity)
        check_choice("activation", self.activation, ACTIVATIONS)
        check_flag("output_bias", self.output_bias)
        for name in ("initializer", "input_initializer", "output_initializer"):
            check_initializer(name, getattr(self, name))
        check_constraints(self.constraints, self.units, list(ES2NWeights.axes()), self.frozen())

    def dynamics(self, dt_ms: float) -> ES2NDynamics:
        """The equations of one step, which do not depend on its length."""
        del dt_ms
        return ES2NDynamics(self.activation, self.proximity)

    def initial_weights(self, key: RandomKey, inputs: int, outputs: int) -> ES2NWeights:
        check_memory(f"a network of {self.units:,} units", 4.0 * 3 * self.units * (2 * self.units + inputs + outputs))
        recurrent, inward, outward, turning = jax.random.split(key, 4)
        square = (self.units, self.units)
        return ES2NWeights(
            recurrent=self.initializer(recurrent, square),
            input=self.input_initializer.of_inputs(inward, (self.units, inputs), self.units),
            output=self.output_initializer(outward, (outputs, self.units)),
            recurrent_bias=jnp.zeros(self.units, jnp.float32),
            output_bias=jnp.zeros(outputs, jnp.float32),
            orthogonal=Orthogonal()(turning, square),
        )

    def frozen(self) -> tuple[str, ...]:
        return ("recurrent_bias", "orthogonal") if self.output_bias else ("recurrent_bias", "orthogonal", "output_bias")
