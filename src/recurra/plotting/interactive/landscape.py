"""Fixed points, their unstable directions, and orbits, to be drawn into a state space."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from jaxtyping import Float

from recurra.plotting.colors import INK
from recurra.plotting.scenes.landmarks import Landmarks

LENGTH = 0.08  # of the longest line along an unstable direction, as a share of the drawing


def xyz(points: Float[np.ndarray, "point axis"]) -> dict[str, np.ndarray]:
    """The coordinates of points by the names that plotly gives them; what is too large for a drawing is infinite."""
    with np.errstate(over="ignore"):
        return {name: points[:, at].astype(np.float32) for at, name in enumerate("xyz"[: points.shape[1]])}


def landmark_traces(shown: Landmarks, scale: float, size: float) -> Iterator[dict[str, Any]]:
    """The landmarks as traces of the plane or of space: orbits, unstable directions, saddles, stable points.

    Args:
        shown: what to draw.
        scale: extent of the drawing, in its coordinates.
        size: the size of the markers, px.
    """
    look: dict[str, Any] = {"mode": "lines", "line": {"color": INK, "width": 1.5}, "showlegend": False}
    if len(shown.orbits):
        yield {**look, **xyz(_apart(shown.orbits)), "opacity": 0.75, "hovertemplate": "orbit<extra></extra>"}
    if len(shown.begins):
        ends = shown.begins + LENGTH * scale * shown.directions
        yield {**look, **xyz(_apart(np.stack([shown.begins, ends], axis=1))), "hoverinfo": "skip"}
    for stable in (False, True):
        kept = np.flatnonzero(shown.stable == stable).tolist()
        if kept:
            yield {
                "mode": "markers",
                "marker": {
                    "color": INK,
                    "size": size,
                    "symbol": "circle" if stable else "circle-open",
                    "line": {"color": INK, "width": 0 if stable else 1.5},
                },
                "text": [shown.texts[at] for at in kept],
                "hovertemplate": "%{text}<extra></extra>",
                "name": "stable" if stable else "saddles",
                "showlegend": False,
                **xyz(shown.points[kept]),
            }


def end_traces(shown: Landmarks, last_ms: float, size: float) -> Iterator[dict[str, Any]]:
    """The fixed points where one coordinate is drawn against time: at the end of the time.

    Args:
        shown: what to draw, in one coordinate.
        last_ms: the end of the time axis, ms.
        size: the size of the markers, px.
    """
    for trace in landmark_traces(shown, 1.0, size):
        if trace["mode"] == "markers":
            yield {**trace, "x": np.full(len(trace["x"]), last_ms, np.float32), "y": trace["x"]}


def _apart(lines: Float[np.ndarray, "line at axis"]) -> Float[np.ndarray, "point axis"]:
    """Lines as one, with NaN where the pen is lifted."""
    gap = np.full((len(lines), 1, lines.shape[2]), np.nan)
    return np.concatenate([lines, gap], axis=1).reshape(-1, lines.shape[2])
