"""A cohort as a sequence, and what is equal."""

from dataclasses import replace

import jax
import numpy as np
import pytest

import recurra as rc
from recurra.models import Cohort
from tests.networks import network_of

RULE = rc.BPTT(steps=1, batch=2, validation_trials=2)
MODEL = rc.RateRNN(units=4)


@pytest.fixture(scope="module")
def cohort():
    return rc.train(rc.Xor(), MODEL, RULE, networks=4, seed=0)


def numbers(part):
    assert isinstance(part, Cohort)
    assert len(part) == len(part.status) == part.weights.networks == part.initial.networks == len(part.history.loss)
    return list(part.numbers)


@pytest.mark.parametrize(
    "selection",
    [slice(1, 3), slice(None), slice(None, None, -1), slice(-2, None), slice(3, 1), slice(9, None)],
    ids=str,
)
def test_slices_are_those_of_a_list(cohort, selection):
    assert numbers(cohort[selection]) == list(range(4))[selection]


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ([0, 3], [0, 3]),
        ([-1, 0, 0], [3, 0, 0]),
        ((2,), [2]),
        (np.array([1, 2]), [1, 2]),
        ([], []),
        ([True, False, False, True], [0, 3]),
        (np.array([False] * 4), []),
    ],
    ids=str,
)
def test_lists_and_masks(cohort, selection, expected):
    part = cohort[selection]
    assert numbers(part) == expected
    assert list(part) == [cohort[at] for at in expected]


def test_single_networks(cohort):
    assert cohort[-1] == cohort[3] == cohort[np.int64(3)] == list(cohort)[3]
    assert cohort[2:][0] == cohort[2]
    assert cohort[1:3].before(0) == cohort.before(1)
    assert (cohort[1].task, cohort[1].seed) == (cohort.task, cohort.seed)


@pytest.mark.parametrize(
    ("selection", "error", "message"),
    [
        (4, IndexError, "the cohort has 4 networks; there is none at position 4"),
        (-5, IndexError, "there is none at position -5"),
        ([0, 4], IndexError, r"the cohort has 4 networks; there is none at some of \[0, 4\]"),
        ([True, False], IndexError, "the mask has 2 entries; the cohort has 4 networks"),
        (1.0, TypeError, "a cohort cannot be indexed with 1.0; expected a number, a slice"),
        ("a", TypeError, "a cohort cannot be indexed with 'a'"),
        ([1.0], TypeError, r"a cohort cannot be indexed with \[1.0\]"),
        (np.zeros((2, 2), int), TypeError, "a cohort cannot be indexed with"),
    ],
)
def test_bad_indices(cohort, selection, error, message):
    with pytest.raises(error, match=message):
        cohort[selection]


@pytest.mark.thorough
def test_learned_are_those_with_enough_success(cohort, monkeypatch):
    assert numbers(cohort.learned) == np.flatnonzero(cohort.success_shares() >= 0.95).tolist()
    monkeypatch.setattr(Cohort, "success_shares", lambda *_: np.array([0.94, 0.95, np.nan, 1.0]))
    assert numbers(replace(cohort).learned) == [1, 3]
    assert cohort.success_rate().count == 2


def test_equality_and_hash(cohort):
    again = rc.train(rc.Xor(), MODEL, RULE, networks=4, seed=0)
    assert again == cohort
    assert hash(again) == hash(cohort)
    assert {again, cohort} == {cohort}
    assert cohort[:3] != cohort != replace(cohort, seed=1)
    assert cohort != replace(cohort, weights=jax.tree.map(lambda array: 2 * np.asarray(array), cohort.weights))
    assert cohort[0] != cohort[1]
    assert len({cohort[0], cohort[1], again[0]}) == 2
    assert cohort[0] == replace(cohort[0], task=None, seed=None)
    assert cohort != "cohort"
    assert cohort[0] != "network"
    lost = replace(cohort, weights=jax.tree.map(lambda array: np.full_like(array, np.nan), cohort.weights))
    assert lost == replace(lost)
    assert hash(lost) == hash(replace(lost))


@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_equal_networks_have_one_hash(zero):
    one, other = network_of(np.zeros((2, 2))), network_of(np.full((2, 2), zero))
    assert one == other
    assert hash(one) == hash(other)
    assert one != network_of(np.zeros((2, 2)), form="current")


@pytest.mark.parametrize(
    "make",
    [
        lambda: rc.RateRNN(units=3, tau_ms=np.array([1.0, 2.0, 3.0]), constraints=(rc.Dale(0.5), rc.Sparse(0.5))),
        lambda: rc.RateRNN(units=3, tau_ms=rc.TrainedTau(1.0, 2.0)),
        lambda: rc.GRU(units=3),
        lambda: rc.FlipFlop(bits=2),
        lambda: rc.preset("decision"),
    ],
)
def test_models_tasks_and_presets_are_values(make):
    assert make() == make()
    assert hash(make()) == hash(make())


def test_a_cohort_with_a_network_twice_is_not_saved(cohort, tmp_path):
    with pytest.raises(ValueError, match="the cohort cannot be saved: it holds a network twice"):
        cohort[[0, 0]].save(tmp_path / "twice")
    cohort[1:3].save(tmp_path / "part")
    assert rc.load(tmp_path / "part") == cohort[1:3]
