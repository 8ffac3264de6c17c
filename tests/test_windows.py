"""Truncated backpropagation and unit dropout: against the definition written out step by step, and their bits."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import recurra as rc
import test_native as native
import test_native_gated as gated
from recurra.engine import BATCHED, LOSSES, NATIVE, PORTABLE
from recurra.engine.noise import trial_noise, uniform
from recurra.runs.spec import read_table, to_spec, with_settings
from recurra.training import Training
from test_native import Problem, assert_close

_native = native._native  # skipped, or failed, where there is no native engine

TASK = rc.FlipFlop(bits=1, length_ms=120.0)
MODEL = rc.RateRNN(units=8, tau_ms=1.0, initializer=rc.Identity(0.9))
RULE = rc.BPTT(steps=6, batch=4, trials=rc.FreshTrials(3), validation_trials=8, learning_rate=0.01)
CASES = {
    "rate": native.Case(leak=0.5, dtype="float64", steps=12),
    "current": native.Case("current", leak="units", mask="weighted", noise=0.2, dtype="float64", steps=12),
    "relu": native.Case(activation="relu", rate_penalty=0.3, own_trials=True, dtype="float64", steps=12),
    "lstm": gated.Case("lstm", noise=0.1, dtype="float64", steps=12),
    "gru_after": gated.Case("gru_after", rate_penalty=0.2, dtype="float64", steps=12),
    "gru_before": gated.Case("gru_before", mask="weighted", dtype="float64", steps=12),
    "ugrnn": gated.Case("ugrnn", dtype="float64", steps=12),
}


def made(name: str, seed: int, **options: Any) -> Problem:
    case = CASES[name]
    module = gated if isinstance(case, gated.Case) else native
    return module.problem(dataclasses.replace(case, **options), np.random.default_rng(seed))  # type: ignore[arg-type]


def step_by_step(problem: Problem, window: int, network: int = 0, dropped: Any = None) -> Any:
    """Loss and gradient of one network by a loop of Python: `stop_gradient` on the state after every window."""
    dynamics = problem.dynamics
    trials = [array[network] if array.ndim == 4 else array for array in problem.trials]
    inputs, targets, mask = map(jnp.asarray, trials)
    keys, penalty = problem.options["noise_keys"], problem.options["rate_penalty"]
    first = jax.tree.map(lambda array: jnp.asarray(array[network]), problem.weights)

    def total(weights: Any) -> Any:
        def one_trial(number: Any, inputs: Any, kept: Any) -> Any:
            own = dataclasses.replace(weights, output=weights.output * kept)
            if dropped is not None:
                own = dataclasses.replace(own, recurrent=weights.recurrent * kept)
            state, rates = dynamics.initial_state(own), []
            noise = jnp.zeros((len(inputs), len(state)))
            if keys is not None:
                noise = dynamics.noise_scale(own) * trial_noise(
                    keys[network], number, len(inputs), len(state), inputs.dtype
                )
            for t in range(len(inputs)):
                state = jax.lax.stop_gradient(state) if t and t % window == 0 else state
                state = dynamics.step(own, state, inputs[t]) + noise[t]
                rates.append(dynamics.rates(state))
            return jnp.stack(rates), dynamics.readout(own, jnp.stack(rates))

        kept = jnp.ones((len(inputs), first.units)) if dropped is None else dropped
        rates, outputs = jax.vmap(one_trial)(jnp.arange(len(inputs), dtype=jnp.uint32), inputs, kept)
        squares = (rates**2).mean()
        return LOSSES[problem.options.get("loss", "mean_squared_error")](outputs, targets, mask) + (penalty * squares)

    return jax.jit(jax.value_and_grad(total))(first)


def gradient_of(problem: Problem, engine: Any, **options: Any) -> Any:
    return engine.loss_and_gradient(problem.dynamics, problem.weights, *problem.trials, **problem.options, **options)


def assert_network(found: Any, expected: Any, network: int) -> None:
    assert_close(jax.tree.map(lambda array: np.asarray(array)[network], found), expected, "float64")


@pytest.mark.thorough
@pytest.mark.parametrize("name", [*CASES][:2] + [pytest.param(name, marks=pytest.mark.slow) for name in [*CASES][2:]])
@pytest.mark.parametrize("window", [5, pytest.param(1, marks=pytest.mark.slow)])
def test_the_gradient_stops_at_the_windows(name, window, seed):
    """12 steps: windows of 5 leave one of 2, and end elsewhere than the native engine's blocks."""
    problem = made(name, seed, trials=2, units=5)
    expected = step_by_step(problem, window, network=1)
    assert_network(gradient_of(problem, PORTABLE, window=window), expected, 1)
    assert_network(gradient_of(problem, NATIVE, window=window), expected, 1)
    whole = gradient_of(problem, NATIVE)
    assert np.any(np.abs(np.asarray(whole[1].recurrent)[1] - np.asarray(expected[1].recurrent)) > 1e-6)


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["rate", "lstm", pytest.param("gru_before", marks=pytest.mark.slow)])
@pytest.mark.parametrize("window", [7, 16, pytest.param(32, marks=pytest.mark.slow)])
def test_native_agrees_with_portable_over_many_blocks(name, window, seed):
    problem = made(name, seed, steps=75, units=9, trials=40, dtype="float32")
    problem.options["loss"] = "cross_entropy"
    inputs, targets, mask = problem.trials
    alike = problem._replace(trials=(inputs, abs(targets), mask))
    assert_close(gradient_of(alike, NATIVE, window=window), gradient_of(alike, PORTABLE, window=window), "float32")


@pytest.mark.slow
def test_batched_agrees_with_portable(seed):
    problem = made("current", seed)
    assert_close(gradient_of(problem, BATCHED, window=4), gradient_of(problem, PORTABLE, window=4), "float64")


@pytest.mark.parametrize("engine", [NATIVE, PORTABLE])
def test_a_window_as_long_as_the_trial_is_no_truncation(engine, seed):
    problem = made("rate", seed)
    whole = gradient_of(problem, engine)
    for window in (12, 100):
        for a, b in zip(*map(jax.tree.leaves, (whole, gradient_of(problem, engine, window=window))), strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.thorough
def test_the_memory_is_that_of_a_window():
    """With 16 times the steps the portable engine needs no more scratch memory but for what has the trials' size."""

    def scratch(steps: int, window: int | None) -> int:
        problem = made("rate", 0, steps=steps, units=64, inputs=1, outputs=1, trials=4, networks=1)
        lowered = jax.jit(
            lambda weights, *trials: PORTABLE.loss_and_gradient(problem.dynamics, weights, *trials, window=window)
        ).lower(problem.weights, *problem.trials)
        measured = lowered.compile().memory_analysis()
        assert measured is not None
        return measured.temp_size_in_bytes

    assert scratch(1600, 20) < 1.5 * scratch(100, 20)
    assert scratch(1600, None) > 5 * scratch(1600, 20)


@pytest.mark.thorough
def test_networks_learn_in_windows_alone_as_in_company(seed):
    rule = dataclasses.replace(RULE, window=30)
    three = rc.train(TASK, MODEL, rule, networks=3, seed=seed)
    alone = rc.train(TASK, MODEL, rule, networks=[2], seed=seed)
    for a, b in zip(*map(jax.tree.leaves, (three.weights, alone.weights)), strict=True):
        np.testing.assert_array_equal(a[2], b[0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"window": 0}, "window is 0; expected at least 1"),
        ({"unit_dropout": 1.0}, "unit_dropout is 1; expected a share below 1"),
        ({"unit_dropout": -0.1}, "unit_dropout is -0.1; expected a number from 0 to 1"),
        ({"window": 5, "penalties": (rc.RateL1(0.1),)}, "penalty RateL1 is on whole trajectories.*leave out window"),
        ({"unit_dropout": 0.1, "penalties": (rc.RateL1(0.1),)}, "leave out unit_dropout"),
    ],
)
def test_bad_numbers(arguments, message):
    with pytest.raises(ValueError, match=message):
        rc.BPTT(**arguments)


def test_bad_numbers_in_specs():
    with pytest.raises(ValueError, match=r"training: window is 0"):
        to_spec(with_settings(read_table("xor"), ["training.window=0"]))
    with pytest.raises(ValueError, match=r"training: unit_dropout is 1"):
        to_spec(with_settings(read_table("xor"), ["training.unit_dropout=1.0"]))
    assert to_spec(with_settings(read_table("xor"), ["training.window=7"])).training.window == 7  # type: ignore[attr-defined]


# ---- unit dropout


@pytest.mark.thorough
def test_units_are_silent_for_a_trial(seed):
    """The gradient of each trial is that of weights without the columns of the silent units, the others scaled."""
    problem = made("rate", seed, trials=3, units=6)
    keys = np.asarray(jax.random.key_data(jax.random.split(jax.random.key(seed), 2)))
    drawn = np.stack([uniform(keys[1], jnp.asarray(trial, jnp.uint32), 6, jnp.dtype("float64")) for trial in range(3)])
    for window in (None, 4):
        expected = step_by_step(problem, window or 12, 1, (drawn >= 0.4) / 0.6)
        for engine in (PORTABLE, BATCHED) if window else (PORTABLE,):
            assert_network(
                gradient_of(problem, engine, window=window, unit_dropout=0.4, dropout_keys=keys), expected, 1
            )


def test_the_share_of_silent_units():
    """40 % of 200,000 units, within five standard errors."""
    key = jax.random.key_data(jax.random.key(3))
    drawn = np.asarray(uniform(key, jnp.uint32(1), 200_000, jnp.dtype("float32")))
    assert abs((drawn < 0.4).mean() - 0.4) < 5 * np.sqrt(0.24 / 200_000)


@pytest.mark.thorough
def test_dropout_in_training(seed):
    rule = dataclasses.replace(RULE, unit_dropout=0.3)
    training = Training(TASK, MODEL, rule, (0, 1, 2), seed)
    assert training.used_engine.name == "portable"
    three, alone = (rc.train(TASK, MODEL, rule, networks=numbers, seed=seed) for numbers in ([0, 1, 2], [2]))
    for a, b in zip(*map(jax.tree.leaves, (three.weights, alone.weights)), strict=True):
        np.testing.assert_array_equal(a[2], b[0])
    plain = rc.train(TASK, MODEL, RULE, networks=[2], seed=seed, engine="portable")
    assert np.any(np.asarray(plain.weights.recurrent) != np.asarray(alone.weights.recurrent))
    with pytest.raises(ValueError, match="the native engine has no unit dropout; take engine auto or portable"):
        rc.train(TASK, MODEL, rule, networks=1, seed=seed, engine="native")
