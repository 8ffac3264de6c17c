"""The eigenvalues of the linearizations at the fixed points: a panel for each number of unstable modes."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Complex
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle

from recurra.analysis import FixedPoints
from recurra.plotting.colors import FRAME, INK, network_color
from recurra.plotting.papers.style import (
    PAGE_MM,
    few_ticks,
    in_print,
    new_figure,
)
from recurra.plotting.scenes.limits import shared_bound
from recurra.words.names import network_name

PANELS = ("Stable points", "1 unstable mode", "2 unstable modes", "3 and more")
ROOM_MM, LEGEND_MM = 14.0, 5.0
MARGIN = 0.08  # around the circle and the eigenvalues, as a share of the wider extent
MOST_EXPLAINED = 8  # networks in the legend
MANY = 2_000  # eigenvalues; more of them are an image, in a vector file too


@in_print()
def spectra_points(found: Sequence[FixedPoints], numbers: Sequence[int]) -> Figure:
    """Eigenvalues of the Jacobian of one time step at the fixed points, with the unit circle, all on one scale.

    A mode outside the circle grows. The panels have the points with no unstable mode, one, two, and more; the colours
    are the networks'. Eigenvalues far beyond the others are left out.

    Args:
        found: the fixed points of every network.
        numbers: the networks' numbers, for colours and names.
    """
    values = [one.eigenvalues for one in found]
    left, right, top = _view(np.concatenate([one.ravel() for one in values]))
    legend = 1 < len(found) <= MOST_EXPLAINED
    side = (PAGE_MM - 10) / len(PANELS) - 3
    height = side * 2 * top / (right - left) + ROOM_MM + legend * LEGEND_MM
    figure = new_figure(PAGE_MM, height, layout="compressed")
    panels = figure.subplots(1, len(PANELS), sharex=True, sharey=True)
    for kind, axes in enumerate(panels):
        _plane(axes)
        chosen = [np.minimum(one.index, len(PANELS) - 1) == kind for one in found]
        for at, here in enumerate(chosen):
            _points(axes, values[at][here].ravel(), network_color(numbers[at]))
        axes.set_title(f"{PANELS[kind]} ({sum(int(here.sum()) for here in chosen)})")
        axes.set_xlabel("Real part")
    panels[0].set_ylabel("Imaginary part")
    panels[0].set_xlim(left, right)
    panels[0].set_ylim(-top, top)
    if legend:
        marks = [
            Line2D([], [], color=network_color(at), marker="o", markersize=3, linestyle="none", label=network_name(at))
            for at in numbers
        ]
        figure.legend(handles=marks, loc="outside lower center", ncols=4, handletextpad=0.1, columnspacing=1.2)
    return figure


def _view(values: Complex[np.ndarray, "mode"]) -> tuple[float, float, float]:
    """Left, right and upper end of what is shown: the eigenvalues, and what of the circle is near them."""
    values = values[np.isfinite(values)]
    if not len(values):
        return -1 - MARGIN, 1 + MARGIN, 1 + MARGIN
    bound = shared_bound([1.0, *np.quantile(np.abs(values), (0.5, 1.0)).tolist()])
    seen = values[np.abs(values) <= bound]
    left, right = min(float(np.real(seen).min()), 0.9), max(float(np.real(seen).max()), 1.0)
    top = max(float(np.abs(np.imag(seen)).max()), 0.1)
    room = MARGIN * max(right - left, 2 * top)
    return left - room, right + room, top + room


def _plane(axes: Axes) -> None:
    axes.axhline(0, color=FRAME, linewidth=0.4, zorder=0)
    axes.add_patch(Circle((0, 0), 1, fill=False, edgecolor=INK, linewidth=0.6, zorder=3))
    axes.set_aspect("equal", adjustable="box")
    few_ticks(axes, x=4, y=4)


def _points(axes: Axes, values: Complex[np.ndarray, "mode"], color: str) -> None:
    style = {"s": 3, "color": color, "alpha": 0.6, "linewidths": 0}
    axes.scatter(np.real(values), np.imag(values), zorder=2, rasterized=len(values) > MANY, **style)
