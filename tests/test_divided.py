"""A run that is trained in parts is the run that is trained whole, however its parts are trained."""

import json
import os
import signal
import subprocess
import sys
import time
import warnings

import numpy as np
import pytest

import recurra as rc
from recurra.cli.app import main
from recurra.models.cohort import History
from recurra.runs.clusters import Slurm, cluster_of
from recurra.runs.divided import DividedRun
from recurra.runs.executors import ThisProcess
from recurra.runs.record import cohort_of, numbers_of_part
from recurra.runs.runner import start_run
from recurra.runs.scheduler import Dask
from recurra.runs.spec import read_table, to_spec, with_settings
from recurra.runs.train_run import SilentPartsProgress
from recurra.runs.trained_cohorts import TrainedCohorts
from recurra.runs.trained_parts import TrainingPiece, resumed, train_divided, train_part
from recurra.runs.workers import LostPiece
from recurra.storage.run_folder import RunFolder

# the networks end in different epochs: by their success, as a stop of the rule
SETTINGS = [
    *("networks=4", "model.units=6", "training.steps=160", "training.trials.steps_an_epoch=20"),
    *(
        "training.validation_trials=16",
        "training.batch=8",
        "training.stop.kind=success",
        "training.stop.bound=0.6",
    ),
]
TABLE = with_settings(read_table("not"), SETTINGS)
SPEC = to_spec(TABLE)
QUIET = SilentPartsProgress()
WORDS = ["not", *(word for one in SETTINGS for word in ("--set", one))]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return start_run(SPEC, tmp_path_factory.mktemp("whole") / "run", False, QUIET)


def assert_same(one: RunFolder, other: RunFolder) -> None:
    """The same files with the same bytes, but for `run.json`, which says when and where."""
    files = [
        {path.relative_to(folder.path): path.read_bytes() for path in folder.path.rglob("*") if path.is_file()}
        for folder in (one, other)
    ]
    abouts = [json.loads(named.pop(min(named, key=lambda path: path.name != "run.json"))) for named in files]
    assert files[0] == files[1]
    for key in ("spec", "networks", "epoch", "status", "engine", "sources"):
        assert abouts[0][key] == abouts[1][key], key
    assert set(abouts[0]) == set(abouts[1])


@pytest.mark.thorough
def test_the_networks_end_in_different_epochs(whole):
    ends = np.isfinite(cohort_of(whole).history.loss).sum(axis=1)
    assert ends.max() > ends.min()


@pytest.mark.parametrize("networks", [1, 2, 7, 40])
def test_parts_are_as_equal_as_can_be(networks):
    for of in range(1, networks + 1):
        parts = [numbers_of_part(networks, number, of) for number in range(1, of + 1)]
        assert [one for part in parts for one in part] == list(range(networks))
        assert max(map(len, parts)) - min(map(len, parts)) <= 1
    with pytest.raises(ValueError, match=f"part 0 of 1 of {networks}"):
        numbers_of_part(networks, 0, 1)


@pytest.mark.thorough
@pytest.mark.parametrize("of", [2, pytest.param(3, marks=pytest.mark.slow)])
def test_parts_in_any_order_are_the_whole(of, whole, tmp_path):
    run = DividedRun.begin(SPEC, tmp_path / "run", of)
    for number in reversed(range(1, of + 1)):
        with pytest.raises(ValueError, match=f"of the {of} parts of .* are not trained, such as part 1"):
            run.join()
        DividedRun.begin(SPEC, tmp_path / "run", of).train(number, QUIET)
    assert run.progress() == (of, SPEC.training.steps)
    run.join()
    assert_same(run.folder, whole)
    assert cohort_of(run.folder) == cohort_of(whole)
    assert [stretch["part"] for stretch in run.folder.entry("stretches")] == list(range(1, of + 1))


@pytest.mark.thorough
def test_a_part_that_was_cut_off_goes_on(whole, tmp_path, monkeypatch):
    class Killed(BaseException):
        pass

    def update(folder, **changes):
        if changes.get("epoch", 0) >= 2:
            raise Killed
        original(folder, **changes)

    original, run = RunFolder.update_about, DividedRun.begin(SPEC, tmp_path / "run", 2)
    monkeypatch.setattr(RunFolder, "update_about", update)
    with pytest.raises(Killed):
        train_part(TrainingPiece(run.folder.path, 2, ()))
    monkeypatch.undo()
    assert run.waiting() == [1, 2]
    with pytest.raises(
        ValueError, match=r"is trained in 2 parts, which are not joined yet; go on with recurra run --re"
    ):
        cohort_of(run.folder)
    train_divided(run, ThisProcess(), QUIET)
    assert_same(run.folder, whole)


@pytest.mark.thorough
def test_a_join_that_was_cut_off_is_done_again(whole, tmp_path, monkeypatch):
    class Killed(BaseException):
        pass

    run = DividedRun.begin(SPEC, tmp_path / "run", 2)
    for number in (1, 2):
        run.train(number, QUIET)
    monkeypatch.setattr(RunFolder, "update_about", lambda *_, **__: (_ for _ in ()).throw(Killed))
    with pytest.raises(Killed):
        run.join()
    monkeypatch.undo()
    run.join()
    assert_same(run.folder, whole)


@pytest.mark.thorough
def test_command(whole, tmp_path, capsys):
    out = ["--out", str(tmp_path / "run")]
    assert main(["train", *WORDS, *out, "--part", "2/2"]) == 0
    assert capsys.readouterr().out.endswith("still to be trained: 1 part\n")
    assert main(["join", str(tmp_path / "run")]) == 2
    assert "1 of the 2 parts" in capsys.readouterr().err
    assert main(["train", *WORDS, *out, "--part", "1/2"]) == 0
    assert main(["join", str(tmp_path / "run")]) == 0
    assert_same(RunFolder.open(tmp_path / "run"), whole)
    assert main(["join", str(tmp_path / "run")]) == 0  # as after a join that was killed when all was done
    assert_same(RunFolder.open(tmp_path / "run"), whole)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--part", "3/2"], "--part is '3/2'; expected K/N with K from 1 to N"),
        (["--part", "0/2"], "--part is '0/2'"),
        (["--part", "1"], "--part is '1'"),
        (["--part", "1/5"], "parts is 5; expected at most 4"),
        (["--part", "1/2", "--overwrite"], "--part is for one job of many"),
        (["--parts", "2"], "--parts needs --scheduler"),
    ],
)
def test_bad_options(options, message, tmp_path, capsys):
    assert main(["train", *WORDS, "--out", str(tmp_path / "run"), *options]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_what_was_begun_otherwise_is_refused(whole, tmp_path):
    DividedRun.begin(SPEC, tmp_path / "run", 2)
    with pytest.raises(ValueError, match="is trained in 2 parts, not in 3"):
        DividedRun.begin(SPEC, tmp_path / "run", 3)
    other = to_spec(with_settings(TABLE, ["seed=7"]))
    with pytest.raises(ValueError, match=r"another seed \(0, not 7\)"):
        DividedRun.begin(other, tmp_path / "run", 2)
    with pytest.raises(ValueError, match="is not trained in parts"):
        DividedRun.open(whole)
    with pytest.raises(ValueError, match="parts needs an executor"):
        rc.train_run(rc.preset("not"), networks=2, seed=0, path=tmp_path / "other", parts=2)


@pytest.mark.thorough
def test_parts_of_another_run_are_refused(tmp_path):
    run = DividedRun.begin(SPEC, tmp_path / "run", 2)
    for number in (1, 2):
        run.train(number, QUIET)
    about = run.path_of(2) / "run.json"
    told = json.loads(about.read_text())
    about.write_text(json.dumps({**told, "networks": told["networks"][::-1]}))
    with pytest.raises(ValueError, match="2 does not hold networks 2 to 3, which part 2 has"):
        run.join()
    about.write_text(json.dumps({**told, "spec": {**told["spec"], "seed": 5}}))
    with pytest.raises(ValueError, match=r"was made with another seed \(5, not 0\)"):
        run.join()


def test_histories_of_different_lengths():
    rows = [History(np.arange(1.0, n + 1), *(np.full((2, n), float(n)) for _ in range(3))) for n in (1, 3)]
    joined = History.joined(rows)
    np.testing.assert_array_equal(joined.step, [1, 2, 3])
    np.testing.assert_array_equal(np.isnan(joined.loss), [[False, True, True]] * 2 + [[False] * 3] * 2)


@pytest.mark.thorough
def test_parts_of_other_machines_are_told(tmp_path, monkeypatch):
    run = DividedRun.begin(SPEC, tmp_path / "run", 2)
    run.train(1, QUIET)
    monkeypatch.setattr("recurra.surroundings.vectors", lambda: "another")
    run.train(2, QUIET)
    with pytest.warns(
        RuntimeWarning, match=r"parts were trained with the vectors .*, here another: their networks may"
    ):
        run.join()


def test_a_study_trains_its_cohorts_by_workers(whole, tmp_path):
    cohorts, told = TrainedCohorts(tmp_path, "auto"), []
    smaller = to_spec(with_settings(TABLE, ["networks=2"]))
    cohorts.prepare([SPEC, smaller], ThisProcess(), lambda *numbers: told.append(numbers))
    assert told == [(0, 1), (1, 1)]  # four networks serve for two
    assert cohorts.ready(SPEC)
    assert cohorts.cohort(smaller, QUIET) == cohort_of(whole)[:2]


SLURM = 'jobs = 3\ncores = 4\nprocesses = 2\nmemory = "8GB"\nwalltime = "01:00:00"\nqueue = "short"\n'


def test_job_script(tmp_path):
    file = tmp_path / "slurm.toml"
    file.write_text(SLURM + 'job_script_prologue = ["module load python"]\nworker_extra_args = ["--lifetime", "55m"]\n')
    cluster = cluster_of(f"slurm:{file}")
    assert isinstance(cluster, Slurm)
    assert cluster.workers == 6
    with cluster.cluster() as made:
        script = made.job_script()
    for line in ("#SBATCH -p short", "#SBATCH --cpus-per-task=4", "#SBATCH -t 01:00:00", "module load python"):
        assert f"\n{line}\n" in script
    assert script.index("module load python") < script.index("export RECURRA_THREADS=2")
    for words in ("--nworkers 2", "--nthreads 1", "--lifetime 55m"):
        assert words in script


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("jobs = 1\ncores = 1\n", "has no memory and no walltime"),
        (SLURM + "partition = 1\n", "has the unknown key partition; expected: jobs"),
        (SLURM.replace('"short"', "3"), "queue is 3; expected a text"),
        (SLURM.replace("jobs = 3", "jobs = 0"), "jobs is 0"),
        ("jobs", "is no TOML"),
    ],
)
def test_bad_files_of_slurm(text, message, tmp_path):
    (tmp_path / "slurm.toml").write_text(text)
    with pytest.raises(ValueError, match=message):
        Dask(f"slurm:{tmp_path / 'slurm.toml'}")


@pytest.mark.slow
def test_workers_give_the_same_bits(whole, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # of Dask
        cohort = rc.train_run(
            SPEC.task, SPEC.model, SPEC.training, networks=4, seed=0, path=tmp_path / "not", executor=Dask("local:2")
        )
    assert cohort == cohort_of(whole)


@pytest.mark.slow
@pytest.mark.parametrize("killed", range(3))
def test_workers_that_are_killed_change_nothing(killed, whole, tmp_path, seed):
    """Every worker is killed at a random moment, several times."""
    rng, path = np.random.default_rng([seed, killed]), tmp_path / "run"
    command = [sys.executable, "-m", "recurra", "train", *WORDS, "--out", str(path), "--scheduler", "local:4"]
    process = subprocess.Popen(command, env={**os.environ, "JAX_ENABLE_X64": "1"})
    while not list(path.glob("parts/*/run.json")) and process.poll() is None:
        time.sleep(0.01)
    for _ in range(3):
        time.sleep(rng.uniform(0, 6))
        workers = subprocess.run(
            ["pgrep", "-P", str(process.pid), "-f", "spawn_main"], capture_output=True, text=True, check=False
        )
        for number in workers.stdout.split()[:2]:
            os.kill(int(number), signal.SIGKILL)
    assert process.wait() == 0
    assert_same(RunFolder.open(path), whole)


@pytest.mark.slow
def test_an_interrupted_command_goes_on_without_workers(tmp_path):
    path, long = tmp_path / "run", ["training.steps=1600", "training.stop.bound=1"]
    words = [*WORDS, *(word for one in long for word in ("--set", one))]
    command = [sys.executable, "-m", "recurra", "train", *words, "--out", str(path), "--scheduler", "local:2"]
    process = subprocess.Popen(command, env={**os.environ, "JAX_ENABLE_X64": "1"}, stderr=subprocess.PIPE, text=True)
    while not list(path.glob("parts/*/log.jsonl")) and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    assert process.communicate()[1].splitlines()[-1].endswith("goes on from the last epoch")
    assert process.returncode == 130
    spec = to_spec(with_settings(TABLE, long))
    resumed(RunFolder.open(path), spec, None, None, QUIET)
    assert_same(RunFolder.open(path), start_run(spec, tmp_path / "whole", False, QUIET))


@pytest.mark.thorough
def test_a_lost_part_is_told_and_the_others_are_kept(whole, tmp_path):
    class Lossy:
        def map(self, job, pieces, on_look):
            for piece in pieces:
                yield piece, LostPiece("it was killed") if piece.part == 1 else job(piece)

    run = DividedRun.begin(SPEC, tmp_path / "run", 2)
    with pytest.raises(ChildProcessError, match=r"1 of the 2 parts of .* were not trained: it was killed\. What"):
        train_divided(run, Lossy(), QUIET)  # type: ignore[arg-type]
    assert run.waiting() == [1]
    resumed(run.folder, None, None, None, QUIET)
    assert_same(run.folder, whole)
