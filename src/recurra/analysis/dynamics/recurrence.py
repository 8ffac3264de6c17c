"""The period after which a path returns, and how straight a path is."""

import math

import numpy as np
from jaxtyping import Float

AXES = 10  # principal components of the rates in which returns are searched
BASES = 32  # states for which a return is searched
CLOSE = 0.02  # largest distance between a state and its return, in units of the path's size
MOST = 0.8  # share of the states that must return at once: the others may lie where the path jumps
ROUGH = 0.35  # largest distance between a state and the nearest sample of its return, in the same units
OFFSETS = np.array([-2, -1, 0, 1, 2])  # samples through which the path is interpolated
SHIFTS = np.linspace(-0.5, 0.5, 51)
PIECES = 50  # straight pieces into which a path is cut

Path = Float[np.ndarray, "time state"]


def period_of(rates: Path) -> float:
    """The shortest time after which a path returns to where it was, from any state on it, in samples.

    Between samples the path is a polynomial of degree 4 through five of them, so that a period of at least 5 samples
    need not be a whole number. A shorter period must be one, or a multiple of it is returned. The path must also return
    after 2, 4, 8, ... periods, which makes the period more exact. NaN if it does not return within half of the path.

    Args:
        rates: rates of a network, at equal intervals.
    """
    path = _leading(rates)
    half = len(path) // 2
    size = 2 * float(np.linalg.norm(path - path.mean(axis=0), axis=1).max())
    if half < len(OFFSETS) or not 0 < size < math.inf:
        return math.nan
    bases = np.unique(np.linspace(0, half - 3, BASES).astype(int))
    lags = np.arange(half)
    coarse = np.stack([np.linalg.norm(path[base : base + half] - path[base], axis=1) for base in bases])
    score = np.quantile(coarse, MOST, axis=0) / size
    least = (score[1:-1] <= score[:-2]) & (score[1:-1] <= score[2:]) & (score[1:-1] < ROUGH)
    for lag in lags[1:-1][least]:
        shift = _shift(path, bases, int(lag), size)
        period = None if shift is None else _lasting(path, bases, size, float(lag + shift))
        if period is not None:
            return period
    return math.nan


def directed(rates: Path) -> float:
    """How straight a path is: the distance between its ends over its length, measured in 50 pieces; 0 at rest.

    A path counts as at least as long as it is wide, even if the pieces happen to end where they begin.

    Args:
        rates: rates of a network, at equal intervals.
    """
    corners = rates[np.linspace(0, len(rates) - 1, PIECES + 1).astype(int)]
    width = np.linalg.norm(np.ptp(rates, axis=0))
    length = max(float(np.linalg.norm(np.diff(corners, axis=0), axis=1).sum()), float(width))
    return float(np.linalg.norm(corners[-1] - corners[0]) / length) if length > 0 else 0.0


def _leading(rates: Path) -> Float[np.ndarray, "time axis"]:
    centred = rates - rates.mean(axis=0)
    if centred.shape[1] <= AXES:
        return centred
    _, _, axes = np.linalg.svd(centred[:: max(1, len(centred) // 1_000)], full_matrices=False)
    return centred @ axes[:AXES].T


def _shift(path: Path, bases: np.ndarray, lag: int, size: float) -> float | None:
    """The median difference between the return and a lag, in samples; None if too few states return."""
    if lag < 2:
        return None
    samples = path[bases[:, None] + lag + OFFSETS]
    between = np.einsum("so,boa->bsa", _lagrange(SHIFTS), samples)
    distance = np.linalg.norm(between - path[bases][:, None], axis=2)
    if np.quantile(distance.min(axis=1), MOST) > CLOSE * size:
        return None
    return float(np.median(SHIFTS[distance.argmin(axis=1)]))


def _lagrange(shifts: np.ndarray) -> np.ndarray:
    """Weights of the five samples at each shift."""
    weights = np.ones((len(shifts), len(OFFSETS)))
    for at, own in enumerate(OFFSETS):
        for other in OFFSETS[own != OFFSETS]:
            weights[:, at] *= (shifts - other) / (own - other)
    return weights


def _lasting(path: Path, bases: np.ndarray, size: float, period: float) -> float | None:
    """The period from the returns after 2, 4, 8, ... periods; None if the path misses one of them."""
    turns = 2
    while turns * period + bases[-1] + 3 < len(path):
        lag = round(turns * period)
        shift = _shift(path, bases, lag, size)
        if shift is None:
            return None
        period, turns = (lag + shift) / turns, 2 * turns
    return period
