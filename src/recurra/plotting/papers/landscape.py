"""Fixed points and orbits among the memory states, or the paths of the rates: small multiples of networks."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from recurra.plotting.colors import INK, PAPER, mix
from recurra.plotting.papers.projection import REACH
from recurra.plotting.papers.space_grid import Cell, space_grid
from recurra.plotting.papers.state_panel import Panel, Points, Signs, StateSpace
from recurra.plotting.papers.state_space import state_space
from recurra.plotting.papers.style import COLUMN_MM, MM_PER_INCH, SMALL, columns_for, in_print
from recurra.plotting.papers.trajectories import Lines, Trajectories
from recurra.plotting.scenes.limits import largest

STABLE, SADDLE = 2.2, 3.4  # sizes of the marks where there is room, points; a stable one stands on a memory's sphere
MOST_DIRECTIONS = 3  # unstable modes of a saddle whose directions are drawn
LENGTH = 0.16  # of a network's longest direction, as a share of half the panel's box
ORBIT = mix(INK, PAPER, 0.1)
MOST_ORBITS = 12  # the first ones; a chaotic network has many
WIDER = 2.5  # how much wider than the paths a box may be for the points
LEGEND_MM = 4.0  # a row of the legend


@dataclass(frozen=True)
class Landmarks:
    """The fixed points and orbits of one network, in the coordinates that its panel shows.

    Args:
        points: the fixed points.
        index: number of unstable modes of each.
        saddle: number of the point that each direction belongs to.
        directions: in which the saddles are left; the longest one sets their scale.
        orbits: a path along each.
    """

    points: Points
    index: Int[np.ndarray, "point"]
    saddle: Int[np.ndarray, "direction"]
    directions: Float[np.ndarray, "direction coordinate"]
    orbits: Float[np.ndarray, "orbit path_time coordinate"]


@in_print()
def landscape_of_states(
    panels: Sequence[StateSpace],
    marks: Sequence[Landmarks],
    signs: Signs,
    time_ms: Float[np.ndarray, "walk_time"],
    note: str = "",
) -> Figure:
    """The panels of `state_space`, with fixed points and orbits in them.

    Stable points are filled, unstable ones open, with short lines in their unstable directions where these are three or
    fewer: the more of a direction is seen in the panel's coordinates, the longer. Orbits are thin loops. Points outside
    of a panel's box are left out, and counted.

    Args:
        panels: a network each.
        marks: the same networks' fixed points and orbits.
        signs: the memory states as signs, in the order of the panels' states.
        time_ms: time on the walk, ms; shown where there is one coordinate.
        note: a line under the panels.
    """
    dimensions = min(3, *(panel.states.shape[1] for panel in panels))
    return _marked(state_space(panels, signs, time_ms, note), marks, dimensions)


@in_print()
def landscape_of_paths(
    panels: Sequence[Trajectories],
    marks: Sequence[Landmarks],
    lines: Lines,
    time_ms: Float[np.ndarray, "probe_time"],
) -> Figure:
    """The paths of the rates by condition, thin and pale, with fixed points and orbits as in `landscape_of_states`.

    The boxes are wide enough for the points that are not far from the paths.

    Args:
        panels: a network each.
        marks: the same networks' fixed points and orbits.
        lines: how the conditions are drawn.
        time_ms: time of the steps, ms; shown where there is one coordinate.
    """
    dimensions = min(3, *(panel.paths.shape[-1] for panel in panels))
    cells = [
        Cell(panel.title, panel.axes, _bound(panel, network, dimensions))
        for panel, network in zip(panels, marks, strict=True)
    ]
    figure, drawings = space_grid(cells, dimensions, time_ms, legend=True)
    for drawing, panel in zip(drawings, panels, strict=True):
        when = np.linspace(-1, 1, panel.paths.shape[1])
        for condition, path in enumerate(panel.paths):
            color, style = mix(lines.colors[condition], PAPER, 0.25), lines.style(condition)
            places = drawing.panel.page(path, when)
            drawing.axes.plot(*places.T, color=color, linestyle=style, linewidth=0.6, zorder=3, clip_on=False)
    handles = [
        Line2D([], [], label=lines.names[at], color=lines.colors[at], linestyle=lines.style(at))
        for at in lines.explained
    ]
    columns = 6 if _wide(figure) else 3
    figure.legend(handles=handles, loc="lower center", ncols=columns, columnspacing=1.2)
    return _marked(figure, marks, dimensions)


def _bound(panel: Trajectories, network: Landmarks, dimensions: int) -> float:
    """The largest modulus of the paths' coordinates, or of a point's that is not far from them."""
    paths = largest(panel.paths, dimensions)
    sizes = np.abs(network.points[:, :dimensions]).max(axis=1, initial=0)
    return float(sizes[sizes < WIDER * paths].max(initial=paths))


def _wide(figure: Figure) -> bool:
    return figure.get_figwidth() * MM_PER_INCH > COLUMN_MM + 1


def _marked(figure: Figure, marks: Sequence[Landmarks], dimensions: int) -> Figure:
    detailed = columns_for(len(marks)) <= 3
    for axes, network in zip(list(figure.axes), marks, strict=True):
        left, right = axes.get_xlim()
        bound = (right - left) / 2 / (REACH if dimensions == 3 else 1)
        _mark(axes, Panel(dimensions, bound, detailed, named=False), network)
    handles = _handles(marks)
    columns = 4 if _wide(figure) else 2
    if handles:
        _heighten(figure, LEGEND_MM * -(-len(handles) // columns) + 1)
        figure.legend(handles=handles, loc="upper center", ncols=columns, columnspacing=1.2, borderaxespad=0.2)
    return figure


def _mark(axes: Axes, panel: Panel, network: Landmarks) -> None:
    """Orbits, directions and points of one network; what is not finite is left out."""
    size = 1.0 if panel.detailed else 0.7
    for orbit in network.orbits[:MOST_ORBITS]:
        path = panel.page(orbit, np.ones(len(orbit)))
        axes.plot(*path.T, color=ORBIT, linewidth=0.6 * size, zorder=3.5, clip_on=False)
    seen = _within(network.points, panel)
    axes.add_collection(_directions(network, panel, seen, 0.8 * size), autolim=False)
    unstable = network.index > 0
    for chosen, fill, diameter, order in ((unstable, PAPER, SADDLE, 4.6), (~unstable, INK, STABLE, 4.7)):
        places = panel.page(network.points[chosen & seen], np.ones(int((chosen & seen).sum())))
        style = {"facecolors": fill, "edgecolors": INK, "linewidths": 0.6 * size, "clip_on": False}
        axes.scatter(*places.T, s=(diameter * size) ** 2, zorder=order, **style)
    if hidden := int((~seen).sum()):
        told = f"{hidden} fixed point{'' if hidden == 1 else 's'} not in view"
        axes.text(0.5, 0.99, told, transform=axes.transAxes, ha="center", va="top", fontsize=SMALL)


def _within(points: Points, panel: Panel) -> Bool[np.ndarray, "point"]:
    with np.errstate(invalid="ignore"):
        return np.all(np.abs(points[:, : panel.dimensions]) <= panel.bound, axis=1)


def _directions(network: Landmarks, panel: Panel, seen: Bool[np.ndarray, "point"], width: float) -> LineCollection:
    """Short lines from the saddles with few unstable modes."""
    parts = network.directions[:, : panel.dimensions]
    few = seen[network.saddle] & (network.index[network.saddle] <= MOST_DIRECTIONS) & np.isfinite(parts).all(axis=1)
    begins, parts = network.points[network.saddle[few]], parts[few]
    longest = float(np.linalg.norm(parts, axis=1).max(initial=0)) or 1.0
    ends = begins[:, : panel.dimensions] + LENGTH * panel.bound / longest * parts
    lines = [panel.page(place, np.ones(len(parts))) for place in (begins, ends)]
    return LineCollection(list(np.stack(lines, axis=1)), colors=INK, linewidths=width, zorder=4.5, clip_on=False)


def _handles(marks: Sequence[Landmarks]) -> list[Line2D]:
    """What the marks mean, for those that there are."""
    index = np.concatenate([network.index for network in marks])
    few = any((network.index[network.saddle] <= MOST_DIRECTIONS).any() for network in marks)
    dot = {"color": INK, "marker": "o", "linestyle": "none", "markeredgewidth": 0.6}
    line = {"linestyle": "-", "linewidth": 0.8}
    kinds = [
        ((index == 0).any(), Line2D([], [], label="stable fixed point", markersize=STABLE, **dot)),
        (
            (index > 0).any(),
            Line2D([], [], label="unstable fixed point", markersize=SADDLE, markerfacecolor=PAPER, **dot),
        ),
        (few, Line2D([], [], label="unstable direction", markersize=SADDLE, markerfacecolor=PAPER, **{**dot, **line})),
        (any(len(network.orbits) for network in marks), Line2D([], [], label="orbit", color=ORBIT, linewidth=0.6)),
    ]
    return [handle for there, handle in kinds if there]


def _heighten(figure: Figure, by_mm: float) -> None:
    """Make room above everything that is placed by hand."""
    before = figure.get_figheight()
    figure.set_figheight(before + by_mm / MM_PER_INCH)
    share = before / figure.get_figheight()
    for axes in figure.axes:
        left, bottom, width, height = axes.get_position(original=True).bounds
        axes.set_position((left, share * bottom, width, share * height))
    for text in figure.texts:
        text.set_y(share * text.get_position()[1])
