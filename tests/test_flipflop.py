import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recurra.tasks import FlipFlop, PoissonPulses, ScheduledPulses, SignRule
from recurra.tasks.pulses import Pulses
from recurra.tasks.rules import steady


def target_by_hand(task, inputs):
    """Walk through the noiseless inputs of one bit: a pulse's sign holds from its end plus the delay on."""
    delay, held, due = round(task.response_delay_ms / task.dt_ms), 0.0, {}
    target = np.zeros(len(inputs))
    for step, value in enumerate(inputs):
        if value != 0 and (step + 1 == len(inputs) or inputs[step + 1] == 0):
            due[step + 1 + delay] = np.sign(value)
        held = due.get(step, held)
        target[step] = held
    return target


@pytest.mark.thorough
@pytest.mark.parametrize(
    "task",
    [
        FlipFlop(input_noise=0.0),
        FlipFlop(input_noise=0.0, bits=1, dt_ms=2.0, response_delay_ms=10.0),
        FlipFlop(input_noise=0.0, pulse_spread_ms=10.0, amplitude_spread=0.5, response_delay_ms=0.0),
        FlipFlop(input_noise=0.0, pulses=ScheduledPulses(later_onsets_ms=(90.0,), absent=0.0), length_ms=500.0),
    ],
)
def test_target_follows_the_pulses(task, seed):
    trials = task.sample(jax.random.key(seed), 20)
    for inputs, targets in zip(np.asarray(trials.inputs), np.asarray(trials.targets), strict=True):
        for bit in range(task.bits):
            np.testing.assert_array_equal(targets[:, bit], target_by_hand(task, inputs[:, bit]))


@pytest.mark.slow
def test_papers_pulses(seed):
    trials = FlipFlop(input_noise=0.0).sample(jax.random.key(seed), 400)
    inputs = np.asarray(trials.inputs).transpose(0, 2, 1).reshape(-1, 350)
    onsets = [np.flatnonzero(np.diff(np.abs(row), prepend=0) > 0) for row in inputs]
    assert {len(onset) for onset in onsets} <= {1, 2, 3}
    first = np.array([onset[0] for onset in onsets if len(onset) == 3])
    assert first.min() >= 10
    assert first.max() <= 99
    gaps = np.array([onset[1] - onset[0] for onset in onsets if len(onset) == 3])
    assert gaps.min() >= 71
    assert gaps.max() <= 120
    assert set(np.unique(inputs)) == {-1, 0, 1}
    widths = np.abs(inputs).sum(axis=1)
    assert widths.max() == 60
    silent = np.mean([row[:100].max() == 0 and row[:100].min() == 0 for row in inputs])
    assert silent == pytest.approx(1 / 3, abs=0.06)  # 1200 rows: four standard deviations


@pytest.mark.slow
def test_noise_and_dtype(seed):
    task = FlipFlop()
    trials = task.sample(jax.random.key(seed), 50)
    clean = dataclasses.replace(task, input_noise=0.0).sample(jax.random.key(seed), 50)
    noise = np.asarray(trials.inputs - clean.inputs)
    assert noise.std() == pytest.approx(0.1, rel=0.03)
    assert trials.inputs.dtype == trials.targets.dtype == jnp.float32
    np.testing.assert_array_equal(trials.targets, clean.targets)


def test_same_key_same_trials(seed):
    task = FlipFlop()
    few, again = task.sample(jax.random.key(seed), 5), task.sample(jax.random.key(seed), 5)
    np.testing.assert_array_equal(few.inputs, again.inputs)
    assert np.any(few.inputs != task.sample(jax.random.key(seed + 1), 5).inputs)


def test_probe_has_every_state_once():
    task = FlipFlop()
    probe = task.probe()
    assert list(np.asarray(probe.condition)) == list(range(8))
    assert probe.condition_names[5] == "+-+"
    np.testing.assert_array_equal(probe.targets[5, -1], [1, -1, 1])
    assert float(jnp.abs(probe.targets[:, :50]).max()) == 0
    assert float(jnp.abs(probe.targets[:, 50:]).min()) == 1
    np.testing.assert_array_equal(probe.inputs[5, 10:30, 0], np.ones(20))
    assert task.hold(2_100.0).inputs.shape == (8, 2_100, 3)


@pytest.mark.thorough
@pytest.mark.parametrize("bits", [1, 2, 3, 4, pytest.param(8, marks=pytest.mark.slow)])
def test_cube_walk_visits_every_state(bits):
    task = FlipFlop(bits=bits)
    walk = task.cube_walk()
    states = np.asarray(task.memory_state(walk))[0]
    visited = [state for state, before in zip(states, [-1, *states[:-1]], strict=True) if state not in (before, -1)]
    assert len(visited) == 2 * 2**bits or bits == 1
    assert set(visited) == set(range(2**bits))
    flips = np.abs(np.diff(task.states[visited[: 2**bits]], axis=0)).sum(axis=1)
    assert (flips == 2).all(), "more than one bit changes"
    assert np.count_nonzero(np.diff(np.abs(np.asarray(walk.inputs[0, :, 0])), prepend=0) > 0) == 2 * 2**bits


def test_success_rule():
    task = FlipFlop()
    probe = task.probe()
    good = np.array(probe.targets)
    assert task.success(good, probe).all()
    assert task.success(good * 1.29, probe).all()
    assert not task.success(good * 1.31, probe).any(), "error bound of 0.3"
    slow = np.array(good)
    slow[:, 50:60] = 0
    assert task.success(slow, probe).all(), "10 ms to settle"
    wrong = np.array(good)
    wrong[0, 100:116, 1] *= -0.01  # 16 of 290 scored steps: more than 5 %
    wrong[1, 100:114, 1] *= -0.01  # 14: less
    assert list(task.success(wrong, probe)[:2]) == [False, True]


@pytest.mark.slow
def test_poisson_rate_and_answer(seed):
    task = FlipFlop(bits=2, length_ms=2_000, pulses=PoissonPulses(20.0), pulse_ms=1, response_delay_ms=0, input_noise=0)
    trials = task.sample(jax.random.key(seed), 100)
    inputs, targets = np.asarray(trials.inputs), np.asarray(trials.targets)
    count = np.abs(inputs).sum()
    assert count / (100 * 2 * 2_000) == pytest.approx(0.02, abs=5 * np.sqrt(0.02 / 400_000))
    assert abs(inputs.sum()) < 5 * np.sqrt(count)
    held = inputs[:, :-1] != 0
    np.testing.assert_array_equal(targets[:, 1:][held], inputs[:, :-1][held])


@settings(max_examples=25, deadline=None)
@given(onset=st.lists(st.integers(0, 40), min_size=1, max_size=4, unique=True).map(sorted), width=st.integers(1, 12))
@pytest.mark.slow
def test_a_new_pulse_ends_the_one_before(onset, width):
    signs = np.array([1 if place % 2 else -1 for place in range(len(onset))], np.int32)
    pulses = Pulses(
        jnp.array(onset, jnp.int32)[:, None],
        jnp.array(signs)[:, None],
        jnp.full((len(onset), 1), width, jnp.int32),
        jnp.ones((len(onset), 1), jnp.float32),
    )
    signal, expected = np.asarray(pulses.square(60))[:, 0], np.zeros(60)
    for start, sign in zip(onset, signs, strict=True):
        expected[start:] = 0
        expected[start : start + width] = sign
    np.testing.assert_array_equal(signal, expected)


def test_steady():
    signal = jnp.array([0, 0, 1, 1, 1, -1, -1.0])[None, :, None]
    np.testing.assert_array_equal(steady(signal, 2)[0, :, 0], [1, 1, 0, 0, 1, 0, 0])
    assert steady(signal, 0).all()
    assert steady(signal / 4, 2).all(), "a change by 0.5 is no jump"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bits": 0}, "bits is 0; expected at least 1"),
        ({"bits": 9}, "bits is 9; expected a number from 1 to 8"),
        ({"pulse_ms": -5.0}, "is -5 ms; a duration cannot be negative"),
        ({"pulse_ms": 0.2}, "0.2 ms, 0 steps of dt_ms = 1; expected at least 1"),
        ({"response_delay_ms": -1.0}, "response_delay_ms is -1 ms; a duration cannot be negative"),
        ({"length_ms": 55.0}, "leave -5 ms to judge the memory. Expected at least 61 ms"),
        ({"amplitude_spread": 1.5}, "amplitude_spread is 1.5; expected a number from 0 to 1"),
        ({"pulses": PoissonPulses(2_000.0)}, "rate_hz is 2000, 2 pulses per step; expected fewer than one"),
        ({"input_noise": -0.1}, "input_noise is -0.1; expected 0 or a finite number above it"),
    ],
)
def test_bad_parameters(change, message):
    with pytest.raises(ValueError, match=message):
        FlipFlop(**change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"share": 1.2}, "share is 1.2; expected a number from 0 to 1"),
        ({"settle_ms": -1.0}, "settle_ms is -1.0; expected 0 or a finite number above it"),
        ({"error_bound": 0.0}, "error_bound is 0.0; expected a number above 0"),
    ],
)
def test_bad_rule(change, message):
    with pytest.raises(ValueError, match=message):
        SignRule(**change)


def test_rule_of_the_task():
    task = FlipFlop(rule=SignRule(settle_ms=0.0, error_bound=0.5))
    probe = task.probe()
    assert task.success(probe.targets * 1.4, probe).all()
    late = np.array(probe.targets)
    late[:, 50:65] = 0.01
    assert FlipFlop(rule=SignRule(settle_ms=20.0)).success(late, probe).all()
    late[:, 50:66] = -0.01 * late[:, 66:67]
    assert not task.success(late, probe).any(), "16 of 300 steps are more than 5 %"


def test_bad_pulses():
    with pytest.raises(TypeError, match="pulses is 'poisson'; expected ScheduledPulses"):
        FlipFlop(pulses="poisson")
    with pytest.raises(ValueError, match=r"later_onsets_ms is -70\.0"):
        ScheduledPulses(later_onsets_ms=(170.0, 100.0))
    with pytest.raises(ValueError, match=r"jitter_ms is \(50, 1\)"):
        ScheduledPulses(jitter_ms=(50, 1))
