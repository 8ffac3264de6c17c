"""Networks written for Keras and torch: what is read back, what is refused, and what the real libraries answer."""

import json
import os
import pickletools
import subprocess
import zipfile
from dataclasses import fields
from pathlib import Path

import h5py
import jax
import numpy as np
import pytest

import recurra as rc
from recurra.cli.app import main
from recurra.models import Network
from recurra.numerics import pinned
from recurra.runs.export import NETWORKS
from recurra.runs.imports import import_network
from recurra.runs.record import cohort_of
from recurra.storage.imported import StatedSettings
from recurra.storage.keras_writing import write_keras, write_keras_hdf5
from recurra.storage.run_folder import RunFolder
from recurra.storage.torch_writing import write_safetensors, write_torch
from tests.networks import network_of, read_here

HERE = Path(__file__).parent / "foreign"
INPUTS, OUTPUTS = 2, 3
MODELS = {
    "rnn": rc.RateRNN(units=4, tau_ms=1.0, initializer=rc.Orthogonal()),
    "gru": rc.GRU(units=4),
    "gru-before": rc.GRU(units=4, reset="before"),
    "lstm": rc.LSTM(units=4),
    "gru-hard-2": rc.GRU(units=4, gate="hard_sigmoid_5"),
    "lstm-hard-3": rc.LSTM(units=4, gate="hard_sigmoid_6"),
}
WRITERS = {".keras": write_keras, ".h5": write_keras_hdf5, ".pt": write_torch, ".safetensors": write_safetensors}


@pytest.fixture
def _in_this_process(monkeypatch):
    monkeypatch.setattr("recurra.storage.imported.read_content", read_here)


def network(model, dtype=np.float32):
    """A network of this model whose biases are all different."""
    with pinned():
        weights = model.start(jax.random.key(0), INPUTS, OUTPUTS)
    random = np.random.default_rng(0)
    filled = {one.name: np.asarray(getattr(weights, one.name), dtype) for one in fields(weights)}
    free = [name for name in filled if "bias" in name and (name == "recurrent_bias" or name not in model.frozen())]
    filled |= {name: random.normal(0, 0.5, filled[name].shape).astype(dtype) for name in free}
    return Network(model.dynamics(1.0), type(weights)(**filled), 1.0)


@pytest.mark.thorough
@pytest.mark.usefixtures("_in_this_process")
@pytest.mark.parametrize("ending", WRITERS)
@pytest.mark.parametrize("name", ["rnn", "gru", "lstm", "gru-before"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_is_written_is_read_back_bit_for_bit(tmp_path, name, ending, dtype):
    before, path = network(MODELS[name], dtype), tmp_path / f"one{ending}"
    if name == "gru-before" and ending in (".pt", ".safetensors"):
        with pytest.raises(
            ValueError, match="torch has no GRU whose reset gate comes before the weights; export it as"
        ):
            WRITERS[ending](path, before)
        return
    WRITERS[ending](path, before)
    first = path.read_bytes()
    WRITERS[ending](path, before)
    assert path.read_bytes() == first
    read = import_network(path, 1.0, None, StatedSettings())
    assert read.network.dynamics == before.dynamics
    for one in fields(before.weights):
        found, expected = getattr(read.network.weights, one.name), getattr(before.weights, one.name)
        assert found.dtype == dtype
        np.testing.assert_array_equal(found, expected, err_msg=one.name)
    assert len(read.notes) == (1 if (name, ending) == ("rnn", ".pt") else 0)


def test_a_state_dict_names_nothing_but_tensors(tmp_path):
    """What torch.load(weights_only=True) allows, and no more."""
    write_torch(tmp_path / "one.pt", network(MODELS["gru"]))
    with zipfile.ZipFile(tmp_path / "one.pt") as archive:
        commands = list(pickletools.genops(archive.read("one/data.pkl")))
    named = {argument for command, argument, _ in commands if command.name == "GLOBAL"}
    assert named == {"collections OrderedDict", "torch._utils _rebuild_tensor_v2", "torch FloatStorage"}


@pytest.mark.usefixtures("_in_this_process")
def test_a_hard_sigmoid_goes_to_the_keras_that_means_it(tmp_path):
    for name, write, ending in (("gru-hard-2", write_keras_hdf5, ".h5"), ("lstm-hard-3", write_keras, ".keras")):
        before = network(MODELS[name])
        write(tmp_path / f"one{ending}", before)
        read = import_network(tmp_path / f"one{ending}", 1.0, None, StatedSettings())
        assert read.network.dynamics == before.dynamics
    with h5py.File(tmp_path / "one.h5") as file:
        assert file.attrs["keras_version"].startswith("2.")


@pytest.mark.parametrize(
    ("before", "write", "message"),
    [
        (
            network_of(np.eye(3), leak=0.5),
            write_keras,
            "Keras 3 has no leak: that of the network differs from 1 by 0",
        ),
        (network_of(np.eye(3), leak=(1.0, 1.0, 0.2)), write_torch, "torch has no leak: .* differs from 1 by 0.8"),
        (network_of(np.eye(3), form="current"), write_keras_hdf5, "Keras 2 has no networks in the current form"),
        (
            network_of(np.eye(3), activation="softplus"),
            write_torch,
            "torch has no activation 'softplus'; it has",
        ),
        (network(rc.UGRNN(units=3)), write_safetensors, "torch has no UGRNN; export it as npz"),
        (
            network(MODELS["gru-hard-2"]),
            write_keras,
            "Keras 3 has no gate function 'hard_sigmoid_5'; it",
        ),
        (network(MODELS["lstm-hard-3"]), write_keras_hdf5, "Keras 2 has no gate function 'hard_sigmoid_6'"),
        (network(MODELS["lstm-hard-3"]), write_torch, "torch has no gate function 'hard_sigmoid_6'; it has sigmoid"),
    ],
)
def test_what_another_program_does_not_have_is_refused_with_the_reason(tmp_path, before, write, message):
    with pytest.raises(ValueError, match=message):
        write(tmp_path / "one", before)
    assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of two GRUs, trained for a step."""
    folder, rule = tmp_path_factory.mktemp("run") / "gru", rc.BPTT(steps=1, batch=2, validation_trials=4)
    rc.train(rc.FlipFlop(bits=1), rc.GRU(units=3), rule, networks=2, seed=0).save(folder)
    return folder


def call(capsys, *arguments):
    status = main([str(one) for one in arguments])
    return (status, *capsys.readouterr())


@pytest.mark.parametrize("kind", NETWORKS)
@pytest.mark.slow
def test_export_writes_a_file_a_network(run, tmp_path, capsys, kind):
    out = tmp_path / "out"
    status, said, _ = call(capsys, "export", run, "--format", kind, "--out", out)
    assert (status, said) == (0, f"exported: 2 files in {out}\n")
    cohort = cohort_of(RunFolder.open(run))
    for at, path in enumerate(sorted(out.iterdir())):
        assert path.name == f"network-{at:03d}{NETWORKS[kind][0]}"
        read = import_network(path, cohort.task.dt_ms, None, StatedSettings()).network
        np.testing.assert_array_equal(read.weights.recurrent, cohort[at].weights.recurrent)


@pytest.mark.thorough
def test_export_of_what_cannot_be_leaves_nothing(run, tmp_path, capsys, monkeypatch):
    """Not even the files of the networks before it."""

    def write(path, one):
        write_torch(path, network_of(np.eye(3), leak=0.05) if path.stem == "network-001" else one)

    monkeypatch.setitem(NETWORKS, "torch", (".pt", write))
    status, _, err = call(capsys, "export", run, "--format", "torch", "--out", tmp_path / "out")
    assert status == 2
    assert err == "recurra: torch has no leak: that of the network differs from 1 by 0.95; export it as npz\n"
    assert not list(tmp_path.iterdir())
    assert call(capsys, "export", run, "--format", "onnx", "--out", tmp_path / "out")[0] == 2


@pytest.mark.slow
def test_a_file_of_torch_through_inspect(run, tmp_path, capsys):
    call(capsys, "export", run, "--format", "torch", "--out", tmp_path / "out")
    path, options = tmp_path / "out" / "network-000.pt", ("--task", "flipflop", "--set", "task.bits=1", "--json")
    status, said, err = call(capsys, "inspect", path, *options, "--report", tmp_path / "one.html")
    assert (status, err) == (0, f"report: {tmp_path / 'one.html'}\n")
    found = json.loads(said)
    assert found["network"] == {"cell": "GRUDynamics", "gate": "sigmoid", "reset": "after", "dt_ms": 1.0, "notes": []}
    assert found["failures"] == {}
    assert "network-000.pt" in (tmp_path / "one.html").read_text()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["recurrent"], "--map: 'recurrent' is not of the form ARRAY=NAME, such as recurrent=Wrec"),
        (["recurrent=a", "recurrent=b"], "--map names recurrent twice: 'a' and 'b'"),
        (["recurrent=W", "input=Win", "output=Wout", "bias=b"], "recurra has no array 'bias'; "),
    ],
)
def test_a_wrong_map_is_one_line(tmp_path, capsys, given, message):
    np.savez(tmp_path / "one.npz", W=np.eye(2), Win=np.ones((2, 1)), Wout=np.ones((1, 2)), b=np.zeros(2))
    options = [part for one in given for part in ("--map", one)]
    status, _, err = call(capsys, "inspect", tmp_path / "one.npz", "--task", "and", *options)
    assert status == 2
    assert message in err
    assert err.count("\n") == 1


# The real libraries, each in an environment of its own: RECURRA_KERAS_3=/path/to/python, and likewise for the others.
PROGRAMS = {"RECURRA_KERAS_3": "with_keras.py", "RECURRA_KERAS_2": "with_keras.py", "RECURRA_TORCH": "with_torch.py"}
ENDINGS = {"RECURRA_KERAS_3": (".keras", ".h5"), "RECURRA_KERAS_2": (".h5",), "RECURRA_TORCH": (".pt", ".safetensors")}


def other_program(variable, command, folder):
    python = os.environ.get(variable)
    if not python:
        pytest.skip(f"{variable} names no Python that has the library")
    subprocess.run([python, HERE / PROGRAMS[variable], command, folder], check=True, capture_output=True)


def stated_of(path, variable):
    """What files of weights alone do not say."""
    if "weights" not in path.name:
        return StatedSettings()
    hard = "hard_sigmoid_5" if variable == "RECURRA_KERAS_2" else "hard_sigmoid_6"
    said = {"hard": {"gate": hard}, "rnn-sigmoid": {"activation": "sigmoid"}, "unbiased": {"reset": "after"}}
    return StatedSettings(**next((given for word, given in said.items() if word in path.name), {}))


@pytest.mark.slow
@pytest.mark.usefixtures("_in_this_process")
@pytest.mark.parametrize("variable", PROGRAMS)
def test_files_of_the_real_library_are_read(tmp_path, variable):
    """Sizes 1, 3 and 50, inputs in ±3, 200 steps, unequal biases: the same outputs to 1e-6 in float32."""
    other_program(variable, "write", tmp_path)
    compared = 0
    for answers in sorted(tmp_path.glob("*.npz")):
        with np.load(answers) as found:
            inputs, outputs = found["inputs"], found["outputs"]
        for path in sorted({*tmp_path.glob(f"{answers.stem}.*"), *tmp_path.glob(f"{answers.stem}-*.*")} - {answers}):
            read = import_network(path, 1.0, None, stated_of(path, variable))
            np.testing.assert_allclose(read.network.run(inputs)[1], outputs, rtol=1e-6, atol=1e-6, err_msg=path.name)
            compared += 1
    assert compared >= 27


@pytest.mark.slow
@pytest.mark.parametrize("variable", PROGRAMS)
def test_files_for_the_real_library_are_opened_there(tmp_path, variable):
    inputs = np.random.default_rng(3).uniform(-3, 3, (4, 200, INPUTS)).astype(np.float32)
    np.savez(tmp_path / "inputs.npz", inputs=inputs)
    expected = {}
    for units in (1, 3, 50):
        models = {name: type(model)(**{**vars(model), "units": units}) for name, model in MODELS.items()}
        models["rnn-relu"] = rc.RateRNN(units=units, tau_ms=1.0, activation="relu", initializer=rc.SpectralRadius(0.5))
        for name, model in models.items():
            before = network(model)
            for ending in ENDINGS[variable]:
                if name == "gru-hard-2" and variable == "RECURRA_KERAS_3":
                    continue  # Keras 3 takes the name of Keras 2's hard sigmoid for its own
                path = tmp_path / f"{name}-{units}{ending}"
                try:
                    WRITERS[ending](path, before)
                except ValueError:
                    continue
                expected[path] = before.run(inputs)[1]
    other_program(variable, "run", tmp_path)
    assert len(expected) >= 12
    for path, outputs in expected.items():
        np.testing.assert_allclose(np.load(f"{path}.npy"), outputs, rtol=1e-6, atol=1e-6, err_msg=path.name)
