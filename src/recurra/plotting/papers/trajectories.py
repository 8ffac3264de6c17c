"""The paths of the rates by condition, in few coordinates: small multiples of networks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float, Int
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from recurra.plotting.papers.space_grid import Cell, space_grid
from recurra.plotting.papers.state_panel import Drawing
from recurra.plotting.papers.style import COLUMN_MM, MM_PER_INCH, SMALL, in_print
from recurra.plotting.scenes.limits import largest

LONG_NAMES = 14  # signs; longer names stand in fewer columns


@dataclass(frozen=True)
class Trajectories:
    """One network in the coordinates that its panel shows.

    Args:
        title: the panel's title.
        axes: a label for each coordinate.
        paths: the path of the rates in every condition.
    """

    title: str
    axes: tuple[str, ...]
    paths: Float[np.ndarray, "condition probe_time coordinate"]


@dataclass(frozen=True)
class Lines:
    """How the conditions are drawn, the same in all panels.

    Args:
        names: of the conditions.
        colors: of the conditions.
        dashed: whose lines are dashed.
        explained: positions of those that stand in the legend.
    """

    names: Sequence[str]
    colors: Sequence[str]
    dashed: Sequence[bool]
    explained: Sequence[int] | Int[np.ndarray, "explained"]

    def style(self, condition: int) -> Literal["-", "--"]:
        """Of the line of a condition."""
        return "--" if self.dashed[condition] else "-"


@in_print()
def trajectories(panels: Sequence[Trajectories], lines: Lines, time_ms: Float[np.ndarray, "probe_time"]) -> Figure:
    """Small multiples of networks: a line a condition with a dot at its end, all on one scale.

    Three coordinates are drawn in three dimensions, two in the plane, one against time. A network far larger than the
    others has its own scale, and says so.

    Args:
        panels: a network each.
        lines: how the conditions are drawn.
        time_ms: time of the steps, ms; shown where there is one coordinate.
    """
    dimensions = min(3, *(panel.paths.shape[-1] for panel in panels))
    cells = [Cell(panel.title, panel.axes, largest(panel.paths, dimensions)) for panel in panels]
    figure, drawings = space_grid(cells, dimensions, time_ms, legend=True)
    for drawing, panel in zip(drawings, panels, strict=True):
        _draw(drawing, panel, lines)
    narrow = figure.get_figwidth() * MM_PER_INCH < COLUMN_MM + 1
    longest = max(len(lines.names[at]) for at in lines.explained)
    columns = (3 if narrow else 6) // (2 if longest > LONG_NAMES else 1)
    marks = [
        Line2D([], [], label=lines.names[at], color=lines.colors[at], linestyle=lines.style(at))
        for at in lines.explained
    ]
    figure.legend(handles=marks, loc="lower center", ncols=min(max(columns, 1), len(marks)), columnspacing=1.2)
    return figure


def _draw(drawing: Drawing, network: Trajectories, lines: Lines) -> None:
    panel, axes = drawing.panel, drawing.axes
    when = np.linspace(-1, 1, network.paths.shape[1])
    for condition, path in enumerate(network.paths):
        places = panel.page(path, when)
        color, style = lines.colors[condition], lines.style(condition)
        axes.plot(*places.T, color=color, linestyle=style, linewidth=0.8, zorder=3, clip_on=False)
        axes.plot(*places[-1:].T, color=color, marker="o", markersize=2.5, zorder=4, clip_on=False)
    if not np.isfinite(network.paths).any():
        axes.text(0.5, 0.5, "no finite rates", transform=axes.transAxes, ha="center", fontsize=SMALL)
