"""Tensors that are made of known components, and how well fits of others agree."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import recurra as rc
from recurra.analysis.rates.tensors import tensor_components
from recurra.storage.records import from_dataset, to_dataset


def made_of(components, seed, shape=(6, 30, 20)):
    random = np.random.default_rng(seed)
    factors = [random.normal(size=(components, size)) for size in shape]
    factors = [one / np.linalg.norm(one, axis=1, keepdims=True) for one in factors]
    weights = 10.0 * np.arange(components, 0, -1)
    return np.einsum("r,rk,rt,rn->ktn", weights, *factors), weights, factors


def test_exact_tensor_is_recovered_up_to_order_and_sign(seed):
    rates, weights, factors = made_of(2, seed)
    found = tensor_components(dt_ms=1.0, rates=rates, components=2, seed=seed, iterations=3_000, tolerance=1e-10)
    assert found.error < 1e-6
    np.testing.assert_allclose(found.weights, weights, rtol=1e-4)
    for one, true in zip((found.trial_factors, found.time_factors, found.unit_factors), factors, strict=True):
        np.testing.assert_allclose(np.abs((one * true).sum(axis=1)), 1, atol=1e-5)
    np.testing.assert_allclose(found.rates(), rates, atol=1e-4 * np.abs(rates).max())
    assert found.similarities[:2].min() > 0.999


def test_one_component_is_the_best_of_rank_one(seed):
    """Trials that are multiples of one matrix: its singular vectors."""
    random = np.random.default_rng(seed)
    matrix, strength = random.normal(size=(9, 7)), np.array([1.0, -2.0, 0.5])
    left, values, right = np.linalg.svd(matrix)
    found = tensor_components(
        dt_ms=1.0, rates=strength[:, None, None] * matrix, components=1, seed=seed, iterations=5_000, tolerance=1e-12
    )
    assert found.error == pytest.approx(np.sqrt(1 - values[0] ** 2 / (values**2).sum()), abs=1e-6)
    np.testing.assert_allclose(np.abs(found.time_factors[0]), np.abs(left[:, 0]), atol=1e-3)
    np.testing.assert_allclose(np.abs(found.unit_factors[0]), np.abs(right[0]), atol=1e-3)
    assert found.weights[0] == pytest.approx(values[0] * np.linalg.norm(strength), rel=1e-5)
    np.testing.assert_allclose(np.abs(found.trial_factors[0]), np.abs(strength) / np.linalg.norm(strength), atol=1e-6)


@settings(max_examples=15, deadline=None)
@given(
    shape=st.tuples(st.integers(1, 4), st.integers(1, 6), st.integers(1, 5)),
    components=st.integers(1, 4),
    data=st.integers(0, 2**31),
)
def test_form_of_any_fit(shape, components, data):
    rates = np.random.default_rng(data).normal(size=shape)
    found = tensor_components(dt_ms=1.0, rates=rates, components=components, seed=data, starts=3, iterations=60)
    assert (np.diff(found.weights) <= 0).all()
    assert found.weights.min() >= 0
    assert (np.diff(found.errors) >= 0).all()
    assert found.error == found.errors[0]
    assert found.errors[-1] <= 1 + 1e-9
    residual = np.linalg.norm(rates - found.rates()) / np.linalg.norm(rates)
    assert residual == pytest.approx(found.error, abs=1e-6)
    assert found.similarities[0] == pytest.approx(1)
    assert (found.similarities <= 1 + 1e-9).all()
    for factors in (found.trial_factors, found.time_factors, found.unit_factors):
        np.testing.assert_allclose(np.linalg.norm(factors, axis=1)[found.weights > 0], 1)
    for factors in (found.time_factors, found.unit_factors):
        largest = np.take_along_axis(factors, np.abs(factors).argmax(axis=1, keepdims=True), axis=1)
        assert (largest >= 0).all()


def test_each_round_lowers_the_error(seed):
    rates = np.random.default_rng(seed).normal(size=(4, 12, 9))
    errors = [
        tensor_components(
            dt_ms=1.0, rates=rates, components=3, seed=1, starts=1, iterations=rounds, tolerance=1e-15
        ).error
        for rounds in range(1, 25)
    ]
    assert (np.diff(errors) <= 1e-12).all()
    assert errors[-1] < errors[0]


def test_more_starts_are_never_worse_and_keep_the_first(seed):
    rates = np.random.default_rng(seed).normal(size=(4, 12, 9))
    few, many = (
        tensor_components(dt_ms=1.0, rates=rates, components=3, seed=seed, starts=starts, iterations=100)
        for starts in (2, 6)
    )
    assert many.error <= few.error
    assert set(few.errors) <= set(many.errors)
    np.testing.assert_array_equal(
        many.errors, tensor_components(dt_ms=1.0, rates=rates, components=3, seed=seed, starts=6, iterations=100).errors
    )


def test_turning_the_units_turns_the_components(seed):
    rates, _, _ = made_of(2, seed)
    turn = np.linalg.qr(np.random.default_rng(seed).normal(size=(20, 20)))[0]
    first, second = (
        tensor_components(dt_ms=1.0, rates=one, components=2, seed=0, iterations=3_000, tolerance=1e-10)
        for one in (rates, rates @ turn)
    )
    np.testing.assert_allclose(first.weights, second.weights, rtol=1e-4)
    np.testing.assert_allclose(np.abs(np.diag(first.unit_factors @ turn @ second.unit_factors.T)), 1, atol=1e-5)


def test_similarity_tells_one_answer_from_many(seed):
    """Trials that are multiples of one matrix of rank 3: any rotation of its parts fits, and the fits disagree."""
    random = np.random.default_rng(seed)
    one_answer = tensor_components(
        dt_ms=1.0, rates=made_of(3, seed)[0], components=3, seed=seed, iterations=3_000, tolerance=1e-9
    )
    matrix = np.linalg.qr(random.normal(size=(15, 3)))[0] @ np.linalg.qr(random.normal(size=(12, 3)))[0].T
    many = tensor_components(dt_ms=1.0, rates=np.array([1.0, 2.0])[:, None, None] * matrix, components=3, seed=seed)
    assert many.errors.max() < 1e-3
    assert many.similarities[1:].max() < 0.95
    assert one_answer.similarities[1] > 0.99


@pytest.mark.parametrize("constant", [0.0, np.nan, np.inf])
def test_silent_and_lost_rates(constant):
    found = tensor_components(dt_ms=1.0, rates=np.full((3, 4, 2), constant), components=2, seed=0, starts=3)
    expected = 0.0 if constant == 0 else np.nan
    assert found.dt_ms == 1
    for part in dataclasses.fields(found)[:-1]:
        wanted = 1.0 if part.name == "similarities" and constant == 0 else expected
        np.testing.assert_array_equal(getattr(found, part.name), wanted)
    np.testing.assert_array_equal(found.rates(), np.full((3, 4, 2), expected))


def test_enormous_constant_and_single_rates(seed):
    rates, _, _ = made_of(2, seed, (3, 5, 4))
    usual, large = (
        tensor_components(dt_ms=1.0, rates=rates, components=2, seed=0),
        tensor_components(dt_ms=1.0, rates=rates * 1e305, components=2, seed=0),
    )
    np.testing.assert_allclose(large.weights / 1e305, usual.weights, rtol=1e-6)
    tensor_components(dt_ms=1.0, rates=np.full((2, 3, 4), 1.7e308), components=1, seed=0)
    flat = tensor_components(dt_ms=1.0, rates=np.full((2, 3, 4), 0.5), components=3, seed=0)
    assert flat.error < 1e-6
    single = tensor_components(dt_ms=1.0, rates=np.array([[[-2.0]]]), components=1, seed=0)
    assert (single.weights[0], single.trial_factors[0, 0], single.unit_factors[0, 0]) == pytest.approx((2, -1, 1))


def test_records_of_different_lengths_are_stored(seed):
    found = [
        tensor_components(dt_ms=1.0, rates=made_of(2, seed, (3, 5, units))[0], components=2, seed=0, starts=2)
        for units in (4, 6)
    ]
    for record, again in zip(found, from_dataset(type(found[0]), to_dataset(found, [0, 1])), strict=True):
        np.testing.assert_array_equal(again.unit_factors, record.unit_factors)
        assert again.error == record.error


@pytest.mark.parametrize("name", ["components", "starts", "iterations"])
def test_bad_counts(name):
    with pytest.raises(ValueError, match=f"{name} is 0"):
        tensor_components(dt_ms=1.0, rates=np.ones((2, 2, 2)), **{name: 0})  # pyright: ignore[reportCallIssue]


def test_bad_arguments():
    with pytest.raises(ValueError, match=r"rates has shape \(2, 2\)"):
        tensor_components(dt_ms=1.0, rates=np.ones((2, 2)), components=1, seed=0)
    with pytest.raises(ValueError, match=r"rates has shape \(2, 0, 2\)"):
        tensor_components(dt_ms=1.0, rates=np.ones((2, 0, 2)), components=1, seed=0)
    with pytest.raises(ValueError, match="tolerance is 0"):
        tensor_components(dt_ms=1.0, rates=np.ones((2, 2, 2)), components=1, seed=0, tolerance=0.0)


@pytest.mark.thorough
def test_the_time_step_is_given_or_that_of_the_network(seed):
    with pytest.raises(ValueError, match="dt_ms is not given, nor a network"):
        tensor_components(rates=np.ones((2, 2, 2)))
    with pytest.raises(ValueError, match="dt_ms is 0"):
        tensor_components(rates=np.ones((2, 2, 2)), dt_ms=0.0)
    task = rc.Xor()
    network = rc.train(task, rc.RateRNN(units=6), rc.BPTT(steps=1, batch=2), networks=1, seed=seed, progress=False)[0]
    found = tensor_components(network, starts=1, iterations=2)
    assert found.dt_ms == network.dt_ms
    np.testing.assert_allclose(found.time_ms, task.probe().time_ms)


def test_published_network(reference):
    """Three components of exclusive or: the fits agree, and leave out two fifths of the norm."""
    from recurra.runs.imports import read_network_for
    from recurra.tasks import Xor

    network = read_network_for(reference / "xor_n50_orthogonal_00_epoch19.hdf5", Xor())
    rates, _ = network.run(Xor().probe().inputs)
    found = tensor_components(dt_ms=1.0, rates=rates, components=3, seed=0)
    assert found.error == pytest.approx(0.412, abs=0.002)
    assert found.similarities[1] > 0.9
