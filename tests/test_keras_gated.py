"""GRU and LSTM networks in files of Keras 1, 2 and 3, against Keras's equations written out in NumPy."""

import re

import h5py
import numpy as np
import pytest

from recurra.engine import GRUDynamics, LSTMDynamics
from recurra.storage.imported import StatedSettings, import_file
from recurra.storage.keras_files import NOTHING_STATED
from tests.foreign.by_hand import keras_gru, keras_lstm
from tests.networks import read_here
from tests.test_keras_files import DENSE, INPUT, functional, layer, numbered, sequential, write_keras, write_named

UNITS, INPUTS, OUTPUTS = 5, 2, 3
GATES = {"GRU": "zrh", "LSTM": "ifco"}


@pytest.fixture(autouse=True, scope="module")
def _in_this_process():
    """Read without a process of its own, which takes a while to start; `test_parsing.py` is about that."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("recurra.storage.imported.read_content", read_here)
        yield


def kernels(kind, rows=1):
    """Weights in Keras's layout, biases included; `rows` of biases, 0 for none."""
    random, width = np.random.default_rng(0), len(GATES[kind]) * UNITS
    shapes = {"kernel": (INPUTS, width), "recurrent_kernel": (UNITS, width)}
    shapes |= {"bias": (2, width) if rows == 2 else (width,)} if rows else {}
    shapes |= {"dense/kernel": (UNITS, OUTPUTS), "dense/bias": (OUTPUTS,)}
    return {name: random.normal(0, 0.6, shape).astype(np.float32) for name, shape in shapes.items()}


def gated(kind, **config):
    return layer(kind, units=UNITS, activation="tanh", recurrent_activation="sigmoid", return_sequences=True, **config)


def keras_2(name):
    return f"out/{name}:0".replace("dense/", "out/") if "dense" in name else f"rec/rec/cell/{name}:0"


def write_version(path, version):
    with h5py.File(path, "a") as file:
        file.attrs["keras_version"] = version
    return path


def check_runs(path, expected, dynamics, stated=NOTHING_STATED, notes=0):
    found = import_file("keras", path, 1.0, stated)
    assert found.network.dynamics == dynamics
    assert len(found.notes) == notes
    inputs = np.random.default_rng(1).uniform(-3, 3, (4, 30, INPUTS))
    np.testing.assert_allclose(found.network.run(inputs)[1], expected(inputs), atol=1e-6)
    return found


CASES = {
    "after": ("GRU", 2, {"reset_after": True}, GRUDynamics("after")),
    "before": ("GRU", 1, {"reset_after": False}, GRUDynamics("before")),
    "unbiased": ("GRU", 0, {"reset_after": True, "use_bias": False}, GRUDynamics("after")),
    "lstm": ("LSTM", 1, {}, LSTMDynamics()),
}


def by_hand(kind, found, dynamics):
    if kind == "LSTM":
        return lambda inputs: keras_lstm(found, inputs, dynamics.gate)
    return lambda inputs: keras_gru(found, inputs, dynamics.reset, dynamics.gate)


@pytest.mark.parametrize("case", CASES)
def test_a_whole_model_and_an_archive_run_as_keras_runs_them(tmp_path, case):
    kind, rows, options, dynamics = CASES[case]
    found, config = kernels(kind, rows), sequential(gated(kind, **options), DENSE)
    for path in (
        write_named(tmp_path / "model.h5", found, keras_2, config),
        write_keras(tmp_path / "model.keras", found, config),
    ):
        check_runs(path, by_hand(kind, found, dynamics), dynamics)


@pytest.mark.parametrize("names", [keras_2, numbered])
@pytest.mark.parametrize("case", ["after", "before", "lstm"])
def test_weights_alone_say_all_but_the_gate_function(tmp_path, names, case):
    kind, rows, _, dynamics = CASES[case]
    found = kernels(kind, rows)
    path = write_named(tmp_path / "one.weights.h5", found, names)
    read = check_runs(path, by_hand(kind, found, dynamics), dynamics, notes=1)
    assert read.notes == (
        "one.weights.h5: does not say its gate function; assumed: sigmoid. Say it with --set model.gate=NAME, "
        "or in Python read it with read_network and stated=StatedSettings(gate=).",
    )
    hard = type(dynamics)(**{**vars(dynamics), "gate": "hard_sigmoid_5"})
    check_runs(path, by_hand(kind, found, hard), hard, StatedSettings(gate="hard_sigmoid_5"))


def test_a_gru_without_biases_does_not_say_where_its_reset_gate_is(tmp_path):
    found = kernels("GRU", 0)
    path = write_named(tmp_path / "one.weights.h5", found, keras_2)
    read = check_runs(path, by_hand("GRU", found, GRUDynamics()), GRUDynamics(), notes=1)
    assert "gate function, place of the reset gate; assumed: sigmoid, after the recurrent weights" in read.notes[0]
    before = GRUDynamics("before")
    check_runs(path, by_hand("GRU", found, before), before, StatedSettings(gate="sigmoid", reset="before"))


@pytest.mark.parametrize("kind", ["GRU", "LSTM"])
def test_the_gates_of_keras_1_lie_apart(tmp_path, kind):
    """In one array each, in an order of no meaning; the gates were hard sigmoids."""
    found, letters = kernels(kind), {"kernel": "W", "recurrent_kernel": "U", "bias": "b"}
    path, config = (
        tmp_path / "old.h5",
        layer(kind, output_dim=UNITS, inner_activation="hard_sigmoid", activation="tanh"),
    )
    write_named(path, {}, keras_2, sequential(config, DENSE))
    with h5py.File(path, "a") as file:
        group = file.create_group("model_weights/rec_1")
        for role, letter in letters.items():
            blocks = dict(zip(GATES[kind], np.split(found[role], len(GATES[kind]), axis=-1), strict=True))
            for name in sorted(blocks):
                group[f"rec_1_{letter}_{name}"] = blocks[name]
        file["model_weights/dense_1/dense_1_W"] = found["dense/kernel"]
        file["model_weights/dense_1/dense_1_b"] = found["dense/bias"]
    write_version(path, "1.2.2")
    dynamics = GRUDynamics("before", gate="hard_sigmoid_5") if kind == "GRU" else LSTMDynamics(gate="hard_sigmoid_5")
    check_runs(path, by_hand(kind, found, dynamics), dynamics)


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("kind", ["GRU", "LSTM"])
def test_the_old_layers_for_graphics_processors(tmp_path, kind, whole):
    """Kernels (out, in), row after row in an array of the shape of the transpose; the biases in one row."""
    found = kernels(kind, 2)
    gates = len(GATES[kind])
    stored = dict(found)
    stored["kernel"] = np.hstack(
        [block.T.ravel().reshape(INPUTS, UNITS) for block in np.split(found["kernel"], gates, axis=1)]
    )
    stored["recurrent_kernel"] = np.hstack([block.T for block in np.split(found["recurrent_kernel"], gates, axis=1)])
    stored["bias"] = found["bias"].ravel()
    config = sequential(layer(f"CuDNN{kind}", units=UNITS, return_sequences=True), DENSE) if whole else None
    path = write_version(write_named(tmp_path / "old.h5", stored, keras_2, config), "2.1.6")
    if kind == "LSTM":
        found["bias"] = found["bias"].sum(axis=0)
    dynamics = GRUDynamics() if kind == "GRU" else LSTMDynamics()
    check_runs(path, by_hand(kind, found, dynamics), dynamics)


@pytest.mark.parametrize(
    ("version", "said", "gate"),
    [
        ("2.2.4", None, "hard_sigmoid_5"),
        ("2.2.4-tf", None, "hard_sigmoid_5"),
        ("2.3.1", None, "sigmoid"),
        ("2.15.0", "hard_sigmoid", "hard_sigmoid_5"),
        ("3.4.1", None, "sigmoid"),
        ("3.4.1", "hard_sigmoid", "hard_sigmoid_6"),
    ],
)
@pytest.mark.parametrize("kind", ["GRU", "LSTM"])
def test_the_gate_function_is_that_of_its_keras(tmp_path, kind, version, said, gate):
    found, config = kernels(kind), gated(kind)
    del config["config"]["recurrent_activation"]
    config["config"] |= {"recurrent_activation": said} if said else {}
    config["config"] |= {"reset_after": False} if kind == "GRU" else {}
    path = write_version(write_named(tmp_path / "model.h5", found, keras_2, sequential(config, DENSE)), version)
    dynamics = GRUDynamics("before", gate=gate) if kind == "GRU" else LSTMDynamics(gate=gate)
    check_runs(path, by_hand(kind, found, dynamics), dynamics)


MASKED = layer("Masking", mask_value=-9.0)


@pytest.mark.parametrize(
    ("config", "notes"),
    [
        (sequential(layer("RNN", cell=gated("LSTMCell"), return_sequences=True), DENSE), 0),
        (sequential(sequential(INPUT, gated("LSTM")), DENSE), 0),
        (sequential(MASKED, gated("LSTM"), layer("TimeDistributed", layer=DENSE)), 1),
        (
            functional((INPUT, []), (MASKED, ["inputlayer"]), (gated("LSTM"), ["masking"]), (DENSE, ["lstm"])),
            1,
        ),
    ],
)
def test_other_ways_to_say_the_same(tmp_path, config, notes):
    found = kernels("LSTM")
    path = write_named(tmp_path / "model.h5", found, keras_2, config)
    read = check_runs(path, by_hand("LSTM", found, LSTMDynamics()), LSTMDynamics(), notes=notes)
    for note in read.notes:
        assert note == (
            "model.h5: its Masking layer skips every step at which all inputs are -9.0; recurra runs them all"
        )


def masked_model(value=-9.0):
    """As Keras 3 writes it: the operations that make the mask, and the mask among the arguments of calls."""

    def tensor(name):
        return {"class_name": "__keras_tensor__", "config": {"keras_history": [name, 0, 0]}}

    def call(*arguments, **named):
        return [{"args": list(arguments), "kwargs": named}]

    parts = [
        (INPUT, "inputs", []),
        (layer("NotEqual"), "not_equal", call(tensor("inputs"), value)),
        (MASKED, "masking", call(tensor("inputs"))),
        (layer("Any"), "any", call(tensor("not_equal"))),
        (gated("LSTM"), "lstm", call(tensor("masking"), training=False, mask=tensor("any"))),
        (DENSE, "dense", call(tensor("lstm"), mask=tensor("any"))),
    ]
    layers = [{**one, "name": name, "inbound_nodes": nodes} for one, name, nodes in parts]
    return {"class_name": "Functional", "config": {"name": "model", "layers": layers}}


def test_the_mask_of_a_masking_layer_in_keras_3(tmp_path):
    found = kernels("LSTM")
    path = write_keras(tmp_path / "model.keras", found, masked_model())
    check_runs(path, by_hand("LSTM", found, LSTMDynamics()), LSTMDynamics(), notes=1)
    write_keras(path, found, masked_model(value=5.0))
    with pytest.raises(ValueError, match=r"model\.keras: its layer 'lstm' is called with mask"):
        import_file("keras", path, 1.0, NOTHING_STATED)


@pytest.mark.parametrize(
    ("kind", "rows", "config", "message"),
    [
        (
            "GRU",
            2,
            gated("GRU", reset_after=False),
            "the reset gate of its GRU layer comes before the weights; its biases",
        ),
        ("GRU", 1, gated("GRU", reset_after=True), "comes after the weights; its biases say before"),
        ("GRU", 2, gated("LSTM"), "its recurrent layer is of the class LSTM; its weights are those of GRU"),
        (
            "LSTM",
            1,
            layer("LSTM", activation="relu"),
            "has the activation 'relu'; recurra's has 'tanh'",
        ),
        (
            "LSTM",
            1,
            layer("LSTM", recurrent_activation="tanh"),
            "recurrent_activation 'tanh'; expected one of: sigmoid",
        ),
        ("LSTM", 1, layer("LSTM", recurrent_activation="hard_sigmoid"), "does not say its version of Keras"),
        ("LSTM", 1, layer("LSTM", units=9), "says that its LSTM layer has 9 units; its weights have 5"),
        ("LSTM", 1, layer("LSTM", go_backwards=True), "its LSTM layer has go_backwards set"),
        ("LSTM", 1, layer("Bidirectional", layer=gated("LSTM")), "holds a layer of the class Bidirectional"),
        ("LSTM", 1, layer("ConvLSTM1D"), "holds a layer of the class ConvLSTM1D"),
    ],
)
def test_what_recurra_does_not_have_is_refused_with_the_reason(tmp_path, kind, rows, config, message):
    path = write_named(tmp_path / "other.h5", kernels(kind, rows), keras_2, sequential(config, DENSE))
    with pytest.raises(ValueError, match=rf"other\.h5: .*{re.escape(message)}"):
        import_file("keras", path, 1.0, NOTHING_STATED)


def test_stacked_layers_are_refused(tmp_path):
    path = write_named(tmp_path / "deep.h5", kernels("LSTM"), keras_2, sequential(gated("GRU"), gated("LSTM"), DENSE))
    with pytest.raises(
        ValueError, match=r"deep\.h5: holds the layers GRU and then LSTM and then Dense; expected one re"
    ):
        import_file("keras", path, 1.0, NOTHING_STATED)


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        (
            StatedSettings(activation="tanh"),
            "holds a cell of the kind lstm, without activation; leave that out",
        ),
        (StatedSettings(tau_ms=5.0), "without time constant; leave that out"),
        (StatedSettings(reset="after"), "without place of the reset gate; leave that out"),
        (StatedSettings(gate="hard_sigmoid_5"), "says gate = sigmoid, and hard_sigmoid_5 was stated"),
    ],
)
def test_the_user_says_nothing_that_a_gated_cell_does_not_have(tmp_path, stated, message):
    path = write_named(tmp_path / "one.h5", kernels("LSTM"), keras_2, sequential(gated("LSTM"), DENSE))
    with pytest.raises(ValueError, match=re.escape(message)):
        import_file("keras", path, 1.0, stated)


@pytest.mark.parametrize(
    ("name", "shape", "message"),
    [
        ("bias", (14,), "bias of the GRU layer has shape (14,); expected (15,) or (30,) or (2, 15)"),
        ("kernel", (2, 14), "kernel of the GRU layer has shape (2, 14); expected (2, 15)"),
        ("dense/kernel", (4, 3), "kernel of the Dense layer has shape (4, 3); expected (5, 3)"),
        ("dense/bias", (2,), "bias of the Dense layer has shape (2,); expected (3,)"),
    ],
)
def test_shapes_that_do_not_fit_are_named(tmp_path, name, shape, message):
    path = write_named(tmp_path / "bad.h5", kernels("GRU") | {name: np.zeros(shape, np.float32)}, keras_2)
    with pytest.raises(ValueError, match=rf"bad\.h5: .*{re.escape(message)}"):
        import_file("keras", path, 1.0, NOTHING_STATED)


def test_a_gate_of_keras_1_that_is_not_there_is_named(tmp_path):
    path = tmp_path / "old.h5"
    with h5py.File(path, "w") as file:
        for gate in "zr":
            file[f"gru_1/gru_1_W_{gate}"] = np.zeros((INPUTS, UNITS), np.float32)
    with pytest.raises(ValueError, match=r"old\.h5: '/gru_1' lacks gates of a GRU"):
        import_file("keras", path, 1.0, NOTHING_STATED)
