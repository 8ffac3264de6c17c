"""Fixed points and orbits among the memory states, or the paths of the rates: small multiples of networks."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from recurra.plotting.colors import INK, PAPER, mix
from recurra.plotting.papers.projection import REACH
from recurra.plotting.papers.space_grid import GridPanel, space_grid
from recurra.plotting.papers.state_panel import StatePanel
from recurra.plotting.papers.state_space import state_space
from recurra.plotting.papers.style import COLUMN_MM, MM_PER_INCH, SMALL, columns_for, in_print
from recurra.plotting.papers.trajectories import condition_marks, line_style
from recurra.plotting.scenes.landmarks import Landmarks
from recurra.plotting.scenes.space import MemorySpace, PathSpace, bound_of
from recurra.wording import number_of

STABLE, SADDLE = 2.2, 3.4  # sizes of the marks where there is room, points; a stable one stands on a memory's sphere
LENGTH = 0.16  # of a network's longest direction, as a share of half the panel's box
ORBIT = mix(INK, PAPER, 0.1)
LEGEND_MM = 4.0  # a row of the legend


@in_print()
def landscape_of_states(panels: Sequence[MemorySpace]) -> Figure:
    """The panels of `state_space`, with fixed points and orbits in them.

    Stable points are filled, unstable ones open, with short lines in their unstable directions where these are three or
    fewer: the more of a direction is seen in the panel's coordinates, the longer. Orbits are thin loops. Points far
    outside of what is drawn are left out, and counted.

    Args:
        panels: one network per panel, with its landmarks.
    """
    dimensions = min(3, *(panel.means.shape[1] for panel in panels))
    return _marked(state_space(panels), panels, dimensions)


@in_print()
def landscape_of_paths(panels: Sequence[PathSpace]) -> Figure:
    """The paths of the rates by condition, thin and pale, with fixed points and orbits as in `landscape_of_states`.

    Args:
        panels: one network per panel, with its landmarks.
    """
    dimensions, conditions = min(3, *(panel.paths.shape[-1] for panel in panels)), panels[0].conditions
    cells = [GridPanel(panel.name, panel.axes, bound_of(panel, dimensions)) for panel in panels]
    figure, drawings = space_grid(cells, dimensions, panels[0].time_ms, legend=True)
    for drawing, panel in zip(drawings, panels, strict=True):
        when = 2 * panel.time_ms / (float(panel.time_ms[-1]) or 1.0) - 1
        for condition, path in enumerate(panel.paths):
            color, style = mix(conditions.colors[condition], PAPER, 0.25), line_style(conditions, condition)
            places = drawing.panel.page(path, when)
            drawing.axes.plot(*places.T, color=color, linestyle=style, linewidth=0.6, zorder=3, clip_on=False)
    columns = 6 if _wide(figure) else 3
    figure.legend(handles=condition_marks(conditions), loc="lower center", ncols=columns, columnspacing=1.2)
    return _marked(figure, panels, dimensions)


def _wide(figure: Figure) -> bool:
    return figure.get_figwidth() * MM_PER_INCH > COLUMN_MM + 1


def _marked(figure: Figure, panels: Sequence[MemorySpace | PathSpace], dimensions: int) -> Figure:
    detailed = columns_for(len(panels)) <= 3
    marks = [panel.landmarks for panel in panels]
    for axes, landmarks in zip(list(figure.axes), marks, strict=True):
        left, right = axes.get_xlim()
        bound = (right - left) / 2 / (REACH if dimensions == 3 else 1)
        if landmarks is not None:
            _mark(axes, StatePanel(dimensions, bound, detailed, named=False), landmarks)
    handles = _handles([landmarks for landmarks in marks if landmarks is not None])
    columns = 4 if _wide(figure) else 2
    if handles:
        _heighten(figure, LEGEND_MM * -(-len(handles) // columns) + 1)
        figure.legend(handles=handles, loc="upper center", ncols=columns, columnspacing=1.2, borderaxespad=0.2)
    return figure


def _mark(axes: Axes, panel: StatePanel, landmarks: Landmarks) -> None:
    """Orbits, directions and points of one network."""
    size = 1.0 if panel.detailed else 0.7
    for orbit in landmarks.orbits:
        path = panel.page(orbit, np.ones(len(orbit)))
        axes.plot(*path.T, color=ORBIT, linewidth=0.6 * size, zorder=3.5, clip_on=False)
    axes.add_collection(_directions(landmarks, panel, 0.8 * size), autolim=False)
    for stable, fill, diameter, order in ((False, PAPER, SADDLE, 4.6), (True, INK, STABLE, 4.7)):
        own = landmarks.points[landmarks.stable == stable]
        places = panel.page(own, np.ones(len(own)))
        style = {"facecolors": fill, "edgecolors": INK, "linewidths": 0.6 * size, "clip_on": False}
        axes.scatter(*places.T, s=(diameter * size) ** 2, zorder=order, **style)
    if landmarks.hidden:
        told = f"{number_of(landmarks.hidden, 'fixed point')} not in view"
        axes.text(0.5, 0.99, told, transform=axes.transAxes, ha="center", va="top", fontsize=SMALL)


def _directions(landmarks: Landmarks, panel: StatePanel, width: float) -> LineCollection:
    """Short lines from the saddles with few unstable modes."""
    begins = landmarks.begins[:, : panel.dimensions]
    ends = begins + LENGTH * panel.bound * landmarks.directions[:, : panel.dimensions]
    lines = [panel.page(place, np.ones(len(begins))) for place in (begins, ends)]
    return LineCollection(list(np.stack(lines, axis=1)), colors=INK, linewidths=width, zorder=4.5, clip_on=False)


def _handles(marks: Sequence[Landmarks]) -> list[Line2D]:
    """The meaning of the marks that occur."""
    stable = np.concatenate([np.zeros(0, bool), *(one.stable for one in marks)])
    dot = {"color": INK, "marker": "o", "linestyle": "none", "markeredgewidth": 0.6}
    line = {"linestyle": "-", "linewidth": 0.8}
    kinds = [
        (stable.any(), Line2D([], [], label="stable fixed point", markersize=STABLE, **dot)),
        ((~stable).any(), Line2D([], [], label="saddle", markersize=SADDLE, markerfacecolor=PAPER, **dot)),
        (
            any(len(one.begins) for one in marks),
            Line2D([], [], label="unstable direction", markersize=SADDLE, markerfacecolor=PAPER, **{**dot, **line}),
        ),
        (any(len(one.orbits) for one in marks), Line2D([], [], label="orbit", color=ORBIT, linewidth=0.6)),
    ]
    return [handle for there, handle in kinds if there]


def _heighten(figure: Figure, by_mm: float) -> None:
    """Make room above all axes that are placed by hand."""
    before = figure.get_figheight()
    figure.set_figheight(before + by_mm / MM_PER_INCH)
    share = before / figure.get_figheight()
    for axes in figure.axes:
        left, bottom, width, height = axes.get_position(original=True).bounds
        axes.set_position((left, share * bottom, width, share * height))
    for text in figure.texts:
        text.set_y(share * text.get_position()[1])
