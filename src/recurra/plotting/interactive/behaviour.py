"""Inputs, targets and outputs of a network."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from recurra.plotting.colors import DASHES, text_on
from recurra.plotting.interactive.theme import styled
from recurra.plotting.scenes.signals import MemoryWalk, SignalRow, Signals

ROW, INPUT_ROW = 92, 60  # px
PANEL = 132  # px a condition
COLUMNS = 4  # of conditions
WIDTHS = {"input": 1.0, "target": 1.4, "output": 2.0}
MARKED = 20  # steps from which Plotly draws lines alone
NAMED, SHORT = 40, 4  # stretches of a walk, and bits of a state, up to which the states have names


def sample_trials(scene: Signals) -> go.Figure:
    """One column per trial; the scene defines the rows.

    Args:
        scene: the signals.
    """
    heights = [ROW if row.asked else INPUT_ROW for row in scene.rows]
    figure = make_subplots(
        rows=len(heights),
        cols=len(scene.panels),
        shared_xaxes=True,
        shared_yaxes=True,
        row_heights=heights,
        horizontal_spacing=0.025,
        vertical_spacing=14 / (sum(heights) - 8),
        column_titles=list(scene.panels),
    )
    new = set(scene.looks)
    for panel in range(len(scene.panels)):
        for at, row in enumerate(scene.rows, 1):
            for line in _curves(scene, row, panel, new):
                figure.add_trace(line, row=at, col=panel + 1)
    styled(figure, 96 + sum(heights), margin=(64, 12, 56, 48))
    _row_axes(figure, scene)
    figure.update_xaxes(title_text="Time (ms)", row=len(heights))
    for at in range(1, len(heights)):
        figure.update_xaxes(ticks="", row=at)
    figure.update_layout(legend={"y": 1, "yref": "container", "yanchor": "top"})
    return figure


def probe_answers(scene: Signals) -> go.Figure:
    """Small multiples, one panel per condition: target and output.

    Args:
        scene: the signals, in one row.
    """
    (row,), count = scene.rows, len(scene.panels)
    columns = min(COLUMNS, count)
    lines = -(-count // columns)
    height = 96 + PANEL * lines
    figure = make_subplots(
        rows=lines,
        cols=columns,
        shared_xaxes=True,
        shared_yaxes=True,
        specs=[[{} if line * columns + at < count else None for at in range(columns)] for line in range(lines)],
        horizontal_spacing=0.02,
        vertical_spacing=34 / (height - 104) if lines > 1 else 0.0,
        subplot_titles=list(scene.panels),
    )
    new = set(scene.looks)
    for at in range(count):
        for line in _curves(scene, row, at, new):
            figure.add_trace(line, row=at // columns + 1, col=at % columns + 1)
    styled(figure, height, margin=(64, 12, 56, 48))
    for at in range(count):
        lowest = at + columns >= count
        title = "Time (ms)" if lowest else ""
        figure.update_xaxes(title_text=title, showticklabels=lowest, row=at // columns + 1, col=at % columns + 1)
    figure.update_yaxes(range=row.span, nticks=4)
    figure.update_yaxes(title_text=row.title, col=1)
    figure.update_layout(legend={"y": 1, "yref": "container", "yanchor": "top"})
    return figure


def cube_walk(scene: MemoryWalk) -> go.Figure:
    """The walk through all memory states, one row per bit, and the requested state as a coloured band below.

    Args:
        scene: the walk.
    """
    signals, bits = scene.signals, len(scene.signals.rows)
    heights = [ROW] * bits + [18 + 12 * min(bits, SHORT)]
    figure = make_subplots(rows=bits + 1, cols=1, shared_xaxes=True, row_heights=heights, vertical_spacing=0.018)
    new = set(signals.looks)
    for at, row in enumerate(signals.rows, 1):
        for line in _curves(signals, row, 0, new):
            figure.add_trace(line, row=at, col=1)
    figure.add_trace(_band(scene), row=bits + 1, col=1)
    styled(figure, 84 + sum(heights), margin=(64, 12, 32, 48))
    _row_axes(figure, signals)
    figure.update_yaxes(visible=False, range=(-0.5, 0.5), row=bits + 1)
    for at in range(1, bits + 1):
        figure.update_xaxes(ticks="", row=at)
    figure.update_xaxes(title_text="Time (ms)", row=bits + 1)
    figure.update_layout(legend={"y": 1, "yref": "container", "yanchor": "top"})
    if len(scene.names) <= NAMED and bits <= SHORT:
        _name_band(figure, scene)
    return figure


def _curves(scene: Signals, row: SignalRow, panel: int, new: set[str]) -> Iterator[go.Scatter]:
    """The curves of one panel; the first of each kind stands in the legend, and is no longer new."""
    for curve in row.curves:
        name, color = scene.looks[curve.kind]
        yield go.Scatter(
            x0=float(scene.time_ms[0]),
            dx=float(scene.time_ms[1] - scene.time_ms[0]) if len(scene.time_ms) > 1 else 1.0,
            y=curve.values[panel].astype(np.float32),
            mode="lines" if len(scene.time_ms) < MARKED else None,
            name=name,
            legendgroup=curve.kind,
            showlegend=curve.kind in new,
            line={"color": color, "width": WIDTHS[curve.kind], "dash": None if curve.dash == DASHES[0] else curve.dash},
            hovertemplate="%{y:.2f} at %{x:.0f} ms",
        )
        new.discard(curve.kind)


def _row_axes(figure: go.Figure, scene: Signals) -> None:
    for at, row in enumerate(scene.rows, 1):
        figure.update_yaxes(range=row.span, nticks=4, row=at)
        figure.update_yaxes(title_text=row.title, row=at, col=1)


def _band(scene: MemoryWalk) -> go.Heatmap:
    """Every stretch by the number of its colour."""
    colors = list(dict.fromkeys(scene.colors))
    edges = np.arange(len(colors) + 1) / len(colors)
    time_ms = scene.signals.time_ms
    step = float(time_ms[1] - time_ms[0]) if len(time_ms) > 1 else 1.0
    return go.Heatmap(
        x=float(time_ms[0]) + step * (scene.begins - 0.5),
        z=np.array([[colors.index(color) for color in scene.colors]], np.int16),
        text=np.array([[name or "not set" for name in scene.names]]),
        zmin=-0.5,
        zmax=len(colors) - 0.5,
        colorscale=[[edges[at + side], color] for at, color in enumerate(colors) for side in (0, 1)],
        showscale=False,
        hovertemplate="memory state %{text}<extra></extra>",
    )


def _name_band(figure: go.Figure, scene: MemoryWalk) -> None:
    row, time_ms = len(scene.signals.rows) + 1, scene.signals.time_ms
    stretches = zip(pairwise(scene.begins), scene.names, scene.colors, strict=True)
    names = [
        {
            "x": float(time_ms[begin] + time_ms[end - 1]) / 2,
            "y": 0,
            "xref": f"x{row}",
            "yref": f"y{row}",
            "text": name.replace(" ", "<br>"),
            "showarrow": False,
            "font": {"size": 10, "color": text_on(color)},
        }
        for (begin, end), name, color in stretches
        if name
    ]
    figure.update_layout(annotations=names)
