"""Known answers: matrices with eigenvalues by hand, rates in a known plane, a hand-made cube, the author's network."""

import dataclasses
import itertools

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import recurra as rc
from recurra.analysis import (
    girko_distance,
    held_memories,
    memory_geometry,
    non_normality,
    performance,
    principal_components,
    share_on_circle,
    singular_vectors,
    spectrum,
    weight_statistics,
)
from recurra.analysis.memory.geometry import axis_cosines, hypercube_score
from recurra.arrays import RateWeights
from recurra.engine import RateDynamics
from recurra.models import Network


def latch(bits=3, gain=3.0):
    """A flip-flop by hand: a bistable unit a bit, pushed over by its input; it answers at once."""
    eye = np.eye(bits)
    state = np.tanh(gain)
    for _ in range(100):
        state = np.tanh(gain * state)
    weights = RateWeights(gain * eye, 10 * eye, eye / state, np.zeros(bits), np.zeros(bits))
    return Network(RateDynamics("rate", "tanh", 1.0), weights, 1.0)


def rotation(modulus, angle):
    return modulus * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def test_spectrum_of_a_rotation():
    """Of modes with moduli 1.1, a pair, and 0.8."""
    matrix = np.zeros((3, 3))
    matrix[:2, :2], matrix[2, 2] = rotation(1.1, 2 * np.pi / 20), 0.8
    found = spectrum(recurrent=matrix)
    assert found.leading == pytest.approx(1.1 * np.exp(2j * np.pi / 20))
    assert found.count_outside == 2
    assert len(found.outliers) == 2
    assert found.largest_real_part == pytest.approx(1.1 * np.cos(2 * np.pi / 20))


def test_how_eigenvalues_lie_to_circle_and_disc(seed):
    """An orthogonal matrix lies on the circle, a normal one fills the disc."""
    random = np.random.default_rng(seed)
    orthogonal, normal = np.linalg.qr(random.normal(size=(200, 200)))[0], random.normal(size=(200, 200)) / np.sqrt(200)
    on_circle, in_disc = spectrum(recurrent=orthogonal).eigenvalues, spectrum(recurrent=normal).eigenvalues
    assert share_on_circle(eigenvalues=on_circle) == 1
    assert share_on_circle(eigenvalues=in_disc) < 0.12
    assert girko_distance(eigenvalues=in_disc) < 0.08
    assert girko_distance(eigenvalues=2 * in_disc, radius=2) == pytest.approx(girko_distance(eigenvalues=in_disc))
    assert girko_distance(eigenvalues=on_circle) > 0.99
    assert girko_distance(eigenvalues=np.zeros(5)) == 1
    np.testing.assert_allclose(share_on_circle(eigenvalues=np.array([1.02, 0.98, 1.021, 0.979])), 0.5)
    with pytest.raises(ValueError, match="radius is 0; expected a number above 0"):
        girko_distance(eigenvalues=on_circle, radius=0)
    with pytest.raises(ValueError, match="within is -1; expected 0"):
        share_on_circle(eigenvalues=on_circle, within=-1)


def test_weights_by_hand(seed):
    found = weight_statistics(recurrent=np.array([[1.0, -1.0], [0.05, 0.15]]))
    assert (found.mean, found.largest, found.near_zero, found.positive) == (0.05, 1.0, 0.25, 0.75)
    assert found.deviation == pytest.approx(np.std([1, -1, 0.05, 0.15]))
    normal = weight_statistics(recurrent=np.random.default_rng(seed).normal(size=(300, 300)))
    assert normal.near_zero == pytest.approx(normal.near_zero_normal, abs=0.01)
    assert normal.excess_kurtosis == pytest.approx(0, abs=0.15)
    assert np.isnan(weight_statistics(recurrent=np.ones((2, 2))).excess_kurtosis)
    with pytest.raises(ValueError, match="near is 2; expected a number from 0 to 1"):
        weight_statistics(recurrent=np.ones((2, 2)), near=2)


@settings(max_examples=20, deadline=None)
@given(units=st.integers(1, 12), data=st.integers(0, 2**31))
def test_order_of_units_changes_no_spectrum(units, data):
    random = np.random.default_rng(data)
    matrix, order = random.normal(size=(units, units)), random.permutation(units)
    shuffled = matrix[order][:, order]
    first, second = (np.abs(spectrum(recurrent=one).eigenvalues) for one in (matrix, shuffled))
    np.testing.assert_allclose(first, second, atol=1e-6)
    assert non_normality(recurrent=shuffled).henrici == pytest.approx(non_normality(recurrent=matrix).henrici, abs=1e-6)


def test_non_normality_by_hand():
    found = non_normality(recurrent=np.array([[0.5, 3.0], [0.0, 0.5]]))
    assert found.henrici == pytest.approx(3 / np.sqrt(9.5))
    assert found.norm == pytest.approx((3 + np.sqrt(10)) / 2)
    normal = non_normality(recurrent=rotation(0.9, 1.0))
    assert normal.henrici == pytest.approx(0, abs=1e-7)
    assert normal.norm == pytest.approx(0.9)
    assert non_normality(recurrent=np.zeros((2, 2))).henrici == 0


def test_reduction_of_a_plane(seed):
    random = np.random.default_rng(seed)
    plane = np.linalg.qr(random.normal(size=(20, 2)))[0].T
    scores = random.normal(size=(3, 200, 2)) * [3.0, 1.0]
    found = principal_components(rates=scores @ plane + 5.0, components=4)
    scores = (scores - scores.mean(axis=(0, 1))).reshape(-1, 2)
    variances = np.sort(np.linalg.eigvalsh(scores.T @ scores))[::-1]
    np.testing.assert_allclose(found.explained_variance[:2], variances / variances.sum(), atol=1e-10)
    np.testing.assert_allclose(found.explained_variance[2:], 0, atol=1e-10)
    assert found.participation_ratio == pytest.approx(variances.sum() ** 2 / (variances**2).sum())
    np.testing.assert_allclose(found.project(found.center), 0, atol=1e-12)


def test_a_single_sample_has_no_directions():
    """It varies in none, and lies at the center; rates that have overflowed are refused by name."""
    rates = np.array([[[1.0, 2.0]]])
    found = principal_components(rates=rates)
    assert (len(found.components), found.participation_ratio) == (0, 0)
    np.testing.assert_array_equal(found.center, rates[0, 0])
    assert found.project(rates).shape == (1, 1, 0)
    for reduce in (principal_components, singular_vectors):
        with pytest.raises(ValueError, match="the activity holds 1 values that are NaN or infinite, of 2"):
            reduce(rates=np.array([[[np.inf], [0.0]]]))


def test_turning_the_space_changes_no_variance(seed):
    random = np.random.default_rng(seed)
    rates = random.normal(size=(2, 50, 8)) * np.arange(1, 9)
    turn = np.linalg.qr(random.normal(size=(8, 8)))[0]
    for reduce in (principal_components, singular_vectors):
        np.testing.assert_allclose(
            reduce(rates=rates, components=5).explained_variance,
            reduce(rates=rates @ turn, components=5).explained_variance,
            atol=1e-8,
        )


def test_svd_of_odd_rates_is_pca(seed):
    rates = np.random.default_rng(seed).normal(size=(1, 60, 6)) * np.arange(1, 7)
    rates = np.concatenate([rates, -rates])
    first, second = principal_components(rates=rates, components=3), singular_vectors(rates=rates, components=3)
    np.testing.assert_allclose(first.explained_variance, second.explained_variance, atol=1e-8)
    np.testing.assert_allclose(np.abs(first.components @ second.components.T), np.eye(3), atol=1e-6)


SIGNS = np.array(list(itertools.product((-1, 1), repeat=3)), float)


def test_a_cube_has_score_one_and_a_skew_one_its_cosine():
    axes = np.array([[2.0, 0, 0, 0], [0, 1, 0, 0], [0, 0.6, 0.8, 0]])
    assert hypercube_score(SIGNS @ axes + 7.0, SIGNS) == pytest.approx(1.0)
    np.testing.assert_allclose(axis_cosines(axes), [0, 0, 0.6], atol=1e-12)
    assert hypercube_score(np.ones((8, 4)), SIGNS) == 0


def test_score_of_a_product_of_bits_is_zero():
    """Exclusive or: nothing of it is linear in the bits."""
    means = (SIGNS[:, 0] * SIGNS[:, 1] * SIGNS[:, 2])[:, None]
    assert hypercube_score(means, SIGNS) == pytest.approx(0.0)


@settings(max_examples=20, deadline=None)
@given(data=st.integers(0, 2**31))
def test_score_is_invariant(data):
    random = np.random.default_rng(data)
    means = random.normal(size=(8, 5))
    turn = np.linalg.qr(random.normal(size=(5, 5)))[0]
    score = hypercube_score(means, SIGNS)
    assert 0 <= score <= 1
    assert hypercube_score(3 * means @ turn + 1, SIGNS) == pytest.approx(score)
    assert hypercube_score(means, SIGNS * [1, -1, 1]) == pytest.approx(score)


def test_latch_is_a_perfect_cube():
    task = rc.FlipFlop(response_delay_ms=0.0)
    network = latch()
    geometry = memory_geometry(network, task)
    assert geometry.hypercube_r2 == pytest.approx(1.0)
    np.testing.assert_allclose(geometry.axis_cosines, 0, atol=1e-9)
    assert geometry.edge_lengths == pytest.approx([1.99, 1.99, 1.99], abs=0.01)
    np.testing.assert_allclose(geometry.bit_coordinates(geometry.state_means), task.states, atol=1e-9)
    assert held_memories(network, task).held_long.all()


def test_a_leaky_network_forgets():
    memories = held_memories(latch(gain=0.5), rc.FlipFlop(response_delay_ms=0.0))
    assert memories.long_ms == 2_100
    forgetful = latch()
    biased = dataclasses.replace(forgetful.weights, recurrent_bias=np.array([-2.5, 0, 0]))
    held = held_memories(dataclasses.replace(forgetful, weights=biased), rc.FlipFlop()).held
    np.testing.assert_array_equal(held, [True] * 4 + [False] * 4)


def test_performance_by_hand(seed):
    once = rc.ScheduledPulses(later_onsets_ms=(), absent=0.0)
    task = rc.FlipFlop(response_delay_ms=0.0, input_noise=0.0, pulses=once)
    trials = task.sample(jax.random.key(seed), 30)
    network = latch()
    found = performance(network, task, trials=trials)
    outputs = network.respond(trials.inputs)
    error = outputs - np.asarray(trials.targets, float)
    assert found.mse == pytest.approx((error**2).mean())
    assert found.distance == pytest.approx(np.mean([np.linalg.norm(e[:, k]) for e in error for k in range(3)]))
    early = 20 / (350 - 10)  # it answers when the pulse begins, 20 ms too soon; 10 ms after a jump are not judged
    assert found.bit_accuracy == pytest.approx(1 - early)
    assert (found.success, found.trials) == (0.0, 30)
    wrong = dataclasses.replace(network, weights=dataclasses.replace(network.weights, output=-network.weights.output))
    steps = 3 * 30 * (350 - 10)
    answers = (np.asarray(trials.targets) != 0).sum() - 3 * 30 * 10
    assert performance(wrong, task, trials=trials).bit_accuracy == pytest.approx(1 - early - answers / steps)
    assert performance(wrong, task, trials=trials).success == 0.0


def test_published_network(reference):
    """The author's 3-bit network after epoch 20, and before training: the numbers that METHODS asks for."""
    from recurra.storage.keras_files import read_keras

    task = rc.FlipFlop()
    network = read_keras(reference / "flipflop3_n400_epoch20.hdf5", 1.0)
    found = spectrum(recurrent=network.weights.recurrent)
    assert network.weights.units == 400
    assert found.count_outside == 39
    assert found.largest_real_part == pytest.approx(1.029, abs=5e-4)
    assert non_normality(recurrent=network.weights.recurrent).henrici == pytest.approx(0.059, abs=5e-4)
    geometry = memory_geometry(network, task)
    assert geometry.hypercube_r2 == pytest.approx(0.999, abs=5e-4)
    assert np.abs(geometry.axis_cosines).max() < 0.06
    assert held_memories(network, task).held.all()
    initial = read_keras(reference / "flipflop3_n400_initial.hdf5", 1.0)
    assert spectrum(recurrent=initial.weights.recurrent).count_outside == 0
    assert non_normality(recurrent=initial.weights.recurrent).henrici == pytest.approx(0, abs=5e-4)
