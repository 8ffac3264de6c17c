"""How Keras lays out the weights of its recurrent layers. It stores transposes, (pre, post), all gates side by side.

The gates are in recurra's order: update, reset, candidate of a GRU; input, forget, candidate, output of an LSTM.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from recurra.storage.content import at_least_single

GATES = {"SimpleRNN": 1, "GRU": 3, "LSTM": 4}
KINDS = {"GRU": "gru", "LSTM": "lstm"}  # recurra's names
Stored = Any  # an array, or a dataset of h5py: `shape`, `ndim`, and numbers that `[()]` reads


@dataclass(frozen=True)
class Joined:
    """Arrays of single gates, which Keras 1 stored apart, as one: beside each other along their last axis."""

    parts: tuple[Stored, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        first = self.parts[0].shape
        if any(part.shape != first for part in self.parts):
            raise ValueError(f"holds gates of different shapes: {', '.join(str(part.shape) for part in self.parts)}")
        return (*first[:-1], len(self.parts) * first[-1])

    @property
    def ndim(self) -> int:
        return len(self.shape)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, whole: tuple[()]) -> np.ndarray:
        return np.concatenate([part[whole] for part in self.parts], axis=-1)


def kind_of(layer: dict[str, Stored]) -> str:
    """The kind of a recurrent layer, by the shape of its recurrent weights: a block of columns for each gate."""
    units, width = layer["recurrent_kernel"].shape
    for kind, gates in GATES.items():
        if width == gates * units or (kind == "SimpleRNN" and width < 3 * units):
            return kind
    raise ValueError(f"holds recurrent weights of shape {units, width}, which no SimpleRNN, GRU or LSTM layer has")


def is_cudnn(kind: str, layer: dict[str, Stored]) -> bool:
    """Whether the weights are those of an old CuDNNGRU or CuDNNLSTM layer: two biases, one after the other."""
    if kind not in KINDS or "bias" not in layer:
        return False
    return layer["bias"].shape == (2 * GATES[kind] * len(layer["recurrent_kernel"]),)


def reset_of(layer: dict[str, Stored]) -> str | None:
    """Whether the reset gate of a GRU comes before or after the weights, as its biases say; None if it has none."""
    if "bias" not in layer:
        return None
    return "after" if layer["bias"].ndim == 2 or is_cudnn("GRU", layer) else "before"


def check_gated_shapes(kind: str, layer: dict[str, Stored], readout: dict[str, Stored]) -> None:
    """Check that the shapes fit each other before an array is read."""
    units, rows = len(layer["recurrent_kernel"]), GATES[kind] * len(layer["recurrent_kernel"])
    outputs = readout["kernel"].shape[-1]
    allowed = {
        ("kernel", kind): [(layer["kernel"].shape[0], rows)],
        ("recurrent_kernel", kind): [(units, rows)],
        ("bias", kind): [(rows,), (2 * rows,), *([(2, rows)] if kind == "GRU" else [])],
        ("kernel", "Dense"): [(units, outputs)],
        ("bias", "Dense"): [(outputs,)],
    }
    for (name, owner), shapes in allowed.items():
        holder = readout if owner == "Dense" else layer
        if name in holder and holder[name].shape not in shapes:
            expected = " or ".join(map(str, shapes))
            raise ValueError(f"{name} of the {owner} layer has shape {holder[name].shape}; expected {expected}")


def gated_arrays(kind: str, layer: dict[str, Stored], readout: dict[str, Stored]) -> dict[str, np.ndarray]:
    """Recurra's arrays of a GRU or LSTM layer and its readout.

    Args:
        kind: "GRU" or "LSTM".
        layer: `kernel` (input, gates of units), `recurrent_kernel` (unit, gates of units), and `bias` if it has one.
        readout: `kernel` (unit, output), and `bias` if it has one.
    """
    check_gated_shapes(kind, layer, readout)
    gates, units = GATES[kind], len(layer["recurrent_kernel"])
    kernel, recurrent = layer["kernel"][()], layer["recurrent_kernel"][()]
    blocks = np.split(recurrent, gates, axis=1)
    if is_cudnn(kind, layer):  # row after row of W, and U itself
        inward = [block.reshape(units, -1) for block in np.split(kernel, gates, axis=1)]
    else:
        inward, blocks = [block.T for block in np.split(kernel, gates, axis=1)], [block.T for block in blocks]
    stored = at_least_single(layer["bias"][()]) if "bias" in layer else np.zeros(gates * units, kernel.dtype)
    first, second = biases_of_gates(stored, gates, units)
    arrays = {"recurrent": np.stack(blocks), "input": np.stack(inward), "bias": first + second}
    if kind == "GRU":
        arrays["bias"][2] = first[2]
        arrays["reset_bias"] = second[2]
    outward = readout["kernel"][()].T
    bias = readout["bias"][()] if "bias" in readout else np.zeros(len(outward), outward.dtype)
    return arrays | {"output": outward, "output_bias": bias}


def biases_of_gates(stored: np.ndarray, gates: int, units: int) -> tuple[np.ndarray, np.ndarray]:
    """The biases beside the input and beside the recurrent current, (gate, unit) each; the second may be zeros."""
    rows = stored.reshape(-1, gates, units)
    return rows[0], rows[1] if len(rows) > 1 else np.zeros_like(rows[0])
