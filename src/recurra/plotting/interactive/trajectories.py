"""The paths of a network's rates, one a condition: in space, in the plane, or along a line."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float

from recurra.plotting.colors import PAPER
from recurra.plotting.interactive.state_space import scene, xyz
from recurra.plotting.interactive.theme import styled

FEW = 12  # conditions up to which the dots at the ends are large


@dataclass(frozen=True)
class Paths:
    """The rates of one network in a few coordinates, a path a condition.

    Args:
        coordinates: of the rates.
        time_ms: time of the steps, ms.
        names: of the conditions.
        colors: of the conditions.
        dashed: whose lines are dashed.
        axes: the titles of the coordinates.
    """

    coordinates: Float[np.ndarray, "condition time axis"]
    time_ms: Float[np.ndarray, "time"]
    names: Sequence[str]
    colors: Sequence[str]
    dashed: Sequence[bool]
    axes: Sequence[str]


def trajectories(paths: Paths, height: int = 440) -> go.Figure:
    """A line a condition with a dot at its end, in as many dimensions as there are, at most three.

    Args:
        paths: what to draw.
        height: px.
    """
    dimensions = paths.coordinates.shape[-1]
    if dimensions >= 3:
        return _solid(paths, height)
    return _flat(paths, height) if dimensions == 2 else _line(paths, height)


def _solid(paths: Paths, height: int) -> go.Figure:
    figure = go.Figure([go.Scatter3d(**look, **where) for look, where in _lines(paths, width=4)])
    figure.add_trace(go.Scatter3d(**_ends(paths, 5 if len(paths.names) <= FEW else 3), **xyz(paths.coordinates[:, -1])))
    points = paths.coordinates.reshape(-1, paths.coordinates.shape[-1])[:, :3]
    styled(figure, height, margin=(0, 0, 0, 0))
    room = 0.06 * float(np.ptp(points[np.isfinite(points).all(axis=1)], axis=0).max(initial=0)) or 1.0
    figure.update_layout(showlegend=False, scene=scene(points, room, paths.axes))
    return figure


def _flat(paths: Paths, height: int) -> go.Figure:
    figure = go.Figure([go.Scatter(**look, **where) for look, where in _lines(paths, width=2)])
    figure.add_trace(go.Scatter(**_ends(paths, 9 if len(paths.names) <= FEW else 6), **xyz(paths.coordinates[:, -1])))
    styled(figure, height, margin=(64, 24, 24, 52))
    figure.update_layout(showlegend=False)
    figure.update_xaxes(title_text=paths.axes[0], constrain="domain", showgrid=False)
    figure.update_yaxes(title_text=paths.axes[1], scaleanchor="x", constrain="domain", showgrid=False)
    return figure


def _line(paths: Paths, height: int) -> go.Figure:
    """One coordinate against time."""
    time = paths.time_ms.astype(np.float32)
    figure = go.Figure(
        [go.Scatter(**look, x=time, y=where["x"]) for look, where in _lines(paths, width=2)],
    )
    styled(figure, min(height, 320), margin=(64, 32, 16, 48))
    figure.update_layout(showlegend=False)
    figure.update_xaxes(title_text="Time (ms)")
    figure.update_yaxes(title_text=paths.axes[0])
    return figure


def _lines(paths: Paths, width: float) -> Iterator[tuple[dict[str, Any], dict[str, np.ndarray]]]:
    """How the line of each condition looks, and where it runs."""
    rows = zip(paths.names, paths.colors, paths.dashed, paths.coordinates, strict=True)
    for name, color, dashed, path in rows:
        look = {
            "mode": "lines",
            "name": name,
            "line": {"color": color, "width": width, "dash": "dash" if dashed else "solid"},
            "text": [f"{time:g} ms" for time in paths.time_ms],
            "hovertemplate": "%{text}",
        }
        yield look, xyz(path)


def _ends(paths: Paths, size: int) -> dict[str, Any]:
    marker = {"color": list(paths.colors), "size": size, "line": {"color": PAPER, "width": 1}}
    return {
        "mode": "markers",
        "marker": marker,
        "text": list(paths.names),
        "hovertemplate": "%{text}, end<extra></extra>",
    }
