"""What goes into a flip-flop network, what should come out, and what comes out."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float, Int
from plotly.subplots import make_subplots

from recurra.plotting.colors import INPUT, TARGET, UNSET, state_color, state_colors, text_on
from recurra.plotting.interactive.theme import styled
from recurra.words.names import state_name

ROW = 92  # px a bit
SPAN = (-1.75, 1.75)  # of the vertical axes; an output beyond leaves the panel


def bit_trials(
    time_ms: Float[np.ndarray, "time"],
    inputs: Float[np.ndarray, "trial time input"],
    targets: Float[np.ndarray, "trial time output"],
    outputs: Float[np.ndarray, "trial time output"],
    color: str,
) -> go.Figure:
    """A column a trial, a row a bit: input, target and output.

    Args:
        time_ms: time of the steps, ms.
        inputs: of the trials shown.
        targets: what should come out.
        outputs: what the network puts out.
        color: of the network.
    """
    trials, _, bits = targets.shape
    figure = make_subplots(
        rows=bits,
        cols=trials,
        shared_xaxes=True,
        shared_yaxes=True,
        horizontal_spacing=0.025,
        vertical_spacing=0.16 / max(bits, 2),
        column_titles=[f"Trial {trial + 1}" for trial in range(trials)],
    )
    for trial in range(trials):
        for bit in range(bits):
            curves = (inputs[trial, :, bit], targets[trial, :, bit], outputs[trial, :, bit])
            for line in _lines(time_ms, curves, color, first=trial == bit == 0):
                figure.add_trace(line, row=bit + 1, col=trial + 1)
    styled(figure, 96 + ROW * bits, margin=(64, 12, 56, 48))
    _bit_axes(figure, bits)
    figure.update_xaxes(title_text="Time (ms)", row=bits)
    for row in range(bits - 1):
        figure.update_xaxes(ticks="", row=row + 1)
    figure.update_layout(legend={"y": 1, "yref": "container", "yanchor": "top"})
    return figure


def cube_walk(
    time_ms: Float[np.ndarray, "time"],
    inputs: Float[np.ndarray, "time input"],
    targets: Float[np.ndarray, "time output"],
    outputs: Float[np.ndarray, "time output"],
    memory_state: Int[np.ndarray, "time"],
    states: Int[np.ndarray, "state bit"],
    color: str,
) -> go.Figure:
    """The walk through all memory states, a row a bit, and the state that is asked for as a coloured band under it.

    Args:
        time_ms: time of the steps, ms.
        inputs: of the walk.
        targets: what should come out.
        outputs: what the network puts out.
        memory_state: the state at every step, a row of `states`; -1 where a bit was never set.
        states: the memory states as signs.
        color: of the network.
    """
    bits = targets.shape[1]
    band = 18 + 12 * min(bits, 4)
    heights = [ROW] * bits + [band]
    figure = make_subplots(rows=bits + 1, cols=1, shared_xaxes=True, row_heights=heights, vertical_spacing=0.018)
    for bit in range(bits):
        curves = (inputs[:, bit], targets[:, bit], outputs[:, bit])
        for line in _lines(time_ms, curves, color, first=bit == 0):
            figure.add_trace(line, row=bit + 1, col=1)
    figure.add_trace(_band(time_ms, memory_state, states), row=bits + 1, col=1)
    styled(figure, 84 + sum(heights), margin=(64, 12, 32, 48))
    _bit_axes(figure, bits)
    figure.update_yaxes(visible=False, range=(-0.5, 0.5), row=bits + 1)
    for row in range(bits):
        figure.update_xaxes(ticks="", row=row + 1)
    figure.update_xaxes(title_text="Time (ms)", row=bits + 1)
    figure.update_layout(legend={"y": 1, "yref": "container", "yanchor": "top"})
    _name_band(figure, time_ms, memory_state, states)
    return figure


def _lines(
    time_ms: Float[np.ndarray, "time"], curves: tuple[np.ndarray, np.ndarray, np.ndarray], color: str, first: bool
) -> Iterator[go.Scatter]:
    looks = (("input", INPUT, 1.0), ("target", TARGET, 1.4), ("output", color, 2.0))
    for (name, paint, width), curve in zip(looks, curves, strict=True):
        yield go.Scatter(
            x0=float(time_ms[0]),
            dx=float(time_ms[1] - time_ms[0]),
            y=curve.astype(np.float32),
            name=name,
            legendgroup=name,
            showlegend=first,
            line={"color": paint, "width": width},
            hovertemplate="%{y:.2f} at %{x:.0f} ms",
        )


def _bit_axes(figure: go.Figure, bits: int) -> None:
    figure.update_yaxes(range=SPAN, tickvals=[-1, 0, 1], ticktext=["−1", "0", "+1"])
    for bit in range(bits):
        figure.update_yaxes(title_text=f"Bit {bit + 1}", row=bit + 1, col=1)


def _band(
    time_ms: Float[np.ndarray, "time"], memory_state: Int[np.ndarray, "time"], states: Int[np.ndarray, "state bit"]
) -> go.Heatmap:
    colors = [UNSET, *state_colors(states)]
    edges = np.arange(len(colors) + 1) / len(colors)
    scale = [[edges[at + side], color] for at, color in enumerate(colors) for side in (0, 1)]
    names = np.array(["not set", *(state_name(state) for state in states)])
    bounds = _stretches(memory_state)
    stretch = memory_state[bounds[:-1]]
    step = float(time_ms[1] - time_ms[0])
    return go.Heatmap(
        x=float(time_ms[0]) + step * (np.array(bounds) - 0.5),
        z=stretch[None].astype(np.int16),
        text=names[stretch + 1][None],
        zmin=-1.5,
        zmax=len(states) - 0.5,
        colorscale=scale,
        showscale=False,
        hovertemplate="memory state %{text}<extra></extra>",
    )


def _stretches(memory_state: Int[np.ndarray, "time"]) -> list[int]:
    """Where the state changes, with the first step and the one after the last."""
    return [0, *(np.flatnonzero(np.diff(memory_state)) + 1).tolist(), len(memory_state)]


def _name_band(
    figure: go.Figure,
    time_ms: Float[np.ndarray, "time"],
    memory_state: Int[np.ndarray, "time"],
    states: Int[np.ndarray, "state bit"],
) -> None:
    bounds = _stretches(memory_state)
    if len(bounds) > 40 or states.shape[1] > 4:
        return
    bits = states.shape[1]
    for begin, end in pairwise(bounds):
        if memory_state[begin] >= 0:
            figure.add_annotation(
                x=float(time_ms[begin] + time_ms[end - 1]) / 2,
                y=0,
                xref=f"x{bits + 1}",
                yref=f"y{bits + 1}",
                text=state_name(states[memory_state[begin]]).replace(" ", "<br>"),
                showarrow=False,
                font={"size": 10, "color": text_on(state_color(states[memory_state[begin]]))},
            )
