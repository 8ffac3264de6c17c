"""The vanilla network of rate units."""

from dataclasses import dataclass, field, replace
from typing import Any, Literal, final

import jax
import numpy as np
from jaxtyping import Array

from recurra.arrays import RandomKey, RateWeights, TimedRateWeights
from recurra.checks import check_at_least_zero, check_choice, check_count, check_flag, check_memory, check_positive
from recurra.engine import ACTIVATIONS, RateDynamics, TimedRateDynamics
from recurra.models.constraints import Constraint, check_constraints
from recurra.models.initializers import (
    BIASES,
    GlorotUniform,
    Identity,
    Initializer,
    Normal,
    SpectralRadius,
    check_initializer,
    initial_biases,
)
from recurra.models.model import Model
from recurra.models.time_constants import BoundedTau, TrainedTau
from recurra.tasks.base import Task

IDENTITY = Identity()  # the default, told by its identity from one that was asked for


@final
@dataclass(frozen=True)
class RateRNN(Model):
    r"""A fully connected network of leaky rate units with a linear readout.

    Rate form: $h \leftarrow (1 - \ell)\,h + \ell\,\varphi(W h + W_{in} x + b)$, current form:
    $v \leftarrow (1 - \ell)\,v + \ell\,(W \varphi(v) + W_{in} x + b)$; output $z = W_{out} r + b_{out}$ of the
    rates r, which are h or $\varphi(v)$. The leak is $\ell$ = dt_ms / tau_ms; the task has dt_ms.

    Args:
        units: number of recurrent units N.
        form: "rate" or "current"; spectra and fixed points differ between the two.
        activation: φ of the equations: "tanh", "relu", "sigmoid", "softplus", "linear", "hard_sigmoid_5" or
            "hard_sigmoid_6"; the native engine has the first five.
        tau_ms: time constant, ms, at least dt_ms; if equal to dt_ms, the leak is 1, as in the papers. One for all
            units, an array with one per unit (in a spec: a list), or a `TrainedTau`: one per unit, trained within
            bounds (in a spec: a table of `lowest_ms`, `highest_ms` and, if wanted, `start_ms`). If not given, that of
            the task, `task.unit_tau_ms`, or its time step.
        recurrent_noise: σ of the noise √(2ℓ) σ ξ added to the state of every unit at every training step; 0 is none.
        recurrent_bias: whether the units have a trained bias b; otherwise it stays 0.
        output_bias: whether the readout has a trained bias; otherwise it stays 0.
        initializer: where the recurrent weights start; without one, under constraints on signs or connections, as
            `Normal()`, since an identity has no connections between units.
        input_initializer: where the input weights start.
        output_initializer: where the output weights start.
        biases: where the biases start: "zeros" as in Keras, or "torch_uniform": uniform within ±1 / √units, and the sum
            of two such numbers where PyTorch has two biases.
        constraints: constraints on the weights, applied one after the other.

    Source: Jarne (2024), Eq. 1 to 7 and Table 1.
    """

    units: int = 100
    form: Literal["rate", "current"] = "rate"
    activation: str = "tanh"
    tau_ms: float | tuple[float, ...] | TrainedTau | None = None
    recurrent_noise: float = 0.0
    recurrent_bias: bool = False
    output_bias: bool = True
    initializer: Initializer = IDENTITY
    input_initializer: Initializer = field(default_factory=GlorotUniform)
    output_initializer: Initializer = field(default_factory=GlorotUniform)
    biases: Literal["zeros", "torch_uniform"] = "zeros"
    constraints: tuple[Constraint, ...] = ()

    def __post_init__(self) -> None:
        check_count("units", self.units)
        check_choice("form", self.form, ("rate", "current"))
        check_choice("activation", self.activation, ACTIVATIONS)
        check_choice("biases", self.biases, BIASES)
        self._check_tau()
        check_flag("recurrent_bias", self.recurrent_bias)
        check_flag("output_bias", self.output_bias)
        check_at_least_zero("recurrent_noise", self.recurrent_noise)
        for name in ("initializer", "input_initializer", "output_initializer"):
            check_initializer(name, getattr(self, name))
        weights = TimedRateWeights if isinstance(self.tau_ms, TrainedTau) else RateWeights
        check_constraints(self.constraints, self.units, list(weights.axes()), self.frozen())
        shaping = [one.name for one in self.constraints if one.replaces_identity]
        if shaping and self.initializer is IDENTITY:
            object.__setattr__(self, "initializer", Normal())
        if shaping and isinstance(self.initializer, Identity) and not self.initializer.spread:
            raise ValueError(
                f"initializer is {self.initializer}: no connections between units for {' and '.join(shaping)}; "
                "choose another one, such as Normal()"
            )
        if shaping and isinstance(self.initializer, SpectralRadius):
            raise ValueError(
                f"initializer is {self.initializer}, whose radius {' and '.join(shaping)} would change; put it among "
                "the constraints, which scales what the others leave"
            )

    def _check_tau(self) -> None:
        """Check the time constants; those of an array become a tuple."""
        tau_ms: Any = self.tau_ms
        if tau_ms is None or isinstance(tau_ms, TrainedTau):
            return
        if isinstance(tau_ms, list | np.ndarray):
            if np.ndim(tau_ms) != 1:
                raise ValueError(
                    f"tau_ms has the shape {np.shape(tau_ms)}; expected one number, or one for each of the "
                    f"{self.units} units"
                )
            tau_ms = tuple(one.item() if isinstance(one, np.generic) else one for one in tau_ms)
            object.__setattr__(self, "tau_ms", tau_ms)
        taus = tau_ms if isinstance(tau_ms, tuple) else (tau_ms,)
        if len(taus) not in (1, self.units):
            raise ValueError(f"tau_ms has {len(taus)} values; expected one, or one for each of the {self.units} units")
        for one in taus:
            check_positive("tau_ms", one)

    @property
    def sources(self) -> tuple[str, ...]:
        """Keys of the sources that the report names for this network."""
        return ("salmon2011", "box1958") if self.recurrent_noise else ()

    def for_task(self, task: Task) -> "RateRNN":
        """The model with a time constant: its own, else that of the task, at least the time step."""
        if self.tau_ms is not None:
            return self
        return replace(self, tau_ms=max(task.dt_ms, task.unit_tau_ms or task.dt_ms))

    def dynamics(self, dt_ms: float) -> RateDynamics | TimedRateDynamics:
        """The equations of one step of `dt_ms`."""
        tau_ms = self.tau_ms
        if tau_ms is None:
            raise ValueError(
                "tau_ms of the model is not given; give it in ms, or take the task's: model.for_task(task)"
            )
        if isinstance(tau_ms, TrainedTau):
            if tau_ms.lowest_ms < dt_ms:
                raise ValueError(
                    f"lowest_ms of tau_ms is {tau_ms.lowest_ms:g}, below the time step of {dt_ms:g} ms; raise it"
                )
            return TimedRateDynamics(self.form, self.activation, dt_ms, self.recurrent_noise)
        leak = tuple(dt_ms / one for one in tau_ms) if isinstance(tau_ms, tuple) else dt_ms / tau_ms
        return RateDynamics(self.form, self.activation, leak, self.recurrent_noise)

    def initial_weights(self, key: RandomKey, inputs: int, outputs: int) -> RateWeights:
        check_memory(f"a network of {self.units:,} units", 4.0 * 3 * self.units * (self.units + inputs + outputs))
        recurrent, inward, outward = jax.random.split(key, 3)
        arrays = {
            "recurrent": self.initializer(recurrent, (self.units, self.units)),
            "input": self.input_initializer.of_inputs(inward, (self.units, inputs), self.units),
            "output": self.output_initializer(outward, (outputs, self.units)),
            "recurrent_bias": self._bias(self.recurrent_bias, jax.random.fold_in(key, 4), (2, self.units)).sum(axis=0),
            "output_bias": self._bias(self.output_bias, jax.random.fold_in(key, 5), (outputs,)),
        }
        if not isinstance(self.tau_ms, TrainedTau):
            return RateWeights(**arrays)
        return TimedRateWeights(**arrays, tau_ms=self.tau_ms.initial(jax.random.fold_in(key, 3), self.units))

    def _bias(self, trained: bool, key: RandomKey, shape: tuple[int, ...]) -> Array:
        """A bias before training; one that is not trained stays at 0."""
        return initial_biases(self.biases if trained else "zeros", key, shape, self.units)

    def all_constraints(self) -> tuple[Constraint, ...]:
        bounds = (BoundedTau(self.tau_ms),) if isinstance(self.tau_ms, TrainedTau) else ()
        return (*super().all_constraints(), *bounds)

    def frozen(self) -> tuple[str, ...]:
        biases = {"recurrent_bias": self.recurrent_bias, "output_bias": self.output_bias}
        return tuple(name for name, trained in biases.items() if not trained)
