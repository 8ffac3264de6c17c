"""Inputs, targets and outputs of a network: which curves are in which row."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from jaxtyping import Float, Int

from recurra.plotting.colors import DASHES, INPUT, TARGET, UNSET, network_color, state_colors
from recurra.words.names import bit_name, network_name, state_name

INPUT_ROWS = 8  # more inputs share one row
OUTPUT_ROWS = 6  # more outputs share one row
BIT_SPAN = (-1.75, 1.75)  # of the rows of a flip-flop, whose targets are -1 to 1; an output beyond leaves the row
INPUT_ROOM, OUTPUT_ROOM = 0.1, 0.4  # above and below inputs and targets, as a share of their extent


@dataclass(frozen=True)
class SignalCurve:
    """One signal in every panel of a row.

    Args:
        kind: "input", "target" or "output".
        dash: the dash of its line, one of `DASHES`.
        values: with gaps where a target does not count.
    """

    kind: str
    dash: str
    values: Float[np.ndarray, "panel time"]


@dataclass(frozen=True)
class SignalRow:
    """The panels beside each other.

    Args:
        title: the title of the row.
        span: the span of its vertical axis.
        asked: whether a target is in it.
        curves: curves in the order of drawing.
    """

    title: str
    span: tuple[float, float]
    asked: bool
    curves: tuple[SignalCurve, ...]


@dataclass(frozen=True)
class Signals:
    """Rows of panels with the signals of one network.

    Args:
        time_ms: time of the steps, ms.
        panels: names of the panels of every row.
        rows: from the upper one.
        looks: name and colour of every kind of signal.
    """

    time_ms: Float[np.ndarray, "time"]
    panels: tuple[str, ...]
    rows: tuple[SignalRow, ...]
    looks: dict[str, tuple[str, str]]


@dataclass(frozen=True)
class MemoryWalk:
    """The walk of a flip-flop network through its memory states.

    Args:
        signals: one row per bit, one panel each.
        begins: first step of every stretch in which one state is asked for, and the step after the last.
        names: the names of the states; empty if the task asks for no state.
        colors: the colours of the states.
    """

    signals: Signals
    begins: Int[np.ndarray, "edge"]
    names: tuple[str, ...]
    colors: tuple[str, ...]


def bit_signals(examples: xr.Dataset, outputs: Float[np.ndarray, "trial time output"], number: int) -> Signals:
    """Sample trials of a flip-flop: one row per bit.

    Args:
        examples: `inputs` and `targets` of the trials, over `time` in ms.
        outputs: outputs of the network in these trials.
        number: number of the network.
    """
    inputs, targets = (np.asarray(examples[name]) for name in ("inputs", "targets"))
    return Signals(
        time_ms=np.asarray(examples["time"]),
        panels=tuple(f"Trial {trial + 1}" for trial in range(len(outputs))),
        rows=_bit_rows(inputs, targets, outputs),
        looks=_looks(number),
    )


def walk_scene(
    walk: xr.Dataset, outputs: Float[np.ndarray, "time output"], states: Int[np.ndarray, "state bit"], number: int
) -> MemoryWalk:
    """A flip-flop network on the walk through its memory states.

    Args:
        walk: `inputs`, `targets` and `memory_state` (-1 where none is asked for), over `walk_time` in ms.
        outputs: the outputs of the network, for at least as long.
        states: the memory states as signs, in the order that `memory_state` counts them.
        number: number of the network.
    """
    time_ms, asked = np.asarray(walk["walk_time"]), np.asarray(walk["memory_state"])
    signals = (np.asarray(walk["inputs"]), np.asarray(walk["targets"]), outputs[: len(time_ms)])
    rows = _bit_rows(*(values[None] for values in signals))
    begins = np.concatenate([[0], np.flatnonzero(np.diff(asked)) + 1, [len(asked)]])
    kept, colors = asked[begins[:-1]].tolist(), [*state_colors(states), UNSET]
    return MemoryWalk(
        signals=Signals(time_ms, ("",), rows, _looks(number)),
        begins=begins,
        names=tuple(state_name(states[state]) if state >= 0 else "" for state in kept),
        colors=tuple(colors[state] for state in kept),
    )


def _bit_rows(inputs: np.ndarray, targets: np.ndarray, outputs: np.ndarray) -> tuple[SignalRow, ...]:
    bits = outputs.shape[-1]
    signals = {"input": inputs, "target": targets, "output": outputs}
    return tuple(
        SignalRow(
            title=bit_name(bit, bits),
            span=BIT_SPAN,
            asked=True,
            curves=tuple(SignalCurve(kind, DASHES[0], values[..., bit]) for kind, values in signals.items()),
        )
        for bit in range(bits)
    )


def trial_signals(examples: xr.Dataset, outputs: Float[np.ndarray, "trial time output"], number: int) -> Signals:
    """Sample trials of any task: one row per input, then one row per output with its target; many share a row.

    Args:
        examples: `inputs`, `targets` and `mask` of the trials, over `time` in ms.
        outputs: outputs of the network in these trials.
        number: number of the network.
    """
    inputs, targets = np.asarray(examples["inputs"]), counted_targets(examples)
    input_rows, output_rows = rows_of(inputs.shape[-1], INPUT_ROWS), rows_of(outputs.shape[-1], OUTPUT_ROWS)
    above, below = span_of(inputs, INPUT_ROOM), span_of(np.asarray(examples["targets"]), OUTPUT_ROOM)
    rows = [
        SignalRow(
            title=row_title("Input", channels, len(input_rows)),
            span=above,
            asked=False,
            curves=tuple(SignalCurve("input", DASHES[0], inputs[..., at]) for at in channels),
        )
        for channels in input_rows
    ]
    rows += [
        SignalRow(row_title("Output", channels, len(output_rows)), below, True, _answers(targets, outputs, channels))
        for channels in output_rows
    ]
    panels = tuple(f"Trial {trial + 1}" for trial in range(len(outputs)))
    return Signals(np.asarray(examples["time"]), panels, tuple(rows), _looks(number))


def probe_signals(
    probe: xr.Dataset, outputs: Float[np.ndarray, "condition time output"], names: Sequence[str], number: int
) -> Signals:
    """The answers to conditions: one row with a panel each.

    Args:
        probe: `targets` and `mask` of the conditions shown, over `probe_time` in ms.
        outputs: the outputs of the network.
        names: the names of the conditions.
        number: number of the network.
    """
    span = span_of(np.asarray(probe["targets"]), OUTPUT_ROOM)
    curves = _answers(counted_targets(probe), outputs, range(outputs.shape[-1]))
    row, looks = SignalRow("Output", span, True, curves), _looks(number)
    kept = {kind: looks[kind] for kind in ("target", "output")}
    return Signals(np.asarray(probe["probe_time"]), tuple(names), (row,), kept)


def _answers(targets: np.ndarray, outputs: np.ndarray, channels: Sequence[int]) -> tuple[SignalCurve, ...]:
    """Targets and, above them, outputs; of several that share a panel every next one has other dashes."""
    return tuple(
        SignalCurve(kind, DASHES[at % len(DASHES)], values[..., channel])
        for kind, values in (("target", targets), ("output", outputs))
        for at, channel in enumerate(channels)
    )


def _looks(number: int) -> dict[str, tuple[str, str]]:
    own = f"output of {network_name(number).lower()}"
    return {"input": ("input", INPUT), "target": ("target", TARGET), "output": (own, network_color(number))}


def counted_targets(shown: xr.Dataset) -> Float[np.ndarray, "trial time output"]:
    """The targets where the output counts, with gaps elsewhere.

    Args:
        shown: `targets` and `mask` of trials.
    """
    return shown["targets"].where(shown["mask"]).values


def rows_of(channels: int, most: int) -> list[list[int]]:
    """Which channels a row shows: one each, or all of them in one row where there are more than `most`."""
    return [[channel] for channel in range(channels)] if channels <= most else [list(range(channels))]


def row_title(name: str, channels: list[int], rows: int) -> str:
    """What a row is called: "Input" where there is one, "Input 2", or "8 inputs" where they share it."""
    if len(channels) > 1:
        return f"{len(channels)} {name.lower()}s"
    return f"{name} {channels[0] + 1}" if rows > 1 else name


def span_of(values: Float[np.ndarray, "*batch"], room: float) -> tuple[float, float]:
    """Least and greatest value, zero among them, with a share of their distance as room on both sides."""
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    if low == high:
        low, high = -1.0, 1.0
    return low - room * (high - low), high + room * (high - low)
