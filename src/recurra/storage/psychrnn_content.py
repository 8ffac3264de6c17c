"""What PsychRNN saves: weights before their masks and signs, in the current form.

Its network is v ← (1 − leak) v + leak (W φ(v) + W_in x + b), output W_out φ(v) + b_out. `rec_connectivity` and its like
are masks. With a `dale_ratio` the weights are |W| with the signs of `Dale_rec` by sender, and only excitatory units are
read out (`Dale_out`). Applied to weights that have their masks and signs already, both change nothing.
"""

import math

import numpy as np

from recurra.checks import check_shapes
from recurra.storage.content import CONNECTIONS, MOST_ARRAY_BYTES, Axes, Content, check_array
from recurra.storage.tensors import Tensors

SIGN = "W_rec"  # the array by which such a file is known
NAMES = {"recurrent": "W_rec", "input": "W_in", "output": "W_out", "recurrent_bias": "b_rec", "output_bias": "b_out"}
MASKS = {"recurrent": "rec_connectivity", "input": "input_connectivity", "output": "output_connectivity"}
RATIO = "dale_ratio"


def psychrnn_content(tensors: Tensors, axes: Axes) -> Content:
    """The content of a file of PsychRNN's `save`, or of an initializer's.

    Args:
        tensors: the arrays of the file.
        axes: axes of recurra's arrays, by their names.

    Raises:
        ValueError: an array is missing, or its shape does not fit.
    """
    missing = [NAMES[name] for name in ("recurrent", "input", "output") if NAMES[name] not in tensors]
    if missing:
        raise ValueError(f"holds {SIGN}, as PsychRNN's files do, and lacks {', '.join(missing)}")
    held = {name: NAMES[name] for name in NAMES if NAMES[name] in tensors}
    shapes = {name: tensors[theirs].shape for name, theirs in held.items()}
    units, outputs = shapes["recurrent"][:1], shapes["output"][:1]
    check_shapes({"recurrent_bias": units, "output_bias": outputs} | shapes, axes)
    expected = {theirs: shapes[name] for name, theirs in held.items()}
    expected |= {MASKS[name]: shapes[name] for name in MASKS if MASKS[name] in tensors}
    expected |= {name: 2 * units for name in ("Dale_rec", "Dale_out") if name in tensors}
    room_bytes = MOST_ARRAY_BYTES
    for name, shape in expected.items():
        check_array(name, tensors[name].shape, tensors[name].dtype, room_bytes, len(shape))
        room_bytes -= math.prod(shape) * tensors[name].dtype.itemsize
        if tensors[name].shape != shape:
            raise ValueError(f"{name} has shape {tensors[name].shape}; expected {shape}")
    arrays = {name: tensors[theirs][()] for name, theirs in held.items()}
    masks = {name: tensors[theirs][()] for name, theirs in MASKS.items() if theirs in tensors}
    arrays |= {name: arrays[name] * mask for name, mask in masks.items()}
    exist = {name: mask != 0 for name, mask in masks.items()}
    signs = signs_of(tensors, units[0])
    if signs is not None:
        arrays["recurrent"] = np.abs(arrays["recurrent"]) * signs
        arrays["input"], arrays["output"] = np.abs(arrays["input"]), np.abs(arrays["output"]) * (signs > 0)
        exist["output"] = exist.get("output", np.ones(shapes["output"], bool)) & (signs > 0)
    arrays |= {f"{CONNECTIONS}{name}": one for name, one in exist.items() if not one.all()}
    return Content(arrays, {"form": "current"}, tuple(notes_of(tensors, units[0])))


def signs_of(tensors: Tensors, units: int) -> np.ndarray | None:
    """+1 for each excitatory unit and −1 for each inhibitory one; None without Dale's law."""
    stored = tensors.get(RATIO)
    ratio = 0.0 if stored is None or stored.dtype.kind == "O" else number_of(RATIO, tensors)
    if not ratio:
        if "Dale_rec" in tensors and np.any(np.diag(tensors["Dale_rec"][()]) < 0):
            raise ValueError("has inhibitory units in Dale_rec and no dale_ratio")
        return None
    if "Dale_rec" in tensors:
        return np.sign(np.diag(tensors["Dale_rec"][()]))
    return np.where(np.arange(units) < int(ratio * units), 1.0, -1.0)


def number_of(name: str, tensors: Tensors) -> float:
    """A number of the file, 0 to 1."""
    stored = tensors[name]
    if stored.shape != () or stored.dtype.kind not in "fiu" or not 0 <= float(stored[()]) <= 1:
        raise ValueError(f"{name} has shape {stored.shape} and type {stored.dtype.name}; expected one number, 0 to 1")
    return float(stored[()])


def notes_of(tensors: Tensors, units: int) -> list[str]:
    """What recurra does otherwise than PsychRNN."""
    start = tensors.get("init_state")
    if start is None:
        return []
    if start.shape not in ((units,), (1, units)):
        raise ValueError(f"init_state has shape {start.shape}; expected {(1, units)}")
    check_array("init_state", start.shape, start.dtype, MOST_ARRAY_BYTES)
    return ["its init_state is not zero; recurra begins every trial at a state of zero"] if np.any(start[()]) else []
