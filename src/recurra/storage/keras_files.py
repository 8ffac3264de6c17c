"""Networks in the files of Keras 1, 2 and 3: the one place that knows that Keras stores the transposes."""

import io
import mmap
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from recurra.arrays import Weights
from recurra.checks import check_positive
from recurra.engine.dynamics import RateDynamics
from recurra.models.cohort import Network
from recurra.storage.keras_config import check_layers, check_not_gated, layers_in_order
from recurra.storage.npz_files import check_members, check_weights, naming, weights_of

if TYPE_CHECKING:
    import h5py

Arrays = dict[str, np.ndarray]

NO_WEIGHTS = ("optimizer", "optimizer_weights", "seed_generator")
# Keras 1 names a weight "simplernn_1_U" or "U:0", Keras 2 "recurrent_kernel:0", Keras 3 "recurrent_kernel" or "1".
ROLES = {"U": "recurrent_kernel", "W": "kernel", "b": "bias"}
WEIGHT_NAME = re.compile(r"(?:.*_)??(recurrent_kernel|kernel|bias|U|W|b)(?::0)?")
GATE_NAME = re.compile(r".*_[UWb]_(?:(?P<GRU>[zrh])|(?P<LSTM>[ifco]))(?::0)?")
HEAP_OF_TEXTS = b"GCOL\x01\0\0\0"
MAX_OBJECTS = 2_000
MAX_CONFIG_BYTES = 2**24


def read_keras(path: Path, dt_ms: float) -> Network:
    r"""The network in a Keras file: one SimpleRNN layer and a linear Dense readout.

    Reads the HDF5 of a whole model or of its weights alone, and `.keras` archives. Keras's
    $h \leftarrow \varphi(W h + W_{in} x + b)$ is the rate form with leak 1. Weights alone do not say what $\varphi$ is;
    it is then taken to be Keras's default, tanh, and the readout to be linear.

    Args:
        path: the file.
        dt_ms: length of a time step, ms; Keras knows of none.

    Raises:
        ValueError: the file is missing, damaged or holds another network; one line that begins with the file's name.
    """
    check_positive("dt_ms", dt_ms)
    with naming(path):
        config, arrays = read_file(path)
        activation = "tanh" if config is None else check_layers(layers_in_order(config))
        weights = transposed(*recurrent_and_readout(arrays))
        return Network(RateDynamics("rate", activation, 1.0), weights, float(dt_ms))


def transposed(recurrent: Arrays, readout: Arrays) -> Weights:
    """The weights as (post, pre); Keras has (pre, post)."""
    named = {"recurrent": recurrent["recurrent_kernel"], "input": recurrent["kernel"], "output": readout["kernel"]}
    biases = {"recurrent_bias": recurrent, "output_bias": readout}
    named |= {name: layer["bias"] for name, layer in biases.items() if "bias" in layer}
    return weights_of({name: array.T for name, array in named.items()})


def read_file(path: Path) -> tuple[str | bytes | None, Arrays]:
    """The model's configuration, where the file has one, and its weights by their place in the file."""
    with path.open("rb") as file:
        start = file.read(8)
    if start == b"\x89HDF\r\n\x1a\n":
        check_heaps(path)
        return read_hdf5(path, path.stat().st_size)
    if not start.startswith(b"PK\x03\x04"):
        raise ValueError("is neither an HDF5 file nor a .keras archive")
    with zipfile.ZipFile(path) as archive:
        check_members(archive, path.stat().st_size)
        for name in ("config.json", "model.weights.h5"):
            if name not in archive.namelist():
                raise ValueError(f"lacks the member {name!r} of a .keras archive")
        if archive.getinfo("config.json").file_size > MAX_CONFIG_BYTES:
            raise ValueError(f"its config.json is larger than {MAX_CONFIG_BYTES:,} bytes")
        config, weights = archive.read("config.json"), archive.read("model.weights.h5")
    return config, read_hdf5(io.BytesIO(weights), len(weights))[1]


def read_hdf5(source: Path | io.BytesIO, file_bytes: int) -> tuple[str | bytes | None, Arrays]:
    """The same of an HDF5 file; together its weights must fit into the bytes that the file has."""
    import h5py  # noqa: PLC0415 - most runs read no HDF5

    arrays = {}
    room_bytes = file_bytes
    with h5py.File(source, "r") as file:
        config = read_config(file)
        for place, dataset in datasets(file):
            check_dataset(place, dataset, room_bytes)
            arrays[place] = dataset[()]
            room_bytes -= arrays[place].nbytes
    return config, arrays


def check_heaps(path: Path) -> None:
    """HDF5 keeps texts in heaps; its library hangs or crashes where free space or a text's length is damaged."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        start = content.find(HEAP_OF_TEXTS) if content.find(b"model_config") >= 0 else -1
        while start >= 0:
            position = start + 16
            end = min(start + int.from_bytes(content[start + 8 : position], "little"), len(content))
            while position + 16 <= end:
                number = int.from_bytes(content[position : position + 2], "little")
                size = int.from_bytes(content[position + 8 : position + 16], "little")
                pointer = content.find(start.to_bytes(8, "little") + number.to_bytes(4, "little"))
                length = int.from_bytes(content[max(pointer - 4, 0) : max(pointer, 0)], "little")
                if (number == 0 and size < 16) or (number > 0 and length > size):
                    raise ValueError("is damaged: a heap of texts does not fit its contents")
                position += size if number == 0 else 16 + -(-size // 8) * 8
            start = content.find(HEAP_OF_TEXTS, start + 8)


def read_config(file: "h5py.File") -> str | bytes | None:
    """The attribute `model_config`, where there is one; only a text is safe to read from a damaged file."""
    import h5py  # noqa: PLC0415

    if "model_config" not in file.attrs:
        return None
    attribute = file.attrs.get_id("model_config")
    if attribute.shape != () or h5py.check_string_dtype(attribute.dtype) is None:
        raise ValueError(f"its model_config has shape {attribute.shape} and type {attribute.dtype}; expected one text")
    return file.attrs["model_config"]  # pyright: ignore[reportReturnType] - with shape () it is not h5py.Empty


def datasets(file: "h5py.File") -> Iterator[tuple[str, "h5py.Dataset"]]:
    """Every dataset that may be a weight, with its place; no link is followed that could lead elsewhere."""
    import h5py  # noqa: PLC0415

    objects = 0
    groups: list[tuple[str, h5py.Group]] = [("", file)]
    while groups:
        parent, group = groups.pop()
        for name in group:
            objects += 1
            if objects > MAX_OBJECTS:
                raise ValueError(f"holds more than {MAX_OBJECTS:,} objects; a Keras network of two layers has fewer")
            if name in NO_WEIGHTS:
                continue
            place = f"{parent}/{name}"
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                raise ValueError(f"{place!r} is a link, which recurra does not follow")
            found = group[name]
            if isinstance(found, h5py.Group):
                groups.append((place, found))
            elif isinstance(found, h5py.Dataset):
                yield place, found
            else:
                raise ValueError(f"{place!r} is neither a group nor a dataset")


def check_dataset(place: str, dataset: "h5py.Dataset", room_bytes: int) -> None:
    """A dataset must be plain weights in this very file."""
    if dataset.is_virtual or dataset.external:
        raise ValueError(f"the array {place!r} is kept in another file, which recurra does not open")
    if dataset.chunks is not None:
        raise ValueError(f"the array {place!r} is chunked or compressed; Keras stores weights in one piece")
    check_weights(place, dataset.shape or (), dataset.dtype, room_bytes)


def recurrent_and_readout(arrays: Arrays) -> tuple[Arrays, Arrays]:
    """The weights of the recurrent layer and of the readout, each by role: kernel, recurrent_kernel, bias."""
    groups: dict[str, Arrays] = {}
    for place, array in arrays.items():
        parent, _, name = place.rpartition("/")
        groups.setdefault(parent, {})[name] = array
    layers = [by_role(parent, named) for parent, named in groups.items()]
    recurrent = [layer for layer in layers if "recurrent_kernel" in layer]
    readouts = [layer for layer in layers if "recurrent_kernel" not in layer]
    if len(recurrent) != 1 or len(readouts) != 1:
        raise ValueError(
            f"holds the weights of {len(recurrent) or 'no'} recurrent and {len(readouts) or 'no'} other layers; "
            "expected one SimpleRNN layer and one Dense readout"
        )
    return recurrent[0], readouts[0]


def by_role(parent: str, named: Arrays) -> Arrays:
    """The weights of one layer by role; `.weights.h5` only numbers them: kernel, recurrent_kernel, bias."""
    if parent.endswith("/vars"):
        numbered = [named.get(str(at)) for at in range(len(named))]
        roles = ["kernel", "bias"]
        if len(numbered) > 1 and numbered[1] is not None and numbered[1].ndim == 2:
            roles.insert(1, "recurrent_kernel")
        found = [(role, array) for role, array in zip(roles, numbered, strict=False) if array is not None]
    else:
        found = [(role_of(parent, name), array) for name, array in named.items()]
    layer = dict(found)
    if "recurrent_kernel" in layer:
        units, width = len(layer["recurrent_kernel"]), layer["recurrent_kernel"].shape[-1]
        check_not_gated({3 * units: "GRU", 4 * units: "LSTM"}.get(width, "SimpleRNN"))
    fits = all(array.ndim == (1 if role == "bias" else 2) for role, array in layer.items())
    if len(layer) != len(named) or "kernel" not in layer or not fits:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in sorted(named.items()))
        raise ValueError(f"{parent!r} holds {shapes}; these are not the weights of a SimpleRNN or Dense layer")
    return layer


def role_of(parent: str, name: str) -> str:
    """What a weight is by its name."""
    if gate := GATE_NAME.fullmatch(name):
        check_not_gated(str(gate.lastgroup))
    if not (match := WEIGHT_NAME.fullmatch(name)):
        raise ValueError(f"holds {f'{parent}/{name}'!r}, which is no weight of a SimpleRNN or Dense layer")
    return ROLES.get(match[1], match[1])
