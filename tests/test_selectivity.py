"""Units whose selectivity is known by construction, and chance levels that are known exactly."""

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import recurra as rc
from recurra.analysis.rates.selectivity import KINDS, unit_selectivity
from recurra.arrays import RateWeights
from recurra.engine import RateDynamics
from recurra.models import Network
from recurra.storage.records import from_dataset, to_dataset
from recurra.tasks import TASKS

BITS = np.array(list(itertools.product((0, 1), repeat=3)))
SIGNS = 2.0 * BITS - 1
PAIR = np.array(list(itertools.product((0, 1), repeat=2)))


def latch(bits=3, gain=3.0):
    eye = np.eye(bits)
    weights = RateWeights(gain * eye, 10 * eye, eye, np.zeros(bits), np.zeros(bits))
    return Network(RateDynamics("rate", "tanh", 1.0), weights, 1.0)


def test_units_made_by_hand(seed):
    """One bit; two bits alike; three bits alike; a product of bits; time alone; silent; one bit with time."""
    clock = np.linspace(-1, 1, 20)
    columns = [SIGNS[:, 0], SIGNS[:, 0] + SIGNS[:, 1], SIGNS.sum(axis=1), SIGNS[:, 0] * SIGNS[:, 2]]
    rates = [np.outer(column, np.ones(20)) for column in columns]
    rates += [np.outer(np.ones(8), clock), np.zeros((8, 20)), np.outer(SIGNS[:, 2], clock)]
    found = unit_selectivity(rates=np.stack(rates, axis=-1) + 4.0, factors=BITS, seed=seed, permutations=2_000)
    third = [1 / 3] * 3
    expected = [[1, 0, 0], [0.5, 0.5, 0], third, [0] * 3, [0] * 3, [0] * 3, [0, 0, 1]]
    np.testing.assert_allclose(found.factors, expected, atol=1e-12)
    np.testing.assert_allclose(found.interactions, [0, 0, 0, 1, 0, 0, 0], atol=1e-12)
    np.testing.assert_allclose(found.time, [0, 0, 0, 0, 1, 0, 0], atol=1e-12)
    names = ["one", "several", "several", "none", "none", "none", "one"]
    assert [found.kind_of(unit) for unit in range(7)] == names
    np.testing.assert_array_equal(found.count, [names.count(kind) for kind in KINDS])
    assert not (found.factors[2] > found.chance_high[2] + 1e-9).any(), "why the 95th percentile is no bound"


def test_mean_share_over_all_permutations_is_exact(seed):
    """Against every one of the 24 permutations of four conditions, and of six with two and three levels."""
    random = np.random.default_rng(seed)
    for factors in (PAIR, np.array(list(itertools.product((0, 1), (0, 1, 2))))):
        rates = random.normal(size=(len(factors), 5, 3)) + random.normal(size=(1, 5, 3))
        orders = map(list, itertools.permutations(range(len(factors))))
        shares = [
            unit_selectivity(rates=rates[order], factors=factors, seed=0, permutations=1).factors for order in orders
        ]
        found = unit_selectivity(rates=rates, factors=factors, seed=seed, permutations=2_000)
        np.testing.assert_allclose(found.chance, np.mean(shares, axis=0), atol=1e-10)
        np.testing.assert_allclose(found.chance_high, np.quantile(shares, 0.95, axis=0), atol=0.1)
        assert (found.chance_high >= found.chance - 1e-12).all()


def test_four_conditions_leave_no_room_above_the_percentile(seed):
    """Why the 95th percentile is no bound: the true labels are one of three ways to pair four conditions."""
    rates = np.random.default_rng(seed).normal(size=(4, 5, 30))
    found = unit_selectivity(rates=rates, factors=PAIR, seed=seed)
    assert not (found.factors > found.chance_high + 1e-9).any()
    assert found.count[1:].sum() > 0


@settings(max_examples=20, deadline=None)
@given(units=st.integers(1, 6), data=st.integers(0, 2**31))
def test_shares_sum_to_one_and_do_not_depend_on_scale(units, data):
    random = np.random.default_rng(data)
    rates = random.normal(size=(8, 7, units))
    found = unit_selectivity(rates=rates, factors=BITS, seed=0, permutations=5)
    np.testing.assert_allclose(found.time + found.factors.sum(axis=1) + found.interactions, 1)
    assert found.count.sum() == units
    assert found.count_chance.sum() == pytest.approx(units)
    order = random.permutation(units)
    scaled = unit_selectivity(
        rates=(rates * np.exp(random.normal(size=units)) - 3)[..., order], factors=BITS, seed=0, permutations=5
    )
    np.testing.assert_allclose(scaled.factors, found.factors[order], atol=1e-9)
    np.testing.assert_array_equal(scaled.kind, found.kind[order])


def test_counts_of_random_units_are_at_chance(seed):
    """Units without any structure are as many of each kind as with permuted labels."""
    rates = np.repeat(np.random.default_rng(seed).normal(size=(8, 1, 4_000)), 2, axis=1)
    found = unit_selectivity(rates=rates, factors=BITS, seed=seed, permutations=40)
    np.testing.assert_allclose(found.count, found.count_chance, rtol=0.1)
    assert (found.count_chance_high >= found.count_chance).all()


def test_latch_is_pure_and_its_sum_is_mixed(seed):
    task = rc.FlipFlop(response_delay_ms=0.0)
    found = unit_selectivity(latch(), task, seed=seed, permutations=2_000)
    np.testing.assert_array_equal(found.count, [0, 3, 0])
    np.testing.assert_allclose(found.factors, np.eye(3), atol=1e-9)
    assert (found.factors.max(axis=1) > found.chance_high.max(axis=1)).all()
    assert found.chance == pytest.approx(np.full((3, 3), 1 / 7))
    rates, _ = latch().run(task.probe().inputs)
    turned = rates @ np.array([[1.0, 1, 0], [1, -1, 0], [1, 1, 1]]).T
    np.testing.assert_array_equal(
        unit_selectivity(rates=turned, factors=task.factors(), seed=seed, permutations=10).count, [0, 0, 3]
    )


def test_seeds(seed):
    rates = np.random.default_rng(seed).normal(size=(8, 3, 5))
    first, again, other = (unit_selectivity(rates=rates, factors=BITS, seed=at, permutations=50) for at in (1, 1, 2))
    np.testing.assert_array_equal(first.chance_high, again.chance_high)
    assert (first.chance_high != other.chance_high).any()
    np.testing.assert_array_equal(first.kind, other.kind)


@pytest.mark.parametrize("name", ["setreset", "not", "pulse"])
def test_one_factor_says_nothing(name, seed):
    """The condition itself: permuted labels explain as much as the true ones."""
    task = TASKS[name]()
    random = np.random.default_rng(seed)
    probe = task.probe()
    rates = random.normal(size=(len(probe), 12, 6))
    found = unit_selectivity(rates=rates, factors=task.factors(), seed=seed, permutations=20)
    np.testing.assert_allclose(found.factors, found.chance, atol=1e-12)
    np.testing.assert_allclose(found.factors, found.chance_high, atol=1e-12)
    np.testing.assert_array_equal(found.count, [6, 0, 0])


def test_lost_silent_and_enormous_units(seed):
    rates = np.random.default_rng(seed).normal(size=(8, 6, 5))
    usual = unit_selectivity(rates=rates, factors=BITS, seed=0, permutations=10)
    odd = rates.copy()
    odd[..., 1], odd[2, 3, 2] = 0.1, np.nan
    odd[..., 3] *= 1e306
    found = unit_selectivity(rates=odd, factors=BITS, seed=0, permutations=10)
    np.testing.assert_allclose(found.factors[[0, 3, 4]], usual.factors[[0, 3, 4]], atol=1e-12)
    np.testing.assert_array_equal(found.factors[1], 0)
    assert np.isnan([found.time[2], found.interactions[2], *found.factors[2], *found.chance_high[2]]).all()
    np.testing.assert_array_equal(found.kind[[1, 2]], 0)
    stored = from_dataset(type(found), to_dataset([usual, found], [0, 1]))[1]
    for part in dataclasses.fields(found):
        np.testing.assert_array_equal(getattr(stored, part.name), getattr(found, part.name))


def test_one_unit_one_condition_one_step(seed):
    assert unit_selectivity(
        rates=np.ones((1, 1, 1)), factors=np.zeros((1, 1), int), seed=seed, permutations=3
    ).count.tolist() == [1, 0, 0]
    assert unit_selectivity(rates=SIGNS[:, :1, None], factors=BITS, seed=seed, permutations=30).count.tolist() == [
        0,
        1,
        0,
    ]


def test_bad_arguments():
    with pytest.raises(ValueError, match="permutations is 0"):
        unit_selectivity(rates=np.zeros((8, 2, 2)), factors=BITS, seed=0, permutations=0)
    with pytest.raises(ValueError, match=r"expected \(condition: 8"):
        unit_selectivity(rates=np.zeros((4, 2, 2)), factors=BITS, seed=0)
    with pytest.raises(ValueError, match="every combination"):
        unit_selectivity(rates=np.zeros((3, 2, 2)), factors=PAIR[:3], seed=0)


def test_published_network(reference):
    """Most units of the author's network mix bits, more than if permuted; before training nearly all do."""
    from recurra.runs.imports import read_network_for

    task = rc.FlipFlop()
    trained = unit_selectivity(read_network_for(reference / "flipflop3_n400_epoch20.hdf5", task), task, seed=0)
    np.testing.assert_array_equal(trained.count, [0, 140, 260])
    assert trained.count[2] > trained.count_chance_high[2]
    initial = unit_selectivity(read_network_for(reference / "flipflop3_n400_initial.hdf5", task), task, seed=0)
    assert initial.count[2] > 390
