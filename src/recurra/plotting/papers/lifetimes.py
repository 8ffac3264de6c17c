"""Bars, small multiples over networks: how long memories last; what the rates vary with, and the units respond to."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from recurra.analysis import Demixed, Selectivity
from recurra.plotting.colors import INK, INPUT, PAPER, START, mix, text_on
from recurra.plotting.papers.style import (
    COLUMN_MM,
    PAGE_MM,
    SMALL,
    columns_for,
    in_print,
    new_figure,
    panel_grid,
    plain_log,
)
from recurra.plotting.scenes.lifetimes import ABOVE, Bars, LifetimeBars
from recurra.words.names import network_name

PANEL_MM, MARGIN_MM = 34.0, 12.0
NARROW_MM = 1.5  # of a bar a sign of its name; the signs of narrower ones stand below each other
ROW_MM, BARS_MM = 4.4, 16.0  # of one network, and what is around all of them
THIN = 0.4  # height of one of two bars of a network, in rows
WIDE = 0.09  # share of a bar that has room for its number


@in_print()
def lifetimes(scene: LifetimeBars) -> Figure:
    """A bar a memory state on a log axis: how long a network holds it without a further pulse and without noise.

    The dashed line is the length of a trained trial. A bar that is right to the end of the time watched has an arrow:
    filled where the network is at rest, open where it still moves. A cross is a memory that was never right.

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


def _bars(axes: Axes, bars: Bars, low: float) -> None:
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
    """What line and arrows mean, for those that there are."""
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


@in_print()
def variance_shares(
    found: Sequence[Demixed],
    units: Sequence[Selectivity],
    factors: Sequence[str],
    colors: Sequence[str],
    numbers: Sequence[int],
) -> Figure:
    """What the rates of every network vary with, and how many units respond to none, one or several factors.

    At the left the shares of the variance of the rates: of time, which all conditions have in common, of each factor,
    and of interactions between factors. At the right, where there are several factors, the shares of the units; a dot
    is the mean under permuted conditions, and the line goes on to the 95th percentile.

    Args:
        found: of every network.
        units: of the same networks.
        factors: names of the factors.
        colors: of the factors.
        numbers: the networks' numbers.
    """
    several = len(factors) > 1
    width, height = PAGE_MM if several else COLUMN_MM, BARS_MM + ROW_MM * len(found)
    figure = new_figure(width, height + (0 if several else 4))
    panels = figure.subplots(1, 2 if several else 1, squeeze=False, sharey=True)[0]
    shades = {"time": INPUT, **dict(zip(factors, colors, strict=True))}
    shades |= {"interactions": mix(INK, PAPER, 0.35)} if several else {}
    shares = np.array([one.marginal_variance[: len(shades)] for one in found])
    _stacked(panels[0], shares, shades)
    panels[0].set_xlabel("Variance of the rates (%)")
    panels[0].set_yticks(list(range(len(found))), [network_name(number) for number in numbers])
    panels[0].set_ylim(len(found) - 0.4, -0.6)
    if several:
        _selective(panels[1], units)
    for axes in panels:
        axes.tick_params(axis="y", length=0)
    return figure


def _stacked(axes: Axes, shares: Float[np.ndarray, "network part"], shades: dict[str, str]) -> None:
    """Parts of 100 % side by side, with their numbers where there is room."""
    known = np.nan_to_num(shares)
    begins = np.cumsum(known, axis=1) - known
    for part, (name, color) in enumerate(shades.items()):
        widths, lefts = 100 * known[:, part], 100 * begins[:, part]
        bars = axes.barh(
            np.arange(len(shares)), widths, left=lefts, height=0.72, color=color, edgecolor=PAPER, linewidth=0.5
        )
        bars.set_label(name)
        for row in np.flatnonzero(known[:, part] >= WIDE).tolist():
            style = {"ha": "center", "va": "center", "fontsize": SMALL, "color": text_on(color)}
            axes.text(lefts[row] + widths[row] / 2, row, f"{widths[row]:.0f}", **style)
    axes.set_xlim(0, 100)
    _key(axes, min(len(shades), 6))


def _selective(axes: Axes, units: Sequence[Selectivity]) -> None:
    """Two thin bars a network: the units that respond to one factor and to several, each with what chance leaves."""
    rows = np.arange(len(units))
    percent = np.array([100 / max(int(one.count.sum()), 1) for one in units])
    for kind, name, color in ((1, "to one factor", START), (2, "to several", INPUT)):
        places = rows + (kind - 1.5) * THIN
        shares = percent * np.array([one.count[kind] for one in units])
        means = percent * np.array([one.count_chance[kind] for one in units])
        highs = percent * np.array([one.count_chance_high[kind] for one in units])
        axes.barh(places, shares, height=0.9 * THIN, color=color, linewidth=0, label=name)
        axes.hlines(places, means, np.maximum(highs, means), color=INK, linewidth=0.6, zorder=3)
        axes.plot(means, places, color=INK, marker="o", markersize=1.8, linestyle="none", zorder=4)
    style = {"color": INK, "linewidth": 0.6, "marker": "o", "markersize": 1.8, "markevery": [0]}
    axes.plot([np.nan, np.nan], [0, 0], label="chance, to its 95th percentile", **style)
    axes.set_xlim(0, 100)
    axes.set_xlabel("Units that respond (%)")
    _key(axes, 3)


def _key(axes: Axes, columns: int) -> None:
    """The legend over a panel: bars, then lines."""
    place = {"loc": "lower center", "bbox_to_anchor": (0.5, 1.0), "borderaxespad": 0.3}
    handles = [*axes.containers, *(line for line in axes.get_lines() if not str(line.get_label()).startswith("_"))]
    axes.legend(handles=handles, ncols=columns, handlelength=1.0, columnspacing=1.0, handletextpad=0.4, **place)
