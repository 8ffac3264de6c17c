"""Our results against the published ones: intervals of differences, and verdicts that follow from them by rule.

A claim is compared with a margin that is stated before the data. *Agrees*: the whole interval of the difference lies
inside the margin. *Differs*: the whole interval lies outside. *Undecided*: it straddles the margin; a small sample
deserves no more. Intervals are simultaneous: with k rows each has the level 1 - 0.05 / k (Bonferroni).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy import stats

Values = Sequence[float] | np.ndarray
Outcome = Literal["agrees", "differs", "undecided", "cannot be compared"]
ERROR_RATE = 0.05  # that the interval of any row, or of any claim of a study, misses the truth


@dataclass(frozen=True)
class Verdict:
    """A claim of a paper, or one of its published numbers, compared with our result.

    Args:
        what: the claim.
        published: the published result.
        found: our result.
        verdict: "agrees", "differs", "undecided" or "cannot be compared".
        note: further remarks.
        difference: ours minus published, with its simultaneous 95 % interval.
        rule: the margin inside which the two count as the same, stated before the data.
        power: what this comparison can show.
        rows: the published numbers pooled in the claim, each with its own verdict.
    """

    what: str
    published: str
    found: str
    verdict: Outcome
    note: str = ""
    difference: str = ""
    rule: str = ""
    power: str = ""
    rows: tuple["Verdict", ...] = ()


@dataclass(frozen=True)
class Estimate:
    """A number with its standard error and the degrees of freedom of the error."""

    value: float
    error: float
    freedom: float = math.inf


@dataclass(frozen=True)
class Share:
    """A share of networks: `count` of `total`, which are worth `total / effect` independent networks."""

    count: int
    total: int
    effect: float = 1.0

    @property
    def value(self) -> float:
        return self.count / self.total


@dataclass(frozen=True)
class Comparison:
    """An interval, and the margin with which it is compared.

    Args:
        difference: ours minus published, or another quantity of the claim.
        low: lower end of its interval.
        high: upper end of its interval.
        margin: lowest and highest value that still agree; one of them may be infinite.
        truth: the value for which the power is given: 0 for two equal results.
        quantile: number of standard errors of the interval on either side.
        chance: the power, if it does not follow from the width of the interval.
    """

    difference: float
    low: float
    high: float
    margin: tuple[float, float]
    truth: float
    quantile: float
    chance: float | None = None

    @property
    def outcome(self) -> Outcome:
        """The outcome by the rule."""
        least, most = self.margin
        if not (math.isfinite(self.low) and math.isfinite(self.high)):
            return "cannot be compared"
        if self.low >= least and self.high <= most:
            return "agrees"
        return "differs" if self.high < least or self.low > most else "undecided"

    @property
    def power(self) -> float:
        """The probability of *agrees* with such an interval if the truth is `truth`."""
        if self.chance is not None:
            return self.chance
        error = (self.high - self.low) / (2 * self.quantile)
        if not error > 0:
            return float(self.margin[0] <= self.truth <= self.margin[1])
        least, most = ((end - self.truth) / error for end in self.margin)
        chance = stats.norm.cdf(most - self.quantile) - stats.norm.cdf(least + self.quantile)
        return max(float(chance), 0.0)

    @property
    def smallest(self) -> float:
        """The smallest true difference, of either sign, that is found to differ with a probability of 80 %."""
        error = (self.high - self.low) / (2 * self.quantile)
        ends = [abs(end - self.truth) for end in self.margin if math.isfinite(end)]
        return min(ends) + (self.quantile + float(stats.norm.ppf(0.8))) * error


def interval_quantile(rows: int = 1, freedom: float = math.inf) -> float:
    """Standard errors on either side of a simultaneous 95 % interval of `rows` rows (Bonferroni)."""
    return float(stats.t.ppf(1 - ERROR_RATE / (2 * rows), freedom))


def between_share(values: Values, conditions: Sequence[Any], data_sets: Sequence[Any]) -> float:
    r"""The share of the variance between networks that lies between the data sets on which they were trained.

    The intraclass correlation by the analysis of variance, $(B - W) / (B + (m - 1) W)$, with the mean squares between
    and within data sets pooled over the conditions, and m networks per data set; 0 if there is less variance between
    data sets than by chance.

    Args:
        values: one per network.
        conditions: the condition of each network.
        data_sets: the data set on which each network was trained.
    """
    cells: dict[Any, dict[Any, list[float]]] = {}
    for value, condition, data_set in zip(values, conditions, data_sets, strict=True):
        cells.setdefault(condition, {}).setdefault(data_set, []).append(float(value))
    between = within = free_between = free_within = 0.0
    sizes = []
    for groups in cells.values():
        total = sum(map(len, groups.values()))
        mean = sum(map(sum, groups.values())) / total
        between += sum(len(group) * (np.mean(group) - mean) ** 2 for group in groups.values())
        within += sum(float(np.var(group)) * len(group) for group in groups.values())
        free_between += len(groups) - 1
        free_within += total - len(groups)
        sizes.append(sum(len(group) ** 2 for group in groups.values()) / total)
    if not (free_between and free_within and between > 0):
        return 0.0
    mean_between, mean_within = between / free_between, within / free_within
    share = (mean_between - mean_within) / (mean_between + (np.mean(sizes) - 1) * mean_within)
    return float(max(share, 0.0))


def design_effect(data_sets: Sequence[Any], between: float) -> float:
    """The factor by which networks that share data sets are worth less than independent ones (Kish): 1 + (m - 1) rho.

    Args:
        data_sets: the data set on which each network was trained.
        between: rho, the share of the variance between data sets.
    """
    sizes = np.array([data_sets.count(one) for one in dict.fromkeys(data_sets)], float)
    return float(1 + (np.sum(sizes**2) / sizes.sum() - 1) * between)


def found_mean(values: Values, data_sets: Sequence[Any], between: float) -> Estimate:
    """The mean over networks, with a standard error that accounts for shared data sets."""
    effect = design_effect(list(data_sets), between)
    deviation = float(np.std(values, ddof=1)) if len(values) > 1 else math.nan
    error = deviation / math.sqrt(len(values)) * math.sqrt(effect)
    return Estimate(float(np.mean(values)), error, max(len(values) / effect - 1, 1.0))


def one_set_effect(networks: int, between: float) -> float:
    """The design effect if all networks share one data set, so that their spread lacks the variance between data sets.

    With variances b between data sets and w within, the mean has b + w / n and shows w / n: 1 + n rho / (1 - rho).
    """
    return 1 + networks * between / (1 - between) if between < 1 else math.inf


def published_mean(mean: float, error: float, networks: int, between: float) -> Estimate:
    """A published mean; all of its networks shared one data set, which its standard error does not reflect."""
    return Estimate(mean, error * math.sqrt(one_set_effect(networks, between)), max(networks - 1.0, 1.0))


def difference_of_means(measured: Estimate, known: Estimate, margin: float, rows: int = 1) -> Comparison:
    """Found minus known, with Welch's interval; the two are the same within +- `margin`."""
    return pooled([difference(measured, known)], [1.0], (-margin, margin), rows)


def difference(measured: Estimate, known: Estimate) -> Estimate:
    """The difference of two independent estimates, with the degrees of freedom of Welch and Satterthwaite."""
    variances = [(one.error**2, one.freedom) for one in (measured, known)]
    return Estimate(measured.value - known.value, math.hypot(measured.error, known.error), _freedom(variances))


def difference_of_shares(
    measured: Share, known: Share, margin: tuple[float, float], rows: int = 1, truth: float = 0.0
) -> Comparison:
    """Found minus known, with the interval of Newcombe (1998), method 10: from the Wilson intervals of the two."""
    quantile = interval_quantile(rows)
    (low, high), (known_low, known_high) = (wilson(share, quantile) for share in (measured, known))
    apart = measured.value - known.value
    down = math.hypot(measured.value - low, known_high - known.value)
    up = math.hypot(high - measured.value, known.value - known_low)
    return Comparison(apart, apart - down, apart + up, margin, truth, quantile)


def share_difference(measured: Share, known: Share) -> Estimate:
    """The difference of two shares; the standard error adds one success and one failure, so that it is never 0."""
    variance = 0.0
    for share in (measured, known):
        total = share.total / share.effect
        rate = (share.value * total + 1) / (total + 2)
        variance += rate * (1 - rate) / total
    return Estimate(measured.value - known.value, math.sqrt(variance))


def pooled(
    parts: Sequence[Estimate],
    weights: Sequence[float],
    margin: tuple[float, float],
    rows: int = 1,
    truth: float = 0.0,
) -> Comparison:
    """The weighted mean of independent differences.

    Args:
        parts: the differences.
        weights: their weights; those of Mantel and Haenszel for shares are n1 n2 / (n1 + n2).
        margin: lowest and highest value that still agree.
        rows: number of claims judged together.
        truth: the value for which the power is given.
    """
    share = np.asarray(weights, float) / np.sum(weights)
    value = float(sum(weight * part.value for weight, part in zip(share, parts, strict=True)))
    variances = [((weight * part.error) ** 2, part.freedom) for weight, part in zip(share, parts, strict=True)]
    quantile = interval_quantile(rows, _freedom(variances))
    half = quantile * math.sqrt(sum(variance for variance, _ in variances))
    return Comparison(value, value - half, value + half, margin, truth, quantile)


def share_at_least(share: Share, bound: float, rows: int = 1) -> Comparison:
    """Whether a share is at least `bound`: one-sided limits of Clopper and Pearson on either side.

    The power is given for a true share four fifths of the way from the bound to 1: 98 % for a bound of 90 %.
    """
    alpha, total = ERROR_RATE / rows, share.total / share.effect
    low, high = _limit(share.value * total, total, alpha), 1 - _limit((1 - share.value) * total, total, alpha)
    truth, whole = 1 - (1 - bound) / 5, int(total)
    enough = next((count for count in range(whole + 1) if _limit(count, whole, alpha) >= bound), whole + 1)
    chance = float(stats.binom.sf(enough - 1, whole, truth))
    return Comparison(share.value, low, high, (bound, math.inf), truth, float(stats.norm.ppf(1 - alpha)), chance)


def _limit(count: float, total: float, alpha: float) -> float:
    """The lower Clopper-Pearson limit."""
    return float(stats.beta.ppf(alpha, count, total - count + 1)) if count > 0 else 0.0


def all_of(bound: float, rows: int = 1) -> int:
    """How many of the networks must succeed to show that a share is at least `bound`."""
    return math.ceil(math.log(ERROR_RATE / rows) / math.log(bound))


def wilson(share: Share, quantile: float = 1.959964) -> tuple[float, float]:
    """The Wilson interval of a share, with its effective number of networks."""
    total, rate = share.total / share.effect, share.value
    center = (rate + quantile**2 / (2 * total)) / (1 + quantile**2 / total)
    half = quantile * math.sqrt(rate * (1 - rate) / total + (quantile / (2 * total)) ** 2) / (1 + quantile**2 / total)
    return max(center - half, 0.0), min(center + half, 1.0)


def _freedom(variances: Sequence[tuple[float, float]]) -> float:
    total = sum(variance for variance, _ in variances)
    parts = sum(variance**2 / freedom for variance, freedom in variances)
    return total**2 / parts if parts > 0 else math.inf
