"""Initial weights and equations of reservoirs."""

import numpy as np
import pytest

import recurra as rc
from recurra.testing import check_model


def test_ring_signs_and_one_unit():
    ring = np.asarray(rc.Ring(0.5)(0, (4, 4)))
    np.testing.assert_array_equal(ring @ [1, 2, 3, 4], 0.5 * np.array([4, 1, 2, 3]))
    np.testing.assert_allclose(np.abs(np.linalg.eigvals(ring)), 0.5, rtol=1e-6)
    signs = np.asarray(rc.Signs(0.3, density=0.25)(1, (40, 3)))
    np.testing.assert_array_equal((signs != 0).sum(axis=0), 10)
    assert set(np.unique(np.round(signs, 6))) == {np.float32(-0.3), np.float32(0), np.float32(0.3)}
    np.testing.assert_array_equal(rc.OneUnit(2.0)(0, (4, 2)), [[2, 0], [0, 2], [0, 0], [0, 0]])
    for wrong, shape, words in (
        (rc.Ring(), (3, 2), "square recurrent weights only"),
        (rc.Signs(density=0.01), (5, 1), "leaves no connection to 5 units"),
        (rc.OneUnit(), (2, 3), "more inputs than units"),
    ):
        with pytest.raises(ValueError, match=words):
            wrong(0, shape)


def test_the_step_at_the_edge_of_stability(seed):
    """By hand; with β = 1 that of a rate network; and at rest its eigenvalues lie near a circle of radius 1 - β."""
    model = rc.ES2N(units=60, proximity=0.2, input_initializer=rc.Uniform(0.5))
    weights, dynamics = model.start(seed, 1, 1), model.dynamics(1.0)
    random = np.random.default_rng(seed)
    state, x = random.normal(size=60).astype(np.float32), np.float32([0.3])
    current = weights.recurrent @ state + weights.input @ x
    np.testing.assert_allclose(
        dynamics.step(weights, state, x),
        0.2 * np.tanh(current) + 0.8 * weights.orthogonal @ state,
        rtol=1e-4,
        atol=1e-5,
    )
    np.testing.assert_allclose(weights.orthogonal @ weights.orthogonal.T, np.eye(60), atol=1e-5)
    moduli = np.abs(np.linalg.eigvals(np.asarray(dynamics.recurrent(weights))))
    assert (np.abs(moduli - 0.8) <= 0.2 * np.linalg.norm(weights.recurrent, 2) + 1e-5).all()
    with pytest.raises(ValueError, match=r"proximity is 1\.5"):
        rc.ES2N(proximity=1.5)


@pytest.mark.parametrize("model", [rc.ES2N, rc.RateRNN, rc.GRU, rc.FeedbackRNN])
@pytest.mark.parametrize("given", [None, 5, "input", rc.Frozen(("input",))])
def test_constraints_are_a_tuple(model, given):
    with pytest.raises(TypeError, match=r"^constraints is .*; expected a tuple such as \(Frozen"):
        model(constraints=given)


@pytest.mark.slow
def test_it_is_a_model():
    check_model(rc.ES2N(units=8))
