"""A cohort and a network are saved and loaded: the run folder of the command line, and a file of one network."""

import importlib
import json
import sys
from dataclasses import replace

import numpy as np
import pytest

import recurra as rc
from recurra.arrays import RateWeights, named_arrays
from recurra.cli.app import main
from recurra.engine import RateDynamics
from recurra.runs import own
from recurra.runs.record import read_run
from recurra.runs.runner import SilentProgress, start_run
from recurra.status import Status
from recurra.storage.checkpoints import read_weights
from recurra.storage.npz_files import write_npz
from recurra.storage.run_folder import RunFolder

TASK, MODEL = rc.And(), rc.RateRNN(units=3, constraints=(rc.Frozen(("input",)),))
RULE = rc.BPTT(steps=4, batch=2, validation_trials=4, trials=rc.FreshTrials(2), learning_rate=(0.01,) * 6)
OWN = """
from dataclasses import dataclass
from recurra.tasks import Task, And

@dataclass(frozen=True)
class Mine(Task):
    rule = And().rule
    dt_ms = And().dt_ms
    condition_names = And().condition_names
    periods = And().periods

    def trial(self, key):
        return And().trial(key)

    def probe(self):
        return And().probe()
"""


@pytest.fixture(scope="module")
def cohort():
    return rc.train(TASK, MODEL, RULE, networks=(5, 2), seed=3)


def assert_same(one, other):
    """Two cohorts with the same parts and the same arrays, to the bit."""
    for name in ("task", "model", "rule", "seed", "numbers", "status"):
        assert getattr(one, name) == getattr(other, name), name
    for name in ("initial", "weights"):
        for key, array in named_arrays(getattr(one, name)).items():
            np.testing.assert_array_equal(array, named_arrays(getattr(other, name))[key])
    for curve in ("step", "loss", "validation_loss", "success"):
        np.testing.assert_array_equal(getattr(one.history, curve), getattr(other.history, curve))


def test_a_cohort_there_and_back(cohort, tmp_path):
    cohort.save(tmp_path / "mine")
    back = rc.load(tmp_path / "mine")
    assert_same(back, cohort)
    assert back.origin == replace(cohort.origin, name="mine")
    assert back.versions["recurra"]
    back.save(str(tmp_path / "again"))
    assert_same(rc.load(str(tmp_path / "again")), cohort)


@pytest.mark.slow
def test_the_commands_take_a_saved_cohort(cohort, tmp_path, capsys):
    """As if `recurra train` had made it: there is nothing to go on with, and all other commands work on it."""
    path = tmp_path / "mine"
    cohort.save(path)
    assert main(["run", "--resume", str(path)]) == 0
    assert main(["report", str(path), "--out", str(tmp_path / "page.html")]) == 0
    assert main(["export", str(path), "--format", "npz", "--out", str(tmp_path / "npz")]) == 0
    capsys.readouterr()
    record = read_run(RunFolder.open(path))
    assert (record.model, record.rule, record.numbers) == (MODEL.for_task(cohort.task), RULE, (5, 2))
    assert record.versions == cohort.versions
    assert record.spec["model"]["units"] == 3
    assert_same(rc.load(path), cohort)
    network = rc.load(tmp_path / "npz" / "network-002.npz")
    np.testing.assert_array_equal(network.weights.recurrent, cohort[1].weights.recurrent)


def test_a_trained_run_loads_as_its_cohort(small_run):
    cohort = rc.load(small_run.path)
    assert cohort.origin.stretches[0]["engine"]["name"] == small_run.entry("engine")["name"]
    assert cohort.origin.seconds == small_run.entry("seconds")["training"]
    assert cohort.task == rc.FlipFlop()


@pytest.mark.thorough
def test_a_saved_folder_is_the_one_of_the_command_line(small_spec, tmp_path):
    """The same weights, curves and entries, but for what stood between the first and the last epoch."""
    trained = start_run(small_spec, tmp_path / "trained", False, SilentProgress())
    rc.load(trained.path).save(tmp_path / "saved")
    saved = RunFolder.open(tmp_path / "saved")
    one, other = trained.about(), saved.about()
    assert {key for key in one if one[key] != other.get(key)} == {"name", "spec"}
    assert {**one["spec"], "name": "saved"} == other["spec"]
    assert (trained.path / "log.jsonl").read_text() == (saved.path / "log.jsonl").read_text()
    for checkpoint in (0, -1):
        before, after = (read_weights(folder, RateWeights, checkpoint) for folder in (trained, saved))
        np.testing.assert_array_equal(before.recurrent, after.recurrent)


def test_an_older_run_folder_loads(cohort, tmp_path):
    """Of format 1, without stretches."""
    cohort.save(tmp_path / "old")
    file = tmp_path / "old" / "run.json"
    about = json.loads(file.read_text())
    del about["stretches"]
    file.write_text(json.dumps({**about, "format": 1}))
    back = rc.load(tmp_path / "old")
    assert_same(back, cohort)
    assert back.versions == cohort.versions


def test_nothing_is_overwritten_unless_asked(cohort, tmp_path):
    path = tmp_path / "mine"
    cohort.save(path)
    with pytest.raises(ValueError, match="mine holds a run already"):
        cohort.save(path)
    (path / "notes.txt").write_text("mine")
    other = replace(cohort, seed=4)
    other.save(path, overwrite=True)
    assert_same(rc.load(path), other)
    assert (path / "notes.txt").read_text() == "mine"
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    with pytest.raises(ValueError, match="full exists and is not a run folder"):
        cohort.save(tmp_path / "full", overwrite=True)


def test_what_cannot_be_saved_leaves_nothing(cohort, tmp_path):
    trial = rc.FunctionTask(draw=lambda _: None)
    for wrong, message in [
        (replace(cohort, task=trial), "FunctionTask is made in Python of what no file can name, such as functions"),
        (replace(cohort, status=(Status.training,) * 2), "the training of network 5 has not ended"),
    ]:
        with pytest.raises(ValueError, match=message):
            wrong.save(tmp_path / "mine")
    with pytest.raises(ValueError, match=r"name is '\.mine'; expected a plain name"):
        cohort.save(tmp_path / ".mine")
    assert list(tmp_path.iterdir()) == []


def test_a_save_that_was_cut_off_is_no_run(cohort, tmp_path, monkeypatch):
    def cut(*_):
        raise OSError(28, "No space left on device", "chunk")

    with monkeypatch.context() as patch:
        patch.setattr("recurra.storage.checkpoints._write_log", cut)
        with pytest.raises(OSError, match="No space left"):
            cohort.save(tmp_path / "mine")
    with pytest.raises(ValueError, match=r"mine/run.json has no status"):
        rc.load(tmp_path / "mine")
    cohort.save(tmp_path / "mine", overwrite=True)
    assert_same(rc.load(tmp_path / "mine"), cohort)


def test_a_cohort_of_ones_own_task(cohort, tmp_path, monkeypatch):
    """Saved and loaded while its module is imported; then a line says what it needs."""
    (tmp_path / "own_and.py").write_text(OWN)
    monkeypatch.setattr(own, "_used", {})
    monkeypatch.syspath_prepend(tmp_path)
    own_and = importlib.import_module("own_and")

    mine = replace(cohort, task=own_and.Mine())
    mine.save(tmp_path / "mine")
    assert type(rc.load(tmp_path / "mine").task) is own_and.Mine
    monkeypatch.delitem(sys.modules, "own_and")
    with pytest.raises(ValueError, match=r"mine/run.json: it needs the module own_and, not imported yet"):
        rc.load(tmp_path / "mine")


def test_a_network_there_and_back(cohort, tmp_path):
    network = rc.Network(RateDynamics("current", "relu", (0.5, 0.25, 1.0), 0.1), cohort[0].weights, 2.5)
    network.save(tmp_path / "new" / "one.npz")
    back = rc.load(tmp_path / "new" / "one.npz")
    assert (back.dynamics, back.dt_ms) == (network.dynamics, network.dt_ms)
    for name, array in named_arrays(network.weights).items():
        np.testing.assert_array_equal(named_arrays(back.weights)[name], array)
    with pytest.raises(ValueError, match=r"one.npz exists; choose another file, or set overwrite=True"):
        network.save(tmp_path / "new" / "one.npz")
    network.save(tmp_path / "new" / "one.npz", overwrite=True)
    with pytest.raises(ValueError, match=r"one.hdf5 is no name for the file of a network; expected one that ends in"):
        network.save(tmp_path / "one.hdf5")


def test_what_is_not_loaded(cohort, tmp_path):
    write_npz(tmp_path / "whole.npz", cohort[0])
    with np.load(tmp_path / "whole.npz") as found:
        np.savez(tmp_path / "part.npz", **{name: found[name] for name in found if name != "dt_ms"})
    (tmp_path / "weights.hdf5").touch()
    (tmp_path / "notes.txt").touch()
    for name, message in [
        ("absent", "there is no file or folder .*absent"),
        ("part.npz", "part.npz: does not say its time step dt_ms; read it with"),
        ("weights.hdf5", "weights.hdf5 does not say its time step; read it with .*read_network_for"),
        ("notes.txt", r"notes.txt: unknown ending '.txt'; expected a run folder"),
        (".", "is not a run folder: it has no run.json"),
    ]:
        with pytest.raises(ValueError, match=message):
            rc.load(tmp_path / name)
