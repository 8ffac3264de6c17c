"""The cube score tells memories from echoes: latches have it, networks before training of any kind do not."""

import dataclasses

import jax
import matplotlib.pyplot as plt
import numpy as np
import pytest

import recurra as rc
from recurra.analysis import memory_cube, memory_geometry
from recurra.analysis.memory.cube import STANDS, cube_of, heights_of
from recurra.models import Network
from recurra.models.initializers import Identity, Normal, Orthogonal, SpectralRadius
from tests.networks import network_of

TASK = rc.FlipFlop(bits=2, length_ms=200.0, response_delay_ms=0.0)
STARTS = {
    "orthogonal": Orthogonal(),
    "normal": Normal(),
    "wild": Normal(1.5),
    "radius 0.9": SpectralRadius(0.9),
    "identity": Identity(),
    "near identity": Identity(0.9, 0.1),
}


def latch(gain=3.0, bits=2):
    return network_of(gain * np.eye(bits), inward=10.0, bits=True)


def untrained(start, seed, units=60, bias=0.0, task=TASK, **options):
    model = rc.RateRNN(units=units, initializer=STARTS[start], **({"tau_ms": 1.0} | options))
    weights = model.initial_weights(jax.random.key(seed), task.inputs, task.outputs)
    biases = bias * np.random.default_rng(seed).normal(size=units)
    return Network(model.dynamics(task.dt_ms), dataclasses.replace(weights, recurrent_bias=biases), task.dt_ms)


def test_latches_are_a_cube():
    found = memory_cube(latch(), TASK, seed=0)
    assert found.score == pytest.approx(1)
    assert found.heights == pytest.approx([1.99, 1.99], abs=0.01)
    assert found.heights_set == pytest.approx(found.heights)
    assert found.spread == pytest.approx(0, abs=1e-9)
    assert found.long_ms == 1_200
    assert found.stands


@pytest.mark.parametrize("options", [{}, {"bias": 0.3}, {"tau_ms": 50.0}, {"form": "current"}, {"activation": "relu"}])
@pytest.mark.parametrize("start", sorted(STARTS))
def test_no_network_before_training_has_it(start, options, seed):
    """Though the fit alone, soon after the pulses, is often nearly perfect."""
    with np.errstate(over="ignore", invalid="ignore"):
        assert not memory_cube(untrained(start, seed % 1_000, **options), TASK, seed=0).score > STANDS / 2


@pytest.mark.slow
@pytest.mark.parametrize("units", [100, 400])
@pytest.mark.parametrize("start", sorted(STARTS))
def test_no_large_network_before_training_has_it(start, units):
    task = rc.FlipFlop()
    for seed in range(3):
        assert memory_cube(untrained(start, seed, units, task=task), task, seed=0).score < STANDS / 2


@pytest.mark.slow
def test_the_published_network_has_it_and_its_start_does_not(reference):
    """One of the 64 ways from a memory state to another is lost within the long time, so that it is not 1."""
    from recurra.storage.keras_files import read_keras

    trained, start = (read_keras(reference / f"flipflop3_n400_{name}.hdf5", 1.0) for name in ("epoch20", "initial"))
    assert memory_cube(trained, rc.FlipFlop(), seed=0).score == pytest.approx(0.824, abs=5e-3)
    assert memory_cube(start, rc.FlipFlop(), seed=0).score < 0.01


@pytest.mark.parametrize("gain", [1.05, *[pytest.param(gain, marks=pytest.mark.slow) for gain in (1.02, 1.3)]])
def test_what_holds_states_before_training_does_not_read_them(gain):
    """Units that are bistable by themselves stay where pulses put them: on a parallelepiped of no meaning."""
    task, model = rc.FlipFlop(), rc.RateRNN(units=60, tau_ms=1.0, initializer=Identity(gain))
    for seed in range(2):
        weights = model.initial_weights(jax.random.key(seed), task.inputs, task.outputs)
        assert memory_cube(Network(model.dynamics(1.0), weights, 1.0), task, seed=0).score < STANDS / 2


@pytest.mark.parametrize("activation", ["relu", "softplus"])
def test_rates_without_bound_are_no_memory(activation, capfd):
    task, model = rc.FlipFlop(), rc.RateRNN(units=20, tau_ms=1.0, activation=activation, initializer=Normal(5.0))
    weights = model.initial_weights(jax.random.key(0), task.inputs, task.outputs)
    found = memory_cube(Network(model.dynamics(1.0), weights, 1.0), task, seed=0)
    assert (found.score, found.stands) == (0, False)
    assert np.isnan(found.heights).all()
    assert capfd.readouterr() == ("", "")


def test_an_echo_is_a_parallelepiped_and_no_memory():
    """Units that add up all pulses, and units that forget: R² is 1, the cube score is not."""
    adding, fading = network_of(np.eye(2), inward=0.01, bits=True), latch(gain=0.999)
    for network in (adding, fading):
        assert memory_geometry(network, TASK).hypercube_r2 == pytest.approx(1, abs=1e-6)
        assert memory_cube(network, TASK, seed=0).score < 0.25


def test_a_bit_that_is_not_held_or_not_apart_counts():
    """One latch that leaks; two bits in one direction."""
    leaking = network_of(np.diag([3.0, 0.5]), inward=10.0, bits=True)
    np.testing.assert_allclose(memory_cube(leaking, TASK, seed=0).bit_scores, [1, 0], atol=1e-6)
    same = np.array([[1.0, 0.0], [1.0, 1e-6]])
    np.testing.assert_allclose(heights_of(same), [1e-6, 1e-6], rtol=1e-3)
    np.testing.assert_allclose(heights_of(np.array([[3.0, 4.0]])), [5.0])


def test_score_by_hand(seed):
    """Corners of a rectangle with a known spread about each, and with an edge that was longer before."""
    signs = TASK.states
    turn = np.linalg.qr(np.random.default_rng(seed).normal(size=(6, 6)))[0]
    axes = np.array([[2.0, 0, 0, 0, 0, 0], [0, 1.0, 0, 0, 0, 0]])
    corners = signs @ axes + 5
    noise = np.zeros((4, 2, 1, 6))
    noise[:, 0, :, 2], noise[:, 1, :, 2] = 0.5, -0.5
    at_set = signs @ (axes * [[1.5], [0.5]])
    right = np.ones((4, 2, 2), bool)
    found = cube_of(at_set @ turn, (corners[:, None, None] + noise) @ turn, right, signs, 100.0)
    np.testing.assert_allclose(found.bit_scores, [4 / (9 + 0.125), 1 / (1 + 0.125)])
    right[0, :, 1] = False  # of one bit three in four are right
    some = cube_of(at_set @ turn, (corners[:, None, None] + noise) @ turn, right, signs, 100.0)
    np.testing.assert_allclose(some.bit_scores, found.bit_scores * [1, 0.75])
    assert found.score == found.bit_scores.min()
    assert found.spread == pytest.approx(0.5)
    np.testing.assert_allclose(found.axis_cosines, 0, atol=1e-12)
    nothing = cube_of(np.zeros((4, 6)), np.zeros((4, 2, 1, 6)), np.ones((4, 2, 2), bool), signs, 100.0)
    assert (nothing.score, nothing.stands) == (0, False)


@pytest.mark.parametrize("bits", [1, 2, 3, 4])
def test_the_corners_are_those_of_the_fit_but_for_a_rotation(bits, seed):
    random = np.random.default_rng(seed)
    signs = 2 * ((np.arange(2**bits)[:, None] >> np.arange(bits)[::-1]) & 1) - 1
    states = signs @ random.normal(size=(bits, 9)) + random.normal(size=9)
    right = np.ones((len(signs), 1, bits), bool)
    record = cube_of(states, states[:, None, None], right, signs, 100.0)
    centred = states - states.mean(axis=0)
    np.testing.assert_allclose(record.corners(bits) @ record.corners(bits).T, centred @ centred.T, atol=1e-8)
    axes = rc.plot(record)
    assert (axes.name == "3d") == (bits > 2)
    assert axes.get_title() == ("Bits 1 to 3 of 4, cube score 1.000" if bits == 4 else "Cube score 1.000")
    assert len(axes.get_lines()) == {1: 1, 2: 4, 3: 12, 4: 12}[bits]
    plt.close(axes.figure)


def test_bits_that_share_a_direction_have_no_corners():
    signs = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]])
    states = signs.sum(axis=1, keepdims=True) * np.ones((1, 3))
    record = cube_of(states, states[:, None, None], np.ones((4, 1, 2), bool), signs, 100.0)
    assert np.isnan(record.corners(2)).all()
    assert rc.plot(record).get_title() == "Cube score 0.000"
    assert rc.plot(record, "scores").get_ylabel() == "Score"
    plt.close("all")
