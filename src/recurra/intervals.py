"""Proportions with confidence intervals."""

import math
from dataclasses import dataclass

from scipy.special import ndtri

from recurra.checks import check_between, check_count
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
        confidence: level of the interval, between 0 and 1.

    Source: Wilson (1927), doi:10.1080/01621459.1927.10502953.
    """
    check_count("total", total)
    check_between("count", count, 0, total)
    check_between("confidence", confidence, 0, 1)
    share, per_trial = count / total, float(ndtri((1 + confidence) / 2)) ** 2 / total
    half = math.sqrt(per_trial * (share * (1 - share) + per_trial / 4))
    low, high = ((share + per_trial / 2 + side * half) / (1 + per_trial) for side in (-1, 1))
    return Proportion(int(count), int(total), low if count else 0.0, high if count < total else 1.0)
