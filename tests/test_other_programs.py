"""Networks of PsychRNN, trainRNNbrain, NeuralRNN, and of mapped arrays, against these programs' equations."""

import json
import re

import h5py
import numpy as np
import pytest

from recurra.engine.rate import RateDynamics
from recurra.runs.imports import import_network, read_network
from recurra.storage.content import MAP, Hints
from recurra.storage.imported import StatedSettings
from tests.networks import read_here
from tests.test_torch_files import safetensors, state_dict

UNITS, INPUTS, OUTPUTS, STEPS = 6, 2, 3, 25
NOTHING = StatedSettings()


@pytest.fixture(autouse=True, scope="module")
def _in_this_process():
    """Read without a process of its own, which takes a while to start; `test_parsing.py` is about that."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("npz_files", "torch_files", "imported"):
            patch.setattr(f"recurra.storage.{name}.read_content", read_here)
        yield


def drawn(**shapes):
    random = np.random.default_rng(0)
    return {name: random.normal(0, 0.6, shape).astype(np.float32) for name, shape in shapes.items()}


def inputs():
    return np.random.default_rng(1).uniform(-3, 3, (4, STEPS, INPUTS))


def psychrnn(dale=None):
    """As `RNN.save` writes it; where there is no ratio, NumPy pickles the None."""
    found = drawn(W_rec=(UNITS, UNITS), W_in=(UNITS, INPUTS), W_out=(OUTPUTS, UNITS), b_rec=UNITS, b_out=OUTPUTS)
    random = np.random.default_rng(2)
    for name, like in (("rec", "W_rec"), ("input", "W_in"), ("output", "W_out")):
        found[f"{name}_connectivity"] = (random.random(found[like].shape) < 0.7).astype(np.float32)
    signs = np.where(np.arange(UNITS) < UNITS * (1 if dale is None else dale), 1.0, -1.0)
    found |= {"Dale_rec": np.diag(signs), "Dale_out": np.diag((signs > 0).astype(float))}
    return found | {"init_state": np.zeros((1, UNITS), np.float32), "dale_ratio": np.array(dale)}


def run_psychrnn(found, x, leak, dale):
    """The equations of `Basic`."""
    w, w_in, w_out = (found[f"W_{name}"] for name in ("rec", "in", "out"))
    masks = [found[f"{name}_connectivity"] for name in ("rec", "input", "output")]
    if dale:
        w, w_in, w_out = np.abs(w) @ found["Dale_rec"], np.abs(w_in), np.abs(w_out) @ found["Dale_out"]
    w, w_in, w_out = w * masks[0], w_in * masks[1], w_out * masks[2]
    state, outputs = np.zeros((len(x), UNITS)), []
    for step in range(x.shape[1]):
        drive = np.maximum(state, 0) @ w.T + x[:, step] @ w_in.T + found["b_rec"]
        state = (1 - leak) * state + leak * drive
        outputs.append(np.maximum(state, 0) @ w_out.T + found["b_out"])
    return np.stack(outputs, axis=1)


@pytest.mark.parametrize("dale", [None, 0.5])
def test_a_network_of_psychrnn(tmp_path, dale):
    found = psychrnn(dale)
    np.savez(tmp_path / "one.npz", **found)
    read = import_network(tmp_path / "one.npz", 10.0, None, StatedSettings(activation="relu", tau_ms=100.0))
    assert read.network.dynamics == RateDynamics("current", "relu", 0.1)
    assert not read.notes
    np.testing.assert_array_equal(read.network.recurrent_connections, found["rec_connectivity"] != 0)
    np.testing.assert_allclose(read.network.run(inputs())[1], run_psychrnn(found, inputs(), 0.1, dale), atol=1e-6)
    np.savez(tmp_path / "old.npz", **{key: found[key] for key in found if not key.startswith("Dale")})
    again = import_network(tmp_path / "old.npz", 10.0, None, StatedSettings(activation="relu", tau_ms=100.0))
    np.testing.assert_array_equal(again.network.weights.recurrent, read.network.weights.recurrent)


def test_what_psychrnn_has_beside_is_told(tmp_path):
    np.savez(tmp_path / "one.npz", **psychrnn() | {"init_state": np.full((1, UNITS), 0.1, np.float32)})
    assert import_network(tmp_path / "one.npz", 10.0, None, StatedSettings(tau_ms=100.0)).notes == (
        "one.npz: does not say its activation; assumed: tanh. Say it with --activation, "
        "or in Python read it with read_network and stated=StatedSettings(activation=).",
        "one.npz: its init_state is not zero; recurra begins every trial at a state of zero",
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"W_in": None}, "holds W_rec, as PsychRNN's files do, and lacks W_in"),
        ({"rec_connectivity": np.ones((3, 3))}, "rec_connectivity has shape (3, 3); expected (6, 6)"),
        ({"b_rec": np.zeros(4)}, "recurrent_bias weights have shape (4,); expected (6,)"),
        ({"dale_ratio": np.array([0.5, 0.5])}, "dale_ratio has shape (2,) and type float64; expected one number, 0 to"),
        ({"dale_ratio": np.array(1.5)}, "dale_ratio has shape () and type float64; expected one number, 0 to 1"),
        ({"Dale_rec": -np.eye(UNITS)}, "has inhibitory units in Dale_rec and no dale_ratio"),
        ({"init_state": np.zeros(3)}, "init_state has shape (3,); expected (1, 6)"),
        ({"W_rec": np.full((UNITS, UNITS), None)}, "the array 'W_rec' has the type object; expected float32"),
        ({"W_rec": np.full((UNITS, UNITS), np.nan)}, "recurrent weights holds"),
    ],
)
def test_what_is_wrong_with_a_file_of_psychrnn_is_named(tmp_path, change, message):
    found = {name: array for name, array in (psychrnn() | change).items() if array is not None}
    np.savez(tmp_path / "bad.npz", **found)
    with pytest.raises(ValueError, match=rf"bad\.npz: .*{re.escape(message)}"):
        import_network(tmp_path / "bad.npz", 10.0, None, NOTHING)


def brain(**more):
    found = drawn(W_rec=(UNITS, UNITS), W_inp=(UNITS, INPUTS), W_out=(OUTPUTS, UNITS), bias_rec=UNITS)
    table = {name: array.tolist() for name, array in found.items()}
    table |= {"y_init": [0.0] * UNITS, "N": UNITS, "dt": 1.0, "tau": 10.0, "activation_name": "tanh"}
    return found, table | {"activation_slope": 1.0, "gamma": 0.0, "recurrent_mask": [[1.0] * UNITS] * UNITS} | more


@pytest.mark.parametrize(("activation", "slope"), [("tanh", 1.0), ("relu", 2.0), ("sigmoid", 0.5), ("softplus", 1.0)])
def test_a_network_of_train_rnn_brain(tmp_path, activation, slope):
    """Its output at a step is that of the state before it: recurra's comes one step earlier."""
    found, table = brain(activation_name=activation, activation_slope=slope)
    (tmp_path / "params.json").write_text(json.dumps(table))
    functions = {"tanh": np.tanh, "relu": lambda h: np.maximum(h, 0), "softplus": lambda h: np.log1p(np.exp(h))}
    functions["sigmoid"] = lambda h: 1 / (1 + np.exp(-h))
    state, outputs = np.zeros((4, UNITS)), []
    for step in range(STEPS):
        outputs.append(state @ found["W_out"].T)
        drive = state @ found["W_rec"].T + inputs()[:, step] @ found["W_inp"].T + found["bias_rec"]
        state = state + 0.1 * (-state + functions[activation](slope * drive))
    read = import_network(tmp_path / "params.json", 5.0, None, NOTHING)
    assert read.network.dynamics == RateDynamics("rate", activation, 0.1)
    np.testing.assert_allclose(read.network.run(inputs())[1][:, :-1], np.stack(outputs, axis=1)[:, 1:], atol=1e-6)
    assert read.notes[0] == (
        "params.json: its output at a step is that of the state before the step; recurra's "
        "is that of the state after it"
    )
    assert len(read.notes) == (1 if slope == 1 else 2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"gamma": 0.1}, "has gamma = 0.1, a cubic decay, which recurra's rate units do not have"),
        ({"d": 1.0}, "has d = 1.0, a drive outside the activation"),
        ({"activation_name": "elu"}, "has the activation 'elu'; expected one of: relu, tanh, sigmoid, softplus"),
        (
            {"activation_name": "softplus", "activation_slope": 2.0},
            "has a softplus of slope 2; recurra's has the",
        ),
        ({"tau": "ten"}, "has tau = ten; expected a finite number"),
        ({"tau": 0.5}, "leak = dt_ms / tau_ms = 2; expected a number in (0, 1]"),
        ({"bias_rec": [0.0]}, "recurrent_bias weights have shape (1,); expected (6,)"),
        (
            {"W_rec": [[1.0], [1.0, 2.0]]},
            "the array 'W_rec' has rows of different lengths or other",
        ),
        ({"W_rec": [[[[1.0]]]]}, "the array 'W_rec' is nested too deeply"),
        ({"W_rec": [[float("nan")] * UNITS] * UNITS}, "recurrent weights holds 36 values that are NaN"),
        ({"W_rec": None}, "holds neither W_rec, W_inp and W_out, as files of trainRNNbrain do"),
    ],
)
def test_what_recurra_does_not_have_of_train_rnn_brain(tmp_path, change, message):
    (tmp_path / "bad.json").write_text(json.dumps(brain()[1] | change))
    with pytest.raises(ValueError, match=rf"bad\.json: .*{re.escape(message)}"):
        import_network(tmp_path / "bad.json", 1.0, None, NOTHING)


@pytest.mark.parametrize(("text", "message"), [("{", "is not valid"), ("[" * 10**5, "is not v"), ("[]", "holds no")])
def test_json_of_something_else(tmp_path, text, message):
    (tmp_path / "bad.json").write_text(text)
    with pytest.raises(ValueError, match=rf"bad\.json: {message}"):
        import_network(tmp_path / "bad.json", 1.0, None, NOTHING)


def neural(folder, read_units=UNITS, **config):
    """A folder as `save_pretrained` makes it."""
    random, shapes = np.random.default_rng(0), {"h2h.weight": (UNITS, UNITS), "h2h.bias": (UNITS,)}
    shapes |= {"input2h.weight": (UNITS, INPUTS), "input2h.bias": (UNITS,)}
    shapes |= {"readout_layer.weight": (OUTPUTS, read_units), "readout_layer.bias": (OUTPUTS,)}
    found = {name: random.normal(0, 0.6, shape).astype(np.float32) for name, shape in shapes.items()}
    found["h0"] = np.zeros(UNITS, np.float32)
    if config.get("dale"):
        found["dale_mask"] = np.diag(np.where(np.arange(UNITS) < 4, 1, -1)).astype(np.float32)
    safetensors(folder / "model.safetensors", found)
    table = {"model_type": "ctrnn", "activation": "tanh", "dt": 20.0, "tau": 100.0, "input_dim": INPUTS} | config
    (folder / "config.json").write_text(json.dumps(table))
    return found


@pytest.mark.parametrize(
    ("config", "leak"),
    [
        ({}, 0.2),
        ({"alpha": 0.3}, 0.3),
        ({"dt": None}, 1.0),
        ({"dt": None, "relu_after_blend": True, "model_type": "vanilla_rnn"}, 1.0),
        ({"dale": True, "ei_ratio": 0.7, "read_units": 4, "readout_e_only": True, "model_type": "ei_rnn"}, 0.2),
    ],
)
def test_a_network_of_neural_rnn(tmp_path, config, leak):
    found = neural(tmp_path, **config)
    w = found["h2h.weight"]
    w = np.abs(w) @ found["dale_mask"] if "dale_mask" in found else w
    state, outputs, bias = np.zeros((4, UNITS)), [], found["input2h.bias"] + found["h2h.bias"]
    for step in range(STEPS):
        drive = inputs()[:, step] @ found["input2h.weight"].T + state @ w.T + bias
        state = (1 - leak) * state + leak * np.tanh(drive)
        read = state[:, : found["readout_layer.weight"].shape[1]]
        outputs.append(read @ found["readout_layer.weight"].T + found["readout_layer.bias"])
    network = read_network(tmp_path / "config.json", 20.0)
    assert network.dynamics == RateDynamics("rate", "tanh", leak)
    np.testing.assert_allclose(network.run(inputs())[1], np.stack(outputs, axis=1), atol=1e-6)


def test_a_gated_network_of_neural_rnn(tmp_path):
    found = {
        name.replace("rnn.", "gru.").replace("readout.", "readout_layer."): array
        for name, array in state_dict("GRU").items()
    }
    safetensors(tmp_path / "model.safetensors", found | {"h0": np.zeros(5, np.float32)})
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "gated_rnn", "rnn_type": "GRU"}))
    network = read_network(tmp_path / "config.json", 1.0)
    np.testing.assert_array_equal(network.weights.reset_bias, found["gru.bias_hh_l0"][10:])


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"model_type": "plrnn"}, "holds a 'plrnn' of NeuralRNN; recurra reads ctrnn, vanilla_rnn, ei_rnn, gated_rnn"),
        ({"nonlinearity_mode": "rate"}, "has the nonlinearity_mode 'rate', which reads φ(z) back and z out"),
        ({"relu_after_blend": True}, "has the nonlinearity_mode 'post_blend', which applies φ after the leak"),
        ({"tau": 0}, "has dt = 20 and no tau above 0"),
        ({"alpha": "half"}, "has alpha = half; expected a finite number"),
        ({"activation": "gelu"}, "unknown activation 'gelu'"),
    ],
)
def test_what_recurra_does_not_have_of_neural_rnn(tmp_path, config, message):
    neural(tmp_path, **config)
    with pytest.raises(ValueError, match=re.escape(message)):
        read_network(tmp_path / "config.json", 20.0)


def test_a_configuration_without_weights_beside_it(tmp_path):
    neural(tmp_path, dale=True)
    safetensors(tmp_path / "model.safetensors", {"h2h.weight": np.zeros((2, 2), np.float32)})
    with pytest.raises(ValueError, match=r"model\.safetensors: lacks h2h\.bias, input2h\.weight, "):
        read_network(tmp_path / "config.json", 20.0)
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(ValueError, match=r"config\.json: is a configuration of NeuralRNN without its weights"):
        read_network(tmp_path / "config.json", 20.0)


NAMES = {
    "recurrent": "net/W",
    "input": "net/Win.T",
    "output": "Wout",
    "recurrent_bias": "b1 + b2",
    "output_bias": "bout",
}


@pytest.mark.parametrize("ending", ["npz", "safetensors", "json", "h5"])
def test_arrays_of_any_names(tmp_path, ending):
    found = drawn(**{"net/W": (UNITS, UNITS), "net/Win": (INPUTS, UNITS), "Wout": (OUTPUTS, UNITS)})
    found |= drawn(b1=UNITS, b2=UNITS, bout=OUTPUTS)
    path = tmp_path / f"one.{ending}"
    if ending == "npz":
        np.savez(path, **found | {"history": np.array(None)})
    elif ending == "safetensors":
        safetensors(path, found)
    elif ending == "json":
        path.write_text(json.dumps({name: array.tolist() for name, array in found.items()} | {"note": "mine"}))
    else:
        with h5py.File(path, "w") as file:
            for name, array in found.items():
                file[name] = array
    stated = StatedSettings(activation="relu", form="current", tau_ms=50.0)
    weights = read_network(path, 10.0, stated=stated, names=NAMES).weights
    np.testing.assert_array_equal(weights.recurrent, found["net/W"])
    np.testing.assert_array_equal(weights.input, found["net/Win"].T)
    np.testing.assert_allclose(weights.recurrent_bias, found["b1"] + found["b2"], atol=1e-7)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ({"recurent": "net/W"}, f"{MAP}: recurra has no array 'recurent'; did you mean 'recurrent'?"),
        ({"recurrent": "net/W"}, f"{MAP} lacks input, output; name recurrent, input and output"),
        (NAMES | {"recurrent": "W"}, "holds no array 'W'; it has Wout, b1, b2, bout, net/W, net/Win"),
        (NAMES | {"input": "net/Win"}, "input weights have shape (2, 6); expected (6, 6)"),
        (NAMES | {"recurrent_bias": "b1+bout"}, "adds arrays of shapes (6,) and (3,) to recurrent_bias"),
        (NAMES | {"recurrent_bias": "net/W"}, "the array 'recurrent_bias' has shape (6, 6); expected 1 axes"),
    ],
)
def test_what_is_wrong_with_a_map_is_named(tmp_path, names, message):
    found = drawn(**{"net/W": (UNITS, UNITS), "net/Win": (INPUTS, UNITS), "Wout": (OUTPUTS, UNITS)})
    np.savez(tmp_path / "one.npz", **found | drawn(b1=UNITS, b2=UNITS, bout=OUTPUTS))
    with pytest.raises(ValueError, match=rf"one\.npz: {re.escape(message)}"):
        import_network(tmp_path / "one.npz", 10.0, None, NOTHING, Hints(names))


def test_a_run_folder_needs_no_map(tmp_path):
    with pytest.raises(ValueError, match="is a run folder, which names its arrays; leave them out"):
        import_network(tmp_path, 10.0, None, NOTHING, Hints(NAMES))
