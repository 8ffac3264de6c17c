"""Networks of NeuralRNN: a `config.json`, and beside it the weights, `model.safetensors` or `model.pt`.

Its rate networks are z ← (1 − leak) z + leak φ(W z + b_h + W_in x + b_x), output W_out z + b_out: the rate form. With
Dale's law W is |h2h.weight| with the sign of the sender.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from recurra.checks import check_shapes
from recurra.storage.content import MOST_ARRAY_BYTES, Axes, Content, at_least_single, check_array
from recurra.storage.tensors import Tensors

WEIGHTS = ("model.safetensors", "model.pt")
MODEL_TYPE = "model_type"
RATES, GATED = ("ctrnn", "vanilla_rnn", "ei_rnn"), "gated_rnn"
NAMES = ("h2h.weight", "h2h.bias", "input2h.weight", "input2h.bias", "readout_layer.weight", "readout_layer.bias")
NUMBERS = ("alpha", "dt", "tau", "ei_ratio")
FLAGS = ("dale", "relu_after_blend", "readout_e_only")
MODES = {"post_blend": "applies φ after the leak", "rate": "reads φ(z) back and z out"}  # what recurra does not do


def weights_and_settings(path: Path, table: Mapping[str, Any]) -> tuple[Path, dict[str, Any]]:
    """The file of the weights, and what of the configuration their reader needs; empty for modules of torch.

    Args:
        path: the configuration's file.
        table: the configuration.

    Raises:
        ValueError: the weights are not beside it, or the network is none that recurra runs.
    """
    kind = table.get(MODEL_TYPE)
    if kind not in (*RATES, GATED):
        raise ValueError(f"holds a {str(kind)[:40]!r} of NeuralRNN; recurra reads {', '.join((*RATES, GATED))}")
    weights = next((path.with_name(name) for name in WEIGHTS if path.with_name(name).exists()), None)
    if weights is None:
        raise ValueError(f"is a configuration of NeuralRNN without its weights beside it: {' or '.join(WEIGHTS)}")
    if kind == GATED:
        return weights, {}
    settings = {name: number_in(table, name) for name in NUMBERS} | {name: table.get(name) is True for name in FLAGS}
    settings["signs"] = table.get("dale_signs") is not None
    mode = "post_blend" if settings["relu_after_blend"] else table.get("nonlinearity_mode", "pre_activation")
    if mode in MODES and not (mode == "post_blend" and leak_of(settings) == 1):
        raise ValueError(f"has the nonlinearity_mode {mode!r}, which {MODES[mode]}; recurra's rate form does not")
    settings |= {"activation": str(table.get("activation"))[:40], "leak": leak_of(settings)}
    return weights, settings


def number_in(table: Mapping[str, Any], name: str) -> float | None:
    """A number of the configuration, if it has one of this name."""
    value = table.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"has {name} = {str(value)[:40]}; expected a finite number")
    return float(value)


def leak_of(settings: Mapping[str, Any]) -> float:
    """The leak: alpha where there is one, else dt / tau, else 1."""
    if settings["alpha"] is not None:
        return settings["alpha"]
    if settings["dt"] is None:
        return 1.0
    if not settings["tau"]:
        raise ValueError(f"has dt = {settings['dt']:g} and no tau above 0")
    return settings["dt"] / settings["tau"]


def neural_rnn_content(tensors: Tensors, settings: Mapping[str, Any], axes: Axes) -> Content:
    """The network of these tensors.

    Args:
        tensors: those of the weights' file.
        settings: what `weights_and_settings` gave.
        axes: axes of recurra's arrays, by their names.
    """
    missing = [name for name in NAMES if name not in tensors]
    if missing:
        raise ValueError(f"lacks {', '.join(missing)}, which a rate network of NeuralRNN has")
    room_bytes = MOST_ARRAY_BYTES
    for name in NAMES:
        check_array(name, tensors[name].shape, tensors[name].dtype, room_bytes, 1 if name.endswith("bias") else 2)
        room_bytes -= math.prod(tensors[name].shape) * tensors[name].dtype.itemsize
    units, (outputs, read_units) = tensors["h2h.weight"].shape[0], tensors["readout_layer.weight"].shape
    shapes = {
        "recurrent": tensors["h2h.weight"].shape,
        "input": tensors["input2h.weight"].shape,
        "output": (outputs, units if settings["readout_e_only"] and read_units < units else read_units),
        "output_bias": tensors["readout_layer.bias"].shape,
    }
    for name in ("h2h.bias", "input2h.bias"):
        check_shapes(shapes | {"recurrent_bias": tensors[name].shape}, axes)
    recurrent, signs = tensors["h2h.weight"][()], signs_of(tensors, settings, units)
    read = tensors["readout_layer.weight"][()]
    arrays = {
        "recurrent": recurrent if signs is None else np.abs(recurrent) * signs,
        "input": tensors["input2h.weight"][()],
        "recurrent_bias": at_least_single(tensors["h2h.bias"][()]) + at_least_single(tensors["input2h.bias"][()]),
        "output": np.hstack([read, np.zeros((outputs, shapes["output"][1] - read_units), read.dtype)]),
        "output_bias": tensors["readout_layer.bias"][()],
    }
    started = "h0" in tensors and np.any(tensors["h0"][()])
    notes = ("its initial state h0 is not zero; recurra begins every trial at a state of zero",) if started else ()
    return Content(arrays, {"form": "rate", "activation": settings["activation"], "leak": settings["leak"]}, notes)


def signs_of(tensors: Tensors, settings: Mapping[str, Any], units: int) -> np.ndarray | None:
    """+1 for each excitatory unit and −1 for each inhibitory one; None without Dale's law."""
    if not settings["dale"] and not settings["signs"]:
        return None
    mask = tensors.get("dale_mask")
    if mask is None or mask.shape != (units, units):
        raise ValueError("obeys Dale's law, and its weights lack the matrix dale_mask of signs")
    check_array("dale_mask", mask.shape, mask.dtype, MOST_ARRAY_BYTES, 2)
    return np.diag(mask[()])
