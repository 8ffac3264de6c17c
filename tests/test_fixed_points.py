import jax.numpy as jnp
import numpy as np
import pytest
from scipy.linalg import hadamard
from scipy.optimize import brentq

import recurra as rc
from recurra.analysis.dynamics.automatic_flow import AutomaticFlow
from recurra.analysis.dynamics.fixed_points import fixed_points, fixed_points_under
from recurra.analysis.dynamics.flows import flow_of
from recurra.analysis.dynamics.slow_points import slow_points
from recurra.analysis.dynamics.starts import chao_missing
from recurra.analysis.states import starts_near
from recurra.engine import ACTIVATIONS, Dynamics, RateDynamics
from recurra.models import Network
from recurra.runs.imports import read_network
from recurra.tasks import TASKS
from tests.networks import network_of, random_network, rotation, starts_of


def zero_of(function, low, high):
    return float(brentq(function, low, high, xtol=1e-15))


@pytest.mark.parametrize(
    ("name", "task", "by_index"),
    [
        ("and_n50_orthogonal_04_epoch19", "and", {0: 2, 6: 1}),
        ("setreset_n50_orthogonal_06_epoch19", "setreset", {0: 2, 3: 2, 8: 1}),
    ],
)
def test_published_networks(reference, name, task, by_index, seed):
    network = read_network(reference / f"{name}.hdf5", 1.0, None)
    rates, _ = network.run(TASKS[task]().probe().inputs)
    found = fixed_points(network, starts=starts_near(states=rates, starts=400, spread=0.1, seed=seed))
    assert dict(zip(*np.unique(found.index, return_counts=True), strict=True)) == by_index
    assert found.residual.max() < 1e-12
    assert found.certified == found.stability_proved.sum() == len(found)
    assert (found.radius < 1e-8).all()
    assert found.found.sum() <= found.starts
    for state in found.states:  # tanh without a bias is odd
        assert np.linalg.norm(found.states + state, axis=1).min() < 1e-9


def test_one_unit_has_a_pitchfork():
    for gain in (0.5, 0.99):
        assert len(fixed_points(network_of([[gain]]), starts=starts_of(network_of([[gain]])))) == 1
    network = network_of([[1.5]], leak=0.2)
    found = fixed_points(network, starts=starts_of(network))
    upper = zero_of(lambda h: np.tanh(1.5 * h) - h, 0.1, 1)
    np.testing.assert_allclose(np.sort(found.states[:, 0]), [-upper, 0, upper], atol=1e-12)
    np.testing.assert_array_equal(found.index, [0, 0, 1])
    slope = 1.5 * (1 - upper**2)
    np.testing.assert_allclose(found.eigenvalues[:2, 0], 0.8 + 0.2 * slope, rtol=1e-12)
    assert found.eigenvalues[2, 0] == pytest.approx(0.8 + 0.2 * 1.5)


@pytest.mark.parametrize("form", ["rate", "current"])
def test_odd_equations_have_every_point_twice(form):
    network = network_of(1.5 * np.eye(2), form=form)
    found = fixed_points(network, starts=np.array([[1.0, 1.0], [1.0, 0.9]]))
    assert list(found.found) == [2, 0]
    np.testing.assert_array_equal(found.states[0], -found.states[1])
    assert found.radius[0] == found.radius[1]
    np.testing.assert_array_equal(found.eigenvalues[0], found.eigenvalues[1])
    assert found.proved_stable == 2
    assert len(fixed_points(network_of(1.5 * np.eye(2), form=form, bias=0.01), starts=np.ones((1, 2)))) == 1


def test_points_move_with_the_input():
    network = network_of([[0.5]])
    found = fixed_points(network, starts=starts_of(network), inputs=0.3)
    assert found.states[0, 0] == pytest.approx(zero_of(lambda h: np.tanh(0.5 * h + 0.3) - h, -1, 1), abs=1e-12)
    np.testing.assert_array_equal(found.inputs, [0.3])
    several = fixed_points_under(network, starts=starts_of(network), inputs=np.array([[0.3], [0.0]]))
    np.testing.assert_array_equal(several[0].states, found.states)
    assert several[1].states[0, 0] == pytest.approx(0, abs=1e-12)


def test_linear_network(seed):
    """relu with large positive currents is linear: h = (1 - W)^-1 b."""
    random = np.random.default_rng(seed)
    recurrent = random.uniform(0, 0.1, (6, 6))
    network = network_of(recurrent, activation="relu", bias=1.0)
    found = fixed_points(network, starts=random.uniform(0, 5, (50, 6)))
    np.testing.assert_allclose(found.states[0], np.linalg.solve(np.eye(6) - recurrent, np.ones(6)), rtol=1e-12)
    assert found.certified == found.proved_stable == 1, "far from the kink"


def test_rotation_has_a_known_period():
    turn = network_of(rotation(period=40))
    found = fixed_points(turn, starts=starts_of(turn))
    assert list(found.index) == [2]
    assert abs(np.angle(found.eigenvalues[0, 0])) == pytest.approx(2 * np.pi / 40)


def test_hopfield_network_has_its_patterns():
    """With orthogonal patterns ξ and W = (g / N) Σ ξ ξᵀ, m ξ is a fixed point where m = tanh(g m)."""
    patterns, gain = hadamard(16)[1:4], 2.0
    network = network_of(gain / 16 * patterns.T @ patterns)
    both = np.concatenate([patterns, -patterns])
    found = fixed_points(network, starts=0.3 * starts_of(network, 400) + both[np.arange(400) % 6])
    size = zero_of(lambda m: np.tanh(gain * m) - m, 0.1, 1)
    for pattern in both:
        distance = np.linalg.norm(found.states - size * pattern, axis=1)
        assert distance.min() < 1e-10
        assert found.index[distance.argmin()] == 0
        assert found.eigenvalues[distance.argmin(), 0] == pytest.approx(gain * (1 - size**2))
    assert not found.dimension.any()


@pytest.mark.parametrize("form", ["rate", "current"])
def test_line_attractor_is_one_point(form, seed):
    """Two relu units that copy each other keep every equal pair of rates."""
    line = np.full((2, 2), 0.5)
    network = network_of(line, activation="relu", form=form)
    found = fixed_points(network, starts=np.abs(starts_of(network, seed=seed)))
    assert list(found.dimension) == [1]
    assert list(found.index) == [0]
    assert found.extent[0] > 1
    assert list(found.continuum) == [True]
    assert not found.marginal.any()
    assert found.found[0] == 200
    assert found.missing_at_least == 0


def test_plane_attractor_is_one_point():
    network = network_of(np.eye(2), activation="relu")
    assert list(fixed_points(network, starts=np.abs(starts_of(network))).dimension) == [2]


def test_point_at_the_edge_of_stability_is_one_point(seed):
    """tanh h = h + h^3 / 3: the search slows down on the way to 0, and ends at many states near it."""
    random = np.random.default_rng(seed)
    turned = np.linalg.qr(random.normal(size=(6, 6)))[0]
    network = network_of(turned @ np.diag([1, 0.2, -0.4, 0.1, -0.3, 0.5]) @ turned.T)
    found = fixed_points(network, starts=0.3 * starts_of(network))
    assert (len(found), *found.dimension, *found.index) == (1, 1, 0)
    assert found.extent[0] < 1e-3
    assert list(found.marginal) == [True]
    assert not found.continuum.any()


def test_ghost_of_two_points_that_vanished_is_slow():
    """h = tanh(a h + b) just beyond the fold of its two upper solutions: the speed is least where a φ' = 1."""
    gain, top = 1.5, np.sqrt(1 - 1 / 1.5)
    fold = np.arctanh(top) - gain * top
    network = network_of([[gain]], bias=fold - 1e-3)
    points = fixed_points(network, starts=starts_of(network))
    found = slow_points(network, points=points)
    expected = (np.arctanh(top) - fold + 1e-3) / gain
    assert len(points) == len(found) == 1
    assert found.states[0, 0] == pytest.approx(expected, abs=1e-9)
    assert found.speed[0] == pytest.approx(abs(top - expected))
    assert found.eigenvalues[0, 0] == pytest.approx(1)
    assert len(slow_points(network, points=points, fastest=1e-4)) == 0


class Hidden(Dynamics):
    """Equations that are known by their step alone, with an inner state of another dynamics."""

    def __init__(self, inner):
        self.inner = inner

    def __hash__(self):
        return hash(self.inner)

    def __eq__(self, other):
        return isinstance(other, Hidden) and self.inner == other.inner

    def initial_state(self, weights):
        return self.inner.initial_state(weights)

    def step(self, weights, state, inputs):
        return self.inner.step(weights, state, inputs)

    def rates(self, state):
        return self.inner.rates(state)

    def leaks(self, weights):
        return self.inner.leaks(weights)


@pytest.mark.thorough
@pytest.mark.parametrize("form", ["rate", "current"])
@pytest.mark.parametrize(
    ("activation", "gain", "bias"), [("tanh", 3.0, -1.375), ("sigmoid", 8.0, -2.85), ("softplus", 3.0, -1.9)]
)
def test_slow_point_of_one_unit_and_of_several(activation, gain, bias, form):
    """The speed of one unit is least where its slope is 0; units beside it without any connection change nothing."""
    single = network_of([[gain]], form=form, activation=activation, bias=bias)
    grid = np.linspace(-4, 4, 160_001)[:, None]
    speed = np.abs(flow_of(single).displacement(grid))[:, 0]
    lowest = np.flatnonzero((speed[1:-1] < speed[:-2]) & (speed[1:-1] < speed[2:]) & (speed[1:-1] > 1e-3)) + 1
    expected = [grid[at, 0] for at in lowest if speed[at] < 0.1]
    assert len(expected) == 1
    for units in (1, 2, 3):
        for leak in (1.0, 1e-4):
            recurrent = np.zeros((units, units))
            recurrent[0, 0] = gain
            network = network_of(recurrent, form=form, activation=activation, bias=bias, leak=leak)
            found = slow_points(network, points=fixed_points(network, starts=2 * starts_of(network)))
            assert len(found) == 1
            assert found.states[0, 0] == pytest.approx(expected[0], abs=1e-3)
            assert found.speed[0] == pytest.approx(speed[lowest].min(), rel=1e-4)


@pytest.mark.thorough
def test_own_equations_have_the_same_points_whatever_the_time_step():
    rate = network_of([[1.5, 0.1], [0.0, 0.5]], bias=-0.2)
    starts = starts_of(rate, 20)
    known = fixed_points(rate, starts=starts)
    for leak in (1.0, 1e-3):
        network = Network(Hidden(RateDynamics("rate", "tanh", leak)), rate.weights, 1.0)
        found = fixed_points(network, starts=starts)
        np.testing.assert_allclose(found.states, known.states, atol=1e-9)
        np.testing.assert_array_equal(found.index, known.index)
        assert not found.certified
        slow, fast = slow_points(network, points=found, fastest=1.0), slow_points(rate, points=known, fastest=1.0)
        np.testing.assert_allclose(slow.states, fast.states, atol=1e-6)
        np.testing.assert_allclose(slow.speed, fast.speed, rtol=1e-9)


def test_no_slow_point_is_a_fixed_point(seed):
    network = random_network(seed)
    points = fixed_points(network, starts=starts_of(network))
    assert (slow_points(network, points=points).speed > 1e-9).all()


@pytest.mark.parametrize("form", ["rate", "current"])
@pytest.mark.parametrize(
    "activation", ["tanh", *(pytest.param(one, marks=pytest.mark.slow) for one in ("sigmoid", "softplus"))]
)
def test_hessian_by_hand_is_that_of_autodiff(form, activation, seed):
    network = random_network(seed, form=form, activation=activation, bias=0.1)
    state = starts_of(network, 1, seed)[0]
    by_hand, automatic = flow_of(network, 0.2), AutomaticFlow(network, np.array([0.2]))
    np.testing.assert_allclose(by_hand.bend(state), automatic.bend(state), atol=1e-12)
    np.testing.assert_allclose(by_hand.input_jacobian(state), automatic.input_jacobian(state), atol=1e-12)


@pytest.mark.thorough
@pytest.mark.filterwarnings("ignore:(overflow|invalid value) encountered")
@pytest.mark.parametrize("size", [1e6, 1e38, 1e150, 1e300])
@pytest.mark.parametrize("matrix", [np.diag([1, -1]), np.array([[3, -1], [2, 1]])])
def test_enormous_weights_make_no_noise(matrix, size, capfd):
    """Nor does LAPACK print anything, which would stand within `inspect --json`."""
    for activation in ("relu", "softplus", "tanh"):
        network = network_of(size * matrix, activation=activation, leak=0.1)
        found = fixed_points(network, starts=starts_of(network))
        assert (found.residual < 1e-10).all()
        slow_points(network, points=found)
    assert capfd.readouterr() == ("", "")


@pytest.mark.thorough
@pytest.mark.parametrize("form", ["rate", "current"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_jacobian_by_hand_is_that_of_autodiff(form, activation, seed):
    network = random_network(seed, form=form, activation=activation, leak=0.3, bias=0.1)
    states = starts_of(network, 5, seed)
    by_hand, automatic = flow_of(network, 0.2), AutomaticFlow(network, np.array([0.2]))
    np.testing.assert_allclose(by_hand.displacement(states), automatic.displacement(states), atol=1e-13)
    step = by_hand.step_jacobian(by_hand.jacobian(states))
    np.testing.assert_allclose(step, automatic.step_jacobian(automatic.jacobian(states)), atol=1e-13)


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "softplus"])
@pytest.mark.parametrize("form", ["rate", "current"])
def test_change_of_the_jacobian_is_bounded(form, activation, seed):
    network, random = random_network(seed, form=form, activation=activation, bias=1.0), np.random.default_rng(seed)
    flow, state = flow_of(network), starts_of(network, 1, seed)[0]
    for reach in (1e-3, 0.3, 5.0):
        known = flow.enclosure(state, reach)
        assert known is not None
        off = random.normal(size=(40, 12))
        off *= reach * random.uniform(size=(40, 1)) / np.linalg.norm(off, axis=1, keepdims=True)
        change = np.abs(flow.jacobian(state + off) - known.jacobian)
        assert (change <= known.change * np.linalg.norm(off, axis=1)[:, None, None] + 1e-14).all()


def test_leak_changes_no_point(seed):
    starts = starts_of(random_network(seed))
    slow, fast = (fixed_points(random_network(seed, leak=leak), starts=starts) for leak in (0.01, 1.0))
    assert len(slow) == len(fast)
    nearest = np.linalg.norm(slow.states[:, None] - fast.states, axis=2).min(axis=1)
    assert nearest.max() < 1e-9


def test_renumbered_units_have_the_same_points(seed):
    network, order = random_network(seed), np.random.default_rng(seed).permutation(12)
    starts = starts_of(network)
    other = network_of(network.weights.recurrent[order][:, order])
    one, two = fixed_points(network, starts=starts), fixed_points(other, starts=starts[:, order])
    np.testing.assert_array_equal(one.index, two.index)
    nearest = np.linalg.norm(one.states[:, None, order] - two.states, axis=2).min(axis=1)
    assert nearest.max() < 1e-9


def test_network_is_left_as_it_is(seed):
    network = random_network(seed)
    before = network.weights.recurrent.copy()
    fixed_points(network, starts=starts_of(network))
    np.testing.assert_array_equal(network.weights.recurrent, before)


def test_missing_points():
    assert chao_missing(np.array([5, 9, 100])) == 0
    assert chao_missing(np.array([1, 1, 1, 1, 2, 7])) == 4 * 3 / (2 * 2)


def test_bad_arguments():
    network = random_network(0)
    with pytest.raises(ValueError, match=r"inputs has shape \(3,\); expected one number, or 1 of them"):
        fixed_points(network, starts=starts_of(network), inputs=np.zeros(3))
    with pytest.raises(ValueError, match="starts is 0; expected at least 1"):
        starts_near(states=np.zeros((1, 2, 3)), starts=0, spread=0.1, seed=0)


def test_the_state_in_which_the_network_waits_is_among_the_points():
    task = rc.FunctionTask(
        draw=lambda _: rc.Trial.of(jnp.full((50, 1), -5.0), jnp.zeros((50, 1))), deterministic=True
    )  # in all trials it is driven far away from where it waits
    network = rc.network([[3.0]], [[1.0]], [[1.0]], recurrent_bias=[0.1])
    points = fixed_points(network, task)
    resting = network.run(np.zeros((1, 500, 1)))[0][0, -1]
    assert resting[0] > 0.9
    assert np.abs(points.states - resting).min() < 1e-6
    assert len(points) == 3, "the saddle beside the state before the first step is found too"
    assert points.starts == 400
    assert points.found.tolist().count(0) == 2, "these states are no random draw"
    assert len(fixed_points(network, starts=rc.starts_near(network, task))) == 1
