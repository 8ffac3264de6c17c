import itertools

import numpy as np
import pytest

import recurra as rc
from recurra.analysis.dynamics.attractors import ORBIT, REST, Attractors, settle
from recurra.analysis.dynamics.fixed_points import fixed_points
from recurra.analysis.dynamics.program import (
    _unstable,
    answers_of,
    forgotten,
    points_and_program,
    program,
)
from recurra.analysis.memory.pulse_table import pulse_table
from recurra.analysis.states import starts_near
from recurra.runs.imports import read_network
from recurra.tasks import TASKS
from tests.networks import network_of, rotation, starts_of

TWO = rc.FlipFlop(bits=2)


def program_of(network, task):
    return program(network, task, points=fixed_points(network, starts=starts_of(network, 400)))


def test_two_bistable_units_are_a_flipflop():
    """Four corners, four saddles on the edges between them, and one repeller in the middle."""
    network = network_of(np.diag([1.5, 1.5]), bits=True)
    points = fixed_points(network, starts=starts_of(network, 400))
    assert list(points.index) == [0, 0, 0, 0, 1, 1, 1, 1, 2]
    found = program(network, TWO, points=points)
    assert list(found.kind) == [REST] * 4
    for saddle in np.unique(found.saddle[points.index[found.saddle] == 1]):
        ends = found.outputs[found.leads_to[found.saddle == saddle]]
        changed = np.sign(ends[0]) != np.sign(ends[1])
        assert changed.sum() == 1, "the two sides of an edge"
        assert points.states[saddle][changed] == pytest.approx(0)
    np.testing.assert_array_equal(np.sign(found.outputs[found.after]), TWO.states)
    for attractor, row in enumerate(found.following):
        for pulse, end in zip(TWO.stimuli()[:, 0], row, strict=True):
            expected = np.where(pulse != 0, pulse, np.sign(found.outputs[attractor]))
            np.testing.assert_array_equal(np.sign(found.outputs[end]), expected)
    table = pulse_table(network, TWO)
    assert table.right == table.reached.size == 16
    assert TWO.stimulus_names() == ("1+", "1-", "2+", "2-")


def test_pulses_that_are_too_weak_switch_nothing():
    network = network_of(np.diag([1.5, 1.5]), bits=True, inward=0.01)
    found = program_of(network, TWO)
    np.testing.assert_array_equal(found.following, np.repeat(np.arange(4)[:, None], 4, axis=1))
    table = pulse_table(network, TWO)
    assert (table.reached == table.reached[:, :1]).all()
    assert table.right == 8, "a pulse of the sign that a bit has already asks for no change"


def test_rotation_is_one_orbit():
    found = program_of(network_of(rotation(), bits=True), TWO)
    assert list(found.kind) == [ORBIT]
    assert not found.leads_to.any()
    np.testing.assert_allclose(found.outputs, 0, atol=0.05)


def test_known_attractors_are_recognized_and_new_ones_appended():
    network = network_of([[1.5]])
    known, label = settle(network, np.array([[0.2]]), np.zeros(1), Attractors())
    known, again = settle(network, np.array([[-0.1], [0.4], [-0.3]]), np.zeros(1), known)
    assert list(label) == [0]
    assert list(again) == [1, 0, 1]
    assert known.states[0] == pytest.approx(-known.states[1])


def test_states_that_rest_at_one_new_point_end_as_each_would_alone():
    network, starts = network_of(1.5 * np.eye(2)), starts_of(network_of(np.eye(2)), 40)
    starts[::5, 0] = 0.0  # stays on the border between two basins, in an unstable point
    together, label = settle(network, starts, np.zeros(1), Attractors())
    for start, at in zip(starts, label, strict=True):
        alone, own = settle(network, start[None], np.zeros(1), Attractors())
        assert list(own) == [0]
        np.testing.assert_allclose(together.states[at], alone.states[0], atol=1e-9)
    assert list(dict.fromkeys(label)) == list(range(len(together))) == list(range(6)), "in the order of the starts"


def test_an_orbit_is_known_again_and_what_is_off_it_is_not():
    network = network_of(rotation())
    known, label = settle(network, np.array([[0.3, 0.1]]), np.zeros(1), Attractors())
    radius = np.linalg.norm(known.states[0])
    assert (list(label), list(known.kind)) == ([0], [ORBIT])
    assert known.place(known.orbits[0][17]) == 0
    assert known.place(np.array([0.9 * radius, 0.0])) == 0
    assert known.place(np.array([0.5 * radius, 0.0])) == -1


@pytest.mark.parametrize("leak", [0.1, 1e-3])
def test_a_short_time_step_changes_no_end(leak):
    """A state that moves by less than 1e-9 a step is not at rest; an orbit of many short steps is one."""
    pitchfork = network_of([[1.5]], leak=leak)
    known, label = settle(pitchfork, np.array([[1e-7], [-0.1]]), np.zeros(1), Attractors())
    assert (len(known), *np.sort(label)) == (2, 0, 1)
    assert abs(known.states[0, 0]) == pytest.approx(0.8586, abs=1e-3)
    turn = network_of([[1.3, -0.8], [0.8, 1.3]], leak=leak)
    known, label = settle(turn, np.array([[0.1, 0.0], [0.0, -0.4]]), np.zeros(1), Attractors())
    assert (list(known.kind), *label) == ([ORBIT], 0, 0)


def test_growth_without_bound_and_drift_are_no_attractors():
    one_bit = rc.FlipFlop(bits=1)
    exploding = network_of([[2.0]], activation="relu", bias=1.0)
    assert len(program_of(exploding, one_bit)) == 0
    assert list(program_of(exploding, one_bit).after) == [-1, -1]
    drifting = network_of([[1.0]], activation="softplus", bias=-1e-4)  # it creeps towards 9.2
    known, label = settle(drifting, np.array([[8.0]]), np.zeros(1), Attractors(), longest=2_000)
    assert (len(known), *label) == (0, -1)


@pytest.mark.thorough
def test_program_of_the_published_and(reference, seed):
    """It rests, oscillates, oscillates and stays for 00, 01, 10 and 11, from wherever it begins."""
    task = TASKS["and"]()
    network = read_network(reference / "and_n50_orthogonal_04_epoch19.hdf5", 1.0, None)
    rates, _ = network.run(task.probe().inputs)
    found = program(
        network, task, points=fixed_points(network, starts=starts_near(states=rates, starts=400, spread=0.1, seed=seed))
    )
    rest, first, second, both = found.after
    assert first == second
    assert [found.kind_of(at) for at in (rest, first, both)] == ["unstable", "orbit", "rest"]
    np.testing.assert_allclose(found.outputs[[rest, both], 0], [0, 1], atol=0.05)
    assert len(found) == 4
    assert set(found.following[:, 1]) == {first}


def test_points_that_only_the_program_meets_are_among_the_points():
    """A search from one corner finds that corner; the pulses of the task lead to the others."""
    network = network_of(np.diag([1.5, 1.5]), bits=True)
    starts = np.full((20, 2), 0.9)
    points, found = points_and_program(network, TWO, starts=starts)
    assert list(points.index) == [0, 0, 0, 0]
    assert list(points.found) == [20, 0, 0, 0]
    assert points.starts == 20
    assert points.certified == 4
    assert len(found) == 4
    whole, again = points_and_program(network, TWO, starts=starts_of(network, 400))
    np.testing.assert_array_equal(whole.index[again.saddle] > 0, True)


def test_renumbered_units_have_the_same_program(seed):
    random = np.random.default_rng(seed)
    network = network_of(np.diag([1.5, 1.4, 0.2]) + 0.02 * random.normal(size=(3, 3)), bits=True)
    order = random.permutation(3)
    weights = network.weights
    other = network_of(weights.recurrent[order][:, order], bits=True)
    task = rc.FlipFlop(bits=3)
    points = fixed_points(network, starts=starts_of(network))
    moved = fixed_points(other, starts=starts_of(network)[:, order])
    assert len(program(network, task, points=points)) == len(program(other, task, points=moved))
    assert (np.sort(pulse_table(network, task).reached, axis=None) >= 0).all()


@pytest.mark.parametrize("rank", [0, 1, 3])
def test_modes_of_a_nearly_orthogonal_matrix(rank, seed):
    """Hundreds of moduli are equal to a per cent: what an iteration for the largest ones cannot tell apart."""
    random, units = np.random.default_rng(seed), 120
    matrix = 1.001 * np.linalg.qr(random.normal(size=(units, units)))[0]
    matrix += random.normal(size=(units, rank)) @ random.normal(size=(rank, units)) / units
    values = np.linalg.eigvals(matrix)
    values = values[np.argsort(-np.abs(values), kind="stable")]
    found = _unstable(matrix, values, 6, random)
    assert 6 <= len(found) <= 7
    assert np.diff([modulus for modulus, _ in found]).max() < 1e-12
    for value in values[np.imag(values) >= 0][:3]:
        parts = [mode for modulus, mode in found if modulus == abs(value)]  # of others with the same modulus too
        pairs = [one + 1j * other for one, other in itertools.pairwise(parts)] if np.imag(value) else parts
        assert min(np.abs(matrix @ vector - value * vector).max() for vector in pairs) < 1e-9


def test_modes_of_one_eigenvalue_differ(seed):
    """Every direction grows alike in a multiple of the identity; those that are followed are not one."""
    found = _unstable(1.5 * np.eye(5), np.full(5, 1.5 + 0j), 4, np.random.default_rng(seed))
    assert [modulus for modulus, _ in found] == [1.5] * 4
    assert np.linalg.matrix_rank([mode for _, mode in found]) == 4


def test_a_decision_is_forgotten_where_different_answers_end_at_one_attractor():
    answers = np.array([[1.0], [1.0], [-1.0], [np.nan]])
    assert forgotten(np.array([2, 2, 2, -1]), answers[:, :]) == {2: [0, 1, 2]}
    assert forgotten(np.array([2, 2, 0, -1]), answers) == {}, "one attractor an answer"
    assert forgotten(np.array([-1, -1, -1, -1]), answers) == {}
    np.testing.assert_array_equal(answers_of(TWO), TWO.states)


def test_bad_arguments():
    network = network_of([[1.5]])
    with pytest.raises(ValueError, match="modes is 0; expected at least 1"):
        program(network, rc.FlipFlop(bits=1), points=fixed_points(network, starts=starts_of(network)), modes=0)
