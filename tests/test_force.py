"""FORCE, full-FORCE and the readout by recursive least squares: what they solve, and what they refuse."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import recurra as rc
from recurra.analysis.free_run import _shifted_errors
from recurra.models.initializers import Normal
from recurra.testing import check_rule
from recurra.training import IntervalHint, LastPulseHint, Training
from recurra.training.full_force import Teacher
from recurra.training.recursion import BLOCK, LeastSquares, in_blocks, steps_of_a_block
from recurra.training.trial_sets import FreshTrials

TASK = rc.SumOfSines(length_ms=1_200.0, periods_ms=(600.0, 300.0), amplitudes=(1.0, 0.5))
ONE = {"validation_trials": 1, "trials": FreshTrials(steps_an_epoch=1)}
CURRENT = {"form": "current", "output_bias": False, "initializer": Normal(1.2)}


def test_the_recursion_is_ridge_regression(seed):
    """Against NumPy's normal equations, over more steps than a block has, some of them not learned from."""
    random = np.random.default_rng(seed)
    features, targets = random.normal(size=(3 * BLOCK + 5, 7)), random.normal(size=(3 * BLOCK + 5, 2))
    learn = random.random(len(features)) < 0.7
    start, alpha = random.normal(size=(2, 7)), 0.3

    def step(system, given):
        at, real, (feature, target, learn) = given
        return system.learned(at, real & learn, feature, system.respond(feature) - target), system.respond(feature)

    system, answers = jax.jit(lambda *every: in_blocks(step, LeastSquares.of(start, jnp.eye(7) / alpha), every))(
        features, targets, learn
    )
    used, wanted = features[learn], targets[learn]
    inverse = np.linalg.inv(alpha * np.eye(7) + used.T @ used)
    np.testing.assert_allclose(system.inverse, inverse, atol=1e-12)
    np.testing.assert_allclose(system.weights, (inverse @ (alpha * start.T + used.T @ wanted)).T, atol=1e-12)
    np.testing.assert_allclose(answers[0], start @ features[0], atol=1e-12)
    assert answers.shape == (len(features), 2)


def test_trials_side_by_side_are_one_ridge_regression(seed):
    """Five trials at every step, over more steps than a block has; some of the trials are not learned from."""
    random, trials = np.random.default_rng(seed), 5
    steps = 2 * steps_of_a_block(trials) + 3
    features, targets = random.normal(size=(steps, trials, 9)), random.normal(size=(steps, trials, 2))
    learn = random.random((steps, trials)) < 0.7
    start, alpha = random.normal(size=(2, 9)), 0.3

    def step(system, given):
        at, real, (feature, target, learn) = given
        found = jax.vmap(system.respond)(feature)
        return system.learned_together(at, real & learn, feature, found - target), found

    def all_steps(*every):
        return in_blocks(step, LeastSquares.of(start, jnp.eye(9) / alpha, trials), every, trials)

    system, answers = jax.jit(all_steps)(features, targets, learn)
    used, wanted = features[learn], targets[learn]
    inverse = np.linalg.inv(alpha * np.eye(9) + used.T @ used)
    np.testing.assert_allclose(system.inverse, inverse, atol=1e-12)
    np.testing.assert_allclose(system.weights, (inverse @ (alpha * start.T + used.T @ wanted)).T, atol=1e-12)
    np.testing.assert_allclose(answers[0], features[0] @ start.T, atol=1e-12)


@pytest.mark.thorough
def test_equal_trials_side_by_side_are_one_trial_that_counts_more():
    """Four copies of a trial with α are one trial with α / 4: the states are the same, and so is the regression."""
    task = rc.Chirp(length_ms=200.0, frequency_hz=(5.0, 5.0), cue_ms=20.0)
    model = rc.RateRNN(
        units=20, form="current", output_bias=False, initializer=rc.Zeros(), output_initializer=rc.Zeros()
    )
    shared = {"steps": 1, "learn_share": 1.0, **ONE}
    many = rc.train(task, model, rc.FullFORCE(batch=4, side_by_side=4, alpha=4.0, **shared), networks=1, seed=0)
    one = rc.train(task, model, rc.FullFORCE(**shared), networks=1, seed=0)
    for name in ("recurrent", "output"):
        np.testing.assert_allclose(getattr(many.weights, name), getattr(one.weights, name), rtol=1e-4, atol=1e-5)
    assert many.history.loss[0, -1] == pytest.approx(one.history.loss[0, -1], rel=1e-4)
    kept = rc.FixedTrials(count=4)  # a last batch of one trial, beside two that are not there
    rule = rc.FullFORCE(batch=3, side_by_side=3, learn_share=1.0, steps=2, validation_trials=1, trials=kept)
    cohort = rc.train(task, model, rule, networks=1, seed=0)
    assert cohort.status[0] != "diverged"
    assert np.isfinite(cohort.history.loss).all()


@pytest.mark.thorough
@pytest.mark.parametrize("model", [rc.RateRNN(units=8, initializer=Normal(1.0)), rc.GRU(units=5)], ids=["rate", "gru"])
def test_the_online_readout_is_that_of_the_closed_form(model):
    """The same trials by `Ridge`, whose penalty is β times the number of steps."""
    task, count = rc.Oscillation(), 6
    shared = {"steps": 1, "batch": count, "validation_trials": 2, "trials": FreshTrials(steps_an_epoch=1)}
    steps = int(np.asarray(task.sample(0, count).mask).sum())
    online = rc.train(task, model, rc.OnlineRidge(alpha=0.5, **shared), networks=1, seed=4)
    closed = rc.train(task, model, rc.Ridge(ridge=0.5 / steps, **shared), networks=1, seed=4)
    trials = task.sample(9, 4)
    for name in ("recurrent", "input"):
        np.testing.assert_array_equal(getattr(online.weights, name), getattr(online.initial, name))
    found, known = (np.asarray(one[0].run(trials.inputs)[1]) for one in (online, closed))
    np.testing.assert_allclose(found, known, rtol=1e-3, atol=1e-4 * np.asarray(trials.targets).std())


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("architecture", "model"),
    [
        ("A", rc.FeedbackRNN(units=300, constraints=(rc.Sparse(0.3),))),
        pytest.param("B", rc.FeedbackRNN(units=300, fed_back="controls"), marks=pytest.mark.slow),
        pytest.param("C", rc.FeedbackRNN(units=300, feedback_initializer=rc.Zeros()), marks=pytest.mark.slow),
    ],
)
def test_a_network_goes_on_by_itself(architecture, model):
    """The free run from where training ended follows the pattern; before training, the output is 0."""
    cohort = rc.train(TASK, model, rc.FORCE(architecture=architecture, steps=6, **ONE), networks=3, seed=1)
    trials, power = TASK.probe(), np.square(TASK.pattern()).mean()
    before, after = (
        [np.square(one.run(trials.inputs)[1] - np.asarray(trials.targets)).mean() / power for one in networks]
        for networks in ([cohort.before(at) for at in range(3)], cohort)
    )
    assert np.median(after) < 0.05
    assert np.median(before) > 0.9
    np.testing.assert_allclose(cohort.history.validation_loss[:, -1] / power, after, rtol=0.05, atol=1e-3)


def test_a_task_in_which_nothing_is_random_is_tested_on_one_trial():
    """A thousand equal trials would have the interval of a thousand that differ, and the memory of a thousand."""
    task = rc.Chirp(length_ms=500.0, frequency_hz=(2.0, 6.0))
    silent = rc.network(np.zeros((3, 3)), np.zeros((3, 1)), np.zeros((1, 3)))
    measured = rc.performance(silent, task)
    assert (measured.trials, measured.judged, measured.success) == (1, 1, 0.0)
    assert "0 % [0, 79.4] of 1 fresh trial is right" in str(measured)
    assert rc.performance(silent, task, trials=task.sample(0, 5)).trials == 5
    cohort = rc.train(task, rc.RateRNN(3), rc.Ridge(steps=1, batch=2, validation_trials=1), networks=2, seed=0)
    assert cohort.success_shares(trials=40).tolist() == [0.0, 0.0]


def test_a_late_pattern_has_an_error_that_a_shift_takes_away():
    """Of two outputs, one of them 30 steps late; by hand for every shift."""
    time = np.arange(400.0)
    task = rc.OwnPattern(np.stack([np.sin(time / 20), np.cos(time / 31)], axis=1))
    late = np.stack([np.sin((time - 30) / 20), np.cos((time - 30) / 31)], axis=1)
    errors = _shifted_errors(late, task.pattern(), 50)
    by_hand = [
        np.square(late[: 400 - s] - task.pattern()[s:]).sum() / np.square(task.pattern()[s:]).sum() for s in range(51)
    ]
    np.testing.assert_allclose(errors[50:], by_hand, atol=1e-9)
    assert np.argmin(errors) == 50 - 30
    silent = rc.network(np.zeros((3, 3)), np.zeros((3, 1)), np.zeros((2, 3)))
    run = rc.free_run(silent, task)
    assert (run.normalized_error, run.shifted_error) == (1.0, 1.0)
    assert run.absolute_error == pytest.approx(np.abs(task.pattern()).mean())
    assert np.isnan(run.correlation)
    assert rc.plot(run).get_xlabel() == "Time (ms)"


@pytest.mark.thorough
def test_only_what_the_architecture_names_is_learned():
    cohort = rc.train(TASK, rc.FeedbackRNN(units=20), rc.FORCE(steps=1, **ONE), networks=1, seed=0)
    for name in ("recurrent", "input", "feedback", "recurrent_bias", "output_bias"):
        np.testing.assert_array_equal(getattr(cohort.weights, name), getattr(cohort.initial, name))
    grown = np.linalg.norm(np.asarray(cohort.weights.output, float))  # from 0
    assert cohort.history.weight_change is not None
    np.testing.assert_allclose(cohort.history.weight_change, [[grown]], rtol=1e-9)
    control = rc.FeedbackRNN(units=20, fed_back="controls", control_density=0.25)
    cohort = rc.train(TASK, control, rc.FORCE(architecture="B", steps=1, **ONE), networks=1, seed=0)
    before, after = (np.asarray(one.control[0, 0]) for one in (cohort.initial, cohort.weights))
    assert np.count_nonzero(before) == 5
    np.testing.assert_array_equal(before != 0, after != 0)


def test_feedback_is_a_part_of_the_matrix(seed):
    """A network with feedback moves as one whose matrix is W + W_fb W_out."""
    for fed_back in ("outputs", "controls"):
        model = rc.FeedbackRNN(units=6, tau_ms=5.0, fed_back=fed_back, output_initializer=Normal(1.0))
        weights = model.start(seed, 1, 2)
        dynamics = model.dynamics(1.0)
        plain, folded = dynamics.without_feedback(weights)
        state = jnp.asarray(np.random.default_rng(seed).normal(size=6), jnp.float32)
        inputs = jnp.ones(1, jnp.float32)
        np.testing.assert_allclose(
            dynamics.step(weights, state, inputs), plain.step(folded, state, inputs), rtol=1e-5, atol=1e-5
        )
        np.testing.assert_allclose(dynamics.recurrent(weights), folded.recurrent)


@pytest.mark.thorough
def test_full_force_learns_what_the_second_network_shows():
    """A chirp from a pulse, by a network whose weights are 0 at first; and its currents are those that are shown."""
    task = rc.Chirp(length_ms=500.0, frequency_hz=(2.0, 6.0), cue_ms=20.0)
    model = rc.RateRNN(
        units=80, form="current", output_bias=False, initializer=rc.Zeros(), output_initializer=rc.Zeros(),
        input_initializer=rc.Uniform(),
    )  # fmt: skip
    cohort = rc.train(task, model, rc.FullFORCE(steps=12, **ONE), networks=2, seed=0)
    power = np.asarray(task.probe().targets).var()
    assert (cohort.history.validation_loss[:, -1] < 0.05 * power).all()
    weights = cohort.weights
    assert np.linalg.matrix_rank(np.asarray(weights.recurrent[0])) > 10


@pytest.mark.thorough
def test_full_force_knows_a_bias_that_is_not_trained():
    """Ignored, it would be an error of 1 in the free run."""
    model = rc.RateRNN(
        units=60, form="current", tau_ms=10.0, initializer=Normal(1.5), output_bias=False, recurrent_bias=False
    )
    rule = rc.FullFORCE(steps=20, validation_trials=1, trials=FreshTrials(20))
    training = Training(rc.Chirp(length_ms=500.0, frequency_hz=(2.0, 6.0), cue_ms=20.0), model, rule, (0,), 1)
    start = training.start()
    biased = replace(start.learner.weights, output_bias=jnp.ones((1, 1)))
    start = replace(start, start=biased, learner=replace(start.learner, weights=biased))
    trained = training.advance(start)
    assert trained.learner.weights.output_bias == 1
    assert trained.history.validation_loss[0, -1] < 0.1


def test_the_second_network_is_that_of_the_network_alone(seed):
    key = jax.random.key(seed)
    one, again, other = (Teacher.drawn(rc.FullFORCE(), k, 50, 1, 1) for k in (key, key, jax.random.key(seed + 1)))
    np.testing.assert_array_equal(one.recurrent, again.recurrent)
    assert (one.recurrent != other.recurrent).any()
    assert np.abs(np.linalg.eigvals(np.asarray(one.recurrent))).max() == pytest.approx(1.5, abs=0.6)
    assert abs(np.asarray(one.target)).max() <= 1


def test_the_hint_of_an_interval():
    """Ready at step 2, set at step 5: up for three steps, down for three, then silent."""
    inputs = np.zeros((1, 12, 2), np.float32)
    inputs[0, 2:4, 0] = inputs[0, 5:7, 1] = 1
    trials = rc.IntervalReproduction().sample(0, 1)
    trials = type(trials)(inputs, inputs[..., :1], inputs[..., :1] > -1, trials.condition, (), (), 10.0)
    found = np.asarray(IntervalHint(rise_ms=40.0).signal(trials))[0, :, 0] * 4
    np.testing.assert_allclose(found, [0, 0, 1, 2, 3, 2, 1, 0, 0, 0, 0, 0])


def test_the_hint_of_a_memory_is_the_sign_of_the_last_pulse():
    """Up at step 2, down at step 5 on the first input; the second has nothing but noise below the threshold."""
    inputs = np.zeros((1, 8, 2), np.float32)
    inputs[0, 2:4, 0], inputs[0, 5, 0], inputs[0, :, 1] = 1.1, -0.9, 0.4
    trials = rc.FlipFlop(bits=2).sample(0, 1)
    trials = type(trials)(inputs, inputs, inputs > -1, trials.condition, (), (), 1.0)
    found = np.asarray(LastPulseHint().signal(trials))
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found[0, :, 0], [0, 0, 1, 1, 1, -1, -1, -1])
    assert not found[0, :, 1].any()
    assert np.asarray(LastPulseHint(threshold=0.3).signal(trials))[0, :, 1].all()


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("rule", "model"),
    [
        (rc.FORCE(), rc.FeedbackRNN(units=8)),
        pytest.param(rc.FORCE(continuing=False), rc.FeedbackRNN(units=8), marks=pytest.mark.slow),
        pytest.param(rc.FORCE(architecture="B"), rc.FeedbackRNN(units=8, fed_back="controls"), marks=pytest.mark.slow),
        pytest.param(
            rc.FORCE(architecture="C", continuing=False), rc.RateRNN(units=8, **CURRENT), marks=pytest.mark.slow
        ),
        pytest.param(rc.OnlineRidge(), rc.RateRNN(units=8), marks=pytest.mark.slow),
        (rc.FullFORCE(), rc.RateRNN(units=8, **CURRENT)),
        (rc.FullFORCE(batch=4, side_by_side=2), rc.RateRNN(units=8, **CURRENT)),
        pytest.param(
            rc.FullFORCE(), rc.RateRNN(units=8, recurrent_bias=True, initializer=Normal(1.0)), marks=pytest.mark.slow
        ),
    ],
    ids=["A", "A-anew", "B", "C", "online", "full", "full-abreast", "full-biased"],
)
def test_conforms(rule, model):
    """Among others: a network alone is the one of a cohort, and a training resumed has the same bits."""
    check_rule(rule, model=model)


@pytest.mark.parametrize(
    ("rule", "model", "said"),
    [
        (rc.FORCE(), rc.GRU(units=4), "architecture A needs .*fed_back=.outputs.*; the model has GRUDynamics"),
        (rc.FORCE(), rc.RateRNN(units=4), "architecture A needs .*the model has RateDynamics"),
        (rc.FORCE(architecture="B"), rc.FeedbackRNN(units=4), "architecture B needs .*controls"),
        (rc.FORCE(architecture="C"), rc.RateRNN(units=4), "needs an initial state"),
        (rc.FORCE(architecture="C", continuing=False), rc.RateRNN(units=4), "learns no bias"),
        (
            rc.FORCE(architecture="C", continuing=False),
            rc.RateRNN(units=4, output_bias=False, constraints=(rc.Sparse(0.5),)),
            "learns recurrent by least squares, and Sparse limits recurrent",
        ),
        (rc.FORCE(), rc.FeedbackRNN(units=4, constraints=(rc.Frozen(("output",)),)), "Frozen keeps output"),
        (rc.OnlineRidge(), rc.FeedbackRNN(units=4), "OnlineRidge is for networks whose outputs are not fed back"),
        (rc.FullFORCE(), rc.LSTM(units=4), "needs rate units .*LSTMDynamics"),
        (rc.FullFORCE(), rc.RateRNN(units=4), "recurrent_bias=False and output_bias=True: make them equal"),
        (rc.FullFORCE(hint=IntervalHint()), rc.RateRNN(units=4, output_bias=False), "two inputs"),
    ],
)
def test_what_cannot_be_learned_is_one_line(rule, model, said):
    with pytest.raises(ValueError, match=said) as error:
        rc.train(TASK, model, rule, networks=1, seed=0)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: rc.FORCE(architecture="D"), "unknown architecture 'D'"),
        (lambda: rc.FORCE(alpha=0.0), "alpha is 0"),
        (lambda: rc.FORCE(learn_every=0), "learn_every is 0"),
        (lambda: rc.FullFORCE(learn_share=1.5), "learn_share is 1.5"),
        (lambda: rc.FullFORCE(batch=10, side_by_side=4), "side_by_side is 4; expected a divisor of the batch, 10"),
        (lambda: rc.FullFORCE(side_by_side=0), "side_by_side is 0"),
        (lambda: rc.FeedbackRNN(units=4, fed_back="controls", control_density=0.1), "none of the 4 units"),
        (lambda: rc.SumOfSines(amplitudes=(1.0,)), "periods_ms has 4 values, amplitudes 1"),
        (lambda: rc.SumOfSines(periods_ms=(2.0,), amplitudes=(1.0,)), "fewer than four steps"),
        (lambda: rc.OwnPattern(np.zeros((2, 2, 2))), r"the shape \(2, 2, 2\)"),
        (lambda: rc.OwnPattern([[1.0], [np.nan]]), "values"),
        (
            lambda: rc.OwnPattern([1e39] * 5),
            r"^values holds 5 values beyond the range of float32, of 5; expected numbers",
        ),
        (lambda: rc.OwnPattern(np.array([1j, 2])), "^values has the type complex128; expected real numbers"),
        (lambda: rc.OwnPattern([[1.0], [1.0, 2.0]]), "^values has rows of different lengths"),
        (lambda: rc.SumOfSines(amplitudes=(1e39,) * 4), "^amplitudes holds 4 values beyond the range of float32"),
        (
            lambda: rc.SumOfSines(amplitudes=(3e38,) * 4),
            "^the sum of sines with these amplitudes holds 4056 values beyond",
        ),
        (lambda: rc.SumOfSines(amplitudes=None), r"^amplitudes has the type object; expected real numbers \(sine\)"),
        (lambda: rc.SumOfSines(periods_ms=5), r"^periods_ms has shape \(\); expected \(sine\)"),
        (lambda: rc.SumOfSines(periods_ms="a"), r"^periods_ms has the type str32; expected real numbers \(sine\)"),
        (lambda: rc.SumOfSines(periods_ms=()), r"^periods_ms has shape \(0,\); expected \(sine\)"),
        (lambda: rc.SumOfSines(dt_ms="a"), "^dt_ms is 'a'; expected a number"),
        (lambda: rc.Chirp(dt_ms="a"), "^dt_ms is 'a'; expected a number"),
        (lambda: rc.Chirp(cue_ms=1e308, dt_ms=0.1), "^cue_ms is 1e.308 ms, more than 2,147,483,647 steps"),
        (
            lambda: rc.LorenzPattern(unit_ms=1e300),
            "^unit_ms is 1e.300, so that a step of dt_ms = 1 is 1e-300 units of .*10$",
        ),
        (lambda: rc.LorenzPattern(unit_ms=1e-300), "^unit_ms is 1e-300, so that .* expected 1e-06 to 10$"),
        (
            lambda: rc.LorenzPattern(unit_ms=0.2),
            "computed for 25,000 units of its time; expected at most 20,000. Lower",
        ),
        (
            lambda: rc.LorenzPattern(length_ms=2e7),
            "number of steps of a trial is 20000000; expected at most 10,000,000",
        ),
        (lambda: rc.OwnPattern([0.0, 1.0], cue_ms=5.0), "cue_ms is 5"),
        (lambda: rc.NormalizedErrorRule(error_bound=0.0), "error_bound is 0"),
    ],
)
def test_bad_parameters_are_named(made, said):
    with pytest.raises((TypeError, ValueError), match=said) as error:
        made()
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("made", [lambda: rc.SumOfSines(length_ms=1e6), lambda: rc.Chirp(dt_ms=1e-3)])
def test_a_pattern_beyond_the_memory_is_refused(made, monkeypatch):
    monkeypatch.setattr("recurra.checks.free_memory_bytes", lambda: 2.0**20)
    with pytest.raises(ValueError, match=r"^a pattern of length_ms = .* of dt_ms = .*, would take .* Lower length_ms"):
        made()


def test_lists_and_arrays_of_sines():
    listed = rc.SumOfSines(periods_ms=[600.0, 300.0], amplitudes=np.array([1.0, 0.5]), length_ms=1_200.0)
    assert listed == TASK
    assert hash(listed) == hash(TASK)
