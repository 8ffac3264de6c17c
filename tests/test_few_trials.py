"""A few long trials in the native engine, one by one: dense and sparse matrices, noise, numbers that fail."""

from dataclasses import replace

import jax
import numpy as np
import pytest

import test_native as native
from recurra.engine import NATIVE
from recurra.engine.native import library
from test_native import Case, assert_close, by_hand, problem

CASES = [
    Case(trials=1, units=100, density=0.1),
    Case("current", leak="units", trials=2, units=90, noise=0.1, density=0.1, inputs=20),
    Case("rate", "linear", 0.2, trials=4, units=33, noise=0.1, own_trials=True, outputs=17),
    Case("current", "softplus", 0.5, trials=1, units=70, dtype="float64", density=0.05, noise=0.1),
    Case("rate", "relu", trials=2, units=16, dtype="float64", own_trials=True),
    Case("current", "sigmoid", 0.2, trials=1, units=1, inputs=0),
]


@pytest.fixture(scope="module", autouse=True)
def _native():
    found, why = library.load()
    if found is None:
        pytest.skip(why)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rates_and_outputs_are_those_by_hand(case, seed):
    made = problem(case, np.random.default_rng(seed))
    for at in range(case.networks):
        known = by_hand(made, at)
        rates, outputs = (np.asarray(array)[at] for array in made.run(NATIVE))
        assert_close((rates, outputs), (known.rates, known.outputs), case.dtype, 1.0)
        assert_close(np.asarray(made.respond(NATIVE))[at], known.outputs, case.dtype, 1.0)


def test_a_matrix_is_the_same_sparse_or_dense(seed):
    """With numbers too small to matter in place of zeros, all connections are kept."""
    made = problem(Case(trials=1, units=200, density=0.05, dtype="float64"), np.random.default_rng(seed))
    recurrent = made.weights.recurrent
    dense = made._replace(weights=replace(made.weights, recurrent=np.where(recurrent == 0, 1e-40, recurrent)))
    assert_close(made.run(NATIVE), dense.run(NATIVE), "float64", 1.0)


def test_a_trial_is_the_same_alone_and_among_many(seed):
    """Among many, trials are the lanes of the vectors: another order of the sums, and the same noise."""
    made = problem(Case(leak=0.3, trials=9, units=100, noise=0.1, density=0.1), np.random.default_rng(seed))
    alone = made._replace(trials=tuple(array[:1] for array in made.trials))
    first = jax.tree.map(lambda array: array[:, :1], made.run(NATIVE))
    assert_close(alone.run(NATIVE), first, "float32", 1.0)


@pytest.mark.parametrize("density", [1.0, 0.05])
def test_a_network_has_its_bits_alone_and_beside_one_that_fails(density, seed):
    made = problem(Case(networks=3, trials=1, units=80, noise=0.1, density=density), np.random.default_rng(seed))
    recurrent = made.weights.recurrent.copy()
    recurrent[1] = np.nan
    spoilt = made._replace(weights=replace(made.weights, recurrent=recurrent))
    whole, beside = made.run(NATIVE), spoilt.run(NATIVE)
    for at in (0, 2):
        alone = made.of([at]).run(NATIVE)
        for one, other, third in zip(whole, beside, alone, strict=True):
            np.testing.assert_array_equal(one[at], other[at])
            np.testing.assert_array_equal(one[at], third[0])
    assert np.isnan(np.asarray(beside[0])[1]).all()


def test_infinite_inputs_reach_the_rates_of_their_step_on(seed):
    made = problem(Case(leak=0.2, trials=1), np.random.default_rng(seed))
    made.trials[0][0, 20, 1] = np.nan
    rates = np.asarray(made.run(NATIVE)[0])
    np.testing.assert_array_equal(np.isnan(rates).all(axis=(0, 1, 3)), np.arange(native.STEPS) >= 20)
    assert np.isfinite(rates[:, :, :20]).all()


UNEVEN = """
from dataclasses import replace
import numpy as np
import test_native as native
from recurra.engine import NATIVE
from recurra.engine.native import library
library.threads(library.load()[0])
made = native.problem(native.Case(networks=1, trials=1, units=1100, steps=10), np.random.default_rng(0))
recurrent = np.array(made.weights.recurrent)
recurrent[:, 150:] = 0
print(native.digest(made._replace(weights=replace(made.weights, recurrent=recurrent)).run(NATIVE)))
"""


@pytest.mark.slow
def test_units_with_and_without_connections_in_different_threads():
    """Whether a matrix is sparse is a matter of all its rows, not of those that one thread has."""
    digests = {native.in_own_process(UNEVEN, RECURRA_THREADS=threads) for threads in ("1", "3", "5")}
    assert len(digests) == 1
