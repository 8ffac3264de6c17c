"""The program of a network as a graph: its attractors, and what stimuli make of each."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Bool, Float

from recurra.plotting.colors import FRAME, INK, PAPER, text_on
from recurra.plotting.interactive.theme import FONT, note, styled
from recurra.plotting.scenes.graph import Arrow, Graph, Places

STEPS = 12  # of a bowed arrow
BOW = 0.11  # how far an arrow swings to its left, as a share of its length
HEAD = 0.56  # where on an arrow its head is
NODE, RING, DOT = 34, 4, 7  # px
LETTER = 9  # px of a letter within a node, at most
NODE_GAP, PALE_GAP, DOT_GAP = 0.17, 0.1, 0.08  # least distances of nodes, as a share of the drawing
SMALLER = 0.62  # size of a pale node and of its name, as a share of another's
NAME_GAP = (0.45, 0.15)  # names of nodes that are nearer to each other, across and upwards, stand on either side
ASIDE = np.array([0.09, 0.08])  # from an attractor to its crosses, as a share of the drawing
ROUNDS = 60
HEIGHTS = (240, 460)  # least and greatest, px
ROOM = 0.22  # around the nodes, as a share of their extent
REST, ORBIT = 0, 1


def program_graph(graph: Graph, width: int = 520) -> go.Figure:
    """Attractors as nodes, stimuli as arrows, saddles as small open dots between the attractors that they separate.

    Points at rest are discs, orbits rings, unstable points thin circles.

    Args:
        graph: what to draw; nodes that stand too near to each other are moved apart.
        width: px that the figure is likely to have; the height follows from it.
    """
    places = _nodes_apart(graph.places, np.asarray(graph.pale, bool))
    figure = go.Figure(_divides(graph, places))
    figure.add_traces(_arrows(graph, places))
    figure.add_traces([_nodes(graph, places), _names(graph, places)])
    if graph.self_loops:
        figure.add_trace(_self_loops(graph, places))
    if not len(places):
        figure.add_annotation(note(0.5, 0.5, graph.counted))
    low, high = _frame(places)
    shape = (high - low)[1] / (high - low)[0]
    styled(figure, round(float(np.clip(width * shape, *HEIGHTS))), margin=(8, 8, 8, 8))
    figure.update_xaxes(visible=False, range=(low[0], high[0]))
    figure.update_yaxes(visible=False, range=(low[1], high[1]), scaleanchor="x")
    return figure.update_layout(showlegend=False)


def moved_apart(places: Places, least: float, fixed: Float[np.ndarray, "fixed_node 2"]) -> Places:
    """Places at about the least distance from each other and from fixed ones; places further apart do not move.

    Args:
        places: places to move.
        least: least distance.
        fixed: other places, which do not move.
    """
    places = places.copy()
    angle = 2.4 * np.arange(len(places))  # no two places part in one direction
    outward = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    for _ in range(ROUNDS):
        moved = False
        for at, place in enumerate(places):
            others = np.concatenate([np.delete(places, at, axis=0), fixed])
            if not len(others):
                break
            from_nearest = place - others[np.linalg.norm(others - place, axis=1).argmin()]
            distance = float(np.linalg.norm(from_nearest))
            if distance < 0.98 * least:
                direction = from_nearest / distance if distance > 1e-3 * least else outward[at]
                places[at] = place + 0.55 * (least - distance) * direction
                moved = True
        if not moved:
            break
    return places


def _frame(places: Places) -> tuple[Float[np.ndarray, "2"], Float[np.ndarray, "2"]]:
    """The lower left and the upper right corner of the drawing, with room for nodes and names."""
    if not len(places):
        return np.zeros(2), np.ones(2)
    room = ROOM * _size(places)
    return places.min(axis=0) - room, places.max(axis=0) + room


def _size(places: Places) -> float:
    return float(np.ptp(places, axis=0).max()) or 1.0 if len(places) else 1.0


def _nodes_apart(places: Places, pale: Bool[np.ndarray, "node"]) -> Places:
    """The places in units of their extent, apart from each other; what is not finite is in the middle.

    Pale ones make room for the others, which stand as if these alone were drawn.
    """
    if not len(places):
        return places
    finite = places[np.isfinite(places).all(axis=1)]
    middle = finite.mean(axis=0) if len(finite) else np.zeros(2)
    centred = np.where(np.isfinite(places).all(axis=1, keepdims=True), places, middle) - middle
    places = centred / _size(centred)
    places[~pale] = moved_apart(places[~pale], NODE_GAP, places[:0])
    places[pale] = moved_apart(places[pale], PALE_GAP, places[~pale])
    return places


def _divides(graph: Graph, places: Places) -> list[go.Scatter]:
    """The saddles, with thin lines to the attractors that their branches lead to."""
    if not graph.saddles:
        return []
    size = _size(places)
    middles = np.array([places[list(saddle.between)].mean(axis=0) for saddle in graph.saddles])
    free = [at for at, saddle in enumerate(graph.saddles) if saddle.node is None]
    dots = np.array([places[one.node] if one.node is not None else middles[at] for at, one in enumerate(graph.saddles)])
    dots[free] = moved_apart(middles[free], DOT_GAP * size, places)
    lines = [
        np.array([dot, places[end], [np.nan, np.nan]])
        for dot, saddle in zip(dots, graph.saddles, strict=True)
        for end in saddle.between
    ]
    look = {"color": FRAME, "width": 1, "dash": "dot"}
    marker = {"color": PAPER, "size": DOT, "line": {"color": INK, "width": 1.3}}
    texts = [graph.saddles[at].text for at in free]
    return [
        go.Scatter(**_xy(np.concatenate(lines)), mode="lines", line=look, hoverinfo="skip"),
        go.Scatter(
            **_xy(dots[free]),
            mode="markers",
            marker=marker,
            text=texts,
            hovertemplate="%{text}<extra></extra>",
            name="saddles",
        ),
    ]


def _arrows(graph: Graph, places: Places) -> list[go.Scatter]:
    """Lines and heads of all arrows that look alike together, and the arrows' names."""
    traces = []
    for (color, dash), alike in groupby(sorted(graph.arrows, key=_look), key=_look):
        group = list(alike)
        curves = [_curve(places[arrow.begin], places[arrow.end]) for arrow in group]
        line = np.concatenate([np.append(curve, [[np.nan, np.nan]], axis=0) for curve in curves])
        look = {"color": color, "width": 1.6, "dash": dash}
        traces.append(go.Scatter(**_xy(line), mode="lines", line=look, opacity=0.8, hoverinfo="skip"))
        traces.append(_heads(group, curves, color))
    return traces


def _heads(group: Sequence[Arrow], curves: Sequence[Places], color: str) -> go.Scatter:
    at = round(HEAD * STEPS)
    ways = np.array([curve[at] - curve[at - 1] for curve in curves])
    angle = np.degrees(np.arctan2(ways[:, 0], ways[:, 1])).round(1)
    marker = {"symbol": "arrow", "angle": angle, "size": 11, "color": color, "line": {"color": PAPER, "width": 0.5}}
    where = np.array([curve[at] for curve in curves])
    return go.Scatter(
        **_xy(where),
        mode="markers+text",
        marker=marker,
        text=[f"✗ {arrow.name}" if arrow.wrong else arrow.name for arrow in group],
        textposition="top center",
        textfont={"size": 11, "color": INK, "family": FONT},
        customdata=[arrow.text for arrow in group],
        hovertemplate="%{customdata}<extra></extra>",
        name="arrows",
    )


def _nodes(graph: Graph, places: Places) -> go.Scatter:
    kind = np.asarray(graph.kind)
    fill = [color if one == REST else PAPER for one, color in zip(kind, graph.colors, strict=True)]
    edge = [PAPER if one == REST else color for one, color in zip(kind, graph.colors, strict=True)]
    width = np.where(kind == REST, 1.5, np.where(kind == ORBIT, RING, 1.2))
    whole = max(NODE, LETTER * _letters(graph)) if not graph.labels else 0.6 * NODE
    size = np.where(kind == ORBIT, whole - RING, whole) * np.where(graph.pale, SMALLER, 1.0)
    return go.Scatter(
        **_xy(places),
        mode="markers",
        marker={"color": fill, "size": size, "opacity": 1, "line": {"color": edge, "width": width}},
        text=list(graph.texts),
        hovertemplate="%{text}<extra></extra>",
        name="attractors",
    )


def _self_loops(graph: Graph, places: Places) -> go.Scatter:
    """Crosses beside the attractors that a stimulus should change and does not, with its name."""
    nodes = sorted({loop.node for loop in graph.self_loops})
    names = [", ".join(loop.name for loop in graph.self_loops if loop.node == node) for node in nodes]
    colors = [next(loop.color for loop in graph.self_loops if loop.node == node) for node in nodes]
    return go.Scatter(
        **_xy(places[nodes] + ASIDE * _size(places)),
        mode="text",
        text=[f"✗ {name}" for name in names],
        textfont={"size": 11, "color": colors, "family": FONT},
        hoverinfo="skip",
        name="stays",
    )


def _names(graph: Graph, places: Places) -> go.Scatter:
    """The names, within the nodes or on their outer side: above the upper ones and below the lower ones."""
    above = places[:, 1] > places[:, 1].mean() if len(places) else np.zeros(0, bool)
    outer = [f"{'top' if up else 'bottom'} {_side(places, at)}" for at, up in enumerate(above)]
    apart = [f"{name}<br> " if up else f"<br>{name}" for name, up in zip(graph.labels, above, strict=False)]
    size = 10 if not graph.labels and _letters(graph) > 3 else 12
    ink = [
        text_on(color) if not graph.labels and kind == REST else INK
        for kind, color in zip(graph.kind, graph.colors, strict=True)
    ]
    return go.Scatter(
        **_xy(places),
        mode="text",
        text=apart if graph.labels else list(graph.names),
        textposition="middle center" if not graph.labels else outer,
        textfont={"size": np.where(graph.pale, SMALLER, 1.0) * size, "color": ink, "family": FONT},
        hoverinfo="skip",
    )


def _side(places: Places, at: int) -> str:
    """Where a name stands over or under its node: away from a neighbour whose name it would run into."""
    across, up = ((places - places[at]) / _size(places)).T
    near = (np.abs(across) < NAME_GAP[0]) & (np.abs(up) < NAME_GAP[1]) & (np.arange(len(places)) != at)
    if not near.any():
        return "center"
    return "left" if across[near].mean() > 0 else "right"


def _letters(graph: Graph) -> int:
    return max(map(len, graph.names), default=0)


def _curve(begin: Float[np.ndarray, "2"], end: Float[np.ndarray, "2"]) -> Places:
    """From one node to another, bowed to the left, so that the way there and the way back are apart."""
    along = np.linspace(0, 1, STEPS + 1)[:, None]
    left = np.array([begin[1] - end[1], end[0] - begin[0]])
    return begin + along * (end - begin) + 4 * BOW * along * (1 - along) * left


def _look(arrow: Arrow) -> tuple[str, str]:
    return arrow.color, arrow.dash


def _xy(places: Places) -> dict[str, Any]:
    return {"x": places[:, 0].astype(np.float32), "y": places[:, 1].astype(np.float32)}
