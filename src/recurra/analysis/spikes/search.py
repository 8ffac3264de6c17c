"""The share of right trials of a spiking network for every scaling factor."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Bool, Float

from recurra.analysis.subjects import Subject, of_each_network, visit_of
from recurra.checks import check_count
from recurra.intervals import wilson_interval
from recurra.models.lif import LIF
from recurra.models.spiking import Converted, check_scaling_factor, converted
from recurra.shown import Shown
from recurra.streams import Stream, random_key
from recurra.tasks.base import Task
from recurra.tasks.rules import SUCCESSFUL
from recurra.tasks.trials import Trials

PUBLISHED = tuple(float(factor) for factor in range(10, 80, 5))  # from 20 in the source; successes were seen below
INVERSE = tuple(1 / inverse for inverse in (5.0, 4.0, 3.0, 2.5, 2.0, 1.5, 1.25, 1.0, 0.75, 0.5))
FACTORS = {"1/(rise*decay)": PUBLISHED, "1/rise": INVERSE}


@dataclass(frozen=True)
class SpikingSearch(Shown):
    """How many trials are right after the conversion to spikes, for every scaling factor on the same trials.

    Args:
        scaling_factor: every λ, ascending.
        success: share of the judged trials that are a success.
        success_low: lower end of its 95 % Wilson interval.
        success_high: upper end of the interval.
        mean_hz: mean rate of the spiking units, Hz.
        silent: share of the units without a spike in any trial.
        rate_success: share of successes of the rate network on the same trials.
        trials: number of trials.
        judged: number of trials in which the task's rule judges a step.
        amplitude: of the synapses, which says what λ means, see `LIF`.
    """

    sources: ClassVar[tuple[str, ...]] = ("kim2019", "wilson1927")

    scaling_factor: Float[np.ndarray, "factor"]
    success: Float[np.ndarray, "factor"]
    success_low: Float[np.ndarray, "factor"]
    success_high: Float[np.ndarray, "factor"]
    mean_hz: Float[np.ndarray, "factor"]
    silent: Float[np.ndarray, "factor"]
    rate_success: float
    trials: int
    judged: int
    amplitude: str

    @property
    def working(self) -> Bool[np.ndarray, "factor"]:
        """At which factors at least 95 % of the trials are a success, the share of a network that counts as learned."""
        return self.success >= SUCCESSFUL

    @property
    def best(self) -> float | None:
        """The λ with the most successes, among equals the one in the middle; None if none works."""
        if not self.working.any():
            return None
        equal = self.scaling_factor[self.success == self.success.max()]
        return float(equal[(len(equal) - 1) // 2])

    @property
    def span(self) -> tuple[float, float] | None:
        """The smallest and the largest λ of the unbroken row of working ones around the best; None if none works."""
        if self.best is None:
            return None
        at = int(np.flatnonzero(self.scaling_factor == self.best)[0])
        broken = np.flatnonzero(~self.working)
        first = int(broken[broken < at].max(initial=-1)) + 1
        last = int(broken[broken > at].min(initial=len(self.working))) - 1
        return float(self.scaling_factor[first]), float(self.scaling_factor[last])

    @property
    def width(self) -> float:
        """The largest divided by the smallest λ of `span`: how little the choice matters; NaN if none works."""
        return self.span[1] / self.span[0] if self.span else float("nan")


@of_each_network
def spiking_search(
    network: Subject,
    task: Task | None = None,
    *,
    scaling_factors: Sequence[float] | None = None,
    trials: int = 100,
    seed: int | None = None,
    units: LIF | None = None,
) -> SpikingSearch:
    """Convert a trained network to spikes with every scaling factor, and judge all of them on the same trials.

    A trial has the same inputs, first voltages and noise with every factor and in every search with this seed, however
    many trials and factors there are beside it. Its spikes are the same then, and with the native engine all bits of
    its outputs; in the portable one the last digits of an output, in float32, may depend on the trials and factors
    beside it. The task's own rule judges.

    Args:
        network: a network of sigmoid units in the current form, or a cohort.
        task: the task; not needed where the network knows it.
        scaling_factors: every λ to try; if not given, with the published amplitude 10, 15, ... 75, and with "1/rise"
            those with 1 / λ from 0.5 to 5.
        trials: number of trials.
        seed: of trials, first voltages and noise; if not given, that of the network's cohort, or 0.
        units: the spiking units; if not given, `LIF()`.

    Raises:
        ValueError: the network cannot be converted, a factor is not above 0 or given twice, the refractory period is
            not shorter than a trial, or no trial is judged.
        TypeError: the factors are no numbers.

    Examples:
        >>> import recurra as rc
        >>> task = rc.PulseGoNoGo()
        >>> rates = rc.network([[0.0]], [[0.0]], [[0.0]], form="current", activation="sigmoid", tau_ms=20.0, dt_ms=5.0)
        >>> search = rc.spiking_search(rates, task, scaling_factors=(20.0, 40.0), trials=20)
        >>> print(search.best)  # silent on go trials too, whatever the factor
        None

    Source: Kim, Li and Sejnowski (2019).
    """
    visit = visit_of(network, task, seed)
    parts = converted(visit.network, LIF() if units is None else units)
    factors = _checked(FACTORS[parts.units.amplitude] if scaling_factors is None else scaling_factors)
    check_count("trials", trials)
    drawn = visit.checked_task.sample(random_key(visit.seed, Stream.test), trials)
    return _judged(visit.task, drawn, parts, factors, visit.seed)


def _judged(task: Task, drawn: Trials, parts: Converted, factors: tuple[float, ...], seed: int) -> SpikingSearch:
    judged, seconds = judged_of(task, drawn), parts.counted_s(drawn.inputs.shape[1])
    found = parts.run(factors, drawn.inputs, random_key(seed, Stream.spikes))
    outputs, counts = np.asarray(found.outputs), np.asarray(found.counts)
    right = [int((np.asarray(task.rule.success(one, drawn)) & judged).sum()) for one in outputs]
    shares = [wilson_interval(count, int(judged.sum())) for count in right]
    rates = np.asarray(task.rule.success(parts.network.respond(drawn.inputs).astype(np.float32), drawn))
    return SpikingSearch(
        scaling_factor=np.array(factors),
        success=np.array([share.value for share in shares]),
        success_low=np.array([share.low for share in shares]),
        success_high=np.array([share.high for share in shares]),
        mean_hz=counts.mean(axis=(1, 2)) / seconds,
        silent=(counts.sum(axis=1) == 0).mean(axis=1),
        rate_success=float(rates[judged].mean()),
        trials=len(judged),
        judged=int(judged.sum()),
        amplitude=parts.units.amplitude,
    )


def judged_of(task: Task, drawn: Trials) -> Bool[np.ndarray, "trial"]:
    """In which trials the task's rule judges a step.

    Args:
        task: the task.
        drawn: its trials.

    Raises:
        ValueError: it judges none.
    """
    judged = np.asarray(task.rule.judged(drawn))
    if not judged.any():
        raise ValueError(f"in none of {len(judged):,} trials the task's rule judges a step; give more trials")
    return judged


def _checked(factors: Any) -> tuple[float, ...]:
    """The factors in ascending order."""
    listed = factors.tolist() if hasattr(factors, "tolist") else factors
    if isinstance(listed, str | bytes) or not isinstance(listed, Collection):
        raise TypeError(f"scaling_factors is {factors!r}; expected several numbers above 0, such as (20.0, 30.0)")
    if not listed:
        raise ValueError("scaling_factors is empty; expected at least one number above 0")
    for one in listed:
        check_scaling_factor(one)
    ascending = sorted(float(one) for one in listed)
    twice = [one for one, following in pairwise(ascending) if one == following]
    if twice:
        raise ValueError(f"scaling_factors holds {twice[0]:g} more than once; give each once")
    return tuple(ascending)
