"""What goes into a network of any task, what should come out, and what comes out."""

from collections.abc import Iterator, Sequence

import numpy as np
import plotly.graph_objects as go
import xarray as xr
from jaxtyping import Float
from plotly.subplots import make_subplots

from recurra.plotting.colors import INPUT, TARGET
from recurra.plotting.interactive.theme import styled
from recurra.plotting.scenes.signals import INPUT_ROWS, OUTPUT_ROWS, counted_targets, row_title, rows_of, span_of

ROW, INPUT_ROW = 92, 60  # px an output, an input
PANEL = 132  # px a condition
COLUMNS = 4  # of conditions
DASHES = ("solid", "dash", "dot", "dashdot")  # of outputs that share a panel, over and over

Signal = Float[np.ndarray, "time channel"]


def sample_trials(examples: xr.Dataset, outputs: Float[np.ndarray, "trial time output"], color: str) -> go.Figure:
    """A column a trial; a row an input, then a row an output with its target.

    Args:
        examples: `inputs`, `targets` and `mask` of the trials, over `time` in ms.
        outputs: what the network puts out in these trials.
        color: of the network.
    """
    time_ms = examples["time"].values
    inputs, targets = examples["inputs"].values, counted_targets(examples)
    input_rows, output_rows = rows_of(inputs.shape[-1], INPUT_ROWS), rows_of(outputs.shape[-1], OUTPUT_ROWS)
    heights = [INPUT_ROW] * len(input_rows) + [ROW] * len(output_rows)
    rows, trials = len(heights), len(outputs)
    figure = make_subplots(
        rows=rows,
        cols=trials,
        shared_xaxes=True,
        shared_yaxes=True,
        row_heights=heights,
        horizontal_spacing=0.025,
        vertical_spacing=14 / (sum(heights) - 8),
        column_titles=[f"Trial {trial + 1}" for trial in range(trials)],
    )
    for trial in range(trials):
        first = trial == 0
        for row, channels in enumerate(input_rows, start=1):
            for line in _inputs(time_ms, inputs[trial][:, channels], first and row == 1):
                figure.add_trace(line, row=row, col=trial + 1)
        for row, channels in enumerate(output_rows, start=len(input_rows) + 1):
            signals = (targets[trial][:, channels], outputs[trial][:, channels])
            for line in _answers(time_ms, *signals, color, first and row == len(input_rows) + 1):
                figure.add_trace(line, row=row, col=trial + 1)
    styled(figure, 96 + sum(heights), margin=(64, 12, 56, 48))
    _row_axes(figure, "Input", input_rows, 1, span_of(inputs, 0.1))
    _row_axes(figure, "Output", output_rows, len(input_rows) + 1, span_of(examples["targets"].values, 0.4))
    figure.update_xaxes(title_text="Time (ms)", row=rows)
    for row in range(1, rows):
        figure.update_xaxes(ticks="", row=row)
    figure.update_layout(legend={"y": 1, "yref": "container", "yanchor": "top"})
    return figure


def probe_answers(
    probe: xr.Dataset, outputs: Float[np.ndarray, "condition time output"], names: Sequence[str], color: str
) -> go.Figure:
    """Small multiples, a panel a condition: target and output; of several outputs every next one has other dashes.

    Args:
        probe: `inputs`, `targets` and `mask` of the conditions shown, over `probe_time` in ms.
        outputs: what the network puts out.
        names: of the conditions.
        color: of the network.
    """
    time_ms, targets = probe["probe_time"].values, counted_targets(probe)
    columns = min(COLUMNS, len(names))
    rows = -(-len(names) // columns)
    height = 96 + PANEL * rows
    figure = make_subplots(
        rows=rows,
        cols=columns,
        shared_xaxes=True,
        shared_yaxes=True,
        specs=[[{} if row * columns + at < len(names) else None for at in range(columns)] for row in range(rows)],
        horizontal_spacing=0.02,
        vertical_spacing=34 / (height - 104) if rows > 1 else 0.0,
        subplot_titles=list(names),
    )
    for at in range(len(names)):
        for line in _answers(time_ms, targets[at], outputs[at], color, first=at == 0):
            figure.add_trace(line, row=at // columns + 1, col=at % columns + 1)
    styled(figure, height, margin=(64, 12, 56, 48))
    for at in range(len(names)):
        lowest = at + columns >= len(names)
        title = "Time (ms)" if lowest else ""
        figure.update_xaxes(title_text=title, showticklabels=lowest, row=at // columns + 1, col=at % columns + 1)
    figure.update_yaxes(range=span_of(probe["targets"].values, 0.4), nticks=4)
    figure.update_yaxes(title_text="Output", col=1)
    figure.update_layout(legend={"y": 1, "yref": "container", "yanchor": "top"})
    return figure


def _inputs(time_ms: Float[np.ndarray, "time"], signals: Signal, first: bool) -> Iterator[go.Scatter]:
    for at, signal in enumerate(signals.T):
        yield _curve(time_ms, signal, "input", INPUT, 1.0, first and at == 0)


def _answers(
    time_ms: Float[np.ndarray, "time"], targets: Signal, outputs: Signal, color: str, first: bool
) -> Iterator[go.Scatter]:
    """Targets and, above them, outputs."""
    for name, signals, paint, width in (("target", targets, TARGET, 1.4), ("output", outputs, color, 2.0)):
        for at, signal in enumerate(signals.T):
            yield _curve(time_ms, signal, name, paint, width, first and at == 0, DASHES[at % len(DASHES)])


def _curve(
    time_ms: Float[np.ndarray, "time"],
    signal: Float[np.ndarray, "time"],
    name: str,
    color: str,
    width: float,
    legend: bool,
    dash: str = "solid",
) -> go.Scatter:
    return go.Scatter(
        x0=float(time_ms[0]),
        dx=float(time_ms[1] - time_ms[0]) if len(time_ms) > 1 else 1.0,
        y=signal.astype(np.float32),
        mode="lines",
        name=name,
        legendgroup=name,
        showlegend=legend,
        line={"color": color, "width": width, "dash": dash},
        hovertemplate="%{y:.2f} at %{x:.0f} ms",
    )


def _row_axes(figure: go.Figure, name: str, rows: list[list[int]], first: int, span: tuple[float, float]) -> None:
    for row, channels in enumerate(rows, start=first):
        figure.update_yaxes(range=span, nticks=4, row=row)
        figure.update_yaxes(title_text=row_title(name, channels, len(rows)), row=row, col=1)
