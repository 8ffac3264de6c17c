"""The readout in closed form."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import recurra as rc
from recurra.arrays import as_cohort
from recurra.engine import PORTABLE
from recurra.testing import check_rule
from recurra.training import Training
from recurra.training.forcing import forced_rates
from recurra.training.regression import BLOCK, Sums, sums_of
from recurra.training.ridge import _losses

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


def test_the_loss_of_a_network_has_the_same_bits_in_every_company(seed):
    trials = TASK.sample(jax.random.key(seed), 8)
    outputs = np.random.default_rng(seed).normal(size=(7, *trials.targets.shape)).astype(np.float32)
    whole = np.asarray(_losses(jnp.asarray(outputs), trials))
    for size in (1, 2, 3, 4):
        parts = [_losses(jnp.asarray(outputs[at : at + size]), trials) for at in range(0, 7, size)]
        np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_a_bad_ridge_is_named():
    with pytest.raises(ValueError, match="ridge is 0"):
        rc.Ridge(ridge=0)


def test_the_sums_are_those_of_float64_whatever_the_blocks(seed):
    """Over more steps than a block has, with one mask for all outputs or one for each, against NumPy in one piece."""
    random = np.random.default_rng(seed)
    rates = random.normal(size=(2, BLOCK // 2 + 37, 5)).astype(np.float32)
    targets = random.normal(size=(*rates.shape[:2], 2))
    for drawn in (random.random(targets.shape[:2])[..., None] * np.ones(2), random.random(targets.shape)):
        weight = np.where(drawn < 0.3, 0, drawn).astype(np.float32)
        sums = sums_of(rates, weight, targets, biased=True)
        for at in range(2):
            features = np.concatenate([rates, np.ones_like(rates[..., :1])], axis=-1).reshape(-1, 6).astype(float)
            own = weight[..., at].ravel().astype(float)
            np.testing.assert_allclose(sums.squares[at], features.T @ (own[:, None] * features), rtol=1e-12, atol=1e-9)
            np.testing.assert_allclose(sums.products[at], features.T @ (own * targets[..., at].ravel()), atol=1e-9)
            assert sums.counted[at] == pytest.approx(own.sum())
    read = np.array([[True] * 6, [False, True, True, True, True, True]])
    assert (sums.readout(1e-3, read) != 0).tolist() == read.tolist()
    assert np.isnan(Sums(-sums.squares, sums.products, sums.counted).readout(1e-9, read)).all()


@pytest.mark.thorough
def test_nothing_is_learned_from_the_washout():
    """A washout is the same as a mask over these steps; one as long as a trial is refused before anything is drawn."""
    steps = {"steps": 1, "batch": 4, "validation_trials": 2}
    model, late = rc.RateRNN(units=6, initializer=rc.Normal(1.0)), rc.Oscillation()
    first = late.in_steps(60.0)
    setup, washed = rc.Ridge(washout_ms=60.0, **steps), rc.Ridge(**steps)
    known = rc.train(late, model, setup, networks=1, seed=0)
    trials = washed.trials.batch(late, 0, 0, 4)
    mask = np.array(trials.mask)
    assert mask[:, :first].any()
    mask[:, :first] = False
    training = Training(late, model, washed, (0,), 0)
    start = training.start()
    group = training._setup(start.start, range(1), np.inf)
    learner, _, _ = washed.step(group, start.learner, jnp.ones(1, bool), replace(trials, mask=mask))
    np.testing.assert_array_equal(known.weights.output, learner.weights.output)
    with pytest.raises(ValueError, match=r"washout_ms is 1e\+06, and a trial has .* nothing is left to learn from"):
        rc.train(late, model, rc.Ridge(washout_ms=1e6, **steps), networks=1, seed=0)


def test_a_readout_that_reads_nothing_is_refused():
    """Under a constraint that lets outputs read only some units, here none of them."""
    rule = rc.Ridge(steps=1, batch=2, validation_trials=2)
    training = Training(TASK, rc.RateRNN(units=10, constraints=(rc.Dale(excitatory_readout=True),)), rule, (0,), 0)
    start = training.start().start
    nothing = replace(start, output=np.zeros_like(start.output))
    with pytest.raises(ValueError, match="no output reads a unit; allow connections"):
        rule.init(training._setup(nothing, range(1), np.inf), nothing)
    with pytest.raises(ValueError, match="Ridge learns the readout, and Frozen keeps it"):
        rc.train(TASK, rc.RateRNN(units=4, constraints=(rc.Frozen(("output",)),)), rule, networks=1, seed=0)


@pytest.mark.parametrize(
    "changed", [rc.Dale(positive_output=True), rc.Frozen(("output",), pre=(0, 1))], ids=["dale", "frozen"]
)
def test_a_constraint_that_would_change_the_solution_is_refused(changed):
    model = rc.RateRNN(units=6, initializer=rc.Normal(), constraints=(changed,))
    with pytest.raises(ValueError, match=r"Ridge learns output by least squares, and .* output; leave it out"):
        rc.train(TASK, model, rc.Ridge(steps=1, batch=2, validation_trials=2), networks=1, seed=0)


@pytest.mark.parametrize("online", [False, True])
def test_a_bias_that_is_not_trained_is_subtracted_from_the_targets(online, seed):
    """Against numpy's least squares of the targets without it; the readout that was drawn has no part in it."""
    draw = np.random.default_rng(seed)
    weights = draw.normal(size=(6, 6)) / 3, draw.normal(size=(6, 1)), draw.normal(size=(1, 6))
    start = rc.network(*weights, output_bias=[3.0], tau_ms=1.0, dt_ms=1.0)
    shared = {"steps": 1, "batch": 4, "validation_trials": 2, "trials": rc.FreshTrials(steps_an_epoch=1)}
    rule = rc.OnlineRidge(alpha=0.5, **shared) if online else rc.Ridge(ridge=1e-3, **shared)
    model = rc.RateRNN(units=6, tau_ms=1.0, output_bias=False)
    cohort = rc.train(TASK, model, rule, networks=1, seed=seed, start=start)
    trials = rule.trials.batch(TASK, seed, 0, 4)
    counts = np.asarray(trials.mask)[..., 0]
    features = cohort.before(0).run(trials.inputs)[0][counts]
    penalty = (0.5 if online else 1e-3 * len(features)) * np.eye(6)
    targets = np.asarray(trials.targets, float)[counts] - 3
    known = np.linalg.solve(features.T @ features + penalty, features.T @ targets)
    np.testing.assert_allclose(np.asarray(cohort.weights.output[0]).T, known, rtol=2e-3, atol=2e-4)
    assert np.asarray(cohort.weights.output_bias[0]) == 3


def test_force_knows_a_bias_that_is_not_trained(seed):
    """Nothing is fed back: with a bias b it learns what it learns of the target less b without one."""
    model = rc.FeedbackRNN(units=6, feedback_initializer=rc.Zeros(), output_bias=False)
    rule = rc.FORCE(architecture="C", steps=2, validation_trials=1)
    values = np.sin(np.arange(20.0))
    plain = Training(rc.OwnPattern(tuple((value - 0.5,) for value in values)), model, rule, (0,), seed)
    biased = replace(plain, task=rc.OwnPattern(tuple((value,) for value in values)))
    found = [plain.advance(plain.start()).learner.weights]
    start = biased.start()
    moved = replace(start.learner.weights, output_bias=jnp.full((1, 1), 0.5))
    start = replace(start, start=moved, learner=replace(start.learner, weights=moved))
    found.append(biased.advance(start).learner.weights)
    for name in ("output", "recurrent"):
        np.testing.assert_allclose(*(getattr(one, name) for one in found), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("number", [1e300, 1e-50])
@pytest.mark.parametrize(("rule", "name"), [(rc.Ridge, "ridge"), (rc.FORCE, "alpha"), (rc.FullFORCE, "alpha")])
def test_numbers_that_float32_does_not_hold_are_refused(rule, name, number):
    with pytest.raises(ValueError, match=rf"{name} is .*; expected a number from 1e-38 to 3e\+38, as float32"):
        rule(**{name: number})


def test_trials_from_which_nothing_would_be_learned_are_refused():
    rule, model = rc.FORCE(learn_every=21, steps=1), rc.FeedbackRNN(units=4)
    with pytest.raises(ValueError, match="learn_every is 21, and a trial has 20 steps: nothing is learned"):
        rc.train(rc.OwnPattern(((1.0,),) * 20), model, rule, networks=1, seed=0)


@pytest.mark.parametrize("rule", [rc.BPTT, rc.Ridge])
def test_an_infinite_loss_diverges(rule):
    """That of a silent network is infinite too."""
    course = {"steps": 1, "batch": 1, "validation_trials": 1, "trials": rc.FreshTrials(1)}
    for divergence in (100.0, float("inf")):
        made = rule(divergence=divergence, **course)
        cohort = rc.train(rc.OwnPattern(((1e20,),) * 20), rc.RateRNN(units=4), made, networks=1, seed=0)
        assert cohort.status[0].name == "diverged"


def test_a_network_with_feedback_learns_from_its_targets(seed):
    """Fed what its own readout generates, it moves as it does by itself."""
    starts = {"initializer": rc.Normal(0.3), "output_initializer": rc.Normal(0.3)}  # differences decay
    other = rc.FeedbackRNN(units=12, state_spread=0.0, **starts)
    weights = as_cohort(other.start(seed, 1, 2))
    dynamics, trials = other.for_task(TASK).dynamics(TASK.dt_ms), TASK.sample(seed, 3)
    rates, outputs = PORTABLE.run(dynamics, weights, trials.inputs)
    shown = replace(trials, targets=outputs[0], mask=np.ones(outputs[0].shape, bool))
    np.testing.assert_allclose(forced_rates(dynamics, weights, shown, None)[0], rates, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_it_is_a_rule():
    check_rule(rc.Ridge())
    check_rule(rc.Ridge(washout_ms=20.0), rc.Oscillation(), rc.FeedbackRNN(units=6))
