"""Small multiples of networks in few coordinates, all on one scale."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

from recurra.plotting.papers.state_panel import PanelAxes, StatePanel, empty_panel
from recurra.plotting.papers.style import (
    COLUMN_MM,
    MM_PER_INCH,
    PAGE_MM,
    SMALL,
    columns_for,
    new_figure,
)
from recurra.plotting.scenes.limits import shared_bound

TITLE_MM, NOTE_MM, LEGEND_MM = 5.0, 4.0, 9.0


@dataclass(frozen=True)
class GridPanel:
    """The content of one panel.

    Args:
        title: the panel's title.
        axes: a label for each coordinate.
        bound: the largest modulus of its coordinates.
    """

    title: str
    axes: tuple[str, ...]
    bound: float


def space_grid(
    cells: Sequence[GridPanel],
    dimensions: int,
    time_ms: Float[np.ndarray, "time"],
    named: bool = False,
    legend: bool = False,
    note: str = "",
) -> tuple[Figure, list[PanelAxes]]:
    """A figure with an empty panel for every network. A far larger network has its own scale, which is stated.

    Args:
        cells: the contents of the panels.
        dimensions: 3 for boxes, 2 for planes, 1 for one coordinate against time.
        time_ms: time of the paths, ms; the abscissa of one coordinate.
        named: whether the panels name their contents.
        legend: whether to leave room for a legend under the panels.
        note: a line under the panels.
    """
    shared, detailed = shared_bound([cell.bound for cell in cells]), columns_for(len(cells)) <= 3
    note = "; ".join(filter(None, ("" if detailed else f"all axes from −{shared:.2g} to {shared:.2g}", note)))
    figure, squares, side = _place(len(cells), foot=bool(note) * NOTE_MM + legend * LEGEND_MM)
    drawings = []
    for cell, square in zip(cells, squares, strict=True):
        own = cell.bound > 1.001 * shared
        place = StatePanel(dimensions, 1.12 * (cell.bound if own else shared), detailed, named)
        drawings.append(empty_panel(figure, square, side, place, cell.axes, time_ms))
        title = cell.title + (f" (own scale, ±{cell.bound:.2g})" if own else "")
        middle, top = square[0] + square[2] / 2, square[1] + square[3] * (1 + 0.3 * TITLE_MM / side)
        figure.text(middle, top, title, ha="center", va="center", fontsize=7)
    if note:
        height_mm = figure.get_figheight() * MM_PER_INCH
        figure.text(0.5, (legend * LEGEND_MM + 1) / height_mm, note, ha="center", va="bottom", fontsize=SMALL)
    return figure, drawings


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
