"""The rules by which found and published are compared: known answers, and coverage by simulation."""

import math

import numpy as np
import pytest
from scipy import stats

from recurra.intervals import wilson_interval
from recurra.studies.verdict_words import interval_words, verdict_of
from recurra.studies.verdicts import (
    Comparison,
    Estimate,
    Proportion,
    all_of,
    design_effect,
    difference,
    difference_of_means,
    difference_of_proportions,
    interval_quantile,
    intraclass_correlation,
    mean_over_networks,
    one_set_effect,
    pooled,
    proportion_at_least,
    proportion_difference,
    published_mean,
    wilson,
)

Z = 1.959963984540054
INFINITE = float("inf")


def compared(low, high, margin=(-1.0, 1.0)):
    return Comparison((low + high) / 2, low, high, margin, 0.0, Z)


@pytest.mark.parametrize(
    ("low", "high", "margin", "outcome"),
    [
        (-0.9, 0.9, (-1, 1), "agrees"),
        (0.2, 0.9, (-1, 1), "agrees"),
        (-0.9, 1.1, (-1, 1), "undecided"),
        (0.2, 1.1, (-1, 1), "undecided"),
        (-5.0, 5.0, (-1, 1), "undecided"),
        (1.1, 2.0, (-1, 1), "differs"),
        (-9.0, -1.1, (-1, 1), "differs"),
        (0.1, 0.9, (0, INFINITE), "agrees"),
        (-0.1, 0.9, (0, INFINITE), "undecided"),
        (-0.3, -0.1, (0, INFINITE), "differs"),
        (float("nan"), 1.0, (-1, 1), "cannot be compared"),
    ],
)
def test_outcomes(low, high, margin, outcome):
    assert compared(low, high, margin).outcome == outcome


def test_a_small_sample_earns_nothing():
    """Two networks beside a published mean: not significantly different, and not in agreement either."""
    known = published_mean(1.0, 0.05, 35, 0.0)
    few = mean_over_networks([0.8, 1.3], ["a", "b"], 0.0)
    assert abs(few.value - known.value) < Z * math.hypot(few.error, known.error)
    assert difference_of_means(few, known, 0.1).outcome == "undecided"
    many = mean_over_networks(np.linspace(0.9, 1.1, 60), list(range(60)), 0.0)
    assert difference_of_means(many, known, 0.15).outcome == "agrees"


def test_difference_of_means_by_hand():
    found, known = Estimate(1.1, 0.03), Estimate(1.0, 0.04)
    one = difference_of_means(found, known, 0.3)
    assert (one.difference, one.low, one.high) == pytest.approx((0.1, 0.1 - Z * 0.05, 0.1 + Z * 0.05))
    ten = difference_of_means(found, known, 0.3, rows=10)
    assert ten.high - ten.difference == pytest.approx(stats.norm.ppf(1 - 0.0025) * 0.05)
    assert difference(Estimate(0, 1.0, 9), Estimate(0, 1.0, 9)).freedom == pytest.approx(18)
    assert difference(Estimate(0, 1.0, 9), Estimate(0, 1e-9, 9)).freedom == pytest.approx(9)
    assert interval_quantile(1, 9) == pytest.approx(2.262157, abs=1e-6)


def test_newcombes_example():
    """His table II: 56 of 70 against 48 of 80."""
    found = difference_of_proportions(Proportion(56, 70), Proportion(48, 80), (-0.1, 0.1))
    assert (found.difference, found.low, found.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)


def test_shares_of_nothing_and_of_all_have_intervals():
    found = difference_of_proportions(Proportion(20, 20), Proportion(20, 20), (-0.1, 0.1))
    assert (found.low, found.high) == pytest.approx((-found.high, found.high))
    assert found.high > 0.1
    assert found.outcome == "undecided"
    assert proportion_difference(Proportion(0, 20), Proportion(20, 20)).error > 0


@pytest.mark.parametrize(("count", "total"), [(0, 7), (7, 7), (13, 20)])
def test_wilson_is_that_of_the_intervals(count, total):
    known = wilson_interval(count, total)
    assert wilson(Proportion(count, total)) == pytest.approx((known.low, known.high), abs=1e-6)
    low, high = wilson(Proportion(count, total, effect=2.0))
    assert high - low > known.high - known.low


def test_how_many_must_succeed():
    assert all_of(0.9) == 29
    assert proportion_at_least(Proportion(29, 29), 0.9).low == pytest.approx(0.05 ** (1 / 29))
    assert proportion_at_least(Proportion(29, 29), 0.9).outcome == "agrees"
    assert proportion_at_least(Proportion(28, 28), 0.9).outcome == "undecided"
    assert proportion_at_least(Proportion(8, 8), 0.9).outcome == "undecided"
    assert proportion_at_least(Proportion(20, 29), 0.9).outcome == "differs"
    assert proportion_at_least(Proportion(29, 29, effect=1.5), 0.9).outcome == "undecided"
    assert proportion_at_least(Proportion(29, 29), 0.9).power == pytest.approx(0.98**29)
    assert all_of(0.9, rows=7) == 47


def test_shares_pool_as_mantel_and_haenszel_do():
    tables = [(17, 20, 13, 20), (9, 10, 11, 30)]
    parts = [proportion_difference(Proportion(a, n), Proportion(b, m)) for a, n, b, m in tables]
    found = pooled(parts, [n * m / (n + m) for _, n, _, m in tables], (0, INFINITE))
    by_hand = sum((a * m - b * n) / (n + m) for a, n, b, m in tables) / sum(n * m / (n + m) for _, n, _, m in tables)
    assert found.difference == pytest.approx(by_hand)


def test_share_of_the_variance_between_data_sets():
    sets = [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert intraclass_correlation([1, 1, 1, 2, 2, 2, 5, 5, 5], ["x"] * 9, sets) == pytest.approx(1)
    assert intraclass_correlation([1, 2, 3, 1, 2, 3, 1, 2, 3], ["x"] * 9, sets) == 0
    values = np.array([1.0, 2, 3, 3, 4, 5, 8, 9, 10])
    means, spread = np.array([2.0, 4, 9]), 1.0
    mean_between = 3 * means.var(ddof=1)
    by_hand = (mean_between - spread) / (mean_between + 2 * spread)
    assert intraclass_correlation(values, ["x"] * 9, sets) == pytest.approx(by_hand)
    twice = intraclass_correlation([*values, *(values + 100)], ["x"] * 9 + ["y"] * 9, [*sets, *sets])
    assert twice == pytest.approx(by_hand), "conditions may differ as they like"
    assert intraclass_correlation([1, 2], ["x", "x"], [0, 1]) == 0, "one network a data set tells nothing"


def test_design_effect():
    assert design_effect([0] * 5 + [1] * 5 + [2] * 5, 0.25) == pytest.approx(2)
    assert design_effect([0, 1, 2, 3], 0.9) == pytest.approx(1)
    alone, shared = (mean_over_networks([1, 2, 3, 4], sets, 0.5) for sets in ([0, 1, 2, 3], [0, 0, 1, 1]))
    assert shared.error == pytest.approx(alone.error * math.sqrt(1.5))
    assert one_set_effect(6, 0.25) == pytest.approx(3)
    assert published_mean(1.0, 0.1, 6, 0.25).error == pytest.approx(0.1 * math.sqrt(3))


def test_power_is_the_share_of_agreements(seed):
    rng, error, margin = np.random.default_rng(seed), 0.05, 0.15
    drawn = rng.normal(0, error, 20_000)
    agreed = np.mean(np.abs(drawn) + Z * error <= margin)
    found = difference_of_means(Estimate(0, error), Estimate(0, 0.0), margin)
    assert found.power == pytest.approx(agreed, abs=0.02)
    away = rng.normal(found.smallest, error, 20_000)
    assert np.mean(away - Z * error > margin) == pytest.approx(0.8, abs=0.02)


def test_words_of_a_verdict():
    one = verdict_of("a", "1", "2", compared(-0.11, 0.31), rule="within 1")
    assert one.difference == "+0.10 [-0.11, +0.31]"
    assert (one.verdict, one.rule) == ("agrees", "within 1")
    assert one.power.startswith("agrees with a chance of 100% if the two are equal; finds differences from 1.")
    assert interval_words(proportion_at_least(Proportion(29, 29), 0.9), percent=True) == "100 [90, 100] %"
    assert interval_words(compared(-0.1, 0.3, (0, INFINITE)), percent=True) == "+10 [-10, +30] points"


@pytest.mark.slow
@pytest.mark.parametrize("between", [0.0, 0.3])
def test_coverage_where_networks_share_data_sets(between, seed):
    """Eight conditions of three data sets with five networks; the published 30 networks share one data set."""
    rng, hit, naive = np.random.default_rng(seed), 0, 0
    runs, conditions, sets, networks = 500, 8, 3, 5
    own, common = math.sqrt(1 - between), math.sqrt(between)
    for _ in range(runs):
        values = common * rng.normal(size=(conditions, sets, 1)) + own * rng.normal(size=(conditions, sets, networks))
        before = common * rng.normal() + own * rng.normal(size=30)
        labels = [(condition, one) for condition in range(conditions) for one in range(sets) for _ in range(networks)]
        share = intraclass_correlation(values.ravel(), [one[0] for one in labels], labels)
        found = mean_over_networks(values[0].ravel(), labels[: sets * networks], share)
        known = published_mean(before.mean(), before.std(ddof=1) / math.sqrt(30), 30, share)
        wide = difference_of_means(found, known, 1.0)
        as_if_independent = mean_over_networks(values[0].ravel(), list(range(15)), 0.0)
        plain = difference_of_means(as_if_independent, Estimate(known.value, before.std(ddof=1) / 30**0.5, 29), 1.0)
        hit += wide.low <= 0 <= wide.high
        naive += plain.low <= 0 <= plain.high
    assert hit / runs > 0.88  # the share of the variance is itself estimated: 0.92 on average
    if between:
        assert naive / runs < 0.75


@pytest.mark.slow
@pytest.mark.parametrize(("first", "second"), [(0.9, 0.6), (0.97, 0.97), (0.5, 0.45)])
def test_coverage_of_shares(first, second, seed):
    rng, runs = np.random.default_rng(seed), 2000
    counts = rng.binomial(20, [first, second], size=(runs, 2))
    found = [difference_of_proportions(Proportion(int(a), 20), Proportion(int(b), 20), (-1, 1)) for a, b in counts]
    assert np.mean([one.low <= first - second <= one.high for one in found]) > 0.92
    strata = rng.binomial(15, [first, second], size=(runs, 7, 2))
    wide = [
        pooled(
            [proportion_difference(Proportion(int(a), 15), Proportion(int(b), 15)) for a, b in row], [1.0] * 7, (-1, 1)
        )
        for row in strata
    ]
    assert np.mean([one.low <= first - second <= one.high for one in wide]) > 0.915
