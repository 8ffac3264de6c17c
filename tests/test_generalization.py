"""Known answers: latches, codes drawn by hand whose bits cross or not, and readouts fitted again for every split."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from recurra.analysis.memory.generalization import (
    _centred,
    _splits,
    cross_condition_generalization,
    decoding_accuracy,
    generalization_score,
    noisy_hold,
    random_arrangement,
)
from recurra.arrays import RateWeights
from recurra.engine import RateDynamics
from recurra.models import Network
from recurra.runs.imports import read_network_for
from recurra.storage.records import from_dataset, to_dataset
from recurra.tasks import FlipFlop

RIDGE = 1e-3


def network_of(recurrent, inward, output, activation="tanh", bias=0.0):
    recurrent, inward, output = (np.asarray(one, float) for one in (recurrent, inward, output))
    weights = RateWeights(recurrent, inward, output, np.full(len(recurrent), bias), np.zeros(len(output)))
    return Network(RateDynamics("rate", activation, 1.0), weights, 1.0)


def latch(bits, gain=3.0):
    """A bistable unit a bit."""
    eye = np.eye(bits)
    return network_of(gain * eye, 5 * eye, eye)


def random_network(seed, units, bits, gain=1.2):
    random = np.random.default_rng(seed)
    recurrent = random.normal(0, gain / np.sqrt(units), (units, units))
    return network_of(recurrent, random.normal(size=(units, bits)), random.normal(size=(bits, units)))


def clouds_at(means, seed, trials=10, noise=0.05):
    means = np.asarray(means, float)
    normal = np.random.default_rng(seed).standard_normal((len(means), trials, means.shape[1]))
    return _centred(means[:, None] + noise * normal)


def signs_of(bits):
    return FlipFlop(bits=bits).states.astype(float)


def all_splits(signs):
    return [_splits(signs, bit, np.random.default_rng(0)) for bit in range(signs.shape[1])]


@pytest.mark.parametrize("bits", [2, 3])
def test_latches_generalize(bits, seed):
    found = cross_condition_generalization(latch(bits), FlipFlop(bits=bits), seed=seed, arrangements=100)
    np.testing.assert_array_equal(found.score, np.ones(bits))
    np.testing.assert_array_equal(found.decoding, np.ones(bits))
    assert ((found.chance > 0.2) & (found.chance < 0.8)).all()
    assert (found.chance_high >= found.chance).all()


def test_cube_generalizes_and_simplex_does_not(seed):
    """Eight states on the corners of a cube in 20 units, and eight states at right angles to each other."""
    signs, random = signs_of(3), np.random.default_rng(seed)
    turn = np.linalg.qr(random.normal(size=(20, 20)))[0]
    cube, simplex = clouds_at(signs @ turn[:3], seed), clouds_at(3 * turn[:8], seed, noise=1e-12)
    np.testing.assert_array_equal(generalization_score(cube, signs, all_splits(signs), RIDGE), 1)
    np.testing.assert_array_equal(generalization_score(simplex, signs, all_splits(signs), RIDGE), 0.5)
    for clouds in (cube, simplex):
        np.testing.assert_array_equal(decoding_accuracy(clouds, signs, RIDGE), 1)


def test_a_bit_that_the_other_turns_round_is_read_wrong(seed):
    """Bit 1 lies along the first unit, forwards or backwards as bit 2 says; bit 2 lies along the second, further."""
    signs = signs_of(2)
    means = np.stack([signs[:, 0] * signs[:, 1], 3 * signs[:, 1]], axis=1)
    found = generalization_score(clouds_at(means, seed), signs, all_splits(signs), RIDGE)
    assert found[0] == 0
    assert found[1] == 1


@pytest.mark.parametrize("units", [5, 60])
def test_left_out_predictions_are_those_of_readouts_fitted_again(units, seed):
    """With more units than rates and with fewer."""
    signs, trials, ridge = signs_of(3), 6, 1e-2
    random = np.random.default_rng(seed)
    clouds = clouds_at(random.normal(size=(8, units)), seed, trials, noise=1.0)
    labels, penalty = np.repeat(signs, trials, axis=0), ridge * (clouds**2).sum()
    flat, state = clouds.reshape(-1, units), np.repeat(np.arange(8), trials)
    trial = np.tile(np.arange(trials), 8)

    def accuracy(bit, out):
        model = Ridge(penalty).fit(flat[~out], labels[~out, bit])
        return (np.sign(model.predict(flat[out])) == labels[out, bit]).mean()

    splits = all_splits(signs)
    expected = [np.mean([accuracy(bit, np.isin(state, pair)) for pair in splits[bit]]) for bit in range(3)]
    np.testing.assert_allclose(generalization_score(clouds, signs, splits, ridge), expected, atol=1e-12)
    folds = np.array_split(np.arange(trials), 5)
    held_out = [[accuracy(bit, np.isin(trial, fold)) for fold in folds] for bit in range(3)]
    expected = np.average(held_out, weights=[len(fold) for fold in folds], axis=1)
    np.testing.assert_allclose(decoding_accuracy(clouds, signs, ridge), expected, atol=1e-12)


def test_turned_or_scaled_rates_have_the_same_score(seed):
    signs, random = signs_of(3), np.random.default_rng(seed)
    clouds = clouds_at(random.normal(size=(8, 6)), seed, noise=0.7)
    turn = np.linalg.qr(random.normal(size=(6, 6)))[0]
    silent = np.pad(clouds, ((0, 0), (0, 0), (0, 300)))
    splits = all_splits(signs)
    for other in (clouds @ turn, 17 * clouds, silent):
        for measure in (lambda one: generalization_score(one, signs, splits, RIDGE), decode):
            np.testing.assert_allclose(measure(other), measure(clouds), atol=0.01)


def decode(clouds):
    return decoding_accuracy(clouds, signs_of(3), RIDGE)


def test_random_arrangement_keeps_decoding_and_destroys_generalization(seed):
    signs, random = signs_of(3), np.random.default_rng(seed)
    turn = np.linalg.qr(random.normal(size=(50, 50)))[0]
    clouds = clouds_at(signs @ turn[:3], seed)
    drawn = [random_arrangement(clouds, random) for _ in range(60)]
    for one in drawn:
        np.testing.assert_allclose(one.mean(axis=(0, 1)), 0, atol=1e-12)
        np.testing.assert_allclose(np.linalg.norm(one.mean(axis=1)), np.linalg.norm(clouds.mean(axis=1)))
        spread, before = (np.sort(each - each.mean(axis=1, keepdims=True), axis=2) for each in (one, clouds))
        np.testing.assert_allclose(spread, before, atol=1e-12)
    assert np.mean([decode(one) for one in drawn]) > 0.99
    scores = np.array([generalization_score(one, signs, all_splits(signs), RIDGE) for one in drawn])
    assert abs(scores.mean() - 0.5) < 0.1  # over five standard errors, from 60 times three scores
    assert scores.std() > 0.05


def test_random_arrangement_renumbers_each_state_by_itself(seed):
    """States with the same cloud have different ones afterwards, each with the numbers of a trial moved alike."""
    random = np.random.default_rng(seed)
    cloud = random.standard_normal((6, 30))
    clouds = np.stack([cloud - cloud.mean(axis=0)] * 4)
    drawn = random_arrangement(clouds, random)
    moved = drawn - drawn.mean(axis=1, keepdims=True)
    for one in moved:
        order = [np.flatnonzero(np.isclose(one.T, unit).all(axis=1)) for unit in clouds[0].T]
        assert sorted(int(place) for places in order for place in places) == list(range(30))
    for other in moved[1:]:
        assert np.abs(other - moved[0]).max() > 0.1


def test_rates_are_those_of_the_state_that_was_set(seed):
    """Without noise all repeats are the end of the probe, also where they do not run at once."""
    task = FlipFlop(bits=3, input_noise=0.0)
    network = random_network(seed, 10, 3)
    found = noisy_hold(network, task, np.random.default_rng(seed), 70)
    rates, _ = network.run(task.probe().inputs)
    assert found.shape == (8, 70, 10)
    np.testing.assert_allclose(found, np.repeat(rates[:, None, -1], 70, axis=1), atol=1e-12)
    noisy = noisy_hold(network, FlipFlop(bits=3), np.random.default_rng(seed), 70)
    assert (noisy.std(axis=1) > 0).all()


def test_splits():
    signs = signs_of(4)
    for sign, pairs in zip(signs.T, all_splits(signs), strict=True):
        assert len(np.unique(pairs, axis=0)) == 64
        assert (sign[pairs] == [-1, 1]).all()
    two = signs_of(2)
    for bit, pairs in enumerate(all_splits(two)):
        np.testing.assert_array_equal((two[pairs[:, 1]] - two[pairs[:, 0]]) / 2, [np.arange(2) == bit] * 2)
    assert [len(pairs) for pairs in all_splits(signs_of(3))] == [16] * 3
    many = signs_of(6)
    assert [len(np.unique(pairs, axis=0)) for pairs in all_splits(many)] == [64] * 6


def test_seed_decides(seed):
    network, task = random_network(seed, 12, 2), FlipFlop(bits=2)
    one, two, other = (
        cross_condition_generalization(network, task, seed=each, repeats=5, arrangements=20) for each in (1, 1, 2)
    )
    for name in ("score", "chance", "chance_high", "decoding"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))
    assert (one.chance != other.chance).any()


def test_one_bit_has_nothing_to_cross(seed):
    found = cross_condition_generalization(latch(1), FlipFlop(bits=1), seed=seed)
    for number in (found.score, found.chance, found.chance_high):
        np.testing.assert_array_equal(number, [np.nan])
    np.testing.assert_array_equal(found.decoding, [1.0])


@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])  # rates 0, and rates that are all the same
def test_a_network_that_does_not_listen_is_read_at_chance(activation, seed):
    network = network_of(np.zeros((4, 4)), np.zeros((4, 2)), np.zeros((2, 4)), activation, bias=0.0)
    found = cross_condition_generalization(network, FlipFlop(bits=2), seed=seed, arrangements=5)
    for number in (found.score, found.chance, found.chance_high, found.decoding):
        np.testing.assert_array_equal(number, [0.5, 0.5])


def test_one_unit_stores_one_bit(seed):
    network = network_of([[3.0]], [[5.0, 0.0]], [[1.0], [0.0]])
    found = cross_condition_generalization(network, FlipFlop(bits=2), seed=seed, arrangements=5)
    assert found.score[0] == found.decoding[0] == 1
    assert found.score[1] < 0.9
    assert found.decoding[1] < 0.9


def test_exploded_network_is_nan(seed):
    network = network_of(1e6 * np.eye(3), np.eye(3), np.eye(3), "relu", bias=1.0)
    found = cross_condition_generalization(network, FlipFlop(), seed=seed)
    for number in (found.score, found.chance, found.chance_high, found.decoding):
        np.testing.assert_array_equal(number, np.full(3, np.nan))


def test_huge_rates_do_not_overflow(seed):
    """Weights of a million; relu units that grow by 4 a step, to 1e210."""
    huge = random_network(seed, 20, 3, gain=1e6)
    growing = network_of(4 * np.eye(6), np.hstack([np.eye(3), -np.eye(3)]).T, np.ones((3, 6)), "relu")
    for network in (huge, growing):
        found = cross_condition_generalization(network, FlipFlop(), seed=seed, arrangements=10)
        for number in (found.score, found.chance, found.chance_high, found.decoding):
            assert ((number >= 0) & (number <= 1)).all()


def test_record_can_be_stored(seed):
    found = [
        cross_condition_generalization(latch(2), FlipFlop(bits=2), seed=seed, repeats=4, arrangements=5)
        for _ in range(2)
    ]
    stored = to_dataset(found, [0, 1])
    assert stored["score"].dims == ("network", "bit")
    np.testing.assert_array_equal(from_dataset(type(found[0]), stored)[1].chance, found[1].chance)


@pytest.mark.thorough
def test_published_network(reference):
    found = cross_condition_generalization(
        read_network_for(reference / "flipflop3_n400_epoch20.hdf5", FlipFlop()), FlipFlop(), seed=0, arrangements=40
    )
    assert (found.score > 0.99).all()
    assert (found.decoding > 0.99).all()
    assert (found.score > found.chance_high).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"repeats": 1}, "repeats is 1; expected at least 2"),
        ({"arrangements": 0}, "arrangements is 0; expected at least 1"),
        ({"ridge": 0.0}, "ridge is 0.0; expected a number from 1e-09 to inf"),
        ({"seed": -1}, "seed is -1; expected at least 0"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        cross_condition_generalization(latch(2), FlipFlop(bits=2), **({"seed": 0} | arguments))
