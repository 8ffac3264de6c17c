"""A trained network of rate units as one of leaky integrate-and-fire units."""

import math
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, NamedTuple, final

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, UInt32

from recurra.arrays import Inputs, RandomKey
from recurra.checks import check_between, check_memory, check_positive
from recurra.engine.rate import RateDynamics
from recurra.engine.spikes import SpikingArrays, SpikingGiven, SpikingSteps, SpikingTrials, padded, run_spikes
from recurra.models.lif import LARGEST, LIF, whole_steps
from recurra.models.network import Network, check_network
from recurra.models.simulate import checked_inputs
from recurra.numerics import pinned
from recurra.saver import saver
from recurra.shown import Shown
from recurra.streams import as_key
from recurra.wording import number_of

NEVER = -1e4  # drive of units that pad the arrays, mV
COUNTERS = 2**32  # of the random generator in a trial
FLOAT32 = np.finfo(np.float32)


class SpikingRun(NamedTuple):
    """What spiking units do on trials.

    Args:
        outputs: at the end of every step of the task.
        counts: spikes of every unit, without those of the first refractory period, which follow from the random start.
        traces: filtered spike trains of every unit at the end of every step of the task: rates in Hz with the amplitude
            "1/(rise*decay)".
    """

    outputs: Float[np.ndarray, "trial time output"]
    counts: Int[np.ndarray, "trial unit"]
    traces: Float[np.ndarray, "trial time unit"]


@final
@dataclass(frozen=True, eq=False)
class SpikingNetwork(Shown):
    """A network of leaky integrate-and-fire units, one for each unit of a trained rate network.

    Args:
        network: the rate network.
        units: the spiking units.
        scaling_factor: λ; recurrent and output weights are divided by it.
    """

    network: Network
    units: LIF
    scaling_factor: float

    def __post_init__(self) -> None:
        check_convertible(self.network, self.units, self.scaling_factor)

    def run(self, inputs: Inputs, key: RandomKey | int) -> SpikingRun:
        """Outputs, numbers of spikes and filtered spike trains on every trial.

        Args:
            inputs: inputs of the trials, each held over a time step of the task.
            key: seed or random key of the first voltages and of the noise.
        """
        parts = converted(self.network, self.units, self.scaling_factor)
        found = parts.run((self.scaling_factor,), inputs, key, traces=True)
        return SpikingRun(*(np.asarray(one[0]) for one in found[:3]))

    def respond(self, inputs: Inputs, key: RandomKey | int) -> Float[np.ndarray, "trial time output"]:
        """Outputs on every trial, as `run` gives them."""
        parts = converted(self.network, self.units, self.scaling_factor)
        return np.asarray(parts.run((self.scaling_factor,), inputs, key).outputs[0])

    def to_brian2(self, folder: Path | str, inputs: Inputs) -> None:
        """Make a folder with a script for Brian2, `network.py`, and the arrays that it reads, `network.npz`.

        `python network.py` runs the trials there, where Brian2 is installed, and writes their spikes and outputs to
        `trials.npz`. The equations are those of `LIF`; Brian2 draws its own noise and first voltages. Its steps of
        Euler's method give a synapse's response exactly the area 1; ours, which decays exactly, has 1.3 to 1.4 % more
        at 0.05 ms, see `LIF`.

        Args:
            folder: the folder to make; it must not exist.
            inputs: inputs of the trials, each held over a time step of the task.

        Raises:
            ValueError: the folder exists, or the inputs do not fit or have no trial or no step.

        Source: Stimberg, Brette and Goodman (2019), eLife 8, e47314, for Brian2.
        """
        saver().save_spiking(self, folder, inputs)


def to_spikes(network: Network, scaling_factor: float, units: LIF | None = None) -> SpikingNetwork:
    r"""The network with a leaky integrate-and-fire unit in place of every rate unit.

    The weights keep their values but for the factor: recurrent weights and readout become W / λ and $W_{out}$ / λ.
    Input weights and biases stay as they are. `spiking_search` finds the scaling factors that work.

    Args:
        network: a trained network in the current form with the sigmoid as activation.
        scaling_factor: λ, above 0; with the default units a rate in Hz, 20 to 75 in the source.
        units: the spiking units; if not given, `LIF()`.

    Raises:
        ValueError: the network has another form or activation, or λ is not above 0 or so small or large that float32
            does not hold 1 / λ.
        TypeError: it has no rate units, as a GRU, or λ is no number.

    Examples:
        >>> import numpy as np, recurra as rc
        >>> rates = rc.network([[0.0]], [[20.0]], [[1.0]], form="current", activation="sigmoid", tau_ms=50.0, dt_ms=5.0)
        >>> spiking = rc.to_spikes(rates, scaling_factor=50.0)
        >>> counts = spiking.run(np.ones((1, 200, 1)), key=0).counts
        >>> bool(abs(counts[0, 0] - spiking.units.rate_hz(20.0)) < 4)  # a second at 20 mV above the threshold
        True

    Source: Kim, Li and Sejnowski (2019).
    """
    return SpikingNetwork(network, LIF() if units is None else units, scaling_factor)


def check_scaling_factor(value: Any) -> None:
    """Refuse what is no number above 0, or has no 1 / λ in float32."""
    check_positive("scaling_factor", value)
    check_between("scaling_factor", value, float(FLOAT32.tiny), 1 / float(FLOAT32.tiny))


def check_convertible(network: Any, units: Any, *scaling_factors: Any) -> None:
    """Refuse networks, units and factors that cannot be joined, in one line that says what is needed."""
    check_network(network)
    for one in scaling_factors:
        check_scaling_factor(one)
    if not isinstance(units, LIF):
        raise TypeError(f"units is a {type(units).__name__}; expected spiking units, such as rc.LIF()")
    dynamics = network.dynamics
    if not isinstance(dynamics, RateDynamics):
        kind = type(dynamics).__name__.removesuffix("Dynamics")
        raise TypeError(f"{kind} networks cannot be converted to spikes; train rate units in the current form")
    if dynamics.form != "current":
        raise ValueError(
            f'form is "{dynamics.form}"; spiking units receive currents that decay, as rate units do in the current '
            'form: train with form="current"'
        )
    if dynamics.activation != "sigmoid":
        raise ValueError(
            f'activation is "{dynamics.activation}"; spiking units need rates between 0 and a largest one: train with '
            'activation="sigmoid"'
        )
    whole_steps("dt_ms of the task", network.dt_ms, units.dt_ms, at_least=1)


@dataclass(frozen=True, eq=False)
class Converted:
    """The arrays of a rate network for spiking units, for any scaling factors.

    Args:
        network: the rate network.
        units: the spiking units.
    """

    network: Network
    units: LIF

    @property
    def decay_ms(self) -> Float[np.ndarray, "unit"]:
        """The decay of the synaptic current of every unit, ms: the time constant of the rate unit."""
        dynamics: Any = self.network.dynamics
        return self.network.dt_ms / dynamics.unit_leaks(self.network.weights.units)

    @property
    def gain(self) -> Float[np.ndarray, "unit"]:
        """What the amplitude multiplies a synapse's rise by, in units of 1 / rise, at a scaling factor of 1."""
        decay_ms = self.decay_ms
        return np.ones_like(decay_ms) if self.units.amplitude == "1/rise" else 1e3 / decay_ms

    def counted_s(self, steps: int) -> float:
        """The time in which spikes are counted, s: a trial without its first refractory period.

        Args:
            steps: steps of the task in a trial.

        Raises:
            ValueError: the refractory period is not shorter than a trial.
        """
        trial_ms, refractory_ms = steps * self.network.dt_ms, self.units.refractory_ms
        if refractory_ms >= trial_ms:
            raise ValueError(f"refractory_ms is {refractory_ms:g}; expected less than a trial of {trial_ms:g} ms")
        return (trial_ms - refractory_ms) / 1e3

    @cached_property
    def steps(self) -> SpikingSteps:
        """The numbers of a step of integration."""
        units, dt_ms = self.units, self.units.dt_ms
        return SpikingSteps(
            substeps=round(self.network.dt_ms / dt_ms),
            refractory=round(units.refractory_ms / dt_ms),
            leak=dt_ms / units.membrane_ms,
            rise_decay=math.exp(-dt_ms / units.rise_ms),
            noise=math.sqrt(2 * dt_ms / units.membrane_ms) * units.noise_mv,
            threshold=units.threshold_mv,
            reset=units.reset_mv,
        )

    @cached_property
    def arrays(self) -> SpikingArrays:
        """The arrays, padded by units that never spike."""
        weights: Any = self.network.weights
        count, decay_ms = weights.units, self.decay_ms
        room = padded(count) - count
        gain = self.units.dt_ms / self.units.rise_ms * self.gain
        decay = np.exp(-self.units.dt_ms / decay_ms)
        rows = [
            np.pad(np.asarray(weights.recurrent_bias), (0, room), constant_values=NEVER),
            *(np.pad(one, (0, room)) for one in (decay, gain, gain)),
        ]
        return SpikingArrays(
            columns=_float32("recurrent weights", np.pad(np.asarray(weights.recurrent).T, ((0, 0), (0, room)))),
            input=_float32("input weights", np.pad(np.asarray(weights.input).T, ((0, 0), (0, room)))),
            units=_float32("recurrent biases", np.stack(rows)),
            output=_float32("output weights", np.asarray(weights.output)),
            output_bias=_float32("output biases", np.asarray(weights.output_bias)),
        )

    def run(
        self,
        scaling_factors: tuple[float, ...],
        inputs: Inputs,
        key: RandomKey | int,
        *,
        first_trial: int = 0,
        traces: bool = False,
        spikes: bool = False,
    ) -> SpikingTrials:
        """Run all trials with all scaling factors: a trial has the same start and the same noise with each of them.

        Args:
            scaling_factors: every λ.
            inputs: of the trials.
            key: seed or random key of the start and of the noise.
            first_trial: the number of the first trial; start and noise of a trial depend on it alone.
            traces: whether the filtered spike trains are wanted.
            spikes: whether the spikes are wanted.

        Raises:
            ValueError: the inputs do not fit, the weights or inputs are beyond float32, or the trials are too long or
                need too much memory.
        """
        given = _float32("inputs", checked_inputs(inputs, self.network.weights.inputs))
        if given.shape[1] * self.steps.substeps * padded(self.network.weights.units) // 2 > COUNTERS:
            raise ValueError(
                f"a trial of {given.shape[1] * self.network.dt_ms:g} ms has more noise than one key gives; cut it"
            )
        self._check_weights(min(scaling_factors))
        self._check_memory(len(scaling_factors), given, traces, spikes)
        with pinned():
            numbers = first_trial + np.arange(len(given), dtype=np.uint32)
            words, start = _start(as_key(key), numbers, self.units, self.network.weights.units)
            inverse = 1 / np.asarray(scaling_factors, np.float32)
            run = SpikingGiven(inverse, words, start, given, first_trial)
            return run_spikes(self.steps, self.arrays, run, traces=traces, spikes=spikes)

    def _check_weights(self, factor: float) -> None:
        """Refuse weights that are too large when they are divided by the smallest factor."""
        largest = float(max(np.abs(one).max() for one in (self.arrays.columns, self.arrays.output)))
        if largest / factor > LARGEST:
            raise ValueError(
                f"scaling_factor is {factor:g}, and the largest weight {largest:g}; expected a quotient of at most "
                f"{LARGEST:g}"
            )

    def _check_memory(self, factors: int, given: np.ndarray, traces: bool, spikes: bool) -> None:
        """Refuse trials whose results do not fit into memory."""
        (trials, steps, _), (outputs, units) = given.shape, self.arrays.output.shape
        in_a_step = 4 * outputs + units * (4 * traces + self.steps.substeps * spikes)
        kept = "spikes" if spikes else "filtered spike trains" if traces else "outputs"
        of = f"{number_of(trials, 'trial')} of {steps * self.network.dt_ms:,g} ms"
        what = f"the {kept} of {of} with {number_of(factors, 'scaling factor')}"
        check_memory(what, factors * trials * (steps * in_a_step + 4 * units))


def _float32(name: str, array: np.ndarray) -> Float[np.ndarray, "..."]:
    """The array in float32, which must hold all of its numbers."""
    with np.errstate(over="ignore"):
        cast = array.astype(np.float32)
    if not np.isfinite(cast).all():
        largest = f"{np.abs(array).max():g}"
        raise ValueError(f"{name} are as large as {largest}; expected at most {FLOAT32.max:.3g}, as float32 holds")
    return cast


def converted(network: Network, units: LIF, *scaling_factors: float) -> Converted:
    """The arrays of a rate network for spiking units, after the checks.

    Args:
        network: the rate network.
        units: the spiking units.
        scaling_factors: every λ that will be asked for.
    """
    check_convertible(network, units, *scaling_factors)
    return Converted(network, units)


@partial(jax.jit, static_argnames=("units", "count"))
def _start(
    key: RandomKey, numbers: UInt32[Array, "trial"], units: LIF, count: int
) -> tuple[UInt32[Array, "2"], Float[Array, "trial padded"]]:
    """The words of the noise, and the voltages before the first step of every trial; padding rests at the reset."""
    noise, voltage = jax.random.split(key)
    low, high = (jnp.float32(one) for one in units.start_mv)
    drawn = jax.vmap(lambda number: jax.random.uniform(jax.random.fold_in(voltage, number), (count,)))(numbers)
    room = ((0, 0), (0, padded(count) - count))
    return jax.random.key_data(noise), jnp.pad(low + drawn * (high - low), room, constant_values=units.reset_mv)
