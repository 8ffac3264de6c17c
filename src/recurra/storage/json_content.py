"""What `.json` files of other programs hold: the parameters of trainRNNbrain, or arrays that the user maps by name.

trainRNNbrain's network is y ← (1 − leak) y + leak φ(s (W y + W_in u + b)), output W_out y, with the slope s.
"""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from recurra.checks import check_shapes
from recurra.storage.content import MAP, MOST_ARRAY_BYTES, Axes, Content, Hints
from recurra.storage.mapped import mapped
from recurra.storage.neural_rnn import MODEL_TYPE, number_in

NAMES = {"recurrent": "W_rec", "input": "W_inp", "output": "W_out"}
BIASES = ("bias_rec", "b_rec", "bias")  # the words of its versions
ACTIVATIONS = ("relu", "tanh", "sigmoid", "softplus")
ABSENT = {"gamma": "a cubic decay", "d": "a drive outside the activation"}  # where they are not 0
CONFIGURATION = "configuration"
MOST_DEPTH = 3


@dataclass(frozen=True)
class InJson:
    """An array of a JSON file."""

    array: np.ndarray

    @property
    def shape(self) -> tuple[int, ...]:
        return self.array.shape

    @property
    def dtype(self) -> np.dtype:
        return self.array.dtype

    def __getitem__(self, whole: tuple[()]) -> np.ndarray:
        return self.array[whole]


def json_content(content: bytes, axes: Axes, hints: Hints) -> Content:
    """The content of a `.json` file.

    Args:
        content: the bytes.
        axes: axes of recurra's arrays, by their names.
        hints: the names of the arrays, where the user maps them.

    Raises:
        ValueError: the file is damaged or holds something else.
    """
    try:
        table = json.loads(content)
    except (ValueError, RecursionError):
        raise ValueError("is not valid JSON") from None
    if not isinstance(table, dict):
        raise ValueError("holds no table of names; expected the parameters of a network")
    if MODEL_TYPE in table and not hints.names:
        return Content({}, {CONFIGURATION: table})
    arrays = {name: InJson(array_of(name, value)) for name, value in table.items() if isinstance(value, list)}
    if hints.names:
        return mapped(arrays, hints.names, axes)
    if not set(NAMES.values()) <= set(arrays):
        raise ValueError(
            "holds neither W_rec, W_inp and W_out, as files of trainRNNbrain do, nor a configuration of NeuralRNN; of "
            f"another program name the arrays ({MAP})"
        )
    return of_train_rnn_brain(table, {name: one.array for name, one in arrays.items()}, axes)


def array_of(name: str, value: list[Any]) -> np.ndarray:
    """Nested lists of numbers as an array, float64."""
    first: Any = value
    for _ in range(MOST_DEPTH):
        first = first[0] if isinstance(first, list) and first else first
    if isinstance(first, list):
        raise ValueError(f"the array {name!r} is nested too deeply")
    try:
        return np.array(value, np.float64)
    except (ValueError, TypeError):
        raise ValueError(f"the array {name!r} has rows of different lengths or other things than numbers") from None


def of_train_rnn_brain(table: dict[str, Any], given: dict[str, np.ndarray], axes: Axes) -> Content:
    """The network of trainRNNbrain's parameters."""
    arrays = {name: given[theirs] for name, theirs in NAMES.items()}
    bias = next((given[name] for name in BIASES if name in given), None)
    arrays |= {} if bias is None else {"recurrent_bias": bias}
    shapes = {name: array.shape for name, array in arrays.items()}
    biases = {"recurrent_bias": shapes["recurrent"][:1], "output_bias": shapes["output"][:1]}
    check_shapes(biases | shapes, axes)
    if sum(array.nbytes for array in arrays.values()) > MOST_ARRAY_BYTES:
        raise ValueError(f"holds arrays of more than {MOST_ARRAY_BYTES:,} bytes")
    for name, what in ABSENT.items():
        if number_in(table, name):
            raise ValueError(f"has {name} = {table[name]}, {what}, which recurra's rate units do not have")
    return Content(*sloped(table, arrays), tuple(notes_of(table, given)))


def sloped(table: dict[str, Any], arrays: dict[str, np.ndarray]) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The arrays with the slope of the activation in them, and what the file says of the equations."""
    says: dict[str, Any] = {"form": "rate"}
    if table.get("activation_name") is not None:
        says["activation"] = table["activation_name"]
        if says["activation"] not in ACTIVATIONS:
            raise ValueError(
                f"has the activation {str(says['activation'])[:40]!r}; expected one of: {', '.join(ACTIVATIONS)}"
            )
    dt, tau, slope = (number_in(table, name) for name in ("dt", "tau", "activation_slope"))
    if dt is not None and tau:
        says["leak"] = dt / tau
    if slope not in (None, 1.0):
        if says.get("activation") == "softplus":
            raise ValueError(f"has a softplus of slope {slope:g}; recurra's has the slope 1")
        arrays = {name: array if name == "output" else slope * array for name, array in arrays.items()}
    return arrays, says


def notes_of(table: dict[str, Any], given: dict[str, np.ndarray]) -> list[str]:
    """What recurra does otherwise than trainRNNbrain."""
    notes = ["its output at a step is that of the state before the step; recurra's is that of the state after it"]
    slope = number_in(table, "activation_slope")
    if slope not in (None, 1.0):
        notes.append(
            f"the slope {slope:g} of its activation is in the weights: they are {slope:g} times those of the file"
        )
    if "y_init" in given and np.any(given["y_init"]):
        notes.append("its y_init is not zero; recurra begins every trial at a state of zero")
    return notes
