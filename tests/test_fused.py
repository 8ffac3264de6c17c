"""Programs of a GPU with all weights in one matrix, interpreted: they compute what the portable engine computes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from recurra.engine import blocks, fused, portable
from recurra.engine.definition import learning
from recurra.engine.rate import ACTIVATIONS, SLOPES, RateDynamics
from test_blocks import STEPS, drawn, trials_of

BOUND = 1e-5


def difference_of(dynamics, weights, trials, keys, loss):
    """Between loss and gradient of the two engines, relative to the largest entry of each array."""
    one_network, networks = learning(dynamics, STEPS, weights, trials, keys, loss=loss, rate_penalty=0.0, penalties=())
    assert str(jax.make_jaxpr(jax.vmap(one_network))(networks)).count("pallas_call") == 2
    found = jax.jit(jax.vmap(one_network))(networks)
    expected = portable.loss_and_gradient(dynamics, weights, *trials, noise_keys=keys, loss=loss)
    pairs = zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True)
    return max(float(abs(one - other).max() / (abs(other).max() + 1e-30)) for one, other in pairs)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("dynamics", "units", "count", "steps", "loss"),
    [
        (RateDynamics("rate", "tanh", 1.0), 5, 70, 7, "mean_squared_error"),
        (RateDynamics("current", "softplus", 0.2, noise=0.1), 17, 3, 4, "cross_entropy"),
        (RateDynamics("rate", "sigmoid", (0.1, 0.5, 1.0), noise=0.3), 3, 32, 5, "mean_squared_error"),
        pytest.param(
            RateDynamics("rate", "hard_sigmoid_5", 1.0), 13, 1, 1, "mean_squared_error", marks=pytest.mark.slow
        ),
        pytest.param(RateDynamics("rate", "softplus", 1.0), 4, 3, 5, "cross_entropy", marks=pytest.mark.slow),
        pytest.param(RateDynamics("rate", "relu", 1.0, noise=0.1), 6, 3, 5, "cross_entropy", marks=pytest.mark.slow),
        pytest.param(RateDynamics("current", "relu", 0.5), 100, 64, 9, "mean_squared_error", marks=pytest.mark.slow),
    ],
    ids=str,
)
@pytest.mark.usefixtures("of_a_gpu")
def test_loss_and_gradient_are_those_of_the_portable_engine(dynamics, units, count, steps, loss, seed):
    """With a mask of weights, some of which are 0."""
    given, targets, _ = trials_of(seed, count, steps)
    targets = abs(targets) / abs(targets).sum(axis=-1, keepdims=True)
    mask = np.random.default_rng(seed).integers(0, 4, (count, steps, 1)).astype(np.float32) * np.ones(3, np.float32)
    mask[0, 0] = 1
    keys = jax.random.key_data(jax.random.split(jax.random.key(seed), 2)) if dynamics.noisy else None
    assert difference_of(dynamics, drawn(seed, units), (given, targets, mask), keys, loss) < BOUND


@pytest.mark.usefixtures("of_a_gpu")
def test_trials_of_its_own_and_a_mask_of_ones_and_zeros(seed):
    trials = [np.stack(pair) for pair in zip(trials_of(seed, 4, 3), trials_of(seed + 1, 4, 3), strict=True)]
    trials[2] = np.random.default_rng(seed).random(trials[2].shape) < 0.7
    trials[2][:, 0, 0, 0] = True
    dynamics = RateDynamics("rate", "tanh", 1.0)
    assert difference_of(dynamics, drawn(seed, 5), tuple(trials), None, "mean_squared_error") < BOUND


@pytest.mark.parametrize(
    ("units", "most", "known"),
    [
        *((5, 128, True), (30, 128, True), (61, 64, True), (62, 128, False), (64, 128, False)),
        *((65, 64, False), (65, 128, True), (125, 128, True), (126, 128, False)),
    ],
)
def test_it_is_taken_where_all_weights_fit_the_matrix(monkeypatch, units, most, known, seed):
    """With 2 inputs and 3 outputs it has three rows more than units: at most 64, or 128 for more than 64 units."""
    for module in (blocks, fused):
        monkeypatch.setattr(module, "most_units", lambda: most)
    dynamics, inputs = RateDynamics("rate", "tanh", 1.0), trials_of(seed, 4, 6)[0]
    one = jax.tree.map(lambda array: array[0], drawn(seed, units))
    assert fused.knows(dynamics, one, inputs) == known
    assert not fused.knows(dynamics, one, inputs.astype(np.float64))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_slope_of_an_activation_from_its_value(activation):
    currents = jnp.linspace(-7.1, 7.2, 101)
    values, slopes = jax.vmap(jax.value_and_grad(ACTIVATIONS[activation]))(currents)
    np.testing.assert_allclose(SLOPES[activation](values), slopes, atol=1e-6)


def test_more_trials_a_block_where_there_is_room(monkeypatch):
    for most, count, size, trials in ((128, 64, 64, 64), (128, 32, 64, 32), (128, 64, 128, 32), (64, 64, 64, 32)):
        monkeypatch.setattr(fused, "most_units", lambda most=most: most)
        assert fused._trials(count, size) == trials
