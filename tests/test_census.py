"""Cohorts with and without groups, maps with known places, and a figure of each."""

import dataclasses
import json
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_hex
from scipy.spatial.distance import pdist, squareform

from recurra.analysis import fixed_points
from recurra.analysis.cohorts.census import (
    ALONE,
    LEFT_OUT,
    Census,
    census_of,
    clusters,
    neighbour_agreement,
    network_map,
)
from recurra.analysis.cohorts.comparison import census_with, similarities_of
from recurra.analysis.cohorts.similarity import Similarities
from recurra.arrays import RateWeights
from recurra.engine import RateDynamics
from recurra.models import Network
from recurra.plotting.colors import NETWORKS
from recurra.plotting.papers.census import census_map
from recurra.plotting.scenes.census import hull
from recurra.runs.census import census_table
from recurra.storage.records import record_axes
from recurra.tasks import TASKS
from recurra.words.workings import signatures

KINDS = ("quiescent", "fixed", "cycle", "chaotic", "drifting")
TASK = TASKS["and"]()


def apart(points):
    return squareform(pdist(points))


def groups(random, sizes=(12, 8, 5), gap=12.0, dimensions=4):
    """Normal clouds at the corners of a simplex."""
    centres = gap * np.eye(dimensions)
    return np.concatenate([centres[at] + random.normal(size=(size, dimensions)) for at, size in enumerate(sizes)])


def compared_by(distances):
    return Similarities(distances, np.cos(np.minimum(distances, 1)), distances, distances, distances)


def network(units=8, gain=0.9, seed=0, activation="tanh"):
    random = np.random.default_rng(seed)
    weights = RateWeights(
        recurrent=gain * np.linalg.qr(random.normal(size=(units, units)))[0],
        input=random.normal(size=(units, TASK.inputs)),
        output=random.normal(size=(TASK.outputs, units)),
        recurrent_bias=np.zeros(units),
        output_bias=np.zeros(TASK.outputs),
    )
    return Network(RateDynamics("rate", activation, 1.0), weights, 1.0)


def test_signature_in_words():
    kinds, ones = np.array([[0, 2, 2, 1], [1, 1, 1, 1], [1, 1, 1, 1]]), np.ones(3, int)
    found = census_of(
        similarities=compared_by(apart(np.eye(3))),
        kinds=kinds,
        stable_points=ones,
        unstable_points=ones,
        seed=0,
        draws=19,
    )
    assert signatures(found, TASK) == [
        "fixed point after every condition",
        "rest after 00, cycle after 01 and 10, fixed point after 11",
    ]


@pytest.mark.thorough
def test_groups_are_found_and_numbered_by_size(seed):
    random = np.random.default_rng(seed)
    order = random.permutation(25)
    found = clusters(apart(groups(random)[order]), seed, draws=39)
    np.testing.assert_array_equal(found.labels, np.repeat([0, 1, 2], (12, 8, 5))[order])
    assert found.p_value == pytest.approx(1 / 40)
    assert found.silhouette > found.null_silhouette.max()
    again = clusters(apart(groups(random)[order]), seed, draws=39)
    assert (again.null_silhouette != found.null_silhouette).any(), "other distances"


@pytest.mark.thorough
def test_the_seed_decides(seed):
    distances = apart(groups(np.random.default_rng(seed)))
    one, same, other = (clusters(distances, of, draws=19) for of in (seed, seed, seed + 1))
    np.testing.assert_array_equal(one.null_silhouette, same.null_silhouette)
    assert (one.null_silhouette != other.null_silhouette).any()


@pytest.mark.slow
def test_a_normal_cloud_is_one_continuum():
    """At a level of 5 %: of 30 clouds at most 5 are taken for groups, which chance exceeds once in 300 times."""
    random = np.random.default_rng(0)
    found = [clusters(apart(random.normal(size=(18, 3)) * [3, 2, 1]), 0, draws=19) for _ in range(30)]
    assert sum(one.p_value <= 0.05 for one in found) <= 5
    kept = next(one for one in found if one.p_value > 0.05)
    assert (kept.labels == 0).all()
    assert kept.silhouette > 0
    assert kept.best_labels.max() >= 1


@pytest.mark.thorough
def test_an_outlier_is_no_cluster(seed):
    """One network far from a cloud is no cluster; far from three groups it is in none of them."""
    random = np.random.default_rng(seed)
    cloud = np.append(random.normal(size=(24, 3)), [[60.0, 0, 0]], axis=0)
    labels = clusters(apart(cloud), seed, draws=19).best_labels
    assert labels[-1] == ALONE or not labels.any()
    assert np.unique(labels[labels != ALONE], return_counts=True)[1].min() >= 3
    found = clusters(apart(np.append(groups(random), [[90.0] * 4], axis=0)), seed, draws=39)
    np.testing.assert_array_equal(found.best_labels, [*np.repeat([0, 1, 2], (12, 8, 5)), ALONE])


@pytest.mark.parametrize("count", [0, 1, 2, 3, 5])
@pytest.mark.parametrize("compared", [True, False])
def test_a_few_networks(count, compared):
    distances = 1 - np.eye(count) if compared else np.full((count, count), np.nan)
    found, plane = clusters(distances, 0, draws=19), network_map(distances)
    agreement = neighbour_agreement(distances, np.zeros(count, int))
    assert found.p_value == 1
    assert (found.labels == (0 if compared else LEFT_OUT)).all()
    assert (np.isfinite(plane.coordinates) == compared).all()
    assert np.isfinite(plane.stress)
    assert agreement == ((1, 1) if compared and count > 1 else pytest.approx((np.nan, np.nan), nan_ok=True))


def test_equal_networks_are_one_continuum():
    assert (clusters(np.zeros((20, 20)), 0, draws=19).labels == 0).all()


def test_a_plane_comes_back(seed):
    """Points in a plane: the distances exactly, all of them explained."""
    points = np.random.default_rng(seed).normal(size=(15, 2)) * [5, 1]
    found = network_map(apart(points))
    np.testing.assert_allclose(apart(found.coordinates), apart(points), atol=1e-6)
    assert found.explained.sum() == pytest.approx(1)
    assert found.explained[0] > found.explained[1]
    assert found.stress == pytest.approx(0, abs=1e-7)
    variances = np.linalg.eigvalsh(np.cov(points.T))[::-1]
    np.testing.assert_allclose(found.explained, variances / variances.sum(), atol=1e-9)
    assert network_map(apart(points[:, :1]), dimensions=3).coordinates[:, 1:] == pytest.approx(0, abs=1e-5)


def test_stress_by_hand():
    """Three networks at distance 1 on a line: the side that becomes longest, or the two of length 0, is the misfit."""
    found = network_map(1 - np.eye(3), dimensions=1)
    line = found.coordinates[:, 0]
    misfit = sum((abs(line[one] - line[other]) - 1) ** 2 for one, other in ((0, 1), (0, 2), (1, 2)))
    assert found.stress == pytest.approx(np.sqrt(misfit / 3))
    assert found.explained == pytest.approx([0.5])


@pytest.mark.thorough
@settings(max_examples=5, deadline=None)
@given(data=st.integers(0, 2**31))
def test_the_order_of_networks_changes_nothing(data):
    random = np.random.default_rng(data)
    points, order = random.normal(size=(14, 4)) * [4, 3, 2, 1], random.permutation(14)
    distances = apart(points)
    one, other = network_map(distances), network_map(distances[np.ix_(order, order)])
    np.testing.assert_allclose(other.coordinates, one.coordinates[order], atol=1e-6)
    first, second = (clusters(part, 0, draws=19) for part in (distances, distances[np.ix_(order, order)]))
    assert first.silhouette == pytest.approx(second.silhouette)


def test_networks_that_were_not_compared_are_left_out(seed):
    random = np.random.default_rng(seed)
    whole = apart(groups(random))
    holed = whole.copy()
    holed[3], holed[:, 3] = np.nan, np.nan
    rest = np.arange(25) != 3
    found, without = clusters(holed, seed, draws=19), clusters(whole[np.ix_(rest, rest)], seed, draws=19)
    np.testing.assert_array_equal(found.labels[rest], without.labels)
    assert found.labels[3] == LEFT_OUT
    plane = network_map(holed)
    assert np.isnan(plane.coordinates[3]).all()
    np.testing.assert_array_equal(plane.coordinates[rest], network_map(whole[np.ix_(rest, rest)]).coordinates)


def test_neighbours_by_hand():
    distances = apart(np.array([[0.0], [1], [10], [11.5], [13.1]]))
    assert neighbour_agreement(distances, np.array([0, 0, 1, 1, 2])) == pytest.approx((0.8, 0.2))
    assert neighbour_agreement(distances, np.array([0, 1, 0, 1, 0])) == pytest.approx((0.0, 0.4))


def census_of_groups(seed, holes=()):
    distances = apart(groups(np.random.default_rng(seed)))
    for at in holes:
        distances[at], distances[:, at] = np.nan, np.nan
    kinds = np.repeat([[0, 2, 2, 1], [0, 0, 0, 1], [1, 1, 1, 1]], (12, 8, 5), axis=0)
    return census_of(
        similarities=compared_by(distances),
        kinds=kinds,
        stable_points=np.arange(25),
        unstable_points=np.ones(25, int),
        seed=seed,
        draws=19,
    )


def test_census_of_groups(seed):
    found = census_of_groups(seed, holes=(2,))
    np.testing.assert_array_equal(found.signature_count, [12, 8, 5])
    np.testing.assert_array_equal(found.signature_kinds[found.signature], found.kinds)
    np.testing.assert_array_equal(found.labels[found.compared], found.signature[found.compared])
    assert found.compared.sum() == 24
    assert found.neighbour_share == 1
    assert found.neighbour_chance == pytest.approx((11 * 10 + 8 * 7 + 5 * 4) / (24 * 23))
    table = census_table(found, TASK)
    assert json.loads(json.dumps(table, allow_nan=False)) == table
    assert table["left_out"] == [2]
    assert table["signatures"][0] == {
        "signature": "rest after 00, cycle after 01 and 10, fixed point after 11",
        "networks": 12,
    }
    assert table["clusters"]["count"] == 3
    assert table["clusters"]["p_value"] == pytest.approx(1 / 20)
    assert (table["each"][2]["cluster"], table["each"][2]["map"]) == (None, [None, None])
    assert table["each"][24]["stable_points"] == 24


def test_census_is_a_record_of_arrays():
    found = census_of_groups(0)
    for name, axes in record_axes(Census).items():
        assert isinstance(value := getattr(found, name), (int, float, np.ndarray)), name
        assert np.ndim(value) == len(axes), name


def test_census_of_networks(seed):
    """Four networks, a copy, a silent one, and a relu network whose rates overflow."""
    networks = [network(gain=gain, seed=seed + at) for at, gain in enumerate((0.5, 0.9, 1.3, 1.5))]
    silent = dataclasses.replace(networks[0].weights, input=np.zeros((8, TASK.inputs)))
    weights = dataclasses.replace(networks[0].weights, recurrent=np.full((8, 8), 1e30), recurrent_bias=np.ones(8))
    relu = network(activation="relu")
    networks += [networks[0], dataclasses.replace(networks[0], weights=silent)]
    networks += [dataclasses.replace(relu, weights=weights), network(units=5)]
    points = [fixed_points(one, starts=np.zeros((1, one.weights.units))) for one in networks]
    similarities = similarities_of(networks, TASK, points)
    found = census_with(similarities, [SimpleNamespace(kind=np.zeros(4, int))] * 8, points, seed)
    np.testing.assert_array_equal(found.compared, [True] * 6 + [False, True])
    assert found.distances[0, 4] == pytest.approx(0, abs=1e-6)
    np.testing.assert_allclose(found.distances[5, [0, 1, 2, 3, 4, 7]], np.pi / 2)
    np.testing.assert_array_equal(found.labels == LEFT_OUT, ~found.compared)
    assert np.isfinite(similarities.spectral).all()


def test_bad_arguments():
    distances = apart(np.arange(8.0)[:, None])
    for bad in (distances - 1, distances + np.triu(np.ones((8, 8))), np.where(distances == 3, np.nan, distances)):
        with pytest.raises(ValueError, match="expected a symmetric matrix of finite numbers"):
            clusters(bad, 0)
    with pytest.raises(ValueError, match=r"shape \(2, 8\); expected a square matrix"):
        network_map(distances[:2])
    with pytest.raises(ValueError, match="draws is 18; expected at least 19"):
        clusters(distances, 0, draws=18)
    with pytest.raises(ValueError, match="stable_points has 7 rows; expected one for each of the 8 networks"):
        census_of(
            similarities=compared_by(distances),
            kinds=np.zeros((8, 4), int),
            stable_points=np.ones(7, int),
            unstable_points=np.ones(8, int),
            seed=0,
        )
    with pytest.raises(ValueError, match="did you mean 'spectral'"):
        census_of(
            similarities=compared_by(distances),
            kinds=np.zeros((8, 4), int),
            stable_points=np.ones(8, int),
            unstable_points=np.ones(8, int),
            seed=0,
            measure="spectrum",
        )
    with pytest.raises(ValueError, match="the network has 2 inputs; the task has 3"):
        similarities_of([network()], TASKS["flipflop"](), [fixed_points(network(), starts=np.zeros((1, 8)))])


def test_hull():
    square = np.array([[0, 0], [2, 0], [2, 2], [0, 2.0]])
    inside = np.array([[1, 1], [1, 0], [0.5, 1.5], [2, 2.0]])
    assert {tuple(corner) for corner in hull(np.concatenate([inside, square]))} == {tuple(corner) for corner in square}
    assert len(hull(np.arange(5.0)[:, None] * [1, 2])) == 2
    assert hull(np.ones((3, 2))).tolist() == [[1, 1]]


@pytest.mark.thorough
def test_figure_shows_every_compared_network(seed):
    found = census_of_groups(seed, holes=(2,))
    figure = census_map(found, signatures(found, TASK))
    figure.canvas.draw()
    plane, strip, matrix = figure.axes[:3]
    marks = [np.asarray(part.get_offsets()) for part in plane.collections]
    np.testing.assert_allclose(np.concatenate(marks), found.coordinates[found.compared])
    assert [to_hex(tuple(np.asarray(part.get_facecolor())[0])) for part in plane.collections] == list(NETWORKS[:3])
    assert {text.get_text() for text in plane.texts} == {"A", "B", "C"}
    assert "24 networks (1 left out)" in plane.get_title()
    assert [label.get_text() for label in matrix.get_xticklabels()] == ["A", "B", "C"]
    assert "3 clusters" in matrix.get_title()
    shown = np.asarray(matrix.images[0].get_array())
    assert shown.shape == (24, 24)
    assert shown[:11, :11].max() < shown[:11, 11:].min(), "a cluster is a dark block"
    np.testing.assert_array_equal(np.asarray(strip.images[0].get_array()).ravel(), np.repeat([0, 1, 2], (11, 8, 5)))
    assert figure.get_figwidth() * 25.4 == pytest.approx(170)


@pytest.mark.parametrize("count", [1, 2, 12])
@pytest.mark.parametrize("kept", [True, False])
def test_any_cohort_can_be_drawn(count, kept, seed):
    random = np.random.default_rng(seed)
    distances = apart(random.normal(size=(count, 3))) if kept else np.full((count, count), np.nan)
    kinds, ones = random.integers(0, 5, (count, 4)), np.ones(count, int)
    found = census_of(
        similarities=compared_by(distances), kinds=kinds, stable_points=ones, unstable_points=ones, seed=seed, draws=19
    )
    figure = census_map(found, signatures(found, TASK))
    figure.canvas.draw()
    assert len(figure.legends[0].get_texts()) == min(len(found.signature_count), 8)
    with pytest.raises(ValueError, match="expected one for each of"):
        census_map(found, ["one too few"] * (len(found.signature_count) - 1))
