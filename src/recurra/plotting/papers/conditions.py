"""What one network does in any task: sample trials, and the answer to every condition."""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from recurra.plotting.colors import INPUT, TARGET, network_color
from recurra.plotting.papers.style import (
    PAGE_MM,
    bounded,
    few_ticks,
    in_print,
    new_figure,
    zero_line,
)
from recurra.plotting.scenes.signals import INPUT_ROWS, OUTPUT_ROWS, counted_targets, row_title, rows_of, span_of
from recurra.words.names import network_name

ROW_MM, INPUT_MM, MARGIN_MM, PANEL_MM = 16.0, 11.0, 18.0, 24.0
COLUMNS = 4
DASHES = ("-", "--", ":", "-.")  # of outputs that share a panel, over and over
FAR = 1e6

Signal = Float[np.ndarray, "time channel"]


@in_print()
def sample_answers(examples: xr.Dataset, outputs: Float[np.ndarray, "trial time output"], number: int) -> Figure:
    """Sample trials of one network, a column a trial; a row an input, then a row an output with its target.

    Args:
        examples: `inputs`, `targets` and `mask` of the trials, over `time` in ms.
        outputs: what the network puts out in these trials.
        number: the network's number, for its colour and name.
    """
    time_ms, inputs, targets = np.asarray(examples["time"]), np.asarray(examples["inputs"]), counted_targets(examples)
    input_rows, output_rows = rows_of(inputs.shape[-1], INPUT_ROWS), rows_of(outputs.shape[-1], OUTPUT_ROWS)
    heights = [INPUT_MM] * len(input_rows) + [ROW_MM] * len(output_rows)
    figure = new_figure(PAGE_MM, MARGIN_MM + sum(heights))
    ratios = {"height_ratios": heights}
    grid = figure.subplots(len(heights), len(outputs), sharex=True, sharey="row", squeeze=False, gridspec_kw=ratios)
    spans = (span_of(inputs, 0.1), span_of(np.asarray(examples["targets"]), 0.4))
    for (row, trial), axes in np.ndenumerate(grid):
        asked = row >= len(input_rows)
        channels = output_rows[row - len(input_rows)] if asked else input_rows[row]
        zero_line(axes)
        if asked:
            _answer(axes, time_ms, targets[trial][:, channels], outputs[trial][:, channels], number)
        else:
            axes.plot(time_ms, bounded(inputs[trial][:, channels], FAR), color=INPUT, linewidth=0.5)
        axes.set_ylim(spans[int(asked)])
        few_ticks(axes, x=4, y=2)
        if row == 0:
            axes.set_title(f"Trial {trial + 1}")
        if row == len(heights) - 1:
            axes.set_xlabel("Time (ms)")
        if trial == 0:
            kind, of = ("Output", output_rows) if asked else ("Input", input_rows)
            axes.set_ylabel(row_title(kind, channels, len(of)))
    figure.align_ylabels(list(grid[:, 0]))
    _legend(
        figure, {"input": INPUT, "target": TARGET, f"output of {network_name(number).lower()}": network_color(number)}
    )
    return figure


@in_print()
def probe_answers(
    probe: xr.Dataset, outputs: Float[np.ndarray, "condition time output"], names: Sequence[str], number: int
) -> Figure:
    """Small multiples of one network, a panel a condition: target and output.

    Args:
        probe: `targets` and `mask` of the conditions shown, over `probe_time` in ms.
        outputs: what the network puts out.
        names: of the conditions.
        number: the network's number, for its colour and name.
    """
    time_ms, targets = np.asarray(probe["probe_time"]), counted_targets(probe)
    columns = min(COLUMNS, len(names))
    rows = -(-len(names) // columns)
    figure = new_figure(PAGE_MM, MARGIN_MM + PANEL_MM * rows)
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    for at, axes in enumerate(grid.ravel()):
        if at >= len(names):
            axes.set_axis_off()
            continue
        zero_line(axes)
        _answer(axes, time_ms, targets[at], outputs[at], number)
        axes.set_title(names[at])
        axes.set_ylim(span_of(np.asarray(probe["targets"]), 0.4))
        few_ticks(axes, x=4, y=3)
        if at % columns == 0:
            axes.set_ylabel("Output")
        if at + columns >= len(names):
            axes.set_xlabel("Time (ms)")
            axes.tick_params(labelbottom=True)
    _legend(figure, {"target": TARGET, f"output of {network_name(number).lower()}": network_color(number)})
    return figure


def _answer(axes: Axes, time_ms: Float[np.ndarray, "time"], targets: Signal, outputs: Signal, number: int) -> None:
    """Targets and, above them, outputs; of several every next one has other dashes."""
    for signals, color, width in ((targets, TARGET, 0.9), (outputs, network_color(number), 1.1)):
        for at, signal in enumerate(bounded(signals, FAR).T):
            axes.plot(time_ms, signal, color=color, linewidth=width, linestyle=DASHES[at % len(DASHES)])


def _legend(figure: Figure, colors: dict[str, str]) -> None:
    lines = [Line2D([], [], color=color, label=label) for label, color in colors.items()]
    figure.legend(handles=lines, loc="outside upper center", ncols=3)
