"""Every spiking unit beside the rate unit that it replaces: why a conversion fails."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float, Int

from recurra.analysis.spikes.search import judged_of
from recurra.analysis.subjects import Subject, of_each_network, visit_of
from recurra.checks import check_count, check_memory
from recurra.models.lif import LIF
from recurra.models.spiking import converted
from recurra.shown import Shown
from recurra.streams import Stream, random_key
from recurra.tasks.base import Task
from recurra.wording import number_of

ACTIVE = 0.1  # mean rate of a rate unit, 0 to 1, above which a spiking unit without a spike is a silent one
SATURATED = 0.5  # of the highest rate that the refractory period allows
NOISY_MV = 4.0  # the sigmoid of a current that is off by this is off by 0.48
BYTES = 44.0  # of a unit in a step of the task: its trace in float32, and in float64 it, its rate and three copies
KINDS = ("follows", "silent", "saturated", "noisy")


@dataclass(frozen=True)
class SpikingUnits(Shown):
    r"""Every spiking unit beside the rate unit that it replaces, on the same trials.

    A unit is *silent* if it never spikes although the rate unit has a mean rate above 0.1; *saturated* if it spikes at
    more than half of the rate that the refractory period allows; *noisy* if its synaptic current varies by more than
    4 mV because spikes are few and its time constant is short; otherwise it *follows*.

    Args:
        sign: 1 for units that excite all others, -1 for those that inhibit them, 0 for those that do both or neither.
        decay_ms: time constant, ms.
        rate: mean rate of the rate unit over trials and time, 0 to 1.
        wanted_hz: the spikes per second that send as much, $\lambda$ times this rate, or with the amplitude "1/rise"
            $\lambda / \tau$ times it, Hz.
        hz: spikes per second, Hz.
        correlation: of the filtered spike train and the rate, over trials and time; NaN where one of them is constant.
        current_sd_mv: standard deviation of the synaptic current by the irregularity of the spikes, mV:
            $\sqrt{\sum_j (A W_{ij} / \lambda)^2 f_j / (2 (\tau_i + \tau_r))}$ with the area A of the response, as if
            the units spiked independently and at random (Campbell's theorem).
        kind: 0 follows, 1 silent, 2 saturated, 3 noisy.
        success: share of the judged trials that are a success.
        trials: number of trials.
        judged: number of trials in which the task's rule judges a step.
        scaling_factor: λ.
    """

    sources: ClassVar[tuple[str, ...]] = ("kim2019",)

    sign: Int[np.ndarray, "unit"]
    decay_ms: Float[np.ndarray, "unit"]
    rate: Float[np.ndarray, "unit"]
    wanted_hz: Float[np.ndarray, "unit"]
    hz: Float[np.ndarray, "unit"]
    correlation: Float[np.ndarray, "unit"]
    current_sd_mv: Float[np.ndarray, "unit"]
    kind: Int[np.ndarray, "unit"]
    success: float
    trials: int
    judged: int
    scaling_factor: float

    def count(self, kind: str) -> int:
        """How many units are "follows", "silent", "saturated" or "noisy".

        Args:
            kind: one of the four.
        """
        return int((self.kind == KINDS.index(kind)).sum())


@of_each_network
def spiking_units(
    network: Subject,
    task: Task | None = None,
    *,
    scaling_factor: float,
    trials: int = 20,
    units: LIF | None = None,
    seed: int | None = None,
) -> SpikingUnits:
    """Convert a network to spikes, and compare every unit with the rate unit that it replaces.

    Args:
        network: a network of sigmoid units in the current form, or a cohort.
        task: the task; not needed where the network knows it.
        scaling_factor: λ, above 0.
        trials: number of trials.
        units: the spiking units; if not given, `LIF()`.
        seed: of trials, first voltages and noise; if not given, that of the network's cohort, or 0.

    Raises:
        ValueError: the network cannot be converted, λ is not above 0, the refractory period is not shorter than a
            trial, no trial is judged, or the trials need too much memory.
        TypeError: λ is no number.

    Examples:
        >>> import recurra as rc
        >>> rates = rc.network([[0.0]], [[0.0]], [[1.0]], form="current", activation="sigmoid", tau_ms=20.0, dt_ms=5.0)
        >>> table = rc.spiking_units(rates, rc.PulseGoNoGo(), scaling_factor=50.0)
        >>> table.wanted_hz.round(6).tolist(), table.count("silent")  # half of the largest rate, by the noise alone
        ([25.0], 0)

    Source: Kim, Li and Sejnowski (2019); Campbell (1909) for the current.
    """
    visit = visit_of(network, task, seed)
    parts, factor = converted(visit.network, LIF() if units is None else units, scaling_factor), float(scaling_factor)
    check_count("trials", trials)
    drawn, network = visit.checked_task.sample(random_key(visit.seed, Stream.test), trials), visit.network
    judged, seconds = judged_of(visit.task, drawn), parts.counted_s(drawn.inputs.shape[1])
    _check_room(trials, drawn.inputs.shape[1] * network.weights.units)
    found = parts.run((factor,), drawn.inputs, random_key(visit.seed, Stream.spikes), traces=True)
    rates, decay_ms = network.run(drawn.inputs)[0], parts.decay_ms
    area = np.ones_like(decay_ms) if parts.units.amplitude == "1/(rise*decay)" else decay_ms / 1e3
    hz = np.asarray(found.counts[0]).mean(axis=0) / seconds
    mean, width_s = rates.mean(axis=(0, 1)), 2 * (decay_ms + parts.units.rise_ms) / 1e3
    spread = area * np.sqrt((network.recurrent / factor) ** 2 @ hz / width_s)
    right = np.asarray(visit.task.rule.success(found.outputs[0], drawn))
    return SpikingUnits(
        sign=unit_signs(network.recurrent),
        decay_ms=decay_ms,
        rate=mean,
        wanted_hz=factor * mean / area,
        hz=hz,
        correlation=_correlations(np.asarray(found.traces[0], np.float64), rates),
        current_sd_mv=spread,
        kind=_kinds(mean, hz, spread, parts.units.highest_hz),
        success=float(right[judged].mean()),
        trials=trials,
        judged=int(judged.sum()),
        scaling_factor=factor,
    )


def unit_signs(recurrent: Float[np.ndarray, "post pre"]) -> Int[np.ndarray, "pre"]:
    """1 for units that only excite, -1 for units that only inhibit, 0 for the others.

    Args:
        recurrent: weights between units.
    """
    excites, inhibits = (recurrent > 0).any(axis=0), (recurrent < 0).any(axis=0)
    return excites.astype(int) - inhibits.astype(int)


def _check_room(trials: int, of_a_trial: int) -> None:
    """Refuse more filtered spike trains than there is memory for."""
    check_memory(f"the filtered spike trains of {number_of(trials, 'trial')}", BYTES * trials * of_a_trial)


def _kinds(mean: np.ndarray, hz: np.ndarray, spread: np.ndarray, highest_hz: float) -> Int[np.ndarray, "unit"]:
    silent, saturated, noisy = (hz == 0) & (mean > ACTIVE), hz > SATURATED * highest_hz, spread > NOISY_MV
    return np.select([silent, saturated, noisy], [KINDS.index(one) for one in ("silent", "saturated", "noisy")], 0)


def _correlations(
    first: Float[np.ndarray, "trial time unit"], second: Float[np.ndarray, "trial time unit"]
) -> Float[np.ndarray, "unit"]:
    one, other = (array - array.mean(axis=(0, 1)) for array in (first, second))
    scale = np.sqrt((one**2).sum(axis=(0, 1)) * (other**2).sum(axis=(0, 1)))
    products = (one * other).sum(axis=(0, 1))
    return np.where(scale > 0, products / np.where(scale > 0, scale, 1), np.nan)
