"""Both engines against loops in NumPy, finite differences, the statistics of the noise, and their own invariances."""

import os

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest, kurtosis

from recurra.arrays import RateWeights
from recurra.engine import NATIVE, PORTABLE, RateDynamics, engines, loss
from recurra.engine.native import library
from recurra.engine.noise import threefry, trial_noise

ACTIVATIONS = {
    "tanh": np.tanh,
    "relu": lambda x: np.maximum(x, 0),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "softplus": lambda x: np.log1p(np.exp(x)),
}
UNITS, INPUTS, OUTPUTS = 5, 3, 2
LEAKS = (0.05, 1.0, 0.3, 0.7, 0.5)  # one a unit
CASES = [(form, activation, leak) for form in ("rate", "current") for activation in ACTIVATIONS for leak in (1.0, 0.2)]
CASES += [("rate", "sigmoid", LEAKS), ("current", "sigmoid", LEAKS)]
# Every activation with either form and with either leak, but not with both in all ways: those are slow.
HALF = [
    pytest.param(*case, marks=pytest.mark.slow if (at // 8 + at // 2 + at) % 2 and case[2] is not LEAKS else ())
    for at, case in enumerate(CASES)
]


@pytest.fixture(scope="module", params=[PORTABLE, NATIVE], ids=lambda engine: engine.name)
def engine(request):
    found, why = library.load()
    if request.param is NATIVE and found is None:
        (pytest.fail if os.environ.get("RECURRA_REQUIRE_NATIVE") else pytest.skip)(why)
    return request.param


def random_weights(random, networks, units=UNITS, inputs=INPUTS, outputs=OUTPUTS, dtype=np.float64):
    shapes = {
        "recurrent": (units, units),
        "input": (units, inputs),
        "output": (outputs, units),
        "recurrent_bias": (units,),
        "output_bias": (outputs,),
    }
    return RateWeights(
        **{name: 0.4 * random.normal(size=(networks, *shape)).astype(dtype) for name, shape in shapes.items()}
    )


def random_trials(random, *shape, inputs=INPUTS, outputs=OUTPUTS, dtype=np.float64):
    """Inputs, targets and a mask for trials of this shape: (trial, time), or (network, trial, time)."""
    return (
        random.normal(size=(*shape, inputs)).astype(dtype),
        random.normal(size=(*shape, outputs)).astype(dtype),
        random.random((*shape, outputs)) < 0.7,
    )


def random_keys(random, networks):
    return random.integers(2**32, size=(networks, 2), dtype=np.uint32)


def by_hand(dynamics, weights, inputs, noise):
    """Section 2 of the conventions, as written, for one network on one trial."""
    phi, state = ACTIVATIONS[dynamics.activation], np.zeros(weights.recurrent.shape[-1])
    leak, rates = np.array(dynamics.leak), []
    for x, xi in zip(inputs, noise, strict=True):
        if dynamics.form == "rate":
            drive = phi(weights.recurrent @ state + weights.input @ x + weights.recurrent_bias)
        else:
            drive = weights.recurrent @ phi(state) + weights.input @ x + weights.recurrent_bias
        state = (1 - leak) * state + leak * drive + np.sqrt(2 * leak) * dynamics.noise * xi
        rates.append(state if dynamics.form == "rate" else phi(state))
    return np.array(rates), np.array(rates) @ weights.output.T + weights.output_bias


def one(tree, network):
    return jax.tree.map(lambda array: array[network], tree)


def inner(gradient, direction):
    """The product of the two, summed over all arrays of each network."""
    pairs = zip(jax.tree.leaves(gradient), jax.tree.leaves(direction), strict=True)
    return sum((np.asarray(g) * d).reshape(len(d), -1).sum(axis=1) for g, d in pairs)


def assert_gradient_is_slope(loss_at, weights, gradient, random):
    """Central differences in float64 along a random direction."""
    direction = random_weights(random, len(weights.recurrent), weights.units, weights.inputs, weights.outputs)

    def along(distance):
        return np.asarray(loss_at(jax.tree.map(lambda w, d: w + distance * d, weights, direction)))

    slope = (along(1e-6) - along(-1e-6)) / 2e-6
    np.testing.assert_allclose(slope, inner(gradient, direction), rtol=1e-5, atol=1e-8)


@pytest.mark.thorough
@pytest.mark.parametrize(("form", "activation", "leak"), HALF)
def test_run_is_the_equation(engine, form, activation, leak, seed):
    random = np.random.default_rng(seed)
    weights, (inputs, _, _) = random_weights(random, 2), random_trials(random, 3, 7)
    dynamics = RateDynamics(form, activation, leak)
    rates, outputs = engine.run(dynamics, weights, inputs)
    for network in range(2):
        for trial in range(3):
            expected = by_hand(dynamics, one(weights, network), inputs[trial], np.zeros((7, UNITS)))
            np.testing.assert_allclose(rates[network, trial], expected[0], atol=1e-12)
            np.testing.assert_allclose(outputs[network, trial], expected[1], atol=1e-12)


@pytest.mark.parametrize("form", ["rate", "current"])
def test_respond_gives_the_outputs_of_run(engine, form, seed):
    random = np.random.default_rng(seed)
    weights, (inputs, _, _) = random_weights(random, 2), random_trials(random, 3, 7)
    dynamics = RateDynamics(form, "tanh", 0.2)
    outputs = engine.run(dynamics, weights, inputs)[1]
    np.testing.assert_allclose(engine.respond(dynamics, weights, inputs), outputs, atol=1e-12)


@pytest.mark.parametrize("own_trials", [False, True])
def test_trials_that_do_not_fit_into_memory_are_answered_in_pieces(own_trials, seed, monkeypatch):
    random = np.random.default_rng(seed)
    weights, shape = random_weights(random, 2), (2, 5, 7) if own_trials else (5, 7)
    inputs, dynamics = random_trials(random, *shape)[0], RateDynamics("current", "tanh", 0.2)
    whole = PORTABLE.respond(dynamics, weights, inputs)
    monkeypatch.setattr(engines, "MOST_BYTES", 2 * 7 * UNITS * 8)
    calls, respond = [], engines.portable.respond
    monkeypatch.setattr(engines.portable, "respond", lambda *given: calls.append(given[2].shape) or respond(*given))
    np.testing.assert_allclose(PORTABLE.respond(dynamics, weights, inputs), whole, atol=1e-12)
    assert [shape[-3] for shape in calls] == [2, 2, 1]


@pytest.mark.thorough
@pytest.mark.parametrize(("form", "activation", "leak"), HALF)
def test_gradient_is_that_of_finite_differences(engine, form, activation, leak, seed):
    random = np.random.default_rng(seed)
    weights, (inputs, targets, mask) = random_weights(random, 2), random_trials(random, 3, 7)
    dynamics = RateDynamics(form, activation, leak)
    found, gradient = engine.loss_and_gradient(dynamics, weights, inputs, targets, mask)
    outputs = np.asarray(engine.run(dynamics, weights, inputs)[1])
    for network in range(2):
        assert found[network] == pytest.approx(((outputs[network] - targets)[mask] ** 2).mean(), rel=1e-12)

    def loss_at(moved):
        return engine.loss_and_gradient(dynamics, moved, inputs, targets, mask)[0]

    assert_gradient_is_slope(loss_at, weights, gradient, random)


@pytest.mark.thorough
@pytest.mark.parametrize("form", ["rate", "current"])
def test_penalty_noise_and_trials_of_each_networks_own(engine, form, seed):
    """The loss is the masked error plus λ times the mean squared rate, and the gradient is its slope."""
    random = np.random.default_rng(seed)
    weights, (inputs, targets, mask) = random_weights(random, 2), random_trials(random, 2, 3, 7)
    dynamics, keys = RateDynamics(form, "tanh", LEAKS, noise=0.3), random_keys(random, 2)

    def loss_and_gradient(weights):
        return engine.loss_and_gradient(dynamics, weights, inputs, targets, mask, noise_keys=keys, rate_penalty=0.8)

    found, gradient = loss_and_gradient(weights)
    rates, outputs = (np.asarray(array) for array in engine.run(dynamics, weights, inputs, noise_keys=keys))
    for network in range(2):
        error = ((outputs - targets)[network][mask[network]] ** 2).mean()
        assert found[network] == pytest.approx(error + 0.8 * (rates[network] ** 2).mean(), rel=1e-12)
    assert_gradient_is_slope(lambda moved: loss_and_gradient(moved)[0], weights, gradient, random)


@pytest.mark.thorough
def test_own_trials_are_those_of_a_call_for_each_network(engine, seed):
    random = np.random.default_rng(seed)
    weights, trials, keys = random_weights(random, 2), random_trials(random, 2, 3, 7), random_keys(random, 2)
    dynamics = RateDynamics("rate", "tanh", 0.2, noise=0.1)
    together = engine.loss_and_gradient(dynamics, weights, *trials, noise_keys=keys)
    for network in range(2):
        part = slice(network, network + 1)
        alone = engine.loss_and_gradient(dynamics, one(weights, part), *one(trials, network), noise_keys=keys[part])
        for all_, single in zip(jax.tree.leaves(together), jax.tree.leaves(alone), strict=True):
            np.testing.assert_allclose(all_[part], single, rtol=1e-12, atol=1e-14)


def test_networks_that_are_not_active_get_zeros_and_change_nothing(engine, seed):
    random = np.random.default_rng(seed)
    weights, trials = random_weights(random, 4), random_trials(random, 3, 7)
    dynamics, active = RateDynamics("rate", "tanh", 1.0), np.array([True, False, True, False])
    all_four = engine.loss_and_gradient(dynamics, weights, *trials, active=np.ones(4, bool))
    two = engine.loss_and_gradient(dynamics, weights, *trials, active=active)
    none = engine.loss_and_gradient(dynamics, weights, *trials, active=np.zeros(4, bool))
    for whole, part, nothing in zip(*map(jax.tree.leaves, (all_four, two, none)), strict=True):
        np.testing.assert_array_equal(part[active], whole[active])
        assert np.asarray(whole).all()
        assert not np.asarray(part[~active]).any()
        assert not np.asarray(nothing).any()


@pytest.mark.thorough
@settings(max_examples=15, deadline=None)
@given(units=st.integers(1, 9), trials=st.integers(1, 4), steps=st.integers(1, 6), data=st.integers(0, 2**31))
def test_order_of_units_does_not_matter(engine, units, trials, steps, data):
    random = np.random.default_rng(data)
    weights, (inputs, _, _) = random_weights(random, 1, units), random_trials(random, trials, steps)
    order = random.permutation(units)
    shuffled = RateWeights(
        weights.recurrent[:, order][:, :, order],
        weights.input[:, order],
        weights.output[:, :, order],
        weights.recurrent_bias[:, order],
        weights.output_bias,
    )
    dynamics = RateDynamics("rate", "tanh", 0.5)
    np.testing.assert_allclose(
        engine.respond(dynamics, weights, inputs), engine.respond(dynamics, shuffled, inputs), atol=1e-12
    )


def test_neighbours_change_no_bit(engine, seed):
    random = np.random.default_rng(seed)
    weights, trials = random_weights(random, 5, dtype=np.float32), random_trials(random, 3, 9, dtype=np.float32)
    dynamics = RateDynamics("rate", "tanh", 1.0)
    together = engine.loss_and_gradient(dynamics, weights, *trials)
    alone = engine.loss_and_gradient(dynamics, one(weights, slice(2, 4)), *trials)
    for all_, part in zip(jax.tree.leaves(together), jax.tree.leaves(alone), strict=True):
        np.testing.assert_array_equal(all_[2:4], part)


def test_small_leak_is_the_differential_equation(engine):
    """tau dh/dt = -h + c has the solution c (1 - exp(-t / tau))."""
    weights = RateWeights(
        jnp.zeros((1, 1, 1)), jnp.ones((1, 1, 1)), jnp.ones((1, 1, 1)), jnp.zeros((1, 1)), jnp.zeros((1, 1))
    )
    dt_ms, tau_ms, steps = 0.01, 10.0, 2000
    outputs = engine.respond(RateDynamics("current", "tanh", dt_ms / tau_ms), weights, jnp.full((1, steps, 1), 0.7))
    expected = np.tanh(0.7 * (1 - np.exp(-steps * dt_ms / tau_ms)))
    assert float(outputs[0, 0, -1, 0]) == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_masked_is_in_no_gradient(engine, bad, seed):
    """A target that is no number, where the loss does not count."""
    random = np.random.default_rng(seed)
    weights, (inputs, targets, mask) = random_weights(random, 2), random_trials(random, 3, 7)
    dynamics = RateDynamics("rate", "tanh", 1.0)
    expected = engine.loss_and_gradient(dynamics, weights, inputs, targets, mask)
    found = engine.loss_and_gradient(dynamics, weights, inputs, np.where(mask, targets, bad), mask)
    jax.tree.map(np.testing.assert_array_equal, found, expected)


# ---- noise


@pytest.mark.parametrize(
    ("key", "counter", "words"),
    [
        ((0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
        ((0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0x1CB996FC, 0xBB002BE7)),
        ((0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3), (0xC4923A9C, 0x483DF7A0)),
    ],
)
def test_threefry_gives_the_words_of_its_publication(key, counter, words):
    """The known answers of Random123, threefry2x32 with 20 rounds."""
    key, high, low = np.array(key, np.uint32), jnp.uint32(counter[0]), jnp.array([counter[1]], jnp.uint32)
    assert tuple(int(word[0]) for word in threefry(key, high, low)) == words


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.slow
def test_noise_is_box_and_mullers(dtype):
    """Each counter's two words make the noise of two neighbouring units; float32 uses 24 bits of a word."""
    key, trial, steps, units = np.array([5, 7], np.uint32), jnp.uint32(3), 4, 5
    first, second = threefry(key, trial, jnp.arange(steps * 3, dtype=jnp.uint32))
    shift = 8 if dtype == np.float32 else 0
    u, v = (((np.asarray(word) >> shift) + 0.5) / 2.0 ** (32 - shift) for word in (first, second))
    pairs = np.stack([np.sqrt(-2 * np.log(u)) * np.cos(2 * np.pi * v), np.sqrt(-2 * np.log(u)) * np.sin(2 * np.pi * v)])
    expected = np.moveaxis(pairs, 0, -1).reshape(steps, 6)[:, :units]
    noise = trial_noise(key, trial, steps, units, np.dtype(dtype))
    assert noise.dtype == dtype
    np.testing.assert_allclose(noise, expected, atol=3e-6 if dtype == np.float32 else 1e-13)


@pytest.mark.thorough
@pytest.mark.parametrize("form", ["rate", "current"])
def test_noise_is_added_to_the_state(engine, form, seed):
    """Also for leak 1 of some units, and only for networks with a key."""
    random = np.random.default_rng(seed)
    weights, (inputs, _, _), keys = random_weights(random, 2), random_trials(random, 3, 7), random_keys(random, 2)
    dynamics = RateDynamics(form, "tanh", LEAKS, noise=0.3)
    rates, outputs = engine.run(dynamics, weights, inputs, noise_keys=keys)
    quiet = engine.run(dynamics, weights, inputs)[0]
    for network in range(2):
        for trial in range(3):
            noise = np.asarray(trial_noise(keys[network], jnp.uint32(trial), 7, UNITS, np.dtype(float)))
            expected = by_hand(dynamics, one(weights, network), inputs[trial], noise)
            np.testing.assert_allclose(rates[network, trial], expected[0], atol=1e-12)
            np.testing.assert_allclose(outputs[network, trial], expected[1], atol=1e-12)
            silent = by_hand(dynamics, one(weights, network), inputs[trial], 0 * noise)
            np.testing.assert_allclose(quiet[network, trial], silent[0], atol=1e-12)


def isolated_units(engine, leak, noise, steps=400, dtype=np.float64):
    """States of 3 networks of 5 units without weights or inputs on 40 trials."""
    weights = jax.tree.map(np.zeros_like, random_weights(np.random.default_rng(0), 3, dtype=dtype))
    keys = np.array([[1, 2], [1, 3], [2, 2]], np.uint32)
    inputs = np.zeros((40, steps, INPUTS), dtype)
    return np.asarray(engine.run(RateDynamics("rate", "tanh", leak, noise), weights, inputs, noise_keys=keys)[0])


@pytest.mark.thorough
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_noise_is_normal_with_the_scale_of_the_equation(engine, dtype):
    """With leak 1 an isolated unit is √2 σ ξ. Bounds are four standard errors of 240,000 numbers with fixed keys."""
    xi = isolated_units(engine, 1.0, 0.3, dtype=dtype).astype(np.float64) / (np.sqrt(2) * 0.3)
    error = 1 / np.sqrt(xi.size)
    assert abs(xi.mean()) < 4 * error
    assert abs(xi.var() - 1) < 4 * np.sqrt(2) * error
    assert abs((xi**3).mean()) < 4 * np.sqrt(15) * error
    assert abs(kurtosis(xi, axis=None)) < 4 * np.sqrt(24) * error
    assert kstest(xi.ravel(), "norm").pvalue > 1e-3


def test_noise_is_independent_between_units_trials_networks_and_steps(engine):
    """No correlation above five standard errors, at fixed keys."""
    xi = isolated_units(engine, 1.0, 0.3)
    series = xi.transpose(0, 1, 3, 2).reshape(-1, xi.shape[2])  # (network, trial, unit) x time
    correlation = np.corrcoef(series)
    np.fill_diagonal(correlation, 0)
    assert len(correlation) == 600
    assert abs(correlation).max() < 5.5 / np.sqrt(xi.shape[2])  # 180,000 pairs
    centred = series / series.std()
    for lag in range(1, 20):
        assert abs((centred[:, lag:] * centred[:, :-lag]).mean()) < 4 / np.sqrt(centred[:, lag:].size)
    squares = centred**2 - 1  # also of the sizes
    assert abs(np.corrcoef(squares) - np.eye(600)).max() < 8 / np.sqrt(xi.shape[2])


def test_noise_gives_an_isolated_unit_its_standard_deviation(engine):
    """The stationary variance of h ← (1 - ℓ) h + √(2ℓ) σ ξ is 2 σ² / (2 - ℓ), near σ² for small ℓ."""
    leaks = np.array(LEAKS)
    states = isolated_units(engine, LEAKS, 0.3, steps=1500)[:, :, 300:]
    variance = states.var(axis=(0, 1, 2))
    numbers = 3 * 40 * 1200 * leaks / (2 - leaks)  # independent ones among so many that are correlated
    np.testing.assert_array_less(abs(variance / (2 * 0.3**2 / (2 - leaks)) - 1), 4 * np.sqrt(2 / numbers))


def test_noise_of_a_step_depends_on_no_other_trial_or_step(engine, seed):
    random = np.random.default_rng(seed)
    weights, (inputs, _, _), keys = random_weights(random, 2), random_trials(random, 37, 9), random_keys(random, 2)
    dynamics = RateDynamics("current", "tanh", 0.2, noise=0.3)
    rates = engine.run(dynamics, weights, inputs, noise_keys=keys)[0]
    fewer = engine.run(dynamics, weights, inputs[:3, :5], noise_keys=keys)[0]
    np.testing.assert_allclose(rates[:, :3, :5], fewer, atol=1e-12)
    swapped = engine.run(dynamics, one(weights, slice(None, None, -1)), inputs, noise_keys=keys[::-1])[0]
    np.testing.assert_allclose(rates, swapped[::-1], atol=1e-12)


# ---- the differentiable loss


@pytest.mark.thorough
def test_constraints_obey_the_chain_rule(engine, seed):
    """The loss of W = m exp(F) has the slope dE/dW m exp(F), for every network times the weight of its loss."""
    random = np.random.default_rng(seed)
    weights, trials = random_weights(random, 3), random_trials(random, 3, 7)
    dynamics, kept = RateDynamics("rate", "tanh", 0.2), (random.random((UNITS, UNITS)) < 0.6).astype(float)
    shares = np.array([0.5, 2.0, -3.0])

    def constrained(free):
        return RateWeights(
            kept * jnp.exp(free.recurrent), free.input, free.output**2, free.recurrent_bias, free.output_bias
        )

    def total(free):
        return (shares * loss(engine, dynamics, constrained(free), *trials)).sum()

    value, slope = jax.value_and_grad(total)(weights)
    found, own = engine.loss_and_gradient(dynamics, constrained(weights), *trials)
    by_chain_rule = RateWeights(
        own.recurrent * kept * np.exp(weights.recurrent),
        own.input,
        own.output * 2 * weights.output,
        own.recurrent_bias,
        own.output_bias,
    )
    assert float(value) == pytest.approx(float((shares * found).sum()), rel=1e-12)
    for a, b in zip(jax.tree.leaves(slope), jax.tree.leaves(by_chain_rule), strict=True):
        np.testing.assert_allclose(a, (b.T * shares).T, rtol=1e-12, atol=1e-15)
    assert (np.asarray(slope.recurrent) != 0).sum() == 3 * kept.sum()


def test_only_weights_have_a_slope(engine, seed):
    random = np.random.default_rng(seed)
    weights, (inputs, targets, mask) = random_weights(random, 2), random_trials(random, 3, 7)
    dynamics = RateDynamics("rate", "tanh", 0.2)
    by_inputs, by_targets = jax.grad(lambda x, y: loss(engine, dynamics, weights, x, y, mask).sum(), (0, 1))(
        inputs, targets
    )
    assert not np.asarray(by_inputs).any()
    assert not np.asarray(by_targets).any()


# ---- bad arguments


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("rate", "tanh", 1.5), r"leak = dt_ms / tau_ms = 1.5; expected a number in \(0, 1\]"),
        (("rate", "tanh", 0.0), "leak is 0.0; expected a number above 0"),
        (("rate", "tanh", (0.5, 1.5)), r"leak = dt_ms / tau_ms = 1.5; expected a number in \(0, 1\]"),
        (("rate", "tanh", (0.5, -0.5)), "leak is -0.5; expected a number above 0"),
        (("rate", "tanh", 1.0, -0.1), "noise is -0.1; expected 0 or a finite number above it"),
        (("rate", "tanh", 1.0, np.inf), "noise is inf; expected 0 or a finite number above it"),
        (("rates", "tanh", 1.0), "unknown form 'rates'; did you mean 'rate'"),
        (("rate", "tan", 1.0), "unknown activation 'tan'; did you mean 'tanh'"),
    ],
)
def test_bad_dynamics(arguments, message):
    with pytest.raises(ValueError, match=message):
        RateDynamics(*arguments)


def test_leaks_that_do_not_fit_the_units(engine, seed):
    random = np.random.default_rng(seed)
    weights, (inputs, _, _) = random_weights(random, 1), random_trials(random, 3, 7)
    with pytest.raises(ValueError, match="leak has 2 values; expected one, or one for each of the 5 units"):
        engine.run(RateDynamics("rate", "tanh", (0.5, 0.2)), weights, inputs)


def test_a_mean_over_nothing_is_zero_and_has_no_slope(engine, seed):
    random = np.random.default_rng(seed)
    weights, (inputs, targets, mask) = random_weights(random, 2), random_trials(random, 3, 7)
    for nothing in (np.zeros_like(mask), np.zeros(mask.shape), np.full(mask.shape, -1.0), np.full(mask.shape, np.nan)):
        loss, gradient = engine.loss_and_gradient(RateDynamics("rate", "tanh", 1.0), weights, inputs, targets, nothing)
        assert not np.any(loss)
        assert not any(np.any(leaf) for leaf in jax.tree.leaves(gradient))


def test_weights_of_the_loss_have_no_scale(engine, seed):
    random = np.random.default_rng(seed)
    weights, (inputs, targets, mask) = random_weights(random, 2), random_trials(random, 3, 7)
    dynamics = RateDynamics("current", "tanh", 0.5)
    expected = engine.loss_and_gradient(dynamics, weights, inputs, targets, mask)
    for scale in (1.0, 3.5):
        found = engine.loss_and_gradient(dynamics, weights, inputs, targets, scale * mask)
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6), found, expected)
