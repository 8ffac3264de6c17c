"""The paths of the rates by condition, in few coordinates: small multiples of networks."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from recurra.plotting.papers.space_grid import GridPanel, space_grid
from recurra.plotting.papers.state_panel import PanelAxes
from recurra.plotting.papers.style import COLUMN_MM, MM_PER_INCH, SMALL, in_print
from recurra.plotting.scenes.conditions import Conditions
from recurra.plotting.scenes.space import PathSpace, bound_of

LONG_NAMES = 14  # signs; longer names stand in fewer columns


def line_style(conditions: Conditions, at: int) -> Literal["-", "--"]:
    """Of the line of a condition."""
    return "--" if conditions.dashed[at] else "-"


def condition_marks(conditions: Conditions) -> list[Line2D]:
    """The lines of the conditions that a legend explains."""
    return [
        Line2D([], [], label=conditions.names[at], color=conditions.colors[at], linestyle=line_style(conditions, at))
        for at in conditions.shown
    ]


@in_print()
def trajectories(panels: Sequence[PathSpace]) -> Figure:
    """Small multiples of networks: one line per condition with a dot at its end, all on one scale.

    Three coordinates are drawn in three dimensions, two in the plane, one against time. A network far larger than the
    others has its own scale, which is stated.

    Args:
        panels: one network per panel.
    """
    dimensions, conditions = min(3, *(panel.paths.shape[-1] for panel in panels)), panels[0].conditions
    cells = [GridPanel(panel.name, panel.axes, bound_of(panel, dimensions)) for panel in panels]
    figure, drawings = space_grid(cells, dimensions, panels[0].time_ms, legend=True)
    for drawing, panel in zip(drawings, panels, strict=True):
        _draw(drawing, panel)
    narrow = figure.get_figwidth() * MM_PER_INCH < COLUMN_MM + 1
    longest, marks = max(map(len, conditions.shown_names)), condition_marks(conditions)
    columns = (3 if narrow else 6) // (2 if longest > LONG_NAMES else 1)
    figure.legend(handles=marks, loc="lower center", ncols=min(max(columns, 1), len(marks)), columnspacing=1.2)
    return figure


def _draw(drawing: PanelAxes, space: PathSpace) -> None:
    panel, axes, conditions = drawing.panel, drawing.axes, space.conditions
    when = 2 * space.time_ms / (float(space.time_ms[-1]) or 1.0) - 1
    for condition, path in enumerate(space.paths):
        places = panel.page(path, when)
        color, style = conditions.colors[condition], line_style(conditions, condition)
        axes.plot(*places.T, color=color, linestyle=style, linewidth=0.8, zorder=3, clip_on=False)
        axes.plot(*places[-1:].T, color=color, marker="o", markersize=2.5, zorder=4, clip_on=False)
    if not np.isfinite(space.paths).any():
        axes.text(0.5, 0.5, "no finite rates", transform=axes.transAxes, ha="center", fontsize=SMALL)
