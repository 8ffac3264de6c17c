"""Networks as files of Keras: `.keras` archives of Keras 3, and HDF5 of whole models, which Keras 2 opens too."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from recurra.models.network import Network
from recurra.storage.expressible import Cell, cell_of, in_one_type
from recurra.storage.files import replace_bytes

LAYERS = {"RNN": "SimpleRNN", "GRU": "GRU", "LSTM": "LSTM"}
CELLS = {"RNN": "simple_rnn", "GRU": "gru", "LSTM": "lstm"}  # as Keras writes the names of classes
PLAIN = ("tanh", "relu", "sigmoid", "softplus", "linear")
HARD = {2: "hard_sigmoid_5", 3: "hard_sigmoid_6"}  # what "hard_sigmoid" is in Keras 2 and in Keras 3
VERSIONS = {2: "2.15.0", 3: "3.0.0"}
START_OF_TIME = (1980, 1, 1, 0, 0, 0)  # the same network makes the same file


def write_keras(path: Path, network: Network) -> None:
    """Write a network as a `.keras` archive of Keras 3.

    Args:
        path: the file; one that exists is replaced.
        network: what is written.

    Raises:
        ValueError: Keras 3 has no such network.
    """
    cell = cell_of(network, "Keras 3", (*PLAIN, HARD[3]), ("sigmoid", HARD[3]))
    weights = keras_weights(network, cell)
    model = configuration(cell, weights, modern=True)
    members = {
        "metadata.json": json.dumps({"keras_version": VERSIONS[3]}).encode(),
        "config.json": json.dumps(model).encode(),
        "model.weights.h5": numbered_weights(cell, weights),
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, START_OF_TIME), content)
    replace_bytes(path, packed.getvalue())


def write_keras_hdf5(path: Path, network: Network) -> None:
    """Write a network as the HDF5 of a whole model, as Keras 2 writes it and Keras 2 and 3 open it.

    A hard sigmoid is that of Keras 2. Keras 3 takes the name of it for its own, which is another function.

    Args:
        path: the file; one that exists is replaced.
        network: what is written.

    Raises:
        ValueError: Keras 2 has no such network.
    """
    import h5py  # noqa: PLC0415 - most runs write no HDF5

    cell = cell_of(network, "Keras 2", (*PLAIN, HARD[2]), ("sigmoid", HARD[2]))
    weights = keras_weights(network, cell)
    packed = io.BytesIO()
    with h5py.File(packed, "w", track_order=False) as file:
        inner = file.create_group("model_weights")
        for group in (file, inner):
            group.attrs["keras_version"] = VERSIONS[2]
            group.attrs["backend"] = "tensorflow"
        file.attrs["model_config"] = json.dumps(configuration(cell, weights, modern=False))
        inner.attrs["layer_names"] = np.array([b"recurrent", b"readout"])
        for layer, place in (("recurrent", f"recurrent/{CELLS[cell.kind]}_cell"), ("readout", "readout")):
            group = inner.create_group(layer)
            names = [f"{place}/{role}:0" for role in weights[layer]]
            group.attrs["weight_names"] = np.array([name.encode() for name in names])
            for name, array in zip(names, weights[layer].values(), strict=True):
                group[name] = array
    replace_bytes(path, packed.getvalue())


def keras_weights(network: Network, cell: Cell) -> dict[str, dict[str, np.ndarray]]:
    """The weights of the layers `recurrent` and `readout` by Keras's roles, in Keras's order.

    A GRU whose reset gate comes after the weights has two rows of biases, beside the input and beside the recurrent
    current; only for the candidate is the second one not zero.
    """
    weights: Any = network.weights
    if cell.kind == "RNN":
        found = {"kernel": np.asarray(weights.input).T, "recurrent_kernel": np.asarray(weights.recurrent).T}
        found["bias"] = np.asarray(weights.recurrent_bias)
    else:
        inward, recurrent, bias = (np.asarray(one) for one in (weights.input, weights.recurrent, weights.bias))
        found = {"kernel": beside(inward), "recurrent_kernel": beside(recurrent), "bias": bias.ravel()}
        if cell.kind == "GRU" and cell.reset == "after":
            second = np.zeros_like(bias)
            second[2] = weights.reset_bias
            found["bias"] = np.stack([bias.ravel(), second.ravel()])
    found |= {"readout kernel": np.asarray(weights.output).T, "readout bias": np.asarray(weights.output_bias)}
    found = in_one_type(found)
    roles = ("kernel", "recurrent_kernel", "bias")
    return {
        "recurrent": {role: found[role] for role in roles},
        "readout": {role: found[f"readout {role}"] for role in ("kernel", "bias")},
    }


def beside(blocks: np.ndarray) -> np.ndarray:
    """The matrices of the gates, (gate, post, pre), transposed and beside each other, (pre, gates of units)."""
    return np.hstack([block.T for block in blocks])


def configuration(cell: Cell, weights: dict[str, dict[str, np.ndarray]], modern: bool) -> dict[str, Any]:
    """The configuration of the model: inputs, the recurrent layer, and its readout.

    Args:
        cell: the cell.
        weights: as `keras_weights` gives them.
        modern: whether it is for Keras 3.
    """
    kernel, readout = weights["recurrent"]["kernel"], weights["readout"]["kernel"]
    dtype, shape = str(kernel.dtype), [None, None, len(kernel)]
    common = {"trainable": True, "dtype": dtype, "use_bias": True}
    own: dict[str, Any] = {"name": "recurrent", **common, "units": len(readout), "return_sequences": True}
    function = "hard_sigmoid" if cell.function in HARD.values() else cell.function
    if cell.kind == "RNN":
        own["activation"] = function
    else:
        own |= {"activation": "tanh", "recurrent_activation": function}
        own |= {"reset_after": cell.reset == "after"} if cell.kind == "GRU" else {}
    outward = {"name": "readout", **common, "units": readout.shape[-1], "activation": "linear"}
    start = {"name": "inputs", "dtype": dtype, ("batch_shape" if modern else "batch_input_shape"): shape}
    layers = [
        ("InputLayer", start, None),
        (LAYERS[cell.kind], own, shape),
        ("Dense", outward, [*shape[:2], len(readout)]),
    ]
    described = [layer_table(kind, config, built, modern) for kind, config, built in layers]
    model: dict[str, Any] = {"class_name": "Sequential", "config": {"name": "network", "layers": described}}
    return (
        {"module": "keras", "registered_name": None, "build_config": {"input_shape": shape}, **model}
        if modern
        else model
    )


def layer_table(kind: str, config: dict[str, Any], built: list[Any] | None, modern: bool) -> dict[str, Any]:
    """A layer in the configuration."""
    table: dict[str, Any] = {"class_name": kind, "config": config}
    if not modern:
        return table
    table |= {"module": "keras.layers", "registered_name": None}
    return table | ({} if built is None else {"build_config": {"input_shape": built}})


def numbered_weights(cell: Cell, weights: dict[str, dict[str, np.ndarray]]) -> bytes:
    """The HDF5 of the weights in an archive, where they have numbers for names."""
    import h5py  # noqa: PLC0415

    packed = io.BytesIO()
    with h5py.File(packed, "w") as file:
        file.create_group("vars")
        for layer, place in (("recurrent", f"{CELLS[cell.kind]}/cell"), ("readout", "dense")):
            for number, array in enumerate(weights[layer].values()):
                file[f"layers/{place}/vars/{number}"] = array
    return packed.getvalue()
