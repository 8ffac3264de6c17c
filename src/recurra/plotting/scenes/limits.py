"""How far axes and colours reach, so that networks can be compared."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float


def shared_bound(bounds: Sequence[float], factor: float = 3.0) -> float:
    """One bound for small multiples: the largest, unless it is above `factor` times the median (a diverged network)."""
    finite = [bound for bound in bounds if np.isfinite(bound) and bound > 0]
    return min(max(finite), factor * float(np.median(finite))) if finite else 1.0


def largest(points: Float[np.ndarray, "*batch coordinate"], dimensions: int) -> float:
    """The largest modulus of the first coordinates; 1 where there is none."""
    parts = points[..., :dimensions]
    return float(np.abs(parts[np.isfinite(parts)]).max(initial=0)) or 1.0
