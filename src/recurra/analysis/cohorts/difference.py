"""Whether a number differs between two groups of networks: difference, interval, test and size of the effect."""

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Shaped
from scipy import stats

from recurra.intervals import newcombe_interval, wilson_interval
from recurra.shown import Shown

EXACT = 20_000  # most orders of the networks that are all tried; of more the approximation by a normal distribution
RESAMPLES = 9_999
FEW = 10  # networks; of fewer a bootstrapped interval is too narrow: the page on methods shows how much
ERROR_RATE = 0.05  # probability that any p value of a comparison, corrected, is below it although nothing differs


@dataclass(frozen=True)
class Difference(Shown):
    """One number in two groups of networks.

    Args:
        name: name of the number.
        run: the group.
        against: the group with which it is compared.
        mean: mean of the group; of what is true or false the share that is true.
        mean_against: the same of the other group.
        difference: `mean - mean_against`, for pairs of the networks that have a partner.
        interval: "bootstrap", of fewer than ten networks "Welch" or, for pairs, "t"; of shares "Newcombe"; or "none".
        low: lower end of the 95 % interval; NaN if there is none.
        high: upper end of the interval.
        spread: pooled standard deviation of the groups, for pairs that of the differences; NaN if not known.
        effect: Cliff's delta, -1 to 1: the probability that a network of the group has the larger number, minus that of
            the opposite; of shares their difference.
        test: "Mann-Whitney", for pairs "Wilcoxon"; of shares "Fisher" and "McNemar"; "none" if there are too few.
        p_value: of the test, two-sided; NaN without one.
        p_corrected: the same, corrected for the number of tests by the method of Holm.
        networks: number of networks of the group that have the number.
        networks_against: the same of the other group.
        missing: number of networks that are left out because they do not have it, of both groups.
    """

    name: str
    run: str
    against: str
    mean: float
    mean_against: float
    difference: float
    interval: str
    low: float
    high: float
    spread: float
    effect: float
    test: str
    p_value: float
    p_corrected: float
    networks: int
    networks_against: int
    missing: int

    @property
    def standardized(self) -> float:
        """The difference in units of the spread; NaN if that is 0 or not known."""
        return self.difference / self.spread if self.spread > 0 else math.nan


Values = Shaped[np.ndarray, "_network"]  # numbers, or 0 and 1, or False and True


def difference_of(
    name: str, run: str, against: str, values: Values, others: Values, paired: bool = False, shares: bool = False
) -> Difference:
    r"""Compare one number of two groups of networks; NaN where a network does not have it.

    The interval of the difference of two means is bootstrapped (BCa, 9,999 samples, always the same); if a group has
    fewer than ten networks, of which the bootstrap knows too little, it is Welch's, or that of Student's t for pairs.
    That of the difference of two shares is Newcombe's, but for pairs. The test is that of Mann and Whitney, or of
    Wilcoxon for pairs, over all orders if there are at most 20,000, and Fisher's exact test, or McNemar's for pairs, of
    shares. Cliff's $\delta = P(x > y) - P(x < y)$ over all x of the group and y of the other.

    Args:
        name: name of the number.
        run: name of the group.
        against: name of the group that it is compared with.
        values: the number in each network of the group.
        others: the same of the other group.
        paired: whether networks at the same place are pairs.
        shares: whether the number is 0 or 1, for what is true or false.

    Source: Efron (1987) and Welch (1947) for the interval; Newcombe (1998) for that of shares; Cliff (1993) for δ.
    """
    values, others, missing = _known(values, others, paired)
    few = min(len(values), len(others))
    mean, mean_against = (float(group.mean()) if len(group) else math.nan for group in (values, others))
    apart = mean - mean_against
    interval, low, high, test, p_value = "none", math.nan, math.nan, "none", math.nan
    if few:
        test, p_value = _test(values, others, paired, shares)
    if shares and not paired and few:
        interval, (low, high) = "Newcombe", _newcombe(others, values)
    elif few > 1 and _varies(values, others, paired):
        interval, (low, high) = _interval(values, others, paired)
    return Difference(
        name, run, against, mean, mean_against, apart, interval, low, high, _spread(values, others, paired),
        _cliff(values, others), test, p_value, math.nan, len(values), len(others), missing,
    )  # fmt: skip


def holm(p_values: Sequence[float]) -> list[float]:
    """P values corrected for their number by the method of Holm (1979); NaN is no test, and stays.

    Args:
        p_values: the p values.
    """
    corrected, largest = [math.nan] * len(p_values), 0.0
    order = [at for at in np.argsort(p_values, kind="stable").tolist() if not math.isnan(p_values[at])]
    for rank, at in enumerate(order):
        largest = max(largest, min((len(order) - rank) * p_values[at], 1.0))
        corrected[at] = largest
    return corrected


def json_value(value: Any) -> Any:
    """A value as JSON has it: null for a number that is not known or not finite."""
    plain = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(plain, float) and not math.isfinite(plain) else plain


def smallest_p(count: int, others: int, paired: bool) -> float:
    """The smallest p value that so many networks can give: if every order of them is equally likely, 2 in all orders.

    Args:
        count: networks of one group; for pairs, their number.
        others: networks of the other group.
        paired: whether they are pairs.
    """
    return min(1.0, 2 / (2**count if paired else comb(count + others, count)))


def _known(values: Values, others: Values, paired: bool) -> tuple[Values, Values, int]:
    """The networks with a number, in an order of their own: no result depends on how the networks are ordered."""
    values, others = np.asarray(values, float), np.asarray(others, float)
    exist = np.isfinite(values), np.isfinite(others)
    if paired:
        both = exist[0] & exist[1]
        order = np.lexsort((others[both], values[both]))
        return values[both][order], others[both][order], 2 * int((~both).sum())
    missing = int((~exist[0]).sum() + (~exist[1]).sum())
    return np.sort(values[exist[0]]), np.sort(others[exist[1]]), missing


def _test(values: Values, others: Values, paired: bool, shares: bool) -> tuple[str, float]:
    if shares:
        return _test_of_shares(values > 0.5, others > 0.5, paired)
    if paired:
        apart = values - others
        return "Wilcoxon", _wilcoxon(apart[apart != 0])
    ranks = stats.rankdata(np.concatenate([values, others]))
    if ranks.min() == ranks.max():
        return "Mann-Whitney", 1.0
    if min(len(values), len(others)) < 2 or comb(len(ranks), len(values)) > EXACT:
        return "Mann-Whitney", float(stats.mannwhitneyu(values, others).pvalue)
    groups = ranks[: len(values)], ranks[len(values) :]
    found = stats.permutation_test(groups, _mean_apart, vectorized=True, n_resamples=EXACT)
    return "Mann-Whitney", float(found.pvalue)


def _wilcoxon(apart: Float[np.ndarray, "pair"]) -> float:
    """The p value of Wilcoxon's signed ranks, over all signs if there are few pairs."""
    if len(apart) < 2:
        return 1.0
    if 2 ** len(apart) > EXACT:
        tested: Any = stats.wilcoxon(apart)
        return float(tested.pvalue)
    ranks = np.sign(apart) * stats.rankdata(np.abs(apart))
    found = stats.permutation_test(
        (ranks,), lambda signed, axis: signed.sum(axis), permutation_type="samples", vectorized=True,
        n_resamples=EXACT,
    )  # fmt: skip
    return float(found.pvalue)


def _test_of_shares(
    values: Bool[np.ndarray, "_network"], others: Bool[np.ndarray, "_network"], paired: bool
) -> tuple[str, float]:
    if paired:
        only, only_other = int((values & ~others).sum()), int((others & ~values).sum())
        both = only + only_other
        return "McNemar", float(stats.binomtest(only, both).pvalue) if both else 1.0
    table = [[int(group.sum()), int((~group).sum())] for group in (values, others)]
    found: Any = stats.fisher_exact(table)
    return "Fisher", float(found.pvalue)


def _newcombe(first: Values, second: Values) -> tuple[float, float]:
    shares = [wilson_interval(int((group > 0.5).sum()), len(group)) for group in (first, second)]
    return newcombe_interval(*shares)


def _mean_apart(values: np.ndarray, others: np.ndarray, axis: int) -> Any:
    return values.mean(axis) - others.mean(axis)


def _varies(values: Values, others: Values, paired: bool) -> bool:
    groups = (values - others,) if paired else (values, others)
    return any(np.ptp(group) > 0 for group in groups)


def _interval(values: Values, others: Values, paired: bool) -> tuple[str, tuple[float, float]]:
    if min(len(values), len(others)) >= FEW:
        return "bootstrap", _bootstrapped(values, others, paired)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of numbers that are nearly equal
        found: Any = stats.ttest_rel(values, others) if paired else stats.ttest_ind(values, others, equal_var=False)
    low, high = found.confidence_interval(0.95)
    return ("t" if paired else "Welch"), (float(low), float(high))


def _bootstrapped(values: Values, others: Values, paired: bool) -> tuple[float, float]:
    """The interval of the difference of means; swapped groups have the mirrored one, equal groups their own mirror."""
    if paired:
        apart = np.sort(values - others)
        groups, mirrored = (apart,), (np.sort(-apart),)
    else:
        groups, mirrored = (values, others), (others, values)
    order = [[group.tolist() for group in some] for some in (groups, mirrored)]
    if order[0] == order[1]:
        low, high = _resampled(groups)
        return -max(high, -low), max(high, -low)
    if order[0] < order[1]:
        return _resampled(groups)
    low, high = _resampled(mirrored)
    return -high + 0.0, -low + 0.0


def _resampled(groups: tuple[Values, ...]) -> tuple[float, float]:
    """The bootstrapped interval of the mean of one group, or of the difference of the means of two."""
    statistic = (lambda pairs, axis: pairs.mean(axis)) if len(groups) == 1 else _mean_apart
    low, high = math.nan, math.nan
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where the correction of the bias is not defined, the percentiles are
        for method in ("BCa", "percentile"):
            drawn = {"n_resamples": RESAMPLES, "random_state": np.random.default_rng(0)}
            found = stats.bootstrap(groups, statistic, vectorized=True, method=method, **drawn)
            low, high = (float(end) for end in found.confidence_interval)
            if math.isfinite(low) and math.isfinite(high):
                break
    return low + 0.0, high + 0.0


def _spread(values: Values, others: Values, paired: bool) -> float:
    if paired:
        return float(np.std(values - others, ddof=1)) if len(values) > 1 else math.nan
    free = len(values) + len(others) - 2
    if free < 1:
        return math.nan
    squares = sum(float(((group - group.mean()) ** 2).sum()) for group in (values, others) if len(group))
    return math.sqrt(squares / free)


def _cliff(values: Values, others: Values) -> float:
    if not len(values) or not len(others):
        return math.nan
    return float(np.sign(values[:, None] - others).mean())
