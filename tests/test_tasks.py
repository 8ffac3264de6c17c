import dataclasses
import sys
import tomllib
import types
from functools import cache, partial
from itertools import pairwise
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import recurra as rc
from recurra.report.task_picture import write_task_picture
from recurra.runs.show import describe_task, task_text, to_toml
from recurra.runs.spec import RunSpec, to_spec
from recurra.sources import SOURCES
from recurra.tasks import TASKS, NearRule, Trial, from_neurogym
from recurra.tasks.border import check_task
from recurra.tasks.rules import steady

MANY = 400  # one number for all tests: each one costs a compilation
every_task = pytest.mark.parametrize("name", TASKS)


@cache
def drawn(task, seed):
    """Many trials as NumPy arrays."""
    return jax.tree.map(np.asarray, task.sample(jax.random.key(seed), MANY))


def clean(task, seed):
    """The same without noise."""
    return drawn(dataclasses.replace(task, input_noise=0.0), seed)


@partial(jax.jit, static_argnames="task")
def success(task, outputs, trials):
    return task.success(outputs, trials)


@cache
def probe_of(task):
    return jax.tree.map(np.asarray, task.probe())


@every_task
def test_shapes_and_dtypes(name, seed):
    task = TASKS[name]()
    trials = drawn(task, seed)
    assert trials.inputs.shape == (MANY, task.steps, task.inputs)
    assert trials.targets.shape == trials.mask.shape == (MANY, task.steps, task.outputs)
    assert trials.inputs.dtype == trials.targets.dtype == jnp.float32
    assert trials.mask.dtype == bool
    assert trials.condition.dtype == jnp.int32
    for array in (trials.inputs, trials.targets):
        assert np.isfinite(array).all()
    few = trials.part(slice(len(task.condition_names)))  # as many as the probe has: they share the compilation
    assert success(task, few.targets, few).all()
    assert (trials.mask.any(axis=(1, 2))).all()


@every_task
def test_a_key_fixes_the_trials(name, seed):
    task = TASKS[name]()
    again, other = (task.sample(jax.random.key(number), MANY) for number in (seed, seed + 1))
    jax.tree.map(np.testing.assert_array_equal, drawn(task, seed), again)
    assert np.any(again.inputs != other.inputs)


@every_task
def test_conditions_have_equal_chance(name, seed):
    task = TASKS[name]()
    names, condition = task.condition_names, drawn(task, seed).condition
    condition = condition[condition >= 0]
    counts, chance = np.bincount(condition, minlength=len(names)), 1 / len(names)
    assert len(counts) == len(names) == len(set(names))
    assert abs(counts - len(condition) * chance).max() < 6 * np.sqrt(len(condition) * chance * (1 - chance)) + 1


@every_task
def test_probe(name):
    task = TASKS[name]()
    probe = probe_of(task)
    assert list(probe.condition) == list(range(len(task.condition_names)))
    assert probe.periods == task.periods
    assert success(task, probe.targets, probe).all()
    assert not success(task, np.zeros_like(probe.targets), probe).all(), "silence passes"
    assert not success(task, -probe.targets, probe).all(), "the opposite passes"


@pytest.mark.parametrize("name", ["flipflop", "pulse", "memory_response"])
def test_probe_has_no_noise(name):
    task = TASKS[name]()
    noisier = dataclasses.replace(task, input_noise=9.0)
    jax.tree.map(np.testing.assert_array_equal, probe_of(task), probe_of(noisier))


@every_task
def test_periods(name):
    task = TASKS[name]()
    assert task.periods[0].start_ms == 0
    assert all(period.name and period.start_ms < period.end_ms for period in task.periods)
    assert all(one.end_ms == following.start_ms for one, following in pairwise(task.periods))
    assert task.periods[-1].end_ms <= task.steps * task.dt_ms


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in ("flipflop", "and", "dms") else pytest.mark.slow) for name in TASKS]
)
def test_picture(name, tmp_path):
    write_task_picture(TASKS[name](), 0, tmp_path / "task.png", trials=1)
    assert (tmp_path / "task.png").stat().st_size > 3_000


@every_task
def test_spec_there_and_back(name):
    made = RunSpec(TASKS[name]())
    assert to_spec(tomllib.loads(to_toml(made))) == made
    assert to_spec({"task": name}) == made
    assert all(key in SOURCES for key in TASKS[name].sources)


@pytest.mark.parametrize(
    "task",
    [
        *(kind() for kind in TASKS.values()),
        *(
            pytest.param(one, marks=pytest.mark.slow)
            for one in (rc.PerceptualDecision(dt_ms=5.0), rc.FlipFlop(dt_ms=4.0), rc.Not(dt_ms=0.5))
        ),
    ],
    ids=lambda task: type(task).__name__,
)
@pytest.mark.slow
def test_noise(task, seed):
    """One meaning in every task: σ/√dt a step, so that a mean over time has the same noise at any step."""
    task = dataclasses.replace(task, input_noise=task.input_noise or 0.1)  # some tasks have none by default
    noise = drawn(task, seed).inputs - clean(task, seed).inputs
    noise = noise[..., noise.any(axis=(0, 1))]  # the contexts of a cued decision have none
    step = task.input_noise / np.sqrt(task.dt_ms)
    assert noise.std() == pytest.approx(step, rel=5 / np.sqrt(2 * noise.size))
    assert abs(noise.mean(dtype=float)) < 5 * step / np.sqrt(noise.size)


STEPS_MS = (0.1, 0.3, 0.7, 1.0, 2.0, 3.0, 5.0, 7.0, 10.0, 20.0)
# tasks whose inputs and targets change at the bounds of their periods and nowhere else
STAGES = ("and", "or", "xor", "not", "decision", "context_decision", "dms", "dual_dms", "go_nogo")
STAGES += ("signed_decision", "cued_decision")


@every_task
def test_periods_are_whole_steps_at_any_step(name):
    slow = {"frequency_hz": 10.0} if name == "oscillation" else {}  # 30 Hz need steps below 8 ms
    nominal = np.array([bound for period in TASKS[name]().periods for bound in (period.start_ms, period.end_ms)])
    for dt_ms in STEPS_MS:
        task = dataclasses.replace(TASKS[name](), dt_ms=dt_ms, **slow)
        bounds = np.array([bound for period in task.periods for bound in (period.start_ms, period.end_ms)])
        np.testing.assert_allclose(bounds / dt_ms, np.round(bounds / dt_ms), atol=1e-6)
        assert bounds[0] == 0
        assert (np.diff(bounds)[::2] > 0).all()
        assert (np.diff(bounds)[1::2] == 0).all()
        assert abs(bounds - nominal).max() <= dt_ms / 2 * len(task.periods) + 1e-6, "half a step a duration at most"
    coarse = dataclasses.replace(TASKS[name](), dt_ms=STEPS_MS[-1], **slow)
    assert coarse.periods[-1].end_ms <= coarse.steps * coarse.dt_ms + 1e-6


@pytest.mark.thorough
@pytest.mark.parametrize("name", STAGES)
def test_signals_change_at_the_periods(name):
    task = dataclasses.replace(TASKS[name](), dt_ms=7.0)
    probe, bounds = probe_of(task), {round(period.start_ms / 7) for period in task.periods}
    assert {round(period.end_ms / 7) for period in task.periods} - bounds == {task.steps}
    for signal in (probe.inputs, probe.targets, probe.mask.astype(float)):
        changes = np.abs(np.diff(signal, axis=1)).max(axis=(0, 2))
        assert set(np.flatnonzero(changes) + 1) <= bounds
    answer = round(task.periods[-1].start_ms / 7)
    assert np.any(probe.targets[:, answer] != probe.targets[:, answer - 1])


def test_rounded_durations_are_told():
    found = describe_task(rc.And(dt_ms=3.0))
    assert found["rounded"] == {"length_ms": 201.0, "pulse_ms": 21.0, "response_delay_ms": 21.0, "rule.settle_ms": 9.0}
    assert "to the nearest whole step of 3 ms: length_ms 201.0, pulse_ms 21.0" in task_text(found)
    assert describe_task(rc.And())["rounded"] == {}
    assert describe_task(rc.IntervalReproduction())["rounded"] == {"pulse_ms": 80.0}


@pytest.mark.parametrize("name", ["decision", "romo", "interval"])
def test_time_step_changes_no_duration(name):
    task = TASKS[name]()
    finer = dataclasses.replace(task, dt_ms=task.dt_ms / 2)
    for times in (lambda one: one.steps * one.dt_ms, lambda one: probe_of(one).mask.sum(axis=(1, 2)) * one.dt_ms):
        np.testing.assert_allclose(times(finer), times(task), atol=2 * task.dt_ms)


@pytest.mark.parametrize(
    ("name", "truth"),
    [("and", np.logical_and), ("or", np.logical_or), ("xor", np.logical_xor), ("not", lambda a: ~a)],
)
def test_truth_tables(name, truth, seed):
    trials = clean(TASKS[name](), seed)
    assert trials.inputs.shape[1] == 200
    present = trials.inputs[:, 40].astype(bool)
    pulse = np.zeros(200)
    pulse[30:50] = 1
    np.testing.assert_array_equal(trials.inputs, pulse[:, None] * present[:, None])
    assert not trials.targets[:, :70].any()
    np.testing.assert_array_equal(trials.targets[:, 70:, 0], np.repeat(truth(*present.T)[:, None], 130, axis=1))
    names = [trials.condition_names[number] for number in trials.condition]
    assert names == ["".join(str(int(one)) for one in row) for row in present]


def test_set_reset_by_hand(seed):
    trials = clean(rc.SetReset(), seed)
    for inputs, targets, condition in zip(trials.inputs, trials.targets[:, :, 0], trials.condition, strict=True):
        expected, level = np.zeros(600), 0.0
        assert not (inputs[:, 0] * inputs[:, 1]).any()
        for onset in range(50, 600, 120):
            assert (inputs[onset : onset + 20].sum(axis=1) == 1).all()
            level = inputs[onset, 1]  # the first input resets
            expected[onset + 40 :] = level
        np.testing.assert_array_equal(targets, expected)
        assert condition == expected[-1]


def test_pulse_memory_repeats_the_pulse(seed):
    trials = clean(rc.PulseMemory(onset_ms=(30.0, 60.0), delay_ms=50.0, length_ms=260.0), seed)
    np.testing.assert_allclose(trials.targets[:, 70:], trials.inputs[:, :-70], atol=1e-5)
    assert not trials.targets[:, :70].any()
    np.testing.assert_array_equal(trials.inputs.any(axis=(1, 2)), trials.condition == 1)
    with_pulse = trials.inputs[trials.condition == 1, :, 0]
    assert with_pulse.max() > 0.9
    assert len(set(with_pulse.argmax(axis=1))) > 3, "the onset varies"


def test_oscillation():
    silent, sine = rc.Oscillation().probe().targets[:, :, 0]
    time_s = np.arange(180) / 1000
    np.testing.assert_allclose(sine[140:320], np.sin(2 * np.pi * 30 * time_s), atol=1e-5)
    assert not np.any(silent)
    assert not np.any(sine[:140])
    assert not np.any(sine[320:])


def test_decision_by_hand(seed):
    trials = clean(rc.PerceptualDecision(), seed)
    more = np.sign(trials.inputs[:, 10:90, 0] - trials.inputs[:, 10:90, 1])[:, :1]
    np.testing.assert_allclose(trials.inputs[:, 10:90].sum(axis=2), 1, atol=1e-6)
    np.testing.assert_array_equal(trials.targets[:, 90:, 0], np.repeat(more, 30, axis=1))
    assert not trials.targets[:, :90].any()
    assert not trials.inputs[:, :10].any()
    assert not trials.inputs[:, 90:].any()
    assert trials.mask[:, :10].all()
    assert not trials.mask[:, 10:90].any()
    np.testing.assert_array_equal(trials.mask[:, 90:, 0], np.repeat(more != 0, 30, axis=1))
    assert (more == 0).any()
    coherence = [float(trials.condition_names[number].rstrip("%")) for number in trials.condition]
    np.testing.assert_allclose((trials.inputs[:, 50, 0] - trials.inputs[:, 50, 1]) * 100, coherence, atol=1e-4)


@pytest.mark.thorough
def test_ideal_observer_knows_the_weakest_decisions(seed):
    for task, ideal in [
        (rc.PerceptualDecision(coherences=(3.2,)), lambda x: np.sign((x[:, 10:90, 0] - x[:, 10:90, 1]).sum(axis=1))),
        (
            rc.ContextDecision(coherences=(5.0,)),
            lambda x: np.sign((x[:, 10:85, :2] * x[:, 10:85, 2:].round()).sum((1, 2))),
        ),
        (rc.SignedDecision(strengths=(0.032,)), lambda x: np.sign(x[:, 5:45, 0].sum(axis=1))),
        (
            rc.CuedDecision(strengths=(0.1,)),
            lambda x: np.sign((x[:, 22:62, :2] * x[:, 22:62, 2:]).sum((1, 2))),
        ),
    ]:
        trials = task.sample(jax.random.key(seed), 2_000)
        assert (ideal(np.asarray(trials.inputs)) == np.asarray(trials.targets[:, -1, 0])).mean() > 0.999


def test_signed_decision_by_hand(seed):
    trials = clean(rc.SignedDecision(), seed)
    strength = trials.inputs[:, 20, 0]
    expected = np.zeros((len(strength), 75))
    expected[:, 5:45] = strength[:, None]
    np.testing.assert_array_equal(trials.inputs[..., 0], expected)
    np.testing.assert_array_equal(trials.targets[:, 60:, 0], np.repeat(np.sign(strength)[:, None], 15, axis=1))
    assert not trials.targets[:, :60].any()
    assert (
        set(np.flatnonzero(trials.mask.all(axis=(0, 2))))
        == {*range(5), *range(60, 75)}
        == set(np.where(trials.mask)[1])
    )
    names = [float(trials.condition_names[number]) for number in trials.condition]
    np.testing.assert_allclose(names, strength, rtol=1e-6)


def test_cued_decision_by_hand(seed):
    """The answer is the sign of the named stream; noise is on the streams alone."""
    task = rc.CuedDecision()
    trials, noisy = clean(task, seed), drawn(task, seed)
    streams, contexts = trials.inputs[:, 30, :2], trials.inputs[:, 30, 2:]
    assert (contexts.sum(axis=1) == 1).all()
    assert set(np.flatnonzero(trials.inputs[..., 2:].any(axis=(0, 2)))) == set(range(5, 77))
    assert set(np.flatnonzero(trials.inputs[..., :2].any(axis=(0, 2)))) == set(range(22, 62))
    np.testing.assert_array_equal(noisy.inputs[..., 2:], trials.inputs[..., 2:])
    np.testing.assert_array_equal(trials.targets[:, 77, 0], np.sign((streams * contexts).sum(axis=1)))
    assert trials.inputs.shape[1] == 92
    assert set(np.where(trials.mask)[1]) == {*range(5), *range(77, 92)}
    first = "AB"[int(contexts[0, 1])] + f":{streams[0, 0]:+g},{streams[0, 1]:+g}"
    assert trials.condition_names[trials.condition[0]] == first


def test_context_decision_by_hand(seed):
    trials = clean(rc.ContextDecision(), seed)
    streams, contexts = trials.inputs[:, 50, :2], trials.inputs[:, :, 2:]
    assert (contexts == contexts[:, :1]).all()
    assert (contexts.sum(axis=2) == 1).all()
    answer = np.sign((streams * contexts[:, 0]).sum(axis=1))
    np.testing.assert_array_equal(trials.targets[:, 115:, 0], np.repeat(answer[:, None], 20, axis=1))
    assert set(np.round(abs(streams).ravel() * 100)) == {5, 15, 50}
    assert not trials.inputs[:, 85:, :2].any()
    assert set(np.flatnonzero(trials.mask.all(axis=(0, 2)))) == {*range(10), *range(115, 135)}
    first = trials.condition_names[trials.condition[0]]
    named = ["motion", "colour"][int(contexts[0, 0, 1])]
    assert first == f"{named}:{streams[0, 0] * 100:+.0f},{streams[0, 1] * 100:+.0f}"


def category(ring, boundary=45.0):
    """0 for A, 1 for B, and the distance of a direction from the boundary."""
    degrees = np.degrees(np.arctan2(ring[..., 1], ring[..., 0])) - boundary
    return (degrees % 360 > 180).astype(int), np.minimum(degrees % 180, 180 - degrees % 180)


def test_match_to_sample_by_angles(seed):
    trials = clean(rc.DelayedMatchToSample(), seed)
    (sample, away), (test, _) = category(trials.inputs[:, 50, :2]), category(trials.inputs[:, 200, :2])
    assert 15 <= away.min() < 20
    assert 80 < away.max() <= 90.001
    np.testing.assert_array_equal(trials.targets[:, 230:, 0], np.repeat((sample == test)[:, None], 50, axis=1))
    np.testing.assert_array_equal(trials.targets[:, 230:, 1], np.repeat((sample != test)[:, None], 50, axis=1))
    assert not trials.targets[:, :230].any()
    np.testing.assert_array_equal(trials.inputs[:, :, 2], np.tile(np.arange(280) < 230, (MANY, 1)))
    shown = set(np.flatnonzero(trials.inputs[:, :, :2].any(axis=(0, 2))))
    assert shown == {*range(30, 80), *range(180, 230)}
    names = [trials.condition_names[number] for number in trials.condition]
    assert names == [f"{'AB'[one]}-{'AB'[other]}" for one, other in zip(sample, test, strict=True)]


def test_dual_match_by_angles(seed):
    task = rc.DualDelayedMatch()
    trials = clean(task, seed)
    start = {period.name: round(period.start_ms / 20) for period in task.periods}
    rings = trials.inputs[:, :, :4].reshape(MANY, -1, 2, 2)
    every = np.arange(MANY)
    assert trials.inputs[:, start["samples"], :4].any(axis=0).all()
    for number in (1, 2):
        cue = trials.inputs[:, start[f"cue {number}"], 4:6]
        assert (cue.sum(axis=1) == 1).all()
        item, at = cue.argmax(axis=1), start[f"test {number}"]
        np.testing.assert_array_equal(trials.inputs[:, at, 4:6], cue)
        sample, test = (category(rings[every, step, item])[0] for step in (start["samples"], at))
        assert not rings[every, at, 1 - item].any()
        answer = trials.targets[:, start[f"decision {number}"]]
        np.testing.assert_array_equal(answer, np.stack([sample == test, sample != test], axis=1))
        assert not trials.inputs[:, start[f"decision {number}"]].any()
    assert trials.targets.any(axis=(0, 2)).sum() == 2 * 15
    assert trials.condition_names[0b01_0_0_1_0] == "AB-1A-2A"


def test_romo_pairs_and_delays(seed):
    trials = clean(rc.ParametricWorkingMemory(), seed)
    answers = trials.mask[:, 100:, 0].argmax(axis=1) + 100
    first, second = (10 + (trials.inputs[np.arange(MANY), at, 0] - 0.4) * 30 for at in (np.full(MANY, 10), answers - 1))
    assert {*zip(first.round(), second.round(), strict=True)} == {
        pair for high in (18, 22, 26, 30, 34) for pair in ((high, high - 8), (high - 8, high))
    }
    on = trials.inputs.any(axis=2)
    np.testing.assert_allclose(trials.inputs.sum(axis=2)[on], 1.6, atol=1e-5)
    delays = answers - 25 - 30
    assert 125 <= delays.min() < 130
    assert 170 < delays.max() <= 175
    for target, mask, answer, sign in zip(
        trials.targets[:, :, 0], trials.mask[:, :, 0], answers, np.sign(first - second), strict=True
    ):
        assert set(np.flatnonzero(mask)) == {*range(5), *range(answer, answer + 15)}
        np.testing.assert_array_equal(target[answer : answer + 15], sign)
        assert np.count_nonzero(target) == 15


def test_go_no_go():
    silent, go = rc.GoNoGo().probe().targets[:, :, 0]
    assert not np.any(silent)
    np.testing.assert_array_equal(go, np.arange(150) >= 100)
    inputs = np.asarray(rc.GoNoGo().probe().inputs)
    np.testing.assert_array_equal(inputs[1, :, 0], np.arange(150) < 50)
    np.testing.assert_array_equal(inputs[0, :, 1], np.arange(150) < 50)
    assert not inputs[0, :, 0].any()
    np.testing.assert_array_equal(inputs[:, :, 2], np.tile(np.arange(150) < 100, (2, 1)))


def test_memory_response_by_hand(seed):
    trials = clean(rc.MemoryResponse(), seed)
    onset = trials.inputs[:, :, 2].argmin(axis=1)
    assert 70 <= onset.min() < 75
    assert 205 < onset.max() <= 210
    for number in range(MANY):
        direction, contexts = trials.inputs[number, 20, :2], trials.inputs[number, 0, 3:]
        assert set(contexts) == {0, 1}
        assert (trials.inputs[number, :, 3:] == contexts).all()
        expected = np.zeros((260, 2))
        expected[onset[number] : onset[number] + 50] = direction * (contexts[0] - contexts[1])
        np.testing.assert_array_equal(trials.targets[number], expected)
        assert trials.mask[number, :, 0].sum() == onset[number] + 50
        name = trials.condition_names[trials.condition[number]]
        angle = np.radians(float(name.split(":")[1]))
        np.testing.assert_allclose(direction, [np.cos(angle), np.sin(angle)], atol=1e-5)
        assert name.startswith("pro" if contexts[0] else "anti")


@pytest.mark.parametrize("gain", [1.0, 1.5])
def test_interval_is_reproduced(gain, seed):
    trials = clean(rc.IntervalReproduction(gain=gain), seed)
    for inputs, target, mask, condition in zip(
        trials.inputs, trials.targets[:, :, 0], trials.mask[:, :, 0], trials.condition, strict=True
    ):
        ready, onset = inputs[:, 0].argmax(), inputs[:, 1].argmax()
        interval = onset - ready
        assert float(trials.condition_names[condition]) == interval * 10
        assert 10 <= ready <= 30
        assert (inputs.sum(axis=0) == 8).all(), "83 ms are 8 steps"
        go = onset + round(gain * interval)
        np.testing.assert_array_equal(mask, np.arange(len(mask)) <= go)
        np.testing.assert_allclose(target[onset : go + 1], np.arange(go + 1 - onset) / (gain * interval), atol=1e-6)
        assert not target[:onset].any()


def test_mean_interval_is_no_success():
    task = rc.IntervalReproduction()
    probe = task.probe()
    slopes = np.asarray([float(name) for name in task.condition_names]) / 1_150
    outputs = np.asarray(probe.targets) * np.float32(slopes[:, None, None])
    passed = [name for name, good in zip(task.condition_names, task.success(outputs, probe), strict=True) if good]
    assert passed == ["1100", "1200"]


@pytest.mark.parametrize("rest", [0.0, -0.5])
def test_ready_set_go(rest, seed):
    task = rc.ReadySetGo(dt_ms=10.0, rest=rest)
    trials = clean(task, seed)
    for inputs, target, condition in zip(trials.inputs, trials.targets[:, :, 0], trials.condition, strict=True):
        ready, onset = inputs[:, 0].argmax(), inputs[:, 1].argmax()
        assert 5 <= ready <= 15
        assert (inputs.sum(axis=0) == 5).all()
        assert float(trials.condition_names[condition]) == 10 * (onset - ready)
        go = 2 * onset - ready
        since = np.arange(len(target)) - go
        expected = rest + (1 - rest) * np.where(abs(since) < 10, np.cos(np.pi * since / 20) ** 2, 0)
        np.testing.assert_allclose(target, expected, atol=1e-6)
    assert np.asarray(trials.mask).all()
    assert len(task.condition_names) == 21


@pytest.mark.parametrize(
    ("late", "height", "passed"),
    [(0, 1.0, 21), (19, 1.0, 12), (-21, 1.0, 11), (0, 0.5, 0), (0, 0.6, 21), (0, -1.0, 0)],
)
def test_the_time_of_a_pulse_is_right_within_a_fifth_of_the_interval(late, height, passed):
    """Of 100, 200, ... 2,100 ms a fifth is at least 190 ms from 1,000 ms on, and 210 ms from 1,100 ms on."""
    task = rc.ReadySetGo(dt_ms=10.0, ready_onset_ms=(50.0, 650.0))
    probe = task.probe()
    outputs = height * np.roll(np.asarray(probe.targets), late, axis=1)
    assert int(task.success(outputs, probe).sum()) == passed


def test_the_width_of_a_pulse_does_not_depend_on_what_it_rises_from():
    """A broader answer is above half of the target outside of the tolerance and half of the target's width, or not."""
    found = []
    for rest in (0.0, -0.5):
        task = rc.ReadySetGo(dt_ms=10.0, ready_onset_ms=(50.0, 650.0), rest=rest)
        probe = task.probe()
        targets = np.asarray(probe.targets)
        broad = [
            np.maximum.reduce([np.roll(targets, at, axis=1) for at in (-late, 0, late)]) for late in range(0, 90, 5)
        ]
        found.append([int(task.success(outputs, probe).sum()) for outputs in broad])
        assert not task.success(np.full_like(targets, rest), probe).any()
    assert found[0] == found[1]
    assert found[0][0] == 21 > found[0][-1]


def test_two_pulses_or_the_mean_time_are_no_answer_to_ready_set_go():
    task = rc.ReadySetGo(dt_ms=10.0, ready_onset_ms=(50.0, 650.0))
    probe = task.probe()
    targets = np.asarray(probe.targets)
    assert not task.success(targets + np.roll(targets, 60, axis=1), probe).any()
    assert not task.success(np.zeros_like(targets), probe).any()
    assert not task.success(np.ones_like(targets), probe).any()
    always = np.stack([np.roll(one, 110 - 10 * (number + 1), axis=0) for number, one in enumerate(targets)])
    passed = [name for name, good in zip(task.condition_names, task.success(always, probe), strict=True) if good]
    assert passed == ["1000", "1100", "1200", "1300"]


def test_sine_frequencies():
    task = rc.SineGeneration()
    probe = task.probe()
    time_s = np.arange(100) / 100
    for number, frequency in enumerate(np.linspace(1, 6, 51)):
        np.testing.assert_allclose(probe.targets[number, :, 0], np.sin(2 * np.pi * frequency * time_s), atol=1e-4)
        np.testing.assert_allclose(probe.inputs[number, :, 0], (number + 1) / 51 + 0.25, rtol=1e-6)
        assert float(task.condition_names[number]) == pytest.approx(frequency)
    neighbours = jnp.roll(probe.targets, 1, axis=0)
    assert not task.success(neighbours, probe).any()


def test_running_integral(seed):
    task = rc.EvidenceIntegration()
    trials = drawn(task, seed)
    named = [trials.condition_names[number] for number in trials.condition]
    stream = [inputs[:, int(name.startswith("second"))] for name, inputs in zip(named, trials.inputs, strict=True)]
    stimulus = (np.arange(110) >= 10) & (np.arange(110) < 90)
    integral = np.cumsum(np.array(stream, np.float64) * stimulus, axis=1) * 10 / 800
    np.testing.assert_allclose(trials.targets[:, :, 0], integral, atol=1e-5)
    noise = [
        integral[number, -1] - float(name.split(":")[1].split(",")[int(name.startswith("second"))])
        for number, name in enumerate(named)
    ]
    assert np.std(noise) == pytest.approx(0.5 / np.sqrt(800), rel=0.2)


def test_steady_at_jumps_only():
    ramp = jnp.linspace(0, 3, 8)[None, :, None]
    assert steady(ramp, 3).all()


@pytest.mark.parametrize(
    ("kind", "change", "message"),
    [
        (
            rc.PerceptualDecision,
            {"coherences": ()},
            r"coherences is \(\); expected numbers from 0 to 100, at least one",
        ),
        (rc.PerceptualDecision, {"coherences": (0.0,)}, r"coherences is \(0\.0,\); .* at least one of them above 0"),
        (rc.PerceptualDecision, {"coherences": (5.0, 120.0)}, "expected numbers from 0 to 100"),
        (rc.PerceptualDecision, {"coherences": (5.0, 5.0)}, "expected every magnitude once"),
        (rc.SignedDecision, {"strengths": (0.1, 0.0)}, r"strengths is 0\.0; expected a number above 0"),
        (rc.SignedDecision, {"strengths": ()}, r"strengths is \(\); .* at least one of them above 0"),
        (rc.CuedDecision, {"context_ms": 2.0}, "context_ms is 2 ms, 0 steps of dt_ms = 20"),
        (
            rc.PerceptualDecision,
            {"decision_ms": 10.0},
            "decision_ms is 10; .* 10 ms to settle. Expected at least 20 ms",
        ),
        (rc.PerceptualDecision, {"stimulus_ms": 2.0}, "stimulus_ms is 2 ms, 0 steps of dt_ms = 10"),
        (rc.PerceptualDecision, {"input_noise": -1.0}, "input_noise is -1.0; expected 0 or"),
        (rc.PerceptualDecision, {"dt_ms": 0.0}, "dt_ms is 0.0; expected a number above 0"),
        (rc.ContextDecision, {"coherences": (0.0, 5.0)}, "coherences is .*; expected numbers above 0"),
        (rc.EvidenceIntegration, {"drifts": (0.0, 0.5)}, "drifts is .*; expected numbers above 0"),
        (rc.EvidenceIntegration, {"drifts": (0.5, 2.0)}, "drifts is .*; expected numbers from 0 to 1"),
        (rc.DelayedMatchToSample, {"margin_deg": 91.0}, "margin_deg is 91.0; expected a number from 0 to 90"),
        (rc.DelayedMatchToSample, {"delay_ms": -1.0}, "delay_ms is -1 ms; a duration cannot be negative"),
        (rc.DualDelayedMatch, {"cue_ms": 0.0}, "cue_ms is 0 ms, 0 steps"),
        (rc.ParametricWorkingMemory, {"delay_ms": (300.0, 200.0)}, r"delay_ms is \(300\.0, 200\.0\); expected 0 <="),
        (rc.ParametricWorkingMemory, {"delay_ms": (0.0, 200.0)}, "shortest delay_ms is 0 ms, 0 steps"),
        (rc.GoNoGo, {"decision_ms": 100.0}, "decision_ms is 100; .* Expected at least 110 ms"),
        (rc.MemoryResponse, {"directions": 1}, "directions is 1; expected at least 2"),
        (rc.IntervalReproduction, {"intervals": 100}, "interval_ms is .*; its 100 intervals are less than a step"),
        (rc.IntervalReproduction, {"interval_ms": (50.0, 90.0)}, "interval_ms is .*; expected 83 <= lowest <= highest"),
        (rc.IntervalReproduction, {"gain": 0.0}, "gain is 0.0; expected a number above 0"),
        (rc.ReadySetGo, {"answer_ms": 201.0}, "answer_ms is 201; expected at most twice the shortest interval, 200 ms"),
        (rc.ReadySetGo, {"rest": 0.5}, "rest is 0.5; expected less than half of the answer, which is 1"),
        (rc.ReadySetGo, {"intervals": 2_100}, "interval_ms is .*; its 2100 intervals are less than a step"),
        (rc.ReadySetGo, {"interval_ms": (40.0, 90.0)}, "interval_ms is .*; expected 50 <= lowest <= highest"),
        (rc.ReadySetGo, {"rule": rc.PulseTimeRule(tolerance=0.5), "dt_ms": 0.0}, "dt_ms is 0.0; expected"),
        (rc.PulseTimeRule, {"tolerance": 0.0}, "tolerance is 0.0; expected a number above 0"),
        (rc.PulseTimeRule, {"least_ms": -1.0}, "least_ms is -1.0; expected"),
        (
            rc.SineGeneration,
            {"frequency_hz": (1.0, 30.0)},
            "frequency_hz is .*; a step of dt_ms = 10 is over a quarter",
        ),
        (rc.SineGeneration, {"frequency_hz": (0.0, 3.0)}, "lowest frequency_hz is 0.0; expected a number above 0"),
        (rc.SineGeneration, {"frequencies": 1}, "frequencies is 1; expected at least 2"),
        (rc.And, {"length_ms": 80.0}, "length_ms is 80; the answer may come as late as 70 ms"),
        (rc.PulseMemory, {"length_ms": 80.0}, "length_ms is 80; .* ends at 90 ms"),
        (rc.SetReset, {"interval_ms": 10.0}, "interval_ms is 10; expected at least pulse_ms, 20 ms"),
        (rc.Oscillation, {"frequency_hz": 300.0}, "frequency_hz is 300; a step of dt_ms = 1 is over a quarter"),
    ],
)
def test_bad_parameters(kind, change, message):
    with pytest.raises(ValueError, match=message):
        kind(**change)


@dataclasses.dataclass(frozen=True)
class Echo(rc.OwnTask):
    """Repeat the input's sign."""

    conditions: tuple[str, ...] = ("down", "up")

    def trial(self, key):
        up = jax.random.bernoulli(key)
        signal = jnp.where(up, 1, -1) * jnp.ones((30, 1), jnp.int32)
        return Trial.of(signal, signal, condition=up)


def test_own_task(seed):
    task = Echo()
    assert (task.inputs, task.outputs, task.steps) == (1, 1, 30)
    assert [(period.name, period.end_ms) for period in task.periods] == [("trial", 30.0)]
    trials, probe = task.sample(jax.random.key(seed), 20), task.probe()
    np.testing.assert_array_equal(trials.targets[:, 0, 0] > 0, trials.condition == 1)
    np.testing.assert_array_equal(probe.targets[:, 0, 0], [-1, 1])
    assert trials.mask.all()
    assert task.success(trials.inputs, trials).all()


def test_function_task(seed):
    def of(condition):
        return Trial.of(
            jnp.full((20, 1), condition), jnp.full((20, 2), condition), jnp.arange(20)[:, None] > 3, condition
        )

    def draw(key):
        return of(jax.random.randint(key, (), 0, 3))

    both = rc.FunctionTask(("a", "b", "c"), draw=draw, draw_condition=of)
    for task in (both, dataclasses.replace(both, draw_condition=None)):
        probe = task.probe()
        np.testing.assert_array_equal(probe.condition, [0, 1, 2])
        np.testing.assert_array_equal(probe.targets[:, 5], [[0, 0], [1, 1], [2, 2]])
        assert task.sample(jax.random.key(seed), 7).mask.sum() == 7 * 16 * 2
    with pytest.raises(
        ValueError, match="none of 2,000 trials has the condition d; expected trials of every condition"
    ):
        rc.FunctionTask(("a", "b", "c", "d"), draw=draw).probe()


class FakeEnvironment:
    """As much of a NeuroGym environment as is used: trials of 4 to 6 steps that end with choice 1 or 2."""

    dt = 20
    action_space = types.SimpleNamespace(n=3)

    def __init__(self, continuous=False):
        self.unwrapped, self.continuous = self, continuous
        if continuous:
            self.action_space = types.SimpleNamespace()

    def seed(self, seed):
        self.random = np.random.default_rng(seed)

    def new_trial(self):
        steps, choice = self.random.integers(4, 7), self.random.integers(1, 3)
        self.ob = np.full((steps, 2), choice)
        self.gt = np.arange(steps) / 10 if self.continuous else np.where(np.arange(steps) < 3, 0, choice)


class Untruthful(FakeEnvironment):
    def new_trial(self):
        self.ob = np.zeros((3, 2))


class FakeNeuroGym(types.ModuleType):
    kinds: ClassVar = {"Fake-v0": FakeEnvironment, "Untruthful-v0": Untruthful}

    def make(self, name, **settings):
        return self.kinds[name](**settings)


@pytest.fixture
def neurogym(monkeypatch):
    monkeypatch.setitem(sys.modules, "neurogym", FakeNeuroGym("neurogym"))


@pytest.mark.thorough
def test_bank_of_neurogym(neurogym, seed):
    task = from_neurogym("Fake-v0", trials=100, seed=seed)
    assert (task.inputs, task.outputs, task.steps, task.dt_ms) == (2, 3, 6, 20)
    assert task.condition_names == ("choice 1", "choice 2")
    trials = drawn(task, seed)
    length = trials.mask[:, :, 0].sum(axis=1)
    assert set(length) == {4, 5, 6}
    for number in range(MANY):
        choice, steps = int(trials.condition[number]) + 1, length[number]
        np.testing.assert_array_equal(trials.inputs[number, :steps], choice)
        np.testing.assert_array_equal(trials.targets[number, :3], np.tile([1, 0, 0], (3, 1)))
        np.testing.assert_array_equal(trials.targets[number, 3:steps].argmax(axis=1), choice)
        assert not trials.targets[number, steps:].any()
    np.testing.assert_array_equal(task.probe().inputs[:, 0, 0], [1, 2])
    assert task.success(trials.targets, trials).all()
    again = from_neurogym("Fake-v0", trials=100, seed=seed)
    np.testing.assert_array_equal(task.bank.inputs, again.bank.inputs)
    check_task(task)
    empty = dataclasses.replace(task, bank=dataclasses.replace(task.bank, mask=jnp.zeros_like(task.bank.mask)))
    with pytest.raises(ValueError, match="NeuroGymTask scores nothing"):
        check_task(empty)


def test_continuous_ground_truth(neurogym):
    task = from_neurogym("Fake-v0", trials=10, settings={"continuous": True}, rule=NearRule(tolerance=0.1))
    assert (task.outputs, task.condition_names, task.rule) == (1, ("all",), NearRule(tolerance=0.1))
    np.testing.assert_allclose(task.probe().targets[0, :4, 0], [0, 0.1, 0.2, 0.3], atol=1e-6)


def test_neurogym_errors(neurogym, monkeypatch):
    with pytest.raises(ValueError, match="Untruthful-v0 has no ground truth to learn from"):
        from_neurogym("Untruthful-v0", trials=2)
    with pytest.raises(ValueError, match="trials is 0; expected at least 1"):
        from_neurogym("Fake-v0", trials=0)
    monkeypatch.setitem(sys.modules, "neurogym", None)
    with pytest.raises(
        ModuleNotFoundError, match="need neurogym, which is not installed; install it with: pip install"
    ):
        from_neurogym("Fake-v0")


@pytest.mark.filterwarnings("ignore")
def test_real_neurogym(seed):
    pytest.importorskip("neurogym", exc_type=ImportError)
    task = from_neurogym("PerceptualDecisionMaking-v0", trials=100)
    trials = task.sample(jax.random.key(seed), 10)
    assert (task.inputs, task.outputs, task.condition_names) == (3, 3, ("choice 1", "choice 2"))
    assert task.success(trials.targets, trials).all()


def test_trials_that_do_not_fit_into_memory_are_refused():
    with pytest.raises(ValueError, match=r"^3 trials of 2,000,000,000 steps would take .* Lower the number of"):
        rc.FlipFlop(length_ms=2e9).sample(0, 3)


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda: rc.PerceptualDecision(coherences="a"), "coherences has the type str32; expected real numbers"),
        (lambda: rc.PerceptualDecision(coherences=5.0), "coherences is 5.0; expected numbers from 0 to 100"),
        (lambda: rc.PerceptualDecision(coherences=(1.0, float("nan"))), "coherences is .*; expected numbers from 0"),
        (lambda: rc.FlipFlop(pulse_ms="a"), "pulse_ms is 'a'; expected a number"),
        (lambda: rc.IntervalReproduction(intervals=10**400), "intervals is 10+; expected at most 10,000"),
    ],
)
def test_numbers_of_another_kind_are_named(made, message):
    with pytest.raises((TypeError, ValueError), match=message):
        made()
