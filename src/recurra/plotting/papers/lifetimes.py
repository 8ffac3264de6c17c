"""Lifetimes of memories: bars, small multiples of networks."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from recurra.plotting.colors import INK, PAPER
from recurra.plotting.papers.style import (
    COLUMN_MM,
    PAGE_MM,
    columns_for,
    in_print,
    new_figure,
    panel_grid,
    plain_log,
)
from recurra.plotting.scenes.lifetimes import ABOVE, LifetimeBars, NetworkBars

PANEL_MM, MARGIN_MM = 34.0, 12.0
NARROW_MM = 1.5  # of a bar a sign of its name; the signs of narrower ones stand below each other


@in_print()
def lifetimes(scene: LifetimeBars) -> Figure:
    """One bar per memory state on a log axis: how long a network holds it without a further pulse and without noise.

    The dashed line is the length of a trained trial. A bar that lasts to the end of the observed time has an arrow:
    filled if the network is at rest, open if it still moves. A cross is a memory that was never right.

    Args:
        scene: the bars of every network.
    """
    networks = scene.networks
    columns = columns_for(len(networks))
    width = COLUMN_MM if columns == 1 else PAGE_MM
    figure = new_figure(width, MARGIN_MM + PANEL_MM * -(-len(networks) // columns))
    pitch_mm = (width - 12) / columns / (len(networks[0].names) + 1)
    for at, axes in enumerate(panel_grid(figure, len(networks))):
        plain_log(axes)
        axes.set_ylim(*scene.limits_ms)
        axes.axhline(scene.trained_ms, color=INK, linewidth=0.6, linestyle="--", zorder=3)
        _bars(axes, networks[at], scene.limits_ms[0])
        _names(axes, networks[at].names, pitch_mm)
        axes.set_title(networks[at].title)
        axes.set_ylabel("Lifetime (ms)" if at % columns == 0 else "")
    _explain(figure, scene)
    return figure


def _bars(axes: Axes, bars: NetworkBars, low: float) -> None:
    places, above = np.arange(len(bars.names)), (bars.longest_ms / low) ** ABOVE
    axes.bar(places, bars.length_ms - low, bottom=low, width=0.72, color=list(bars.colors), linewidth=0)
    for chosen, fill in ((bars.held & bars.at_rest, INK), (bars.held & ~bars.at_rest, PAPER)):
        tips = np.full(chosen.sum(), bars.longest_ms * above)
        axes.scatter(places[chosen], tips, marker="^", s=11, facecolors=fill, edgecolors=INK, linewidths=0.5, zorder=4)
    style = {"marker": "x", "s": 9, "color": INK, "linewidths": 0.7, "clip_on": False, "zorder": 4}
    axes.scatter(places[bars.never], np.full(bars.never.sum(), low * above), **style)


def _names(axes: Axes, states: Sequence[str], pitch_mm: float) -> None:
    """Names under the bars, sign under sign where these are narrow."""
    names = [name.replace(" ", "") for name in states]
    axes.set_xlim(-0.7, len(names) - 0.3)
    axes.tick_params(axis="x", length=0)
    upright = pitch_mm < NARROW_MM * (len(names[0]) + 0.5)
    axes.set_xticks(list(range(len(names))), ["\n".join(name) for name in names] if upright else names)
    for label in axes.get_xticklabels():
        label.set_linespacing(0.7)


def _explain(figure: Figure, scene: LifetimeBars) -> None:
    """The meaning of the line and arrows that occur."""
    held, rest, never = (
        np.concatenate([getattr(bars, name) for bars in scene.networks]) for name in ("held", "at_rest", "never")
    )
    mark = {"color": INK, "linestyle": "none", "markersize": 3.5, "markeredgewidth": 0.5}
    trial = f"a trial, {scene.trained_ms:,.10g} ms"
    handles = [Line2D([], [], color=INK, linewidth=0.6, linestyle="--", label=trial)]
    if (held & rest).any():
        handles.append(Line2D([], [], marker="^", label="stable", **mark))
    if (held & ~rest).any():
        handles.append(Line2D([], [], marker="^", markerfacecolor=PAPER, label="held, still moving", **mark))
    if never.any():
        handles.append(Line2D([], [], marker="x", label="never right", **mark))
    narrow = columns_for(len(scene.networks)) == 1
    figure.legend(handles=handles, loc="outside upper center", ncols=2 if narrow else 4, columnspacing=1.2)
