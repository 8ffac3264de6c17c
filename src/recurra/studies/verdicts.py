"""Our results compared with the published ones: intervals of differences, and the verdicts that follow by rule.

Each claim has a margin, stated before the data are seen. *Agrees*: the whole interval of the difference lies inside the
margin. *Differs*: the whole interval lies outside. *Undecided*: the interval crosses an end of the margin, as it often
does with few networks. Intervals are simultaneous: with k rows each has the level 1 - 0.05 / k (Bonferroni).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy import stats

from recurra.shown import Shown

Values = Sequence[float] | np.ndarray
Outcome = Literal["agrees", "differs", "undecided", "cannot be compared"]
ERROR_RATE = 0.05  # probability that any interval, among the rows of a claim or the claims of a study, misses the truth


@dataclass(frozen=True)
class Verdict(Shown):
    """A claim of a paper, or one of its published numbers, compared with our result.

    Args:
        what: the claim.
        published: the published result.
        found: our result.
        verdict: "agrees", "differs", "undecided" or "cannot be compared".
        note: further remarks.
        difference: measured minus published, with its simultaneous 95 % interval.
        rule: the margin inside which the two count as the same, stated before the data.
        power: the power of this comparison, in words.
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
    """An estimated number.

    Args:
        value: the estimate.
        error: its standard error.
        freedom: degrees of freedom of the standard error.
    """

    value: float
    error: float
    freedom: float = math.inf


@dataclass(frozen=True)
class Proportion:
    """The proportion of networks for which something holds.

    Args:
        count: number of networks for which it holds.
        total: number of networks.
        effect: the design effect: the networks are worth `total / effect` independent networks.
    """

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
        difference: measured minus published, or another quantity of the claim.
        low: lower end of its interval.
        high: upper end of its interval.
        margin: lowest and highest value that still agree; one of them may be infinite.
        truth: the true difference for which the power is given; 0 if the two results are equal.
        quantile: half the width of the interval, in standard errors.
        chance: the power, given if it does not follow from the width of the interval.
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
        """The smallest true difference, of either sign, for which *differs* has a probability of 80 %."""
        error = (self.high - self.low) / (2 * self.quantile)
        ends = [abs(end - self.truth) for end in self.margin if math.isfinite(end)]
        return min(ends) + (self.quantile + float(stats.norm.ppf(0.8))) * error


def interval_quantile(rows: int = 1, freedom: float = math.inf) -> float:
    """Half the width of a 95 % interval in standard errors, simultaneous for `rows` rows (Bonferroni)."""
    return float(stats.t.ppf(1 - ERROR_RATE / (2 * rows), freedom))


def intraclass_correlation(values: Values, conditions: Sequence[Any], data_sets: Sequence[Any]) -> float:
    r"""The fraction of the variance between networks that lies between the data sets on which they were trained.

    It is estimated by the analysis of variance: $(B - W) / (B + (m - 1) W)$, with the mean squares B between and W
    within data sets, pooled over the conditions, and m networks per data set. It is 0 if the variance between data sets
    is smaller than expected by chance.

    Args:
        values: one value per network.
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
    """Kish's design effect, 1 + (m - 1) rho, of m networks per data set.

    Networks that share a data set are alike, so that n of them are worth only n / effect independent networks.

    Args:
        data_sets: the data set on which each network was trained.
        between: rho, the intraclass correlation of data sets.
    """
    sizes = np.array([data_sets.count(one) for one in dict.fromkeys(data_sets)], float)
    return float(1 + (np.sum(sizes**2) / sizes.sum() - 1) * between)


def mean_over_networks(values: Values, data_sets: Sequence[Any], between: float) -> Estimate:
    """The mean over networks; its standard error accounts for the data sets that networks share."""
    effect = design_effect(list(data_sets), between)
    deviation = float(np.std(values, ddof=1)) if len(values) > 1 else math.nan
    error = deviation / math.sqrt(len(values)) * math.sqrt(effect)
    return Estimate(float(np.mean(values)), error, max(len(values) / effect - 1, 1.0))


def one_set_effect(networks: int, between: float) -> float:
    """The design effect if all networks proportion one data set: 1 + n rho / (1 - rho).

    With variances b between data sets and w within, the variance of the mean is b + w / n, but the spread of the
    networks shows only w / n.
    """
    return 1 + networks * between / (1 - between) if between < 1 else math.inf


def published_mean(mean: float, error: float, networks: int, between: float) -> Estimate:
    """A published mean, with its error enlarged because all of its networks shared one data set."""
    return Estimate(mean, error * math.sqrt(one_set_effect(networks, between)), max(networks - 1.0, 1.0))


def difference_of_means(measured: Estimate, published: Estimate, margin: float, rows: int = 1) -> Comparison:
    """Measured minus published, with Welch's interval; the two count as the same within +- `margin`."""
    return pooled([difference(measured, published)], [1.0], (-margin, margin), rows)


def difference(measured: Estimate, published: Estimate) -> Estimate:
    """The difference of two independent estimates, with the degrees of freedom of Welch and Satterthwaite."""
    variances = [(one.error**2, one.freedom) for one in (measured, published)]
    return Estimate(measured.value - published.value, math.hypot(measured.error, published.error), _freedom(variances))


def difference_of_proportions(
    measured: Proportion, published: Proportion, margin: tuple[float, float], rows: int = 1, truth: float = 0.0
) -> Comparison:
    """Measured minus published, with the interval of Newcombe (1998), method 10, from the two Wilson intervals."""
    quantile = interval_quantile(rows)
    (low, high), (published_low, published_high) = (
        wilson(proportion, quantile) for proportion in (measured, published)
    )
    apart = measured.value - published.value
    down = math.hypot(measured.value - low, published_high - published.value)
    up = math.hypot(high - measured.value, published.value - published_low)
    return Comparison(apart, apart - down, apart + up, margin, truth, quantile)


def proportion_difference(measured: Proportion, published: Proportion) -> Estimate:
    """The difference of two proportions.

    Its standard error counts one success and one failure more than there are, so that it is never 0.
    """
    variance = 0.0
    for proportion in (measured, published):
        total = proportion.total / proportion.effect
        rate = (proportion.value * total + 1) / (total + 2)
        variance += rate * (1 - rate) / total
    return Estimate(measured.value - published.value, math.sqrt(variance))


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
        weights: one weight per difference; for proportions, those of Mantel and Haenszel are n1 n2 / (n1 + n2).
        margin: lowest and highest value that still agree.
        rows: number of claims that are judged together.
        truth: the value for which the power is given.
    """
    normed = np.asarray(weights, float) / np.sum(weights)
    value = float(sum(weight * part.value for weight, part in zip(normed, parts, strict=True)))
    variances = [((weight * part.error) ** 2, part.freedom) for weight, part in zip(normed, parts, strict=True)]
    quantile = interval_quantile(rows, _freedom(variances))
    half = quantile * math.sqrt(sum(variance for variance, _ in variances))
    return Comparison(value, value - half, value + half, margin, truth, quantile)


def proportion_at_least(proportion: Proportion, bound: float, rows: int = 1) -> Comparison:
    """Whether a proportion is at least `bound`, by the one-sided limits of Clopper and Pearson on either side.

    The power is given for a true proportion four fifths of the way from the bound to 1: 98 % for a bound of 90 %.
    """
    alpha, total = ERROR_RATE / rows, proportion.total / proportion.effect
    low, high = _limit(proportion.value * total, total, alpha), 1 - _limit((1 - proportion.value) * total, total, alpha)
    truth, whole = 1 - (1 - bound) / 5, int(total)
    enough = next((count for count in range(whole + 1) if _limit(count, whole, alpha) >= bound), whole + 1)
    chance = float(stats.binom.sf(enough - 1, whole, truth))
    return Comparison(proportion.value, low, high, (bound, math.inf), truth, float(stats.norm.ppf(1 - alpha)), chance)


def _limit(count: float, total: float, alpha: float) -> float:
    """The lower Clopper-Pearson limit."""
    return float(stats.beta.ppf(alpha, count, total - count + 1)) if count > 0 else 0.0


def all_of(bound: float, rows: int = 1) -> int:
    """The least number of networks that, if all succeed, shows that the proportion is at least `bound`."""
    return math.ceil(math.log(ERROR_RATE / rows) / math.log(bound))


def wilson(proportion: Proportion, quantile: float = 1.959964) -> tuple[float, float]:
    """The Wilson interval of a proportion, with the effective number of networks."""
    total, rate = proportion.total / proportion.effect, proportion.value
    center = (rate + quantile**2 / (2 * total)) / (1 + quantile**2 / total)
    half = quantile * math.sqrt(rate * (1 - rate) / total + (quantile / (2 * total)) ** 2) / (1 + quantile**2 / total)
    return max(center - half, 0.0), min(center + half, 1.0)


def _freedom(variances: Sequence[tuple[float, float]]) -> float:
    total = sum(variance for variance, _ in variances)
    parts = sum(variance**2 / freedom for variance, freedom in variances)
    return total**2 / parts if parts > 0 else math.inf
