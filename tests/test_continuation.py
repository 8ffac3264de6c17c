import numpy as np
import pytest

from recurra.analysis.dynamics.continuation import continuation
from recurra.analysis.dynamics.fixed_points import fixed_points
from recurra.analysis.dynamics.flows import flow_of
from tests.networks import network_of, random_network, starts_of

GAIN = 1.5
TOP = np.sqrt(1 - 1 / GAIN)
FOLD = np.arctanh(TOP) - GAIN * TOP  # the input at which the upper point of h = tanh(a h + x) vanishes


def test_branch_goes_round_the_folds():
    """One bistable unit: from the upper point down to its fold, back to the lower one's, and down again."""
    network = network_of([[GAIN]])
    upper = fixed_points(network, starts=starts_of(network), inputs=1.0).states[0]
    branch = continuation(network, state=upper, direction=np.ones(1), amplitudes=(1.0, -1.0), arc=0.02)
    np.testing.assert_allclose(branch.amplitude[branch.fold], [FOLD, -FOLD], atol=1e-3)
    np.testing.assert_allclose(branch.states[branch.fold, 0], [TOP, -TOP], atol=0.02)
    np.testing.assert_allclose(branch.amplitude[[0, -1]], [1, -1], atol=1e-12)
    np.testing.assert_allclose(np.tanh(GAIN * branch.states[:, 0] + branch.amplitude), branch.states[:, 0], atol=1e-10)
    unstable = abs(branch.states[:, 0]) < TOP
    np.testing.assert_array_equal(branch.index[~branch.fold], unstable[~branch.fold])


def test_every_point_is_one_found_by_newton(seed):
    network = random_network(seed)
    state = fixed_points(network, starts=starts_of(network), inputs=2.0).states[0]
    branch = continuation(network, state=state, direction=np.ones(1), amplitudes=(2.0, 1.0), most=40)
    for amplitude, state in zip(branch.amplitude, branch.states, strict=True):
        assert np.linalg.norm(flow_of(network, amplitude).displacement(state)) < 1e-10


def test_leak_changes_no_branch():
    slow, fast = (
        continuation(network_of([[0.5]], leak=leak), state=np.zeros(1), direction=np.ones(1), amplitudes=(0.0, 1.0))
        for leak in (0.1, 1.0)
    )
    np.testing.assert_array_equal(slow.states, fast.states)
    assert (slow.leading.real > fast.leading.real).all()


def test_bad_arguments():
    network = network_of([[GAIN]])
    with pytest.raises(ValueError, match=r"amplitudes is \(1.0, 1.0\); expected two different numbers"):
        continuation(network, state=np.zeros(1), direction=np.ones(1), amplitudes=(1.0, 1.0))
    with pytest.raises(ValueError, match="finds no fixed point from the state"):
        continuation(network_of([[1.0]], activation="softplus", bias=1.0), state=np.zeros(1), direction=np.ones(1))
    with pytest.raises(ValueError, match=r"direction has shape \(2,\)"):
        continuation(network, state=np.zeros(1), direction=np.ones(2))


def test_a_short_time_step_changes_no_branch():
    """h = tanh(1.5 h + a) from its lower point up to the fold and back along the unstable part."""
    slow, fast = (
        continuation(
            network_of([[1.5]], leak=leak), state=np.array([-0.86]), direction=np.array([1.0]), amplitudes=(0.0, 0.5)
        )
        for leak in (1e-9, 1.0)
    )
    np.testing.assert_allclose(slow.states, fast.states)
    np.testing.assert_array_equal(slow.index, fast.index)
    np.testing.assert_array_equal(slow.fold, fast.fold)
    assert set(slow.index) == {0, 1}
