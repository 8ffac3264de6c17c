"""The recurrent weights of one network, before and after training."""

from typing import Literal

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from recurra.plotting.colors import DIVERGING, INK, INPUT, PAPER, UNSET, ZERO
from recurra.plotting.papers.style import (
    COLUMN_MM,
    PAGE_MM,
    SMALL,
    few_ticks,
    in_print,
    new_figure,
    plain_log,
)
from recurra.words.names import network_name

Matrix = Float[np.ndarray, "post pre"]

SHARE_SHOWN = 0.995  # of the weights between different units; those beyond have the colour of the scale's end
FAR_APART = 10  # units: the axis' name has room between the numbers of the first and the last
FEW = 100  # weights: their histogram has a linear axis
ON_PAPER = [PAPER if color == ZERO else color for color in DIVERGING]  # zero is as white as the page
COLORS = LinearSegmentedColormap.from_list("inhibitory-excitatory", ON_PAPER, 257).with_extremes(bad=UNSET)


@in_print()
def connectivity(after: Matrix, before: Matrix | None, number: int) -> Figure:
    """Recurrent weights before and after training, their difference, and the distribution of the weights.

    Red is excitatory, blue inhibitory, white zero; the scale is symmetric and the same for all panels. It follows the
    weights between different units: where a few lie beyond it (the diagonal of an identity start), its ends are
    pointed.

    Args:
        after: the trained weights.
        before: the weights before training; None where they are not known.
        number: the network's number, for the title.
    """
    matrices = {"After training": after}
    if before is not None:
        matrices = {"Before training": before, "After training": after, "Difference": after - before}
    figure = new_figure(COLUMN_MM if before is None else PAGE_MM, 46, layout="compressed")
    panels = figure.subplots(1, len(matrices) + 1, squeeze=False)[0]
    scale, extend = _scale(list(matrices.values()))
    for axes, (title, matrix) in zip(panels, matrices.items(), strict=False):
        axes.imshow(np.ma.masked_invalid(matrix), cmap=COLORS, norm=scale, interpolation="none")
        axes.set_title(title)
        _unit_axes(axes, len(matrix))
    panels[0].set_ylabel("Postsynaptic unit", labelpad=-6 if len(after) >= FAR_APART else 2)
    bar = figure.colorbar(
        ScalarMappable(scale, COLORS), ax=list(panels[:-1]), shrink=0.8, aspect=20, pad=0.03, extend=extend
    )
    bar.ax.set_title("Weight", loc="left")
    bar.ax.tick_params(length=2, width=0.4)
    bar.ax.yaxis.set_major_locator(MaxNLocator(4, symmetric=True))
    _distribution(panels[-1], after, before)
    figure.suptitle(network_name(number))
    return figure


def _scale(matrices: list[Matrix]) -> tuple[Normalize, Literal["both", "min", "max", "neither"]]:
    """The symmetric scale of all panels, and which of its ends are pointed since weights lie beyond."""
    between = [matrix[~np.eye(len(matrix), dtype=bool)] for matrix in matrices]
    bound = _bound(between) or _bound(matrices) or 1.0
    values = np.concatenate([matrix[np.isfinite(matrix)] for matrix in matrices])
    above, below = bool((values > bound).any()), bool((values < -bound).any())
    if above and below:
        return Normalize(-bound, bound), "both"
    return Normalize(-bound, bound), "max" if above else "min" if below else "neither"


def _bound(weights: list[Float[np.ndarray, "..."]]) -> float:
    """What the moduli of most weights are below, in each of the arrays; 0 where there are none."""
    moduli = [np.abs(values[np.isfinite(values)]) for values in weights]
    return max((float(np.quantile(values, SHARE_SHOWN)) for values in moduli if values.size), default=0.0)


def _unit_axes(axes: Axes, units: int) -> None:
    """Units count from 1; the first and the last have a tick."""
    ends = sorted({0, units - 1})
    axes.set_xticks(ends, [str(end + 1) for end in ends])
    axes.set_yticks(ends, [str(end + 1) for end in ends])
    axes.set_xlabel("Presynaptic unit", labelpad=-4 if units >= FAR_APART else 2)
    axes.spines[["top", "right"]].set_visible(True)


def _distribution(axes: Axes, after: Matrix, before: Matrix | None) -> None:
    """Histograms over all weights; the count on a log axis, since few of many weights carry the memory."""
    known = {"after": after} if before is None else {"before": before, "after": after}
    finite = {name: matrix[np.isfinite(matrix)] for name, matrix in known.items()}
    together = np.concatenate(list(finite.values()))
    bins = list(np.histogram_bin_edges(together, min(60, max(5, after.size // 10))))
    for (name, values), color in zip(finite.items(), (INPUT, INK)[-len(finite) :], strict=True):
        axes.hist(values, bins=bins, histtype="stepfilled", color=color, alpha=0.25)
        axes.hist(values, bins=bins, histtype="step", color=color, linewidth=0.8, label=name)
    top = axes.get_ylim()[1]
    if after.size > FEW:
        plain_log(axes)
        axes.set_ylim(0.6, top**1.3)
    else:
        few_ticks(axes, y=4)
        axes.set_ylim(0, 1.25 * top)
    axes.margins(x=0.04)
    axes.set_box_aspect(1)
    axes.set_xlabel("Weight")
    axes.set_title("Number of weights")
    few_ticks(axes, x=4)
    if len(known) > 1:
        axes.legend(loc="upper center", ncols=2, handlelength=1, columnspacing=1, fontsize=SMALL)
