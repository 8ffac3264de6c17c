"""Psychometric and chronometric curves of one network."""

from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from recurra.plotting.colors import INPUT
from recurra.plotting.interactive.theme import note, styled
from recurra.plotting.scenes.choices import ChoiceCurves, ContextCurve

HEIGHT = 320  # px


def choice_curves(panels: tuple[ChoiceCurves, ...]) -> go.Figure:
    """A panel for each kind of curve: dots with 95 % intervals, and a line, for each context.

    Args:
        panels: what each panel shows.
    """
    figure = make_subplots(rows=1, cols=len(panels), horizontal_spacing=0.1)
    for column, panel in enumerate(panels, 1):
        for one in panel.contexts:
            figure.add_trace(_line(one), row=1, col=column)
            figure.add_trace(_dots(one, panel.named and column == 1), row=1, col=column)
    styled(figure, HEIGHT, margin=(64, 12, 40, 48))
    for column, panel in enumerate(panels, 1):
        _panel_axes(figure, panel, column)
    return figure


def _panel_axes(figure: go.Figure, panel: ChoiceCurves, column: int) -> None:
    place: Any = {"row": 1, "col": column}
    neutral = {"color": INPUT, "width": 1}
    dash = {"dash": "dash"} if panel.level_name else {}
    figure.add_hline(y=panel.level, line={**neutral, **dash}, layer="below", **place)
    if panel.zero:
        figure.add_vline(x=0, line=neutral, layer="below", **place)
    if panel.level_name:
        end = float(panel.contexts[0].level[-1])
        above = note(end, panel.level, panel.level_name, xanchor="right", yanchor="bottom")
        figure.add_annotation(**above, **place)
    low, high = panel.limits
    top = {"range": [low, high]} if high is not None else {"rangemode": "tozero"}
    figure.update_xaxes(title_text=panel.across, **place)
    figure.update_yaxes(title_text=panel.upwards, **top, **place)


def _line(one: ContextCurve) -> go.Scatter:
    x, y = one.line.astype(np.float32)
    look = {"color": one.color, "width": 1.6}
    return go.Scatter(x=x, y=y, mode="lines", line=look, legendgroup=one.name, showlegend=False, hoverinfo="skip")


def _dots(one: ContextCurve, named: bool) -> go.Scatter:
    ends = {"array": one.high - one.value, "arrayminus": one.value - one.low, "symmetric": False}
    return go.Scatter(
        x=one.level,
        y=one.value,
        error_y={"type": "data", "thickness": 1.2, "width": 0, **ends},
        mode="markers",
        marker={"color": one.color, "size": 7},
        name=one.name,
        legendgroup=one.name,
        showlegend=named,
        text=list(one.texts),
        hovertemplate="%{text}<extra></extra>",
    )
