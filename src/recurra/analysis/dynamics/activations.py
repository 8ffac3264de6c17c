"""The activations with their first and second derivatives, in float64 and for many currents."""

import numpy as np
from jaxtyping import Float

from recurra.engine.rate import HARD_WIDTHS

Currents = Float[np.ndarray, "*shape"]


def value(activation: str, current: Currents) -> Currents:
    """φ of the currents."""
    match activation:
        case "tanh":
            return np.tanh(current)
        case "relu":
            return np.maximum(current, 0)
        case "sigmoid":
            return (1 + np.tanh(current / 2)) / 2
        case "softplus":
            return np.logaddexp(0, current)
        case "linear":
            return current
        case _:
            return np.clip(current / HARD_WIDTHS[activation] + 0.5, 0, 1)


def slope(activation: str, current: Currents) -> Currents:
    """φ' of the currents."""
    match activation:
        case "tanh":
            return 1 - np.tanh(current) ** 2
        case "relu":
            return (current > 0).astype(float)
        case "sigmoid":
            return (1 - np.tanh(current / 2) ** 2) / 4
        case "softplus":
            return (1 + np.tanh(current / 2)) / 2
        case "linear":
            return np.ones_like(current)
        case _:
            width = HARD_WIDTHS[activation]
            return (np.abs(current) < width / 2) / width


def second_slope(activation: str, current: Currents) -> Currents:
    """φ'' of the currents; at a kink, its value on either side."""
    match activation:
        case "tanh":
            return -2 * np.tanh(current) * (1 - np.tanh(current) ** 2)
        case "sigmoid":
            return -np.tanh(current / 2) * (1 - np.tanh(current / 2) ** 2) / 4
        case "softplus":
            return (1 - np.tanh(current / 2) ** 2) / 4
        case _:
            return np.zeros_like(current)
