"""Claims about trends: a slope over doublings, a difference beyond a delay, damage of one kind against another."""

import numpy as np
import pytest

from recurra.analysis.weights.damage import removed
from recurra.studies.memory_verdicts import MemoryDistances
from recurra.studies.trends import contrast, damage_claims, delay_claim, size_claim
from recurra.studies.verdicts import Estimate


def pair(value, measured, published=0.5, error=0.02):
    one, other = Estimate(measured, error, 20), Estimate(published, error, 20)
    return MemoryDistances(value, 9, one, other, one, other, error, error, True)


def test_contrast():
    found = contrast([Estimate(3, 0.3, 5), Estimate(1, 0.4, 9)], [1.0, -1.0])
    assert (found.value, found.error, found.freedom) == (2, pytest.approx(0.5), 5)


def test_units_that_help_and_units_that_do_not():
    falling = [pair(50, 0.9), pair(100, 0.7), pair(200, 0.5), pair(400, 0.3)]
    verdict = size_claim(falling, 2)
    assert verdict.verdict == "agrees"
    assert "a doubling lowers it by 0.20" in verdict.found
    assert "by 0.00" in verdict.published
    assert size_claim([pair(units, 0.5) for units in (50, 100, 200)], 2).verdict == "undecided"
    assert size_claim(falling[::-1], 2).difference == verdict.difference
    assert size_claim([pair(50, 0.3), pair(100, 0.6), pair(200, 0.9)], 2).verdict == "differs"


def test_delays_beyond_fifty():
    pairs = [pair(25, 0.1), pair(50, 0.1), pair(60, 0.6), pair(100, 0.8)]
    found = delay_claim(pairs, 3)
    assert found is not None
    assert (found.verdict, found.found) == ("agrees", "larger beyond by 0.60")
    assert delay_claim(pairs[:2], 3) is None


def rows(distance):
    """Ten networks; `distance` says how far each way and level takes them."""
    return [
        {"way": way, "percent": percent, "condition": condition, "data_set": at, "network": 0, "removed": 1}
        | {"held_distance": distance(way, percent) + 0.01 * at, "distance": 9.0, "success": 1.0, "loss": 0.0}
        for way in ("cumulative_positive", "cumulative_negative", "slice_positive", "slice_negative")
        for percent in (0.0, 10.0, 20.0)
        for condition in ("00", "11")
        for at in range(10)
    ]


def strongest(distance):
    return [{**row, "way": "strongest_both"} for row in rows(lambda *_: distance) if row["way"] == "slice_positive"]


def test_claims_about_damage():
    as_told = rows(lambda way, percent: percent / 10 * (1.0 if way.startswith("cumulative") else 0.3))
    found = damage_claims(as_told, strongest(2.0), 3)
    assert [one.verdict for one in found] == ["agrees", "agrees", "agrees"]
    assert damage_claims(as_told, [], 3)[2].verdict == "cannot be compared"
    other = rows(lambda way, percent: percent / 10 * (1.0 if way == "cumulative_positive" else 0.3))
    assert [one.verdict for one in damage_claims(other, strongest(0.4), 3)] == ["differs", "agrees", "differs"]


def test_the_strongest_connections():
    weights = np.array([[0.1, -0.2, 0.3, -0.4], [0.5, -0.6, 0.7, -0.8]])
    np.testing.assert_array_equal(removed(weights, 25, removal="strongest"), np.abs(weights) > 0.65)
    np.testing.assert_array_equal(removed(weights, 25, "negative", "strongest"), weights < -0.65)
    assert not removed(weights, 0, removal="strongest").any()
    assert removed(weights, 100, removal="strongest").sum() == 7  # all but the weakest
