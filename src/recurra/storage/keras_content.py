"""The content of files of Keras 1, 2 and 3: the only module that knows that Keras stores the transposes.

It runs in a process of its own (`parsing.py`): the HDF5 library crashes or hangs on some damaged files.
"""

import io
import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from recurra.checks import check_shapes
from recurra.storage.content import (
    KIND,
    MOST_ARRAY_BYTES,
    NO_HINTS,
    Axes,
    Content,
    Hints,
    check_array,
    open_archive,
    unpacked,
)
from recurra.storage.keras_config import Layer, check_layers, layers_in_order, remarks, says_of
from recurra.storage.keras_layout import GATES, Joined, gated_arrays, is_cudnn, kind_of, reset_of
from recurra.storage.mapped import mapped

if TYPE_CHECKING:
    import h5py

Datasets = dict[str, Any]  # of h5py, by place or by role

NO_WEIGHTS = ("optimizer", "optimizer_weights", "seed_generator")
# Keras 1 names a weight "simplernn_1_U" or "U:0", Keras 2 "recurrent_kernel:0", Keras 3 "recurrent_kernel" or "1".
ROLES = {"U": "recurrent_kernel", "W": "kernel", "b": "bias"}
WEIGHT_NAME = re.compile(r"(?:.*_)??(recurrent_kernel|kernel|bias|U|W|b)(?::0)?")
# of GRU and LSTM layers in Keras 1, an array for each gate: "lstm_1_U_f"
GATE_NAME = re.compile(r".*_([UWb])_([zrhifco])(?::0)?")
GATE_LETTERS = ("zrh", "ifco")
MOST_OBJECTS = 2_000
MOST_CONFIG_BYTES = 2**24
MOST_VERSION_BYTES = 2**16


def keras_content(content: bytes, axes: Axes, hints: Hints = NO_HINTS) -> Content:
    """The content of a Keras file: HDF5 of a whole model or of its weights alone, or a `.keras` archive.

    Args:
        content: the bytes.
        axes: axes of the weight arrays, under recurra's names.
        hints: the places of the arrays in an HDF5 file of another program, where the user maps them.
    """
    if hints.names:
        return mapped_content(content, axes, hints)
    if content.startswith(b"\x89HDF\r\n\x1a\n"):
        return hdf5_content(content, axes)
    if content.startswith(b"PK\x03\x04"):
        return archive_content(content, axes)
    raise ValueError("is neither an HDF5 file nor a .keras archive")


def archive_content(content: bytes, axes: Axes) -> Content:
    """The content of a `.keras` archive: the configuration, the version of Keras, and the weights in HDF5."""
    with open_archive(content) as archive:
        config = unpacked(archive, "config.json", MOST_CONFIG_BYTES)
        weights = unpacked(archive, "model.weights.h5", MOST_ARRAY_BYTES)
        named = "metadata.json" in archive.namelist()
        about = unpacked(archive, "metadata.json", MOST_VERSION_BYTES) if named else b"{}"
    return hdf5_content(weights, axes, config, version_in(about))


def hdf5_content(content: bytes, axes: Axes, config: str | bytes | None = None, version: str | None = None) -> Content:
    """The content of an HDF5 file.

    Args:
        content: its bytes.
        axes: axes of the weight arrays, under recurra's names.
        config: the configuration of the model; if None, that in the file, if it has one.
        version: the version of Keras that wrote it; if None, that in the file, if it has one.
    """
    import h5py  # noqa: PLC0415 - most runs read no HDF5

    with h5py.File(io.BytesIO(content), "r") as file:
        config, version = config or text_of(file, "model_config"), version or text_of(file, "keras_version")
        layers = None if config is None else check_layers(layers_in_order(config))
        weights = weights_in(file, min(len(content), MOST_ARRAY_BYTES))
        if layers and not weights:
            raise ValueError("holds a model without its weights: it was saved before they were made")
        recurrent, readout = recurrent_and_readout(weights)
        kind = kind_of(recurrent)
        if layers:
            check_agreement(layers.recurrent, kind, recurrent)
            check_agreement(layers.readout, "Dense", readout)
        gated = kind != "SimpleRNN"
        arrays = gated_arrays(kind, recurrent, readout) if gated else transposed(recurrent, readout, axes)
        reset = reset_of(recurrent) if kind == "GRU" else None
    if layers is not None:
        return Content(arrays, says_of(layers.recurrent, version, reset), tuple(remarks(layers)))
    says = {KIND: kind.lower()} if gated else {}
    says |= {} if reset is None else {"reset": reset}
    return Content(arrays, says | ({"gate": "sigmoid"} if is_cudnn(kind, recurrent) else {}))


def mapped_content(content: bytes, axes: Axes, hints: Hints) -> Content:
    """The content of an HDF5 file of another program, whose arrays the user maps by their places, such as `net/W`."""
    import h5py  # noqa: PLC0415

    with h5py.File(io.BytesIO(content), "r") as file:
        stored = {place.removeprefix("/"): dataset for place, dataset in weights_in(file, MOST_ARRAY_BYTES).items()}
        return mapped(stored, hints.names, axes)


def check_agreement(layer: Layer, kind: str, weights: Datasets) -> None:
    """Check that the weights of a layer are as its configuration says.

    Args:
        layer: the layer.
        kind: its class, by its weights.
        weights: the weights by role.
    """
    units = len(weights["recurrent_kernel"]) if kind in GATES else weights["kernel"].shape[-1]
    if kind in GATES and layer.kind != kind:
        raise ValueError(f"says that its recurrent layer is of the class {layer.kind}; its weights are those of {kind}")
    if layer.units() not in (None, units):
        raise ValueError(f"says that its {layer.kind} layer has {layer.units()!r} units; its weights have {units}")
    if layer.biased() != ("bias" in weights):
        stated, held = ("a", "none") if layer.biased() else ("no", "one")
        raise ValueError(f"says that its {layer.kind} layer has {stated} bias; among its weights is {held}")


def transposed(recurrent: Datasets, readout: Datasets, axes: Axes) -> dict[str, np.ndarray]:
    """The weights as (post, pre), read when their shapes fit; Keras has (pre, post)."""
    named = {"recurrent": recurrent["recurrent_kernel"], "input": recurrent["kernel"], "output": readout["kernel"]}
    biases = {"recurrent_bias": recurrent, "output_bias": readout}
    named |= {name: layer["bias"] for name, layer in biases.items() if "bias" in layer}
    shapes = {name: dataset.shape[::-1] for name, dataset in named.items()}
    missing = {"recurrent_bias": shapes["recurrent"][:1], "output_bias": shapes["output"][:1]}
    check_shapes(missing | shapes, axes)
    return {name: dataset[()].T for name, dataset in named.items()}


def version_in(about: bytes) -> str | None:
    """The version of Keras that a `.keras` archive names."""
    try:
        metadata: Any = json.loads(about)
    except (ValueError, RecursionError):
        raise ValueError("its metadata.json is not valid JSON") from None
    version = metadata.get("keras_version") if isinstance(metadata, dict) else None
    return version if isinstance(version, str) else None


def weights_in(file: "h5py.File", room_bytes: int) -> Datasets:
    """The datasets that may be weights, by place and not yet read; together they must fit into `room_bytes` bytes."""
    weights = {}
    for place, dataset in datasets(file):
        check_dataset(place, dataset, room_bytes)
        weights[place] = dataset
        room_bytes -= dataset.size * dataset.dtype.itemsize
    return weights


def text_of(file: "h5py.File", name: str) -> str | None:
    """An attribute of the file, if there is one; only texts are safe to read from a damaged file."""
    import h5py  # noqa: PLC0415

    if name not in file.attrs:
        return None
    attribute = file.attrs.get_id(name)
    if attribute.shape != () or h5py.check_string_dtype(attribute.dtype) is None:
        raise ValueError(f"its {name} has shape {attribute.shape} and type {attribute.dtype}; expected one text")
    text: Any = file.attrs[name]
    if len(text) > MOST_CONFIG_BYTES:
        raise ValueError(f"its {name} has {len(text):,} characters; recurra reads at most {MOST_CONFIG_BYTES:,}")
    return text.decode() if isinstance(text, bytes) else text


def datasets(file: "h5py.File") -> Iterator[tuple[str, "h5py.Dataset"]]:
    """Every dataset that may be a weight, with its place; no link is followed that could lead elsewhere."""
    import h5py  # noqa: PLC0415

    objects = 0
    groups: list[tuple[str, h5py.Group]] = [("", file)]
    while groups:
        parent, group = groups.pop()
        for name in group:
            objects += 1
            if objects > MOST_OBJECTS:
                raise ValueError(f"holds more than {MOST_OBJECTS:,} objects; a Keras network of two layers has fewer")
            if name in NO_WEIGHTS:
                continue
            place = f"{parent}/{name}"
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                raise ValueError(f"{place!r} is a link, which recurra does not follow")
            member = group[name]
            if isinstance(member, h5py.Group):
                groups.append((place, member))
            elif isinstance(member, h5py.Dataset):
                yield place, member
            else:
                raise ValueError(f"{place!r} is neither a group nor a dataset")


def check_dataset(place: str, dataset: "h5py.Dataset", room_bytes: int) -> None:
    """Check that a dataset is plain weights in this file."""
    if dataset.is_virtual or dataset.external:
        raise ValueError(f"the array {place!r} is kept in another file, which recurra does not open")
    if dataset.chunks is not None:
        raise ValueError(f"the array {place!r} is chunked or compressed; Keras stores weights in one piece")
    check_array(place, dataset.shape or (), dataset.dtype, room_bytes)


def recurrent_and_readout(weights: Datasets) -> tuple[Datasets, Datasets]:
    """The weights of the recurrent layer and of the readout, each by role: kernel, recurrent_kernel, bias."""
    groups: dict[str, Datasets] = {}
    for place, dataset in weights.items():
        parent, _, name = place.rpartition("/")
        groups.setdefault(parent, {})[name] = dataset
    layers = [by_role(parent, named) for parent, named in groups.items()]
    recurrent = [layer for layer in layers if "recurrent_kernel" in layer]
    readouts = [layer for layer in layers if "recurrent_kernel" not in layer]
    if len(recurrent) != 1 or len(readouts) != 1:
        raise ValueError(
            f"holds the weights of {len(recurrent) or 'no'} recurrent and {len(readouts) or 'no'} other layers; "
            "expected one recurrent layer (SimpleRNN, GRU or LSTM) and one Dense readout"
        )
    return recurrent[0], readouts[0]


def by_role(parent: str, named: Datasets) -> Datasets:
    """The weights of one layer by role; `.weights.h5` only numbers them: kernel, recurrent_kernel, bias."""
    if parent.endswith("/vars"):
        numbered = [named.get(str(at)) for at in range(len(named))]
        roles = ["kernel", "bias"]
        if len(numbered) > 1 and numbered[1] is not None and numbered[1].ndim == 2:
            roles.insert(1, "recurrent_kernel")
        pairs = [(role, array) for role, array in zip(roles, numbered, strict=False) if array is not None]
    elif any(GATE_NAME.fullmatch(name) for name in named):
        pairs = joined_gates(parent, named)
    else:
        pairs = [(role_of(parent, name), array) for name, array in named.items()]
    layer = dict(pairs)
    at_least_one = {"kernel": 2, "recurrent_kernel": 2, "bias": 1}
    at_most = at_least_one | ({"bias": 2} if "recurrent_kernel" in layer else {})
    fits = all(at_least_one[role] <= array.ndim <= at_most[role] for role, array in layer.items())
    held = sum(len(array.parts) if isinstance(array, Joined) else 1 for array in layer.values())
    if held != len(named) or "kernel" not in layer or not fits:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in sorted(named.items()))
        raise ValueError(f"{parent!r} holds {shapes}; these are not the weights of a recurrent or Dense layer")
    return layer


def joined_gates(parent: str, named: Datasets) -> list[tuple[str, Joined]]:
    """The weights of a GRU or LSTM layer of Keras 1, by role, the gates in Keras's later order."""
    parts: dict[str, Datasets] = {}
    for name, array in named.items():
        if not (match := GATE_NAME.fullmatch(name)):
            raise ValueError(f"holds {f'{parent}/{name}'!r}, which is no weight of a gated layer")
        parts.setdefault(ROLES[match[1]], {})[match[2]] = array
    for letters in GATE_LETTERS:
        if all(set(gates) == set(letters) for gates in parts.values()):
            return [(role, Joined(tuple(gates[letter] for letter in letters))) for role, gates in parts.items()]
    raise ValueError(f"{parent!r} lacks gates of a GRU (z, r, h) or an LSTM (i, f, c, o) layer")


def role_of(parent: str, name: str) -> str:
    """The role of a weight, by its name."""
    if not (match := WEIGHT_NAME.fullmatch(name)):
        raise ValueError(f"holds {f'{parent}/{name}'!r}, which is no weight of a recurrent or Dense layer")
    return ROLES.get(match[1], match[1])
