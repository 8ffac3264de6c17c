"""Run folders in ordinary trouble: damage, two processes, a power cut, a start or an overwrite that was cut off."""

import errno
import os
import shutil
import subprocess
import sys
import warnings

import numpy as np
import pytest

from recurra.arrays import RateWeights
from recurra.report.figures import write_figures
from recurra.runs.record import cohort_of, read_run
from recurra.runs.runner import SilentProgress, resume_run, start_run
from recurra.runs.spec import read_table, to_spec, with_settings
from recurra.runs.trained_cohorts import TrainedCohorts
from recurra.storage import files
from recurra.storage.checkpoints import read_weights
from recurra.storage.lock import locked
from recurra.storage.run_folder import RunFolder

SETTINGS = ["model.units=6", "networks=2", "training.steps=4", "training.trials.steps_an_epoch=1", "training.batch=2"]


class Cut(BaseException):
    """The power is gone."""


class CutAfter(SilentProgress):
    """Ends the training after an epoch, as a kill does."""

    def __init__(self, epoch):
        self.last = epoch

    def epoch(self, training, state):
        if state.epoch == self.last:
            raise Cut


@pytest.fixture(scope="module")
def spec():
    return to_spec(with_settings(read_table("xor"), [*SETTINGS, "training.validation_trials=4"]))


@pytest.fixture(scope="module")
def whole(spec, tmp_path_factory):
    return start_run(spec, tmp_path_factory.mktemp("whole") / "run", False, SilentProgress(), "portable")


def cut_after(epoch, spec, path):
    with pytest.raises(Cut):
        start_run(spec, path, False, CutAfter(epoch), "portable")
    return RunFolder.open(path)


def assert_same(folder, whole):
    for checkpoint in range(5):
        one, other = read_weights(folder, RateWeights, checkpoint), read_weights(whole, RateWeights, checkpoint)
        np.testing.assert_array_equal(one.recurrent, other.recurrent)
    assert (folder.path / "log.jsonl").read_text() == (whole.path / "log.jsonl").read_text()


@pytest.mark.slow
def test_a_damaged_checkpoint_gives_way_to_the_one_before(spec, whole, tmp_path):
    folder = cut_after(3, spec, tmp_path / "run")
    assert sorted(path.name for path in (folder.path / "state").iterdir()) == ["epoch-000002.npz", "epoch-000003.npz"]
    newest = folder.path / "state" / "epoch-000003.npz"
    newest.write_bytes(newest.read_bytes()[:-1] + b"?")
    with pytest.warns(RuntimeWarning, match=r"epoch-000003\.npz is damaged.*training goes on from epoch 2"):
        resume_run(folder, None, SilentProgress())
    assert_same(folder, whole)
    assert not (folder.path / "state").exists()


@pytest.mark.slow
def test_no_checkpoint_left(spec, tmp_path):
    folder = cut_after(2, spec, tmp_path / "run")
    for path in (folder.path / "state").iterdir():
        path.unlink()
    with pytest.raises(ValueError, match=r"cannot be resumed: state/epoch-000002\.npz cannot be read.*--overwrite"):
        resume_run(folder, None, SilentProgress())


@pytest.mark.thorough
def test_a_missing_or_damaged_chunk_is_named(spec, tmp_path):
    folder = start_run(spec, tmp_path / "run", False, SilentProgress(), "portable")
    chunk = folder.path / "run.zarr" / "weights" / "recurrent" / "c.4.0.0.0"
    content = chunk.read_bytes()
    chunk.write_bytes(content[:5] + bytes([content[5] ^ 1]) + content[6:])
    with pytest.raises(ValueError, match=r"weights/recurrent is damaged: Stored and computed checksum"):
        read_weights(folder, RateWeights, -1)
    chunk.unlink()
    with pytest.raises(ValueError, match=r"c\.4\.0\.0\.0 is missing"):
        read_weights(folder, RateWeights, -1)
    assert np.isfinite(read_weights(folder, RateWeights, 3).recurrent).all()


def test_few_files(whole):
    """Five arrays, whatever the number of networks; nothing is left over."""
    chunks = list((whole.path / "run.zarr" / "weights").glob("*/c.*"))
    assert len(chunks) == 5 * 5 + 2
    assert {path.name for path in whole.path.iterdir()} == {"run.json", "run.zarr", "log.jsonl"}


def test_one_process_a_folder(whole):
    with locked(whole.path):
        lines = ["from pathlib import Path", "from recurra.storage.lock import locked"]
        command = "\n".join([*lines, f"with locked(Path({str(whole.path)!r})): pass"])
        told = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=False).stderr
        assert f"is in use by process {os.getpid()} on" in told
    assert not (whole.path / ".recurra-lock").exists()
    (whole.path / ".recurra-lock").write_text("process 1, long dead")  # a crash leaves the file, but no lock
    with locked(whole.path):
        pass


def test_a_full_disk_leaves_no_folder(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match=r"No space left on device: .*run"), locked(tmp_path / "new" / "run"):
        pass
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("file", [False, True])
def test_figures_follow_no_link(file, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "figures").touch() if file else (tmp_path / "figures").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ValueError, match="figures is a link or a file"):
        write_figures(None, tmp_path / "figures")


@pytest.fixture
def analysed(small_run, tmp_path):
    shutil.copytree(small_run.path, tmp_path / "run")
    return RunFolder.open(tmp_path / "run")


@pytest.mark.thorough
def test_what_was_changed_after_the_analysis_is_named(analysed):
    """Metadata, a file in another's place, and an analysis of another training: none of them has a wrong checksum."""
    read_run(analysed)
    pca = analysed.path / "run.zarr" / "pca"
    metadata = pca / "center" / "zarr.json"
    text = metadata.read_text()
    metadata.write_text(text.replace("float64", "int64"))
    with pytest.raises(ValueError, match="pca is not what the analysis wrote; analyse the run again"):
        read_run(analysed)
    metadata.write_text(text)
    (pca / "center" / "c.0.0").write_bytes((pca / "participation_ratio" / "c.0").read_bytes())
    with pytest.raises(ValueError, match="pca is not what the analysis wrote"):
        read_run(analysed)
    networks = analysed.entry("networks")
    analysed.update_about(networks=[{**networks[1], "number": 7}, networks[0]])
    with pytest.raises(ValueError, match="analysis of another run than"):
        analysed.read_dataset("spectrum")


def test_weights_must_fit_the_spec(analysed):
    spec = analysed.entry("spec")
    analysed.update_about(spec={**spec, "model": {**spec["model"], "units": 13}})
    with pytest.raises(ValueError, match=r"the shape \(2, 12, 12\); by run\.json .* \(2, 13, 13\)"):
        cohort_of(analysed)


def test_a_folder_that_was_replaced_is_not_written(tmp_path):
    with locked(tmp_path / "run") as still_ours:
        still_ours()
        files.remove(tmp_path / "run")
        (tmp_path / "run").mkdir()
        with pytest.raises(FileNotFoundError, match="deleted or replaced"):
            still_ours()


@pytest.mark.parametrize("left", [[], [".recurra-lock"], [".recurra-12.partial", "run.json.partial"]])
def test_a_start_that_was_cut_off_can_be_begun_again(left, tmp_path):
    (tmp_path / "run").mkdir()
    for name in left:
        (tmp_path / "run" / name).write_text("x")
    RunFolder.create(tmp_path / "run", {"name": "a"}, overwrite=False)
    assert RunFolder.open(tmp_path / "run").about()["name"] == "a"
    assert [path.name for path in (tmp_path / "run").glob("*.partial")] == []


@pytest.mark.slow
def test_an_overwrite_that_was_cut_off_can_be_resumed(spec, whole, tmp_path, monkeypatch):
    folder = start_run(spec, tmp_path / "run", False, SilentProgress(), "portable")
    (folder.path / "notes.txt").write_text("mine")

    def cut(_):
        raise Cut

    monkeypatch.setattr(RunFolder, "clear", cut)
    with pytest.raises(Cut):
        start_run(spec, folder.path, True, SilentProgress(), "portable")
    monkeypatch.undo()
    resume_run(RunFolder.open(folder.path), spec, SilentProgress())
    assert_same(folder, whole)
    assert (folder.path / "notes.txt").read_text() == "mine"


def test_an_unfinished_training_of_an_older_format_is_begun_anew(spec, whole, tmp_path):
    folder = cut_after(2, spec, tmp_path / "run")
    about = folder.path / "run.json"
    about.write_text(about.read_text().replace('"format": 2', '"format": 1'))
    before = about.read_bytes()
    with pytest.raises(ValueError, match="was begun by an older recurra; start its training anew with --overwrite"):
        resume_run(RunFolder.open(folder.path), None, SilentProgress())
    assert about.read_bytes() == before
    start_run(spec, folder.path, True, SilentProgress(), "portable")
    assert_same(RunFolder.open(folder.path), whole)


def test_what_is_named_is_on_the_disk(spec, tmp_path, monkeypatch):
    """At every new `run.json` all that a resume needs has been synced: what was not, a power cut may take."""
    synced, fsync, update = set(), os.fsync, RunFolder.update_about

    def note(descriptor):
        synced.add(str(files.Path(f"/proc/self/fd/{descriptor}").readlink()))
        fsync(descriptor)

    def check(folder, **changes):
        state = folder.path / "state" / f"epoch-{changes['epoch']:06d}.npz"
        needed = [*folder.path.glob(f"run.zarr/weights/*/c.{changes['epoch']}.*"), state.parent]
        missing = {str(path) for path in needed if path.exists()} - synced
        assert not missing
        update(folder, **changes)

    monkeypatch.setattr(os, "fsync", note)
    monkeypatch.setattr(RunFolder, "update_about", check)
    folder = start_run(spec, tmp_path / "run", False, SilentProgress(), "portable")
    assert {str(path) for path in folder.path.rglob("zarr.json")} <= synced


def test_the_shelf_tells_engines_apart(spec, tmp_path):
    TrainedCohorts(tmp_path, "portable").cohort(spec, SilentProgress())
    assert TrainedCohorts(tmp_path, "portable").find(spec) is not None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        other = TrainedCohorts(tmp_path, "auto")
        assert (other.find(spec) is None) == (other._engine(spec) != "portable")


@pytest.mark.parametrize("name", ["../../x", "/etc/x", "a/b", "..", "", "a\x1b[2Jb", "~", "x" * 300])
def test_names_are_no_paths(name):
    with pytest.raises(ValueError, match="name"):
        to_spec(with_settings(read_table("xor"), []) | {"name": name})


def test_paths_mean_what_they_say(spec, tmp_path, monkeypatch):
    """`~`, `://`, `#` and `%` are letters, to zarr and xarray too, and a relative path stays where it was."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    folder = RunFolder.create(files.Path("~/s3:/b #%20ä"), {"name": "a"}, overwrite=False)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    import xarray as xr

    folder.write_dataset("numbers", xr.Dataset({"x": ("a", [1.0, 2.0])}))
    np.testing.assert_array_equal(folder.read_dataset("numbers").x, [1.0, 2.0])
    assert (tmp_path / "~" / "s3:" / "b #%20ä" / "run.zarr" / "numbers").is_dir()
    assert {path.name for path in tmp_path.iterdir()} == {"~", "elsewhere"}
