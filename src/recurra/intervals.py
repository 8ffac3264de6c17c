"""Proportions with confidence intervals."""

import math
from dataclasses import dataclass

from scipy.special import ndtri

from recurra.checks import check_between, check_count, check_number
from recurra.shown import Shown
from recurra.wording import percent, percent_high, percent_low


@dataclass(frozen=True)
class Proportion(Shown):
    """A share of successes with its confidence interval."""

    count: int
    total: int
    low: float
    high: float

    @property
    def value(self) -> float:
        return self.count / self.total

    def __str__(self) -> str:
        value, low, high = percent(self.value), percent_low(self.low), percent_high(self.high)
        return f"{self.count}/{self.total} = {value} % [{low}, {high}]"


def wilson_interval(count: int, total: int, confidence: float = 0.95) -> Proportion:
    r"""Wilson's score interval of a proportion $\hat p = k/n$.

    $\frac{1}{1 + z^2/n}
    \left(\hat p + \frac{z^2}{2n} \pm z\sqrt{\frac{\hat p(1 - \hat p)}{n} + \frac{z^2}{4n^2}}\right)$,
    with z the normal quantile of the confidence level.

    Args:
        count: successes k, 0 to total.
        total: trials n, at least 1.
        confidence: level of the interval, above 0 and below 1.

    Source: Wilson (1927), doi:10.1080/01621459.1927.10502953.
    """
    check_count("total", total)
    check_between("count", count, 0, total)
    check_confidence(confidence)
    share, per_trial = count / total, float(ndtri((1 + confidence) / 2)) ** 2 / total
    half = math.sqrt(per_trial * (share * (1 - share) + per_trial / 4))
    low, high = ((share + per_trial / 2 + side * half) / (1 + per_trial) for side in (-1, 1))
    return Proportion(int(count), int(total), low if count else 0.0, high if count < total else 1.0)


def check_confidence(confidence: object) -> None:
    """The level of an interval must be above 0 and below 1."""
    if not 0 < check_number("confidence", confidence) < 1:
        raise ValueError(f"confidence is {confidence}; expected a number above 0 and below 1")


def newcombe_interval(first: Proportion, second: Proportion) -> tuple[float, float]:
    r"""Newcombe's interval of the difference $\hat p_2 - \hat p_1$ of two independent proportions, his method 10.

    $\hat p_2 - \hat p_1 - \sqrt{(\hat p_2 - l_2)^2 + (u_1 - \hat p_1)^2}$ to
    $\hat p_2 - \hat p_1 + \sqrt{(u_2 - \hat p_2)^2 + (\hat p_1 - l_1)^2}$, with the intervals l to u of each.

    Args:
        first: the proportion that is subtracted, with its Wilson interval.
        second: the other, with an interval of the same level.

    Source: Newcombe (1998), doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I.
    """
    apart = second.value - first.value
    down = math.hypot(second.value - second.low, first.high - first.value)
    up = math.hypot(second.high - second.value, first.value - first.low)
    return apart - down, apart + up
