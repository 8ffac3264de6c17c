"""The figures of the studies, in the style of the papers and with the published points."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from recurra.plotting.colors import network_color, state_colors
from recurra.plotting.papers.style import (
    COLUMN_MM,
    PAGE_MM,
    ROOM,
    columns_for,
    few_ticks,
    in_print,
    new_figure,
    panel_grid,
    plain_log,
    plain_number,
)

Rows = Sequence[Mapping[str, Any]]
FOUND, PUBLISHED, THIRD, FOURTH = "#1f5fa8", "#b35c00", "#2f7d4f", "#7a4a8c"
COLORS = (FOUND, PUBLISHED, THIRD, FOURTH)


@in_print()
def success_bars(rows: Rows, names: Mapping[str, str]) -> Figure:
    """The share of successful networks per task and initial condition, with interval; published shares are diamonds."""
    figure = new_figure(PAGE_MM, 60)
    axes = figure.subplots()
    tasks = list(dict.fromkeys(row["task"] for row in rows))
    for row in rows:
        normal = row["initializer"] == "normal"
        x = tasks.index(row["task"]) + (0.2 if normal else -0.2)
        color = THIRD if normal else FOUND
        axes.bar(x, row["percent"], 0.34, color=color, alpha=0.75, label=row["initializer"])
        low, high = row["percent"] - row["low"], row["high"] - row["percent"]
        axes.errorbar(x, row["percent"], yerr=[[low], [high]], color="black", linewidth=0.7, capsize=2)
        axes.plot(x, row["published_percent"], "D", color=PUBLISHED, markersize=4, label="published", zorder=3)
    axes.set_xticks(range(len(tasks)), [names[task] for task in tasks])
    axes.set_xlim(-0.6, len(tasks) - 0.4)
    axes.set_ylim(0, 105)
    axes.set_ylabel("Successful networks (%)")
    _legend(axes, ncols=3, above=True)
    return figure


@in_print()
def memory_curve(rows: Rows, factor: str, label: str) -> Figure:
    """Distance against delay or size, and above it the distance rescaled between a perfect and a silent network."""
    figure = new_figure(COLUMN_MM, 100)
    upper, lower = figure.subplots(2, 1, sharex=True)
    x = _column(rows, factor)
    for axes, name in ((upper, "rescaled"), (lower, "distance")):
        known, error = f"published_{name}", "error" if name == "distance" else "rescaled_error"
        look = {"markersize": 3, "linewidth": 0.8}
        axes.errorbar(x, _column(rows, name), yerr=_column(rows, error), fmt="o-", color=FOUND, label="found", **look)
        errors = _column(rows, f"published_{error}")
        axes.errorbar(x, _column(rows, known), yerr=errors, fmt="D", color=PUBLISHED, label="published", **look)
        axes.margins(x=ROOM)
    for height in (0, 1):
        upper.axhline(height, color="black", linewidth=0.5, linestyle=":")
    lower.plot(x, _column(rows, "floor"), ":", color=FOUND, linewidth=0.8, label="perfect and silent, found")
    lower.plot(x, _column(rows, "silence"), ":", color=FOUND, linewidth=0.8)
    upper.set_ylabel("0 perfect, 1 silent")
    lower.set_ylabel("Distance")
    lower.set_xlabel(label)
    handles, labels = lower.get_legend_handles_labels()
    upper.legend(handles, labels, ncols=2, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    return figure


@in_print()
def damage_curves(rows: Rows, ways: Sequence[str], bounds: Sequence[float]) -> Figure:
    """Distance against the removed percentage, one panel per way; lines are found, points are published."""
    figure = new_figure(PAGE_MM, 100)
    grid = np.ravel(figure.subplots(2, 3, sharex=True, sharey=True))
    conditions = list(dict.fromkeys(row["condition"] for row in rows))
    for way, axes in zip(ways, grid, strict=False):
        for condition, color in zip(conditions, COLORS, strict=False):
            part = [row for row in rows if row["way"] == way and row["condition"] == condition]
            x, mean, error = (_column(part, name) for name in ("percent", "held_mean", "held_error"))
            axes.plot(x, mean, color=color, linewidth=1, label=condition)
            axes.fill_between(x, mean - error, mean + error, color=color, alpha=0.2, linewidth=0)
            axes.plot(x, _column(part, "published_distance"), "D", color=color, markersize=2.5, alpha=0.8)
        for bound in bounds:
            axes.axhline(bound, color="black", linewidth=0.5, linestyle=":")
        axes.set_title(way.replace("_", ", "))
        axes.margins(x=ROOM)
        few_ticks(axes, x=5, y=5)
    for axes in grid[len(ways) :]:
        axes.set_axis_off()
    for axes in grid[[0, 3]]:
        axes.set_ylabel("Distance")
    for axes in grid[2:5]:
        axes.set_xlabel("Removed (%)")
        axes.tick_params(labelbottom=True)
    handles, labels = grid[0].get_legend_handles_labels()
    grid[-1].legend(handles, labels, title="Condition: lines found,\ndiamonds published", loc="center")
    return figure


@in_print()
def factor_curves(rows: Rows, panels: Mapping[str, str], series: str, y: str, label: str) -> Figure:
    """Small multiples: `y` against each factor, with its interval; one line per value of `series`.

    Args:
        rows: with the columns factor, value, `series`, `y`, and the ends `low` and `high` of its interval.
        panels: the factors, and the labels of their axes.
        series: the column that distinguishes the lines.
        y: the column that is drawn.
        label: label of the vertical axis.
    """
    columns = columns_for(len(panels))
    lines = -(-len(panels) // columns)
    figure = new_figure(PAGE_MM, 12 + 48 * lines)
    grid = np.ravel(figure.subplots(lines, columns, sharey=True, squeeze=False))
    names = list(dict.fromkeys(row[series] for row in rows))
    for (factor, title), axes in zip(panels.items(), grid, strict=False):
        for name, color in zip(names, COLORS, strict=False):
            part = [row for row in rows if row["factor"] == factor and row[series] == name]
            _with_interval(axes, part, y, color, str(name))
        axes.margins(x=ROOM)
        axes.set_xlabel(title)
    for axes in grid[len(panels) :]:
        axes.set_axis_off()
    for axes in grid[::columns]:
        axes.set_ylabel(label)
    _legend(grid[0])
    return figure


@in_print()
def series_panels(
    rows: Rows,
    series: str,
    y: str,
    labels: tuple[str, str],
    *,
    log: bool = False,
    dotted: tuple[str, str] | None = None,
) -> Figure:
    """Small multiples: `y` against one factor with its interval, one panel per value of `series`.

    Args:
        rows: with the columns value, `series`, `y`, and the ends `low` and `high` of its interval.
        series: the column that distinguishes the panels.
        y: the column that is drawn.
        labels: labels of the horizontal and the vertical axis.
        log: whether the factor has a logarithmic axis.
        dotted: a second column that is drawn, and its name.
    """
    names = list(dict.fromkeys(row[series] for row in rows))
    figure = new_figure(PAGE_MM, 8 + 32 * -(-len(names) // columns_for(len(names))))
    dots: list[Line2D] = []
    for name, axes in zip(names, panel_grid(figure, len(names)), strict=True):
        part = [row for row in rows if row[series] == name]
        _with_interval(axes, part, y, FOUND, str(name))
        if dotted:
            dots = axes.plot(_column(part, "value"), _column(part, dotted[0]), ":", color=PUBLISHED, label=dotted[1])
        axes.set_title(str(name))
        axes.set_ylim(-3, 105)
        axes.margins(x=ROOM)
        if log:
            axes.set_xscale("log", base=2)
            axes.xaxis.set_major_formatter(plain_number)
        else:
            few_ticks(axes, x=4)
    if dots:
        figure.legend(handles=dots, loc="outside upper right")
    figure.supxlabel(labels[0])
    figure.supylabel(labels[1])
    return figure


def _with_interval(axes: Axes, rows: Rows, y: str, color: str, name: str) -> None:
    x = _column(rows, "value")
    axes.plot(x, _column(rows, y), "o-", color=color, markersize=2.5, label=name)
    axes.fill_between(x, _column(rows, "low"), _column(rows, "high"), color=color, alpha=0.15, linewidth=0)


def _legend(axes: Axes, ncols: int = 1, above: bool = False) -> None:
    """A legend with every label once; above the axes if they are full."""
    handles, labels = axes.get_legend_handles_labels()
    once = dict(zip(labels, handles, strict=True))
    if above:
        axes.legend(list(once.values()), list(once), ncols=ncols, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    else:
        axes.legend(list(once.values()), list(once), ncols=ncols, loc="best")


def _column(rows: Rows, name: str) -> np.ndarray:
    return np.array([float(row[name]) for row in rows])


@in_print()
def realizations(spectra: Rows, states: Rows) -> Figure:
    """One column per network: its eigenvalues with the unit circle, and its memory states in principal components."""
    numbers = list(dict.fromkeys(int(row["network"]) for row in spectra))
    figure = new_figure(PAGE_MM, 95)
    angle = np.linspace(0, 2 * np.pi, 200)
    for at, number in enumerate(numbers):
        plane = figure.add_subplot(2, len(numbers), at + 1)
        plane.plot(np.cos(angle), np.sin(angle), color="black", linewidth=0.5)
        own = [row for row in spectra if row["network"] == number]
        plane.plot(_column(own, "real"), _column(own, "imaginary"), ".", color=network_color(number), markersize=2)
        plane.set_aspect("equal", "datalim")
        plane.margins(0.05)
        plane.set_title(f"Network {number}")
        plane.set_xlabel("Real part")
        if at == 0:
            plane.set_ylabel("Imaginary part")
        space = figure.add_subplot(2, len(numbers), len(numbers) + at + 1, projection="3d")
        _cube(space, [row for row in states if row["network"] == number])
    figure.get_layout_engine().set(rect=(0, 0, 0.98, 1))  # type: ignore[union-attr]  # the label of the last third axis
    return figure


@in_print()
def spectra_before_after(rows: Rows, label: str) -> Figure:
    """One panel per network or condition: eigenvalues before (grey) and after training, with the unit circle.

    Args:
        rows: with the columns `label`, stage ("before" or "after"), real and imaginary.
        label: the column that distinguishes the panels.
    """
    names = list(dict.fromkeys(str(row[label]) for row in rows))
    figure = new_figure(PAGE_MM, 8 + 44 * -(-len(names) // columns_for(len(names))))
    angle = np.linspace(0, 2 * np.pi, 200)
    for name, axes in zip(names, panel_grid(figure, len(names)), strict=True):
        axes.plot(np.cos(angle), np.sin(angle), color="black", linewidth=0.5)
        for stage, color in (("before", "#9aa3b2"), ("after", FOUND)):
            part = [row for row in rows if row[label] == name and row["stage"] == stage]
            axes.plot(_column(part, "real"), _column(part, "imaginary"), ".", color=color, markersize=2, label=stage)
        axes.set_aspect("equal", "box")
        axes.margins(0.05)
        axes.set_title(name.replace("_", " "))
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, [f"{label} training" for label in labels], loc="outside upper right", ncols=2)
    figure.supxlabel("Real part")
    figure.supylabel("Imaginary part")
    return figure


def _cube(axes: Any, rows: Rows) -> None:
    """The states as points, and a line between any two that differ in one bit."""
    places = np.array([[row[f"pc{axis}"] for axis in (1, 2, 3)] for row in rows])
    names = [row["state"] for row in rows]
    signs = np.array([[1 if sign == "+" else -1 for sign in name] for name in names])
    for one in range(len(names)):
        for other in range(one):
            if np.count_nonzero(signs[one] != signs[other]) == 1:
                axes.plot(*places[[one, other]].T, color="#aab1bd", linewidth=0.7)
    axes.scatter(*places.T, c=state_colors(signs), s=18, depthshade=False)
    axes.set(xticklabels=[], yticklabels=[], zticklabels=[])
    for axis, name in ((axes.xaxis, "PC 1"), (axes.yaxis, "PC 2"), (axes.zaxis, "PC 3")):
        axis.set_label_text(name)
        axis.labelpad = -12
    axes.set_box_aspect((1, 1, 1))


@in_print()
def learning_beside_published(rows: Rows, published: Rows) -> Figure:
    """The loss of every network over the training steps, on a log axis, and the published losses.

    Args:
        rows: with the columns data_set, network, step and loss.
        published: with the columns step and loss.
    """
    figure = new_figure(COLUMN_MM, 62)
    axes = figure.subplots()
    for data_set, network in dict.fromkeys((row["data_set"], row["network"]) for row in rows):
        own = [row for row in rows if (row["data_set"], row["network"]) == (data_set, network)]
        axes.plot(_column(own, "step"), _column(own, "loss"), color=FOUND, linewidth=0.5, alpha=0.6, label="found")
    look: dict[str, Any] = {"markersize": 3, "color": PUBLISHED, "label": "published"}
    axes.plot(_column(published, "step"), _column(published, "loss"), "D", **look)
    plain_log(axes)
    axes.margins(x=ROOM)
    axes.set_xlabel("Training steps")
    axes.set_ylabel("Cross-entropy")
    _legend(axes)
    return figure
