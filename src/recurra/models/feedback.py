"""Rate units to which outputs are fed back: the generator networks of FORCE."""

from dataclasses import dataclass, field, replace
from typing import Literal, final

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from recurra.arrays import ControlledRateWeights, FeedbackRateWeights, RandomKey
from recurra.checks import (
    check_at_least_zero,
    check_between,
    check_choice,
    check_count,
    check_flag,
    check_memory,
    check_positive,
)
from recurra.engine import ACTIVATIONS, ControlFeedbackDynamics, OutputFeedbackDynamics
from recurra.models.constraints import Constraint, check_constraints
from recurra.models.initializers import Initializer, Normal, Uniform, Zeros, check_initializer
from recurra.models.model import Model
from recurra.tasks.base import Task


@final
@dataclass(frozen=True)
class FeedbackRNN(Model):
    r"""A network of leaky rate units whose outputs are fed back to the units, and which starts from a state of its own.

    Current form: $v \leftarrow (1 - \ell)\,v + \ell\,(W r + W_{in} x + W_{fb} y + b)$, rates $r = \varphi(v)$, output
    $z = W_{out} r$; rate form: $h \leftarrow (1 - \ell)\,h + \ell\,\varphi(W h + W_{in} x + W_{fb} y + b)$. Fed back is
    the output, $y = z$; or control units, $y = W_c r$, one for each output, with weights of their own. With a gain
    above about 1 such a network is chaotic before it is trained; `FORCE` makes it a generator of patterns.

    Args:
        units: number of units N.
        form: "rate" or "current".
        activation: φ of the equations, a name of those that `RateRNN` has.
        tau_ms: time constant of all units, ms, at least dt_ms. If not given, that of the task.
        recurrent_noise: σ of the noise √(2ℓ) σ ξ added to every unit at every training step; 0 is none.
        recurrent_bias: whether the units have a trained bias b; otherwise it stays 0.
        output_bias: whether the readout has a trained bias; otherwise it stays 0.
        initializer: where the recurrent weights start.
        input_initializer: where the input weights start.
        output_initializer: where the output weights start.
        feedback_initializer: where the feedback weights start; `Zeros()` for a network without feedback.
        fed_back: "outputs", or "controls" for control units.
        control_density: share p of the units that control units read, above 0, up to 1; their weights start at
            $N(0, 1 / (p N))$.
        state_spread: standard deviation of the initial state of a unit, 0 or above.
        constraints: constraints on the weights, applied one after the other.

    Source: Sussillo and Abbott (2009); Jaeger (2001).
    """

    units: int = 100
    form: Literal["rate", "current"] = "current"
    activation: str = "tanh"
    tau_ms: float | None = None
    recurrent_noise: float = 0.0
    recurrent_bias: bool = False
    output_bias: bool = False
    initializer: Initializer = field(default_factory=lambda: Normal(1.5))
    input_initializer: Initializer = field(default_factory=Uniform)
    output_initializer: Initializer = field(default_factory=Zeros)
    feedback_initializer: Initializer = field(default_factory=Uniform)
    fed_back: Literal["outputs", "controls"] = "outputs"
    control_density: float = 0.5
    state_spread: float = 0.5
    constraints: tuple[Constraint, ...] = ()

    sources = ("sussillo2009",)

    def __post_init__(self) -> None:
        check_count("units", self.units)
        check_choice("form", self.form, ("rate", "current"))
        check_choice("activation", self.activation, ACTIVATIONS)
        if self.tau_ms is not None:
            check_positive("tau_ms", self.tau_ms)
        check_flag("recurrent_bias", self.recurrent_bias)
        check_flag("output_bias", self.output_bias)
        for name in ("recurrent_noise", "state_spread"):
            check_at_least_zero(name, getattr(self, name))
        for name in ("initializer", "input_initializer", "output_initializer", "feedback_initializer"):
            check_initializer(name, getattr(self, name))
        check_choice("fed_back", self.fed_back, ("outputs", "controls"))
        check_between("control_density", self.control_density, 0, 1)
        if self.fed_back == "controls" and self._read < 1:
            raise ValueError(
                f"control_density is {self.control_density:g}, which leaves control units none of the {self.units} "
                "units to read; raise it"
            )
        check_constraints(self.constraints, self.units, list(self._kind.axes()), self.frozen())

    @property
    def _kind(self) -> type[FeedbackRateWeights]:
        return FeedbackRateWeights if self.fed_back == "outputs" else ControlledRateWeights

    @property
    def _read(self) -> int:
        """How many units the control units read."""
        return round(self.control_density * self.units)

    def for_task(self, task: Task) -> "FeedbackRNN":
        """The model with a time constant: its own, else that of the task, at least the time step."""
        if self.tau_ms is not None:
            return self
        return replace(self, tau_ms=max(task.dt_ms, task.unit_tau_ms or task.dt_ms))

    def dynamics(self, dt_ms: float) -> OutputFeedbackDynamics | ControlFeedbackDynamics:
        """The equations of one step of `dt_ms`."""
        if self.tau_ms is None:
            raise ValueError(
                "tau_ms of the model is not given; give it in ms, or take the task's: model.for_task(task)"
            )
        kind = OutputFeedbackDynamics if self.fed_back == "outputs" else ControlFeedbackDynamics
        return kind(self.form, self.activation, dt_ms / self.tau_ms, self.recurrent_noise)

    def initial_weights(self, key: RandomKey, inputs: int, outputs: int) -> FeedbackRateWeights:
        check_memory(f"a network of {self.units:,} units", 4.0 * 3 * self.units * (self.units + inputs + 2 * outputs))
        recurrent, inward, outward, backward, state, control = jax.random.split(key, 6)
        arrays = {
            "recurrent": self.initializer(recurrent, (self.units, self.units)),
            "input": self.input_initializer.of_inputs(inward, (self.units, inputs), self.units),
            "output": self.output_initializer(outward, (outputs, self.units)),
            "recurrent_bias": jnp.zeros(self.units, jnp.float32),
            "output_bias": jnp.zeros(outputs, jnp.float32),
            "feedback": self.feedback_initializer(backward, (self.units, outputs)),
            "initial_state": self.state_spread * jax.random.normal(state, (self.units,), jnp.float32),
        }
        if self.fed_back == "outputs":
            return FeedbackRateWeights(**arrays)
        return ControlledRateWeights(**arrays, control=self._control(control, outputs))

    def _control(self, key: RandomKey, outputs: int) -> Float[Array, "output unit"]:
        """Normal weights from the units that the control units read, chosen at random; 0 from the others."""
        chosen, drawn = jax.random.split(key)
        read = jax.random.permutation(chosen, self.units) < self._read
        return jnp.where(read, jax.random.normal(drawn, (outputs, self.units), jnp.float32) / self._read**0.5, 0)

    def frozen(self) -> tuple[str, ...]:
        biases = {"recurrent_bias": self.recurrent_bias, "output_bias": self.output_bias}
        return tuple(name for name, trained in biases.items() if not trained)
