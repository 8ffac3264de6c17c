"""The program of one network as a graph: its attractors, the transitions by stimuli, the saddles between them."""

import numpy as np
from jaxtyping import Bool, Float, Int
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, FancyArrowPatch
from matplotlib.patheffects import withStroke
from matplotlib.typing import LineStyleType

from recurra.analysis.dynamics.attractors import ORBIT, REST
from recurra.analysis.dynamics.program import UNSTABLE
from recurra.plotting.colors import INK, INPUT, PAPER, text_on
from recurra.plotting.papers.style import COLUMN_MM, LINES, MM_PER_INCH, PAGE_MM, SMALL, in_print, new_figure
from recurra.plotting.scenes.graph import Graph, Places

FEW = 16  # nodes that a column has room for
NODE, SMALLER, SADDLE = 3.4, 2.6, 0.75  # radii of the marks, mm
GAP, PALE_GAP = 5.5, 2.5  # room between two nodes, and between two of which one is pale, mm
CLOSE = 1.0  # room around a saddle, mm
FREE_MM = NODE + 4.0  # around the nodes' middles, for nodes and bent arrows
TITLE_MM, LEGEND_MM = 9.0, 4.2
BEND = 0.16  # of an arrow
ASIDE = 2.6  # from an arrow to its name, mm
LETTERS = 5  # of a name that have room within a node in small type
ROUNDS = 300  # in which nodes make room for each other
GOLDEN = np.pi * (3 - np.sqrt(5))
BESIDE = 0.7  # angle between two crosses beside a node

LONG_NAME = 16  # signs; longer entries of the legend stand in fewer columns

Place = Float[np.ndarray, "2"]


@in_print()
def program(graph: Graph) -> Figure:
    """The attractors that stimuli lead to, and where every stimulus leads from each.

    Points at rest are filled, orbits are rings, unstable points at which a path ended have a thin edge. An arrow leads
    from an attractor to where stimuli take it; stimuli that change nothing have none. A cross is on the arrows that are
    wrong, and beside an attractor that a stimulus should change and does not. The small open dots are saddles, with
    thin lines to the two or three attractors that their unstable directions lead to. Attractors that no stimulus leads
    to are pale.

    Args:
        graph: what to draw; attractors that are too close make room for each other.
    """
    wrong = bool(graph.self_loops) or any(arrow.wrong for arrow in graph.arrows)
    dots = any(saddle.node is None for saddle in graph.saddles)
    handles = _stimuli(graph) + _marks(np.asarray(graph.kind), dots, wrong)
    pale = np.asarray(graph.pale, bool)
    places = _scaled(graph.places)
    places[~pale] = _spread(places[~pale], ~pale[~pale], 2 * NODE + GAP)
    centers = _spread(places, pale, 2 * SMALLER + PALE_GAP)
    figure, axes = _sheet(centers, handles)
    _saddles(axes, graph, centers)
    _arrows(axes, graph, centers)
    _self_loops(axes, graph, centers)
    for at, center in enumerate(centers):
        _node(axes, center, SMALLER if graph.pale[at] else NODE, int(graph.kind[at]), graph.names[at], graph.colors[at])
    axes.set_title(graph.title, pad=10)
    where = {"xycoords": "axes fraction", "xytext": (0, 3), "textcoords": "offset points"}
    axes.annotate(graph.counted, (0.5, 1), ha="center", fontsize=SMALL, **where)
    return figure


def _scaled(places: Places) -> Places:
    """Places in mm around the middle, as far apart as the figure has room for."""
    if not len(places):
        return places
    places = np.where(np.isfinite(places), places, 0.0)
    middle = (places.max(axis=0) + places.min(axis=0)) / 2
    extent = float(np.abs(places - middle).max()) or 1.0
    return (places - middle) / extent * (_width(len(places)) / 2 - FREE_MM)


def _width(count: int) -> float:
    return COLUMN_MM if count <= FEW else PAGE_MM


def _spread(
    places: Places, free: Bool[np.ndarray, "node"], apart: float, sizes: Float[np.ndarray, "node"] | float = 0.0
) -> Places:
    """Places no closer than `apart`, plus the sizes of both; places that are not free do not move."""
    turn = GOLDEN * np.arange(len(places))
    places = places + 1e-3 * free[:, None] * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    sizes = np.broadcast_to(sizes, len(places))
    least = apart + sizes[:, None] + sizes[None]
    share = free[:, None] / np.maximum(free[:, None].astype(int) + free[None], 1)
    for _ in range(ROUNDS):
        away = places[:, None] - places[None]
        distance = np.linalg.norm(away, axis=-1) + np.diag(np.full(len(places), np.inf))
        push = share * np.maximum(least - distance, 0) / np.maximum(distance, 1e-9)
        places = places + (push[..., None] * away).sum(axis=1)
    return places


def _sheet(centers: Places, handles: list[Line2D]) -> tuple[Figure, Axes]:
    """A figure whose panel is in mm around the middle of the graph, with its legend."""
    width = _width(len(centers))
    columns = (3 if width == COLUMN_MM else 6) // (
        2 if max((len(str(one.get_label())) for one in handles), default=0) > LONG_NAME else 1
    )
    foot = 2 + LEGEND_MM * -(-len(handles) // max(columns, 1))
    low, high = (centers.min(axis=0), centers.max(axis=0)) if len(centers) else (np.zeros(2), np.zeros(2))
    left, bottom, right, top = *(low - FREE_MM), *(high + FREE_MM)
    scale = max(1.0, (right - left) / width)
    height = (top - bottom) / scale + TITLE_MM + foot
    figure = new_figure(width, height, layout=None)
    axes = figure.add_axes((0, foot / height, 1, (top - bottom) / scale / height))
    axes.set_axis_off()
    axes.set_xlim((left + right - scale * width) / 2, (left + right + scale * width) / 2)
    axes.set_ylim(bottom, top)
    figure.legend(handles=handles, loc="lower center", ncols=columns, columnspacing=1.2, borderaxespad=0.2)
    return figure, axes


def _node(axes: Axes, center: Place, radius: float, kind: int, name: str, color: str) -> None:
    """A disc, a ring or a thin edge, with what the attractor reads out."""
    fill = color if kind == REST else PAPER
    edge, width = {REST: (INK, 0.4), ORBIT: (color, 1.8), UNSTABLE: (INK, 0.7)}[kind]
    axes.add_patch(Circle(tuple(center), radius, facecolor=fill, edgecolor=edge, linewidth=width, zorder=5))
    size = SMALL * min(1.0, LETTERS * radius / NODE / max(map(len, name.split("\n"))))
    style = {"color": text_on(color) if kind == REST else INK, "fontsize": size, "linespacing": 0.9, "zorder": 6}
    axes.text(center[0], center[1], name, ha="center", va="center", **style)


def _saddles(axes: Axes, graph: Graph, nodes: Places) -> None:
    """Open dots amid the attractors that their branches lead to, with thin lines to these."""
    begins = [nodes[list(one.between)].mean(axis=0) if one.node is None else nodes[one.node] for one in graph.saddles]
    loose = [one.node is None for one in graph.saddles]
    free = np.array([False] * len(nodes) + loose)
    size = np.array([NODE] * len(nodes) + [SADDLE if one else -np.inf for one in loose])
    centers = _spread(np.array([*nodes, *begins]).reshape(-1, 2), free, CLOSE, size)[len(nodes) :]
    for center, saddle in zip(centers, graph.saddles, strict=True):
        for to in saddle.between:
            axes.plot(*np.stack([center, nodes[to]]).T, color=INPUT, linewidth=0.5, zorder=1)
        if saddle.node is None:
            axes.add_patch(Circle(tuple(center), SADDLE, facecolor=PAPER, edgecolor=INK, linewidth=0.5, zorder=4))


def _arrows(axes: Axes, graph: Graph, centers: Places) -> None:
    """Bent arrows, so that opposite arrows do not overlap, with their names if these add information."""
    halo = [withStroke(linewidth=1.6, foreground=PAPER)]
    explained = {look for _, look in graph.legend}
    for arrow in graph.arrows:
        begin, end = centers[arrow.begin], centers[arrow.end]
        _arrow(axes, (begin, end), BEND, arrow.color, LINES[arrow.dash])
        across, upwards = end - begin
        middle = (begin + end) / 2 + BEND / 2 * np.array([upwards, -across])
        if arrow.wrong:
            _cross(axes, middle, INK)
        elif arrow.name and (arrow.color, arrow.dash) not in explained:
            style = {"fontsize": SMALL, "ha": "center", "va": "center", "path_effects": halo, "zorder": 7}
            outward = np.array([upwards, -across]) / max(float(np.hypot(across, upwards)), 1e-9)
            across, upwards = middle + ASIDE * outward
            axes.text(across, upwards, arrow.name, color=INK, **style)


def _self_loops(axes: Axes, graph: Graph, centers: Places) -> None:
    """Crosses beside the nodes that wrong stimuli do not change, in the stimuli's colours."""
    beside: dict[int, int] = {}
    for loop in graph.self_loops:
        number = beside[loop.node] = beside.get(loop.node, -1) + 1
        center = centers[loop.node]
        _cross(axes, center + _aside(center - centers.mean(axis=0), number), loop.color)


def _arrow(axes: Axes, ends: tuple[Place, Place], bend: float, color: str, style: LineStyleType) -> None:
    point = 72 / MM_PER_INCH
    arrow = FancyArrowPatch(
        tuple(ends[0]),
        tuple(ends[1]),
        connectionstyle=f"arc3,rad={bend}",
        arrowstyle="-|>,head_width=0.28,head_length=0.5",
        shrinkA=NODE * point,
        shrinkB=(NODE + 0.3) * point,
        mutation_scale=6,
        color=color,
        linestyle=style,
        linewidth=0.8,
        zorder=3,
    )
    axes.add_patch(arrow)


def _aside(outward: Place, number: int) -> Place:
    """Where the crosses beside a node are: on its outer side, one after the other."""
    angle = np.arctan2(outward[1], outward[0]) + BESIDE * ((number + 1) // 2) * (-1) ** number
    return 1.35 * NODE * np.array([np.cos(angle), np.sin(angle)])


def _cross(axes: Axes, center: Place, color: str) -> None:
    halo = [withStroke(linewidth=2.6, foreground=PAPER)]
    style = {"marker": "x", "markersize": 3.6, "markeredgewidth": 1.1, "path_effects": halo}
    axes.plot(*center, color=color, zorder=7, **style)


def _stimuli(graph: Graph) -> list[Line2D]:
    """The lines of the stimuli that have an arrow or a cross of their own."""
    return [Line2D([], [], label=name, color=color, linestyle=LINES[dash]) for name, (color, dash) in graph.legend]


def _marks(kinds: Int[np.ndarray, "node"], saddles: bool, wrong: bool) -> list[Line2D]:
    """The meaning of the marks that occur."""
    dot = {"color": INK, "marker": "o", "linestyle": "none"}
    marks = [
        ((kinds == REST).any(), "at rest", {"markersize": 5}),
        ((kinds == ORBIT).any(), "orbit", {"markersize": 4.5, "markerfacecolor": PAPER, "markeredgewidth": 1.5}),
        ((kinds == UNSTABLE).any(), "unstable", {"markersize": 5, "markerfacecolor": PAPER, "markeredgewidth": 0.6}),
        (saddles, "saddle", {"markersize": 2.8, "markerfacecolor": PAPER, "markeredgewidth": 0.5}),
        (wrong, "wrong", {"marker": "x", "markersize": 3.6, "markeredgewidth": 1.1}),
    ]
    return [Line2D([], [], label=name, **{**dot, **style}) for there, name, style in marks if there]
