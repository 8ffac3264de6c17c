from dataclasses import replace

import numpy as np
import pytest

from recurra.analysis.memory.lifetimes import (
    DRIFTING,
    OSCILLATING,
    STABLE,
    NoisyLifetimes,
    memory_lifetimes,
    noisy_lifetimes,
)
from recurra.arrays import RateWeights
from recurra.engine import RateDynamics
from recurra.models import Network
from recurra.tasks import FlipFlop

TASK = FlipFlop(bits=1, input_noise=0.0)


def one_bit(gain, bias=0.0, leak=0.2, inward=0.3):
    """One unit that holds its sign if its gain is above 1."""
    weights = RateWeights(np.array([[gain]]), np.array([[inward]]), np.ones((1, 1)), np.full(1, bias), np.zeros(1))
    return Network(RateDynamics("rate", "tanh", leak), weights, 1.0)


def test_bistable_unit_holds_both_states():
    found = memory_lifetimes(one_bit(1.5), TASK)
    assert [found.kind_of(state) for state in (0, 1)] == [STABLE, STABLE]
    assert np.isinf(found.lifetime_ms).all()
    np.testing.assert_array_equal(found.ends_in, [0, 1])


def test_a_state_that_is_lost_has_a_lifetime():
    """A bias makes one state vanish in a saddle-node: it lingers where the point was, and then goes."""
    edge = np.sqrt(1 - 1 / 1.2)
    bias = np.arctanh(edge) - 1.2 * edge
    network = one_bit(1.2, bias=bias * 1.1)
    found = memory_lifetimes(network, TASK)
    assert [found.kind_of(state) for state in (0, 1)] == [STABLE, DRIFTING]
    np.testing.assert_array_equal(found.ends_in, [0, 0])
    outputs = network.respond(TASK.hold(20_000.0).inputs)[1, :, 0]
    settled = 10 + 20 + 20 + 10  # onset, pulse, delay, settling time
    assert found.lifetime_ms[1] == np.flatnonzero(outputs[settled:] <= 0)[0]
    assert found.lifetime_ms[1] > 20
    longer = memory_lifetimes(one_bit(1.2, bias=bias * 1.01), TASK)
    assert longer.lifetime_ms[1] > 2 * found.lifetime_ms[1], "closer to the bifurcation it lingers for longer"


def test_a_cycle_that_keeps_its_sign_is_an_oscillating_memory():
    """Unit 1 holds the sign; two more rotate and are not read."""
    angle = 2 * np.pi / 40
    recurrent = np.zeros((3, 3))
    recurrent[0, 0] = 1.5
    recurrent[1:, 1:] = 1.2 * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    weights = RateWeights(recurrent, np.full((3, 1), 0.5), np.array([[1.0, 0.0, 0.0]]), np.zeros(3), np.zeros(1))
    found = memory_lifetimes(Network(RateDynamics("rate", "tanh", 1.0), weights, 1.0), TASK)
    assert [found.kind_of(state) for state in (0, 1)] == [OSCILLATING, OSCILLATING]
    assert np.isinf(found.lifetime_ms).all()


def test_noise_shortens_lives(seed):
    found = noisy_lifetimes(one_bit(1.2), TASK, seed=seed, input_noise=(0.2, 0.8, 1.6, 3.2), longest_ms=2_000.0)
    assert found.trials == 16
    assert (np.diff(found.failures) >= 0).all()
    assert found.failures[-1] == 16
    assert found.mean_ms[-1] < found.mean_ms[0]
    assert (found.low_ms <= found.mean_ms).all()
    assert (found.mean_ms <= found.high_ms).all()
    assert found.barrier > 0


def test_interval_covers_a_known_mean(seed):
    """Exponential waiting times, censored: the interval of 200 experiments contains the mean in about 95 %."""
    random = np.random.default_rng(seed)
    covered = 0
    for _ in range(200):
        times = random.exponential(300.0, 40)
        wrong = np.arange(500)[None] >= np.minimum(times, 10_000)[:, None]
        covered += _interval_contains(wrong, 300.0)
    assert 178 <= covered <= 200  # five standard deviations


def _interval_contains(wrong, mean):
    from scipy.stats import chi2

    from recurra.analysis.memory.lifetimes import _first_lasting

    failed, steps = _first_lasting(wrong, 1)
    watched, failures = steps.sum() + 0.5 * failed.sum(), failed.sum()
    return 2 * watched / chi2.ppf(0.975, 2 * failures + 2) <= mean <= 2 * watched / chi2.ppf(0.025, 2 * failures)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("change", "watched_ms", "noisy_ms"),
    [({}, 20_000, 5_000), ({"dt_ms": 20.0}, 400_000, 100_000), ({"length_ms": 6_000.0}, 36_000, 12_000)],
)
def test_memories_are_watched_for_long_against_trial_and_step(change, watched_ms, noisy_ms):
    """A flip-flop longer than 5 s, or with coarse steps, is analysed like any other."""
    task = FlipFlop(bits=1, **change)
    network = replace(one_bit(1.5), dt_ms=task.dt_ms)
    assert memory_lifetimes(network, task).longest_ms == watched_ms
    found = noisy_lifetimes(network, task, seed=0, input_noise=(1e-6,), repeats=1)
    assert found.failures[0] == 0
    settled = (10 + task.in_steps(20.0, 20.0, 10.0)) * task.dt_ms
    assert found.low_ms[0] == pytest.approx(2 * 2 * (noisy_ms - settled) / 7.38, rel=0.01)


def test_no_failure_has_no_mean_but_a_lower_end(seed):
    found = noisy_lifetimes(one_bit(2.0), TASK, seed=seed, input_noise=(0.01,), repeats=2, longest_ms=500.0)
    assert list(found.failures) == [0]
    assert np.isinf(found.mean_ms[0])
    assert np.isinf(found.high_ms[0])
    assert 0 < found.low_ms[0] < np.inf
    assert np.isnan(found.barrier)
    assert isinstance(found, NoisyLifetimes)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"longest_ms": 10.0}, "longest_ms is 10.0; expected a number from 350"),
        ({"input_noise": (0.0,)}, "input_noise is 0.0; expected a number above 0"),
        ({"repeats": 0}, "repeats is 0; expected at least 1"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        noisy_lifetimes(one_bit(1.5), TASK, seed=0, **arguments)
