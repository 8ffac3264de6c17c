"""What one network does: sample trials, and the walk through its memory states."""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from jaxtyping import Float, Int
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from recurra.plotting.colors import INPUT, TARGET, UNSET, network_color, state_colors, text_on
from recurra.plotting.papers.style import (
    PAGE_MM,
    SMALL,
    bounded,
    few_ticks,
    in_print,
    new_figure,
    zero_line,
)
from recurra.words.names import bit_name, network_name, state_name

HEIGHT = 1.6  # of the axes; inputs and targets are -1 to 1, with noise
ROW_MM, MARGIN_MM = 16.0, 18.0


@in_print()
def behaviour(examples: xr.Dataset, outputs: Float[np.ndarray, "trial time output"], number: int) -> Figure:
    """Sample trials of one network, a column a trial and a row a bit: input, target, output.

    Args:
        examples: `inputs` and `targets` of the trials, over `time` in ms.
        outputs: what the network puts out in these trials.
        number: the network's number, for its colour and name.
    """
    inputs, targets = (np.asarray(examples[name]) for name in ("inputs", "targets"))
    time_ms, trials, bits = np.asarray(examples["time"]), len(outputs), outputs.shape[-1]
    figure = new_figure(PAGE_MM, MARGIN_MM + ROW_MM * bits)
    grid = figure.subplots(bits, trials, sharex=True, sharey=True, squeeze=False)
    for (bit, trial), axes in np.ndenumerate(grid):
        _signals(axes, time_ms, inputs[trial, :, bit], targets[trial, :, bit], outputs[trial, :, bit], number)
        if bit == 0:
            axes.set_title(f"Trial {trial + 1}")
        if bit == bits - 1:
            axes.set_xlabel("Time (ms)")
            few_ticks(axes, x=4)
        if trial == 0:
            axes.set_ylabel(bit_name(bit, bits))
    _legend(figure, number)
    return figure


@in_print()
def cube_walk(
    walk: xr.Dataset,
    outputs: Float[np.ndarray, "walk_time output"],
    states: Int[np.ndarray, "condition bit"],
    number: int,
) -> Figure:
    """One network on the cube walk: input, target and output a bit, the memory state as a coloured band under them.

    Args:
        walk: `inputs`, `targets` and `memory_state` (-1 where none is asked for), over `walk_time` in ms.
        outputs: what the network puts out.
        states: the memory states as signs, in the order that `memory_state` counts them.
        number: the network's number, for its colour and name.
    """
    inputs, targets = (np.asarray(walk[name]) for name in ("inputs", "targets"))
    time_ms, bits = np.asarray(walk["walk_time"]), outputs.shape[-1]
    figure = new_figure(PAGE_MM, MARGIN_MM + 8 + ROW_MM * bits)
    ratios = [1.0] * bits + [0.45]
    rows = figure.subplots(bits + 1, 1, sharex=True, squeeze=False, gridspec_kw={"height_ratios": ratios})[:, 0]
    for bit, axes in enumerate(rows[:bits]):
        _signals(axes, time_ms, inputs[:, bit], targets[:, bit], outputs[:, bit], number)
        axes.set_ylabel(bit_name(bit, bits))
    _state_band(rows[-1], time_ms, np.asarray(walk["memory_state"]), states)
    rows[-1].set_xlabel("Time (ms)")
    few_ticks(rows[-1], x=8)
    _legend(figure, number)
    return figure


def _signals(
    axes: Axes,
    time_ms: Float[np.ndarray, "time"],
    inputs: Float[np.ndarray, "time"],
    targets: Float[np.ndarray, "time"],
    outputs: Float[np.ndarray, "time"],
    number: int,
) -> None:
    """Input, target and output of one bit."""
    zero_line(axes)
    axes.plot(time_ms, bounded(inputs, 10), color=INPUT, linewidth=0.5)
    axes.plot(time_ms, bounded(targets, 10), color=TARGET, linewidth=0.9)
    axes.plot(time_ms, bounded(outputs, 10), color=network_color(number), linewidth=1.1)
    axes.set_ylim(-HEIGHT, HEIGHT)
    axes.set_yticks([-1, 0, 1])


def _legend(figure: Figure, number: int) -> None:
    colors = {"input": INPUT, "target": TARGET, f"output of {network_name(number).lower()}": network_color(number)}
    lines = [Line2D([], [], color=color, label=label) for label, color in colors.items()]
    figure.legend(handles=lines, loc="outside upper center", ncols=3)


def _state_band(
    axes: Axes,
    time_ms: Float[np.ndarray, "time"],
    memory_state: Int[np.ndarray, "time"],
    states: Int[np.ndarray, "condition bit"],
) -> None:
    """A block of the state's colour for every stretch of time, with the state's name where there is room for it."""
    colors = state_colors(states)
    starts = np.flatnonzero(np.diff(memory_state, prepend=memory_state[0] + 1))
    step_ms = float(time_ms[1] - time_ms[0]) if len(time_ms) > 1 else 1.0
    edges = np.append(time_ms[starts], time_ms[-1] + step_ms)
    for state, start, end in zip(memory_state[starts], edges[:-1], edges[1:], strict=True):
        color = colors[state] if state >= 0 else UNSET
        axes.axvspan(start, end, facecolor=color, edgecolor="none")
        width_mm = 0.9 * PAGE_MM * (end - start) / (edges[-1] - edges[0])
        name = _fitting_name(states[state], width_mm) if state >= 0 else ""
        place = (start + end) / 2
        axes.text(place, 0.5, name, color=text_on(color), fontsize=SMALL, ha="center", va="center", linespacing=0.75)
    axes.set_ylim(0, 1)
    axes.set_yticks([])
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.set_ylabel("State", rotation=0, ha="right", va="center")


def _fitting_name(signs: Sequence[int] | Int[np.ndarray, "bit"], width_mm: float) -> str:
    """The state's name without spaces, below each other where the block is narrow, none where it is narrower still."""
    name = state_name(signs).replace(" ", "")
    if width_mm >= 1.5 * len(name):
        return name
    return "\n".join(name) if width_mm >= 2 and len(name) <= 4 else ""
