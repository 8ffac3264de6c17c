"""The portable engine against loops in NumPy, finite differences and its own invariances."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recurra.arrays import Weights
from recurra.engine import RateDynamics, loss_and_gradient, respond, run

ACTIVATIONS = {
    "tanh": np.tanh,
    "relu": lambda x: np.maximum(x, 0),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "softplus": lambda x: np.log1p(np.exp(x)),
}
CASES = [(form, activation, leak) for form in ("rate", "current") for activation in ACTIVATIONS for leak in (1.0, 0.2)]


def random_weights(random, networks, units, inputs, outputs, dtype=np.float64):
    shapes = {
        "recurrent": (units, units),
        "input": (units, inputs),
        "output": (outputs, units),
        "recurrent_bias": (units,),
        "output_bias": (outputs,),
    }
    return Weights(
        **{name: 0.4 * random.normal(size=(networks, *shape)).astype(dtype) for name, shape in shapes.items()}
    )


def by_hand(form, activation, leak, weights, inputs):
    """Section 2 of the conventions, as written."""
    phi, state = ACTIVATIONS[activation], np.zeros(weights.recurrent.shape[-1])
    rates = []
    for x in inputs:
        if form == "rate":
            drive = phi(weights.recurrent @ state + weights.input @ x + weights.recurrent_bias)
        else:
            drive = weights.recurrent @ phi(state) + weights.input @ x + weights.recurrent_bias
        state = (1 - leak) * state + leak * drive
        rates.append(state if form == "rate" else phi(state))
    return np.array(rates), np.array(rates) @ weights.output.T + weights.output_bias


def one(weights, network):
    return jax.tree.map(lambda array: array[network], weights)


@pytest.mark.parametrize(("form", "activation", "leak"), CASES)
def test_run_is_the_equation(form, activation, leak, seed):
    random = np.random.default_rng(seed)
    weights, inputs = random_weights(random, 2, 5, 3, 2), random.normal(size=(3, 7, 3))
    dynamics = RateDynamics(form, activation, leak)
    rates, outputs = run(dynamics, weights, inputs)
    for network in range(2):
        for trial in range(3):
            expected = by_hand(form, activation, leak, one(weights, network), inputs[trial])
            np.testing.assert_allclose(rates[network, trial], expected[0], atol=1e-12)
            np.testing.assert_allclose(outputs[network, trial], expected[1], atol=1e-12)
    np.testing.assert_allclose(respond(dynamics, weights, inputs), outputs, atol=1e-12)


@pytest.mark.parametrize(("form", "activation", "leak"), CASES)
def test_gradient_is_that_of_finite_differences(form, activation, leak, seed):
    random = np.random.default_rng(seed)
    weights, inputs = random_weights(random, 1, 4, 2, 3), random.normal(size=(2, 6, 2))
    targets, mask = random.normal(size=(2, 6, 3)), random.random((2, 6, 3)) < 0.7
    dynamics = RateDynamics(form, activation, leak)
    loss, gradient = loss_and_gradient(dynamics, weights, inputs, targets, mask)
    outputs = np.asarray(respond(dynamics, weights, inputs))[0]
    assert loss[0] == pytest.approx(((outputs - targets)[mask] ** 2).mean(), rel=1e-12)
    direction = random_weights(random, 1, 4, 2, 3)

    def along(distance):
        moved = jax.tree.map(lambda w, d: w + distance * d, weights, direction)
        return float(loss_and_gradient(dynamics, moved, inputs, targets, mask)[0][0])

    slope = sum((g * d).sum() for g, d in zip(jax.tree.leaves(gradient), jax.tree.leaves(direction), strict=True))
    assert (along(1e-6) - along(-1e-6)) / 2e-6 == pytest.approx(float(slope), rel=1e-5, abs=1e-8)


@settings(max_examples=15, deadline=None)
@given(units=st.integers(1, 9), trials=st.integers(1, 4), steps=st.integers(1, 6), data=st.integers(0, 2**31))
def test_order_of_units_does_not_matter(units, trials, steps, data):
    random = np.random.default_rng(data)
    weights, inputs = random_weights(random, 1, units, 2, 1), random.normal(size=(trials, steps, 2))
    order = random.permutation(units)
    shuffled = Weights(
        weights.recurrent[:, order][:, :, order],
        weights.input[:, order],
        weights.output[:, :, order],
        weights.recurrent_bias[:, order],
        weights.output_bias,
    )
    dynamics = RateDynamics("rate", "tanh", 0.5)
    np.testing.assert_allclose(respond(dynamics, weights, inputs), respond(dynamics, shuffled, inputs), atol=1e-12)


def test_neighbours_change_no_bit(seed):
    random = np.random.default_rng(seed)
    weights, inputs = random_weights(random, 5, 6, 2, 1, np.float32), random.normal(size=(3, 9, 2)).astype(np.float32)
    targets, mask = np.zeros((3, 9, 1), np.float32), np.ones((3, 9, 1), bool)
    dynamics = RateDynamics("rate", "tanh", 1.0)
    together = loss_and_gradient(dynamics, weights, inputs, targets, mask)
    alone = loss_and_gradient(dynamics, jax.tree.map(lambda a: a[2:4], weights), inputs, targets, mask)
    for all_, part in zip(jax.tree.leaves(together), jax.tree.leaves(alone), strict=True):
        np.testing.assert_array_equal(all_[2:4], part)


def test_small_leak_is_the_differential_equation():
    """tau dh/dt = -h + c has the solution c (1 - exp(-t / tau))."""
    weights = Weights(
        jnp.zeros((1, 1, 1)), jnp.ones((1, 1, 1)), jnp.ones((1, 1, 1)), jnp.zeros((1, 1)), jnp.zeros((1, 1))
    )
    dt_ms, tau_ms, steps = 0.01, 10.0, 2000
    outputs = respond(RateDynamics("current", "tanh", dt_ms / tau_ms), weights, jnp.full((1, steps, 1), 0.7))
    expected = np.tanh(0.7 * (1 - np.exp(-steps * dt_ms / tau_ms)))
    assert float(outputs[0, 0, -1, 0]) == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("rate", "tanh", 1.5), r"leak = dt_ms / tau_ms = 1.5; expected a number in \(0, 1\]"),
        (("rate", "tanh", 0.0), "leak is 0.0; expected a number above 0"),
        (("rates", "tanh", 1.0), "unknown form 'rates'; did you mean 'rate'"),
        (("rate", "tan", 1.0), "unknown activation 'tan'; did you mean 'tanh'"),
    ],
)
def test_bad_dynamics(arguments, message):
    with pytest.raises(ValueError, match=message):
        RateDynamics(*arguments)
