"""The logistic curve with lapses, by maximum likelihood."""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy.optimize import minimize
from scipy.special import expit
from scipy.stats import chi2

MOST_LAPSES = 0.2  # the largest lapse rate
RESOLVED = 2 * math.log(99)  # from 1 % to 99 % in logits: no steeper curve than this over the smallest gap of levels
BEYOND = 7.0  # logits by which the choice without evidence may be one-sided, at any slope
EXTRA = 2  # parameters that the curve has beyond a constant: slope and lapse rate
LEVEL = 0.05  # of the test against a constant
NOTHING = 1e-9  # added to probabilities in logarithms

Counts = Int[np.ndarray, "level"] | Float[np.ndarray, "level"]
Levels = Float[np.ndarray, "level"]


@dataclass(frozen=True)
class LogisticFit:
    """A logistic curve with lapses.

    Args:
        offset: a, in logits.
        slope: b, logits per unit of evidence.
        lapse: λ.
        gain: by how much its log-likelihood is above that of a constant.
        resolved: whether the slope is within what the levels can tell; if not, it is a lower bound of its modulus.
    """

    offset: float
    slope: float
    lapse: float
    gain: float
    resolved: bool

    @property
    def threshold(self) -> float:
        """The evidence at which both choices are equally likely, -a / b; NaN for a flat curve."""
        return -self.offset / self.slope if self.slope else math.nan

    @property
    def p_value(self) -> float:
        """Of the likelihood-ratio test against a constant, with two degrees of freedom."""
        return float(chi2.sf(2 * max(self.gain, 0.0), EXTRA))

    def at(self, evidence: Levels) -> Levels:
        """The probability of the positive choice."""
        return curve(np.array([self.offset, self.slope, self.lapse]), np.asarray(evidence, float))


def curve(parameters: Float[np.ndarray, "3"], evidence: Levels) -> Levels:
    r"""$\lambda + (1 - 2 \lambda) / (1 + e^{-(a + b x)})$.

    Args:
        parameters: a, b and λ.
        evidence: x.
    """
    offset, slope, lapse = parameters
    return lapse + (1 - 2 * lapse) * expit(offset + slope * evidence)


def fit_logistic(evidence: Levels, positive: Counts, total: Counts, near: LogisticFit | None = None) -> LogisticFit:
    """The curve of the largest likelihood.

    Args:
        evidence: the levels, at least two different ones.
        positive: how many choices were positive, at each level.
        total: how many choices there were, at each level.
        near: a curve from which the search begins; if not given, it begins in several places.
    """
    scale = float(np.abs(evidence).max())
    x, steepest = evidence / scale, RESOLVED / (np.diff(np.unique(evidence)).min() / scale)
    bounds = [(-steepest - BEYOND, steepest + BEYOND), (-steepest, steepest), (0.0, MOST_LAPSES)]

    def loss(parameters: Float[np.ndarray, "3"]) -> tuple[float, Float[np.ndarray, "3"]]:
        return _loss(parameters, x, positive, total)

    begun = _begun(steepest, x, positive, total) if near is None else [(near.offset, near.slope * scale, near.lapse)]
    ends = [minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds) for start in begun]
    best = min(ends, key=lambda end: end.fun)
    offset, slope, lapse = best.x.tolist()
    gain = _constant_loss(positive, total) - float(best.fun)
    return LogisticFit(offset, slope / scale, lapse, gain, abs(slope) < steepest * (1 - 1e-6))


def _begun(steepest: float, x: Levels, positive: Counts, total: Counts) -> list[tuple[float, float, float]]:
    """Where the search begins: shallow and steep, towards the side to which the choices go, and flat."""
    share = positive.sum() / total.sum()
    flat = float(np.clip(np.log((share + NOTHING) / (1 - share + NOTHING)), -BEYOND, BEYOND))
    side = float(np.sign((positive - share * total) @ x)) or 1.0
    slopes = [side * slope for slope in (1.0, math.sqrt(steepest), steepest / 2)]
    return [(0.0, slope, lapse) for slope in slopes for lapse in (0.0, 0.05)] + [(flat, 0.1 * side, 0.01)]


def _loss(
    parameters: Float[np.ndarray, "3"], x: Levels, positive: Counts, total: Counts
) -> tuple[float, Float[np.ndarray, "3"]]:
    """Minus the log-likelihood, and its gradient."""
    offset, slope, lapse = parameters
    logistic = expit(offset + slope * x)
    share = np.clip(lapse + (1 - 2 * lapse) * logistic, NOTHING, 1 - NOTHING)
    value = -(positive * np.log(share) + (total - positive) * np.log1p(-share)).sum()
    outer = (total - positive) / (1 - share) - positive / share
    inner = (1 - 2 * lapse) * logistic * (1 - logistic)
    return float(value), np.array(
        [(outer * inner).sum(), (outer * inner * x).sum(), (outer * (1 - 2 * logistic)).sum()]
    )


def _constant_loss(positive: Counts, total: Counts) -> float:
    """Minus the log-likelihood of a constant probability."""
    share = np.clip(positive.sum() / total.sum(), NOTHING, 1 - NOTHING)
    return float(-(positive.sum() * np.log(share) + (total - positive).sum() * np.log1p(-share)))
