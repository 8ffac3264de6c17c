"""Networks as a `state_dict` of PyTorch: in the archive that torch.load opens, or in a safetensors file.

The module is `rnn`, an nn.RNN, nn.GRU or nn.LSTM, and `readout`, an nn.Linear.
"""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from recurra.models.network import Network
from recurra.storage.expressible import Cell, cell_of, in_one_type
from recurra.storage.files import replace_bytes

RESET_UPDATE_CANDIDATE = (1, 0, 2)  # of recurra's update, reset, candidate
START_OF_TIME = (1980, 1, 1, 0, 0, 0)  # the same network makes the same file
STORAGES = {"float32": "FloatStorage", "float64": "DoubleStorage"}
LETTERS = {"float32": "F32", "float64": "F64"}
ALIGNMENT = 8  # bytes, of the data of a safetensors file


def write_torch(path: Path, network: Network) -> None:
    """Write a network as `torch.save(module.state_dict(), path)` does; `torch.load(path, weights_only=True)` opens it.

    Args:
        path: the file; one that exists is replaced.
        network: what is written.

    Raises:
        ValueError: torch has no such module.
    """
    state = state_dict(network, torch_cell(network))
    root, packed = path.stem, io.BytesIO()
    members = {"data.pkl": pickled(state), "byteorder": b"little", "version": b"3\n"}
    members |= {f"data/{number}": array.tobytes() for number, array in enumerate(state.values())}
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(f"{root}/{name}", START_OF_TIME), content)
    replace_bytes(path, packed.getvalue())


def write_safetensors(path: Path, network: Network) -> None:
    """Write a network as a safetensors file, whose texts say the time step and the activation.

    Args:
        path: the file; one that exists is replaced.
        network: what is written.

    Raises:
        ValueError: torch has no such module.
    """
    cell = torch_cell(network)
    state, at = state_dict(network, cell), 0
    about = {"format": "pt", "dt_ms": repr(float(network.dt_ms))}
    header: dict[str, Any] = {"__metadata__": about | ({"activation": cell.function} if cell.kind == "RNN" else {})}
    for name, array in state.items():
        said = {"dtype": LETTERS[array.dtype.name], "shape": list(array.shape)}
        header[name] = {**said, "data_offsets": [at, at + array.nbytes]}
        at += array.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % ALIGNMENT)
    content = b"".join(array.tobytes() for array in state.values())
    replace_bytes(path, len(text).to_bytes(8, "little") + text + content)


def torch_cell(network: Network) -> Cell:
    """The cell of a network, as a module of torch."""
    cell = cell_of(network, "torch", ("tanh", "relu"), ("sigmoid",))
    if cell.reset != "after":
        raise ValueError("torch has no GRU whose reset gate comes before the weights; export it as npz or keras")
    return cell


def state_dict(network: Network, cell: Cell) -> dict[str, np.ndarray]:
    """The tensors of the module by torch's names. What torch adds twice is in `bias_ih`, and `bias_hh` is zero."""
    weights: Any = network.weights
    if cell.kind == "RNN":
        inward, recurrent, first = weights.input, weights.recurrent, np.asarray(weights.recurrent_bias)
        second = np.zeros_like(first)
    else:
        order = list(RESET_UPDATE_CANDIDATE) if cell.kind == "GRU" else slice(None)
        inward, recurrent, first = (np.asarray(one)[order] for one in (weights.input, weights.recurrent, weights.bias))
        second = np.zeros_like(first)
        if cell.kind == "GRU":
            second[2] = weights.reset_bias
        inward, recurrent = (one.reshape(-1, one.shape[-1]) for one in (inward, recurrent))
    return in_one_type(
        {
            "rnn.weight_ih_l0": inward,
            "rnn.weight_hh_l0": recurrent,
            "rnn.bias_ih_l0": np.ravel(first),
            "rnn.bias_hh_l0": np.ravel(second),
            "readout.weight": weights.output,
            "readout.bias": weights.output_bias,
        }
    )


def pickled(state: dict[str, np.ndarray]) -> bytes:
    """The pickle of a state_dict, command by command: what torch.save writes for contiguous tensors on the CPU."""
    parts = [b"\x80\x02", named("collections", "OrderedDict"), b")R("]
    for number, (name, array) in enumerate(state.items()):
        steps = np.array(array.strides) // array.itemsize
        storage = [text("storage"), named("torch", STORAGES[array.dtype.name]), text(str(number)), text("cpu")]
        parts += [text(name), named("torch._utils", "_rebuild_tensor_v2"), b"(("]
        parts += [*storage, count(array.size), b"tQ", count(0), counts(array.shape), counts(steps), b"\x89"]
        parts += [named("collections", "OrderedDict"), b")RtR"]
    return b"".join([*parts, b"u."])


def named(module: str, name: str) -> bytes:
    """The command that names something of a module."""
    return b"c" + module.encode() + b"\n" + name.encode() + b"\n"


def text(value: str) -> bytes:
    """The command of a text."""
    return b"X" + len(value.encode()).to_bytes(4, "little") + value.encode()


def count(value: int) -> bytes:
    """The command of a whole number."""
    return b"J" + int(value).to_bytes(4, "little")


def counts(values: Any) -> bytes:
    """The commands of a tuple of whole numbers."""
    return b"(" + b"".join(count(value) for value in values) + b"t"
