"""Lesions of a network, and runs from a chosen state and with noise."""

from dataclasses import replace

import jax
import numpy as np
import pytest

import recurra as rc
from recurra.analysis.weights.damage import removed
from recurra.arrays import named_arrays
from tests.networks import network_of


def random_network(seed, units=6, **settings):
    random = np.random.default_rng(seed)
    arrays = random.normal(size=(units, units)) / 2, random.normal(size=(units, 2)), random.normal(size=(1, units))
    bias = random.normal(size=units)
    return rc.network(*arrays, recurrent_bias=bias, tau_ms=5.0, **settings), random.normal(size=(3, 20, 2))


@pytest.mark.parametrize("form", ["rate", "current"])
def test_without_units_is_the_smaller_network(form, seed):
    network, inputs = random_network(seed, form=form)
    keep, arrays = [0, 2, 4], named_arrays(network.weights)
    small = rc.network(
        arrays["recurrent"][np.ix_(keep, keep)],
        arrays["input"][keep],
        arrays["output"][:, keep],
        recurrent_bias=arrays["recurrent_bias"][keep],
        output_bias=arrays["output_bias"],
        tau_ms=5.0,
        form=form,
    )
    (rates, outputs), (expected, again) = network.without_units([1, 3, 5]).run(inputs), small.run(inputs)
    np.testing.assert_allclose(rates[..., keep], expected, atol=1e-12)
    np.testing.assert_allclose(outputs, again, atol=1e-12)
    assert not rates[..., [1, 3, 5]].any()


def test_lesions_compose_and_keep_the_task(seed):
    network, _ = random_network(seed)
    network = replace(network, task=rc.Xor(), seed=4)
    cut = np.zeros((6, 6), bool)
    cut[0, 1] = True
    both = network.without_units([5]).with_connections_cut(cut)
    assert both == network.with_connections_cut(cut).without_units([5])
    assert both.recurrent[0, 1] == 0
    assert not both.recurrent[5].any()
    assert not both.recurrent_connections[0, 1]
    assert (both.task, both.seed) == (network.task, 4)
    assert network.without_units([]) == network
    assert rc.weight_statistics(both).positive == (both.recurrent[both.recurrent_connections] > 0).mean()


def test_the_weakest_connections_are_cut(seed):
    network, _ = random_network(seed)
    cut = removed(network.recurrent, 50)
    damaged = network.with_connections_cut(cut)
    assert (damaged.recurrent == 0).sum() == cut.sum() == 18
    np.testing.assert_array_equal(damaged.recurrent[~cut], network.recurrent[~cut])


def test_gated_cells_lose_a_connection_in_every_gate(seed):
    model = rc.GRU(units=4)
    network = rc.models.Network(model.dynamics(1.0), model.start(seed, 2, 1), 1.0)
    cut = np.eye(4, dtype=bool)
    for gate in np.asarray(network.with_connections_cut(cut).weights.recurrent):
        assert not np.diagonal(gate).any()
    silent = network.without_units([0])
    assert not np.asarray(silent.weights.recurrent)[:, 0].any()
    assert not np.asarray(silent.weights.recurrent)[:, :, 0].any()


@pytest.mark.parametrize(
    ("units", "error", "message"),
    [
        ([6], ValueError, r"units has \[6\]; expected numbers from 0 to 5"),
        ([-1], ValueError, r"units has \[-1\]; expected numbers from 0 to 5"),
        ([0.5], TypeError, r"units is \[0.5\]; expected a list of unit numbers, such as \[3, 5\]"),
        (3, TypeError, "units is 3; expected a list"),
    ],
)
def test_bad_units(units, error, message):
    with pytest.raises(error, match=message):
        network_of(np.eye(6)).without_units(units)


def test_bad_cuts():
    for cut in (np.eye(3), np.eye(2, dtype=bool)):
        with pytest.raises(ValueError, match=r"cut is .*; expected True or False for every pair of units"):
            network_of(np.eye(3)).with_connections_cut(cut)


@pytest.mark.parametrize("form", ["rate", "current"])
def test_a_run_goes_on_from_a_state(form, seed):
    network, inputs = random_network(seed, form=form)
    states = rc.states_on(network, inputs=inputs)
    whole = network.run(inputs)
    for one, rest in zip(whole, network.run(inputs[:, 8:], initial_state=states[:, 7]), strict=True):
        np.testing.assert_allclose(rest, one[:, 8:], atol=1e-12)
    for one, rest in zip(whole, network.run(inputs, initial_state=np.zeros(6)), strict=True):
        np.testing.assert_allclose(rest, one, atol=1e-12)


def test_noise_has_the_size_that_is_asked_for(seed):
    """An isolated leaky unit has the stationary variance 2 l σ² / (1 - (1 - l)²)."""
    leak, sigma = 0.1, 0.3
    alone = rc.network([[0.0]], [[0.0]], [[1.0]], tau_ms=1 / leak, activation="linear")
    rates, _ = alone.run(np.zeros((200, 400, 1)), noise=sigma, key=seed)
    expected = np.sqrt(2 * leak / (1 - (1 - leak) ** 2)) * sigma
    assert rates[:, 100:].std() == pytest.approx(expected, rel=0.05)
    from_zero = alone.run(np.zeros((200, 400, 1)), noise=sigma, key=seed, initial_state=[0.0])[0]
    np.testing.assert_allclose(from_zero, rates, atol=1e-12)
    other = alone.run(np.zeros((200, 400, 1)), noise=sigma, key=jax.random.key(seed + 1, impl="threefry2x32"))[0]
    assert np.abs(other - rates).max() > sigma


def test_bad_runs():
    network = network_of(np.eye(3))
    inputs = np.zeros((2, 4, network.weights.inputs))
    for call, error, message in (
        (lambda: network.run(inputs[0]), ValueError, r"inputs have the shape .*; for one trial give inputs\[None\]"),
        (lambda: network.run(inputs, noise=0.1), ValueError, "noise needs a key from which it is drawn"),
        (lambda: network.run(inputs, key=0), ValueError, "key is given without noise"),
        (lambda: network.run(inputs, noise=-1.0, key=0), ValueError, "noise is -1.0; expected 0 or a finite number"),
        (lambda: network.run(inputs, noise=0.1, key=0.5), TypeError, "key is 0.5; expected a seed"),
        (lambda: network.run(inputs, initial_state=np.zeros(2)), ValueError, r"initial_state has the shape \(2,\)"),
        (lambda: network.run(inputs, initial_state=np.full(3, np.nan)), ValueError, "initial_state holds 3 values"),
    ):
        with pytest.raises(error, match=message):
            call()
