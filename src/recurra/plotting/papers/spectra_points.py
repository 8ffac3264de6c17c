"""The eigenvalues of the linearizations at the fixed points: a panel for each number of unstable modes."""

import numpy as np
from jaxtyping import Complex
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle

from recurra.plotting.colors import FRAME, INK
from recurra.plotting.papers.style import (
    PAGE_MM,
    few_ticks,
    in_print,
    new_figure,
)
from recurra.plotting.scenes.points import PointSpectra

ROOM_MM, LEGEND_MM = 14.0, 5.0
MOST_EXPLAINED = 8  # networks in the legend
MANY = 2_000  # eigenvalues; more of them are an image, in a vector file too


@in_print()
def spectra_points(scene: PointSpectra) -> Figure:
    """Eigenvalues of the Jacobian of one time step at the fixed points, with the unit circle, all on one scale.

    A mode outside the circle grows. The panels have the points with no unstable mode, one, two, and more; the colours
    are the networks'. Eigenvalues far beyond the others are left out.

    Args:
        scene: the eigenvalues.
    """
    left, right, top = scene.limits
    legend, count = 1 < len(scene.names) <= MOST_EXPLAINED, len(scene.titles)
    side = (PAGE_MM - 10) / count - 3
    height = side * 2 * top / (right - left) + ROOM_MM + legend * LEGEND_MM
    figure = new_figure(PAGE_MM, height, layout="compressed")
    panels = figure.subplots(1, count, sharex=True, sharey=True)
    for axes, title, values in zip(panels, scene.titles, scene.values, strict=True):
        _plane(axes)
        for own, color in zip(values, scene.colors, strict=True):
            _points(axes, own, color)
        axes.set_title(title)
        axes.set_xlabel("Real part")
    panels[0].set_ylabel("Imaginary part")
    panels[0].set_xlim(left, right)
    panels[0].set_ylim(-top, top)
    if legend:
        marks = [
            Line2D([], [], color=color, marker="o", markersize=3, linestyle="none", label=name)
            for name, color in zip(scene.names, scene.colors, strict=True)
        ]
        figure.legend(handles=marks, loc="outside lower center", ncols=4, handletextpad=0.1, columnspacing=1.2)
    return figure


def _plane(axes: Axes) -> None:
    axes.axhline(0, color=FRAME, linewidth=0.4, zorder=0)
    axes.add_patch(Circle((0, 0), 1, fill=False, edgecolor=INK, linewidth=0.6, zorder=3))
    axes.set_aspect("equal", adjustable="box")
    few_ticks(axes, x=4, y=4)


def _points(axes: Axes, values: Complex[np.ndarray, "mode"], color: str) -> None:
    style = {"s": 3, "color": color, "alpha": 0.6, "linewidths": 0}
    axes.scatter(np.real(values), np.imag(values), zorder=2, rasterized=len(values) > MANY, **style)
