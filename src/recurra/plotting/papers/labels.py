"""Where labels go so that they cover neither points nor each other."""

import numpy as np
from jaxtyping import Bool, Float

DIRECTIONS = 12
Places = Float[np.ndarray, "_place 2"]


def label_offsets(points: Places, lines: Places, size: tuple[float, float], clearance: float) -> Places:
    """Offsets from points to the centres of their labels, chosen one after the other.

    A label prefers the direction away from the middle of all points, and turns where it would cover a point, a
    label that has its place already, or a line.

    Args:
        points: where the points are, in units of the page (such as typographic points).
        lines: points on lines that a label would better not cover.
        size: width and height of every label.
        clearance: from a point to the nearest edge of its label.
    """
    angles = 2 * np.pi * np.arange(DIRECTIONS) / DIRECTIONS
    directions = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    half = np.array(size) / 2
    reach = 1 / np.maximum(np.abs(directions) / (half + clearance), 1e-9).max(axis=1, keepdims=True)
    candidates = directions * reach
    outward = points - points.mean(axis=0)
    outward /= np.maximum(np.linalg.norm(outward, axis=1, keepdims=True), 1e-9)
    placed = np.empty((0, 2))
    for point, away in zip(points, outward, strict=True):
        places = point + candidates
        cost = 3.0 * _covered(places, placed, 2 * half).sum(axis=1)
        cost = cost + 2.0 * _covered(places, points, half + clearance / 2).sum(axis=1) - directions @ away
        cost = cost + 0.7 * _covered(places, lines, half).any(axis=1)
        placed = np.vstack([placed, places[np.argmin(cost)]])
    return placed - points


def _covered(places: Places, others: Places, distance: Float[np.ndarray, "2"]) -> Bool[np.ndarray, "label other"]:
    """Which of the others are nearer than `distance`, across and up."""
    near = np.abs(places[:, None] - others[None]) < distance
    return near[..., 0] & near[..., 1]
