"""What one network does: sample trials, the answer to every condition, and the walk through its memory states."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from recurra.plotting.colors import text_on
from recurra.plotting.papers.style import LINES, PAGE_MM, SMALL, bounded, few_ticks, in_print, new_figure, zero_line
from recurra.plotting.scenes.signals import MemoryWalk, SignalRow, Signals

ROW_MM, INPUT_MM, MARGIN_MM, PANEL_MM, BAND_MM = 16.0, 11.0, 18.0, 24.0, 8.0
COLUMNS = 4  # of conditions
WIDTHS = {"input": 0.5, "target": 0.9, "output": 1.1}
FAR = 1e6


@in_print()
def behaviour(scene: Signals) -> Figure:
    """Sample trials of one network, one column per trial; the scene defines the rows.

    Args:
        scene: the signals.
    """
    heights = [ROW_MM if row.asked else INPUT_MM for row in scene.rows]
    figure = new_figure(PAGE_MM, MARGIN_MM + sum(heights))
    ratios, shape = {"height_ratios": heights}, (len(scene.rows), len(scene.panels))
    grid = figure.subplots(*shape, sharex=True, sharey="row", squeeze=False, gridspec_kw=ratios)
    for (at, panel), axes in np.ndenumerate(grid):
        _signals(axes, scene, scene.rows[at], panel)
        few_ticks(axes, x=4)
        if at == 0:
            axes.set_title(scene.panels[panel])
        if at == len(heights) - 1:
            axes.set_xlabel("Time (ms)")
        if panel == 0:
            axes.set_ylabel(scene.rows[at].title)
    figure.align_ylabels(list(grid[:, 0]))
    _legend(figure, scene)
    return figure


@in_print()
def probe_answers(scene: Signals) -> Figure:
    """Small multiples of one network, one panel per condition: target and output.

    Args:
        scene: the signals, in one row.
    """
    (row,), count = scene.rows, len(scene.panels)
    columns = min(COLUMNS, count)
    lines = -(-count // columns)
    figure = new_figure(PAGE_MM, MARGIN_MM + PANEL_MM * lines)
    grid = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False)
    for at, axes in enumerate(grid.ravel()):
        if at >= count:
            axes.set_axis_off()
            continue
        _signals(axes, scene, row, at)
        axes.set_title(scene.panels[at])
        few_ticks(axes, x=4)
        if at % columns == 0:
            axes.set_ylabel(row.title)
        if at + columns >= count:
            axes.set_xlabel("Time (ms)")
            axes.tick_params(labelbottom=True)
    _legend(figure, scene)
    return figure


@in_print()
def cube_walk(scene: MemoryWalk) -> Figure:
    """One network on the cube walk: input, target and output of each bit, the memory state as a coloured band below.

    Args:
        scene: the walk.
    """
    signals, bits = scene.signals, len(scene.signals.rows)
    figure = new_figure(PAGE_MM, MARGIN_MM + BAND_MM + ROW_MM * bits)
    ratios = [1.0] * bits + [0.45]
    rows = figure.subplots(bits + 1, 1, sharex=True, squeeze=False, gridspec_kw={"height_ratios": ratios})[:, 0]
    for axes, row in zip(rows[:bits], signals.rows, strict=True):
        _signals(axes, signals, row, 0)
        axes.set_ylabel(row.title)
    _state_band(rows[-1], scene)
    rows[-1].set_xlabel("Time (ms)")
    few_ticks(rows[-1], x=8)
    _legend(figure, signals)
    return figure


def _signals(axes: Axes, scene: Signals, row: SignalRow, panel: int) -> None:
    """The curves of one panel."""
    zero_line(axes)
    for curve in row.curves:
        look = {"color": scene.looks[curve.kind][1], "linewidth": WIDTHS[curve.kind]}
        axes.plot(scene.time_ms, bounded(curve.values[panel], FAR), linestyle=LINES[curve.dash], **look)
    axes.set_ylim(row.span)
    few_ticks(axes, y=3 if row.asked else 2)


def _legend(figure: Figure, scene: Signals) -> None:
    lines = [Line2D([], [], color=color, label=name) for name, color in scene.looks.values()]
    figure.legend(handles=lines, loc="outside upper center", ncols=3)


def _state_band(axes: Axes, scene: MemoryWalk) -> None:
    """A block of the state's colour for every stretch of time, with the state's name if there is room for it."""
    time_ms = scene.signals.time_ms
    step_ms = float(time_ms[1] - time_ms[0]) if len(time_ms) > 1 else 1.0
    edges = np.append(time_ms, time_ms[-1] + step_ms)[scene.begins]
    stretches = zip(scene.names, scene.colors, edges[:-1], edges[1:], strict=True)
    for name, color, start, end in stretches:
        axes.axvspan(start, end, facecolor=color, edgecolor="none")
        told = _fitting_name(name, 0.9 * PAGE_MM * (end - start) / (edges[-1] - edges[0]))
        style = {"color": text_on(color), "fontsize": SMALL, "linespacing": 0.75}
        axes.text((start + end) / 2, 0.5, told, ha="center", va="center", **style)
    axes.set_ylim(0, 1)
    axes.set_yticks([])
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.set_ylabel("State", rotation=0, ha="right", va="center")


def _fitting_name(state: str, width_mm: float) -> str:
    """The state's name without spaces, written vertically in a narrow block, and left out in a narrower one."""
    name = state.replace(" ", "")
    if width_mm >= 1.5 * len(name):
        return name
    return "\n".join(name) if width_mm >= 2 and len(name) <= 4 else ""
