"""Run folders: labels, records, log, and going on after a kill to the same bits."""

import dataclasses
import hashlib
import json
import math
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import jax
import numpy as np
import pytest
import xarray as xr
from jaxtyping import Complex, Float

from recurra.analysis import Census, Similarities
from recurra.analysis.choices.records import ChoiceRecords
from recurra.analysis.dossier_records import record_kinds
from recurra.analysis.dynamics.fixed_points import FixedPoints, fixed_points
from recurra.analysis.failures import kinds_of
from recurra.arrays import RateWeights
from recurra.runs.record import cohort_of, read_run
from recurra.runs.runner import SilentProgress, resume_run, start_run
from recurra.runs.spec import read_table, to_spec, with_settings
from recurra.storage.checkpoints import read_weights
from recurra.storage.log import read_history, read_log
from recurra.storage.records import from_dataset, record_axes, to_dataset
from recurra.storage.run_folder import RunFolder
from recurra.storage.states import read_state, write_state
from recurra.tasks import FlipFlop
from tests.conftest import SMALL
from tests.networks import network_of, starts_of

SETTINGS = ["model.units=10", "networks=3", "training.steps=40", "training.trials.steps_an_epoch=5", "training.batch=4"]

CHILD = f"""
from pathlib import Path
import sys
from recurra.runs.runner import SilentProgress, start_run
from recurra.runs.spec import read_table, to_spec, with_settings
start_run(to_spec(with_settings(read_table("flipflop"), {SETTINGS!r})), Path(sys.argv[1]), False, SilentProgress())
"""


@dataclass(frozen=True)
class Found:
    """A record with a bit of everything."""

    score: float
    count: int
    values: Complex[np.ndarray, "mode"]
    table: Float[np.ndarray, "condition unit"]


def found(number):
    return Found(0.5 * number, number, np.array([1j, number]), np.full((2, 3), float(number)))


def test_records_there_and_back():
    assert record_axes(Found) == {"score": (), "count": (), "values": ("mode",), "table": ("condition", "unit")}
    dataset = to_dataset([found(1), found(4)], numbers=[1, 4])
    assert dataset["table"].dims == ("network", "condition", "unit")
    back = from_dataset(Found, dataset)
    assert (back[1].score, back[1].count) == (2.0, 4)
    np.testing.assert_array_equal(back[1].values, found(4).values)
    with pytest.raises(ValueError, match="the run folder's Found lacks count"):
        from_dataset(Found, dataset.drop_vars("count"))


def test_records_of_different_lengths():
    """Networks with one, three and no fixed points; and networks that all have none."""
    networks = [network_of([[0.5]]), network_of([[1.5]]), network_of([[2.0]], activation="relu", bias=1.0)]
    found = [fixed_points(network, starts=starts_of(network)) for network in networks]
    assert [len(one) for one in found] == [1, 3, 0]
    for records in (found, found[2:]):
        back = from_dataset(FixedPoints, to_dataset(records, range(len(records))))
        for one, other in zip(records, back, strict=True):
            for field in dataclasses.fields(FixedPoints):
                np.testing.assert_array_equal(getattr(one, field.name), getattr(other, field.name))


@pytest.mark.parametrize(
    "kind", [*record_kinds(FlipFlop()).values(), *kinds_of(ChoiceRecords).values(), Census, Similarities]
)
def test_no_field_is_called_like_an_axis(kind):
    """xarray would take it for the coordinate of that axis."""
    axes = record_axes(kind)
    assert not {axis for named in axes.values() for axis in named} & set(axes)


def test_run_opens_with_xarray(small_run, small_spec):
    tree = xr.open_datatree(small_run.path / "run.zarr")
    recurrent = tree["weights/recurrent"]
    assert recurrent.dims == ("checkpoint", "network", "post", "pre")
    assert recurrent.shape == (3, 2, 12, 12)
    assert tree["geometry/state_means"].dims == ("network", "condition", "unit")
    assert tree["spectrum/eigenvalues"].dims == ("network", "mode")
    start = small_spec.to_training().start()
    np.testing.assert_array_equal(recurrent[0], start.learner.weights.recurrent)
    tree.close()


def test_run_json_and_log(small_run, small_spec):
    about = small_run.about()
    assert about["status"] == "analysed"
    assert about["engine"]["name"] in ("native", "portable")
    assert to_spec(about["spec"]) == small_spec
    assert {"recurra", "jax", "numpy"} <= set(about["versions"])
    lines = list(read_log(small_run))
    assert [(line["epoch"], line["network"], line["step"]) for line in lines] == [
        (1, 0, 10),
        (1, 1, 10),
        (2, 0, 20),
        (2, 1, 20),
    ]
    assert not (small_run.path / "state").exists()


@pytest.mark.thorough
def test_read_what_was_written(small_run):
    run = read_run(small_run)
    assert len(run.dossiers) == 2
    assert run.history is not None
    assert run.history.loss.shape == (2, 2)
    cohort = cohort_of(small_run)
    np.testing.assert_array_equal(read_weights(small_run, RateWeights, -1).recurrent, cohort.weights.recurrent)
    np.testing.assert_array_equal(read_weights(small_run, RateWeights, 0).recurrent, cohort.initial.recurrent)
    with pytest.raises(ValueError, match="has no checkpoint 7; it has 3"):
        read_weights(small_run, RateWeights, 7)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The run that nothing interrupted."""
    spec = to_spec(with_settings(read_table("flipflop"), SETTINGS))
    return start_run(spec, tmp_path_factory.mktemp("whole") / "run", False, SilentProgress())


def assert_same_run(first, second):
    for checkpoint in range(9):
        a, b = read_weights(first, RateWeights, checkpoint), read_weights(second, RateWeights, checkpoint)
        for one, other in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
            np.testing.assert_array_equal(one, other)
    assert list(read_log(first)) == list(read_log(second))


@pytest.mark.parametrize("epochs", [1, pytest.param(4, marks=pytest.mark.slow)])
@pytest.mark.slow
def test_kill_and_resume_to_the_same_bits(epochs, whole, tmp_path):
    path = tmp_path / "killed"
    environment = {**os.environ, "JAX_ENABLE_X64": "1"}  # as the tests that resume it
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(path)], env=environment)
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        if (path / "run.json").is_file() and json.loads((path / "run.json").read_text()).get("epoch", 0) >= epochs:
            break
        time.sleep(0.002)
    child.send_signal(signal.SIGKILL)
    child.wait()
    folder = RunFolder.open(path)
    assert folder.about()["status"] == "training"
    resume_run(folder, None, SilentProgress())
    assert_same_run(folder, whole)


@pytest.mark.thorough
@pytest.mark.parametrize(
    "moment",
    [pytest.param("before the first checkpoint", marks=pytest.mark.slow), "in the middle of a checkpoint"],
)
def test_resume_after_a_kill_at_the_worst_moment(moment, whole, tmp_path, monkeypatch):
    spec = to_spec(with_settings(read_table("flipflop"), SETTINGS))
    path = tmp_path / "run"

    class Killed(BaseException):
        pass

    def update(folder, **changes):
        after = 0 if moment == "before the first checkpoint" else 3
        if changes.get("epoch", -1) >= after:
            raise Killed
        original(folder, **changes)

    original = RunFolder.update_about
    monkeypatch.setattr(RunFolder, "update_about", update)
    with pytest.raises(Killed):
        start_run(spec, path, False, SilentProgress())
    monkeypatch.undo()
    folder = RunFolder.open(path)
    with (path / "log.jsonl").open("a") as file:
        file.write('{"epoch": 4, "netw')  # a line that was cut off
    resume_run(folder, spec, SilentProgress())
    assert_same_run(folder, whole)


def test_resume_refuses_another_spec(whole):
    other = to_spec(with_settings(read_table("flipflop"), [*SETTINGS, "training.batch=8", "task.pulse_ms=10"]))
    with pytest.raises(ValueError, match=r"was made with another task\.pulse_ms \(20\.0, not 10\.0\), training\.batch"):
        resume_run(whole, other, SilentProgress())


def test_create_never_destroys(tmp_path, small_run):
    with pytest.raises(ValueError, match="holds a run already; resume it, overwrite it"):
        RunFolder.create(small_run.path, {}, overwrite=False)
    precious = tmp_path / "thesis"
    precious.mkdir()
    (precious / "chapter1.txt").write_text("years of work")
    with pytest.raises(ValueError, match="exists and is not a run folder"):
        RunFolder.create(precious, {}, overwrite=True)
    assert (precious / "chapter1.txt").read_text() == "years of work"
    assert RunFolder.create(tmp_path / "new" / "run", {}, overwrite=False).about() == {"format": 2}
    assert RunFolder.create(tmp_path / "new" / "run", {"name": "b"}, overwrite=True).about()["name"] == "b"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "run.json cannot be read"),
        ("[]", "run.json holds no object"),
        ('{"format": 9}', "has the format 9; this version reads 1 and 2"),
    ],
)
def test_open_bad_run_json(text, message, tmp_path):
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(ValueError, match=message):
        RunFolder.open(tmp_path)


def test_open_what_is_no_run(tmp_path):
    with pytest.raises(ValueError, match="there is no folder"):
        RunFolder.open(tmp_path / "nowhere")
    with pytest.raises(ValueError, match=r"is not a run folder: it has no run.json"):
        RunFolder.open(tmp_path)
    folder = RunFolder.create(tmp_path / "empty", {"status": "trained", "epoch": 0}, overwrite=False)
    with pytest.raises(ValueError, match=r"run\.zarr cannot be read"):
        read_weights(folder, RateWeights, 0)


def test_history_is_that_of_the_training(whole):
    history = read_history(whole)
    assert list(history.step) == [5, 10, 15, 20, 25, 30, 35, 40]
    assert np.isfinite(history.loss).all()
    assert Path(whole.path / "run.zarr").is_dir()
    cohort = cohort_of(whole)
    assert history.weight_change is not None
    for at in range(len(cohort)):
        arrays = [
            (getattr(cohort.initial, name)[at], getattr(cohort.weights, name)[at])
            for name in ("recurrent", "input", "output")
        ]
        change = math.hypot(*(np.linalg.norm(np.subtract(now, start, dtype=float)) for start, now in arrays))
        assert history.weight_change[at, -1] == pytest.approx(change, rel=1e-9)


def test_a_log_without_the_change_of_the_weights_is_read(whole, tmp_path):
    path = tmp_path / "older"
    shutil.copytree(whole.path, path)
    lines = [json.loads(line) for line in (path / "log.jsonl").read_text().splitlines()]
    older = [{name: value for name, value in line.items() if name != "weight_change"} for line in lines]
    (path / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in older))
    folder = RunFolder.open(path)
    history = read_history(folder)
    assert history.weight_change is None
    np.testing.assert_array_equal(history.loss, read_history(whole).loss)
    (path / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in (*older[:-1], lines[-1])))
    with pytest.raises(ValueError, match=r"log\.jsonl has weight_change in some lines only"):
        read_history(folder)


@pytest.mark.thorough
def test_a_state_from_before_rules_had_a_memory_is_read(tmp_path):
    """Then the optimizer and the weights were the learner's own; what was frozen had moments too."""
    training = to_spec(with_settings(read_table("xor"), [*SMALL, "training.optimizer=adam"])).to_training("portable")
    state = training.advance(training.start())
    write_state(tmp_path / "new.npz", state)
    with np.load(tmp_path / "new.npz") as content:
        arrays = {
            name.replace("learner.memory.optimizer.", "learner.optimizer."): content[name]
            for name in content.files
            if not name.startswith("learner.memory.free.")
        }
    assert len(arrays) < len(content.files)
    np.savez(tmp_path / "old.npz", allow_pickle=False, **arrays)
    sha256 = hashlib.sha256((tmp_path / "old.npz").read_bytes()).hexdigest()
    found = read_state(tmp_path / "old.npz", sha256, state.epoch, training)
    for one, other in zip(jax.tree.leaves(found.learner), jax.tree.leaves(state.learner), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-8)  # a sum that serves twice may be rounded in two ways
