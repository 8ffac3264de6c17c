"""The command line as a user meets it: what it prints, what it leaves behind, its exit status."""

import json
import os
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest

from conftest import SMALL as SETTINGS
from recurra.cli.app import main
from recurra.runs.record import read_run
from recurra.storage.npz_files import write_npz
from recurra.storage.run_folder import RunFolder
from recurra.tasks import FAMILIES, PATTERNS, SERIES, TASKS
from recurra.words.summary import run_table
from tests.networks import network_of

SMALL = [word for setting in SETTINGS for word in ("--set", setting)]


def call(capsys, *arguments):
    """Exit status, standard output and standard error."""
    status = main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


@pytest.fixture(scope="module")
def demo(small_run, tmp_path_factory):
    return shutil.copytree(small_run.path, tmp_path_factory.mktemp("cli") / "demo")


@pytest.mark.thorough
def test_help_is_quick():
    command = [sys.executable, "-m", "recurra", "--help"]
    seconds, text = [], ""
    for _ in range(3):
        began = os.times()
        text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        ended = os.times()  # those of the processor: other programs make the clock run on
        seconds.append(ended.children_user + ended.children_system - began.children_user - began.children_system)
    assert 0.05 < min(seconds) < 0.8  # 0.3 s on a quiet machine; the promise is half a second
    for name in ("run", "train", "analyse", "report", "inspect", "tasks", "export"):
        assert re.search(rf"\b{name}\b", text)


def test_version(capsys):
    status, out, _ = call(capsys, "--version")
    assert status == 0
    assert re.fullmatch(r"\d+\.\d+\.\d+\n", out)


def test_run_leaves_a_whole_folder(demo):
    assert {path.name for path in demo.iterdir()} >= {"run.json", "log.jsonl", "run.zarr", "report.html"}
    assert json.loads((demo / "run.json").read_text())["status"] == "analysed"


@pytest.mark.thorough
def test_second_run_refuses_and_resume_trains_nothing(demo, capsys):
    before = (demo / "log.jsonl").read_bytes()
    status, out, err = call(capsys, "run", "flipflop", "--out", demo, *SMALL)
    assert status == 2
    assert "holds a run already" in err
    assert len(err.splitlines()) == 1
    assert not out
    status, out, _ = call(capsys, "run", "flipflop", "--out", demo, *SMALL, "--resume")
    assert status == 0
    assert str(demo / "report.html") in out
    assert (demo / "log.jsonl").read_bytes() == before
    status, _, err = call(capsys, "run", "flipflop", "--out", demo, "--resume")
    assert status == 2
    assert "was made with another model.units (12, not 100), networks (2, not 4), training.batch (4, not 16)" in err
    assert f"recurra run --resume {demo}" in err
    page = (demo / "report.html").stat()
    status, out, _ = call(capsys, "run", "--resume", demo)
    assert (status, str(demo / "report.html") in out) == (0, True)
    assert (demo / "report.html").stat() == page  # not even touched
    assert call(capsys, "run", demo)[2] == (
        f"recurra: {demo} is a folder; expected a preset's name or a TOML file. --resume goes on with a run\n"
    )
    assert "leave --out" in call(capsys, "run", "--resume", demo, "--out", demo.parent / "other")[2]


@pytest.mark.slow
def test_three_steps_are_run(tmp_path, demo, capsys):
    path = tmp_path / "steps"
    assert call(capsys, "train", "flipflop", "--out", path, *SMALL, "--set", "networks=1")[0] == 0
    status, _, err = call(capsys, "report", path)
    assert status == 2
    assert re.search(r"not analysed; run recurra analyse .+ first", err)
    status, out, _ = call(capsys, "analyse", path, "--json")
    assert status == 0
    shown = json.loads(json.dumps(run_table(read_run(RunFolder.open(demo)))))
    assert json.loads(out)["networks"] == shown["networks"][:1], "alone and in company"
    assert call(capsys, "report", path)[0] == 0
    assert (path / "report.html").is_file()


def test_overwrite(tmp_path, capsys):
    path = tmp_path / "run"
    assert call(capsys, "train", "flipflop", "--out", path, *SMALL)[0] == 0
    assert call(capsys, "train", "flipflop", "--out", path, *SMALL, "--seed", 1, "--overwrite")[0] == 0
    assert json.loads((path / "run.json").read_text())["spec"]["seed"] == 1
    assert call(capsys, "train", "flipflop", "--out", path, "--resume", "--overwrite")[0] == 2


def test_show_prints_the_whole_spec(capsys):
    status, out, _ = call(capsys, "run", "flipflop", "--units", 50, "--show")
    assert status == 0
    assert "units = 50  # number of recurrent units N" in out
    assert "pulse_ms = 20.0  # width of a pulse, ms" in out
    assert "[training.optimizer]" in out


@pytest.mark.thorough
def test_inspect_json(demo, capsys):
    status, out, _ = call(capsys, "inspect", demo, "--network", 1, "--json")
    assert status == 0
    found = json.loads(out)
    assert found["units"] == 12
    assert found["spectrum"]["count_outside"] == len(found["spectrum"]["outliers"])
    assert all(len(pair) == 2 for pair in [*found["spectrum"]["outliers"], found["spectrum"]["leading"]])
    assert 0 <= found["nonnormality"]["henrici"] < 1
    assert {"mse", "bit_accuracy", "distance"} <= set(found["performance"])
    assert len(found["geometry"]["axis_cosines"]) == 3
    assert 0 <= found["geometry"]["hypercube_r2"] <= 1
    assert 0 <= found["cube"]["score"] <= 1
    assert 0 <= found["cube"]["score_before_training"] < 0.4
    assert 0.9 < sum(found["reduction"]["explained_variance"]) <= 1 + 1e-6, "of the first ten components"


def test_damage_to_a_file_needs_its_task(tmp_path, capsys):
    bad_files(tmp_path)
    status, _, err = call(capsys, "damage", tmp_path / "two.npz")
    assert (status, "two.npz does not say what the network was trained on; name it with --task" in err) == (2, True)


@pytest.mark.slow
def test_inspect_says_nothing_of_overflow(tmp_path, capsys):
    """Weights near the largest number make infinite terms; that is no warning to a user."""
    network = network_of(1e300 * np.eye(4), bits=True)
    write_npz(tmp_path / "huge.npz", network)
    status, _, err = call(
        capsys, "inspect", tmp_path / "huge.npz", "--task", "flipflop", "--set", "task.bits=4", "--json"
    )
    assert (status, err) == (0, "")


@pytest.mark.thorough
def test_export_and_inspect_again(demo, tmp_path, capsys):
    assert call(capsys, "export", demo, "--format", "npz", "--out", tmp_path / "npz")[0] == 0
    file = tmp_path / "npz" / "network-001.npz"
    assert set(np.load(file)) >= {"recurrent", "input", "output", "recurrent_bias", "output_bias"}
    again = json.loads(call(capsys, "inspect", file, "--task", "flipflop", "--json")[1])
    first = json.loads(call(capsys, "inspect", demo, "--task", "flipflop", "--network", 1, "--json")[1])
    assert (first["network"].pop("number"), first["network"].pop("status")) == (1, "finished")
    assert 0 <= first["cube"].pop("score_before_training") < 0.4
    assert again["cube"].pop("score_before_training") is None, "a file does not hold the network before training"
    assert again == first


@pytest.mark.thorough
def test_inspect_says_which_network_of_which_run(demo, tmp_path, capsys):
    """The table and the report; the report's folder is made."""
    report = tmp_path / "new" / "folder" / "one.html"
    status, out, _ = call(capsys, "inspect", demo, "--network", 1, "--report", report)
    assert status == 0
    assert "demo, network 1: 3-bit flip-flop" in out
    assert re.search(r"│ +1 │ finished, not learned │", out)
    page = report.read_text()
    assert '<h1 id="title">demo, network 1</h1>' in page
    assert "number 1 of its run, training finished" in page
    assert "imported" not in out + re.sub("(?s)<script.*?</script>", "", page)


@pytest.mark.slow
def test_a_report_in_a_folder_that_cannot_be_made(demo, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    target = tmp_path / "file" / "x.html"
    status, _, err = call(capsys, "report", demo, "--out", target)
    assert (status, err.strip()) == (2, f"recurra: {target} cannot be written: {tmp_path / 'file'} is no folder")


@pytest.fixture
def training(demo, tmp_path):
    """A run whose training has not ended."""
    path = tmp_path / "a run"
    shutil.copytree(demo, path)
    about = json.loads((path / "run.json").read_text())
    (path / "run.json").write_text(json.dumps({**about, "status": "training"}))
    return path


@pytest.mark.thorough
@pytest.mark.parametrize(
    "command", ["analyse", "report", "inspect", "damage", "census", "export --format csv", "export --format npz"]
)
def test_a_run_in_training_says_what_ends_it(command, training, tmp_path, capsys):
    name, *options = command.split()
    out = ["--out", tmp_path / "exported"] if options else []
    status, _, err = call(capsys, name, training, *options, *out)
    assert status == 2
    line = f"the training in {training} has not ended; wait for the process that trains, or go on with"
    assert err.strip() == f"recurra: {line} recurra run --resume '{training}'"
    assert not (tmp_path / "exported").exists()


@pytest.mark.thorough
def test_export_tables(demo, tmp_path, capsys):
    status, out, _ = call(capsys, "export", demo, "--format", "csv", "--out", tmp_path / "csv")
    assert status == 0
    assert "exported" in out
    performance = (tmp_path / "csv" / "performance.csv").read_text().splitlines()
    assert performance[0].startswith("network,mse,distance,bit_accuracy")
    assert len(performance) == 3
    spectrum = (tmp_path / "csv" / "spectrum_mode.csv").read_text().splitlines()
    assert len(spectrum) == 1 + 2 * 12
    assert "eigenvalues_real" in spectrum[0]
    history = (tmp_path / "csv" / "history_epoch.csv").read_text().splitlines()
    assert len(history) > 2


@pytest.mark.slow
def test_inspect_report(reference, tmp_path, capsys):
    """The author's 3-bit network after epoch 20: the numbers of the paper's Figures 4 to 7."""
    report = tmp_path / "author.html"
    file = reference / "flipflop3_n400_epoch20.hdf5"
    status, out, _ = call(capsys, "inspect", file, "--task", "flipflop", "--json", "--report", report)
    assert status == 0
    found = json.loads(out)
    assert (found["units"], found["spectrum"]["count_outside"]) == (400, 39)
    assert found["spectrum"]["largest_real_part"] == pytest.approx(1.029, abs=5e-4)
    assert found["nonnormality"]["henrici"] == pytest.approx(0.059, abs=5e-4)
    assert found["geometry"]["hypercube_r2"] == pytest.approx(0.999, abs=5e-4)
    assert report.stat().st_size < 12e6


def test_tasks(tmp_path, capsys):
    listed = call(capsys, "tasks")[1].splitlines()
    assert "flipflop: Hold the sign of the last pulse on every bit." in listed
    assert [line.split(":")[0] for line in listed] == [*TASKS, *PATTERNS, *SERIES, *FAMILIES]
    assert "pulse_ms = 20.0  # width of a pulse, ms" in call(capsys, "tasks", "flipflop")[1]
    described = json.loads(call(capsys, "tasks", "flipflop", "--json", "--set", "task.bits=2")[1])
    assert described["conditions"] == ["--", "-+", "+-", "++"]
    picture = tmp_path / "picture.png"
    assert call(capsys, "tasks", "flipflop", "--plot", picture)[0] == 0
    assert picture.read_bytes().startswith(b"\x89PNG")


def bad_files(folder):
    """Files that are no network, by name."""
    (folder / "text.hdf5").write_text("these are not the weights you are looking for")
    (folder / "empty.npz").write_bytes(b"")
    (folder / "weights.pkl").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    np.savez(folder / "nan.npz", recurrent=np.full((4, 4), np.nan), input=np.ones((4, 3)), output=np.ones((3, 4)))
    np.savez(folder / "shape.npz", recurrent=np.ones((4, 5)), input=np.ones((4, 3)), output=np.ones((3, 4)))
    np.savez(folder / "two.npz", recurrent=np.ones((4, 4)), input=np.ones((4, 2)), output=np.ones((3, 4)))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing.hdf5", "there is no file"),
        ("text.hdf5", "is neither an HDF5 file nor a .keras archive"),
        ("empty.npz", "damaged"),
        ("weights.pkl", "unknown ending '.pkl'"),
        ("nan.npz", "recurrent weights holds 16 values that are NaN"),
        ("shape.npz", "recurrent weights have shape (4, 5); expected a square matrix"),
        ("two.npz", "the network has 2 inputs; the task has 3"),
    ],
)
def test_inspect_bad_file(name, message, tmp_path, capsys):
    bad_files(tmp_path)
    before = sorted(tmp_path.iterdir())
    status, out, err = call(capsys, "inspect", tmp_path / name, "--task", "flipflop", "--report", tmp_path / "r.html")
    assert status == 2
    assert not out
    assert len(err.splitlines()) == 1
    assert message in err
    assert name in err
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["rnu", "flipflop"], "No such command 'rnu'. Did you mean 'run'?"),
        (["run", "fliflop"], "did you mean 'flipflop'?"),
        (["run", "flipflop", "--unitts", "3"], "No such option: --unitts"),
        (["run", "flipflop", "--units", "many"], "--units"),
        (["run", "flipflop", "--units", "0"], "units is 0; expected at least 1"),
        (["run", "flipflop", "--units", "200000"], "GiB of memory"),
        (["run", "flipflop", "--networks", "0"], "networks is 0; expected at least 1"),
        (["run", "flipflop", "--seed", "-1"], "seed is -1; expected at least 0"),
        (["run", "flipflop", "--set", "training.stps=3"], "unknown key training.stps; did you mean 'steps'?"),
        (["run", "flipflop", "--set", "task.pulse_ms=-1"], "a duration cannot be negative"),
        (["run", "flipflop", "--set", "task.pulse_ms=0.3"], "0 steps of dt_ms = 1; expected at least 1"),
        (["run", "flipflop", "--set", "task.length_ms=60"], "leave 0 ms to judge the memory"),
        (["run", "nothing.toml"], "nothing.toml: No such file or directory"),
        (["inspect", "x.npz"], "there is no file x.npz"),
        (["inspect", "x.npz", "--task", "fliflop"], "did you mean 'flipflop'"),
        (["tasks", "xxor"], "unknown task 'xxor'; did you mean 'xor'?"),
        (["tasks", "--plot", "a.png"], "--plot and --set need the NAME of a task"),
        (["tasks", "flipflop", "--plot", "a.jpeg"], "unknown ending '.jpeg'"),
        (["analyse", "nowhere"], "there is no folder nowhere"),
        (["report", "."], "is not a run folder"),
        (["export", "nowhere", "--format", "npy", "--out", "x"], "unknown format 'npy'; did you mean 'npz'?"),
    ],
)
def test_bad_call_writes_nothing(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    status, out, err = call(capsys, *arguments)
    assert status == 2
    assert not out
    assert len(err.splitlines()) == 1
    assert message in err
    assert not list(tmp_path.iterdir())


def test_damaged_run_folder(demo, tmp_path, capsys):
    copy = tmp_path / "copy"
    shutil.copytree(demo, copy)
    shutil.rmtree(copy / "run.zarr" / "geometry")
    status, _, err = call(capsys, "report", copy)
    assert status == 2
    assert "geometry" in err
    assert len(err.splitlines()) == 1
    (copy / "run.json").write_text('{"format": 1, "status": "analysed"}')
    status, _, err = call(capsys, "analyse", copy)
    assert (status, "run.json has no spec" in err) == (2, True)


def test_a_defect_is_no_wrong_usage(monkeypatch, capsys):
    """An error that recurra did not raise itself is shown whole, with exit status 1."""
    monkeypatch.setattr("recurra.runs.spec.read_table", lambda _: json.loads("{"))
    status, _, err = call(capsys, "run", "flipflop")
    assert status == 1
    assert "Traceback" in err
