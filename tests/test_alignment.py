"""Known answers: latches beside units that store nothing, spans by hand, and the two forms of one network."""

from dataclasses import fields, replace

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from recurra.analysis.dynamics.fixed_points import FixedPoints, fixed_points
from recurra.analysis.memory.alignment import (
    Alignment,
    activity_directions,
    axis_alignment,
    cosines_with,
    leading_span,
    mean_share_in,
    share_in,
    slow_spans,
)
from recurra.analysis.memory.geometry import Geometry, memory_geometry
from recurra.arrays import RateWeights
from recurra.engine import RateDynamics
from recurra.models import Network
from recurra.runs.imports import read_network_for
from recurra.storage.records import from_dataset, to_dataset
from recurra.streams import Stream, random_key
from recurra.tasks import FlipFlop

TASK = FlipFlop(bits=2)
SHARES = ("leading", "leading_chance", "leading_chance_high", "slow", "slow_chance", "slow_chance_high")
COSINES = ("readout", "readout_chance", "readout_chance_high")


def network_of(recurrent, inward, output, form="rate", activation="tanh", leak=1.0):
    recurrent, inward, output = (np.asarray(one, float) for one in (recurrent, inward, output))
    weights = RateWeights(recurrent, inward, output, np.zeros(len(recurrent)), np.zeros(len(output)))
    return Network(RateDynamics(form, activation, leak), weights, 1.0)


def latches(gain, others, units=6, **options):
    """A bistable unit for each of two bits; the other units hear the inputs and forget them by the factor `others`."""
    recurrent = np.diag([gain, gain] + [others] * (units - 2))
    inward = np.vstack([2 * np.eye(2), np.random.default_rng(0).normal(size=(units - 2, 2))])
    return network_of(recurrent, inward, np.eye(2, units), **options)


def points_of(network, geometry):
    with threadpool_limits(1):  # other threads only wait for the two cores
        return fixed_points(network, starts=geometry.state_means)


def found_of(network, seed=0, task=TASK, **options):
    geometry = memory_geometry(network, task)
    return axis_alignment(network, task, geometry=geometry, points=points_of(network, geometry), seed=seed, **options)


def turned(network, order):
    """The same network with its units in another order."""
    weights = network.weights
    return network_of(weights.recurrent[order][:, order], weights.input[order], weights.output[:, order])


@pytest.mark.thorough
def test_latches_lie_along_readout_weights_and_slow_modes(seed):
    """At tanh(1.5 h) = h a latch forgets by a factor of 0.39 a step, the others by 0.1."""
    found = found_of(latches(1.5, 0.1), seed)
    np.testing.assert_allclose(found.readout, np.eye(2), atol=1e-9)
    np.testing.assert_allclose(found.leading, 1, atol=1e-9)
    np.testing.assert_allclose(found.slow, 1, atol=1e-9)
    assert found.leading_dimensions == 2
    assert found.states_used == 4
    for chance, high in (
        (found.leading_chance, found.leading_chance_high),
        (found.slow_chance, found.slow_chance_high),
        (found.readout_chance[0], found.readout_chance_high[0]),
    ):
        assert 0 < chance < high < 1


def test_saturated_latches_are_not_the_slow_modes(seed):
    """At tanh(3 h) = h a latch forgets by a factor of 0.03 a step, the others by 0.5."""
    found = found_of(latches(3.0, 0.5), seed)
    np.testing.assert_allclose(found.leading, 1, atol=1e-9)
    np.testing.assert_allclose(found.slow, 0, atol=1e-9)
    assert found.slow_chance > 0.05


def test_a_readout_across_the_axes_has_the_cosine_of_its_angle():
    network = latches(1.5, 0.1)
    output = np.array([[1.0, 1.0, 0, 0, 0, 0], [0, 1.0, 0, 0, 0, np.sqrt(3)]])
    found = found_of(replace(network, weights=replace(network.weights, output=output)))
    np.testing.assert_allclose(found.readout, [[np.sqrt(0.5), 0], [np.sqrt(0.5), 0.5]], atol=1e-9)


def test_more_outliers_than_bits_all_lead():
    """Three units with eigenvalues above 1.02, one of which stores nothing."""
    network = latches(1.5, 0.1)
    recurrent = network.weights.recurrent.copy()
    recurrent[2, 2] = 1.03
    found = found_of(replace(network, weights=replace(network.weights, recurrent=recurrent)))
    assert found.leading_dimensions == 3


def test_rate_and_current_form_of_one_network_agree(seed):
    """With leak 1 both have the same rates; their states and modes differ."""
    random = np.random.default_rng(seed)
    recurrent = latches(1.6, 0.3).weights.recurrent + random.normal(0, 0.05, (6, 6))
    inward, output = random.normal(size=(6, 2)), random.normal(size=(2, 6))
    inward[:2] = 2 * np.eye(2)
    rate, current = (found_of(network_of(recurrent, inward, output, form), seed) for form in ("rate", "current"))
    assert rate.states_used == current.states_used == 4
    for name in (*SHARES, *COSINES):
        np.testing.assert_allclose(getattr(current, name), getattr(rate, name), atol=1e-6)


def test_leak_changes_no_slow_mode_of_positive_eigenvalues():
    """The step's eigenvalues are 1 - leak + leak λ: the same order, the same vectors."""
    slow, fast = (found_of(latches(1.5, 0.1, leak=leak)) for leak in (0.5, 1.0))
    np.testing.assert_allclose(slow.slow, fast.slow, atol=1e-9)


def test_order_of_units_changes_nothing_but_the_draw(seed):
    random = np.random.default_rng(seed)
    network = latches(1.6, 0.3)
    weights = replace(network.weights, recurrent=network.weights.recurrent + random.normal(0, 0.05, (6, 6)))
    network = replace(network, weights=weights)
    one, two = found_of(network, seed), found_of(turned(network, random.permutation(6)), seed)
    for name in ("readout", "leading", "slow"):
        np.testing.assert_allclose(getattr(one, name), getattr(two, name), atol=1e-6)
    for name in ("leading_chance", "slow_chance", "readout_chance"):
        np.testing.assert_allclose(getattr(one, name), getattr(two, name), atol=0.1)


def test_states_without_a_near_stable_point_are_left_out():
    network = latches(1.5, 0.1)
    geometry = memory_geometry(network, TASK)
    points = points_of(network, geometry)
    assert (points.index == 0).all()
    used = [
        axis_alignment(network, TASK, geometry=geometry, points=chosen(points, kept), seed=0)
        for kept in ([0, 1, 2], [2], [])
    ]
    assert [one.states_used for one in used] == [3, 1, 0]
    np.testing.assert_allclose(used[1].slow, 1, atol=1e-9)
    np.testing.assert_array_equal(used[2].slow, [np.nan, np.nan])
    assert np.isnan(used[2].slow_chance)
    assert np.isnan(used[2].slow_chance_high)
    unstable = replace(points, index=np.ones_like(points.index))
    assert axis_alignment(network, TASK, geometry=geometry, points=unstable, seed=0).states_used == 0
    shifted = replace(geometry, state_means=geometry.state_means + 0.2)
    assert axis_alignment(network, TASK, geometry=shifted, points=points, seed=0, within=0.4).states_used == 4
    assert axis_alignment(network, TASK, geometry=shifted, points=points, seed=0, within=0.1).states_used == 0


def chosen(points, kept):
    values = {field.name: getattr(points, field.name) for field in fields(points)}
    along = {name: value for name, value in values.items() if np.shape(value)[:1] == (len(points.found),)}
    return replace(points, **{name: value[np.array(kept, int)] for name, value in along.items()})


def test_each_state_has_the_modes_of_its_own_point():
    network = latches(1.5, 0.1)
    geometry = memory_geometry(network, TASK)
    spans = slow_spans(network, geometry, points_of(network, geometry), 0.25, 1)
    assert len(spans) == 4
    for basis in spans:
        np.testing.assert_allclose(basis.T @ basis, np.eye(basis.shape[1]), atol=1e-12)
        assert (np.abs(basis[2:]) < 1e-9).all()


@pytest.mark.parametrize(("modes", "dimensions"), [(1, 2), (2, 2), (3, 3), (4, 5), (5, 5), (9, 5)])
def test_conjugate_pairs_stay_whole(modes, dimensions, seed):
    """Pairs of moduli 1.2 and 0.3, and an eigenvalue of 1.1, in a basis that is not orthogonal."""
    blocks = np.zeros((5, 5))
    blocks[:2, :2], blocks[2, 2] = [[0, -1.2], [1.2, 0]], 1.1
    blocks[3:, 3:] = [[0, -0.3], [0.3, 0]]
    base = np.eye(5) + 0.3 * np.random.default_rng(seed).uniform(-1, 1, (5, 5))
    basis = leading_span(base @ blocks @ np.linalg.inv(base), modes)
    assert basis.shape == (5, dimensions)
    np.testing.assert_allclose(share_in(base.T[:dimensions], basis), 1, atol=1e-9)
    np.testing.assert_allclose(basis.T @ basis, np.eye(dimensions), atol=1e-12)


def test_a_defective_matrix_has_the_span_of_what_vectors_it_has():
    basis = leading_span(np.array([[0.5, 1.0, 0], [0, 0.5, 0], [0, 0, 0.1]]), 2)
    np.testing.assert_allclose(np.abs(basis), [[1], [0], [0]], atol=1e-6)


def test_share_of_any_direction_is_the_share_of_dimensions(seed):
    random = np.random.default_rng(seed)
    basis = np.linalg.qr(random.normal(size=(10, 3)))[0]
    directions = random.normal(size=(4_000, 10))
    assert share_in(directions, basis).mean() == pytest.approx(0.3, abs=0.015)  # about seven standard errors
    np.testing.assert_allclose(share_in(3 * directions, basis), share_in(directions, basis))
    spans = [basis, np.eye(10)[:, :5]]
    np.testing.assert_allclose(
        mean_share_in(directions, spans), np.mean([share_in(directions, one) for one in spans], axis=0)
    )


def test_random_directions_have_the_covariance_of_the_rates(seed):
    """Up to a factor: each direction counts by its cosines only."""
    network = latches(1.5, 0.1)
    drawn = activity_directions(network, TASK, seed, 20_000)
    rates, _ = network.run(TASK.sample(random_key(seed, Stream.chance), 64).inputs)
    expected = np.cov(rates.reshape(-1, 6), rowvar=False)
    found = np.cov(drawn, rowvar=False)
    np.testing.assert_allclose(found / np.trace(found), expected / np.trace(expected), atol=0.02)


def test_seed_decides():
    network = latches(1.5, 0.1)
    one, two, other = (found_of(network, seed) for seed in (1, 1, 2))
    assert one.leading_chance == two.leading_chance
    assert one.leading_chance != other.leading_chance


def test_directions_without_length_have_no_cosine():
    directions = np.array([[0.0, 0.0], [np.nan, 1.0], [np.inf, 1.0], [1e300, 1e300]])
    found = cosines_with(directions, np.array([[1.0, 0.0], [0.0, 0.0]]))
    np.testing.assert_allclose(found, [[np.nan] * 2] * 3 + [[np.sqrt(0.5), np.nan]])
    np.testing.assert_allclose(share_in(directions, np.eye(2)[:, :1]), [np.nan] * 3 + [0.5])
    np.testing.assert_array_equal(share_in(directions, np.zeros((2, 0))), [np.nan] * 3 + [0.0])


def test_silent_network_is_nan():
    """It rests at 0 in all states: the axes have no length, the activity no directions."""
    found = found_of(network_of(np.zeros((4, 4)), np.zeros((4, 2)), np.zeros((2, 4))))
    for name in (*SHARES, *COSINES):
        assert np.isnan(getattr(found, name)).all(), name
    assert found.leading_dimensions == 2


def test_one_unit():
    found = found_of(network_of([[1.5]], [[2.0]], [[-1.0]]), task=FlipFlop(bits=1))
    np.testing.assert_allclose(found.readout, [[-1.0]])
    for name in SHARES:
        np.testing.assert_allclose(getattr(found, name), 1.0)
    assert found.states_used == 2


def test_huge_weights(seed):
    random = np.random.default_rng(seed)
    found = found_of(network_of(1e6 * random.normal(size=(8, 8)), random.normal(size=(8, 2)), np.eye(2, 8)))
    measured = found.leading[~np.isnan(found.leading)]  # an axis may have no length: all states end at the same signs
    assert ((measured > -1e-9) & (measured < 1 + 1e-9)).all()
    assert 0 < found.leading_chance < 1 + 1e-9
    assert 2 <= found.leading_dimensions <= 8


def test_exploded_network_is_nan():
    network = network_of(1e6 * np.eye(3), np.eye(3, 2), np.eye(2, 3), activation="relu")
    nothing = np.full((4, 3), np.nan)
    geometry = Geometry(nothing, nothing[0], nothing[:2], np.full(2, np.nan), np.nan, np.full(1, np.nan))
    found = axis_alignment(
        network, TASK, geometry=geometry, points=fixed_points(network, starts=np.zeros((1, 3))), seed=0
    )
    for name in (*SHARES, *COSINES):
        assert np.isnan(getattr(found, name)).all(), name
    assert found.states_used == 0


def test_record_can_be_stored():
    found = [found_of(latches(1.5, 0.1), seed) for seed in (0, 1)]
    stored = to_dataset(found, [0, 1])
    assert stored["readout"].dims == ("network", "bit", "output")
    again = from_dataset(Alignment, stored)[1]
    np.testing.assert_array_equal(again.readout, found[1].readout)
    assert again.leading_dimensions == 2


@pytest.mark.slow
def test_published_network(reference):
    """Readout and leading modes hold the axes better than the rest of the activity."""
    task = FlipFlop()
    found = found_of(read_network_for(reference / "flipflop3_n400_epoch20.hdf5", task), task=task)
    assert found.states_used == 8
    assert (np.diag(found.readout) > found.readout_chance_high).all()
    assert (np.abs(found.readout - np.diag(np.diag(found.readout))) < found.readout_chance).all()
    assert (found.leading > found.leading_chance_high).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"within": 0.6}, "within is 0.6; expected a number from 0 to 0.5"),
        ({"directions": 0}, "directions is 0; expected at least 1"),
        ({"seed": -1}, "seed is -1; expected at least 0"),
        ({"task": FlipFlop(bits=3)}, "the network has 2 inputs; the task has 3"),
        ({"network": latches(1.5, 0.1, units=7)}, r"expected \(bit, unit\) = \(2, 7\)"),
    ],
)
def test_bad_arguments(arguments, message):
    network = latches(1.5, 0.1)
    geometry = memory_geometry(network, TASK)
    given = {"network": network, "task": TASK, "geometry": geometry, "points": points_of(network, geometry), "seed": 0}
    with pytest.raises(ValueError, match=message):
        axis_alignment(**(given | arguments))


def test_points_of_another_network():
    network, other = latches(1.5, 0.1), latches(1.5, 0.1, units=7)
    geometry = memory_geometry(network, TASK)
    points: FixedPoints = points_of(other, memory_geometry(other, TASK))
    with pytest.raises(ValueError, match="points has states of size 7; expected 6"):
        axis_alignment(network, TASK, geometry=geometry, points=points, seed=0)
