"""Fractional gradient descent: the step by hand, the limit of order 1, and weights that are 0."""

import dataclasses
import math
import os
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import recurra as rc
from recurra.runs.spec import read_table, to_spec, with_settings

TASK = rc.FlipFlop(bits=1, length_ms=120.0)
MODEL = rc.RateRNN(units=8, tau_ms=1.0, initializer=rc.Identity(0.9))
RULE = rc.BPTT(steps=6, batch=4, trials=rc.FreshTrials(3), validation_trials=8, learning_rate=0.3)


def step_of(optimizer: rc.Fractional, weight: Any, gradient: Any) -> Any:
    weights = {"w": jnp.asarray(weight, jnp.float32)}
    direction = optimizer.direction()
    return direction.update({"w": jnp.asarray(gradient, jnp.float32)}, direction.init(weights), weights)[0]["w"]  # type: ignore[index]


def test_a_step_by_hand():
    """Order ½ at w = ¼ without the ordinary step: ½ / Γ(1.5) = 1/√π = 0.5642 of the gradient."""
    found = step_of(rc.Fractional(order=0.5, share=1.0), [0.25, -0.25, 0.0], [2.0, 2.0, 2.0])
    expected = 2 / math.sqrt(math.pi)
    np.testing.assert_allclose(found, [expected, expected, 0.0], rtol=1e-6)
    assert found[2] == 0
    mixed = step_of(rc.Fractional(order=0.5, share=0.25), [0.25, 0.0], [2.0, 2.0])
    np.testing.assert_allclose(mixed, [0.75 * 2 + 0.25 * expected, 0.75 * 2], rtol=1e-6)


def test_every_order_is_the_gamma_function(seed):
    generator = np.random.default_rng(seed)
    for order in generator.uniform(0.01, 1, 5):
        weight, gradient = generator.normal(size=(2, 20))
        expected = np.abs(weight) ** (1 - order) / math.gamma(2 - order) * gradient
        np.testing.assert_allclose(step_of(rc.Fractional(float(order), 1.0), weight, gradient), expected, rtol=1e-5)


of_users = pytest.mark.skipif(
    "optimization_level=0" in os.environ.get("XLA_FLAGS", ""), reason="two programs of JAX, compiled as for users"
)
in_jax = [pytest.param(engine, marks=(pytest.mark.slow, of_users)) for engine in ("portable", "batched")]


@pytest.mark.parametrize("engine", ["native", *in_jax])
def test_order_one_is_gradient_descent_to_the_bit(engine, seed):
    for share in (0.0, 0.3, 1.0):
        rules = [dataclasses.replace(RULE, optimizer=one) for one in (rc.SGD(), rc.Fractional(1.0, share))]
        plain, fractional = (rc.train(TASK, MODEL, rule, networks=3, seed=seed, engine=engine) for rule in rules)
        assert any(np.any(a != b) for a, b in zip(*map(jax.tree.leaves, (plain.initial, plain.weights)), strict=True))
        for a, b in zip(*map(jax.tree.leaves, (plain.weights, fractional.weights)), strict=True):
            np.testing.assert_array_equal(a, b)


def test_alone_and_in_company_it_has_the_same_bits_and_absent_connections_stay_absent(seed):
    model = dataclasses.replace(MODEL, initializer=rc.Normal(), constraints=(rc.Sparse(0.5),))
    rule = dataclasses.replace(RULE, optimizer=rc.Fractional(0.6, 0.7))
    three = rc.train(TASK, model, rule, networks=3, seed=seed)
    alone = rc.train(TASK, model, rule, networks=[2], seed=seed)
    for a, b in zip(*map(jax.tree.leaves, (three.weights, alone.weights)), strict=True):
        np.testing.assert_array_equal(a[2], b[0])
    absent = np.asarray(three.initial.recurrent) == 0
    assert absent.any()
    assert not np.asarray(three.weights.recurrent)[absent].any()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"order": 0.0}, "order is 0.0; expected a number above 0"),
        ({"order": 1.5}, "order is 1.5; expected a number from 0 to 1"),
        ({"share": -0.1}, "share is -0.1; expected a number from 0 to 1"),
    ],
)
def test_bad_numbers(arguments, message):
    with pytest.raises(ValueError, match=message):
        rc.Fractional(**arguments)
    (key, value), *_ = arguments.items()
    with pytest.raises(ValueError, match=message):
        to_spec(with_settings(read_table("fractional-flipflop"), [f"training.optimizer.{key}={value}"]))
