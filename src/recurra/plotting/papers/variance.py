"""Bars: the factors with which the rates of networks vary, and to which their units respond."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from recurra.plotting.colors import INK, PAPER, text_on
from recurra.plotting.papers.style import COLUMN_MM, PAGE_MM, SMALL, in_print, new_figure
from recurra.plotting.scenes.variance import RespondingUnits, ShareOfVariance, VarianceBars

ROW_MM, BARS_MM = 4.4, 16.0  # of one network, and what is around all of them
THIN = 0.4  # height of one of two bars of a network, in rows
WIDE = 9.0  # per cent of a bar that have room for a number


@in_print()
def variance_shares(scene: VarianceBars) -> Figure:
    """The factors with which the rates of every network vary, and how many units respond to none, one or several.

    At the left the shares of the variance of the rates: of time, which all conditions have in common, of each factor,
    and of interactions between factors. At the right, where there are several factors, the shares of the units; a dot
    is the mean under permuted conditions, and the line goes on to the 95th percentile.

    Args:
        scene: the bars.
    """
    several, networks = bool(scene.responding), len(scene.names)
    height = BARS_MM + ROW_MM * networks + (0 if several else 4)
    figure = new_figure(PAGE_MM if several else COLUMN_MM, height)
    panels = figure.subplots(1, 2 if several else 1, squeeze=False, sharey=True)[0]
    _stacked(panels[0], scene.shares)
    panels[0].set_xlabel("Variance of the rates (%)")
    panels[0].set_yticks(list(range(networks)), list(scene.names))
    panels[0].set_ylim(networks - 0.4, -0.6)
    if several:
        _selective(panels[1], scene.responding)
    for axes in panels:
        axes.tick_params(axis="y", length=0)
    return figure


def _stacked(axes: Axes, shares: Sequence[ShareOfVariance]) -> None:
    """Parts of 100 % side by side, with their numbers if there is room."""
    lefts = np.zeros(len(shares[0].percent))
    for share in shares:
        rows, look = np.arange(len(lefts)), {"color": share.color, "edgecolor": PAPER, "linewidth": 0.5}
        axes.barh(rows, share.percent, left=lefts, height=0.72, label=share.name, **look)
        for row in np.flatnonzero(share.percent >= WIDE).tolist():
            style = {"ha": "center", "va": "center", "fontsize": SMALL, "color": text_on(share.color)}
            axes.text(lefts[row] + share.percent[row] / 2, row, f"{share.percent[row]:.0f}", **style)
        lefts = lefts + share.percent
    axes.set_xlim(0, 100)
    _key(axes, min(len(shares), 6))


def _selective(axes: Axes, responding: Sequence[RespondingUnits]) -> None:
    """Two thin bars per network: the units that respond to one and to several factors, each with its chance level."""
    for kind, one in enumerate(responding):
        places = np.arange(len(one.percent)) + (kind - 0.5) * THIN
        axes.barh(places, one.percent, height=0.9 * THIN, color=one.color, linewidth=0, label=one.name)
        axes.hlines(places, one.chance, one.chance_high, color=INK, linewidth=0.6, zorder=3)
        axes.plot(one.chance, places, color=INK, marker="o", markersize=1.8, linestyle="none", zorder=4)
    style: dict[str, Any] = {"color": INK, "linewidth": 0.6, "marker": "o", "markersize": 1.8, "markevery": [0]}
    axes.plot([np.nan, np.nan], [0, 0], label="chance, to its 95th percentile", **style)
    axes.set_xlim(0, 100)
    axes.set_xlabel("Units that respond (%)")
    _key(axes, 3)


def _key(axes: Axes, columns: int) -> None:
    """The legend over a panel: bars, then lines."""
    place = {"loc": "lower center", "bbox_to_anchor": (0.5, 1.0), "borderaxespad": 0.3}
    handles = [*axes.containers, *(line for line in axes.get_lines() if not str(line.get_label()).startswith("_"))]
    axes.legend(handles=handles, ncols=columns, handlelength=1.0, columnspacing=1.0, handletextpad=0.4, **place)
