"""A task of one's own at the border: what is wrong with it is one line that names it, before anything is trained."""

import itertools
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import recurra as rc
from recurra.analysis.dossier import make_dossier
from recurra.models import Network
from recurra.periods import Period
from recurra.runs.runner import SilentProgress, start_run
from recurra.runs.spec import RunSpec
from recurra.tasks import TASKS, FunctionTask, OwnTask, Trial
from recurra.tasks.border import check_task
from recurra.tasks.rules import SuccessRule

COUNT = itertools.count()


def noise(key, *shape):
    return jax.random.normal(key, shape, jnp.float32)


def trial(key, inputs=(20, 1), targets=(20, 1), **more):
    return Trial.of(noise(key, *inputs), jnp.ones(targets), **more)


def task_of(draw, **more):
    return FunctionTask(draw=draw, **more)


def host_noise(key):
    return Trial.of(noise(key, 20, 1) + np.random.standard_normal((20, 1)).astype(np.float32), jnp.ones((20, 1)))  # noqa: NPY002 (the fault)


def seeded_host_noise(_):
    return Trial.of(np.random.default_rng(0).standard_normal((20, 1)), jnp.ones((20, 1)))


def counting(key):
    return Trial.of(noise(key, 20, 1) + next(COUNT), jnp.ones((20, 1)))


def splitting(key):
    """Splits its key, and draws nothing with the parts."""
    jax.random.split(key)
    return Trial.of(jnp.ones((20, 1)), jnp.ones((20, 1)))


def branching(key):
    if jax.random.uniform(key) > 0.5:
        return trial(key)
    return trial(key)


def through_numpy(key):
    return Trial.of(np.abs(noise(key, 20, 1)), jnp.ones((20, 1)))


def raw(**more):
    arrays = {"inputs": jnp.ones((20, 1)), "targets": jnp.ones((20, 1)), "mask": jnp.ones((20, 1), bool)}
    return Trial(**{**arrays, "condition": jnp.int32(0), **more})


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (host_noise, "FunctionTask.trial gives different trials for the same key: something random .* jax.random"),
        (counting, "gives different trials for the same key: .* np.random or a counter"),
        (seeded_host_noise, "ignores its key, so that all its trials are the same.*deterministic=True"),
        (splitting, "ignores its key"),
        (branching, r"trial cannot be traced by JAX \(TracerBoolConversionError\).*jnp.where or jax.lax.cond"),
        (through_numpy, r"trial cannot be traced by JAX \(TracerArrayConversionError\).*jax.numpy"),
        (lambda key: trial(key, targets=(1, 1)), "the inputs have 20 time steps and the targets 1"),
        (lambda key: trial(key, inputs=(20,)), r"the inputs have shape \(20,\); expected \(time, input\)"),
        (lambda key: trial(key, targets=(20, 0)), r"the targets have shape \(20, 0\); expected \(time, output\)"),
        (lambda key: trial(key, condition=2), r"the condition is 2; expected an index .* 0 to 0, or -1"),
        (lambda key: trial(key, condition=-2), "the condition is -2"),
        (lambda key: trial(key, mask=jnp.zeros((20, 1), bool)), "scores nothing: in none of 64 trials .*settle_ms"),
        (lambda key: Trial.of(noise(key, 20, 1) * jnp.nan, jnp.ones((20, 1))), "inputs holds .* NaN or infinite"),
        (lambda key: Trial.of(noise(key, 20, 1), jnp.full((20, 1), jnp.inf)), "targets holds .* NaN or infinite"),
        (
            lambda _: raw(mask=jnp.ones(20, bool)),
            r"the mask has shape \(20,\); expected .* targets, \(20, 1\)",
        ),
        (lambda _: raw(inputs=jnp.ones((20, 1), jnp.int32)), "the inputs are int32; expected float32"),
        (lambda _: raw(condition=jnp.float32(0)), r"the condition has shape \(\) and type float32"),
        (lambda key: (noise(key, 20, 1), 1), r"gives tuple; expected a Trial: rc.Trial.of\(inputs, targets\)"),
        (lambda key: trial(key, condition=0.5), "the condition is float.*; expected a whole number"),
    ],
)
def test_one_line_says_what_is_wrong(draw, message):
    with pytest.raises((ValueError, TypeError), match=message) as raised:
        check_task(task_of(draw))
    assert "\n" not in str(raised.value)


def test_a_good_task_passes_and_is_looked_at_once():
    calls = []

    def draw(key):
        calls.append(1)
        return trial(key)

    task = task_of(draw)
    check_task(task)
    seen = len(calls)
    check_task(task)
    assert len(calls) == seen
    check_task(task_of(lambda _: Trial.of(jnp.ones((20, 1)), jnp.ones((20, 1))), deterministic=True))


@pytest.mark.parametrize("name", TASKS)
def test_our_tasks_pass_at_once(name):
    check_task(TASKS[name]())


@dataclass(frozen=True)
class Parts(OwnTask):
    """A task with periods of its own."""

    parts: tuple[tuple[float, float], ...] = ((0.0, 10.0), (10.0, 20.0))

    def trial(self, key):
        return trial(key)

    @property
    def periods(self):
        return tuple(Period(f"part {number}", *bounds) for number, bounds in enumerate(self.parts))


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (((0.0, 10.0), (5.0, 20.0)), "the period 'part 1' is from 5 to 20 ms; expected periods one after the other"),
        (((0.0, 21.0),), "the period 'part 0' is from 0 to 21 ms; expected .* within the trial, 0 to 20 ms"),
        (((-1.0, 10.0),), "from -1 to 10 ms"),
        (((10.0, 10.0),), "from 10 to 10 ms"),
        (((0.0, 10.5), (10.5, 20.0)), "from 0 to 10.5 ms, no whole steps of dt_ms = 1"),
    ],
)
def test_periods(parts, message):
    check_task(Parts())
    with pytest.raises(ValueError, match=message):
        check_task(Parts(parts=parts))


def test_conditions_and_probe():
    def draw_condition(number):
        return trial(jax.random.key(0), condition=0 * number)

    for more, message in [
        ({"conditions": ("a", "a")}, r"the conditions are named \('a', 'a'\); expected different names"),
        ({"conditions": ()}, r"the conditions are named \(\)"),
        (
            {"conditions": ("a", "b"), "draw_condition": draw_condition},
            r"conditions \[0, 0\]; expected each",
        ),
        ({"conditions": ("a", "b")}, "none of 2,000 trials has the condition b"),
    ]:
        with pytest.raises(ValueError, match=message):
            check_task(task_of(trial, **more))
    wide = task_of(trial, draw_condition=lambda _: Trial.of(jnp.ones((20, 2)), jnp.ones((20, 1))))
    with pytest.raises(ValueError, match="probe has 2 inputs and 1 outputs; its trials have 1 and 1"):
        check_task(wide)


@dataclass(frozen=True)
class Listed(OwnTask):
    levels: list = field(default_factory=list)

    def trial(self, key):
        return trial(key)


def test_a_task_without_a_hash():
    with pytest.raises(TypeError, match=r"Listed has no hash .*'list'.*; expected a frozen dataclass"):
        check_task(Listed())


def test_training_and_analysis_refuse():
    task, model, rule = task_of(host_noise), rc.RateRNN(units=3), rc.BPTT(steps=1, batch=2)
    with pytest.raises(ValueError, match="different trials for the same key"):
        rc.train(task, model, rule, networks=1, seed=0)
    weights = model.start(0, task.inputs, task.outputs)
    network = Network(model.for_task(task).dynamics(task.dt_ms), weights, task.dt_ms)
    with pytest.raises(ValueError, match="different trials for the same key"):
        make_dossier(network, task, seed=0)
    with pytest.raises(ValueError, match="scores nothing"):
        rc.train(task_of(lambda key: trial(key, mask=False)), model, rule, networks=1, seed=0)


def test_no_run_folder_for_a_task_or_rule_of_ones_own(tmp_path):
    """One line before anything is made."""

    @dataclass(frozen=True)
    class Rule(SuccessRule):
        settle_ms: float = 0.0
        share: float = 0.95
        error_bound: float = 0.3
        tolerance: float = 0.5
        rest: float = 0.0

        def correct(self, outputs, trials):
            return outputs == trials.targets

    for task, message in [
        (task_of(trial), "FunctionTask is made in Python of what no file can name, such as functions; write a class"),
        (rc.And(rule=Rule()), "Rule is not at the top of an imported module, so that no spec can name it"),
    ]:
        with pytest.raises(ValueError, match=message):
            start_run(RunSpec(task, model=rc.RateRNN(units=3)), tmp_path / "run", False, SilentProgress())
        assert list(tmp_path.iterdir()) == []


class Unnamed(Parts):
    def factor_names(self):
        raise KeyError("direction")


class Numbered(Parts):
    def stimulus_names(self) -> Any:
        return (1,)


@pytest.mark.parametrize(
    ("task", "message"),
    [
        (Unnamed(), "Unnamed.factor_names fails: KeyError: 'direction'"),
        (Numbered(), r"Numbered.stimulus_names gives \(1,\); expected a tuple of texts"),
    ],
)
def test_names(task, message):
    with pytest.raises(ValueError, match=message):
        check_task(task)
