"""The program of a network as a ring of attractors, with an arrow for every stimulus that leads to another one."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.typing import LineStyleType

from recurra.analysis import Program
from recurra.analysis.dynamics.attractors import ORBIT, REST, UNSETTLED
from recurra.analysis.dynamics.program import UNSTABLE
from recurra.plotting.colors import INK, PAPER, START, condition_colors, condition_dashed
from recurra.plotting.papers.style import LINES, SMALL
from recurra.plotting.records.axes import legend_beside
from recurra.wording import number_of
from recurra.words.attractors import reached
from recurra.words.workings import plain_output

MOST_NODES = 24  # attractors that have room in the ring
MOST_READ = 8  # attractors that have room for their outputs beside them
MOST_OUTPUTS = 3  # outputs beside an attractor
MOST_STIMULI = 12  # stimuli in the legend
RADIUS = 6.0  # of an attractor, in points
BEND, NEXT_BEND = 0.12, 0.09  # of an arrow, and of each further one between the same attractors
UPRIGHT = 0.1  # a name stands above or below an attractor that is no further to a side than this
LOOKS = {REST: ("at rest", START, 0.5), ORBIT: ("orbit", PAPER, 1.8), UNSTABLE: ("unstable", PAPER, 0.5)}

Ring = Float[np.ndarray, "node 2"]


def program(axes: Axes, record: Program) -> None:
    """The attractors that conditions and stimuli lead to, and where each stimulus leads from each.

    They stand in a ring, in the order of their angle in the plane of two principal components, with their numbers
    within and their mean outputs beside them. A stimulus that leaves an attractor as it is has no arrow.
    """
    nodes = _in_order(record, reached(record)[:MOST_NODES])
    turn = 2 * np.pi * np.arange(len(nodes)) / max(len(nodes), 1)
    ring = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    axes.set(xlim=(-1.8, 1.8), ylim=(-1.3, 1.3), aspect="equal")
    axes.set_axis_off()
    handles = _arrows(axes, record, nodes, ring) + _nodes(axes, record, nodes, ring)
    legend_beside(axes, handles)
    drawn = f"{len(nodes)} of {number_of(len(record), 'attractor')}" + " with outputs" * (len(nodes) <= MOST_READ)
    axes.set_title(f"{drawn}; arrows: where stimuli lead\n{_missing(record, nodes)}")


def _missing(record: Program, nodes: Sequence[int]) -> str:
    """What it means that there is no arrow."""
    lost = int((record.following[list(nodes)] == UNSETTLED).sum())
    return "No arrow: the stimulus changes nothing" + (
        f", or does not settle ({number_of(lost, 'time')})" if lost else ""
    )


def _in_order(record: Program, nodes: Sequence[int]) -> list[int]:
    if not nodes:
        return []
    states = record.states[list(nodes)]
    vectors, sizes, _ = np.linalg.svd(states - states.mean(axis=0), full_matrices=False)
    plane = (vectors * sizes)[:, :2]
    return np.array(nodes)[np.argsort(np.arctan2(plane[:, -1], plane[:, 0]), kind="stable")].tolist()


def _nodes(axes: Axes, record: Program, nodes: Sequence[int], ring: Ring) -> list[Line2D]:
    """Attractors with their numbers, and outputs where there is room; gives the marks of their kinds."""
    for node, (across, upwards) in zip(nodes, ring.tolist(), strict=True):
        axes.add_line(_mark(int(record.kind[node]), [across], [upwards]))
        axes.text(across, upwards, str(node), fontsize=SMALL, color=INK, ha="center", va="center_baseline", zorder=5)
        if len(nodes) <= MOST_READ:
            values = " ".join(plain_output(value) for value in record.outputs[node, :MOST_OUTPUTS].tolist())
            beside = abs(across) > UPRIGHT
            axes.annotate(
                values + " …" * (record.outputs.shape[1] > MOST_OUTPUTS),
                (across, upwards),
                xytext=(2 * RADIUS * across, 2 * RADIUS * upwards),
                textcoords="offset points",
                ha=("left" if across > 0 else "right") if beside else "center",
                va="center" if beside else ("bottom" if upwards > 0 else "top"),
                fontsize=SMALL,
            )
    return [_mark(kind, [], []) for kind in sorted(set(record.kind[list(nodes)].tolist()))]


def _mark(kind: int, across: list[float], upwards: list[float]) -> Line2D:
    name, fill, width = LOOKS[kind]
    style = {"marker": "o", "markersize": 2 * RADIUS, "markeredgecolor": INK, "linestyle": "none", "zorder": 4}
    return Line2D(across, upwards, label=name, markerfacecolor=fill, markeredgewidth=width, **style)


def _arrows(axes: Axes, record: Program, nodes: Sequence[int], ring: Ring) -> list[Line2D]:
    """Arrows, further bent where several stimuli lead the same way; gives the lines of the stimuli that have some."""
    count = record.following.shape[1]
    lines: list[LineStyleType] = [LINES["dash" if dashed else "solid"] for dashed in condition_dashed(count)]
    looks: list[tuple[str, LineStyleType]] = list(zip(condition_colors(count), lines, strict=True))
    seen: set[int] = set()
    for begin, node in enumerate(nodes):
        for end in set(record.following[node].tolist()) & set(nodes) - {node}:
            stimuli = np.flatnonzero(record.following[node] == end).tolist()
            seen.update(stimuli)
            for number, stimulus in enumerate(stimuli):
                bend = BEND + NEXT_BEND * number
                _arrow(axes, ring[[begin, nodes.index(end)]], bend, *looks[stimulus])
    told = sorted(seen)[:: -(-len(seen) // MOST_STIMULI) or 1]
    return [
        Line2D([], [], label=f"stimulus {at}", color=color, linestyle=line)
        for at, (color, line) in enumerate(looks)
        if at in told
    ]


def _arrow(axes: Axes, ends: Ring, bend: float, color: str, line: LineStyleType) -> None:
    arrow = {
        "arrowstyle": "-|>,head_width=0.25,head_length=0.5",
        "connectionstyle": f"arc3,rad={bend}",
        "mutation_scale": 7,
        "shrinkA": RADIUS,
        "shrinkB": RADIUS + 1,
        "linewidth": 0.9,
    }
    begin, end = [(across, upwards) for across, upwards in ends.tolist()]
    axes.annotate("", end, begin, arrowprops={**arrow, "color": color, "linestyle": line})
