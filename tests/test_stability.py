import numpy as np
import pytest

from recurra.analysis.dynamics.stability import (
    ALIGN,
    beyond_trivial,
    closest_return,
    floquet_multipliers,
    followed,
    kaplan_yorke_dimension,
    lyapunov_spectrum,
)
from recurra.arrays import RateWeights
from recurra.engine import RateDynamics
from recurra.models import Network
from tests.networks import network_of, rotation

TURN = np.array([[0.0, -1.0], [1.0, 0.0]])


def at_origin(recurrent, **options):
    """The exponents at the rest state of a tanh network, where the step is linear with a Jacobian of W and the leak."""
    network = network_of(recurrent, **options)
    return lyapunov_spectrum(network, state=np.zeros(len(recurrent)), steps=2_000)


def orbit(network, state, steps):
    """States by hand, of a tanh network in the rate form without input."""
    states = [np.asarray(state, float)]
    recurrent, leak = network.weights.recurrent, network.dynamics.leak
    for _ in range(steps):
        states.append((1 - leak) * states[-1] + leak * np.tanh(recurrent @ states[-1]))
    return np.array(states)


def jacobian(network, state):
    recurrent, leak = network.weights.recurrent, network.dynamics.leak
    slope = 1 - np.tanh(recurrent @ state) ** 2
    return (1 - leak) * np.eye(len(state)) + leak * slope[:, None] * recurrent


class TestLyapunovSpectrum:
    def test_a_normal_matrix_has_the_logs_of_its_eigenvalues(self):
        recurrent = np.zeros((4, 4))
        recurrent[:2, :2], recurrent[2, 2], recurrent[3, 3] = rotation(0.9, 17.3), 0.5, -0.2
        np.testing.assert_allclose(at_origin(recurrent), 1_000 * np.log([0.9, 0.9, 0.5, 0.2]), rtol=1e-9)

    def test_a_leak_and_a_time_step(self, seed):
        values = np.array([0.9, 0.4, -0.3])
        basis = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))[0]
        network = network_of(basis * values @ basis.T, leak=0.25)
        slower = Network(network.dynamics, network.weights, 2.5)
        expected = 1_000 * np.log(0.75 + 0.25 * values)
        found = lyapunov_spectrum(network, state=np.zeros(3), steps=500)
        np.testing.assert_allclose(found, expected, rtol=1e-6)
        np.testing.assert_allclose(lyapunov_spectrum(slower, state=np.zeros(3), steps=500), found / 2.5, rtol=1e-12)

    def test_relu_that_is_always_on_is_linear(self):
        """It spirals into a point, far from the kink, and may be non-normal."""
        recurrent = np.array([[0.6, 0.3, 0.2], [-0.3, 0.6, 0.1], [0.0, 0.0, 0.4]])
        network = network_of(recurrent, activation="relu", bias=1.0)
        found = lyapunov_spectrum(network, state=np.ones(3), steps=20_000)
        expected = 1_000 * np.log(np.sort(np.abs(np.linalg.eigvals(recurrent)))[::-1])
        np.testing.assert_allclose(found, expected, atol=0.1)

    @pytest.mark.parametrize("form", ["rate", "current"])
    def test_at_a_stable_point_they_are_those_of_its_jacobian(self, form, seed):
        """Of a network with weights that are symmetric up to a scale, so that all eigenvalues are real."""
        random = np.random.default_rng(seed)
        half = random.normal(size=(5, 5))
        network = network_of(0.1 * (half + half.T), leak=0.5, bias=0.3, form=form)
        state = np.zeros(5)
        for _ in range(2_000):
            current = network.weights.recurrent @ (state if form == "rate" else np.tanh(state)) + 0.3
            state = 0.5 * state + 0.5 * (np.tanh(current) if form == "rate" else current)
        inside = network.weights.recurrent @ state + 0.3 if form == "rate" else state
        slope = 1 - np.tanh(inside) ** 2
        weights = network.weights.recurrent
        scaled = slope[:, None] * weights if form == "rate" else weights * slope
        values = np.abs(np.linalg.eigvals(0.5 * np.eye(5) + 0.5 * scaled))
        found = lyapunov_spectrum(network, state=state, steps=20_000)
        np.testing.assert_allclose(found, 1_000 * np.log(np.sort(values)[::-1]), rtol=1e-3, atol=0.01)

    def test_sum_of_all_exponents_is_the_mean_log_of_the_determinant(self, seed):
        recurrent = np.random.default_rng(seed).normal(0, 5 / np.sqrt(30), (30, 30))
        network, start = network_of(recurrent, leak=0.3), np.full(30, 0.1)
        states, growth = followed(network, start, 0.0, None, 400)
        logs = [np.linalg.slogdet(jacobian(network, state))[1] for state in states]
        np.testing.assert_allclose(growth.sum(axis=1), logs, rtol=1e-6, atol=1e-6)
        found = lyapunov_spectrum(network, state=start, steps=400)
        assert found.sum() == pytest.approx(1_000 * np.mean(logs), rel=1e-9)
        assert (np.diff(found) <= 0).all()

    def test_the_orbit_is_the_one_by_hand(self):
        network = network_of(1.3 * TURN, leak=0.8)
        start = orbit(network, [0.5, 0.1], 3_000)[-1]
        states, _ = followed(network, start, 0.0, 1, 50)
        np.testing.assert_allclose(states, orbit(network, start, ALIGN[0] + 49)[ALIGN[0] :], atol=1e-12)

    def test_chaos(self, seed):
        """A strong random network has many positive exponents."""
        recurrent = np.random.default_rng(seed).normal(0, 5 / np.sqrt(200), (200, 200))
        found = lyapunov_spectrum(network_of(recurrent, leak=0.5), state=np.full(200, 0.1), exponents=4, steps=1_000)
        assert (found > 20).all()
        assert np.isnan(kaplan_yorke_dimension(found)), "four exponents are too few"

    def test_fewer_exponents_are_the_first_ones(self, seed):
        recurrent = np.random.default_rng(seed).normal(0, 0.5, (6, 6))
        network, start = network_of(recurrent + 1.3 * np.eye(6)), np.full(6, 0.1)
        all_of_them = lyapunov_spectrum(network, state=start)
        np.testing.assert_allclose(lyapunov_spectrum(network, state=start, exponents=2), all_of_them[:2], atol=3.0)

    def test_inputs_move_the_point(self):
        network = network_of([[0.5]])
        assert (
            lyapunov_spectrum(network, state=np.zeros(1), inputs=3.0)[0]
            < lyapunov_spectrum(network, state=np.zeros(1))[0]
        )

    def test_a_direction_without_length_and_a_network_without_bound(self):
        assert list(at_origin(np.zeros((2, 2)))) == [-np.inf, -np.inf]
        np.testing.assert_allclose(at_origin(np.array([[0.0, 1.0], [0.0, 0.0]])), -np.inf)
        exploding = network_of(1e6 * np.array([[1.0, -2.0], [0.5, 3.0]]), activation="relu", bias=0.1)
        assert np.isnan(lyapunov_spectrum(exploding, state=np.ones(2))).all()
        saturated = network_of(1e6 * np.eye(2))
        assert list(lyapunov_spectrum(saturated, state=np.full(2, 0.3))) == [-np.inf, -np.inf]


class TestFloquetMultipliers:
    def test_whole_period_is_the_product_of_jacobians(self):
        """A ring of two units that repeats itself after four steps, one with different gains so that modes differ."""
        network = network_of(np.array([[0.0, -1.6], [1.1, 0.0]]))
        start = orbit(network, [0.5, 0.1], 4_000)[-1]
        states = orbit(network, start, 4)
        np.testing.assert_allclose(states[4], start, atol=1e-12)
        product = np.linalg.multi_dot([jacobian(network, state) for state in states[3::-1]])
        expected = np.sort(np.abs(np.linalg.eigvals(product)))[::-1]
        found = floquet_multipliers(network, state=start, period_ms=4.0)
        np.testing.assert_allclose(found, expected, rtol=1e-3)
        assert expected[0] < 0.9, "no trivial one"

    def test_period_two_of_one_unit(self):
        network = network_of([[-1.5]])
        start = orbit(network, [0.5], 1_000)[-1]
        expected = (1.5 * (1 - np.tanh(1.5 * start[0]) ** 2)) ** 2
        assert floquet_multipliers(network, state=start, period_ms=2.0) == pytest.approx(expected, rel=1e-9)

    @pytest.mark.parametrize("period", [23.7, 61.8])
    def test_contracting_rotation(self, period):
        """A third unit beside an undamped rotation: multipliers 1, 1 and the third to the power of the period."""
        recurrent = np.zeros((3, 3))
        recurrent[:2, :2], recurrent[2, 2] = rotation(1.0, period), 0.97
        weights = RateWeights(recurrent, np.zeros((3, 1)), np.ones((1, 3)), np.zeros(3), np.zeros(1))
        tall = RateWeights(recurrent, np.zeros((3, 1)), np.ones((1, 3)), 10 - recurrent @ np.full(3, 10.0), np.zeros(1))
        for used, state in ((weights, np.zeros(3)), (tall, np.array([11.0, 10.0, 10.0]))):
            activation = "tanh" if used is weights else "relu"
            network = Network(RateDynamics("rate", activation, 1.0), used, 1.0)
            found = floquet_multipliers(network, state=state, period_ms=period)
            np.testing.assert_allclose(found, [1, 1, 0.97**period], rtol=1e-3)

    @pytest.mark.parametrize("period", [25.0, 37.3])
    def test_a_young_cycle(self, period):
        """Past a Hopf bifurcation distances grow by 1 + m at 0 and shrink by 1 - 2 m at the cycle, to first order."""
        m = 0.01
        network = network_of(rotation(1 + m, period))
        start = orbit(network, [0.2, 0.0], 5_000)[-1]
        found = floquet_multipliers(network, state=start, period_ms=period)
        assert found[0] == pytest.approx(1, abs=2e-3)
        assert found[1] == pytest.approx((1 - 2 * m) ** period, rel=0.02)

    def test_time_step(self):
        network = network_of(rotation(1.2, 37.3))
        start = orbit(network, [0.2, 0.0], 5_000)[-1]
        slower = Network(network.dynamics, network.weights, 2.0)
        found = floquet_multipliers(network, state=start, period_ms=37.3)
        np.testing.assert_allclose(floquet_multipliers(slower, state=start, period_ms=74.6), found, rtol=1e-12)

    def test_published_cycle(self, reference):
        """One trivial multiplier, and the others far inside: the cycle of the and network draws everything near."""
        from recurra.analysis.dynamics.recurrence import period_of
        from recurra.runs.imports import read_network
        from recurra.tasks import And

        network = read_network(reference / "and_n50_orthogonal_04_epoch19.hdf5", 1.0, None)
        inputs = np.pad(np.asarray(And().probe().inputs), ((0, 0), (0, 6_000), (0, 0)))
        rates, _ = network.run(inputs)
        period = period_of(rates[1, -4_000:])
        found = floquet_multipliers(network, state=rates[1, -1], period_ms=period, exponents=3)
        assert found[0] == pytest.approx(1, abs=1e-3)
        assert (found[1:] < 0.1).all()


@pytest.mark.parametrize(
    ("exponents", "dimension"),
    [
        ([-1.0, -2.0], 0.0),
        ([0.0, -2.0], 1.0),
        ([0.9, 0.0, -14.5], 2 + 0.9 / 14.5),
        ([-14.5, 0.0, 0.9], 2 + 0.9 / 14.5),
        ([0.5, -np.inf], 1.0),
        ([0.5, 0.1], np.nan),
        ([np.nan, np.nan], np.nan),
    ],
)
def test_kaplan_yorke_dimension(exponents, dimension):
    assert kaplan_yorke_dimension(np.array(exponents)) == pytest.approx(dimension, nan_ok=True)


def test_closest_return_is_a_whole_number_of_periods():
    time = np.arange(1_000)
    back, distance = closest_return(np.sin(2 * np.pi * time / 62.5)[:, None] + 3)
    assert back % 125 == 0  # two periods
    assert distance < 1e-9


def test_beyond_trivial():
    assert beyond_trivial(np.array([1e-2, -10, -20])) == -10
    assert beyond_trivial(np.array([2.0, -10])) == -10, "a cycle that was reached is stable"
    assert beyond_trivial(np.array([-10.0, -20.0])) == -10
    assert np.isnan(beyond_trivial(np.array([0.0])))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"steps": 0}, "steps is 0; expected at least 1"),
        ({"exponents": 0}, "exponents is 0; expected at least 1"),
        ({"exponents": 3}, "exponents is 3; expected at most 2, the size of the network's state"),
        ({"state": np.zeros(3)}, r"state has shape \(3,\); expected \(state: 2\)"),
        ({"inputs": np.zeros(2)}, r"inputs has shape \(2,\); expected one number, or 1 of them"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        lyapunov_spectrum(network_of(TURN), **({"state": np.zeros(2)} | arguments))


def test_bad_period():
    with pytest.raises(ValueError, match="period_ms is 0; expected a number above 0"):
        floquet_multipliers(network_of(TURN), state=np.zeros(2), period_ms=0)
