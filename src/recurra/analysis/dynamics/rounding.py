"""Bounds on rounding errors in float64: for sums, products and activations."""

import numpy as np
from jaxtyping import Float

from recurra.engine.rate import HARD_WIDTHS

UNIT = 2.0**-53  # largest relative error of one operation in float64
TINY = 2.0**-1022  # largest absolute error of one operation whose result underflows
TANH = 8 * UNIT  # largest relative error of numpy's tanh: 4 units in the last place
SOFTPLUS = 16 * UNIT  # largest relative error of numpy's logaddexp(0, x)
SIGMOID = 8 * UNIT  # largest absolute error of (1 + tanh(x / 2)) / 2
HARD_SIGMOID = 4 * UNIT  # largest absolute error of x / width + 1/2 within 0 and 1
SLOPE = 32 * UNIT  # largest absolute error of the slopes, computed from tanh
STEEPEST = {"tanh": 1.0, "sigmoid": 0.25, "softplus": 1.0, "relu": 1.0}  # largest φ'
CURVATURE = {"tanh": 4 / (3 * np.sqrt(3)), "sigmoid": 1 / (6 * np.sqrt(3)), "softplus": 0.25}  # largest |φ''|
DECAY = {"tanh": 2.0, "sigmoid": 1.0, "softplus": 1.0}  # d in |φ''(x)| ≤ 2 d² exp(-d |x|); for tanh 8 exp(-2 |x|)

Array = Float[np.ndarray, "*shape"]


def gamma(terms: int) -> float:
    r"""$\gamma_n = n u / (1 - n u)$, which bounds the relative error of a sum of n products in any order.

    Source: Higham (2002).
    """
    return terms * UNIT / (1 - terms * UNIT)


def upward(terms: int) -> float:
    """The factor that turns a computed sum of `terms` terms of one sign, or of their squares, into an upper bound."""
    return 1 + 2 * gamma(4 * terms + 16)


def norm_above(matrix: Float[np.ndarray, "row column"]) -> float:
    r"""An upper bound of the spectral norm: the Frobenius norm or $\sqrt{\|A\|_1 \|A\|_\infty}$, the smaller one."""
    absolute = np.abs(matrix)
    columns, rows = absolute.sum(axis=0).max(), absolute.sum(axis=1).max()
    with np.errstate(over="ignore"):
        return float(min(np.linalg.norm(absolute), np.sqrt(columns) * np.sqrt(rows))) * upward(matrix.size)


def value_error(activation: str, values: Array) -> Array:
    """A bound on the error of computed values of φ at exact arguments."""
    match activation:
        case "tanh":
            return TANH * np.abs(values) + TINY
        case "sigmoid":
            return np.full_like(values, SIGMOID)
        case "softplus":
            return SOFTPLUS * np.abs(values) + TINY
        case "relu" | "linear":
            return np.zeros_like(values)
        case _:
            return np.full_like(values, HARD_SIGMOID)


def steepest_near(activation: str, current: Array, within: Array) -> Array:
    """A bound on φ' at all currents within a distance of the given ones."""
    if activation not in ("tanh", "sigmoid"):
        return np.ones_like(current)
    rate = DECAY[activation]
    return np.minimum(STEEPEST[activation], rate**2 * _decay(rate, current, within))


def curvature_near(activation: str, current: Array, within: Array) -> Array:
    """A bound on |φ''| at all currents within a distance of the given ones; infinite if a kink is that near."""
    if activation == "linear":
        return np.zeros_like(current)
    if activation == "relu":
        return np.where(np.abs(current) > within * (1 + SLOPE), 0.0, np.inf)
    if activation in HARD_WIDTHS:
        size = np.abs(current)
        away = np.abs(size - HARD_WIDTHS[activation] / 2) - SLOPE * size
        return np.where(away > within * (1 + SLOPE), 0.0, np.inf)
    rate = DECAY[activation]
    return np.minimum(CURVATURE[activation] * (1 + SLOPE), 2 * rate**2 * _decay(rate, current, within))


def _decay(rate: float, current: Array, within: Array) -> Array:
    """An upper bound of exp(-rate |x|) there: 1e-9 covers rounding, TINY a result of 0 for arguments above 745."""
    return np.exp(-rate * np.maximum(np.abs(current) - within, 0)) * (1 + 1e-9) + TINY


def bound_product(bound: Float[np.ndarray, "..."], size: Float[np.ndarray, "..."] | float) -> Float[np.ndarray, "..."]:
    """The product of two bounds; 0 if either is 0, even if the other is infinite."""
    with np.errstate(invalid="ignore"):
        return np.where((bound == 0) | (size == 0), 0.0, bound * size)
