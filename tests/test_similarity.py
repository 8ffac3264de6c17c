"""Known answers and the laws of a distance, for every measure of how alike two networks are."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recurra.analysis import fixed_points, similarity_matrices
from recurra.analysis.cohorts.eigenvalue_distances import (
    dynamic_modes,
    dynamical_distance,
    nearest_linearizations,
    spectral_distance,
)
from recurra.analysis.cohorts.similarity import (
    MEASURES,
    linear_cka,
    procrustes_distance,
    signature_of,
)
from recurra.runs.imports import read_network_for
from recurra.tasks import TASKS
from tests.networks import network_of

seeds = st.integers(0, 2**31)


def turn(random, size):
    return np.linalg.qr(random.normal(size=(size, size)))[0]


def rates_of(random, units=6, conditions=3, steps=40):
    return random.normal(size=(conditions, steps, units)) * np.arange(1, units + 1)


def waves(matrix, random, conditions=4, steps=120, units=9):
    """Rates of a linear system, seen through more units than it has dimensions."""
    states = [random.normal(size=(conditions, len(matrix)))]
    for _ in range(steps - 1):
        states.append(states[-1] @ matrix.T)
    return np.stack(states, axis=1) @ random.normal(size=(len(matrix), units))


def rotation(modulus, angle):
    return modulus * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def test_shapes_by_hand():
    """Two orthogonal waves, a unit each: one unit of both, one of a wave and one of the other."""
    phase = 2 * np.pi * np.arange(100)[None, :, None] / 100
    sine, cosine = np.sin(phase), np.cos(phase)
    both = np.concatenate([sine, cosine], axis=2)
    assert procrustes_distance(sine, cosine) == pytest.approx(np.pi / 2)
    assert linear_cka(sine, cosine) == pytest.approx(0, abs=1e-12)
    assert procrustes_distance(sine, both) == pytest.approx(np.pi / 4), "X'Y = (1, 0) / sqrt 2"
    assert linear_cka(sine, both) == pytest.approx(1 / np.sqrt(2)), "1/2 over the norm of diag(1, 1) / 2"
    stretched = np.concatenate([3 * sine, cosine], axis=2)
    assert procrustes_distance(both, stretched) == pytest.approx(np.arccos(4 / np.sqrt(20)))
    assert linear_cka(both, stretched) == pytest.approx(10 / np.sqrt(2 * 82))


@settings(max_examples=15, deadline=None)
@given(data=seeds)
def test_shapes_know_nothing_of_rotations_offsets_and_factors(data):
    random = np.random.default_rng(data)
    rates, other = rates_of(random), rates_of(random, units=4)
    moved = 2.5 * rates @ turn(random, 6) + random.normal(size=6)
    assert procrustes_distance(rates, moved) == pytest.approx(0, abs=1e-6)
    assert linear_cka(rates, moved) == pytest.approx(1)
    assert procrustes_distance(moved, other) == pytest.approx(procrustes_distance(rates, other), abs=1e-7)
    assert linear_cka(moved, other) == pytest.approx(linear_cka(rates, other))
    silent = np.concatenate([other, np.zeros((3, 40, 2))], axis=2)
    assert procrustes_distance(rates, silent) == pytest.approx(procrustes_distance(rates, other)), "silent units"
    assert procrustes_distance(rates, rates * np.array([9, 1, 1, 1, 1, 1])) > 0.1
    assert procrustes_distance(other, rates) == pytest.approx(procrustes_distance(rates, other))


def test_the_best_rotation_is_found(seed):
    """No rotation of two units comes nearer than the distance says, and one comes as near."""
    random = np.random.default_rng(seed)
    one, other = (rates_of(random, units=2).reshape(-1, 2) for _ in range(2))
    one, other = (part - part.mean(axis=0) for part in (one, other))
    one, other = (part / np.linalg.norm(part) for part in (one, other))
    angles = np.linspace(0, 2 * np.pi, 3_001)
    turned = [other @ (rotation(1, angle) * [1, sign]) for angle in angles for sign in (1, -1)]
    smallest = min(np.arccos((one * part).sum()) for part in turned)
    assert procrustes_distance(one, other) == pytest.approx(smallest, abs=1e-5)


@pytest.mark.parametrize("level", [0.0, 0.3, 1e-300])
def test_rates_that_do_not_vary(level, seed):
    """A silent network, and one at rest: alike to each other, unlike all others."""
    still, rates = np.full((3, 40, 5), level), rates_of(np.random.default_rng(seed))
    assert procrustes_distance(still, still[..., :2]) == 0
    assert linear_cka(still, still) == 1
    assert procrustes_distance(still, rates) == pytest.approx(np.pi / 2)
    assert linear_cka(rates, still) == 0
    np.testing.assert_allclose(dynamic_modes(still), [float(level > 0)] + 9 * [0], atol=1e-12)
    found = similarity_matrices(
        signatures=[signature_of(rates=one, recurrent=np.zeros((5, 5))) for one in (still, rates, 0 * still)]
    )
    np.testing.assert_allclose(found.procrustes, np.pi / 2 * np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]]))
    np.testing.assert_array_equal(found.cka, [[1, 0, 1], [0, 1, 0], [1, 0, 1]])
    np.testing.assert_array_equal(found.spectral, 0)
    assert np.isfinite(found.dynamical).all()


def test_spectral_distance_by_hand():
    assert spectral_distance(np.array([1, 1j, -1]), np.array([-1, 1, 1j])) == 0
    assert spectral_distance(np.array([0, 1]), np.array([0, 1j])) == pytest.approx(1)
    assert spectral_distance(np.array([0.0]), np.array([3 + 4j])) == pytest.approx(5)
    assert spectral_distance(np.array([0, 2]), np.array([1])) == pytest.approx(1), "both halves move by 1"
    assert spectral_distance(np.array([0, 0, 3]), np.array([0, 3])) == pytest.approx(np.sqrt(9 / 6)), "1/6 moves by 3"
    assert spectral_distance(np.array([1e200, 0]), np.array([0, 0])) == pytest.approx(1e200 / np.sqrt(2))
    assert np.isnan(spectral_distance(np.array([np.nan]), np.array([1.0])))


@settings(max_examples=20, deadline=None)
@given(data=seeds)
def test_spectral_distance_is_the_best_of_all_pairings(data):
    random = np.random.default_rng(data)
    one, other = random.normal(size=(2, 5)) + 1j * random.normal(size=(2, 5))
    pairings = (np.abs(one - other[list(order)]) ** 2 for order in itertools.permutations(range(5)))
    assert spectral_distance(one, other) == pytest.approx(np.sqrt(min(cost.mean() for cost in pairings)))


def test_normal_matrices_are_as_far_apart_as_their_eigenvalues(seed):
    """Hoffman and Wielandt: no change of basis brings two normal matrices closer, and one brings them as close."""
    random = np.random.default_rng(seed)
    one, other = np.diag(random.normal(size=6)), np.diag(random.normal(size=6))
    found = np.sqrt(6) * spectral_distance(np.diag(one), np.diag(other))
    bases = [turn(random, 6) for _ in range(200)]
    assert all(np.linalg.norm(one - basis @ other @ basis.T) >= found for basis in bases)
    assert np.linalg.norm(np.sort(np.diag(one)) - np.sort(np.diag(other))) == pytest.approx(found)


def test_different_numbers_of_eigenvalues(seed, monkeypatch):
    """Both ways of transport agree; repeating a set changes nothing; the triangle holds over sizes."""
    random = np.random.default_rng(seed)
    sets = [random.normal(size=size) + 1j * random.normal(size=size) for size in (4, 6, 9)]
    pairs = list(itertools.combinations(range(3), 2))
    repeated = [spectral_distance(sets[one], sets[other]) for one, other in pairs]
    assert spectral_distance(np.tile(sets[0], 3), sets[1]) == pytest.approx(repeated[0])
    assert spectral_distance(sets[0], np.repeat(sets[0], 3)) == 0
    assert repeated[1] <= repeated[0] + repeated[2]
    monkeypatch.setattr("recurra.analysis.cohorts.eigenvalue_distances.REPEATED", 1)
    planned = [spectral_distance(sets[one], sets[other]) for one, other in pairs]
    assert planned == pytest.approx(repeated)


def test_dynamic_modes_of_a_linear_system(seed):
    """Its eigenvalues, found through delays and nine units; a rotation and a factor change nothing."""
    random = np.random.default_rng(seed)
    matrix = np.zeros((3, 3))
    matrix[:2, :2], matrix[2, 2] = rotation(0.995, 0.2), 0.97
    matrix = (basis := random.normal(size=(3, 3)) + 3 * np.eye(3)) @ matrix @ np.linalg.inv(basis)
    rates = waves(matrix, random)
    known = [*0.995 * np.exp([0.2j, -0.2j]), 0.97]
    found = dynamic_modes(rates)
    np.testing.assert_allclose(found[:3], known, atol=1e-4)
    np.testing.assert_allclose(found[3:], 0, atol=1e-4)
    np.testing.assert_allclose(dynamic_modes(7 * rates @ turn(random, 9)), found, atol=1e-4)
    np.testing.assert_allclose(dynamic_modes(rates, delays=1, rank=3), known, atol=1e-4)


def test_dynamical_distance_sees_frequency_and_not_geometry(seed):
    random = np.random.default_rng(seed)
    slow, slow_too, fast = (waves(rotation(1, angle), random) for angle in (0.1, 0.1, 0.5))
    assert dynamical_distance(slow, slow_too) == pytest.approx(0, abs=1e-4)
    assert procrustes_distance(slow, slow_too) > 0.05
    gap = abs(np.exp(0.1j) - np.exp(0.5j))
    assert dynamical_distance(slow, fast) == pytest.approx(np.sqrt(2 * gap**2 / 10), abs=1e-4), "two of ten differ"
    assert dynamical_distance(slow, fast, rank=2) == pytest.approx(gap, abs=1e-4)


def networks(random, sizes):
    for units in sizes:
        yield random.normal(size=(3, 40, units)), random.normal(size=(units, units)) / np.sqrt(units)


OF_RATES = ("cka", "procrustes", "dynamical")


def signature(rates, recurrent):
    """With the weights as the linearization of all conditions, the second of them stronger."""
    return signature_of(
        rates=rates,
        recurrent=recurrent,
        linearized=np.array([1, 2, 1])[:, None] * np.linalg.eigvals(recurrent).astype(complex),
    )


@pytest.mark.parametrize("measure", MEASURES)
def test_laws_of_a_distance(measure, seed):
    random = np.random.default_rng(seed)
    made = list(networks(random, (5, 5, 5, 6, 6, 1, 8)))
    made += [(np.zeros((3, 40, 5)), np.zeros((5, 5))), made[0]]
    found = similarity_matrices(signatures=[signature(*one) for one in made]).distances(measure)
    assert (np.diagonal(found) == 0).all()
    np.testing.assert_array_equal(found, found.T)
    assert found[0, 8] == pytest.approx(0, abs=1e-6)
    assert (found[np.triu_indices(8, 1)] > 1e-3).all()
    assert (found[:, None] <= found[:, :, None] + found[None] + 1e-6).all()
    assert measure not in ("cka", "procrustes") or found.max() <= np.pi / 2 + 1e-12


def signed(rates, recurrent):
    return signature_of(rates=rates, recurrent=recurrent)


def test_matrices_agree_with_pairs(seed):
    """Also through a subsampled probe: every second of 600 x 3 steps."""
    random = np.random.default_rng(seed)
    rates = [waves(rotation(0.999, angle), random, conditions=3, steps=600, units=6) for angle in (0.1, 0.3)]
    recurrent = [random.normal(size=(6, 6)) for _ in rates]
    found = similarity_matrices(signatures=[signed(*one) for one in zip(rates, recurrent, strict=True)])
    parts = [one[:, ::2] for one in rates]
    assert found.procrustes[0, 1] == pytest.approx(procrustes_distance(*parts), abs=2e-4)
    assert found.cka[1, 0] == pytest.approx(linear_cka(*parts), abs=1e-6)
    assert found.spectral[0, 1] == pytest.approx(spectral_distance(*map(np.linalg.eigvals, recurrent)))
    assert found.dynamical[1, 0] == pytest.approx(dynamical_distance(rates[0], rates[1]))


def test_order_of_units_changes_nothing(seed):
    random = np.random.default_rng(seed)
    (rates, recurrent), other = networks(random, (7, 5))
    order = random.permutation(7)
    shuffled = (rates[..., order], recurrent[order][:, order])
    found = similarity_matrices(signatures=[signature(*one) for one in ((rates, recurrent), shuffled, other)])
    for measure in MEASURES:
        distances = found.distances(measure)
        assert distances[0, 1] == pytest.approx(0, abs=1e-6)
        assert distances[0, 2] == pytest.approx(distances[1, 2], abs=1e-6)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_network_that_overflowed_is_nan_and_touches_no_other(bad, seed):
    made = list(networks(np.random.default_rng(seed), (5, 5, 5)))
    before = similarity_matrices(signatures=[signed(*made[0]), signed(*made[2])])
    made[1][0][0, -1, 2] = bad
    found = similarity_matrices(signatures=[signed(*one) for one in made])
    for measure in OF_RATES:
        distances = found.distances(measure)
        assert np.isnan(distances[1]).all()
        assert distances[0, 2] == before.distances(measure)[0, 1]
    assert np.isfinite(found.spectral).all()
    assert np.isnan(procrustes_distance(made[0][0], made[1][0]))
    assert np.isnan(linear_cka(made[0][0], made[1][0]))


@pytest.mark.parametrize("size", [1e-300, 1e30, 1e200])
def test_sizes_near_the_ends_of_the_numbers(size, seed):
    rates, recurrent = next(networks(np.random.default_rng(seed), (5,)))
    found = similarity_matrices(
        signatures=[signed(*one) for one in ((size * rates, size * recurrent), (rates, recurrent))]
    )
    for measure in OF_RATES:
        np.testing.assert_allclose(found.distances(measure), 0, atol=1e-6)
    assert np.isfinite(found.spectral).all()


def test_bad_arguments(seed):
    rates = rates_of(np.random.default_rng(seed))
    for measure in (linear_cka, procrustes_distance):
        with pytest.raises(ValueError, match="compare networks on the same probe"):
            measure(rates, rates[:, 1:])
    with pytest.raises(ValueError, match="expected one row of eigenvalues"):
        spectral_distance(np.eye(2), np.ones(2))
    with pytest.raises(ValueError, match="with 2 or more steps"):
        dynamic_modes(rates[:, :1])
    with pytest.raises(ValueError, match="rank is 0"):
        dynamic_modes(rates, rank=0)
    signatures = [signature_of(rates=one, recurrent=np.eye(6)) for one in (rates, rates[:, 1:])]
    with pytest.raises(ValueError, match="signature 1 has 117 samples"):
        similarity_matrices(signatures=signatures)
    with pytest.raises(ValueError, match="did you mean 'procrustes'"):
        similarity_matrices(signatures=signatures[:1]).distances("procrustus")


def test_linearizations_by_hand():
    """A unit of gain 2 rests at ±s and 0; the slopes there are 2 (1 - s²) and 2."""
    points = fixed_points(network_of([[2.0]]), starts=np.array([[1.0], [-1.0], [0.1]]))
    rest = float(points.states.max())
    assert rest == pytest.approx(np.tanh(2 * rest))
    slope = 2 * (1 - rest**2)
    found = nearest_linearizations(points=points, ends=np.array([[0.9], [-2.0], [0.2]]))
    np.testing.assert_allclose(found[:, 0], [slope, slope, 2.0])
    rates = waves(rotation(0.99, 0.3), np.random.default_rng(0), conditions=3)
    ends = (found, found[[0, 1, 0]], np.full((3, 1), np.nan + 0j))
    distances = similarity_matrices(
        signatures=[signature_of(rates=rates, recurrent=np.eye(9), linearized=one) for one in ends]
    ).linearized
    assert distances[0, 1] == pytest.approx((2 - slope) / np.sqrt(3)), "one condition of three differs"
    assert np.isnan(distances[2]).all()
    assert nearest_linearizations(points=points, ends=np.zeros((72, 1))).shape == (8, 1)
    climbing = fixed_points(network_of([[1.0]], activation="relu", bias=1.0), starts=np.zeros((1, 1)))
    assert len(climbing) == 0, "h + 1 is never h"
    assert np.isnan(nearest_linearizations(points=climbing, ends=np.zeros((2, 1)))).all()


@pytest.mark.thorough
def test_published_networks(reference):
    """Training moves the rates far away, and the spectrum so little that its own start stays the nearest network."""
    names = ("and_n50_orthogonal_04", "xor_n50_orthogonal_00", "setreset_n50_orthogonal_06")
    inputs, signatures = TASKS["and"]().probe().inputs, []
    for name, stage in itertools.product(names, ("initial", "epoch19")):
        network = read_network_for(reference / f"{name}_{stage}.hdf5", TASKS[name.split("_")[0]]())
        signatures.append(signature_of(rates=network.run(inputs)[0], recurrent=network.weights.recurrent))
    found = similarity_matrices(signatures=signatures)
    spectral, trained = found.spectral + np.diag(np.full(6, np.inf)), [1, 3, 5]
    np.testing.assert_array_equal(spectral.argmin(axis=1), [1, 0, 3, 2, 5, 4])
    assert found.spectral[trained, [0, 2, 4]] == pytest.approx([0.037, 0.034, 0.048], abs=1e-3)
    assert found.procrustes[trained, [0, 2, 4]] == pytest.approx([1.065, 1.079, 1.069], abs=2e-3)
    assert found.cka[1, 0] == pytest.approx(0.237, abs=2e-3)
