"""Many tasks in one network: trials, batches of one task, success by each task's own rule, specs."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import recurra as rc
from recurra.runs.show import to_toml
from recurra.runs.spec import RunSpec, to_spec
from recurra.tasks import TASKS
from recurra.testing import check_task
from recurra.training import FixedTrials
from recurra.training.trial_sets import FreshTrials

KEY = jax.random.key(0)


def constant(level, steps, inputs, outputs, rule=None, mask=None):
    """A task of one condition: all inputs and targets are at a level, and a coin on the first input at the start."""

    def draw(key):
        coin = jax.random.bernoulli(key).astype(jnp.float32)
        signals = jnp.full((steps, inputs), level, jnp.float32).at[0, 0].set(coin)
        counted = None if mask is None else jnp.full((steps, outputs), mask, jnp.float32)
        return rc.Trial.of(signals, jnp.full((steps, outputs), level, jnp.float32), counted)

    return rc.FunctionTask(draw=draw, rule=rule or rc.NearRule(settle_ms=0.0), dt_ms=2.0)


@pytest.fixture(scope="module")
def pair():
    near = rc.NearRule(settle_ms=0.0, tolerance=0.5, error_bound=9.0)
    return rc.MultiTask(
        [constant(2.0, 4, 1, 2, near), constant(3.0, 6, 3, 1, replace(near, tolerance=2.0))], ("short", "long")
    )


@pytest.mark.thorough
def test_a_trial_has_the_channels_of_its_task_and_its_rule_input(pair):
    assert (pair.inputs, pair.outputs, pair.steps, pair.dt_ms) == (3 + 2, 2, 6, 2.0)
    assert pair.condition_names == ("short: all", "long: all")
    assert pair.periods == (rc.tasks.base.Period("trial", 0.0, 12.0),)
    short, long = (pair.sample_of(name, 0, trials=2) for name in pair.names)
    np.testing.assert_array_equal(short.inputs[0, 1:4], [[2, 0, 0, 1, 0]] * 3)
    np.testing.assert_array_equal(short.inputs[0, 4:], 0)  # after its end
    np.testing.assert_array_equal(short.mask[0, :, 0], [True] * 4 + [False] * 2)
    np.testing.assert_array_equal(long.inputs[0, 1:], [[3, 3, 3, 0, 1]] * 5)
    np.testing.assert_array_equal(long.mask[0], [[True, False]] * 6)
    np.testing.assert_array_equal(long.targets[0], [[3, 0]] * 6)
    np.testing.assert_array_equal(pair.probe().condition, [0, 1])
    np.testing.assert_array_equal(pair.task_of(pair.probe()), [0, 1])


@pytest.mark.thorough
def test_a_batch_has_one_task_and_its_length(pair):
    lengths = {pair.sample_batch(jax.random.fold_in(KEY, step), 2).inputs.shape[1] for step in range(20)}
    assert lengths == {4, 6}
    fixed = FixedTrials(40).batch(pair, 0, 0, 40)
    assert fixed.inputs.shape[1] == 6
    assert set(np.asarray(pair.task_of(fixed)).tolist()) == {0, 1}
    weighted = rc.MultiTask((constant(2.0, 4, 1, 2), constant(3.0, 6, 3, 1, mask=5.0)), ("short", "long"))
    assert weighted.sample_of("short", 0, trials=1).mask.dtype == jnp.float32
    assert np.asarray(weighted.probe().mask).max(axis=(1, 2)).tolist() == [1.0, 5.0]


def test_shares(pair, seed):
    often, steps = replace(pair, shares=(9.0, 1.0)), 400
    keys = [jax.random.fold_in(jax.random.key(seed), step) for step in range(steps)]
    short = sum(often.sample_batch(key, 1).inputs.shape[1] == 4 for key in keys)
    assert abs(short - 0.9 * steps) < 5 * np.sqrt(0.9 * 0.1 * steps)
    every = np.asarray(often.task_of(often.sample(seed, trials=steps)))  # shares are those of the training
    assert abs(every.mean() - 0.5) < 5 * 0.5 / np.sqrt(steps)


def test_each_task_has_its_rule(pair):
    trials = pair.probe()
    targets = np.asarray(trials.targets)
    assert np.asarray(pair.success(targets, trials)).tolist() == [True, True]
    assert np.asarray(pair.success(targets + 1, trials)).tolist() == [False, True]  # the second is more tolerant
    assert np.asarray(pair.success(targets + np.float32([0, 9]), trials)).tolist() == [False, True]  # has one output
    assert float(pair.success_share(targets + 1, trials)) == 0.5
    np.testing.assert_array_equal(pair.scored(trials), trials.mask)
    assert not np.asarray(pair.correct(targets, trials))[1, :, 1].any()
    np.testing.assert_array_equal(pair.rule.asked(trials), trials.mask)


@pytest.mark.thorough
def test_networks_are_trained_by_themselves(pair):
    rule = rc.BPTT(steps=12, batch=4, trials=FreshTrials(steps_an_epoch=6), validation_trials=8)
    both, second = (rc.train(pair, rc.RateRNN(5), rule, networks=numbers, seed=3) for numbers in ([0, 1], [1]))
    for name in ("recurrent", "input", "output"):
        np.testing.assert_array_equal(getattr(both.weights, name)[1], getattr(second.weights, name)[0])
    assert not np.array_equal(both.weights.input[1], both.initial.input[1])
    assert rc.performance(both[0], trials=pair.sample_of("long", 0, trials=5)).trials == 5


def test_specs():
    task = rc.MultiTask((rc.And(length_ms=150.0), rc.Xor()), shares=(1.0, 2.0))
    spec = to_spec({"task": {"kind": "multi", "tasks": [{"kind": "and", "length_ms": 150.0}, "xor"], "shares": [1, 2]}})
    assert spec.task == task
    assert spec.task.title == "tasks and, xor"
    assert to_spec(RunSpec(task).table()) == RunSpec(task)
    assert 'tasks = [{ kind = "and"' in to_toml(RunSpec(task))
    assert spec.sources()[0] == "yang2019"


@pytest.mark.slow
def test_conformance():
    check_task(rc.MultiTask((rc.GoNoGo(), rc.MemoryResponse())))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((rc.And(),), r"^tasks is of the type And; expected a list of tasks, such as \[rc.And\(\), rc.Xor\(\)\]$"),
        (("and",), "^tasks is of the type str; expected a list of tasks"),
        (([rc.And()],), r"^tasks has 1 task; expected at least two, such as \[rc.And\(\), rc.Xor\(\)\]$"),
        (([rc.And(), rc.RateRNN()],), "^tasks has an entry of the type RateRNN; expected tasks"),
        (([rc.And(), rc.Xor],), r"^tasks has the class Xor; expected an instance, such as rc.And\(\)$"),
        (
            ([rc.And(), rc.MultiTask((rc.And(), rc.Xor()))],),
            "^tasks has an entry of the type MultiTask; expected tasks, none of them a MultiTask$",
        ),
        (([rc.And(), rc.GoNoGo()],), "different time steps in ms: and 1, go_nogo 10; give all the same dt_ms"),
        (([rc.And(), rc.And(length_ms=150.0)],), "two tasks are called 'and'; give each a name of its own"),
        (([rc.And(), rc.Xor()], ("one",)), "names has 1 values; expected one for each of the 2 tasks"),
        (([rc.And(), rc.Xor()], (), (1.0, 0.0)), "shares is 0"),
        (([rc.And(), rc.Xor()], "ab"), "^names is 'ab'; expected a list of texts, one for each task$"),
        (([rc.And(), rc.Xor()], 5), "^names is 5; expected a list of texts"),
        (([rc.And(), rc.Xor()], {"a", "b"}), "^names is {.*; expected a list of texts"),
        (([rc.And(), rc.Xor()], (1, 2)), "^names has 1; expected texts$"),
        (([rc.And(), rc.Xor()], (None, "b")), "^names has None; expected texts$"),
        (([rc.And(), rc.Xor()], (["a"], "b")), r"^names has \['a'\]; expected texts$"),
        (([rc.And(), rc.Xor()], ("a: 00", "b")), "^names has 'a: 00'; expected printable texts, none of them empty or"),
        (([rc.And(), rc.Xor()], ("a", "b\n")), r"^names has 'b\\n'; expected printable texts"),
        (([rc.And(), rc.Xor()], ("a", " ")), "^names has ' '; expected printable texts"),
        (([rc.And(), rc.Xor()], (), 2.0), "^shares is 2.0; expected a list of numbers, one for each task$"),
        (([rc.And(), rc.Xor()], (), "12"), "^shares is '12'; expected a list of numbers"),
        (([rc.And(), rc.Xor()], (), (1e308, 1e308)), r"^the sum of shares \(1e\+308, 1e\+308\) is infinite; expected"),
    ],
)
def test_errors(arguments, message):
    with pytest.raises((TypeError, ValueError), match=message):
        rc.MultiTask(*arguments)
    both = rc.MultiTask((rc.And(), rc.Xor()))
    with pytest.raises(ValueError, match="unknown task 'xer'; did you mean 'xor'"):
        both.sample_of("xer", 0, trials=1)


@pytest.mark.parametrize(
    ("time_ms", "message"),
    [
        (float("nan"), r"time_ms is not a number \(NaN\); expected a number"),
        (float("inf"), "time_ms is infinite; expected a finite number"),
        ("30", "time_ms is '30'; expected a number"),
    ],
)
def test_times_that_are_no_time(pair, time_ms, message):
    with pytest.raises((TypeError, ValueError), match=f"^{message}$"):
        pair.input_at("short", time_ms)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"names": "ab"}, "task.names is 'ab'; "),
        ({"names": ["a: b", "c"]}, "task: names has 'a: b'; expected printable texts"),
        ({"shares": [1e308, 1e308]}, "task: the sum of shares"),
    ],
)
def test_errors_in_specs(change, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        to_spec({"task": {"kind": "multi", "tasks": ["and", "xor"], **change}})


@pytest.mark.parametrize("kind", [*TASKS.values(), rc.YangTask, rc.DriscollTask, rc.FlipFlop])
def test_every_title_is_a_name(kind):
    task = kind()
    other = replace(constant(1.0, 4, 1, 1), dt_ms=task.dt_ms)
    assert rc.MultiTask((task, other)).names == (task.title.removeprefix("task "), "FunctionTask")
