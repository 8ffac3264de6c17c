import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from recurra.arrays import named_arrays
from recurra.engine.rate import RateDynamics
from recurra.models.network import Network
from recurra.storage.imported import StatedSettings, import_file
from recurra.storage.keras_files import read_keras
from tests.networks import read_here

PUBLISHED = Path(__file__).parents[2] / "shared/reference/networks"
UNITS, INPUTS, OUTPUTS = 5, 2, 3


@pytest.fixture(autouse=True, scope="module")
def _in_this_process() -> Iterator[None]:
    """Read without a process of its own, which takes a while to start; `test_parsing.py` is about that."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("recurra.storage.imported.read_content", read_here)
        yield


PLAIN = StatedSettings(activation="tanh", form="rate", tau_ms=2.0)

Kernels = dict[str, np.ndarray]


def kernels(bias: bool = True) -> Kernels:
    """The weights as Keras has them, all different."""
    generator = np.random.default_rng(0)
    shapes = {"kernel": (INPUTS, UNITS), "recurrent_kernel": (UNITS, UNITS), "bias": (UNITS,)}
    shapes |= {"dense/kernel": (UNITS, OUTPUTS), "dense/bias": (OUTPUTS,)}
    found = {name: generator.normal(0, 0.4, shape).astype(np.float32) for name, shape in shapes.items()}
    return found if bias else {name: array for name, array in found.items() if "bias" not in name}


def layer(kind: str, **config: Any) -> dict[str, Any]:
    return {"class_name": kind, "config": {"name": kind.lower(), **config}}


RNN = layer("SimpleRNN", units=UNITS, activation="tanh", use_bias=True, return_sequences=True, go_backwards=False)
DENSE = layer("Dense", units=OUTPUTS, activation="linear", use_bias=True)
INPUT = layer("InputLayer", batch_shape=[None, None, INPUTS])


def rnn(**config: Any) -> dict[str, Any]:
    return layer("SimpleRNN", **config)


def sequential(*layers: dict[str, Any]) -> dict[str, Any]:
    return {"class_name": "Sequential", "config": {"name": "model", "layers": list(layers)}}


def functional(*links: tuple[dict[str, Any], list[str]], keras: int = 2, training: bool = False) -> dict[str, Any]:
    """A functional model of layers, each with the names of those that it is called on."""

    def nodes(sources: list[str]) -> list[Any]:
        if not sources:
            return []
        if keras == 2:
            return [[[name, 0, 0, {"training": True} if training else {}] for name in sources]]
        tensors = [
            {"class_name": "__keras_tensor__", "config": {"shape": [None, 5], "keras_history": [name, 0, 0]}}
            for name in sources
        ]
        return [{"args": tensors, "kwargs": {"mask": None, "training": training}}]

    layers = [{**one, "name": one["config"]["name"], "inbound_nodes": nodes(sources)} for one, sources in links]
    return {"class_name": "Functional", "config": {"name": "model", "layers": layers}}


def write_named(path: Path, found: Kernels, names: Callable[[str], str], config: Any = None) -> Path:
    """HDF5 as Keras 1, 2 and 3 write it, a whole model where a configuration is given."""
    with h5py.File(path, "w") as file:
        root = file
        if config is not None:
            file.attrs["model_config"] = config if isinstance(config, str) else json.dumps(config)
            file["optimizer_weights/adam/kernel_momentum"] = np.zeros((3, 3), np.float32)
            root = file.create_group("model_weights")
            root.create_group("dropout")
        for name, array in found.items():
            root[names(name)] = array
    return path


def keras_1(name: str) -> str:
    group, letters = ("timedistributed_1/dense_1", "Wb") if "dense" in name else ("simplernn_1/simplernn_1", "WUb")
    roles = ["kernel", "bias"] if "dense" in name else ["kernel", "recurrent_kernel", "bias"]
    return f"{group}_{letters[roles.index(name.rpartition('/')[2])]}"


def keras_1_short(name: str) -> str:
    return re.sub(r"/[a-z0-9_]+_(.)$", r"/\1:0", keras_1(name))


def keras_2(name: str) -> str:
    return f"dense_1/{name}:0".replace("dense/", "dense_1/") if "dense" in name else f"hidden/hidden/cell/{name}:0"


def keras_3(name: str) -> str:
    return f"dense/model/{name}" if "dense" in name else f"simple_rnn/model/simple_rnn/simple_rnn_cell/{name}"


def numbered(name: str, folder: str = "layers") -> str:
    number = {"kernel": 0, "recurrent_kernel": 1, "bias": 2, "dense/kernel": 0, "dense/bias": 1}[name]
    return f"{folder}/{'dense' if 'dense' in name else 'simple_rnn/cell'}/vars/{number}"


def numbered_early(name: str) -> str:
    return numbered(name, "_layer_checkpoint_dependencies")


def write_keras(path: Path, found: Kernels, config: Any, **members: bytes) -> Path:
    """A `.keras` archive."""
    weights = write_named(path.with_suffix(".weights.h5"), found, numbered)
    with h5py.File(weights, "a") as file:
        file["layers/dropout/seed_generator/vars/0"] = np.zeros(2, np.uint32)
        file["optimizer/vars/0"] = np.zeros((4, 4), np.float32)
    contents = {"metadata.json": b"{}", "config.json": json.dumps(config).encode()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (contents | {"model.weights.h5": weights.read_bytes()} | members).items():
            archive.writestr(name, content)
    return path


def assert_transposed(network: Network, found: Kernels) -> None:
    expected = {
        "recurrent": found["recurrent_kernel"].T,
        "input": found["kernel"].T,
        "output": found["dense/kernel"].T,
        "recurrent_bias": found.get("bias", np.zeros(UNITS)),
        "output_bias": found.get("dense/bias", np.zeros(OUTPUTS)),
    }
    for name, array in named_arrays(network.weights).items():
        assert array.dtype == np.float32
        np.testing.assert_array_equal(array, expected[name], err_msg=name)


NAMINGS = [keras_1, keras_1_short, keras_2, keras_3, numbered, numbered_early]


@pytest.mark.parametrize("names", NAMINGS)
@pytest.mark.parametrize("bias", [True, False])
def test_weights_alone_land_transposed(tmp_path: Path, names: Callable[[str], str], bias: bool) -> None:
    found = kernels(bias)
    network = read_keras(write_named(tmp_path / "weights.h5", found, names), 2.0, PLAIN)
    assert network.dynamics == RateDynamics("rate", "tanh", 1.0)
    assert network.dt_ms == 2.0
    assert_transposed(network, found)


@pytest.mark.parametrize("names", [keras_1, keras_2, keras_3])
def test_a_whole_model_lands_transposed(tmp_path: Path, names: Callable[[str], str]) -> None:
    found = kernels()
    network = read_keras(write_named(tmp_path / "model.hdf5", found, names, sequential(RNN, DENSE)), 1.0)
    assert_transposed(network, found)


@pytest.mark.parametrize(
    "config",
    [
        {"class_name": "Sequential", "config": [RNN, DENSE]},
        {
            "class_name": "Sequential",
            "config": [
                rnn(output_dim=UNITS, inner_init="orthogonal", activation="tanh"),
                layer("TimeDistributedDense", output_dim=OUTPUTS, activation="linear", bias=True),
            ],
        },
        sequential(INPUT, RNN, layer("Dropout", rate=0.5), DENSE, layer("Activation", activation="linear")),
        sequential(RNN, layer("TimeDistributed", layer=DENSE)),
        sequential(rnn(dropout=0.2, recurrent_dropout=0.1, unroll=True, kernel_constraint="max_norm"), layer("Dense")),
        sequential({**RNN, "module": "keras.layers"}, {**DENSE, "module": "keras.src.layers.core.dense"}),
        functional((INPUT, []), (RNN, ["inputlayer"]), (DENSE, ["simplernn"])),
        functional((DENSE, ["simplernn"]), (INPUT, []), (RNN, ["inputlayer"]), keras=3),
    ],
)
def test_every_way_to_say_the_same_network(tmp_path: Path, config: dict[str, Any]) -> None:
    found = kernels()
    assert_transposed(read_keras(write_named(tmp_path / "model.h5", found, keras_2, config), 1.0), found)
    assert_transposed(read_keras(write_keras(tmp_path / "model.keras", found, config), 1.0), found)


ACTIVATIONS = {
    "tanh": np.tanh,
    "relu": lambda current: np.maximum(current, 0),
    "sigmoid": lambda current: 1 / (1 + np.exp(-current)),
    "softplus": lambda current: np.log1p(np.exp(current)),
    "linear": lambda current: current,
}
HARD = {f"hard_sigmoid_{slope}": lambda current, slope=slope: np.clip(current / slope + 0.5, 0, 1) for slope in (5, 6)}


def looped(found: Kernels, inputs: np.ndarray, activation: str) -> np.ndarray:
    """Keras's own equations, step by step."""
    state, outputs = np.zeros((len(inputs), len(found["recurrent_kernel"]))), []
    for step in range(inputs.shape[1]):
        current = inputs[:, step] @ found["kernel"] + state @ found["recurrent_kernel"] + found.get("bias", 0)
        state = (ACTIVATIONS | HARD)[activation](current)
        outputs.append(state @ found["dense/kernel"] + found.get("dense/bias", 0))
    return np.stack(outputs, axis=1)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_network_runs_as_keras_runs_it(tmp_path: Path, activation: str) -> None:
    found = kernels()
    path = write_keras(tmp_path / "model.keras", found, sequential(rnn(activation=activation), DENSE))
    inputs = np.random.default_rng(1).normal(size=(4, 20, INPUTS))
    outputs = read_keras(path, 1.0).run(inputs)[1]
    np.testing.assert_allclose(outputs, looped(found, inputs, activation), atol=1e-6)


def test_float64_stays_float64(tmp_path: Path) -> None:
    found = {name: array.astype(np.float64) for name, array in kernels().items()}
    network = read_keras(write_named(tmp_path / "double.h5", found, keras_2), 2.0, PLAIN)
    assert network.weights.recurrent.dtype == np.dtype(np.float64)


@pytest.mark.parametrize(
    "name", ["flipflop3_n400_epoch20", "and_n50_orthogonal_04_initial", "xor_n50_orthogonal_00_epoch19"]
)
def test_the_published_networks(name: str) -> None:
    path = PUBLISHED / f"{name}.hdf5"
    if not path.exists():
        pytest.skip(f"the published network {name} is not here")
    found: Kernels = {}

    def visit(place: str, entry: object) -> None:
        if isinstance(entry, h5py.Dataset) and place.startswith("model_weights"):
            found[("dense/" if "dense" in place else "") + place.rpartition("/")[2].removesuffix(":0")] = entry[()]

    with h5py.File(path) as file:
        file.visititems(visit)
    network = read_keras(path, 1.0)
    assert network.dynamics == RateDynamics("rate", "tanh", 1.0)
    np.testing.assert_array_equal(network.weights.recurrent, found["recurrent_kernel"].T)
    assert not np.any(network.weights.recurrent_bias)
    inputs = np.random.default_rng(2).normal(size=(2, 30, network.weights.inputs))
    np.testing.assert_allclose(network.run(inputs)[1], looped(found, inputs, "tanh"), atol=1e-5)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            sequential(layer("GRU"), DENSE),
            "its recurrent layer is of the class GRU; its weights are those of SimpleRNN",
        ),
        (sequential(layer("Bidirectional", layer=RNN), DENSE), "holds a layer of the class Bidirectional"),
        (sequential(layer("Masking"), RNN, DENSE), "its Masking layer skips every step at which all inputs are 0"),
        (sequential(layer("Masking", mask_value=0.0), RNN, DENSE), "its Masking layer skips every step"),
        (sequential(layer("RNN", cell=layer("StackedRNNCells")), DENSE), "an RNN layer of the class StackedRNNCells"),
        (sequential(layer("RNN", cell=[layer("GRUCell")] * 2), DENSE), "no valid 'class_name'"),
        (
            functional(
                (INPUT, []), (sequential(RNN) | {"config": {"name": "inner", "layers": [RNN] * 101}}, ["inputlayer"])
            ),
            "holds 101 layers; expected one recurrent layer",
        ),
        (sequential(RNN, RNN, DENSE), "holds the layers SimpleRNN and then SimpleRNN and then Dense"),
        (sequential(RNN, DENSE, DENSE), "holds the layers SimpleRNN and then Dense and then Dense"),
        (sequential(DENSE, RNN), "holds the layers Dense and then SimpleRNN; expected one recurrent layer"),
        (sequential(), "holds the layers none of them; expected one recurrent layer"),
        (sequential(rnn(activation="elu"), DENSE), "its SimpleRNN layer has the activation 'elu'; expected one of"),
        (sequential(rnn(activation={"class_name": "Mine"}), DENSE), "the activation 'Mine', which is not from Keras"),
        (sequential(rnn(activation=7), DENSE), "has an activation that is not from Keras"),
        (
            sequential(rnn(activation="hard_sigmoid"), DENSE),
            "does not say its version of Keras, which decides on the sl",
        ),
        (sequential(rnn(units=9), DENSE), "says that its SimpleRNN layer has 9 units; its weights have 5"),
        (sequential(RNN, layer("Dense", output_dim=1)), "says that its Dense layer has 1 units; its weights have 3"),
        (sequential(rnn(use_bias=False), DENSE), "says that its SimpleRNN layer has no bias; among its weights is one"),
        (sequential(RNN, layer("Dense", bias=False)), "says that its Dense layer has no bias"),
        (sequential(rnn(dtype="int8"), DENSE), "its SimpleRNN layer has the dtype 'int8'; expected a plain"),
        (
            functional((INPUT, []), (RNN, ["inputlayer"]), (DENSE, ["simplernn"]), keras=2, training=True),
            "its layer 'simplernn' is called with training",
        ),
        (
            functional((INPUT, []), (RNN, ["inputlayer"]), (DENSE, ["simplernn"]), keras=3, training=True),
            "its layer 'simplernn' is called with training",
        ),
        (sequential(*[RNN] * 40_000), "holds 40,000 layers; expected one recurrent layer"),
        (sequential(rnn(go_backwards=True), DENSE), "its SimpleRNN layer has go_backwards set"),
        (sequential(RNN, layer("Dense", activation="tanh")), "its Dense layer has the activation 'tanh'; expected 'l"),
        (sequential(RNN, DENSE, layer("Activation", activation="tanh")), "its Activation layer has the activation"),
        (sequential(RNN, layer("TimeDistributed", layer=RNN)), "holds a TimeDistributed layer of SimpleRNN"),
        (sequential({**RNN, "module": "mine"}, DENSE), "SimpleRNN of the module 'mine', which is not Keras's"),
        (
            functional((INPUT, []), (RNN, ["inputlayer"]), (DENSE, ["inputlayer", "simplernn"])),
            "its layers do not form one chain",
        ),
        (
            functional((INPUT, []), (RNN, ["inputlayer"]), (DENSE, ["inputlayer"]), keras=3),
            "its layers do not form one chain",
        ),
        (functional((RNN, ["dense"]), (DENSE, ["simplernn"])), "its layers do not form one chain"),
        ({"class_name": "Mine", "config": {}}, "holds a model of the class Mine; expected a Sequential"),
        ({"class_name": "Sequential", "config": 3}, "its model configuration has no valid 'config'"),
        ({"class_name": ["Sequential"]}, "its model configuration has no valid 'class_name'"),
        ({"class_name": "Sequential", "config": {"layers": [7]}}, "no valid 'class_name'"),
        ({"class_name": "Model", "config": {"layers": [RNN]}}, "no valid 'name'"),
        ([], "no valid 'class_name'"),
        ("{", "its model configuration is not valid JSON"),
        ("[" * 100_000, "its model configuration is not valid JSON"),
    ],
)
def test_another_network_is_refused_by_name(tmp_path: Path, config: Any, message: str) -> None:
    path = write_named(tmp_path / "other.h5", kernels(), keras_2, config)
    with pytest.raises(ValueError, match=rf"other\.h5: .*{re.escape(message)}"):
        read_keras(path, 1.0)


def with_array(path: Path, place: str, array: Any) -> Path:
    write_named(path, kernels(), keras_2)
    with h5py.File(path, "a") as file:
        if place in file:
            del file[place]
        file[place] = array
    return path


RECURRENT = "hidden/hidden/cell/recurrent_kernel:0"


@pytest.mark.parametrize(
    ("place", "array", "message"),
    [
        (RECURRENT, np.zeros((5, 15), np.float32), "kernel of the GRU layer has shape (2, 5); expected (2, 15)"),
        (RECURRENT, np.zeros((5, 20), np.float32), "kernel of the LSTM layer has shape (2, 5); expected (2, 20)"),
        (RECURRENT, np.zeros((5, 30), np.float32), "holds recurrent weights of shape (5, 30), which no SimpleRNN, GRU"),
        (RECURRENT, np.zeros((4, 5), np.float32), "recurrent weights have shape (5, 4)"),
        (RECURRENT, np.zeros((4, 4), np.float32), "input weights have shape (5, 2); expected (4, 2)"),
        (RECURRENT, np.full((5, 5), np.nan, np.float32), "recurrent weights holds 25 values that are NaN"),
        (RECURRENT, np.zeros((5, 5), int), "has the type int64; expected float32 or float64"),
        (RECURRENT, np.zeros((2, 5, 5), np.float32), "has shape (2, 5, 5); expected one or two axes"),
        (RECURRENT, "text", "has the type object"),
        (RECURRENT, np.zeros(5, np.float32), "these are not the weights of a recurrent or Dense layer"),
        (RECURRENT, h5py.Empty(np.float32), "has shape (); expected one or two axes"),
        ("second/cell/recurrent_kernel:0", np.zeros((5, 5), np.float32), "these are not the weights"),
        ("dense_2/dense_2/kernel:0", np.zeros((5, 5), np.float32), "of 1 recurrent and 2 other layers"),
        ("norm/norm/gamma:0", np.zeros(5, np.float32), "holds '/norm/norm/gamma:0', which is no weight of"),
        ("gru_1/gru_1_W_z:0", np.zeros((2, 5), np.float32), "'/gru_1' lacks gates of a GRU (z, r, h)"),
        ("lstm_1/lstm_1_U_f", np.zeros((5, 5), np.float32), "'/lstm_1' lacks gates of a GRU (z, r, h) or an LS"),
        ("layers/norm/vars/1", np.zeros(5, np.float32), "'/layers/norm/vars' holds 1 (5,); these are not"),
        ("away", h5py.ExternalLink("other.h5", "/"), "'/away' is a link, which recurra does not follow"),
        ("away", h5py.SoftLink("/hidden"), "'/away' is a link"),
        ("kind", np.dtype(np.float32), "'/kind' is neither a group nor a dataset"),
    ],
)
def test_what_is_wrong_with_the_weights_is_named(tmp_path: Path, place: str, array: Any, message: str) -> None:
    path = with_array(tmp_path / "bad.h5", place, array)
    with pytest.raises(ValueError, match=rf"bad\.h5: .*{re.escape(message)}"):
        read_keras(path, 1.0)


def test_two_recurrent_layers_and_none_are_counted(tmp_path: Path) -> None:
    path = write_named(tmp_path / "two.h5", kernels(), keras_2)
    with h5py.File(path, "a") as file:
        file.copy("hidden", "again")
    with pytest.raises(ValueError, match="weights of 2 recurrent and 1 other layers"):
        read_keras(path, 1.0)
    write_named(path, {}, keras_2)
    with pytest.raises(ValueError, match="weights of no recurrent and no other layers"):
        read_keras(path, 1.0)


def test_arrays_in_other_files_are_not_opened(tmp_path: Path) -> None:
    np.zeros((5, 5), np.float32).tofile(tmp_path / "secret")
    path = with_array(tmp_path / "bad.h5", "x", np.zeros(1))
    with h5py.File(path, "a") as file:
        del file["x"], file[RECURRENT]
        file.create_dataset(RECURRENT, (5, 5), np.float32, external=[("secret", 0, 100)])
    with pytest.raises(ValueError, match=r"is kept in another file, which recurra does not open"):
        read_keras(path, 1.0)
    layout = h5py.VirtualLayout((5, 5), np.float32)
    layout[:] = h5py.VirtualSource("other.h5", "x", (5, 5))
    with h5py.File(path, "a") as file:
        del file[RECURRENT]
        file.create_virtual_dataset(RECURRENT, layout)
    with pytest.raises(ValueError, match="is kept in another file"):
        read_keras(path, 1.0)


def test_an_array_that_claims_more_than_the_file_holds_is_not_read(tmp_path: Path) -> None:
    path = with_array(tmp_path / "claim.h5", "x", np.zeros(1))
    with h5py.File(path, "a") as file:
        del file["x"], file[RECURRENT]
        file.create_dataset(RECURRENT, (100_000, 100_000), np.float32)
    with pytest.raises(ValueError, match=r"claims shape \(100000, 100000\), more than the [\d,]+ bytes it may have"):
        read_keras(path, 1.0)
    with h5py.File(path, "a") as file:
        del file[RECURRENT]
        file.create_dataset(RECURRENT, data=np.zeros((500, 500)), compression="gzip")
    with pytest.raises(ValueError, match="is chunked or compressed"):
        read_keras(path, 1.0)


def test_groups_in_a_circle_end(tmp_path: Path) -> None:
    path = write_named(tmp_path / "circle.h5", kernels(), keras_2)
    with h5py.File(path, "a") as file:
        file["hidden/again"] = file["/"]
        file["hidden/more"] = file["hidden"]
    with pytest.raises(ValueError, match="holds more than 2,000 objects"):
        read_keras(path, 1.0)


@pytest.mark.parametrize("config", [np.zeros(3), 5, h5py.Empty("S1")])
def test_a_configuration_that_is_no_text_is_refused(tmp_path: Path, config: object) -> None:
    path = write_named(tmp_path / "model.h5", kernels(), keras_2)
    with h5py.File(path, "a") as file:
        file.attrs["model_config"] = config
    with pytest.raises(ValueError, match=r"its model_config .*; expected one text"):
        read_keras(path, 1.0)


def test_files_of_another_kind_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"none\.h5: No such file or directory"):
        read_keras(tmp_path / "none.h5", 1.0)
    with pytest.raises(ValueError, match="Is a directory"):
        read_keras(tmp_path, 1.0)
    (tmp_path / "text.hdf5").write_text("weights, honestly")
    with pytest.raises(ValueError, match=r"text\.hdf5: is neither an HDF5 file nor a \.keras archive"):
        read_keras(tmp_path / "text.hdf5", 1.0)
    with pytest.raises(ValueError, match="dt_ms is -1; expected a number above 0"):
        read_keras(tmp_path / "none.h5", -1)


def test_a_keras_archive_that_lacks_a_part_or_is_absurd(tmp_path: Path) -> None:
    path = tmp_path / "part.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", "{}")
    with pytest.raises(ValueError, match=r"part\.keras: lacks the member 'model\.weights\.h5'"):
        read_keras(path, 1.0)
    write_keras(path, kernels(), {}, **{"config.json": bytes(2**24 + 1)})
    with pytest.raises(ValueError, match=r"its member 'config\.json' unpacks to 16,777,217 bytes; recurra reads at"):
        read_keras(path, 1.0)
    write_keras(path, kernels(), sequential(RNN, DENSE), **{"model.weights.h5": b"no weights"})
    with pytest.raises(ValueError, match=r"part\.keras: .*file signature not found"):
        read_keras(path, 1.0)
    content = write_keras(path, kernels(), sequential(RNN, DENSE)).read_bytes()
    at = content.rindex(b"PK\x01\x02") + 24  # the unpacked size in the table of contents
    path.write_bytes(content[:at] + (4_000_000_000).to_bytes(4, "little") + content[at + 4 :])
    with pytest.raises(
        ValueError, match=r"its member '[a-z.5]+' unpacks to 4,000,000,000 bytes; recurra reads at most"
    ):
        read_keras(path, 1.0)


@pytest.mark.thorough
def test_recurra_loads_no_h5py_and_no_keras_file_loads_keras(tmp_path: Path) -> None:
    path = write_keras(tmp_path / "model.keras", kernels(), sequential(RNN, DENSE))
    program = (
        "import sys, pathlib, recurra.storage.keras_files as k\n"
        "assert 'h5py' not in sys.modules\n"
        f"k.read_keras(pathlib.Path({str(path)!r}), 1.0)\n"
        "assert not {'keras', 'tensorflow', 'pickle5'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_what_weights_alone_do_not_say_is_assumed_aloud(tmp_path: Path) -> None:
    path = write_named(tmp_path / "relu.weights.h5", kernels(), numbered)
    note = "relu.weights.h5: does not say its activation, form, time constant; assumed: tanh, the rate form, tau_ms"
    with pytest.warns(UserWarning, match=re.escape(note)):
        network = read_keras(path, 1.0)
    assert network.dynamics == RateDynamics("rate", "tanh", 1.0)
    found = import_file("keras", path, 1.0, StatedSettings(activation="relu", tau_ms=4.0))
    assert found.network.dynamics == RateDynamics("rate", "relu", 0.25)
    assert [note.split(";")[0] for note in found.notes] == ["relu.weights.h5: does not say its form"]


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        (StatedSettings(activation="relu"), "says activation = tanh, and relu was stated; leave that out"),
        (StatedSettings(form="current"), "says form = rate, and current was stated"),
        (StatedSettings(tau_ms=10.0), "says leak = dt_ms / tau_ms = 1, and 0.1 was stated"),
    ],
)
def test_a_model_that_speaks_for_itself_is_not_contradicted(
    tmp_path: Path, stated: StatedSettings, message: str
) -> None:
    path = write_named(tmp_path / "model.h5", kernels(), keras_2, sequential(RNN, DENSE))
    with pytest.raises(ValueError, match=rf"model\.h5: {re.escape(message)}"):
        read_keras(path, 1.0, stated)
    assert not import_file("keras", path, 1.0, StatedSettings("tanh", "rate", 1.0)).notes


@pytest.mark.parametrize(("version", "slope"), [("2.3.1", 5), ("1.2.0", 5), ("3.4.1", 6)])
def test_the_slope_of_a_hard_sigmoid_is_that_of_its_keras(tmp_path: Path, version: str, slope: int) -> None:
    found, config = kernels(), sequential(rnn(activation="hard_sigmoid"), DENSE)
    path = write_named(tmp_path / "model.h5", found, keras_2, config)
    with h5py.File(path, "a") as file:
        file.attrs["keras_version"] = version
    about = json.dumps({"keras_version": version}).encode()
    inputs = np.random.default_rng(1).normal(0, 9, (4, 20, INPUTS))
    for file in (path, write_keras(tmp_path / "model.keras", found, config, **{"metadata.json": about})):
        network = read_keras(file, 1.0)
        assert network.dynamics == RateDynamics("rate", f"hard_sigmoid_{slope}", 1.0)
        outputs = looped(found, inputs, f"hard_sigmoid_{slope}")
        np.testing.assert_allclose(network.run(inputs)[1], outputs, atol=1e-6)


@pytest.mark.parametrize(
    ("config", "note"),
    [
        (sequential(rnn(stateful=True), DENSE), "its SimpleRNN layer is stateful; recurra begins every trial at"),
        (sequential(rnn(return_sequences=False), DENSE), "its SimpleRNN layer returns the last step only"),
        (sequential(rnn(dtype="mixed_float16"), DENSE), "its SimpleRNN layer computes in mixed_float16"),
        (
            sequential(RNN, layer("Dense", dtype={"class_name": "DTypePolicy", "config": {"name": "float16"}})),
            "its Dense layer computes in float16; recurra computes in float64",
        ),
    ],
)
def test_what_recurra_does_otherwise_is_told(tmp_path: Path, config: Any, note: str) -> None:
    path = write_named(tmp_path / "model.h5", kernels(), keras_2, config)
    (found,) = import_file("keras", path, 1.0, StatedSettings()).notes
    assert found.startswith(f"model.h5: {note}")


def test_a_model_without_its_weights_is_named(tmp_path: Path) -> None:
    path = write_named(tmp_path / "unbuilt.h5", {}, keras_2, sequential(RNN, DENSE))
    with pytest.raises(ValueError, match=r"unbuilt\.h5: holds a model without its weights: it was saved before they"):
        read_keras(path, 1.0)


def test_shapes_are_looked_at_before_an_array_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = with_array(tmp_path / "wide.h5", "dense_1/dense_1/kernel:0", np.zeros((5_000, 50), np.float32))

    def unread(*_: object) -> None:
        raise AssertionError("an array was read")

    monkeypatch.setattr(h5py.Dataset, "__getitem__", unread)
    with pytest.raises(ValueError, match=r"output weights have shape \(50, 5000\); expected \(50, 5\)"):
        read_keras(path, 1.0)
