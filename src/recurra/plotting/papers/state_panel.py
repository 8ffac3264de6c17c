"""One network in state space: the frame, the path of its rates, its memory states."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator

from recurra.plotting.colors import INK, INPUT, PAPER, mix
from recurra.plotting.papers.labels import label_offsets
from recurra.plotting.papers.projection import REACH, draw_box, nearness, on_page, ticks_within
from recurra.plotting.papers.style import MM_PER_INCH, SMALL, zero_line
from recurra.plotting.scenes.space import MemorySpace, edges, lifted

Points = Float[np.ndarray, "point coordinate"]
Page = Float[np.ndarray, "point 2"]

LAYERS = 5  # circles that make a sphere, from its dark edge to its light
LIGHT = np.array([-0.3, 0.35])  # where the light falls on a sphere, as a share of its radius


@dataclass(frozen=True)
class StatePanel:
    """How a panel is drawn.

    Args:
        dimensions: 3 for a box, 2 for a plane, 1 for one coordinate against time.
        bound: the coordinates go from -bound to bound.
        detailed: whether there is room for numbers at the ticks and larger type.
        named: whether the states have their names.
    """

    dimensions: int
    bound: float
    detailed: bool
    named: bool

    @property
    def reach(self) -> float:
        """Half the width of the panel in the units of its coordinates."""
        return self.bound * (REACH if self.dimensions == 3 else 1)

    @property
    def type_size(self) -> float:
        return SMALL + 0.5 if self.detailed else SMALL - 1

    def page(self, points: Points, when: Float[np.ndarray, "point"]) -> Page:
        """Where points are on the panel.

        Args:
            points: their coordinates.
            when: the times that they belong to, -1 at the walk's start and 1 at its end; for one coordinate.
        """
        points = np.where(np.isfinite(points), points, np.nan)
        if self.dimensions == 1:
            return np.stack([when * self.bound, points[:, 0]], axis=1)
        return on_page(points[:, :3]) if self.dimensions == 3 else points[:, :2]


@dataclass(frozen=True)
class PanelAxes:
    """A panel and its axes; `point` is a typographic point in the units of its coordinates."""

    panel: StatePanel
    axes: Axes
    point: float


def empty_panel(
    figure: Figure,
    square: tuple[float, float, float, float],
    side_mm: float,
    panel: StatePanel,
    labels: tuple[str, ...],
    time_ms: Float[np.ndarray, "walk_time"],
) -> PanelAxes:
    """The axes of a panel with its frame, its ticks and their names.

    Args:
        figure: the figure in which it is drawn.
        square: left, bottom, width and height, as shares of the figure.
        side_mm: the square's side, mm.
        panel: how it is drawn.
        labels: the labels of the coordinates.
        time_ms: time on the walk, ms; the abscissa of one coordinate.
    """
    left, bottom, width, height = square
    room = 0.0 if panel.dimensions == 3 else min(0.35, 10 / side_mm)  # for numbers and names outside of the frame
    kept = 1.0 if panel.dimensions == 3 else 0.96 - room
    axes = figure.add_axes((left + room * width, bottom + room * height, kept * width, kept * height))
    if panel.dimensions == 3:
        draw_box(axes, panel.bound, labels, panel.type_size, panel.detailed)
    else:
        _plane(axes, panel, labels, time_ms)
    return PanelAxes(panel, axes, 2 * panel.reach / (kept * side_mm / MM_PER_INCH * 72))


def _plane(axes: Axes, panel: StatePanel, labels: tuple[str, ...], time_ms: Float[np.ndarray, "walk_time"]) -> None:
    zero_line(axes)
    axes.set_xlim(-panel.bound, panel.bound)
    axes.set_ylim(-panel.bound, panel.bound)
    axes.set_aspect("equal", adjustable="box")
    axes.set_yticks(ticks_within(panel.bound))
    if panel.dimensions == 2:
        axes.axvline(0, color=INPUT, linewidth=0.4, zorder=0)
        axes.set_xticks(ticks_within(panel.bound))
    else:
        last = float(time_ms[-1]) or 1.0
        ticks = [tick for tick in MaxNLocator(4).tick_values(0, last) if 0 <= tick <= last]
        axes.set_xticks([panel.bound * (2 * tick / last - 1) for tick in ticks], [f"{tick:g}" for tick in ticks])
    across, upwards = labels[:2] if panel.dimensions == 2 else ("Time (ms)", labels[0])
    axes.set_xlabel(across, fontsize=panel.type_size)
    axes.set_ylabel(upwards, fontsize=panel.type_size)
    axes.tick_params(labelsize=panel.type_size - 0.5)


def draw_states(drawing: PanelAxes, space: MemorySpace) -> None:
    """The path, the edges, the states and their names; what is not finite is left out."""
    panel, axes = drawing.panel, drawing.axes
    end = np.ones(len(space.states))
    places = panel.page(space.path, np.linspace(-1, 1, len(space.path)))
    for _, color, steps in space.pieces():
        axes.plot(*lifted(places, steps).T, color=mix(color, PAPER, 0.5), linewidth=0.5, zorder=2)
    corners = panel.page(space.corners, end)
    if panel.dimensions == 1:
        axes.hlines(corners[:, 1], -panel.bound, panel.bound, color=INK, linewidth=0.4, alpha=0.6, zorder=3)
    for pair in space.edges if panel.dimensions > 1 else []:
        axes.plot(*corners[pair].T, color=INK, linewidth=0.5, alpha=0.6, zorder=3)
    seen = np.flatnonzero(np.isfinite(space.means[:, : panel.dimensions]).all(axis=1))
    if not seen.size:
        axes.text(0.5, 0.5, "no finite states", transform=axes.transAxes, ha="center", fontsize=SMALL)
        return
    if panel.dimensions == 3:
        seen = seen[np.argsort(nearness(space.means[seen, :3]))]
    points = panel.page(space.means[seen], end)[: len(seen)]
    _spheres(drawing, points, [space.colors[at] for at in seen])
    if panel.named:
        lines = np.concatenate([np.linspace(corners[one], corners[other], 25) for one, other in edges(space.states)])
        _names(drawing, points, lines, [_name(space.names[at], space.states.shape[1]) for at in seen])


def _name(name: str, bits: int) -> str:
    """A state's name, closer together where it is long."""
    return name if bits <= 3 else name.replace(" ", "\N{THIN SPACE}")


def _spheres(drawing: PanelAxes, points: Page, colors: list[str]) -> None:
    """Spheres lit from the upper left, the nearest last."""
    diameter = float(np.clip(0.032 * 2 * drawing.panel.reach / drawing.point, 2.5, 7))
    shares = np.linspace(0, 1, LAYERS)
    places = points[:, None] + shares[:, None] * LIGHT * drawing.point * diameter / 2
    sizes = np.tile((diameter * (1 - 0.8 * shares)) ** 2, len(points))
    shades = [mix(color, PAPER, 0.6 * float(share) ** 2) for color in colors for share in shares]
    edge_colors = [mix(color, INK, 0.4) if share == 0 else "none" for color in colors for share in shares]
    drawing.axes.scatter(
        *places.reshape(-1, 2).T, s=sizes, c=shades, edgecolors=edge_colors, linewidths=0.3, zorder=4, clip_on=False
    )


def _names(drawing: PanelAxes, points: Page, lines: Page, names: list[str]) -> None:
    """Names beside the spheres, where they cover neither spheres nor each other, nor a line if that can be."""
    size = drawing.panel.type_size
    room = (0.75 * size * (len(names[0]) + 1) / 2, 0.9 * size)
    halo = [withStroke(linewidth=1.2, foreground=PAPER)]
    offsets = label_offsets(points / drawing.point, lines / drawing.point, room, 4.0)
    for (x, y), name in zip(points + offsets * drawing.point, names, strict=True):
        drawing.axes.text(x, y, name, ha="center", va="center", fontsize=size, path_effects=halo, zorder=5)
