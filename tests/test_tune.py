"""Searches over hyperparameters: what Optuna suggests, trials as runs, killed workers, and fresh networks."""

import json
import math
import multiprocessing
import os
import shutil
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import recurra as rc
from recurra.analysis.cohorts.tuning import best_of
from recurra.cli.app import main
from recurra.models.cohort import History
from recurra.runs.executors import Executor, Processes, nothing
from recurra.runs.scheduler import Dask
from recurra.runs.spec import read_table, to_spec
from recurra.runs.sweep.axes import Axis
from recurra.runs.tune import journal as journals
from recurra.runs.tune import pruning
from recurra.runs.tune.aims import Loss, Rate, Time, aim_named
from recurra.runs.tune.conduct import SilentTuneProgress, TunePiece, conduct_tuning, next_trial
from recurra.runs.tune.folder import TuneFolder
from recurra.runs.tune.journal import Journal
from recurra.runs.tune.plan import TunePlan, plan_of
from recurra.runs.tune.pruning import course_of, is_hopeless
from recurra.runs.workers import LostPiece
from recurra.storage.lock import locked

BASE = {
    "name": "tiny",
    "task": "not",
    "networks": 2,
    "seed": 3,
    "model": {"kind": "gru", "units": 3},
    "training": {"kind": "ridge", "steps": 2, "batch": 8, "validation_trials": 4},
}
RIDGE = Axis("training.ridge", rc.Range(1e-4, 1.0, log=True))
UNITS = Axis("model.units", rc.Range(2, 4))


def near_a_hundredth(cohort):
    """The larger, the nearer the ridge is to 0.01."""
    return -abs(math.log10(cohort.rule.ridge) + 2)


NAMED = f"{__name__}:near_a_hundredth"


def trials_of(folder):
    """What a search found, without times."""
    return [(one.number, one.values, one.state, one.value, dict(one.so_far)) for one in folder.read().trials]


# ---- what Optuna suggests


def searched(tmp_path, number, axes, of, seed=0, larger=True):
    """The values that a journal alone suggests for so many trials, each of which has the value of a function."""
    journal = Journal(tmp_path, axes, larger)
    for _ in range(number):
        entry = journal.begin(journal.suggested(seed))
        journal.end(replace(entry, state="finished", value=of(*entry.values)))
    return [entry.values for entry in journal.entries()]


@pytest.mark.thorough
def test_the_search_finds_a_known_optimum(tmp_path):
    def hill(ridge, kind):
        return -abs(math.log10(ridge) + 2) - (kind == "b")

    axes = (RIDGE, Axis("model.kind", ("a", "b")))
    values = searched(tmp_path, 40, axes, hill)
    away = [abs(math.log10(ridge) + 2) for ridge, _ in values]
    assert min(away) < 0.1
    assert np.median(away[-20:]) < 0.65, "by chance alone it would be 1"
    assert sum(kind == "a" for _, kind in values[-20:]) >= 13
    (tmp_path / "down").mkdir()
    down = searched(tmp_path / "down", 40, axes, lambda *values: -hill(*values), larger=False)
    assert down == values


def test_suggestions_follow_from_seed_and_trials_alone(tmp_path):
    for name in ("one", "two", "other"):
        (tmp_path / name).mkdir()
    one = searched(tmp_path / "one", 14, (RIDGE, UNITS), lambda ridge, units: ridge * units)
    assert searched(tmp_path / "two", 14, (RIDGE, UNITS), lambda ridge, units: ridge * units) == one
    assert searched(tmp_path / "other", 14, (RIDGE, UNITS), lambda ridge, units: ridge * units, seed=1) != one
    assert {units for _, units in one} == {2, 3, 4}
    assert all(1e-4 <= ridge <= 1 for ridge, _ in one)


def test_two_trials_at_once_are_not_the_same_point(tmp_path):
    searched(tmp_path, 12, (RIDGE,), lambda ridge: -abs(math.log10(ridge) + 2))
    journal = Journal(tmp_path, (RIDGE,), True)
    running = [journal.begin(journal.suggested(0)).values[0] for _ in range(4)]
    assert len(set(running)) == 4


def test_values_that_are_tables_and_infinite_numbers_come_back(tmp_path):
    kinds = ({"kind": "normal", "gain": 0.5}, "identity", {"kind": "normal", "gain": 0.5000001})
    axes = (Axis("model.initializer", kinds), Axis("training.gradient_clip", (1.0, math.inf)))
    found = searched(tmp_path, 20, axes, lambda *_: 0.0)
    assert {json.dumps(first) for first, _ in found} == set(map(json.dumps, kinds))
    assert {clip for _, clip in found} == {1.0, "inf"}


def test_optuna_reads_the_journal(tmp_path):
    import optuna

    searched(tmp_path, 3, (RIDGE,), lambda ridge: ridge)
    storage = optuna.storages.JournalStorage(
        optuna.storages.journal.JournalFileBackend(str(tmp_path / "optuna.journal"))
    )
    study = optuna.load_study(study_name="recurra", storage=storage)
    assert [trial.state.name for trial in study.trials] == ["COMPLETE"] * 3
    assert study.best_trial.params["training.ridge"] == study.best_value


def test_half_a_line_of_a_killed_worker_is_removed(tmp_path):
    whole = searched(tmp_path, 3, (RIDGE,), lambda ridge: ridge)
    with (tmp_path / "optuna.journal").open("a") as file:
        file.write('{"op_code":4,"worker')
    journal = Journal(tmp_path, (RIDGE,), True)
    assert [entry.values for entry in journal.entries()] == whole
    fourth = journal.begin(journal.suggested(0))
    assert journal.entries()[3] == fourth


@pytest.mark.parametrize("text", ["[]\n[]\n", '{"op_code": 99}\n{}\n', "\x00\n\x00\n", '{"a": 1}\n' * 3])
def test_a_damaged_journal_is_one_line(tmp_path, text):
    (tmp_path / "optuna.journal").write_text(text)
    with pytest.raises(ValueError, match=r"optuna\.journal is no journal of this search"):
        Journal(tmp_path, (RIDGE,), True).entries()


def test_without_optuna_the_error_says_how_to_install_it(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(journals, "find_spec", lambda _: None)
    assert main(["tune", "xor", "--vary", "training.learning_rate=1e-4..1e-1:log"]) == 2
    assert "pip install 'recurra[tune]'" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


# ---- what is improved, and when a trial is ended


def history(success, loss):
    steps = np.arange(1, len(success[0]) + 1) * 100
    return History(step=steps, loss=np.array(loss), validation_loss=np.array(loss), success=np.array(success))


def test_aims_in_the_course_of_a_trial():
    nan = math.nan
    found = history([[0.0, 0.5, 1.0], [0.0, nan, nan]], [[3.0, 2.0, 1.0], [5.0, nan, nan]])
    assert course_of(Rate(), found) == {100: 0.0, 200: 0.25, 300: 0.5}
    assert course_of(Time(300), found) == {100: 600.0, 200: 600.0, 300: 450.0}
    assert course_of(Loss(), found) == {100: 4.0, 200: 3.5, 300: 3.0}


@pytest.mark.parametrize("larger", [True, False])
def test_only_a_trial_that_stands_still_and_is_worse_than_most_is_ended(larger):
    sign = 1 if larger else -1
    others = [{300: sign * value, 600: sign * value} for value in (0.2, 0.4, 0.6, 0.8)]
    plateau = dict.fromkeys((100, 200, 300), sign * 0.1)
    assert is_hopeless(plateau, others, 200, larger)
    assert not is_hopeless(plateau, others, 300, larger), "the plateau is not longer than the patience"
    assert not is_hopeless(plateau, others[:3], 200, larger), "too few trials to compare with"
    assert not is_hopeless({**plateau, 300: sign * 0.11}, others, 200, larger), "it has improved"
    assert not is_hopeless(dict.fromkeys(plateau, sign * 0.7), others, 200, larger), "it is better than most"
    zero = [{300: 0.0}] * 4
    assert not is_hopeless(dict.fromkeys(plateau, 0.0), zero, 200, larger), "nobody has learned by then"


@pytest.mark.thorough
def test_of_equal_trials_the_sooner_one_is_the_best(found):
    equal = [replace(trial, value=1.0) for trial in found.read().trials[:3]]
    rows = [({"network": 0, "steps_to_success": steps},) for steps in (30.0, 10.0, math.nan)]
    equal = [replace(one, networks=replace(one.networks, rows=row)) for one, row in zip(equal, rows, strict=True)]
    assert best_of(equal, larger=True) == equal[1]
    assert best_of([replace(one, value=math.inf) for one in equal], larger=False) is None


def test_a_function_must_return_a_number():
    with pytest.raises(TypeError, match=r"the aim mine returned array\('x'"):
        aim_named("mine", 10, lambda _: "x").of(None, None)
    assert aim_named("mine", 10, lambda _: np.float32(2)).of(None, None) == 2.0
    with pytest.raises(ValueError, match="no other process can find by its name"):
        aim_named("function test.<lambda>", 10)


# ---- the trials are runs


@pytest.fixture(scope="module")
def plan():
    return TunePlan(BASE, (RIDGE,), NAMED, confirm=3)


@pytest.fixture(scope="module")
def found(plan, tmp_path_factory):
    return conduct_tuning(plan, tmp_path_factory.mktemp("tune") / "ridges", 5, SilentTuneProgress())


def test_the_best_is_the_nearest_to_the_optimum(found):
    record = found.read()
    assert [trial.state for trial in record.trials] == ["finished"] * 5
    nearest = min(record.trials, key=lambda trial: abs(math.log10(trial.values[0]) + 2))
    assert record.best_trial == nearest
    assert record.best.rule.ridge == nearest.values[0]
    frame = record.to_dataframe()
    assert frame["value"].max() == nearest.value
    assert frame["training.ridge"].tolist() == [trial.values[0] for trial in record.trials]
    assert record.best_so_far().tolist() == np.maximum.accumulate(frame["value"]).tolist()


def test_the_confirming_networks_are_new_in_every_way(found, plan):
    record = found.read()
    assert record.confirmed is not None
    runs = [rc.load(trial.folder) for trial in record.trials] + [rc.load(record.confirmed.folder)]
    assert len({run.seed for run in runs}) == len(runs)
    assert len(record.confirmed.rows) == plan.confirm == 3
    starts = [start for trial in record.trials for start in trial.networks.starts]
    assert not set(starts) & set(record.confirmed.starts)
    assert record.confirmed_value == near_a_hundredth(runs[-1])


def test_the_best_spec_trains_the_confirming_networks(found):
    record, path = found.read(), found.folder.path / "best.toml"
    spec = to_spec(read_table(str(path)))
    assert spec.name == "tiny-best"
    assert (spec.networks, spec.seed, spec.training) == (3, record.best.seed, record.best.rule)
    again = rc.train(spec.task, spec.model, spec.training, networks=spec.networks, seed=spec.seed)
    np.testing.assert_array_equal(again.weights.output, rc.load(record.confirmed.folder).weights.output)


def test_the_same_command_changes_nothing_and_another_plan_is_refused(found, plan):
    path = found.folder.path
    before = {file: file.stat().st_mtime_ns for file in path.rglob("*") if file.is_file()}
    again = conduct_tuning(plan, path, 5, SilentTuneProgress())
    assert again.read().table() == found.read().table()
    assert {file: file.stat().st_mtime_ns for file in path.rglob("*") if file.is_file()} == before
    with pytest.raises(ValueError, match="holds a search with another seed"):
        conduct_tuning(replace(plan, base={**BASE, "seed": 4}), path, 5, SilentTuneProgress())
    with pytest.raises(ValueError, match=r"trials is 4, but .* has begun 5"):
        conduct_tuning(plan, path, 4, SilentTuneProgress())
    with pytest.raises(ValueError, match="is a search over hyperparameters; name one of the runs"):
        rc.load(path)
    with pytest.raises(ValueError, match="is not the folder of a search"):
        rc.load_tuning(found.read().trials[0].folder)


class KilledError(BaseException):
    """Takes the place of SIGKILL."""


class Kills(SilentTuneProgress):
    """Ends the search when so many epochs are trained."""

    def __init__(self, after):
        self.left = after

    def epoch(self, training, state):
        self.left -= 1
        if not self.left:
            raise KilledError


@pytest.mark.thorough
@pytest.mark.parametrize("after", [1, 4])
def test_a_killed_search_goes_on_to_the_same_trials(found, plan, tmp_path, after):
    with pytest.raises(KilledError):
        conduct_tuning(plan, tmp_path / "again", 5, Kills(after))
    part = TuneFolder.open(tmp_path / "again").read()
    assert part.trials[-1].state == "running"
    assert part.confirmed is None
    again = conduct_tuning(plan, tmp_path / "again", 5, SilentTuneProgress())
    assert trials_of(again) == trials_of(found)
    assert again.read().table() == found.read().table()


def test_more_trials_go_on_as_if_there_had_been_no_pause(found, plan, tmp_path):
    shutil.copytree(found.folder.path, tmp_path / "more")
    more = conduct_tuning(plan, tmp_path / "more", 6, SilentTuneProgress())
    assert trials_of(more)[:5] == trials_of(found)
    assert len(more.read()) == 6


@pytest.mark.thorough
def test_a_trial_that_another_works_at_is_left_to_it(plan, tmp_path):
    with pytest.raises(KilledError):
        conduct_tuning(plan, tmp_path / "shared", 2, Kills(1))
    folder = TuneFolder.open(tmp_path / "shared")
    piece = TunePiece(folder.folder.path, ())
    folder.lock_of(0).mkdir()  # as a killed worker leaves it
    with locked(folder.lock_of(0)):
        assert next_trial(piece) == (1,), "trial 0 is somebody's, so that a new one begins"
    assert next_trial(piece) == (0,), "its worker has ended, so that it is free"
    assert next_trial(piece) == ()
    assert {path.name for path in (folder.folder.path / "trials").iterdir()} == {"0000", "0001"}
    assert [trial.state for trial in folder.read().trials] == ["finished", "finished"]


@pytest.mark.thorough
def test_a_hopeless_trial_is_ended_and_stays_so(tmp_path, monkeypatch):
    monkeypatch.setattr(pruning, "is_hopeless", lambda course, others, *_: others and max(course) >= 3)
    steps = {"steps": 5, "trials": {"kind": "fresh", "steps_an_epoch": 1}}
    plan = TunePlan({**BASE, "training": {**BASE["training"], **steps}}, (RIDGE,), "loss", patience=1, confirm=1)
    found = conduct_tuning(plan, tmp_path / "pruned", 3, SilentTuneProgress()).read()
    assert [trial.state for trial in found.trials] == ["finished", "pruned", "pruned"]
    assert [sorted(trial.so_far) for trial in found.trials] == [[1, 2, 3, 4, 5], [1, 2, 3], [1, 2, 3]]
    assert found.best_trial == found.trials[0]
    assert math.isnan(found.trials[1].value)
    assert found.trials[1].networks is None
    again = conduct_tuning(plan, tmp_path / "pruned", 3, SilentTuneProgress()).read()
    assert again.table() == found.table()


class LosesAll(Executor):
    """An executor whose workers are all killed."""

    @property
    def workers(self) -> int:
        return 1

    def map(self, job, pieces, on_look=nothing):
        for piece in pieces:
            yield piece, LostPiece("its process was ended by SIGKILL")


def test_lost_workers_are_told_when_nothing_goes_on(plan, tmp_path):
    with pytest.raises(ChildProcessError, match="no worker could end a trial: its process was ended by SIGKILL"):
        conduct_tuning(plan, tmp_path / "lost", 2, SilentTuneProgress(), executor=LosesAll())


@pytest.mark.thorough
def test_a_trial_that_cannot_be_trained_is_data(tmp_path):
    kinds = Axis("model.initializer", ("orthogonal", {"kind": "normal", "gain": -1.0}, "identity"))
    found = conduct_tuning(TunePlan(BASE, (kinds,), "loss", confirm=1), tmp_path / "kinds", 8, SilentTuneProgress())
    states = {trial.values[0] if isinstance(trial.values[0], str) else "bad": trial for trial in found.read().trials}
    assert states["bad"].state == "failed"
    assert "gain is -1" in states["bad"].reason
    assert states["orthogonal"].state == "finished"
    assert found.read().best_trial in found.read().finished


@pytest.mark.thorough
def test_an_aim_that_is_not_a_number_is_data_and_all_of_them_an_error(tmp_path):
    plan = TunePlan(BASE, (RIDGE,), "function nothing", confirm=1)
    with pytest.raises(ValueError, match=r"none of 2 trials in .* has a finite aim, such as its aim is not a number"):
        conduct_tuning(plan, tmp_path / "none", 2, SilentTuneProgress(), function=lambda _: math.nan)
    assert [trial.state for trial in rc.load_tuning(tmp_path / "none").trials] == ["failed", "failed"]


# ---- Python, plans and the command


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"axes": ()}, "nothing varies"),
        ({"axes": (RIDGE, RIDGE)}, "a key varies twice"),
        ({"axes": (Axis("seed", (1, 2)),)}, "seed cannot vary"),
        ({"aim": "rates"}, "unknown aim 'rates'; did you mean 'rate'"),
        ({"patience": 0}, "patience is 0"),
        ({"confirm": 0}, "confirm is 0"),
    ],
)
def test_bad_plans(changed, message):
    with pytest.raises(ValueError, match=message):
        TunePlan(**{"base": BASE, "axes": (RIDGE,), **changed})


def test_a_plan_comes_back_from_its_table():
    plan = TunePlan({**BASE, "divergence": math.inf}, (RIDGE, UNITS), "time", 500, 7)
    assert plan_of(plan.base, json.loads(json.dumps(plan.table()))) == plan
    assert TunePlan(BASE, (Axis("training.steps", (2, 9, 4)),)).longest == 9


def test_an_impossible_search_writes_nothing(tmp_path):
    with pytest.raises(ValueError, match=r"unknown key model\.unit;"):
        conduct_tuning(TunePlan(BASE, (Axis("model.unit", (2,)),)), tmp_path / "x", 2, SilentTuneProgress())
    with pytest.raises(ValueError, match="trials is 0"):
        conduct_tuning(TunePlan(BASE, (RIDGE,)), tmp_path / "x", 0, SilentTuneProgress())
    assert not list(tmp_path.iterdir())


@pytest.mark.thorough
def test_from_python(tmp_path):
    seen = []

    def few_units(cohort):
        seen.append(cohort)
        return -cohort.model.units

    rule = rc.Ridge(steps=2, batch=8, validation_trials=4)
    found = rc.tune(
        rc.Not(), rc.GRU(units=3), rule, vary={"model.units": [2, 3]}, networks=2, seed=0, trials=4,
        path=tmp_path / "units", aim=few_units, confirm=1,
    )  # fmt: skip
    assert found.best.model.units == 2
    assert {type(cohort) for cohort in seen} == {rc.Cohort}
    assert rc.load_tuning(tmp_path / "units").table() == found.table()
    assert "Report this number" in repr(found)
    assert "winner" in found._repr_html_()
    axes = rc.plot(found)
    assert axes.get_ylabel().startswith("Aim: ")
    with pytest.raises(TypeError, match="aim is 3; expected rate, time, loss, or a function"):
        rc.tune(rc.Not(), rc.GRU(units=3), rule, vary={"model.units": [2]}, networks=1, seed=0, trials=1,
                path=tmp_path / "x", aim=3)  # fmt: skip


@pytest.mark.thorough
def test_command(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = 'kind = "gru"\nunits = 3'
    rule = 'kind = "ridge"\nsteps = 2\nbatch = 8\nvalidation_trials = 4'
    (tmp_path / "mine.toml").write_text(f'name = "<i>mine"\ntask = "not"\n[model]\n{model}\n[training]\n{rule}\n')
    arguments = ["tune", "mine.toml", "--vary", "model.units=2..3", "--vary", "training.ridge=1e-3..1:log"]
    assert main([*arguments, "--show"]) == 0
    assert capsys.readouterr().out == "model.units: 2..3\ntraining.ridge: 0.001..1:log\naim: rate\n"
    assert main(["tune", "mine.toml"]) == 2
    assert "nothing varies" in capsys.readouterr().err
    arguments += ["--networks", "1", "--aim", "loss", "--confirm", "1", "--out", "here"]
    assert main([*arguments, "--trials", "2"]) == 0
    printed = capsys.readouterr().out
    assert "Report this number" in printed
    assert "best: here/best.toml\nreport: here/report.html" in printed
    assert main(["tune", "here", "--trials", "3", "--json"]) == 0
    table = json.loads(capsys.readouterr().out)
    assert [row["state"] for row in table["trials"]] == ["finished"] * 3
    assert main(["tune", "here", "--aim", "rate"]) == 2
    assert "leave all but --trials away" in capsys.readouterr().err
    page = (tmp_path / "here" / "report.html").read_text()
    assert "&lt;i&gt;mine" in page
    assert "<i>mine" not in page
    for key in ("optimization_history", "param_importances", "slice", "parallel_coordinate", "contour"):
        assert f'id="data-{key}"' in page
    assert main(["run", "here/best.toml", "--show"]) == 0


@pytest.mark.slow
@pytest.mark.parametrize("executor", [Processes(2), Dask("local:2")], ids=["processes", "Dask"])
def test_several_workers_of_one_command(executor, tmp_path):
    plan = TunePlan(BASE, (RIDGE,), "loss", confirm=2)
    found = conduct_tuning(plan, tmp_path / "two", 5, SilentTuneProgress(), executor=executor).read()
    assert [trial.state for trial in found.trials] == ["finished"] * 5
    assert len({trial.values for trial in found.trials}) == 5
    alone = rc.load(found.trials[4].folder)
    again = rc.train(alone.task, alone.model, alone.rule, networks=2, seed=alone.seed)
    np.testing.assert_array_equal(alone.weights.output, again.weights.output)


@pytest.mark.slow
def test_a_worker_that_is_killed_leaves_nothing_stuck(tmp_path):
    """Two processes on one folder, one of which is killed in a trial: the other does all that is left."""
    context = multiprocessing.get_context("spawn")
    path = tmp_path / "workers"
    uses = (str(Path(__file__)),)
    workers = [context.Process(target=_work, args=(path, uses)) for _ in range(2)]
    for worker in workers:
        worker.start()
    journal = path / "optuna.journal"
    for _ in range(600):
        if journal.is_file() and journal.read_bytes().count(b"\n") > 2:
            break
        time.sleep(0.1)
    os.kill(workers[0].pid, signal.SIGKILL)
    workers[1].join(300)
    assert workers[1].exitcode == 0
    record = TuneFolder.open(path).read()
    assert [trial.state for trial in record.trials] == ["finished"] * 5
    assert record.confirmed is not None


def _work(path, uses):
    from recurra.runs.own import use

    sys.path.insert(0, str(Path(__file__).parent))
    use(uses)
    conduct_tuning(TunePlan(BASE, (RIDGE,), NAMED, confirm=3), path, 5, SilentTuneProgress())
