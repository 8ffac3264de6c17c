"""The readout in closed form."""

import jax
import numpy as np
import pytest

import recurra as rc

TASK = rc.Oscillation()


@pytest.mark.parametrize("biased", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_it_is_the_regression_of_all_trials(biased):
    """Against numpy's least squares in float64, on the trials that the training saw."""
    model = rc.RateRNN(units=8, initializer=rc.Normal(1.0), output_bias=biased)
    rule = rc.Ridge(steps=2, batch=6, ridge=1e-3, validation_trials=4, trials=rc.FreshTrials(steps_an_epoch=2))
    cohort = rc.train(TASK, model, rule, networks=2, seed=3)
    batches = [rule.trials.batch(TASK, 3, step, 6) for step in range(2)]
    inputs, targets, mask = (
        np.concatenate([np.asarray(getattr(one, name)) for one in batches]) for name in ("inputs", "targets", "mask")
    )
    for at in range(2):
        rates, _ = cohort.before(at).run(inputs)
        counts = mask[..., 0]
        features = np.concatenate([rates, np.ones_like(rates[..., :1])], axis=-1)[counts][:, : 8 + biased]
        penalty = 1e-3 * len(features) * np.eye(8 + biased)
        known = np.linalg.solve(features.T @ features + penalty, features.T @ targets.astype(float)[counts])
        found = np.vstack([np.asarray(cohort.weights.output[at]).T, np.asarray(cohort.weights.output_bias[at])[None]])
        np.testing.assert_allclose(found[: 8 + biased], known, rtol=2e-3, atol=2e-4)
        assert biased or not np.asarray(cohort.weights.output_bias[at]).any()


@pytest.mark.slow
def test_only_the_readout_moves_and_the_error_falls():
    rule = rc.Ridge(steps=4, batch=16, validation_trials=64)
    cohort = rc.train(TASK, rc.RateRNN(units=60, initializer=rc.Normal(1.2)), rule, networks=2, seed=0)
    for name in ("recurrent", "input", "recurrent_bias"):
        np.testing.assert_array_equal(getattr(cohort.weights, name), getattr(cohort.initial, name))
    trials = TASK.sample(jax.random.key(1), 64)
    for at in range(2):
        before, after = (rc.performance(one, TASK, trials=trials).mse for one in (cohort.before(at), cohort[at]))
        assert after < 0.9 * before


def test_a_bad_ridge_is_named():
    with pytest.raises(ValueError, match="ridge is 0"):
        rc.Ridge(ridge=0)
