"""When the units of a spiking network spike, and what it answers."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float, Int

from recurra.analysis.spikes.units import unit_signs
from recurra.analysis.subjects import Subject, of_each_network, visit_of
from recurra.models.lif import LIF
from recurra.models.spiking import converted
from recurra.shown import Shown
from recurra.streams import Stream, random_key
from recurra.tasks.base import Task


@dataclass(frozen=True)
class SpikeTrains(Shown):
    """The spikes and the outputs of a spiking network on one trial of every condition.

    Args:
        time_ms: time of every spike, ms from the start of its trial, in the order of trials and time.
        unit: number of the unit that spikes.
        condition: number of the trial's condition.
        sign: 1 for units that excite all others, -1 for those that inhibit them, 0 for those that do both or neither.
        rates_hz: spikes of each unit in a condition divided by time, without the first refractory period, Hz.
        outputs: at the end of every step of the task.
        rate_outputs: those of the rate network.
        targets: right outputs.
        output_time_ms: time of the outputs, ms.
        condition_names: of the conditions.
        scaling_factor: λ.
    """

    sources: ClassVar[tuple[str, ...]] = ("kim2019",)

    time_ms: Float[np.ndarray, "spike"]
    unit: Int[np.ndarray, "spike"]
    condition: Int[np.ndarray, "spike"]
    sign: Int[np.ndarray, "unit"]
    rates_hz: Float[np.ndarray, "condition unit"]
    outputs: Float[np.ndarray, "condition time output"]
    rate_outputs: Float[np.ndarray, "condition time output"]
    targets: Float[np.ndarray, "condition time output"]
    output_time_ms: Float[np.ndarray, "time"]
    condition_names: tuple[str, ...]
    scaling_factor: float

    def of_condition(self, condition: int) -> tuple[Float[np.ndarray, "spike"], Int[np.ndarray, "spike"]]:
        """Time and unit of the spikes in a condition.

        Args:
            condition: its number.
        """
        own = self.condition == condition
        return self.time_ms[own], self.unit[own]


@of_each_network
def spike_trains(
    network: Subject,
    task: Task | None = None,
    *,
    scaling_factor: float,
    units: LIF | None = None,
    seed: int | None = None,
) -> SpikeTrains:
    """Convert a network to spikes, run it on the probe of its task, and keep every spike.

    Args:
        network: a network of sigmoid units in the current form, or a cohort.
        task: the task; not needed where the network knows it.
        scaling_factor: λ, above 0.
        units: the spiking units; if not given, `LIF()`.
        seed: of the first voltages and of the noise; if not given, that of the network's cohort, or 0.

    Raises:
        ValueError: the network cannot be converted, λ is not above 0, the refractory period is not shorter than a
            trial, or the spikes need too much memory.
        TypeError: λ is no number.

    Examples:
        >>> import recurra as rc
        >>> rates = rc.network([[0.0]], [[9.0]], [[1.0]], form="current", activation="sigmoid", tau_ms=20.0, dt_ms=5.0)
        >>> trains = rc.spike_trains(rates, rc.PulseGoNoGo(), scaling_factor=50.0)
        >>> bool(trains.rates_hz[0] < trains.rates_hz[1])  # no-go, go
        True

    Source: Kim, Li and Sejnowski (2019).
    """
    visit = visit_of(network, task, seed)
    parts = converted(visit.network, LIF() if units is None else units, scaling_factor)
    probe, network = visit.probe, visit.network
    seconds = parts.counted_s(probe.inputs.shape[1])
    found = parts.run((scaling_factor,), probe.inputs, random_key(visit.seed, Stream.spikes), spikes=True)
    trial, step, unit = np.nonzero(np.asarray(found.spikes[0]))
    condition = np.asarray(probe.condition)
    return SpikeTrains(
        time_ms=(step + 1) * parts.units.dt_ms,
        unit=unit,
        condition=condition[trial],
        sign=unit_signs(network.recurrent),
        rates_hz=np.asarray(found.counts[0]) / seconds,
        outputs=np.asarray(found.outputs[0], np.float64),
        rate_outputs=network.respond(probe.inputs),
        targets=np.asarray(probe.targets, np.float64),
        output_time_ms=(np.arange(probe.inputs.shape[1]) + 1) * network.dt_ms,
        condition_names=tuple(probe.condition_names[number] for number in condition),
        scaling_factor=float(scaling_factor),
    )
