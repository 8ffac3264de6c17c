"""The recurrent weights of one network, before and after training."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from recurra.plotting.colors import DIVERGING, INK, PAPER, UNSET, ZERO
from recurra.plotting.papers.style import (
    COLUMN_MM,
    PAGE_MM,
    SMALL,
    few_ticks,
    in_print,
    new_figure,
    plain_log,
)
from recurra.plotting.scenes.weights import Matrix, WeightPanels

FAR_APART = 10  # units: the axis' name has room between the numbers of the first and the last
FEW = 100  # weights: their histogram has a linear axis
ON_PAPER = [PAPER if color == ZERO else color for color in DIVERGING]  # zero is as white as the page
COLORS = LinearSegmentedColormap.from_list("inhibitory-excitatory", ON_PAPER, 257).with_extremes(bad=UNSET)


@in_print()
def connectivity(scene: WeightPanels) -> Figure:
    """Recurrent weights before and after training, their difference, and the distribution of the weights.

    Red is excitatory, blue inhibitory, white zero, grey no connection; lines are between groups of units, such as
    excitatory (E) and inhibitory (I) ones. The scale is symmetric and the same for all panels. Where weights
    lie beyond it, its ends are pointed.

    Args:
        scene: the weights of one network.
    """
    count, units = len(scene.matrices), len(next(iter(scene.matrices.values())))
    figure = new_figure(COLUMN_MM if count == 1 else PAGE_MM, 46, layout="compressed")
    panels = figure.subplots(1, count + 1, squeeze=False)[0]
    scale = Normalize(-scene.limit, scene.limit)
    for axes, (title, matrix) in zip(panels, scene.matrices.items(), strict=False):
        matrix_panel(axes, matrix, scale)
        axes.set_title(title)
        _groups(axes, scene)
    panels[0].set_ylabel("Postsynaptic unit", labelpad=-6 if units >= FAR_APART and not scene.labels else 2)
    bar = figure.colorbar(
        ScalarMappable(scale, COLORS), ax=list(panels[:-1]), shrink=0.8, aspect=20, pad=0.03, extend=scene.beyond
    )
    bar.ax.set_title("Weight", loc="left")
    bar.ax.tick_params(length=2, width=0.4)
    bar.ax.yaxis.set_major_locator(MaxNLocator(4, symmetric=True))
    _distribution(panels[-1], scene, units * units)
    figure.suptitle(scene.name)
    return figure


def matrix_panel(axes: Axes, matrix: Matrix, scale: Normalize) -> None:
    """A matrix of weights in colours; the first and the last unit have a tick."""
    axes.imshow(np.ma.masked_invalid(matrix), cmap=COLORS, norm=scale, interpolation="none")
    _unit_axes(axes, len(matrix))


def _unit_axes(axes: Axes, units: int) -> None:
    """The first and the last unit have a tick."""
    ends = sorted({0, units - 1})
    axes.set_xticks(ends)
    axes.set_yticks(ends)
    axes.set_xlabel("Presynaptic unit", labelpad=-4 if units >= FAR_APART else 2)
    axes.spines[["top", "right"]].set_visible(True)


def _groups(axes: Axes, scene: WeightPanels) -> None:
    """Lines between groups of units, and the groups' labels in place of the units' numbers."""
    for bound in scene.bounds:
        axes.axhline(bound, color=INK, linewidth=0.35)
        axes.axvline(bound, color=INK, linewidth=0.35)
    if scene.labels:
        for set_ticks in (axes.set_xticks, axes.set_yticks):
            set_ticks(list(scene.labels), list(scene.labels.values()))
        axes.tick_params(length=0, labelsize=SMALL)
        axes.xaxis.labelpad = 2


def _distribution(axes: Axes, scene: WeightPanels, weights: int) -> None:
    """Histograms over all weights; the count on a log axis, since few of many weights carry the memory."""
    for part in scene.parts:
        axes.stairs(part.counts, scene.edges, fill=True, color=part.color, alpha=0.25)
        axes.stairs(part.counts, scene.edges, color=part.color, linewidth=0.8, label=part.name)
    top = 1.05 * max(1, *(int(part.counts.max()) for part in scene.parts))
    if weights > FEW:
        plain_log(axes)
        axes.set_ylim(0.6, top**1.3)
    else:
        few_ticks(axes, y=4)
        axes.set_ylim(0, 1.25 * top)
    axes.set_xlim(scene.edges[0], scene.edges[-1])
    axes.set_box_aspect(1)
    axes.set_xlabel("Weight")
    axes.set_title("Number of weights")
    few_ticks(axes, x=4)
    if len(scene.parts) > 1:
        axes.legend(loc="upper center", ncols=2, handlelength=1, columnspacing=1, fontsize=SMALL)
