"""The logistic curve with lapses, by maximum likelihood."""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.special import expit
from scipy.stats import chi2

MOST_LAPSES = 0.2  # the largest lapse rate
RESOLVED = 2 * math.log(99)  # from 1 % to 99 % in logits: no steeper curve than this over the smallest gap of levels
BEYOND = 7.0  # logits by which the choice without evidence may be one-sided, at any slope
EXTRA = 2  # parameters that the curve has beyond a constant: slope and lapse rate
LEVEL = 0.05  # of the test against a constant
NOTHING = 1e-9  # added to probabilities in logarithms
STEPS, CLOSE = 200, 1e-9  # most steps of a search; it ends where the log-likelihood rises by less
DAMPED = 1e6  # damping from which a search that finds nothing better has ended

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


def fit_logistic(evidence: Levels, positive: Counts, total: Counts) -> LogisticFit:
    """The curve of the largest likelihood, of searches that begin in several places.

    Args:
        evidence: the levels, at least two different ones.
        positive: how many choices were positive, at each level.
        total: how many choices there were, at each level.
    """
    box = _Box.of(evidence)
    ends, losses = _descended(_begun(box, positive, total), box, positive, total)
    best = int(losses.argmin())
    offset, slope, lapse = ends[best].tolist()
    gain = _constant_loss(positive, total) - float(losses[best])
    return LogisticFit(offset, slope / box.scale, lapse, gain, abs(slope) < box.steepest * (1 - 1e-6))


def fit_drawn(
    evidence: Levels, positive: Int[np.ndarray, "draw level"], total: Counts, near: LogisticFit
) -> Float[np.ndarray, "draw 3"]:
    """a, b and λ of the curve of the largest likelihood of each draw.

    Args:
        evidence: the levels, at least two different ones.
        positive: how many choices were positive in each draw, at each level.
        total: how many choices there were, at each level.
        near: the curve from which all searches begin.
    """
    box = _Box.of(evidence)
    begun = np.tile([near.offset, near.slope * box.scale, near.lapse], (len(positive), 1))
    ends, _ = _descended(begun, box, positive, total)
    return ends / [1, box.scale, 1]


@dataclass(frozen=True)
class _Box:
    """The levels over their largest modulus, and how far the parameters of a curve may go.

    Args:
        x: the levels.
        scale: their largest modulus.
        steepest: the largest slope.
    """

    x: Levels
    scale: float
    steepest: float

    @classmethod
    def of(cls, evidence: Levels) -> "_Box":
        scale = float(np.abs(evidence).max())
        return cls(evidence / scale, scale, float(RESOLVED / (np.diff(np.unique(evidence)).min() / scale)))

    @property
    def low(self) -> Float[np.ndarray, "3"]:
        return np.array([-self.steepest - BEYOND, -self.steepest, 0.0])

    @property
    def high(self) -> Float[np.ndarray, "3"]:
        return np.array([self.steepest + BEYOND, self.steepest, MOST_LAPSES])


def _begun(box: _Box, positive: Counts, total: Counts) -> Float[np.ndarray, "fit 3"]:
    """Where the searches begin: shallow and steep, towards the side to which the choices go, and flat."""
    share = positive.sum() / total.sum()
    flat = float(np.clip(np.log((share + NOTHING) / (1 - share + NOTHING)), -BEYOND, BEYOND))
    side = float(np.sign((positive - share * total) @ box.x)) or 1.0
    slopes = [side * slope for slope in (1.0, math.sqrt(box.steepest), box.steepest / 2)]
    return np.array([(0.0, slope, lapse) for slope in slopes for lapse in (0.0, 0.05)] + [(flat, 0.1 * side, 0.01)])


def _descended(
    begun: Float[np.ndarray, "fit 3"], box: _Box, positive: Counts, total: Counts
) -> tuple[Float[np.ndarray, "fit 3"], Float[np.ndarray, "fit"]]:
    """Where damped Fisher scoring within the box ends, for every fit by itself, and the loss there.

    A step that does not lower the loss is not made, and the next one is shorter and more like that of a gradient.
    """
    at, damping = np.clip(begun, box.low, box.high), np.full(len(begun), 1e-3)
    loss, gradient, information = _loss(at, box.x, positive, total)
    for _ in range(STEPS):
        held = ((at <= box.low) & (gradient > 0)) | ((at >= box.high) & (gradient < 0))
        step = _step(gradient, information, held, damping)
        tried = np.clip(at + step, box.low, box.high)
        new = _loss(tried, box.x, positive, total)
        lower = new[0] < loss
        still = loss - new[0] < CLOSE
        at = np.where(lower[:, None], tried, at)
        gradient = np.where(lower[:, None], new[1], gradient)
        information = np.where(lower[:, None, None], new[2], information)
        loss, damping = np.where(lower, new[0], loss), np.where(lower, damping / 10, damping * 10)
        if (still & (~lower & (damping > DAMPED) | lower)).all():
            break
    return at, loss


def _step(
    gradient: Float[np.ndarray, "fit 3"],
    information: Float[np.ndarray, "fit 3 3"],
    held: Bool[np.ndarray, "fit 3"],
    damping: Float[np.ndarray, "fit"],
) -> Float[np.ndarray, "fit 3"]:
    """The step of each fit; parameters that are held at an end of the box stay there."""
    free = ~held
    matrix = information * (free[:, :, None] & free[:, None])
    own = np.einsum("fii->fi", matrix)
    own *= 1 + damping[:, None]
    own += np.where(held, 1.0, NOTHING)
    return np.linalg.solve(matrix, -np.where(held, 0.0, gradient)[..., None])[..., 0]


def _loss(
    parameters: Float[np.ndarray, "*fit 3"], x: Levels, positive: Counts, total: Counts
) -> tuple[Float[np.ndarray, "*fit"], Float[np.ndarray, "*fit 3"], Float[np.ndarray, "*fit 3 3"]]:
    """Minus the log-likelihood, its gradient, and Fisher's information."""
    offset, slope, lapse = (parameters[..., at, None] for at in range(3))
    logistic = expit(offset + slope * x)
    share = np.clip(lapse + (1 - 2 * lapse) * logistic, NOTHING, 1 - NOTHING)
    value = -(positive * np.log(share) + (total - positive) * np.log1p(-share)).sum(axis=-1)
    outer = (total - positive) / (1 - share) - positive / share
    inner = (1 - 2 * lapse) * logistic * (1 - logistic)
    slopes = np.stack([inner, inner * x, 1 - 2 * logistic], axis=-2)
    weighted = slopes * (total / (share * (1 - share)))[..., None, :]
    return value, (outer[..., None, :] * slopes).sum(axis=-1), weighted @ slopes.swapaxes(-1, -2)


def _constant_loss(positive: Counts, total: Counts) -> float:
    """Minus the log-likelihood of a constant probability."""
    share = np.clip(positive.sum() / total.sum(), NOTHING, 1 - NOTHING)
    return float(-(positive.sum() * np.log(share) + (total - positive).sum() * np.log1p(-share)))
