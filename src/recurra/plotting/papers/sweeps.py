"""A sweep on one page: lines over one number, strips over other values, heat maps over two keys, panels for more."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from recurra.analysis.cohorts.sweep import Sweep
from recurra.analysis.cohorts.swept import SweptKey
from recurra.plotting.colors import INK, NETWORKS, PAPER
from recurra.plotting.papers.style import PAGE_MM, in_print, new_figure

ROW_MM, PANEL_MM = 4.2, 58.0
FEW_LOG = 10.0  # a key whose largest value is so many times the least has a logarithmic axis
MOST_ROWS = 40  # conditions of a list; the others are left out
SHARES = LinearSegmentedColormap.from_list("shares", [PAPER, "#b9cbd6", "#5b7a99", INK])
SPREAD = 0.22  # of the networks of a condition to both sides
GOLDEN = 0.6180339887  # multiples of it fill a strip evenly


@in_print()
def sweep_figure(sweep: Sweep) -> Figure:
    """The share of networks that learned their task, and how long they took, by condition.

    Over one key that is a number: lines with the interval of the share, and a point for every network. Over one key
    of another kind: strips. Over two keys: heat maps. Over more, and of zipped values: a list of the conditions. Of a
    sample: a panel for every key.

    Args:
        sweep: the sweep.
    """
    if sweep.how == "sample":
        figure = new_figure(PAGE_MM, PANEL_MM)
        panels = np.ravel(figure.subplots(1, len(sweep.keys), sharey=True, squeeze=False))
        for axes, key in zip(panels, sweep.keys, strict=True):
            draw_shares(axes, sweep, key)
            axes.set_ylabel("Networks that learned (%)" if axes is panels[0] else "")
        return figure
    took = ("steps_to_success", "Steps until successful")
    second = took if sweep.known(took[0]) else ("validation_loss", "Validation loss")
    if sweep.how == "all" and len(sweep.keys) == 1:
        figure = new_figure(PAGE_MM, PANEL_MM)
        left, right = figure.subplots(1, 2)
        draw_shares(left, sweep, sweep.keys[0])
        draw_networks(right, sweep, *second)
        return figure
    if sweep.how == "all" and len(sweep.keys) == 2:
        figure = new_figure(PAGE_MM, 24 + 7.0 * len(sweep.keys[0].values) + 10)
        left, right = figure.subplots(1, 2)
        draw_heat_map(left, sweep, [one.success_rate.value * 100 for one in sweep.conditions], "Learned (%)", (0, 100))
        middle = [one.median(second[0]) for one in sweep.conditions]
        draw_heat_map(right, sweep, middle, f"{second[1]}, median", None)
        return figure
    figure = new_figure(PAGE_MM, 18 + ROW_MM * min(len(sweep), MOST_ROWS))
    left, right = figure.subplots(1, 2, sharey=True)
    draw_list(left, sweep)
    draw_list_of_networks(right, sweep, *second)
    return figure


def draw_sweep(axes: Axes, sweep: Sweep) -> None:
    """The share of networks that learned their task in every condition, on one pair of axes."""
    if sweep.how == "all" and len(sweep.keys) == 1:
        draw_shares(axes, sweep, sweep.keys[0])
    elif sweep.how == "all" and len(sweep.keys) == 2:
        draw_heat_map(axes, sweep, [one.success_rate.value * 100 for one in sweep.conditions], "Learned (%)", (0, 100))
    else:
        draw_list(axes, sweep)


def draw_shares(axes: Axes, sweep: Sweep, key: SweptKey) -> None:
    """The share that learned with its 95 % interval against the value of a key, one mark per condition."""
    at = sweep.keys.index(key)
    places = _places(key, [one.values[at] for one in sweep.conditions])
    shares = [one.success_rate for one in sweep.conditions]
    for place, share in zip(places, shares, strict=True):
        axes.vlines(place, 100 * share.low, 100 * share.high, color=INK, linewidth=1.0)
    joined = key.is_number and len(sweep.keys) == 1
    axes.plot(places, [100 * share.value for share in shares], "o", color=INK, markersize=3.5,
              linestyle="-" if joined else "none", linewidth=0.9)  # fmt: skip
    _key_axis(axes, key)
    axes.set_ylim(-4, 104)
    axes.set_ylabel("Networks that learned (%)")


def draw_networks(axes: Axes, sweep: Sweep, name: str, label: str) -> None:
    """One number of every network against the value of the only key, and the median of every condition."""
    key = sweep.keys[0]
    places = _places(key, [one.values[0] for one in sweep.conditions])
    width = SPREAD * _step(key, places)
    middles = []
    for place, one in zip(places, sweep.conditions, strict=True):
        known = one.column(name)
        known = known[np.isfinite(known)]
        aside = width * (2 * np.mod(GOLDEN * np.arange(len(known)), 1) - 1)
        where = place * np.exp(aside) if _logarithmic(key) else place + aside
        axes.plot(where, known, "o", color=NETWORKS[0], markersize=2.2, alpha=0.6, linestyle="none")
        middles.append(one.median(name))
    joined = key.is_number
    axes.plot(places, middles, "_", color=INK, markersize=9, linestyle="-" if joined else "none", linewidth=0.9)
    _key_axis(axes, key)
    axes.set_ylabel(label)
    axes.set_title("Points: networks; lines: medians", color=INK)
    axes.margins(y=0.06)


def draw_heat_map(
    axes: Axes, sweep: Sweep, values: Sequence[float], title: str, limits: tuple[float, float] | None
) -> None:
    """A number of every condition over two keys, written into its field."""
    rows, columns = sweep.keys
    grid = np.reshape(values, sweep.shape)
    known = grid[np.isfinite(grid)]
    low, high = limits or ((known.min(), known.max()) if len(known) else (0.0, 1.0))
    axes.imshow(grid, cmap=SHARES, vmin=low, vmax=high if high > low else low + 1, aspect="auto")
    for (row, column), value in np.ndenumerate(grid):
        dark = math.isfinite(value) and high > low and (value - low) / (high - low) > 0.5
        text = f"{value:.3g}" if math.isfinite(value) else "–"
        axes.text(column, row, text, ha="center", va="center", color=PAPER if dark else INK)
    axes.set_yticks(range(len(rows.values)), rows.labels)
    axes.set_xticks(range(len(columns.values)), columns.labels)
    axes.set_ylabel(rows.name)
    axes.set_xlabel(columns.name)
    axes.set_title(title)
    axes.tick_params(length=0)


def draw_list(axes: Axes, sweep: Sweep) -> None:
    """The share that learned with its 95 % interval, one row per condition."""
    shown = sweep.conditions[:MOST_ROWS]
    for row, one in enumerate(shown):
        share = one.success_rate
        axes.hlines(row, 100 * share.low, 100 * share.high, color=INK, linewidth=1.0)
        axes.plot(100 * share.value, row, "o", color=INK, markersize=3.5)
    axes.set_yticks(range(len(shown)), [one.label for one in shown])
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.set_xlim(-4, 104)
    axes.set_xlabel("Networks that learned (%)")
    if len(sweep) > MOST_ROWS:
        axes.set_title(f"The first {MOST_ROWS} of {len(sweep):,} conditions")


def draw_list_of_networks(axes: Axes, sweep: Sweep, name: str, label: str) -> None:
    """One number of every network, one row per condition, with the median."""
    for row, one in enumerate(sweep.conditions[:MOST_ROWS]):
        column = one.column(name)
        axes.plot(
            column, np.full(len(column), row), "o", color=NETWORKS[0], markersize=2.2, alpha=0.6, linestyle="none"
        )
        axes.plot(one.median(name), row, "|", color=INK, markersize=8)
    axes.set_xlabel(label)
    axes.margins(x=0.06)


def _places(key: SweptKey, values: Sequence[object]) -> list[float]:
    """Where the values stand: numbers at their place, others at that of their order of appearance."""
    if key.is_number:
        return [float(value) for value in values]  # type: ignore[arg-type]
    first = list(dict.fromkeys(key.labels))
    labels = dict(zip(map(repr, key.values), key.labels, strict=True))
    return [float(first.index(labels[repr(value)])) for value in values]


def _key_axis(axes: Axes, key: SweptKey) -> None:
    axes.set_xlabel(key.name)
    if not key.is_number:
        labels = list(dict.fromkeys(key.labels))
        axes.set_xticks(range(len(labels)), labels)
        axes.set_xlim(-0.6, len(labels) - 0.4)
        return
    if _logarithmic(key):
        axes.set_xscale("log")
    axes.margins(x=0.08)
    if len(set(key.values)) <= 6:
        axes.set_xticks(sorted(set(key.values)), [f"{value:g}" for value in sorted(set(key.values))])
        axes.minorticks_off()


def _logarithmic(key: SweptKey) -> bool:
    return key.is_number and min(key.values) > 0 and max(key.values) >= FEW_LOG * min(key.values)


def _step(key: SweptKey, places: Sequence[float]) -> float:
    """The least distance between two values, on the axis that they have."""
    on_axis = np.log(places) if _logarithmic(key) else np.asarray(places)
    apart = np.diff(np.unique(on_axis))
    return float(apart.min()) if len(apart) else 1.0
