"""The look that all interactive figures share; its neutral colours have partners in `colors.DARK` for a dark page."""

from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go

from recurra.plotting.colors import FRAME, GRID, INK, PAPER

FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif'
CLEAR = "rgba(0,0,0,0)"
AXIS: Mapping[str, Any] = {
    "gridcolor": GRID,
    "linecolor": FRAME,
    "tickcolor": FRAME,
    "zeroline": False,
    "showline": True,
    "ticks": "outside",
    "ticklen": 4,
    "automargin": False,
    "title": {"standoff": 8, "font": {"size": 12}},
    "tickfont": {"size": 11},
}


LOOK = go.layout.Template(
    layout={
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
        "font": {"family": FONT, "size": 12, "color": INK},
        "hoverlabel": {"bgcolor": PAPER, "bordercolor": FRAME, "font": {"family": FONT, "size": 12, "color": INK}},
        "modebar": {"bgcolor": CLEAR, "color": FRAME, "activecolor": INK},
        "legend": {"orientation": "h", "x": 1, "xanchor": "right", "y": 1, "yanchor": "bottom", "bgcolor": CLEAR},
        "xaxis": AXIS,
        "yaxis": AXIS,
    }
)


def styled(figure: go.Figure, height: int, margin: tuple[int, int, int, int] = (56, 16, 36, 44)) -> go.Figure:
    """The figure in the common look.

    Args:
        figure: changed in place.
        height: px.
        margin: left, right, top and bottom, px.
    """
    left, right, top, bottom = margin
    figure.update_layout(template=LOOK, height=height, margin={"l": left, "r": right, "t": top, "b": bottom})
    return figure.update_annotations(font={"size": 12, "color": INK})


def note(x: float, y: float, text: str, **more: Any) -> dict[str, Any]:
    """A small text in the figure, without an arrow unless `more` asks for one."""
    return {"x": x, "y": y, "text": text, "showarrow": False, "font": {"size": 11, "color": INK}, **more}
