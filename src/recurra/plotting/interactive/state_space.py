"""The path of a network's rates between its memory states: in space, in the plane, or along a line."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float

from recurra.plotting.colors import FRAME, GRID, INK, PAPER, START
from recurra.plotting.interactive.landscape import end_traces, landmark_traces, xyz
from recurra.plotting.interactive.meshes import broken_line, unit_sphere
from recurra.plotting.interactive.theme import FONT, styled
from recurra.plotting.scenes.space import MemorySpace, lifted

EYE = {"x": 0.95, "y": -1.8, "z": 0.85}
CLEAR_SPHERE = 0.5  # opacity of a memory state in which fixed points are to be seen
DIAGONAL = 2.3  # of the box that the axes span; the greater, the larger it stands in its panel


def state_space(portrait: MemorySpace, height: int = 440, divisions: int = 2) -> go.Figure:
    """The path, the memory states and the fitted parallelepiped, in as many dimensions as there are, at most three.

    Args:
        portrait: what to draw.
        height: px.
        divisions: how finely spheres are divided.
    """
    dimensions = portrait.path.shape[1]
    if dimensions >= 3:
        return _solid(portrait, height, divisions)
    return _flat(portrait, height) if dimensions == 2 else _line(portrait, height)


def _solid(portrait: MemorySpace, height: int, divisions: int) -> go.Figure:
    figure = go.Figure([go.Scatter3d(**line) for line in _paths(portrait)])
    scale = _scale(portrait)
    if len(portrait.edges):
        edges = broken_line(portrait.corners, portrait.edges)
        look = {"color": INK, "width": 3}
        figure.add_trace(go.Scatter3d(**xyz(edges), mode="lines", line=look, opacity=0.55, hoverinfo="skip"))
        figure.add_traces(_spheres(portrait, 0.042 * scale, divisions))
        figure.add_trace(_names(portrait, 0.055 * scale))
    else:
        figure.add_trace(go.Scatter3d(**_dots(portrait, 4), **xyz(portrait.means)))
    if portrait.landmarks:
        figure.add_traces([go.Scatter3d(**trace) for trace in landmark_traces(portrait.landmarks, scale, size=4)])
    styled(figure, height, margin=(0, 0, 0, 0))
    figure.update_layout(showlegend=False, scene=_scene(portrait, 0.13 * scale))
    return figure


def _scene(portrait: MemorySpace, room: float) -> dict[str, Any]:
    return scene(portrait.points, room, portrait.axes)


def _scale(portrait: MemorySpace) -> float:
    """How far apart the memory states are."""
    return float(np.ptp(portrait.means, axis=0).max()) or 1.0


def scene(points: Float[np.ndarray, "point axis"], room: float, titles: Sequence[str]) -> dict[str, Any]:
    """Axes of one scale that hold some points; in all panels the diagonal has the same length.

    Args:
        points: the points to draw; a point that is not finite is left out.
        room: around them.
        titles: the titles of the three axes.
    """
    points = points[np.isfinite(points).all(axis=1)]
    low, high = points.min(axis=0) - room, points.max(axis=0) + room
    ratio = DIAGONAL * (high - low) / np.linalg.norm(high - low)
    look = {"showbackground": False, "gridcolor": GRID, "linecolor": FRAME, "zeroline": False, "nticks": 5}
    look |= {"tickfont": {"size": 10}, "showspikes": False}
    axes = {
        name: {**look, "range": (low[at], high[at]), "title": {"text": titles[at], "font": {"size": 12}}}
        for at, name in enumerate(("xaxis", "yaxis", "zaxis"))
    }
    return {
        **axes,
        "aspectmode": "manual",
        "aspectratio": dict(zip("xyz", ratio.tolist(), strict=True)),
        "camera": {"eye": EYE, "projection": {"type": "orthographic"}},
    }


def _flat(portrait: MemorySpace, height: int) -> go.Figure:
    figure = go.Figure([go.Scatter(**line) for line in _paths(portrait)])
    edges = broken_line(portrait.corners, portrait.edges)
    figure.add_trace(go.Scatter(**xyz(edges), mode="lines", line={"color": INK, "width": 1.5}, hoverinfo="skip"))
    figure.add_trace(go.Scatter(**_dots(portrait, 13), **xyz(portrait.means)))
    if portrait.landmarks:
        traces = landmark_traces(portrait.landmarks, _scale(portrait), size=6)
        figure.add_traces([go.Scatter(**trace) for trace in traces])
    styled(figure, height, margin=(64, 24, 24, 52))
    figure.update_layout(showlegend=False)
    figure.update_xaxes(title_text=portrait.axes[0], constrain="domain", showgrid=False)
    figure.update_yaxes(title_text=portrait.axes[1], scaleanchor="x", constrain="domain", showgrid=False)
    for name, mean in zip(portrait.names, portrait.means, strict=True):
        outward = np.sign(mean - portrait.means.mean(axis=0))
        shift = {"xshift": 20 * outward[0], "yshift": 16 * outward[1]}
        figure.add_annotation(x=mean[0], y=mean[1], text=name, showarrow=False, **shift)
    return figure


def _line(portrait: MemorySpace, height: int) -> go.Figure:
    """One coordinate against time: what a single bit leaves to see."""
    look = {
        "mode": "lines",
        "line": {"color": START, "width": 1.5},
        "hovertemplate": "%{y:.3f} at %{x:.0f} ms<extra></extra>",
    }
    figure = go.Figure(
        go.Scatter(x=portrait.time_ms.astype(np.float32), y=portrait.path[:, 0].astype(np.float32), **look)
    )
    for at, (name, mean, color) in enumerate(zip(portrait.names, portrait.means, portrait.colors, strict=True)):
        during = portrait.path_state == at
        figure.add_trace(
            go.Scatter(
                x=portrait.time_ms.astype(np.float32),
                y=np.where(during, portrait.path[:, 0], np.nan).astype(np.float32),
                mode="lines",
                line={"color": color, "width": 2.5},
                hoverinfo="skip",
            )
        )
        figure.add_hline(y=float(mean[0]), line={"color": color, "width": 1, "dash": "dash"})
        figure.add_annotation(x=1, xref="paper", y=float(mean[0]), text=name, showarrow=False, xanchor="left", xshift=6)
    if portrait.landmarks:
        traces = end_traces(portrait.landmarks, float(portrait.time_ms[-1]), size=7)
        figure.add_traces([go.Scatter(**trace) for trace in traces])
    styled(figure, min(height, 320), margin=(64, 32, 16, 48))
    figure.update_layout(showlegend=False)
    figure.update_xaxes(title_text="Time (ms)")
    figure.update_yaxes(title_text=portrait.axes[0])
    return figure


def _paths(portrait: MemorySpace) -> list[dict[str, Any]]:
    """The path, a line for each memory state that is asked for, pale in its colour; each reaches on to the next."""
    lines = []
    for name, color, steps in portrait.pieces():
        look = {"mode": "lines", "line": {"color": color, "width": 2}, "opacity": 0.5}
        look["hovertemplate"] = f"asked for: {name}<extra></extra>"
        lines.append({**look, **xyz(lifted(portrait.path, steps))})
    return lines


def _dots(portrait: MemorySpace, size: int) -> dict[str, Any]:
    marker = {"color": portrait.colors, "size": size, "line": {"color": PAPER, "width": 1.5}}
    return {
        "mode": "markers",
        "marker": marker,
        "text": portrait.names,
        "hovertemplate": "memory %{text}<extra></extra>",
    }


def _spheres(portrait: MemorySpace, radius: float, divisions: int) -> list[go.Mesh3d]:
    corners, faces = unit_sphere(divisions)
    i, j, k = faces.astype(np.uint8 if len(corners) < 256 else np.uint16).T
    opacity = CLEAR_SPHERE if portrait.landmarks and len(portrait.landmarks.points) else 1.0
    light = {"ambient": 0.62, "diffuse": 0.55, "specular": 0.25, "roughness": 0.45, "fresnel": 0.1}
    traces = []
    for name, mean, color in zip(portrait.names, portrait.means, portrait.colors, strict=True):
        where = xyz(mean + radius * corners)
        hover = f"memory {name}<extra></extra>"
        traces.append(
            go.Mesh3d(
                **where,
                i=i,
                j=j,
                k=k,
                color=color,
                opacity=opacity,
                lighting=light,
                flatshading=False,
                hovertemplate=hover,
            )
        )
    return traces


def _names(portrait: MemorySpace, distance: float) -> go.Scatter3d:
    """The states' names, above the upper ones and below the lower ones, away from the edges."""
    above = portrait.means[:, 2] >= portrait.means[:, 2].mean()
    shift = np.zeros_like(portrait.means)
    shift[:, 2] = np.where(above, distance, -distance)
    return go.Scatter3d(
        **xyz(portrait.means + shift),
        mode="text",
        text=portrait.names,
        textposition=np.where(above, "top center", "bottom center").tolist(),
        textfont={"size": 14, "color": INK, "family": FONT},
        hoverinfo="skip",
    )
