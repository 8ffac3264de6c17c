"""Modes at rest by hand in both forms, with leaks, slopes and biases; transient gains against every power."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest

from recurra.analysis import fixed_points, resting_modes, transient_gains
from recurra.analysis.dynamics.modes import transient_gain
from recurra.engine.rate import ACTIVATIONS
from recurra.words.spectra import gain_words, modes_words
from tests.networks import network_of, random_network, starts_of

TURNING = np.array([[0.9, -0.3], [0.3, 0.9]])


def one_step(network, state):
    return np.asarray(network.dynamics.step(network.weights, jnp.asarray(state), jnp.zeros(network.weights.inputs)))


def moduli_of_one_step(network, state, size=1e-6):
    """Of the eigenvalues of its Jacobian by central differences."""
    ends = [(one_step(network, state + one), one_step(network, state - one)) for one in size * np.eye(len(state))]
    columns = [(ahead - behind) / (2 * size) for ahead, behind in ends]
    return np.sort(np.abs(np.linalg.eigvals(np.array(columns).T)))[::-1]


@pytest.mark.parametrize("form", ["rate", "current"])
def test_leak_and_step_count(form):
    """With dt 10 ms and tau 100 ms: 0.482 Hz and 1,042.6 ms; the eigenvalues of W itself would say 5.12 and 189.8."""
    network = dataclasses.replace(network_of(TURNING, form=form, leak=0.1), dt_ms=10.0)
    found = resting_modes(network)
    assert found.leading == pytest.approx(0.99 + 0.03j)
    assert found.frequency_hz == pytest.approx(0.482, abs=5e-4)
    assert found.time_constant_ms == pytest.approx(1042.6, abs=0.05)
    assert found.of(0.9 + 0.3j) == pytest.approx(found.leading)
    assert (found.at_start, found.smooth, found.known) == (True, True, True)
    assert modes_words(found) == "at zero, where it starts: largest |μ| 0.990, period 2.07 s, decays in 1.04 s"


@pytest.mark.thorough
@pytest.mark.parametrize("form", ["rate", "current"])
@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_modes_are_those_of_one_step_where_the_network_rests(form, activation, seed):
    random = np.random.default_rng(seed)
    network = network_of(
        random.normal(size=(6, 6)) / 4,
        form=form,
        activation=activation,
        leak=tuple(random.uniform(0.2, 1, 6)),
        bias=0.3,
    )
    found = resting_modes(network)
    np.testing.assert_allclose(one_step(network, found.state), found.state, atol=1e-9)
    np.testing.assert_allclose(np.abs(found.eigenvalues), moduli_of_one_step(network, found.state), atol=1e-6)
    assert not found.at_start
    assert found.of(1.0) is None
    assert modes_words(found).startswith("at the state that it goes to without input: largest |μ| ")


@pytest.mark.parametrize(("activation", "factor"), [("tanh", 0.5), ("sigmoid", 0.125), ("softplus", 0.25)])
def test_slope_at_zero(activation, factor):
    """A bias that holds the unit at zero: only there have all units one slope that is known by hand."""
    weight = 0.8
    bias = -weight * float(ACTIVATIONS[activation](np.array(0.0)))
    found = resting_modes(network_of([[weight]], form="current", activation=activation, leak=0.5, bias=bias))
    assert found.eigenvalues[0] == pytest.approx(0.5 + factor * weight)
    assert found.factor == pytest.approx(factor)


def test_relu_has_no_slope_at_zero():
    found = resting_modes(network_of(TURNING, activation="relu"))
    assert (found.known, found.smooth) == (False, False)
    assert np.isnan(found.time_constant_ms)
    assert modes_words(found) == "none: relu has no slope at zero, where a unit rests"
    assert resting_modes(network_of(0.5 * np.eye(2), activation="relu", bias=1.0)).leading == pytest.approx(0.5)


def test_a_network_that_never_rests_has_no_modes():
    """A ring of three that drives itself round."""
    ring = 4 * np.array([[0, 0, -1], [1, 0, 0], [0, 1, 0]])
    found = resting_modes(network_of(ring, leak=0.3, bias=0.1))
    assert not found.known
    assert modes_words(found) == "none: without input the network does not come to rest"


def test_a_mode_that_grows_is_told_so():
    assert modes_words(resting_modes(network_of([[np.exp(0.25)]]))).endswith("no rotation, grows in 4 ms")


def test_order_of_units_changes_no_mode(seed):
    network, order = random_network(seed, bias=0.2), np.random.default_rng(seed).permutation(12)
    weights = network.weights
    moved = dataclasses.replace(weights, recurrent=weights.recurrent[order][:, order], input=weights.input[order])
    first, second = (resting_modes(one) for one in (network, dataclasses.replace(network, weights=moved)))
    np.testing.assert_allclose(np.abs(first.eigenvalues), np.abs(second.eigenvalues), atol=1e-7)
    assert first.reactivity == pytest.approx(second.reactivity, rel=1e-7, nan_ok=True)


def test_gain_is_the_largest_of_all_powers(seed):
    random = np.random.default_rng(seed)
    for scale in (0.5, 0.9, 0.99):
        step = np.triu(random.normal(size=(7, 7)))
        step[np.diag_indices(7)] = scale * random.uniform(-1, 1, 7)
        reactivity, gain, at, proved = transient_gain(step)
        powers = [np.linalg.norm(np.linalg.matrix_power(step, power), 2) for power in range(at + 400)]
        assert reactivity == pytest.approx(powers[1])
        assert gain == pytest.approx(max(powers), rel=1e-3)
        assert powers[at] == pytest.approx(gain)
        assert proved


def test_a_normal_step_only_decays_and_a_slow_one_is_told_so():
    assert transient_gain(0.9 * np.eye(3)) == (pytest.approx(0.9), 1.0, 0, True)
    slow = np.array([[1 - 1e-6, 1.0], [0.0, 1 - 2e-6]])
    _, gain, at, proved = transient_gain(slow, limit=300)
    assert (gain > 250, at > 290, proved) == (True, True, False)


def test_gains_are_those_of_stable_points():
    """Without any, there is nothing to tell; W itself, with a radius above 1, would grow for ever."""
    bistable = network_of(np.array([[1.5, 4.0], [0.0, 1.5]]))
    points = fixed_points(bistable, starts=starts_of(bistable))
    found = transient_gains(bistable, points=points)
    assert (points.index[found.point] == 0).all()
    assert len(found) == (points.index == 0).sum() > 0
    for at, point in enumerate(found.point):
        slopes = 1 - points.states[point] ** 2
        assert found.reactivity[at] == pytest.approx(np.linalg.norm(slopes[:, None] * bistable.weights.recurrent, 2))
    assert "stable fixed point" in gain_words(found)
    turning = network_of(1.2 * TURNING)
    assert gain_words(transient_gains(turning, points=fixed_points(turning, starts=starts_of(turning)))).startswith(
        "none"
    )
