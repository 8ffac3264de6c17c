"""The memory states of the flip-flop and the paths between them, in few coordinates: small multiples of networks."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from recurra.plotting.colors import state_colors, state_name
from recurra.plotting.papers.state_panel import Panel, Signs, StateSpace, draw_states, empty_panel
from recurra.plotting.papers.style import COLUMN_MM, PAGE_MM, SMALL, columns_for, in_print, new_figure, shared_bound

MOST_NAMED = {1: 16, 2: 16, 3: 8}  # states that have room for names, by the columns of panels; else a legend has them
MOST_EXPLAINED = 16  # states in a legend
TITLE_MM, NOTE_MM, LEGEND_MM = 5.0, 4.0, 9.0


@in_print()
def state_space(
    panels: Sequence[StateSpace], signs: Signs, time_ms: Float[np.ndarray, "walk_time"], note: str = ""
) -> Figure:
    """Small multiples of networks in state space, all on one scale.

    The path of the cube walk is thin and pale, the memory states are spheres in their colours with their names, and
    the edges of the fitted parallelepiped join the states that differ in one bit. Three coordinates and more are drawn
    in three dimensions, two in the plane, one against time. A network far larger than the others has its own scale,
    and says so.

    Args:
        panels: a network each.
        signs: the memory states as signs, in the order of the panels' states.
        time_ms: time on the walk, ms; shown where there is one coordinate.
        note: a line under the panels.
    """
    dimensions = min(3, *(panel.states.shape[1] for panel in panels))
    bounds = [panel.bound(dimensions) for panel in panels]
    columns = columns_for(len(panels))
    shared, detailed = shared_bound(bounds), columns <= 3
    named = len(signs) <= MOST_NAMED[columns] if columns in MOST_NAMED else False
    legend = not named and len(signs) <= MOST_EXPLAINED
    note = "; ".join(filter(None, ("" if detailed else f"all axes from −{shared:.2g} to {shared:.2g}", note)))
    figure, squares, side = _place(len(panels), foot=bool(note) * NOTE_MM + legend * LEGEND_MM)
    for panel, square, bound in zip(panels, squares, bounds, strict=True):
        own = bound > 1.001 * shared
        place = Panel(dimensions, 1.12 * (bound if own else shared), detailed, named)
        draw_states(empty_panel(figure, square, side, place, panel.axes, time_ms), panel, signs)
        title = panel.title + (f" (own scale, ±{bound:.2g})" if own else "")
        middle, top = square[0] + square[2] / 2, square[1] + square[3] * (1 + 0.3 * TITLE_MM / side)
        figure.text(middle, top, title, ha="center", va="center", fontsize=7)
    if note:
        height_mm = figure.get_figheight() * 25.4
        figure.text(0.5, (legend * LEGEND_MM + 1) / height_mm, note, ha="center", va="bottom", fontsize=SMALL)
    if legend:
        _legend(figure, signs)
    return figure


def _place(panels: int, foot: float) -> tuple[Figure, list[tuple[float, float, float, float]], float]:
    """An empty figure, the squares under the panels' titles as shares of it, and their side in mm."""
    columns = columns_for(panels)
    rows = -(-panels // columns)
    width = COLUMN_MM if columns == 1 else PAGE_MM
    side = width / columns
    height = rows * (side + TITLE_MM) + foot
    bottoms = [height - (row + 1) * (side + TITLE_MM) for row in range(rows)]
    squares = [
        (at % columns / columns, bottoms[at // columns] / height, 1 / columns, side / height) for at in range(panels)
    ]
    return new_figure(width, height, layout=None), squares, side


def _legend(figure: Figure, signs: Signs) -> None:
    """The states' colours and names, in one row or two."""
    marks = [
        Line2D([], [], color=color, marker="o", markersize=4, linestyle="none", label=state_name(state))
        for color, state in zip(state_colors(signs), signs, strict=True)
    ]
    columns = min(8, len(marks))
    figure.legend(handles=marks, loc="lower center", ncols=columns, handletextpad=0.2, columnspacing=1.2)
