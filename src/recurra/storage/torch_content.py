"""What files of torch hold: the state_dict of one nn.RNN, nn.GRU or nn.LSTM, or a cell of them, and one nn.Linear.

torch has recurra's axes, (post, pre). Its GRU has the gates reset, update, candidate, its LSTM recurra's order; each
current has two biases, beside the input and beside the recurrent weights.
"""

import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from recurra.storage.content import KIND, MAP, MOST_ARRAY_BYTES, Axes, Content, Hints, at_least_single, check_array
from recurra.storage.mapped import mapped, shown
from recurra.storage.neural_rnn import neural_rnn_content
from recurra.storage.tensors import Stored, Tensors, safetensors, torch_tensors

WEIGHT = re.compile(r"(?P<module>.*\.)?(?P<role>(?:weight|bias)_(?:ih|hh|hr))(?:_l(?P<layer>\d+))?(?P<back>_reverse)?")
READOUT = re.compile(r"(?P<module>.*\.)?(?P<role>weight|bias)")
STARTS = ("h0", "c0")  # what programs call a trained state at the start
GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}
UPDATE_RESET_CANDIDATE = (1, 0, 2)  # of torch's reset, update, candidate


def torch_content(content: bytes, axes: Axes, hints: Hints) -> Content:
    """The content of a `.pt` or `.safetensors` file.

    Args:
        content: the bytes.
        axes: axes of the arrays of rate units, by their names.
        hints: the names that the user maps, or the settings of NeuralRNN; without them it holds modules of torch.
    """
    about: dict[str, str] = {}
    if content.startswith(b"PK\x03\x04"):
        tensors = torch_tensors(content)
    elif content.startswith(b"\x80\x02"):
        raise ValueError("is in the format of torch before 1.6; load it with torch and save it again")
    else:
        tensors, about = safetensors(content)
    if hints.settings:
        return neural_rnn_content(tensors, hints.settings, axes)
    return mapped(tensors, hints.names, axes) if hints.names else of_modules(tensors, about)


def of_modules(tensors: Tensors, about: Mapping[str, str]) -> Content:
    """The network of a recurrent module and a linear readout.

    Args:
        tensors: the tensors of the state_dict.
        about: what a file of recurra says beside them: `activation` and `dt_ms`.
    """
    recurrent, others = recurrent_module(tensors)
    readout, starts = readout_module(others)
    check_sizes({**recurrent, **{f"readout {role}": one for role, one in readout.items()}})
    units = recurrent["weight_hh"].shape[-1]
    kind = kind_of(recurrent, readout, units)
    gates = GATES[kind]
    blocks = {name: at_least_single(one[()]).reshape(gates, units, *one.shape[1:]) for name, one in recurrent.items()}
    zeros = np.zeros((gates, units), blocks["weight_hh"].dtype)
    first, second = blocks.get("bias_ih", zeros), blocks.get("bias_hh", zeros)
    outward = readout["weight"][()]
    bias = readout["bias"][()] if "bias" in readout else np.zeros(len(outward), outward.dtype)
    arrays = {"recurrent": blocks["weight_hh"], "input": blocks["weight_ih"], "bias": first + second}
    arrays |= {"output": outward, "output_bias": bias}
    notes = tuple(
        f"its initial state {name} is not zero; recurra begins every trial at a state of zero"
        for name, one in starts.items()
        if np.any(one[()])
    )
    return Content(*of_kind(kind, arrays, first, second, about), notes)


def of_kind(
    kind: str, arrays: dict[str, np.ndarray], first: np.ndarray, second: np.ndarray, about: Mapping[str, str]
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The arrays of a module by recurra's names, and what its kind says of the equations."""
    says: dict[str, Any] = {"dt_ms": number_in(about, "dt_ms")} if "dt_ms" in about else {}
    if kind == "RNN":
        arrays = {name: array if "output" in name else array[0] for name, array in arrays.items()}
        arrays["recurrent_bias"] = arrays.pop("bias")
        says |= {"form": "rate", "leak": 1.0}
        return arrays, says | ({"activation": about["activation"]} if "activation" in about else {})
    says |= {KIND: kind.lower(), "gate": "sigmoid"}
    if kind == "GRU":
        order = list(UPDATE_RESET_CANDIDATE)
        arrays |= {name: arrays[name][order] for name in ("recurrent", "input", "bias")}
        arrays["bias"][2] = first[2]
        arrays["reset_bias"] = second[2]
        says["reset"] = "after"
    return arrays, says


def number_in(about: Mapping[str, str], name: str) -> float:
    """A positive number among the texts of a file."""
    try:
        number = float(about[name])
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise ValueError(f"says {name} = {about[name][:20]!r}; expected a number above 0")
    return number


def recurrent_module(tensors: Tensors) -> tuple[dict[str, Stored], dict[str, Stored]]:
    """The tensors of the recurrent module by role, and all others."""
    modules: dict[str, dict[str, Stored]] = {}
    others: dict[str, Stored] = {}
    for name, tensor in tensors.items():
        match = WEIGHT.fullmatch(name)
        if not match:
            others[name] = tensor
            continue
        refused = {
            "a bidirectional module": match["back"],
            "stacked layers": match["layer"] and int(match["layer"]) > 0,
            "a projection of its state (proj_size)": match["role"].endswith("hr"),
        }
        for what, is_so in refused.items():
            if is_so:
                raise ValueError(f"holds {what} ({name}); recurra's networks are one layer that runs forwards")
        modules.setdefault(match["module"] or "", {})[match["role"]] = tensor
    if len(modules) != 1:
        found = f"{len(modules)} recurrent modules" if modules else "no weights of nn.RNN, nn.GRU or nn.LSTM"
        raise ValueError(f"holds {found}; of another network name the arrays ({MAP}), among {shown(tensors)}")
    (module,) = modules.values()
    if not {"weight_ih", "weight_hh"} <= set(module) or ("bias_ih" in module) != ("bias_hh" in module):
        raise ValueError(f"holds {', '.join(sorted(module))} of its recurrent module and lacks the others")
    return module, others


def readout_module(others: Tensors) -> tuple[dict[str, Stored], dict[str, Stored]]:
    """The tensors of the readout by role, and initial states by name."""
    modules: dict[str, dict[str, Stored]] = {}
    starts = {}
    for name, tensor in others.items():
        match = READOUT.fullmatch(name)
        if name.rpartition(".")[2] in STARTS:
            starts[name] = tensor
        elif match:
            modules.setdefault(match["module"] or "", {})[match["role"]] = tensor
        else:
            raise ValueError(f"holds the tensor {name!r}, which is no weight of a recurrent module or of nn.Linear")
    if len(modules) != 1 or "weight" not in next(iter(modules.values())):
        named = ", ".join(module.rstrip(".") or "weight" for module in modules) or "none"
        raise ValueError(f"holds these modules beside the recurrent one: {named}; expected one nn.Linear, the readout")
    return next(iter(modules.values())), starts


def check_sizes(tensors: Tensors) -> None:
    """Check that the tensors are floating-point weights, and together not too large."""
    room_bytes = MOST_ARRAY_BYTES
    for name, tensor in tensors.items():
        check_array(name, tensor.shape, tensor.dtype, room_bytes, 1 if "bias" in name else 2)
        room_bytes -= math.prod(tensor.shape) * tensor.dtype.itemsize


def kind_of(recurrent: Tensors, readout: Tensors, units: int) -> str:
    """The kind of the recurrent module, by its shapes, which must fit each other."""
    rows = recurrent["weight_hh"].shape[0]
    kind = next((kind for kind, gates in GATES.items() if rows == gates * units), None)
    if kind is None:
        raise ValueError(f"weight_hh has shape {rows, units}, which no nn.RNN, nn.GRU or nn.LSTM has")
    outputs = readout["weight"].shape[0]
    expected = {
        "weight_ih": (rows, recurrent["weight_ih"].shape[1]),
        "bias_ih": (rows,),
        "bias_hh": (rows,),
    }
    for name, shape in expected.items():
        if name in recurrent and recurrent[name].shape != shape:
            raise ValueError(f"{name} has shape {recurrent[name].shape}; expected {shape}")
    for name, shape in {"weight": (outputs, units), "bias": (outputs,)}.items():
        if name in readout and readout[name].shape != shape:
            raise ValueError(f"{name} of the readout has shape {readout[name].shape}; expected {shape}")
    return kind
