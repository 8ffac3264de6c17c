"""Memory capacity: networks whose capacity is known, its bounds, and the reservoirs of the literature."""

import numpy as np
import pytest

import recurra as rc
from recurra.tasks.no_task import NoTask


def reservoir(model, seed=0):
    """An untrained network with one input and one output."""
    task = NoTask(1, 1)
    model = model.for_task(task)
    return rc.Network(model.dynamics(task.dt_ms), model.start(seed, 1, 1), task.dt_ms)


def delay_line(units):
    """Units in a row, the first of which receives the input."""
    return rc.network(np.eye(units, k=-1), np.eye(units)[:, :1], np.ones((1, units)), activation="linear")


def test_a_delay_line_holds_what_it_is_long():
    """The input of this step is in the first unit; those of 1 to 6 steps ago are in the six others."""
    found = rc.memory_capacity(delay_line(7), seed=3)
    np.testing.assert_allclose(found.by_lag[:6], 1, atol=1e-9)
    np.testing.assert_allclose(found.by_lag[6:], 0, atol=0.01)
    assert found.capacity == pytest.approx(6, abs=0.01)
    assert found.low <= found.capacity <= found.high <= 7
    assert (found.lags[0], found.lags[-1], found.units) == (1, 14, 7)


def test_one_leaky_unit_has_the_capacity_of_its_formula():
    """h = a h + u: corr² with u(t - k) is a^2k (1 - a²)."""
    unit = rc.network([[0.6]], [[1.0]], [[1.0]], activation="linear")
    found = rc.memory_capacity(unit, lags=4, seed=1, steps=20_000)
    np.testing.assert_allclose(found.by_lag, 0.6 ** (2 * np.arange(1, 5)) * (1 - 0.36), atol=0.02)


def test_chance_adds_nothing():
    """Of a series that was never received, whatever the number of lags."""
    nulls = [rc.memory_capacity(delay_line(5), lags=300, steps=500, seed=seed).null for seed in range(8)]
    assert abs(np.mean(nulls)) < 5 * np.sqrt(2 * 300) / 500 / np.sqrt(8)  # without the correction it would be 0.6


def test_it_does_not_depend_on_the_order_or_the_scale_of_the_units(seed):
    network = reservoir(rc.RateRNN(units=8, initializer=rc.SpectralRadius(0.8), input_initializer=rc.Uniform()))
    order = np.random.default_rng(seed).permutation(8)
    weights = network.weights
    turned = rc.network(
        np.asarray(weights.recurrent)[np.ix_(order, order)], np.asarray(weights.input)[order], weights.output[:, order]
    )
    one, other = (rc.memory_capacity(each, seed=2).by_lag for each in (network, turned))
    np.testing.assert_allclose(one, other, atol=1e-4)


def test_bad_arguments():
    network = delay_line(2)
    with pytest.raises(ValueError, match="steps is 100; expected at least 200"):
        rc.memory_capacity(network, steps=100)
    with pytest.raises(ValueError, match=r"^amplitude is 1e\+308; expected a number from 0 to 1e\+70"):
        rc.memory_capacity(network, amplitude=1e308)
    with pytest.raises(ValueError, match="channel is 1"):
        rc.memory_capacity(network, channel=1)
    with pytest.raises(ValueError, match="grow without bound"):
        rc.memory_capacity(rc.network([[1.1]], [[1.0]], [[1.0]], activation="linear"))
    assert rc.plot(rc.memory_capacity(network)).get_xlabel() == "Lag"


@pytest.mark.parametrize("too_many", [{"lags": 1_000_000}, {"lags": 5, "steps": 10**9}])
def test_more_lags_or_steps_than_the_memory_holds(too_many, monkeypatch):
    monkeypatch.setattr("recurra.checks.free_memory_bytes", lambda: 2.0**30)
    with pytest.raises(ValueError, match=r"^the inputs of .* lags .* 1\.0 GiB are free\. Lower lags, steps or washout"):
        rc.memory_capacity(delay_line(2), **too_many)
    with pytest.raises(ValueError, match=r"^lags is 10+; expected at most 2,147,483,647"):
        rc.memory_capacity(delay_line(2), lags=10**300)


RESERVOIRS = {  # published, model, ridge
    "ring": (95.6, {"activation": "linear", "initializer": rc.Ring(0.9), "input_initializer": rc.OneUnit()}, 2e-9),
    "orthogonal": (89.3, {"initializer": rc.Orthogonal(), "input_initializer": rc.Uniform(0.1)}, 2e-11),
    "linear": (
        36.4,
        {"activation": "linear", "initializer": rc.SpectralRadius(0.9), "input_initializer": rc.Uniform()},
        2e-7,
    ),
    "tanh": (31.9, {"initializer": rc.SpectralRadius(0.9), "input_initializer": rc.Uniform(0.1)}, 2e-11),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", RESERVOIRS)
def test_the_published_reservoirs(name):
    """The mean over four networks of each kind."""
    published, parts, ridge = RESERVOIRS[name]
    found = [
        rc.memory_capacity(reservoir(rc.RateRNN(units=100, **parts), seed), ridge=ridge, steps=5_000, seed=seed)
        for seed in range(1 if name == "ring" else 4)
    ]
    assert np.mean([one.capacity for one in found]) == pytest.approx(published, abs=3)
    assert all(one.capacity <= 100 and abs(one.null) < 0.1 for one in found)


def test_the_edge_of_stability_remembers_more():
    """ES2N with a small β holds more than the nonlinear reservoir that it becomes at β = 1."""
    shared = {"units": 20, "input_initializer": rc.Uniform(0.1)}
    edge, plain = (
        rc.memory_capacity(reservoir(rc.ES2N(proximity=proximity, **shared)), steps=3_000) for proximity in (0.05, 1.0)
    )
    assert plain.capacity + 3 < edge.capacity <= 20
