"""The flow of gated cells by hand: against automatic differentiation, and its bounds against exact arithmetic."""

from decimal import Decimal

import jax
import numpy as np
import pytest

import recurra as rc
from recurra.analysis.dynamics.automatic_flow import AutomaticFlow
from recurra.analysis.dynamics.bounded import Bounded, state_near
from recurra.analysis.dynamics.flows import flow_of
from recurra.models import Network
from tests import exact

CELLS = {
    "ugrnn": rc.UGRNN,
    "gru": rc.GRU,
    "gru-before": lambda **options: rc.GRU(reset="before", **options),
    "lstm": rc.LSTM,
}
GATES = ("sigmoid", "hard_sigmoid_5", "hard_sigmoid_6")


def drawn(cell, seed, units=4, gain=1.0, gate="sigmoid"):
    """A network with random weights and biases, none of them 0, and an input."""
    random, model = np.random.default_rng(seed), CELLS[cell](units=units, gate=gate)
    weights = model.initial_weights(jax.random.key(seed), 3, 2)
    sizes = jax.tree.map(lambda array: gain / np.sqrt(np.shape(array)[-1]), weights)
    weights = jax.tree.map(lambda array, size: size * random.normal(size=np.shape(array)), weights, sizes)
    return Network(model.dynamics(1.0), weights, 1.0), random.normal(size=3)


def states_of(network, seed, count=5):
    return np.random.default_rng(seed).uniform(-1, 1, (count, network.state_size))


@pytest.mark.thorough
@pytest.mark.parametrize("gate", [GATES[0], *(pytest.param(one, marks=pytest.mark.slow) for one in GATES[1:])])
@pytest.mark.parametrize("cell", CELLS)
def test_derivatives_by_hand_are_those_of_autodiff(cell, gate, seed):
    network, inputs = drawn(cell, seed, gate=gate)
    by_hand, automatic, states = flow_of(network, inputs), AutomaticFlow(network, inputs), states_of(network, seed)
    assert not isinstance(by_hand, AutomaticFlow)
    np.testing.assert_allclose(by_hand.displacement(states), automatic.displacement(states), atol=1e-14)
    np.testing.assert_allclose(by_hand.jacobian(states), automatic.jacobian(states), atol=1e-14)
    np.testing.assert_allclose(by_hand.jacobian(states[0]), by_hand.jacobian(states)[0], atol=1e-15)
    np.testing.assert_allclose(by_hand.input_jacobian(states[0]), automatic.input_jacobian(states[0]), atol=1e-14)
    np.testing.assert_allclose(by_hand.bend(states[0]), automatic.bend(states[0]), atol=1e-14)
    np.testing.assert_array_equal(by_hand.leaks(), np.ones(network.state_size))


@pytest.mark.parametrize("cell", [pytest.param(one, marks=pytest.mark.slow) if one != "gru" else one for one in CELLS])
@pytest.mark.slow
def test_change_of_the_jacobian_is_bounded(cell, seed):
    network, inputs = drawn(cell, seed, units=6, gain=2.0)
    flow, state, random = flow_of(network, inputs), states_of(network, seed)[0], np.random.default_rng(seed)
    for reach in (1e-3, 0.3, 5.0):
        known = flow.enclosure(state, reach)
        assert known is not None
        off = random.normal(size=(60, len(state)))
        off *= reach * random.uniform(size=(60, 1)) / np.linalg.norm(off, axis=1, keepdims=True)
        change = np.abs(flow.jacobian(state + off) - known.jacobian)
        assert (change <= known.change * np.linalg.norm(off, axis=1)[:, None, None] + 1e-14).all()


@pytest.mark.parametrize("cell", CELLS)
def test_displacement_of_a_state_is_bounded(cell, seed):
    network, inputs = drawn(cell, seed, gain=3.0)
    flow, known = flow_of(network, inputs), exact.ExactGated(network, inputs)
    for state in states_of(network, seed):
        true = known.displacement([Decimal(float(h)) for h in state])
        near = flow.enclosure(state, 1e-3)
        assert near is not None
        bound = near.displacement
        assert all(abs(one) <= Decimal(float(most)) for one, most in zip(true, bound, strict=True))
        assert (bound <= np.abs(flow.displacement(state)) + 1e-11).all(), "it is of the size of rounding"


@pytest.mark.thorough
@pytest.mark.parametrize("gate", GATES)
@pytest.mark.parametrize("cell", CELLS)
def test_every_proved_radius_holds_the_true_point(cell, gate, seed):
    proved = 0
    for number in range(6):
        network, inputs = drawn(cell, 100 * seed + number, gain=(0.5, 2.0, 6.0)[number % 3], gate=gate)
        flow, known = flow_of(network, inputs), exact.ExactGated(network, inputs)
        points = rc.fixed_points(network, starts=states_of(network, seed, 6), inputs=inputs)
        for state, radius in zip(points.states, points.radius, strict=True):
            if np.isfinite(radius):
                point, left = known.fixed_point(state, flow.jacobian(state))
                assert left < Decimal("1e-60")
                assert exact.distance(state, point) <= Decimal(float(radius))
                proved += 1
    assert proved > 1


@pytest.mark.parametrize("cell", ["ugrnn", "gru", "gru-before"])
def test_where_a_gate_rounds_to_one_is_no_fixed_point(cell):
    """Far out z is 1 in float64, and so the displacement 0, but the candidate is elsewhere."""
    network, inputs = drawn(cell, 1, gain=20.0)
    flow, starts = flow_of(network, inputs), 40 * states_of(network, 1, 200)
    assert (np.linalg.norm(flow.displacement(starts), axis=1) < 1e-10).any()
    points = rc.fixed_points(network, starts=starts, inputs=inputs)
    assert (np.abs(points.states) <= 1).all()
    assert (np.linalg.norm(flow.search.displacement(points.states), axis=1) < 1e-10).all()


@pytest.mark.parametrize("cell", CELLS)
def test_stability_is_that_of_the_network_itself(cell, seed):
    """A small disturbance of a point proved stable decays, and of a point proved unstable grows."""
    network, inputs = drawn(cell, seed, gain=3.0)
    points = rc.fixed_points(network, starts=states_of(network, seed, 60), inputs=inputs)
    random = np.random.default_rng(seed)
    for state, index in zip(points.states[points.stability_proved], points.index[points.stability_proved], strict=True):
        off = 1e-7 * random.normal(size=len(state))
        there = rc.analysis.dynamics.steps.left_alone(network, (state + off)[None], inputs, 3_000)[0]
        assert (np.linalg.norm(there - state) < np.linalg.norm(off)) == (index == 0)


def test_a_hundred_units_are_proved():
    network, inputs = drawn("gru", 0, units=100, gain=1.5)
    points = rc.fixed_points(network, starts=states_of(network, 0, 40), inputs=inputs)
    assert len(points)
    assert np.isfinite(points.radius).all()


def test_products_and_sums_change_by_the_rules():
    state = state_near(np.array([2.0, -1.0]), 0.5)
    square = state * state
    np.testing.assert_array_equal(square.value, [4.0, 1.0])
    np.testing.assert_allclose(square.change, [5.0, 3.0])  # 2 |a| L with the largest |a| nearby
    np.testing.assert_allclose((3 - square).change, square.change)
    np.testing.assert_allclose((np.array([2.0, 0.0]) * square).change, [10.0, 0.0])
    np.testing.assert_allclose(state.times(np.array([[3.0, 4.0]])).change, [5.0])
    np.testing.assert_allclose(square.times(np.array([[3.0, 4.0]])).change, [27.0])
    assert isinstance(state.through("tanh"), Bounded)
    assert (state.through("tanh").change <= 1).all()
    assert np.isinf(state_near(np.array([2.4]), 0.5).slope_of("hard_sigmoid_5").change).all(), "a kink is near"
