"""The programs of a GPU, interpreted: what they compute is what the portable engine computes."""

from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from recurra.arrays import RateWeights
from recurra.engine import blocks, portable, programs
from recurra.engine.definition import Steps, learning, running
from recurra.engine.gated import GRUDynamics
from recurra.engine.rate import RateDynamics

STEPS = Steps(drives_first=True, unroll=4, blocks=True)


def drawn(seed, units, inputs=2, outputs=3, networks=2):
    random = np.random.default_rng(seed)
    shapes = {"input": (units, inputs), "recurrent": (units, units), "output": (outputs, units)}
    arrays = {name: random.normal(size=(networks, *shape)) / np.sqrt(shape[-1]) for name, shape in shapes.items()}
    biases = {"recurrent_bias": random.normal(size=(networks, units)), "output_bias": np.zeros((networks, outputs))}
    return RateWeights(**{name: array.astype(np.float32) for name, array in (arrays | biases).items()})


def trials_of(seed, count, steps, inputs=2, outputs=3):
    random = np.random.default_rng(seed + 1)
    given = random.normal(size=(count, steps, inputs)).astype(np.float32)
    return given, random.normal(size=(count, steps, outputs)).astype(np.float32), np.ones((count, steps, outputs), bool)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("dynamics", "units", "count", "steps"),
    [
        (RateDynamics("rate", "tanh", 1.0), 5, 40, 7),
        (RateDynamics("current", "softplus", 0.2, noise=0.1), 17, 3, 4),
        (RateDynamics("rate", "sigmoid", (0.1, 0.5, 1.0), noise=0.3), 3, 32, 5),
        pytest.param(RateDynamics("current", "relu", 0.5), 100, 64, 9, marks=pytest.mark.slow),
        pytest.param(RateDynamics("rate", "hard_sigmoid_5", 0.2), 1, 1, 1, marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_rates_loss_and_gradient_are_those_of_the_portable_engine(of_a_gpu, dynamics, units, count, steps, seed):
    weights, trials = drawn(seed, units), trials_of(seed, count, steps)
    keys = jax.random.key_data(jax.random.split(jax.random.key(seed), 2)) if dynamics.noisy else None
    one_network, networks = running(dynamics, STEPS, weights, jnp.asarray(trials[0]), keys)
    found, expected = jax.vmap(one_network)(networks), portable.run(dynamics, weights, trials[0], noise_keys=keys)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)
    options = {"loss": "mean_squared_error", "rate_penalty": 0.1}
    one_network, networks = learning(dynamics, STEPS, weights, trials, keys, penalties=(), **options)
    loss, gradient = jax.jit(jax.vmap(one_network))(networks)
    expected_loss, slopes = portable.loss_and_gradient(dynamics, weights, *trials, noise_keys=keys, **options)
    np.testing.assert_allclose(loss, expected_loss, rtol=1e-5)
    for one, other in zip(jax.tree.leaves(gradient), jax.tree.leaves(slopes), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5 * max(1, float(np.abs(other).max())))


def test_a_scan_is_not_taken_where_blocks_are(of_a_gpu, seed):
    weights, inputs = drawn(seed, 5), jnp.asarray(trials_of(seed, 4, 6)[0])
    one_network, networks = running(RateDynamics("rate", "tanh", 1.0), STEPS, weights, inputs, None)
    assert "pallas_call" in str(jax.make_jaxpr(jax.vmap(one_network))(networks))
    one_network, networks = running(RateDynamics("rate", "tanh", 1.0), Steps(True, 4), weights, inputs, None)
    assert "pallas_call" not in str(jax.make_jaxpr(jax.vmap(one_network))(networks))


@pytest.mark.parametrize(
    ("device", "most"),
    [
        (SimpleNamespace(platform="cpu"), 0),
        (SimpleNamespace(platform="tpu"), 0),
        (SimpleNamespace(platform="gpu", compute_capability="7.5"), 0),
        (SimpleNamespace(platform="gpu", compute_capability="gfx90a"), 0),
        (SimpleNamespace(platform="gpu", compute_capability="8.6"), 64),
        (SimpleNamespace(platform="gpu", compute_capability="9.0"), 128),
        (SimpleNamespace(platform="gpu", compute_capability="12.0"), 64),
    ],
    ids=str,
)
def test_which_machines_have_them(monkeypatch, device, most):
    monkeypatch.setattr(jax, "devices", lambda: [device])
    assert programs.most_units.__wrapped__() == most


def test_what_they_know(of_a_gpu, seed):
    dynamics, one = RateDynamics("rate", "tanh", 1.0), jax.tree.map(lambda array: array[0], drawn(seed, 5))
    inputs = trials_of(seed, 4, 6)[0]
    assert blocks.knows(dynamics, one, inputs)
    assert not blocks.knows(dynamics, one, inputs.astype(np.float64))
    assert not blocks.knows(dynamics, one, inputs[:, :0])
    assert not blocks.knows(GRUDynamics(), one, inputs)
    assert not blocks.knows(dynamics, jax.tree.map(lambda array: array[0], drawn(seed, 129)), inputs)
    assert not blocks.knows(dynamics, one, np.zeros((4, 6, blocks.CHANNELS + 1), np.float32))


def test_none_here_without_a_gpu(seed):
    if jax.default_backend() != "cpu":
        pytest.skip("there is an accelerator")
    assert programs.most_units() == 0
