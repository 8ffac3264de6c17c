"""Claims about trends: in each of them a contrast, a weighted sum of estimates, must be above 0."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from recurra.studies.damage_verdicts import MARGIN, DamageCurves, averaged_curves
from recurra.studies.memory_verdicts import MemoryDistances
from recurra.studies.study import Rows, where
from recurra.studies.verdict_words import verdict_of
from recurra.studies.verdicts import Estimate, Verdict, intraclass_correlation, mean_over_networks, pooled

ABOVE = (0.0, math.inf)
LONG_MS = 50.0  # longer delays are those at which memory fails according to the paper
DESTROYED = 1.5
STRONGEST = (2.0, 4.0, 8.0)  # percent of the connections, the strongest ones


def contrast(estimates: Sequence[Estimate], weights: Sequence[float]) -> Estimate:
    """A weighted sum of independent estimates, with the smallest of their degrees of freedom."""
    value = sum(weight * one.value for weight, one in zip(weights, estimates, strict=True))
    error = math.hypot(*(weight * one.error for weight, one in zip(weights, estimates, strict=True)))
    return Estimate(value, error, min(one.freedom for one in estimates))


def size_claim(pairs: Sequence[MemoryDistances], claims: int) -> Verdict:
    """More units improve memory: the rescaled distance falls with every doubling of the number of units.

    Args:
        pairs: the measured and the published distance, one entry per number of units.
        claims: number of claims that the study judges.
    """
    doublings = np.log2([pair.value for pair in pairs])
    centred = doublings - doublings.mean()
    weights = (-centred / max(float((centred**2).sum()), 1e-12)).tolist()
    rule = "the slope of the rescaled distance over the doublings of the number of units is below 0"
    return _above_zero(pairs, weights, "more units remember better", "a doubling lowers it by", rule, claims)


def delay_claim(pairs: Sequence[MemoryDistances], claims: int) -> Verdict | None:
    """The distance is larger at delays above 50 ms than at shorter ones; None if delays of both kinds were not tried.

    The published figure shows an increase. The sentence in the paper, "the mean distance decreases", says the
    opposite.

    Args:
        pairs: the measured and the published distance, one entry per delay.
        claims: number of claims that the study judges.
    """
    long = [pair.value > LONG_MS for pair in pairs]
    if len(set(long)) < 2:
        return None
    weights = [1 / sum(long) if one else -1 / (len(long) - sum(long)) for one in long]
    what = f"the distance is larger at delays beyond {LONG_MS:g} ms"
    rule = f"the mean rescaled distance is larger at delays above {LONG_MS:g} ms than up to there"
    verdict = _above_zero(pairs, weights, what, "larger beyond by", rule, claims)
    note = 'so the published figure has it; the text says that for longer responses "the mean distance decreases"'
    return replace(verdict, note=note)


def _above_zero(
    pairs: Sequence[MemoryDistances], weights: Sequence[float], what: str, words: str, rule: str, claims: int
) -> Verdict:
    known, measured = (
        contrast([getattr(pair, name) for pair in pairs], weights)
        for name in ("published_rescaled", "measured_rescaled")
    )
    comparison = pooled([measured], [1.0], ABOVE, claims, truth=known.value)
    published = f"{words} {known.value:.2f}, of the published distances"
    return verdict_of(what, published, f"{words} {measured.value:.2f}", comparison, rule=rule)


def damage_claims(networks: Rows, strongest: Rows, claims: int) -> list[Verdict]:
    """The statements of the paper about its damaged networks.

    Args:
        networks: one row per network, way of removal, percentage and condition.
        strongest: rows of the same kind, for the removal of the strongest connections.
        claims: number of claims that the study judges.
    """
    measured = {way: averaged_curves(networks, way) for way in dict.fromkeys(str(row["way"]) for row in networks)}
    positive, negative = measured["cumulative_positive"], measured["cumulative_negative"]
    apart = _mean(_after(positive) - _after(negative), positive)
    signs = verdict_of(
        "both signs are equally needed",
        "no preference for either",
        f"positive minus negative {apart.value:+.2f} ± {apart.error:.2f}",
        pooled([apart], [1.0], (-MARGIN, MARGIN), claims),
        rule=f"cumulative removal, the mean distance over the levels within ±{MARGIN:g} of each other",
    )
    more = [
        _after(measured[f"cumulative_{sign}"]) - _after(measured[f"slice_{sign}"]) for sign in ("positive", "negative")
    ]
    worse = _mean(np.mean(more, axis=0), positive)
    cumulative = verdict_of(
        "cumulative removal does more than that of a slice",
        "stronger",
        f"cumulative minus slice {worse.value:+.2f} ± {worse.error:.2f}",
        pooled([worse], [1.0], ABOVE, claims, truth=MARGIN),
        rule="the mean distance over the levels and both signs is larger",
    )
    return [signs, cumulative, _strongest(strongest, claims)]


def _strongest(networks: Rows, claims: int) -> Verdict:
    what, known = "removing the strongest connections destroys the task, however few", "destroyed"
    if not networks:
        return Verdict(what, known, "", "cannot be compared", "these tables have none without the strongest ones")
    least = min(float(row["percent"]) for row in networks if float(row["percent"]) > 0)
    own = averaged_curves(where(networks, percent=least), "strongest_both")
    distance = _mean(own.distances.mean(axis=1), own)
    above = Estimate(distance.value - DESTROYED, distance.error, distance.freedom)
    return verdict_of(
        what,
        known,
        f"distance {distance.value:.2f} ± {distance.error:.2f} without the strongest {least:g} %",
        pooled([above], [1.0], ABOVE, claims, truth=DESTROYED),
        rule=f"the mean distance is above {DESTROYED:g} without the strongest {least:g} %, the least that was tried",
    )


def _after(measured: DamageCurves) -> np.ndarray:
    """The distance averaged over the levels above 0, one value per network."""
    return measured.distances[:, [percent > 0 for percent in measured.percents]].mean(axis=1)


def _mean(values: np.ndarray, measured: DamageCurves) -> Estimate:
    between = intraclass_correlation(values, ["all"] * len(values), measured.data_sets)
    return mean_over_networks(values, measured.data_sets, between)
