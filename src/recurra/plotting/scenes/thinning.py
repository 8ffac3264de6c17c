"""Lines with fewer points that look the same."""

import numpy as np
from jaxtyping import Float, Int

TOLERANCE = 0.5  # px: how far a line may lie from where it would with all its points


def kept_points(points: Float[np.ndarray, "at axis"], tolerance: float = TOLERANCE) -> Int[np.ndarray, "kept"]:
    """Which points of a line are enough: no other is farther from the line through them than the tolerance.

    The points are added that are farthest from the line so far, as Ramer and Douglas and Peucker do it. Of points that
    are not finite, where the pen is lifted, all are kept.

    Args:
        points: in pixels.
        tolerance: px.
    """
    finite = np.logical_and.reduce(np.isfinite(points), axis=1)
    border = np.append(True, finite[1:] != finite[:-1])
    kept = border | np.append(border[1:], True) | ~finite
    while True:
        ends = np.flatnonzero(kept)
        away = np.where(finite, _distances(np.where(finite[:, None], points, 0.0), ends), 0.0)
        begins = ends[:-1]
        farthest = np.maximum.reduceat(away, begins) if len(begins) else np.zeros(0)
        far = farthest > tolerance
        if not far.any():
            return ends
        segment = np.searchsorted(ends, np.arange(len(points)), side="right") - 1
        segment = np.minimum(segment, len(begins) - 1)
        reached = far[segment] & (away == farthest[segment])
        first = np.unique(segment[reached], return_index=True)[1]
        kept[np.flatnonzero(reached)[first]] = True


def _distances(points: Float[np.ndarray, "at axis"], ends: Int[np.ndarray, "kept"]) -> Float[np.ndarray, "at"]:
    """Of every point from the stretch of line between the kept points around it."""
    at = np.arange(len(points))
    before = ends[np.maximum(np.searchsorted(ends, at, side="right") - 1, 0)]
    after = ends[np.minimum(np.searchsorted(ends, at, side="left"), len(ends) - 1)]
    along, reach = points[after] - points[before], points - points[before]
    length = (along**2).sum(axis=1)
    share = np.divide((along * reach).sum(axis=1), length, out=np.zeros(len(at)), where=length > 0).clip(0, 1)
    return np.linalg.norm(reach - share[:, None] * along, axis=1)
