"""Inputs and targets of sample trials of a task."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from recurra.checks import check_count
from recurra.periods import Period
from recurra.plotting.colors import FRAME, INPUT, TARGET, UNSET, network_color
from recurra.plotting.papers.style import (
    COLUMN_MM,
    MM_PER_INCH,
    PAGE_MM,
    SMALL,
    bounded,
    few_ticks,
    in_print,
    new_figure,
    zero_line,
)
from recurra.tasks.trials import Trials

ROW_MM, MARGIN_MM = 12.0, 14.0
AXES_SHARE, LETTER_MM = 0.85, 1.15  # of a column's width that its axes take; width of a small letter
ROOM = 0.25  # above and below the targets for an output, as a share of their extent; what is beyond is cut off
OUTPUT = network_color(1)
MOST_ROWS = 24  # more channels are images, a row of pixels each: a page has no room for their curves
IMAGE_MM = 40.0
NARROWEST_MM = 30.0  # of a column; with many trials the figure becomes wider than a page


@in_print()
def sample_trials(trials: Trials, count: int = 3) -> Figure:
    """Inputs and targets of the first trials, one column per trial and one row per channel.

    Time outside the mask is shaded; if a task has several periods, lines separate them and the first row
    names them. Of tasks with more than 24 channels inputs and targets are an image each, dark where they are high.

    Args:
        trials: trials of any task.
        count: number of trials to show, at least 1; all trials if there are fewer.
    """
    figure = new_figure(PAGE_MM, MARGIN_MM)
    draw_sample_trials(figure, trials, count)
    return figure


def draw_sample_trials(
    figure: Figure, trials: Trials, count: int, outputs: Float[np.ndarray, "trial time output"] | None = None
) -> None:
    """Draw the first trials into an empty figure, which gets the size that they need.

    Args:
        figure: the figure.
        trials: trials of any task.
        count: number of trials to show, at least 1; all trials if there are fewer.
        outputs: what a network answers, drawn over the targets; nothing if None.
    """
    check_count("count", count)
    count = min(count, len(trials))
    inputs, targets, mask = (np.asarray(array) for array in (trials.inputs, trials.targets, trials.counts))
    time_ms = np.asarray(trials.time_ms)
    if inputs.shape[-1] + targets.shape[-1] > MOST_ROWS:
        _draw_images(figure, trials, count, outputs)
        return
    channels = [(inputs, at, INPUT, _name("Input", at, inputs)) for at in range(inputs.shape[-1])]
    channels += [(targets, at, TARGET, _name("Target", at, targets)) for at in range(targets.shape[-1])]
    width = COLUMN_MM if count == 1 else max(PAGE_MM, NARROWEST_MM * count)
    figure.set_size_inches(width / MM_PER_INCH, (MARGIN_MM + ROW_MM * len(channels)) / MM_PER_INCH)
    grid = figure.subplots(len(channels), count, sharex=True, sharey="row", squeeze=False)
    for (row, trial), axes in np.ndenumerate(grid):
        values, at, color, name = channels[row]
        zero_line(axes)
        axes.plot(time_ms, bounded(values[trial, :, at], 1e6), color=color, linewidth=0.6 if color == INPUT else 1.1)
        if values is targets:
            _shade(axes, time_ms, ~mask[trial, :, at])
            if outputs is not None:
                _draw_output(axes, time_ms, outputs[trial, :, at], values)
        if trial == 0:
            axes.set_ylabel(name)
        few_ticks(axes, x=4, y=3)
    rows = _text_rows(trials.periods, AXES_SHARE * width / count / (len(time_ms) * trials.dt_ms))
    for trial, axes in enumerate(grid[0]):
        axes.set_title(_condition(trials, trial), pad=4 + SMALL * (max(rows) + 1) if len(rows) > 1 else None)
    for axes in grid[-1]:
        axes.set_xlabel("Time (ms)")
        axes.set_xlim(time_ms[0], max(time_ms[-1], time_ms[0] + trials.dt_ms))
    if len(rows) > 1:
        _periods(grid, trials, rows)
    if outputs is not None:
        _legend(figure)
    figure.align_ylabels(list(grid[:, 0]))


def _draw_images(
    figure: Figure, trials: Trials, count: int, outputs: Float[np.ndarray, "trial time output"] | None
) -> None:
    """Inputs, targets and, if there are any, outputs of trials with many channels: a row of pixels for each channel."""
    shown = {"Input": np.asarray(trials.inputs), "Target": np.asarray(trials.targets)}
    if outputs is not None:
        shown["Output"] = np.asarray(outputs)
    width = max(PAGE_MM, NARROWEST_MM * count)
    figure.set_size_inches(width / MM_PER_INCH, (MARGIN_MM + IMAGE_MM * len(shown)) / MM_PER_INCH)
    grid = figure.subplots(len(shown), count, sharex=True, sharey="row", squeeze=False)
    time_ms = np.asarray(trials.time_ms)
    for row, (name, values) in zip(grid, shown.items(), strict=True):
        scaled = shown["Target"] if name == "Output" else values
        sides = (time_ms[0], time_ms[-1] + trials.dt_ms, values.shape[-1] + 0.5, 0.5)
        for trial, axes in enumerate(row):
            image = bounded(values[trial].T, 1e6)
            low, high = float(scaled.min()), float(scaled.max())
            axes.imshow(image, cmap="Greys", vmin=low, vmax=high, aspect="auto", interpolation="none", extent=sides)
            few_ticks(axes, x=4, y=3)
        row[0].set_ylabel(name)
    for trial, axes in enumerate(grid[0]):
        axes.set_title(_condition(trials, trial))
    for axes in grid[-1]:
        axes.set_xlabel("Time (ms)")


def _draw_output(axes: Axes, time_ms: np.ndarray, output: np.ndarray, targets: np.ndarray) -> None:
    axes.plot(time_ms, bounded(output, 1e6), color=OUTPUT, linewidth=0.8)
    low, high = float(targets.min()), float(targets.max())
    room = ROOM * ((high - low) or 1.0)
    axes.set_ylim(low - room, high + room)


def _legend(figure: Figure) -> None:
    looks = (("input", INPUT), ("target", TARGET), ("output", OUTPUT))
    lines = [Line2D([], [], color=color, label=name) for name, color in looks]
    figure.legend(handles=lines, loc="outside upper center", ncols=3)


def _name(kind: str, at: int, values: np.ndarray) -> str:
    return f"{kind} {at + 1}" if values.shape[-1] > 1 else kind


def _condition(trials: Trials, trial: int) -> str:
    """The name of a trial's condition; signs stand apart and the minus is one."""
    at = int(trials.condition[trial])
    if at < 0:
        return "No condition"
    name = trials.condition_names[at]
    return f"Condition {' '.join(name.replace('-', '−')) if set(name) <= {'+', '-'} else name}"


def _shade(axes: Axes, time_ms: np.ndarray, left_out: np.ndarray) -> None:
    if left_out.any():
        place = axes.get_xaxis_transform()
        axes.fill_between(time_ms, 0, 1, where=list(left_out), transform=place, color=UNSET, linewidth=0, zorder=-1)


def _periods(grid: np.ndarray, trials: Trials, rows: Sequence[int]) -> None:
    """Lines where a period begins, and names above the first row of panels."""
    for axes in grid.ravel():
        for period in trials.periods:
            axes.axvline(period.start_ms, color=FRAME, linewidth=0.4, linestyle=":", zorder=0)
    for axes in grid[0]:
        for period, row in zip(trials.periods, rows, strict=True):
            middle, place = (period.start_ms + period.end_ms) / 2, axes.get_xaxis_transform()
            text = {"ha": "center", "va": "bottom", "fontsize": SMALL, "textcoords": "offset points"}
            axes.annotate(period.name, (middle, 1), (0, 2 + row * SMALL), xycoords=place, **text)


def _text_rows(periods: Sequence[Period], mm_per_ms: float) -> list[int]:
    """The row of the name of every period, chosen so that names do not overlap."""
    ends: list[float] = []
    rows = []
    for period in periods:
        middle, half = mm_per_ms * (period.start_ms + period.end_ms) / 2, LETTER_MM * (len(period.name) + 1) / 2
        free = [row for row, end in enumerate(ends) if end <= middle - half]
        row = free[0] if free else len(ends)
        ends[row : row + 1] = [middle + half]
        rows.append(row)
    return rows
