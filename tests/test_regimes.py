import time
from dataclasses import replace

import numpy as np
import pytest

from recurra.analysis.dynamics.recurrence import directed, period_of
from recurra.analysis.dynamics.regimes import MOST_STEPS, Regimes, regimes
from recurra.arrays import RateWeights
from recurra.engine import RateDynamics
from recurra.models import Network
from recurra.runs.imports import read_network
from recurra.storage.records import from_dataset, to_dataset
from recurra.tasks import TASKS, And, FlipFlop, FunctionTask, Trial
from tests.networks import network_of, random_network, rotation


def kicked():
    """A task of one input: a kick in the first step, then nothing."""

    def made(number):
        return Trial.of(np.eye(20, 1) * number, np.zeros((20, 1)), condition=number)

    return FunctionTask(conditions=("none", "kick"), draw=lambda _: made(1), draw_condition=made)


def kinds(network, task=None, **options):
    return kinds_of(regimes_of(network, task or kicked(), **options))


def regimes_of(network, task, **options):
    """With the network's time step, whatever the task's is."""
    return regimes(network, probe=replace(task.probe(), dt_ms=network.dt_ms), **options)


def kinds_of(found):
    return [found.kind_of(condition) for condition in range(len(found))]


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("name", "task", "expected"),
    [
        ("and_n50_orthogonal_04_epoch19", "and", ["quiescent", "cycle", "cycle", "fixed"]),
        ("setreset_n50_orthogonal_06_epoch19", "setreset", ["cycle", "fixed"]),
        ("xor_n50_orthogonal_00_epoch19", "xor", ["quiescent", "fixed", "fixed", "cycle"]),
    ],
)
def test_published_networks(reference, name, task, expected):
    network = read_network(reference / f"{name}.hdf5", 1.0, None)
    found = regimes(network, probe=TASKS[task]().probe())
    assert kinds_of(found) == expected
    kind = np.array(expected)
    at_rest, cycle = np.isin(kind, ["quiescent", "fixed"]), kind == "cycle"
    np.testing.assert_array_equal(np.isfinite(found.period_ms), cycle)
    np.testing.assert_array_equal(found.amplitude > 0, cycle)
    assert (np.abs(found.exponent_hz[cycle]) < 0.1).all()
    assert (found.exponent_hz[kind == "fixed"] < 0).all()
    assert (found.multiplier[kind != "quiescent"] < 1).all()
    assert (found.multiplier[kind == "quiescent"] > 1).all(), "at rest for want of a stimulus only"
    unit_ms = np.where(at_rest, 1.0, found.period_ms)
    np.testing.assert_allclose(found.time_constant_ms, -unit_ms / np.log(found.multiplier), rtol=1e-12)
    np.testing.assert_allclose(found.exponent_hz[at_rest], 1_000 * np.log(found.multiplier[at_rest]), rtol=1e-12)
    assert (found.settled_ms == 4_000).all()
    if task == "setreset":
        assert found.period_ms[0] == pytest.approx(48.4, abs=0.5)  # about 50 ms
        np.testing.assert_allclose(found.mean_output[:, 0], [0, 1], atol=0.1)
    if task == "and":
        assert found.period_ms[1] == pytest.approx(73.8, abs=0.5)
        assert found.time_constant_ms[1] == pytest.approx(26.4, abs=0.5)


def test_one_unit_is_quiescent_fixed_or_drifts():
    assert kinds(network_of([[0.5]])) == ["quiescent", "quiescent"]
    assert kinds(network_of([[1.5]])) == ["quiescent", "fixed"]
    # At the bifurcation itself a state decays as the root of 3 / (2 t), not exponentially: never settled.
    assert kinds(network_of([[1.0]]), windows=2) == ["quiescent", "drifting"]


def test_slowest_mode_of_a_stable_point_is_its_leading_eigenvalue():
    network = network_of([[0.5, 0.3], [0.0, -0.2]], leak=0.2)
    found = regimes_of(Network(network.dynamics, network.weights, 2.0), kicked())
    np.testing.assert_allclose(found.multiplier, 0.8 + 0.2 * 0.5, rtol=1e-12)
    np.testing.assert_allclose(found.exponent_hz, 500 * np.log(0.9), rtol=1e-12)
    np.testing.assert_allclose(found.time_constant_ms, -2 / np.log(0.9), rtol=1e-12)
    assert (found.settled_ms == 10_000).all()  # a thousand time constants of 5 steps of 2 ms
    assert np.isnan(found.period_ms).all()


def test_a_memory_far_from_the_origin_has_its_own_mode():
    """After a kick one unit sits at h = tanh(1.5 h), with slope 1.5 (1 - h²)."""
    found = regimes_of(network_of([[1.5]]), kicked())
    point = 1.0
    for _ in range(200):
        point = np.tanh(1.5 * point)
    np.testing.assert_allclose(found.multiplier, [1.5, 1.5 * (1 - point**2)], rtol=1e-6)
    assert found.mean_output[1, 0] == pytest.approx(point)
    assert found.time_constant_ms[0] < 0 < found.time_constant_ms[1]


@pytest.mark.slow
def test_neither_growing_nor_shrinking_takes_for_ever():
    """An identity matrix and no stimulus: all eigenvalues are 1."""
    rest = regimes_of(network_of(np.eye(3)), kicked())
    assert rest.kind_of(0) == "quiescent"
    assert rest.multiplier[0] == 1
    assert rest.exponent_hz[0] == 0
    assert rest.time_constant_ms[0] == np.inf


def test_no_recurrence_is_forgotten_at_once():
    found = regimes_of(network_of(np.zeros((2, 2))), kicked())
    assert list(found.multiplier) == [0, 0]
    assert list(found.exponent_hz) == [-np.inf, -np.inf]
    assert list(found.time_constant_ms) == [0, 0]


@pytest.mark.parametrize("period", [25.0, 40.0, 77.3])
def test_rotation(period):
    """A Hopf bifurcation 1 % past its onset: distances from the cycle shrink by 2 % a step, to first order."""
    angle = 2 * np.pi / period
    turn = 1.01 * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    found = regimes_of(network_of(turn), kicked())
    assert kinds_of(found) == ["quiescent", "cycle"]
    assert found.period_ms[1] == pytest.approx(period, rel=0.02)
    assert abs(found.exponent_hz[1]) < 0.1
    assert found.multiplier[1] == pytest.approx(0.98 ** found.period_ms[1], rel=0.03)
    assert found.time_constant_ms[1] == pytest.approx(-1 / np.log(0.98), rel=0.03)
    assert found.multiplier[0] == pytest.approx(1.01)


def test_exact_repetition_has_no_trivial_multiplier():
    """One unit that changes its sign at every step; its only mode is that of the distance from the orbit."""
    found = regimes_of(network_of([[-1.5]]), kicked())
    assert found.kind_of(1) == "cycle"
    assert found.period_ms[1] == pytest.approx(2)
    point = 2 * found.amplitude[1] / 2
    assert found.multiplier[1] == pytest.approx((1.5 * (1 - np.tanh(1.5 * point) ** 2)) ** 2, rel=1e-6)


@pytest.mark.parametrize("angle", [0.2, 0.3, 2.0])
@pytest.mark.slow
def test_a_rotation_that_neither_grows_nor_decays_is_never_at_rest(angle):
    """Rounding makes its eigenvalues a little smaller than 1 for some angles: that brings nothing to rest."""
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    found = regimes_of(network_of(turn, activation="linear"), kicked())
    assert found.kind_of(1) not in ("quiescent", "fixed")


def test_strong_random_network_is_chaotic(seed):
    """Nearly every one; a rare one has come to a cycle, and then distances shrink or stay."""

    def regimes_drawn(number):
        weights = np.random.default_rng(number).normal(0, 3 / np.sqrt(200), (200, 200))
        return regimes_of(network_of(weights, leak=0.5), kicked())

    found = regimes_drawn(seed)
    for number in (seed + 1, seed + 2):
        if found.kind_of(1) == "chaotic":
            break
        assert found.kind_of(1) == "cycle"
        assert found.multiplier[1] < 1
        found = regimes_drawn(number)
    assert found.kind_of(1) == "chaotic"
    assert found.exponent_hz[1] > 0
    assert np.isnan([found.period_ms[1], found.multiplier[1], found.time_constant_ms[1]]).all()


@pytest.mark.slow
def test_time_step_does_not_change_the_exponent():
    slow, fast = (regimes_of(network_of([[0.5]], leak=leak), kicked()) for leak in (0.001, 0.002))
    assert slow.exponent_hz[0] * 2 == pytest.approx(fast.exponent_hz[0], rel=0.01)  # dt_ms is 1 in both: tau_ms differs


@pytest.mark.parametrize(
    "leak", [pytest.param(1.0, marks=pytest.mark.slow), pytest.param(1e-2, marks=pytest.mark.slow), 1e-5]
)
def test_what_goes_straight_to_a_point_rests_there(leak):
    """A mode with a time constant of 2 or of 10,000 time constants of the unit, however short the step is."""
    for weight in (0.5, 0.9999):
        found = regimes_of(network_of([[weight]], leak=leak), kicked())
        assert kinds_of(found) == ["quiescent", "quiescent"]
        assert found.time_constant_ms[1] == pytest.approx(-1 / np.log1p(leak * (weight - 1)), rel=1e-5)
    assert found.settled_ms.max() <= MOST_STEPS


def scaled(recurrent, leak, tau_ms=10.0, **options):
    """The same equations in time, with a step of `leak` time constants."""
    network = network_of(recurrent, leak=leak, **options)
    return Network(network.dynamics, network.weights, leak * tau_ms)


def after_a_kick(network):
    return regimes(network, probe=replace(kicked().probe().part(slice(1, 2)), dt_ms=network.dt_ms))


HOPF = np.array([[1.3, -0.8], [0.8, 1.3]])


class TestTimeStep:
    """dh/dt = -h + tanh(W h): what it does is the same with every short step."""

    def test_young_cycle_by_hand(self):
        """W = 1 + m + i w: to first order in m a turn takes 2 pi / (w (1 - m)), and distances shrink at a rate of 2 m.

        A step of l time constants adds l w^2 / 2 to m.
        """
        found = after_a_kick(scaled([[1.02, -0.5], [0.5, 1.02]], 0.01))
        m = 0.02 + 0.01 * 0.5**2 / 2
        assert found.kind_of(0) == "cycle"
        assert found.period_ms[0] == pytest.approx(10 * 2 * np.pi / (0.5 * (1 - m)), rel=2e-3)
        assert found.time_constant_ms[0] == pytest.approx(10 / (2 * m), rel=0.05)

    def test_cycle(self):
        """Its period, slowest mode and exponent converge."""
        found = [after_a_kick(scaled(HOPF, leak)) for leak in (0.1, 0.03, 0.01)]
        assert [one.kind_of(0) for one in found] == ["cycle"] * 3
        periods = [float(one.period_ms[0]) for one in found]
        assert abs(periods[2] - periods[1]) < abs(periods[1] - periods[0]) / 2
        constants = [float(one.time_constant_ms[0]) for one in found]
        assert constants[2] == pytest.approx(constants[1], rel=0.1)
        assert all(abs(float(one.exponent_hz[0])) < 0.1 for one in found)

    @pytest.mark.parametrize("leak", [0.2, pytest.param(0.02, marks=pytest.mark.slow)])
    def test_two_independent_cycles(self, leak):
        both = np.zeros((4, 4))
        both[:2, :2], both[2:, 2:] = HOPF, [[1.2, -0.37], [0.37, 1.2]]
        found = after_a_kick(scaled(both, leak))
        assert found.kind_of(0) == "quasi-periodic"
        assert np.isnan(found.period_ms[0])

    @pytest.mark.parametrize(
        "leak", [pytest.param(1.0, marks=pytest.mark.slow), 0.1, pytest.param(0.01, marks=pytest.mark.slow)]
    )
    def test_drift_along_a_line(self, leak):
        """Two relu units that copy each other, and a little constant current: they never come to rest."""
        found = after_a_kick(scaled(np.full((2, 2), 0.5), leak, activation="relu", bias=1e-6))
        assert found.kind_of(0) == "drifting"

    @pytest.mark.slow
    def test_chaos(self):
        recurrent = np.random.default_rng(0).normal(0, 3 / np.sqrt(150), (150, 150))
        found = [after_a_kick(scaled(recurrent, leak)) for leak in (0.1, 0.05, 0.02, 0.01)]
        assert [one.kind_of(0) for one in found] == ["chaotic"] * 4
        exponents = np.array([one.exponent_hz[0] for one in found])
        np.testing.assert_allclose(exponents, exponents.mean(), rtol=0.4)

    def test_units_of_time(self):
        """Ten times the step and the time constant: all times are ten times as long."""
        one, other = after_a_kick(scaled(HOPF, 0.1)), after_a_kick(scaled(HOPF, 0.1, tau_ms=100.0))
        for name in ("period_ms", "time_constant_ms", "settled_ms"):
            np.testing.assert_allclose(getattr(other, name), 10 * getattr(one, name), rtol=1e-9)
        np.testing.assert_allclose(other.exponent_hz, one.exponent_hz / 10, rtol=1e-9)

    @pytest.mark.slow
    def test_no_cycle_grows(self, seed):
        """Of random networks of two to four units nothing with a multiplier beyond 1 is called a cycle."""
        random = np.random.default_rng(seed)
        for _ in range(4):
            units = int(random.integers(2, 5))
            recurrent = random.normal(0, 2.5 / np.sqrt(units), (units, units))
            found = regimes_of(network_of(recurrent, leak=float(random.choice([1.0, 0.3]))), kicked(), windows=2)
            cycle = np.array([kind == "cycle" for kind in kinds_of(found)])
            assert (found.multiplier[cycle] < 1).all()
            assert np.isfinite(found.period_ms[cycle]).all()


class TestHardCases:
    def test_order_of_units_changes_nothing(self, reference, seed):
        network = read_network(reference / "and_n50_orthogonal_04_epoch19.hdf5", 1.0, None)
        old, order = network.weights, np.random.default_rng(seed).permutation(50)
        turned = RateWeights(
            np.asarray(old.recurrent)[np.ix_(order, order)],
            np.asarray(old.input)[order],
            np.asarray(old.output)[:, order],
            np.asarray(old.recurrent_bias)[order],
            old.output_bias,
        )
        first = regimes(network, probe=And().probe())
        second = regimes(Network(network.dynamics, turned, 1.0), probe=And().probe())
        assert kinds_of(first) == kinds_of(second)
        for name in ("period_ms", "amplitude", "multiplier", "time_constant_ms"):
            np.testing.assert_allclose(getattr(first, name), getattr(second, name), rtol=1e-3)

    @pytest.mark.parametrize("form", ["rate", pytest.param("current", marks=pytest.mark.slow)])
    def test_explosion_is_drifting_without_numbers(self, form):
        for recurrent in (1e6 * np.array([[1.0, -2.0], [0.5, 3.0]]), 1.05 * np.eye(2), 1e12 * np.ones((2, 2))):
            found = regimes_of(network_of(recurrent, form=form, activation="relu", bias=0.1), kicked())
            assert kinds_of(found) == ["drifting", "drifting"]
            assert np.isinf(found.amplitude).all()
            for name in ("period_ms", "exponent_hz", "multiplier", "time_constant_ms", "mean_output"):
                assert np.isnan(getattr(found, name)).all()

    def test_one_condition_explodes_and_the_other_rests(self):
        found = regimes_of(network_of(3 * np.eye(2), activation="relu"), kicked())
        assert kinds_of(found) == ["quiescent", "drifting"]
        assert np.isfinite(found.mean_output[0]).all()

    @pytest.mark.slow
    def test_enormous_weights(self):
        """Units are saturated: two of them keep their signs, a ring turns them, and a hundred never come back."""
        assert kinds(network_of(1e6 * np.eye(2))) == ["quiescent", "fixed"]
        ring = regimes_of(network_of(1e6 * np.array([[0.0, -1.0], [1.0, 0.0]])), kicked())
        assert kinds_of(ring) == ["quiescent", "cycle"]
        assert ring.multiplier[1] == 0
        assert ring.time_constant_ms[1] == 0
        wild = network_of(1e6 * np.random.default_rng(0).normal(size=(100, 100)))
        assert kinds(wild, windows=1) == ["quiescent", "undecided"]

    def test_untrained_network(self, reference):
        """Of an orthogonal matrix: the origin is neutral, and a kick decays as slowly as a power of time."""
        network = read_network(reference / "and_n50_orthogonal_04_initial.hdf5", 1.0, None)
        found = regimes(network, probe=And().probe(), windows=2)
        assert kinds_of(found) == ["quiescent", "undecided", "undecided", "undecided"]
        assert found.multiplier[0] == pytest.approx(1, abs=1e-6)
        assert (np.abs(found.exponent_hz) < 1).all()
        assert np.isfinite(found.mean_output).all()

    def test_one_condition(self):
        found = regimes(network_of([[1.5]]), probe=kicked().probe().part(slice(1, 2)))
        assert len(found) == 1
        assert found.kind_of(0) == "fixed"
        assert found.mean_output.shape == (1, 1)

    @pytest.mark.slow
    def test_a_thousand_units(self, seed):
        network = network_of(np.random.default_rng(seed).normal(0, 0.5 / np.sqrt(1_000), (1_000, 1_000)))
        found = regimes(network, probe=kicked().probe().part(slice(0, 1)))
        assert kinds_of(found) == ["quiescent"]
        assert found.multiplier[0] == pytest.approx(0.5, rel=0.1)  # Girko's circle

    @pytest.mark.slow
    def test_cheap_enough_for_a_cohort(self, seed):
        """Eight conditions of 100 units, at rest and in chaos; the bounds leave room for a busy machine."""
        random = np.random.default_rng(seed)
        for gain, seconds in ((0.5, 2.0), (3.0, 4.0)):
            recurrent = random.normal(0, gain / 10, (100, 100))
            weights = RateWeights(
                recurrent, random.normal(size=(100, 3)), random.normal(size=(3, 100)), np.zeros(100), np.zeros(3)
            )
            network, probe = Network(RateDynamics("rate", "tanh", 1.0), weights, 1.0), FlipFlop().probe()
            regimes(network, probe=probe)
            begin = time.process_time()
            regimes(network, probe=probe)
            assert time.process_time() - begin < seconds


def test_a_cohort_is_stored():
    found = [regimes_of(network_of(recurrent), kicked()) for recurrent in ([[0.5]], [[1.5]], [[-1.5]])]
    again = from_dataset(Regimes, to_dataset(found, [0, 1, 2]))
    for one, other in zip(found, again, strict=True):
        assert kinds_of(one) == kinds_of(other)
        np.testing.assert_array_equal(one.period_ms, other.period_ms)
        np.testing.assert_array_equal(one.mean_output, other.mean_output)
    assert [one.kind_of(1) for one in again] == ["quiescent", "fixed", "cycle"]


@pytest.mark.thorough
@pytest.mark.parametrize("form", ["rate", pytest.param("current", marks=pytest.mark.slow)])
def test_all_activations_and_forms(form, seed):
    for activation in ("relu", "sigmoid", "softplus"):
        recurrent = 0.1 * random_network(seed).weights.recurrent
        network = network_of(recurrent, form=form, activation=activation, bias=0.1)
        assert kinds(network)[0] == "fixed"


@pytest.mark.parametrize("period", [2.0, 3.0, 5.0, 5.3, 31.7, 200.0])
def test_period(period):
    time = np.arange(3_000)
    wave = np.stack([np.sin(2 * np.pi * time / period), np.cos(2 * np.pi * time / period)], axis=1)
    assert period_of(wave + 3) == pytest.approx(period, rel=1e-3)
    assert np.isnan(period_of(np.ones((100, 2))))


def test_the_period_is_that_of_the_whole_path():
    """A unit that changes its sign at every step beside a slow one; an orbit of 66 steps, in 31 turns."""
    time = np.arange(4_000)
    both = np.stack([(-1.0) ** time, 0.2 * np.sin(2 * np.pi * time / 66)], axis=1)
    assert period_of(both) == pytest.approx(66, rel=1e-6)
    fast = 2 * np.pi * 31 * time / 66
    assert period_of(np.stack([np.cos(fast), np.sin(fast)], axis=1)) == pytest.approx(66, rel=1e-6)
    slow = 2 * np.pi * time / 41.3
    double = np.stack([np.sin(slow), np.cos(slow), 0.3 * np.sin(slow / 2)], axis=1)
    assert period_of(double) == pytest.approx(82.6, rel=1e-4)


def test_no_period(seed):
    random = np.random.default_rng(seed)
    assert np.isnan(period_of(np.cumsum(random.normal(size=(2_000, 3)), axis=0)))
    assert np.isnan(period_of(np.linspace(0, 1, 2_000)[:, None]))
    assert np.isnan(period_of(random.normal(size=(4, 2))))


def test_how_straight():
    assert directed(np.linspace(0, 1, 1_000)[:, None] * [1.0, 2.0]) == pytest.approx(1)
    assert directed(np.sin(np.arange(1_000))[:, None]) < 0.2
    assert directed(np.zeros((100, 2))) == 0
    turn = 2 * np.pi * np.arange(16_001) / 40  # eight turns a piece
    assert directed(np.stack([np.cos(turn), np.sin(turn)], axis=1)) < 1e-6


def test_neither_a_cycle_nor_a_drift():
    """A linear rotation has a period, but keeps every distance: whether it is a cycle is open."""
    assert after_a_kick(network_of(rotation(1.0, 40), activation="linear")).kind_of(0) == "undecided"


def test_bad_windows():
    with pytest.raises(ValueError, match="windows is 0; expected at least 1"):
        regimes(network_of([[0.5]]), probe=And().probe(), windows=0)
