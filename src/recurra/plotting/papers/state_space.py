"""The memory states of the flip-flop and the paths between them, in few coordinates: small multiples of networks."""

from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from recurra.plotting.papers.space_grid import GridPanel, space_grid
from recurra.plotting.papers.state_panel import draw_states
from recurra.plotting.papers.style import columns_for, in_print
from recurra.plotting.scenes.space import MemorySpace, bound_of

MOST_NAMED = {1: 16, 2: 16, 3: 8}  # states that have room for names, by the columns of panels; else a legend has them
MOST_EXPLAINED = 16  # states in a legend


@in_print()
def state_space(panels: Sequence[MemorySpace]) -> Figure:
    """Small multiples of networks in state space, all on one scale.

    The path of the cube walk is thin and pale, in the colours of the requested states; the memory states are
    spheres in their colours with their names, and the edges of the fitted parallelepiped join the states that differ
    in one bit. Three coordinates and more are drawn in three dimensions, two in the plane, one against time. A network
    far larger than the others has its own scale, which is stated.

    Args:
        panels: one network per panel.
    """
    signs = panels[0].states
    dimensions, columns = min(3, *(panel.means.shape[1] for panel in panels)), columns_for(len(panels))
    named = len(signs) <= MOST_NAMED[columns] if columns in MOST_NAMED else False
    legend = not named and len(signs) <= MOST_EXPLAINED
    cells = [GridPanel(panel.name, panel.axes, bound_of(panel, dimensions)) for panel in panels]
    figure, drawings = space_grid(cells, dimensions, panels[0].time_ms, named, legend, panels[0].note)
    for drawing, panel in zip(drawings, panels, strict=True):
        draw_states(drawing, panel)
    if legend:
        _legend(figure, panels[0])
    return figure


def _legend(figure: Figure, space: MemorySpace) -> None:
    """The states' colours and names, in one row or two."""
    marks = [
        Line2D([], [], color=color, marker="o", markersize=4, linestyle="none", label=name)
        for color, name in zip(space.colors, space.names, strict=True)
    ]
    columns = min(8, len(marks))
    figure.legend(handles=marks, loc="lower center", ncols=columns, handletextpad=0.2, columnspacing=1.2)
