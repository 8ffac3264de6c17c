"""Psychometric curves: how often a network chooses a side, by the evidence for it."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from recurra.analysis.choices.logistic import LEVEL, LogisticFit, curve, fit_drawn, fit_logistic
from recurra.analysis.choices.trials import choice_trials, choices_of
from recurra.analysis.subjects import Subject, of_each_network, seed_of, visit_of
from recurra.checks import check_count
from recurra.intervals import wilson_interval
from recurra.shown import Shown
from recurra.tasks.base import Task
from recurra.tasks.trials import Trials

DRAWS = 200  # of the bootstrap
ENDS = (2.5, 97.5)  # percentiles of a 95 % interval
PARAMETERS = ("threshold", "slope", "lapse")


@dataclass(frozen=True)
class Psychometric(Shown):
    r"""How often one network chooses the positive side, by signed evidence, and the logistic curve with lapses.

    $P(x) = \lambda + (1 - 2 \lambda) / (1 + e^{-b (x - \theta)})$ in every context of the task.

    Args:
        evidence: x, the levels of the signed evidence.
        share: of positive choices among those made; NaN for a level without any.
        low: lower end of its 95 % Wilson interval.
        high: upper end of the interval.
        total: number of choices.
        threshold: θ, the evidence at which both choices are equally likely: the bias. NaN without dependence.
        slope: b, logits per unit of evidence.
        lapse: λ, the share of choices that do not follow the evidence, on either side, 0 to 0.2.
        threshold_low: lower end of the 95 % interval of θ, from a parametric bootstrap.
        threshold_high: its upper end.
        slope_low: lower end of that of b.
        slope_high: its upper end.
        lapse_low: lower end of that of λ.
        lapse_high: its upper end.
        p_value: of the likelihood-ratio test against a constant, with two degrees of freedom.
        resolved: whether the levels can tell the slope; if not, the network turns from one side to the other between
            two neighbouring levels, and the true slope is at least as steep.
        unit: of the evidence.
        contexts: the names of the contexts; one that is empty for a task without contexts.
        unmade: number of trials in which the decision variable is exactly 0 or no number, so that there is no choice.
    """

    sources: ClassVar[tuple[str, ...]] = ("wichmann2001", "wilson1927")

    evidence: Float[np.ndarray, "level"]
    share: Float[np.ndarray, "context level"]
    low: Float[np.ndarray, "context level"]
    high: Float[np.ndarray, "context level"]
    total: Int[np.ndarray, "context level"]
    threshold: Float[np.ndarray, "context"]
    slope: Float[np.ndarray, "context"]
    lapse: Float[np.ndarray, "context"]
    threshold_low: Float[np.ndarray, "context"]
    threshold_high: Float[np.ndarray, "context"]
    slope_low: Float[np.ndarray, "context"]
    slope_high: Float[np.ndarray, "context"]
    lapse_low: Float[np.ndarray, "context"]
    lapse_high: Float[np.ndarray, "context"]
    p_value: Float[np.ndarray, "context"]
    resolved: Bool[np.ndarray, "context"]
    unit: str
    contexts: Shaped[np.ndarray, "context"]
    unmade: int

    @property
    def depends(self) -> Bool[np.ndarray, "context"]:
        """In which contexts the choices depend on the evidence, at the level of 5 %."""
        return self.p_value < LEVEL

    def at(self, evidence: Float[np.ndarray, "level"]) -> Float[np.ndarray, "context level"]:
        """The fitted curves; where nothing depends on the evidence, the share of all choices.

        Args:
            evidence: signed evidence, in the record's unit.
        """
        every = []
        for at, whether in enumerate(self.depends):
            flat = np.nansum(self.share[at] * self.total[at]) / max(int(self.total[at].sum()), 1)
            parameters = np.array([-self.slope[at] * self.threshold[at], self.slope[at], self.lapse[at]])
            every.append(curve(parameters, np.asarray(evidence, float)) if whether else np.full(len(evidence), flat))
        return np.array(every)


@of_each_network
def psychometric(
    network: Subject,
    task: Task | None = None,
    *,
    trials: Trials | None = None,
    draws: int = DRAWS,
    seed: int | None = None,
) -> Psychometric:
    r"""The share of positive choices by signed evidence, and the logistic curve with lapses that fits them best.

    The choice of a trial is the sign of the mean decision variable over the time in which the task asks for the answer;
    `task.choices()` says what that is. By maximum likelihood
    $P(x) = \lambda + (1 - 2 \lambda) / (1 + e^{-b (x - \theta)})$ with the threshold θ, the slope b and the lapse rate
    λ from 0 to 0.2. The slope is at most so steep that the curve goes from 1 % to 99 % between the two nearest levels:
    beyond, the choices cannot tell. The intervals are percentiles of curves fitted to choices that are drawn from the
    fitted curve. A likelihood-ratio test says whether the choices depend on the evidence at all.

    Args:
        network: the network, or a cohort.
        task: its task, which must have choices by evidence; not needed where the network knows it.
        trials: fresh trials of `task.choices().task`; if not given, 1,000 that no network was trained on.
        draws: number of draws of the bootstrap.
        seed: seed of the trials and of the bootstrap; if not given, that of the network's cohort, or 0.

    Raises:
        ValueError: the task has no choices by evidence.

    Source: Wichmann and Hill (2001) for the curve with lapses; here both sides share one lapse rate.
    """
    check_count("draws", draws)
    visit = visit_of(network, task, seed)
    choices = choices_of(visit.task)
    trials = choice_trials(visit, choices) if trials is None else trials
    variable = choices.variable(visit.network.respond(trials.inputs))
    begin, end = (choices.steps(bound) for bound in choices.answer_ms)
    side = np.sign(variable[:, begin:end].mean(axis=1))
    levels, condition = np.unique(choices.evidence), np.asarray(trials.condition)
    counts = np.zeros((2, len(choices.contexts), len(levels)), int)
    for number in range(len(choices.contexts)):
        for at in choices.of_context(number):
            own, level = side[condition == at], np.searchsorted(levels, choices.evidence[at])
            counts[:, number, level] += [int((own > 0).sum()), int((np.abs(own) > 0).sum())]
    positive, total = counts
    unmade, seed = int((~(np.abs(side) > 0)).sum()), seed_of(visit, None)
    return psychometric_of(levels, positive, total, draws, seed, choices.unit, choices.contexts, unmade)


def psychometric_of(
    evidence: Float[np.ndarray, "level"],
    positive: Int[np.ndarray, "context level"],
    total: Int[np.ndarray, "context level"],
    draws: int = DRAWS,
    seed: int = 0,
    unit: str = "",
    contexts: tuple[str, ...] = ("",),
    unmade: int = 0,
) -> Psychometric:
    """The psychometric curves of counted choices, of a network, an animal or a subject.

    Args:
        evidence: the levels.
        positive: how many choices were positive.
        total: how many choices there were.
        draws: number of draws of the bootstrap.
        seed: seed of these.
        unit: of the evidence.
        contexts: the names of the contexts.
        unmade: number of trials without a choice.
    """
    ends = np.array(
        [
            [_interval(int(good), int(all_)) for good, all_ in zip(row, of, strict=True)]
            for row, of in zip(positive, total, strict=True)
        ]
    )
    fits = [_fitted(evidence, row, of, draws, seed) for row, of in zip(positive, total, strict=True)]
    intervals = np.array([interval for _, interval in fits])
    with np.errstate(invalid="ignore"):
        share = np.where(total > 0, positive / np.maximum(total, 1), np.nan)
    return Psychometric(
        evidence=evidence,
        share=share,
        low=ends[..., 0],
        high=ends[..., 1],
        total=total,
        threshold=np.array([fit.threshold for fit, _ in fits]),
        slope=np.array([fit.slope for fit, _ in fits]),
        lapse=np.array([fit.lapse for fit, _ in fits]),
        threshold_low=intervals[:, 0, 0],
        threshold_high=intervals[:, 0, 1],
        slope_low=intervals[:, 1, 0],
        slope_high=intervals[:, 1, 1],
        lapse_low=intervals[:, 2, 0],
        lapse_high=intervals[:, 2, 1],
        p_value=np.array([fit.p_value for fit, _ in fits]),
        resolved=np.array([fit.resolved for fit, _ in fits]),
        unit=unit,
        contexts=np.array(contexts),
        unmade=unmade,
    )


def _interval(count: int, total: int) -> tuple[float, float]:
    if not total:
        return np.nan, np.nan
    share = wilson_interval(count, total)
    return share.low, share.high


def _fitted(
    evidence: Float[np.ndarray, "level"],
    positive: Int[np.ndarray, "level"],
    total: Int[np.ndarray, "level"],
    draws: int,
    seed: int,
) -> tuple[LogisticFit, Float[np.ndarray, "parameter end"]]:
    """The curve, and the intervals of its parameters; without dependence there is no threshold, and no interval."""
    nothing = np.full((len(PARAMETERS), 2), np.nan)
    there = total > 0
    if there.sum() < 2:
        return LogisticFit(np.nan, 0.0, np.nan, 0.0, False), nothing
    levels, of = evidence[there], total[there]
    fit = fit_logistic(levels, positive[there], of)
    if fit.p_value >= LEVEL:
        return LogisticFit(np.nan, 0.0, np.nan, fit.gain, True), nothing
    random = np.random.default_rng(seed)
    drawn = random.binomial(of, fit.at(levels), size=(draws, len(levels)))
    offset, slope, lapse = fit_drawn(levels, drawn, of, near=fit).T
    threshold = np.divide(-offset, slope, out=np.full(draws, np.nan), where=slope != 0)
    return fit, np.nanpercentile([threshold, slope, lapse], ENDS, axis=1).T
