"""The program of one network as a graph: its attractors, what stimuli make of each, the saddles between them."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, FancyArrowPatch
from matplotlib.patheffects import withStroke

from recurra.analysis.dynamics.attractors import ORBIT, REST, UNSETTLED
from recurra.analysis.dynamics.program import UNSTABLE, Program
from recurra.plotting.colors import INK, INPUT, PAPER, mix, text_on
from recurra.plotting.papers.style import COLUMN_MM, MM_PER_INCH, PAGE_MM, SMALL, in_print, new_figure
from recurra.plotting.papers.trajectories import Lines

MOST_NODES, MOST_SADDLES = 40, 24
FEW = 16  # nodes that a column has room for
NODE, SMALLER, SADDLE = 3.4, 3.1, 0.75  # radii of the marks, mm
GAP = 5.5  # room between two nodes, mm
PARTED = 3  # attractors that a saddle leads to at most; lines to more say nothing
CLOSE = 1.0  # room around a saddle, mm
FREE_MM = NODE + 4.0  # around the nodes' middles, for nodes and bent arrows
TITLE_MM, LEGEND_MM = 9.0, 4.2
BEND, MORE_BEND, MOST_BEND = 0.16, 0.14, 0.9  # of an arrow, and of those beside it between the same two nodes
ROUNDS = 300  # in which nodes make room for each other
GOLDEN = np.pi * (3 - np.sqrt(5))
BESIDE = 0.7  # angle between two crosses beside a node
SAME = 1e-4  # a node and a fixed point closer than this, times the root of the number of units, are one

LONG_NAME = 16  # signs; longer entries of the legend stand in fewer columns

Place = Float[np.ndarray, "2"]
Places = Float[np.ndarray, "node 2"]


@dataclass(frozen=True)
class Nodes:
    """How the attractors of a program are drawn.

    Args:
        names: what each reads out, a line an output.
        colors: of each.
        places: where each would be, in any unit; those that are too close make room for each other.
    """

    names: tuple[str, ...]
    colors: tuple[str, ...]
    places: Float[np.ndarray, "attractor 2"]


@in_print()
def program(
    found: Program,
    points: Float[np.ndarray, "point unit"],
    nodes: Nodes,
    lines: Lines,
    wrong: Bool[np.ndarray, "attractor stimulus"],
    title: str,
) -> Figure:
    """The attractors that stimuli lead to, and what every stimulus makes of each.

    Points at rest are filled, orbits are rings, unstable points at which a path ended have a thin edge. An arrow is
    what a stimulus makes of an attractor; one that changes nothing has none. A cross is on the arrows that are wrong,
    and beside an attractor that a stimulus should change and does not. The small open dots are saddles, with thin
    lines to the two or three attractors that their unstable directions lead to; those that lead to more are left out.
    Attractors that no stimulus leads to are pale, have no arrows, and are shown only where a saddle parts them from the
    others.

    Args:
        found: the program.
        points: the fixed points, which the program's saddles count in.
        nodes: how its attractors are drawn.
        lines: how its stimuli are drawn.
        wrong: which stimuli make of which attractors something else than the task asks for.
        title: of the figure.
    """
    met = reached(found)
    main = met[:MOST_NODES]
    shown = [*main, *_beside(found, set(main))][:MOST_NODES]
    saddles = _between(found, points, set(main), shown)
    following = found.following[main]
    changing = (following != np.array(main, int)[:, None]) & np.isin(following, main)
    handles = _stimuli(lines, (changing | wrong[main]).any(axis=0)) + _marks(
        found.kind[shown], bool(saddles), bool(wrong[main].any())
    )
    centers = _spread(_scaled(nodes.places[shown]), np.ones(len(shown), bool), 2 * NODE + GAP)
    figure, axes = _sheet(centers, handles)
    place = dict(zip(shown, centers, strict=True))
    _saddles(axes, saddles, place)
    _arrows(axes, found, lines, wrong, {number: place[number] for number in main})
    for number, center in place.items():
        pale = number not in main
        color = mix(nodes.colors[number], PAPER, 0.6) if pale else nodes.colors[number]
        _node(axes, center, SMALLER if pale else NODE, int(found.kind[number]), nodes.names[number], color)
    axes.set_title(title, pad=10)
    told = _told(found, (len(main), len(met)), len(shown), len(saddles))
    where = {"xycoords": "axes fraction", "xytext": (0, 3), "textcoords": "offset points"}
    axes.annotate(told, (0.5, 1), ha="center", fontsize=SMALL, **where)
    return figure


def reached(found: Program) -> list[int]:
    """The attractors that conditions or stimuli lead to, in the order in which they are met.

    Args:
        found: the program.
    """
    order = list(dict.fromkeys(found.after[found.after >= 0].tolist()))
    for attractor in order:
        following = found.following[attractor]
        order += [to for to in dict.fromkeys(following[following >= 0].tolist()) if to not in order]
    return order


def _leads_to(found: Program) -> dict[int, set[int]]:
    """The attractors that every saddle leads to."""
    ends = {saddle: found.leads_to[found.saddle == saddle] for saddle in np.unique(found.saddle).tolist()}
    return {saddle: set(to[to != UNSETTLED].tolist()) for saddle, to in ends.items()}


def _beside(found: Program, main: set[int]) -> list[int]:
    """Attractors that a saddle parts from those that stimuli lead to."""
    parted = [ends for ends in _leads_to(found).values() if len(ends) <= PARTED and ends & main]
    return sorted(set().union(*parted) - main)


def _between(
    found: Program, points: Float[np.ndarray, "point unit"], main: set[int], shown: list[int]
) -> list[tuple[int | None, list[int]]]:
    """For every saddle the node that it is, or None, and the nodes that it leads to."""
    near = SAME * np.sqrt(points.shape[1])
    saddles = []
    for saddle, ends in _leads_to(found).items():
        distances = np.linalg.norm(found.states[shown] - points[saddle], axis=1)
        node = shown[int(distances.argmin())] if distances.min(initial=np.inf) < near else None
        there = (ends & set(shown)) - {node}
        if there & main and len(ends) <= PARTED and len(there) > (1 if node is None else 0):
            saddles.append((node, sorted(there)))
    return saddles[:MOST_SADDLES]


def _told(found: Program, main: tuple[int, int], shown: int, saddles: int) -> str:
    """How many attractors and saddles there are to see, and of how many."""
    drawn, met = main
    if not met:
        return "no condition ends at an attractor"
    others, all_saddles = len(found) - met, len(np.unique(found.saddle))
    told = f"{drawn} of " * (drawn < met) + f"{met} attractor{'' if met == 1 else 's'}"
    told += f", {shown - drawn} of {others} that no stimulus leads to" if others else ""
    return told + (f", {saddles} of {all_saddles} saddle{'' if all_saddles == 1 else 's'}" if all_saddles else "")


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
    """Places no closer than `apart`, plus the sizes of both; those that are not free stay where they are."""
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
    shade = text_on(color) if kind == REST else INK
    axes.text(
        center[0], center[1], name, color=shade, fontsize=SMALL, ha="center", va="center", linespacing=0.9, zorder=6
    )


def _saddles(axes: Axes, saddles: list[tuple[int | None, list[int]]], place: dict[int, Place]) -> None:
    """Open dots amid the attractors that their branches lead to, with thin lines to these."""
    begins = [
        np.mean([place[to] for to in leads_to], axis=0) if node is None else place[node] for node, leads_to in saddles
    ]
    nodes = list(place.values())
    free = np.array([False] * len(nodes) + [node is None for node, _ in saddles], bool)
    size = np.array([NODE] * len(nodes) + [SADDLE if node is None else -np.inf for node, _ in saddles])
    centers = _spread(np.array([*nodes, *begins]).reshape(-1, 2), free, CLOSE, size)[len(nodes) :]
    for center, (node, leads_to) in zip(centers, saddles, strict=True):
        for to in leads_to:
            axes.plot(*np.stack([center, place[to]]).T, color=INPUT, linewidth=0.5, zorder=1)
        if node is None:
            axes.add_patch(Circle(tuple(center), SADDLE, facecolor=PAPER, edgecolor=INK, linewidth=0.5, zorder=4))


def _arrows(
    axes: Axes,
    found: Program,
    lines: Lines,
    wrong: Bool[np.ndarray, "attractor stimulus"],
    place: dict[int, Place],
) -> None:
    """An arrow for what every stimulus makes of every node, bent so that no two cover each other."""
    middle = np.mean(list(place.values()), axis=0) if place else np.zeros(2)
    for begin, center in place.items():
        beside: dict[int, int] = {}
        for stimulus, end in enumerate(found.following[begin].tolist()):
            if end not in place or (end == begin and not wrong[begin, stimulus]):
                continue
            number = beside[end] = beside.get(end, -1) + 1
            if end == begin:
                _cross(axes, center + _aside(center - middle, number), lines.colors[stimulus])
                continue
            bend = min(BEND + MORE_BEND * number, MOST_BEND)
            _arrow(axes, (center, place[end]), bend, lines.colors[stimulus], lines.style(stimulus))
            if wrong[begin, stimulus]:
                across, upwards = place[end] - center
                _cross(axes, (center + place[end]) / 2 + bend / 2 * np.array([upwards, -across]), INK)


def _arrow(axes: Axes, ends: tuple[Place, Place], bend: float, color: str, style: str) -> None:
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


def _stimuli(lines: Lines, seen: Bool[np.ndarray, "stimulus"]) -> list[Line2D]:
    """The lines of the stimuli that have an arrow or a cross, each name once."""
    kept = {lines.names[at]: at for at in lines.explained if seen[at]}
    return [Line2D([], [], label=name, color=lines.colors[at], linestyle=lines.style(at)) for name, at in kept.items()]


def _marks(kinds: Int[np.ndarray, "node"], saddles: bool, wrong: bool) -> list[Line2D]:
    """What the marks mean, for those that there are."""
    dot = {"color": INK, "marker": "o", "linestyle": "none"}
    marks = [
        ((kinds == REST).any(), "at rest", {"markersize": 5}),
        ((kinds == ORBIT).any(), "orbit", {"markersize": 4.5, "markerfacecolor": PAPER, "markeredgewidth": 1.5}),
        ((kinds == UNSTABLE).any(), "unstable", {"markersize": 5, "markerfacecolor": PAPER, "markeredgewidth": 0.6}),
        (saddles, "saddle", {"markersize": 2.8, "markerfacecolor": PAPER, "markeredgewidth": 0.5}),
        (wrong, "wrong", {"marker": "x", "markersize": 3.6, "markeredgewidth": 1.1}),
    ]
    return [Line2D([], [], label=name, **{**dot, **style}) for there, name, style in marks if there]
