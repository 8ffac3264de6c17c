"""The paths of a network's rates, one a condition: in space, in the plane, or along a line."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float

from recurra.plotting.colors import PAPER
from recurra.plotting.interactive.landscape import end_traces, landmark_traces, xyz
from recurra.plotting.interactive.state_space import scene
from recurra.plotting.interactive.theme import styled
from recurra.plotting.scenes.space import PathSpace

FEW = 12  # conditions up to which the dots at the ends are large


def trajectories(paths: PathSpace, height: int = 440) -> go.Figure:
    """One line per condition with a dot at its end, in at most three dimensions.

    Args:
        paths: what to draw.
        height: px.
    """
    dimensions = paths.paths.shape[-1]
    if dimensions >= 3:
        return _solid(paths, height)
    return _flat(paths, height) if dimensions == 2 else _line(paths, height)


def _finite(paths: PathSpace) -> Float[np.ndarray, "at axis"]:
    return paths.points[np.isfinite(paths.points).all(axis=1)]


def _scale(paths: PathSpace) -> float:
    """The largest extent of what is drawn."""
    points = _finite(paths)
    return float(np.ptp(points, axis=0).max(initial=0)) if len(points) else 0.0


def _solid(paths: PathSpace, height: int) -> go.Figure:
    figure = go.Figure([go.Scatter3d(**look, **where) for look, where in _lines(paths, width=4)])
    figure.add_trace(go.Scatter3d(**_ends(paths, 5, 3), **xyz(paths.paths[:, -1])))
    if paths.landmarks:
        figure.add_traces([go.Scatter3d(**trace) for trace in landmark_traces(paths.landmarks, _scale(paths), size=5)])
    styled(figure, height, margin=(0, 0, 0, 0))
    figure.update_layout(showlegend=False, scene=scene(_finite(paths)[:, :3], 0.06 * _scale(paths) or 1.0, paths.axes))
    return figure


def _flat(paths: PathSpace, height: int) -> go.Figure:
    figure = go.Figure([go.Scatter(**look, **where) for look, where in _lines(paths, width=2)])
    figure.add_trace(go.Scatter(**_ends(paths, 9, 6), **xyz(paths.paths[:, -1])))
    if paths.landmarks:
        figure.add_traces([go.Scatter(**trace) for trace in landmark_traces(paths.landmarks, _scale(paths), size=8)])
    styled(figure, height, margin=(64, 24, 24, 52))
    figure.update_layout(showlegend=False)
    figure.update_xaxes(title_text=paths.axes[0], constrain="domain", showgrid=False)
    figure.update_yaxes(title_text=paths.axes[1], scaleanchor="x", constrain="domain", showgrid=False)
    return figure


def _line(paths: PathSpace, height: int) -> go.Figure:
    """One coordinate against time."""
    time = paths.time_ms.astype(np.float32)
    figure = go.Figure(
        [go.Scatter(**look, x=time, y=where["x"]) for look, where in _lines(paths, width=2)],
    )
    if paths.landmarks:
        traces = end_traces(paths.landmarks, float(paths.time_ms[-1]), size=8)
        figure.add_traces([go.Scatter(**trace) for trace in traces])
    styled(figure, min(height, 320), margin=(64, 32, 16, 48))
    figure.update_layout(showlegend=False)
    figure.update_xaxes(title_text="Time (ms)")
    figure.update_yaxes(title_text=paths.axes[0])
    return figure


def _lines(paths: PathSpace, width: float) -> Iterator[tuple[dict[str, Any], dict[str, np.ndarray]]]:
    """How the line of each condition looks, and where it runs."""
    rows = zip(paths.conditions.names, paths.conditions.colors, paths.conditions.dashed, paths.paths, strict=True)
    for name, color, dashed, path in rows:
        look = {
            "mode": "lines",
            "name": name,
            "line": {"color": color, "width": width, "dash": "dash" if dashed else "solid"},
            "text": [f"{time:g} ms" for time in paths.time_ms],
            "hovertemplate": "%{text}",
        }
        yield look, xyz(path)


def _ends(paths: PathSpace, large: int, small: int) -> dict[str, Any]:
    size = large if len(paths.conditions.names) <= FEW else small
    marker = {"color": list(paths.conditions.colors), "size": size, "line": {"color": PAPER, "width": 1}}
    return {
        "mode": "markers",
        "marker": marker,
        "text": list(paths.conditions.names),
        "hovertemplate": "%{text}, end<extra></extra>",
    }
