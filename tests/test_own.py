"""Parts of a user's own, named "module:Class" in specs: imported where he says so, and for no spec or folder."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recurra.cli.app import main
from recurra.runs import own
from recurra.runs.executors import Processes
from recurra.runs.record import cohort_of, read_run, spec_of
from recurra.runs.runner import SilentProgress, analyse_run, resume_run, start_run
from recurra.runs.show import task_text, to_toml
from recurra.runs.spec import RunSpec, to_spec
from recurra.storage.run_folder import RunFolder

PARTS = '''
from collections import OrderedDict
from dataclasses import dataclass, field, replace
import jax, jax.numpy as jnp
import recurra as rc
from recurra.models import Initializer


@dataclass(frozen=True)
class Echo(rc.OwnTask):
    """Say a sign again, later."""

    conditions: tuple[str, ...] = ("down", "up")
    gap: int = 4

    def trial(self, key):
        up = jax.random.bernoulli(key)
        value, time = jnp.where(up, 1.0, -1.0), jnp.arange(12, dtype=jnp.int32)[:, None]
        return rc.Trial.of(jnp.where(time < 2, value, 0), jnp.where(time >= 2 + self.gap, value, 0), condition=up)


@dataclass(frozen=True)
class Half(Initializer):
    """Half of the identity."""

    def __call__(self, key, shape):
        return 0.5 * jnp.eye(*shape, dtype=jnp.float32)


@dataclass(frozen=True)
class Units(rc.Model):
    """Rate units by another name."""

    units: int = 3
    start_of: Initializer = field(default_factory=Half)
    constraints: tuple[rc.Constraint, ...] = ()

    def inner(self):
        return rc.RateRNN(self.units, tau_ms=1.0, initializer=self.start_of)

    def dynamics(self, dt_ms):
        return self.inner().dynamics(dt_ms)

    def initial_weights(self, key, inputs, outputs):
        return self.inner().initial_weights(key, inputs, outputs)


@dataclass(frozen=True)
class Positive(rc.Constraint):
    """No weight below zero."""

    def start(self, key, weights):
        return replace(weights, recurrent=jnp.abs(weights.recurrent))

    def free(self, parameters):
        return OrderedDict(parameters, recurrent=jnp.abs(parameters["recurrent"]))

    def apply(self, free, start):
        return OrderedDict(free, recurrent=jnp.abs(free["recurrent"]))


@dataclass(frozen=True, kw_only=True)
class Descent(rc.LearningRule):
    """Gradient descent on the readout alone."""

    rate: float = 0.1

    def init(self, setup, weights):
        return rc.Learner(weights, jnp.zeros(weights.networks, jnp.int32))

    def step(self, setup, learner, active, trials):
        loss, slope = setup.engine.loss_and_gradient(
            setup.dynamics, learner.weights, trials.inputs, trials.targets, trials.mask
        )
        moved = replace(learner.weights, output=learner.weights.output - self.rate * slope.output)
        kept = replace(moved, output=jnp.where(active[:, None, None], moved.output, learner.weights.output))
        return rc.Learner(kept, learner.step + active.astype(jnp.int32)), active, jnp.where(active, loss, jnp.nan)


@dataclass
class Thawed(rc.Constraint):
    def apply(self, free, start):
        return free


def loose():
    pass
'''
TABLE = {
    "name": "own",
    "networks": 2,
    "task": {"kind": "own_parts:Echo", "gap": 3},
    "model": {"kind": "own_parts:Units", "units": 4, "constraints": ["own_parts:Positive"]},
    "training": {
        "kind": "own_parts:Descent",
        "steps": 4,
        "batch": 3,
        "validation_trials": 4,
        "trials": {"kind": "fresh", "steps_an_epoch": 2},
    },
}
NEEDED = (
    "it needs the module own_parts, not imported yet: a spec or a folder imports nothing by itself. "
    "Give --use own_parts.py"
)


@pytest.fixture
def parts(tmp_path, monkeypatch):
    """A file with parts of a user's own, forgotten afterwards."""
    monkeypatch.setattr(own, "_used", {})
    path = tmp_path / "own_parts.py"
    path.write_text(PARTS)
    yield path
    sys.modules.pop("own_parts", None)


def test_a_spec_of_ones_own_parts_there_and_back(parts):
    with pytest.raises(ValueError, match=NEEDED):
        to_spec(TABLE)
    own.use([str(parts)])
    spec = to_spec(TABLE)
    assert spec.task == sys.modules["own_parts"].Echo(gap=3)
    assert to_spec(json.loads(json.dumps(spec.table()))) == spec
    assert 'kind = "own_parts:Positive"' in to_toml(spec)
    assert spec.table()["model"]["start_of"] == {"kind": "own_parts:Half"}
    assert own.modules_in(spec.table()) == ("own_parts",)
    assert own.used() == (str(parts),)


@pytest.mark.slow
def test_a_run_of_ones_own_parts_goes_all_the_way(parts, tmp_path, capsys):
    """Trained, resumed, analysed, reported, looked at and exported, each in a command that is told the file."""
    spec, run, use = tmp_path / "own.toml", tmp_path / "run", ["--use", str(parts)]
    own.use([str(parts)])
    spec.write_text(to_toml(to_spec(TABLE)))
    assert main(["train", str(spec), "--out", str(run), *use]) == 0
    assert main(["run", "--resume", str(run), *use]) == 0
    assert main(["report", str(run), "--out", str(tmp_path / "page.html"), *use]) == 0
    assert main(["inspect", str(run), "--json", *use]) == 0
    assert main(["export", str(run), "--format", "npz", "--out", str(tmp_path / "npz"), *use]) == 0
    assert "task Echo" in capsys.readouterr().out
    assert "recurra run own.toml --out runs/own --use own_parts.py" in (tmp_path / "page.html").read_text()
    cohort = cohort_of(RunFolder.open(run))
    assert (np.asarray(cohort.weights.recurrent) >= 0).all()
    assert (np.asarray(cohort.weights.output) != np.asarray(cohort.initial.output)).all()
    del sys.modules["own_parts"]
    assert main(["inspect", str(run)]) == 2
    assert f"run.json: {NEEDED}" in capsys.readouterr().err


@pytest.mark.slow
def test_processes_import_what_this_one_uses(parts, tmp_path):
    own.use([str(parts)])
    folder = start_run(to_spec(TABLE), tmp_path / "run", False, SilentProgress())
    analyse_run(folder, SilentProgress(), Processes(2))
    assert len(read_run(folder).dossiers) == 2


@pytest.mark.slow
def test_a_training_of_ones_own_parts_goes_on_to_the_same_bits(parts, tmp_path, monkeypatch):
    own.use([str(parts)])
    spec = to_spec(TABLE)
    whole = start_run(spec, tmp_path / "whole", False, SilentProgress())

    class Cut(SilentProgress):
        def epoch(self, training, state):
            if state.epoch == 1:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        start_run(spec, tmp_path / "cut", False, Cut())
    resume_run(cut := RunFolder.open(tmp_path / "cut"), None, SilentProgress())
    assert spec_of(cut) == spec
    np.testing.assert_array_equal(cohort_of(cut).weights.output, cohort_of(whole).weights.output)


@pytest.mark.slow
def test_the_command_that_goes_on_names_what_it_needs(parts, tmp_path):
    own.use([str(parts)])
    folder = start_run(to_spec({"name": "mine", **TABLE}), tmp_path / "run", False, SilentProgress())
    with pytest.raises(ValueError, match=rf"run recurra analyse {folder} --use {parts} first"):
        read_run(folder)
    folder.update_about(status="training")
    with pytest.raises(ValueError, match=rf"go on with recurra run --resume {folder} --use {parts}$"):
        read_run(folder)


@pytest.mark.slow
def test_a_command_imports_nothing_by_itself(tmp_path):
    """A file of the name that a spec asks for lies in the folder of the command, and is not run."""
    (tmp_path / "own_parts.py").write_text("raise SystemExit('run')")
    (tmp_path / "spec.toml").write_text('task = "own_parts:Echo"')
    command = [sys.executable, "-m", "recurra", "run", "spec.toml", "--show"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert NEEDED in done.stderr


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("own_parts:Ecko", "task is 'own_parts:Ecko', but own_parts has no 'Ecko'; did you mean 'Echo'?"),
        (
            "own_parts:Units",
            "task is 'own_parts:Units', the class Units; expected a class that is derived",
        ),
        ("own_parts:loose", "task is 'own_parts:loose', a function; expected a class that is derived from rc.Task"),
        ("own_parts:jax.numpy", "expected 'module:Class', a class at the top of a module of your own"),
        ("recurra.tasks:FunctionTask", "expected 'module:Class', a class at the top of a module of your own"),
        ("__main__:Echo", "expected 'module:Class', a class at the top of a module of your own"),
        ("os:system", "task is 'os:system', a builtin_function_or_method; expected a class"),
        (":Echo", "task is ':Echo'; expected 'module:Class'"),
    ],
)
def test_what_a_spec_cannot_name(parts, kind, message):
    own.use([str(parts)])
    with pytest.raises(ValueError, match=message.replace("?", r"\?")):
        to_spec({"task": kind})


def test_a_part_that_is_no_frozen_dataclass(parts):
    own.use([str(parts)])
    table = {"task": "and", "model": {"kind": "rate", "constraints": ["own_parts:Thawed"]}}
    with pytest.raises(ValueError, match=r"constraints\[0\] is 'own_parts:Thawed', no frozen dataclass; put @data"):
        to_spec(table)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("my-parts.py", "", "'my-parts' is no module's name; rename it to letters and _"),
        ("json.py", "", r"would be the module json, which .*json/__init__.py is already; rename the file"),
        ("sys.py", "", "would be the module sys, which a part of Python is already"),
        ("jaxtyping.py", "", "would be the module jaxtyping, which .* is already"),
        ("broken.py", "x = 1\ny = x +\n", "broken.py cannot be imported: line 2: SyntaxError: invalid syntax"),
        ("failing.py", "a = 1\nb = c\n", "failing.py cannot be imported: line 2: NameError: name 'c' is not defined"),
        ("leaving.py", "raise SystemExit\n", "leaving.py cannot be imported: line 1: SystemExit"),
    ],
)
def test_files_that_cannot_be_used(tmp_path, name, text, message):
    (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=message):
        own.use([str(tmp_path / name)])
    assert Path(name).stem not in ("broken", "failing", "leaving") or Path(name).stem not in sys.modules


def test_files_and_modules_that_are_not_there(parts, tmp_path):
    with pytest.raises(ValueError, match=r"--use: there is no file .*absent.py"):
        own.use([str(tmp_path / "absent.py")])
    with pytest.raises(ValueError, match=r"--use: absent_one cannot be imported: .*expected a file that ends in .py"):
        own.use(["absent_one"])
    own.use([str(parts), str(parts), "own_parts"])
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "own_parts.py").write_text(PARTS)
    with pytest.raises(ValueError, match=r"other/own_parts.py would be the module own_parts, which .* is already"):
        own.use([str(tmp_path / "other" / "own_parts.py")])


@pytest.mark.thorough
def test_what_cannot_be_named_is_refused_before_anything_is_made(parts, tmp_path):
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(PARTS, "notebook", "exec"), namespace)  # noqa: S102 (our own text)
    own.use([str(parts)])
    whole = sys.modules["own_parts"].Echo(gap=np.int64(3))
    for task, message in [
        (namespace["Echo"](), "Echo is defined in the program or notebook that runs, .* put it in a file of its own"),
        (whole, "Echo.gap is a int64, which no spec can hold; expected numbers, texts, tuples or frozen"),
    ]:
        with pytest.raises(ValueError, match=message):
            start_run(RunSpec(task), tmp_path / "run", False, SilentProgress())
    assert not (tmp_path / "run").exists()


def test_a_name_without_its_module_is_answered_with_the_whole_name(parts):
    own.use([str(parts)])
    with pytest.raises(ValueError, match=r"unknown task 'Echo'; did you mean 'own_parts:Echo'\?"):
        to_spec({"task": "Echo"})
    with pytest.raises(ValueError, match=r"unknown training 'Nothing'; expected one of: .*own_parts:Descent"):
        to_spec({"task": "xor", "training": {"kind": "Nothing"}})


def test_a_task_without_sources_has_no_heading_for_them():
    described = {"name": "x", "summary": "A task.", "inputs": 1, "outputs": 1, "steps": 9, "dt_ms": 1.0}
    described |= {"conditions": [], "rounded": {}, "parameters": {}, "sources": []}
    assert task_text(described) == "A task.\ninputs 1, outputs 1, 9 steps"
