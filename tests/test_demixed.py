"""Rates built of parts that are known: the parts come back, and their variances add up."""

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import recurra as rc
from recurra.analysis.rates.demixed import demixed_components, marginal_projectors
from recurra.storage.records import from_dataset, to_dataset
from recurra.tasks import TASKS

BITS = np.array(list(itertools.product((0, 1), repeat=3)))


def design(*levels):
    return np.array(list(itertools.product(*(range(count) for count in levels))))


def parts(seed, units=12, time=40):
    """Time, three bits and one interaction, each along its own of orthonormal directions."""
    random = np.random.default_rng(seed)
    directions = np.linalg.qr(random.normal(size=(units, 5)))[0].T
    signs = 2.0 * BITS - 1
    clock = np.linspace(0, 1, time)
    shared = np.sin(2 * np.pi * clock)
    courses = [np.broadcast_to(shared - shared.mean(), (8, time))]
    courses += [signs[:, [bit]] * (0.5 + clock) * (bit + 1) for bit in range(3)]
    courses += [signs[:, [0]] * signs[:, [2]] * np.cos(3 * clock)]
    made = np.stack([course[..., None] * one for course, one in zip(courses, directions, strict=True)])
    return made, directions


def test_orthogonal_parts_are_recovered(seed):
    made, directions = parts(seed)
    found = demixed_components(rates=made.sum(axis=0) + 3.0, factors=BITS, components=2, ridge=1e-6)
    np.testing.assert_allclose(np.abs(np.einsum("mu,mu->m", found.encoders[:, 0], directions)), 1, atol=1e-8)
    variance = (made**2).sum(axis=(1, 2, 3))
    np.testing.assert_allclose(found.marginal_variance, variance / variance.sum(), atol=1e-10)
    np.testing.assert_allclose(found.explained_variance[:, 0], variance / variance.sum(), atol=1e-8)
    np.testing.assert_allclose(found.origin_variance[:, 0], np.eye(5), atol=1e-8)
    np.testing.assert_array_equal(found.encoders[:, 1], 0)
    np.testing.assert_array_equal(found.decoders[:, 1], 0)
    np.testing.assert_allclose(found.cumulative_variance[4:], 1, atol=1e-8)
    np.testing.assert_allclose(found.center, 3.0, atol=1e-8)


def test_decoders_read_oblique_parts_apart(seed):
    """Bits along directions at 45 degrees: the decoder of one does not see the other, a projection would."""
    made, directions = parts(seed)
    courses = np.einsum("mctu,mu->mct", made, directions)
    directions[2] = (directions[1] + directions[2]) / np.sqrt(2)
    rates = np.einsum("mct,mu->ctu", courses, directions)
    found = demixed_components(rates=rates, factors=BITS, components=1, ridge=1e-7)
    assert np.abs(found.encoders[1, 0] @ found.encoders[2, 0]) == pytest.approx(np.sqrt(0.5), abs=1e-6)
    np.testing.assert_allclose(found.origin_variance[:, 0], np.eye(5), atol=1e-6)
    read = found.project(rates)[..., 0]
    np.testing.assert_allclose(np.abs(read[..., 1]), np.abs(courses[1]), atol=1e-5)


def test_marginalizations_by_hand():
    """Two by two conditions, one unit, two steps."""
    rates = np.array([[1.0, 2], [3, 4], [5, 8], [7, 18]])[..., None]
    found = demixed_components(rates=rates, factors=design(2, 2), components=1)
    projectors = marginal_projectors(design(2, 2))
    centred = rates[..., 0] - 6
    np.testing.assert_allclose((projectors[0] @ centred)[0], [-2, 2])
    np.testing.assert_allclose((projectors[1] @ centred)[[0, 2]], [[-2, -5], [2, 5]])
    np.testing.assert_allclose((projectors[2] @ centred)[[0, 1]], [[-1, -3], [1, 3]])
    np.testing.assert_allclose(projectors[3] @ centred, np.array([[0, 2], [0, -2], [0, -2], [0, 2]]))
    squares = np.array([4 * 8, 4 * 29, 4 * 10, 4 * 4])
    np.testing.assert_allclose(found.marginal_variance, squares / squares.sum())


@settings(max_examples=25, deadline=None)
@given(levels=st.lists(st.integers(1, 4), min_size=1, max_size=3), units=st.integers(1, 7), data=st.integers(0, 2**31))
def test_shares_of_any_design(levels, units, data):
    random = np.random.default_rng(data)
    factors = design(*levels)
    rates = random.normal(size=(len(factors), 6, units)) @ random.normal(size=(units, units))
    found = demixed_components(rates=rates, factors=factors, components=3, ridge=10 ** random.uniform(-6, 0))
    assert found.marginal_variance.sum() == pytest.approx(1)
    assert found.marginal_variance.min() > -1e-12
    assert (found.cumulative_variance <= found.cumulative_pca + 1e-9).all()
    assert (found.cumulative_pca <= 1 + 1e-9).all()
    assert found.explained_variance.max() <= found.cumulative_pca[0] + 1e-9
    read = found.origin_variance.sum(axis=-1)
    np.testing.assert_allclose(read[np.linalg.norm(found.decoders, axis=-1) > 0], 1)
    for one in found.encoders:
        gram = one @ one.T
        np.testing.assert_allclose(gram, np.diag(np.diag(gram)), atol=1e-9)


@settings(max_examples=10, deadline=None)
@given(data=st.integers(0, 2**31))
def test_what_changes_nothing(data):
    """Turning the space, the scale, the order of the conditions and the names of the levels."""
    random = np.random.default_rng(data)
    rates, order = random.normal(size=(8, 9, 5)), random.permutation(8)
    turn = np.linalg.qr(random.normal(size=(5, 5)))[0]
    first = demixed_components(rates=rates, factors=BITS)
    second = demixed_components(rates=(7 * rates @ turn - 2)[order], factors=5 - 3 * BITS[order])
    for name in ("marginal_variance", "explained_variance", "origin_variance", "cumulative_variance", "cumulative_pca"):
        np.testing.assert_allclose(getattr(first, name), getattr(second, name), atol=1e-8)
    np.testing.assert_allclose(
        np.abs(first.project(rates))[order], np.abs(second.project(7 * rates @ turn - 2))[order] / 7
    )


def test_the_fit_is_the_best_of_its_rank(seed):
    """Any change of encoder and decoder makes the penalized loss larger."""
    random = np.random.default_rng(seed)
    rates = random.normal(size=(4, 11, 5))
    ridge = 0.1
    found = demixed_components(rates=rates, factors=design(2, 2), components=2, ridge=ridge)
    centred = rates - rates.mean(axis=(0, 1))
    wanted = np.tensordot(marginal_projectors(design(2, 2))[1], centred, axes=1)

    def loss(encoder, decoder):
        fitted = centred @ decoder.T @ encoder
        return ((wanted - fitted) ** 2).sum() + ridge**2 * (centred**2).sum() * ((encoder.T @ decoder) ** 2).sum()

    least = loss(found.encoders[1], found.decoders[1])
    for _ in range(50):
        shift = 1e-3 * random.normal(size=(2, 2, 5))
        assert loss(found.encoders[1] + shift[0], found.decoders[1] + shift[1]) > least
    assert loss(0 * found.encoders[1], 0 * found.decoders[1]) > least


def test_conditions_without_factors_are_pca(seed):
    """One factor and rates without a common course: demixed components without a penalty are principal components."""
    rates = np.random.default_rng(seed).normal(size=(4, 30, 5)) * np.arange(1, 6)
    rates -= rates.mean(axis=0)
    found = demixed_components(rates=rates, factors=design(4), components=5, ridge=0.0)
    np.testing.assert_allclose(found.marginal_variance, [0, 1, 0], atol=1e-12)
    np.testing.assert_allclose(found.cumulative_variance, found.cumulative_pca, atol=1e-10)


def test_factors_of_tasks():
    np.testing.assert_array_equal(rc.FlipFlop().factors(), BITS)
    np.testing.assert_array_equal(TASKS["xor"]().factors(), design(2, 2))
    np.testing.assert_array_equal(TASKS["not"]().factors(), design(2))
    for name in ("setreset", "pulse", "romo", "context_decision"):
        task = TASKS[name]()
        factors = task.factors()
        assert len(factors) == len(task.probe()), name
        marginal_projectors(factors)


@pytest.mark.parametrize(
    ("factors", "message"),
    [
        (BITS[:7], r"factors has 7 conditions for 2 x 2 x 2 levels; .*every combination"),
        (np.repeat(design(2), 2, axis=0), "Average repeated"),
        (np.array([[0, 0], [0, 1], [1, 0], [1, 0]]), "every combination"),
        (BITS[:, 0], r"factors has shape \(8,\)"),
        (BITS.astype(float), "float64; expected whole numbers"),
        (np.zeros((1, 0), int), r"shape \(1, 0\)"),
    ],
)
def test_bad_designs(factors, message):
    with pytest.raises(ValueError, match=message):
        demixed_components(rates=np.zeros((len(factors), 5, 2)), factors=factors)


def test_bad_arguments():
    with pytest.raises(ValueError, match=r"rates has shape \(7, 5, 2\); expected \(condition: 8, time, unit\)"):
        demixed_components(rates=np.zeros((7, 5, 2)), factors=BITS)
    with pytest.raises(ValueError, match="components is 0"):
        demixed_components(rates=np.zeros((8, 5, 2)), factors=BITS, components=0)
    with pytest.raises(ValueError, match="ridge is -1"):
        demixed_components(rates=np.zeros((8, 5, 2)), factors=BITS, ridge=-1.0)


@pytest.mark.parametrize("ridge", [0.0, 1e-3])
@pytest.mark.parametrize("constant", [0.0, 0.1, 1e300])
def test_rates_that_do_not_change(ridge, constant):
    found = demixed_components(rates=np.full((8, 30, 3), constant), factors=BITS, ridge=ridge)
    np.testing.assert_allclose(found.center, constant)
    for name in (
        "encoders",
        "decoders",
        "marginal_variance",
        "explained_variance",
        "origin_variance",
        "cumulative_pca",
    ):
        np.testing.assert_array_equal(getattr(found, name), 0)


def test_rates_that_are_lost_or_enormous(seed):
    rates = np.random.default_rng(seed).normal(size=(8, 10, 4))
    usual, large = (
        demixed_components(rates=rates, factors=BITS),
        demixed_components(rates=1e307 * rates / 10, factors=BITS),
    )
    np.testing.assert_allclose(large.explained_variance, usual.explained_variance, atol=1e-10)
    rates[0, 0, 0] = np.inf
    lost = demixed_components(rates=rates, factors=BITS)
    stored = from_dataset(type(lost), to_dataset([usual, lost], [0, 1]))
    for part in dataclasses.fields(lost):
        assert np.isnan(getattr(lost, part.name)).all()
        np.testing.assert_array_equal(getattr(stored[0], part.name), getattr(usual, part.name))


def test_equal_states_and_one_unit():
    """All conditions alike: everything is time. One unit: one component a marginalization."""
    course = np.sin(np.arange(20.0))[None, :, None] * np.ones((8, 1, 1))
    found = demixed_components(rates=course, factors=BITS)
    np.testing.assert_allclose(found.marginal_variance, [1, 0, 0, 0, 0], atol=1e-12)
    assert found.encoders.shape == (5, 1, 1)
    assert found.explained_variance[0, 0] == pytest.approx(1, abs=1e-9)
    assert demixed_components(rates=course[:1], factors=np.zeros((1, 1), int)).marginal_variance[0] == pytest.approx(1)


@pytest.mark.slow
def test_published_network(reference):
    """The bits of the author's network: each has its own directions, and together nearly all of the variance."""
    from recurra.runs.imports import read_network_for

    task = rc.FlipFlop()
    network = read_network_for(reference / "flipflop3_n400_epoch20.hdf5", task)
    rates, _ = network.run(task.probe().inputs)
    found = demixed_components(rates=rates, factors=task.factors())
    assert found.marginal_variance[1:4].min() > 0.25
    assert found.marginal_variance[1:4].sum() > 0.99
    assert min(found.origin_variance[bit, 0, bit] for bit in (1, 2, 3)) > 0.99
    assert found.cumulative_variance[2] == pytest.approx(found.cumulative_pca[2], abs=0.005)
