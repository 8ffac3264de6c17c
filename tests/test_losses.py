"""Losses: known answers, and the engines against each other and against differences."""

from dataclasses import dataclass, field, replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import recurra as rc
from recurra.engine import LOSSES, NATIVE, PORTABLE, cross_entropy
from recurra.numerics import pinned
from recurra.runs.spec import read_table, to_spec, with_settings
from recurra.training import Training

pytestmark = pytest.mark.skipif(bool(NATIVE.missing()), reason="the native engine cannot be used")
MODELS = (rc.RateRNN(units=7, tau_ms=3.0), rc.GRU(units=5), rc.LSTM(units=1))


def cohort_of(model, dtype=np.float64, seed=0, outputs=3):
    """Two networks, inputs, choices as targets, and a mask with weights of which some are 0."""
    random = np.random.default_rng(seed)
    weights = [model.initial_weights(jax.random.key(number), 2, outputs) for number in range(2)]
    weights = jax.tree.map(lambda *arrays: np.stack([np.asarray(one, dtype) for one in arrays]), *weights)
    weights = jax.tree.map(lambda array: array + 0.3 * random.normal(size=array.shape).astype(dtype), weights)
    inputs = random.normal(size=(19, 11, 2)).astype(dtype)
    targets = np.eye(outputs)[random.integers(outputs, size=(19, 11))].astype(dtype)
    mask = random.choice([0.0, 1.0, 2.5], size=(19, 11, 1)) * np.ones(outputs)
    return weights, inputs, targets, mask.astype(dtype)


def test_known_cross_entropies():
    targets = np.array([[[1.0, 0.0], [0.0, 1.0]]])
    with pinned(double=True):
        assert float(cross_entropy(jnp.zeros((1, 2, 2)), targets, np.ones((1, 2, 2), bool))) == pytest.approx(np.log(2))
        sure = jnp.array([[[50.0, 0.0], [50.0, 0.0]]])
        assert float(cross_entropy(sure, targets, np.ones((1, 2, 2), bool))) == pytest.approx(25.0)
        first = np.array([[[True, True], [False, False]]])
        assert float(cross_entropy(sure, targets, first)) == pytest.approx(0.0, abs=1e-12)
        assert float(cross_entropy(sure, targets, np.zeros((1, 2, 2)))) == 0
        soft = np.array([[[0.5, 0.5], [0.5, 0.5]]])
        assert float(cross_entropy(jnp.zeros((1, 2, 2)), soft, np.ones((1, 2, 2)))) == pytest.approx(np.log(2))


def test_what_is_masked_may_be_anything():
    targets, mask = np.array([[[1.0, 0.0], [np.nan, 0.0]]]), np.array([[[1.0, 1.0], [0.0, 0.0]]])
    with pinned(double=True):
        value, slope = jax.value_and_grad(lambda z: cross_entropy(z, targets, mask))(
            jnp.array([[[1.0, 2.0], [9.0, 9.0]]])
        )
    assert np.isfinite(float(value))
    assert np.isfinite(np.asarray(slope)).all()
    np.testing.assert_array_equal(np.asarray(slope)[0, 1], 0)


@pytest.mark.thorough
@pytest.mark.parametrize("flags", [True, pytest.param(False, marks=pytest.mark.slow)])
@pytest.mark.parametrize("dtype", [np.float32, pytest.param(np.float64, marks=pytest.mark.slow)])
@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_engines_agree(model, dtype, flags):
    weights, inputs, targets, mask = cohort_of(model, dtype)
    mask = mask > 0 if flags else mask
    for outputs in (slice(None), slice(1)):  # a choice among one is no choice: a loss of 0
        cut = {"output": weights.output[:, outputs], "output_bias": weights.output_bias[:, outputs]}
        some = type(weights)(**{**vars(weights), **cut})
        with pinned(double=dtype == np.float64):
            got, expected = (
                engine.loss_and_gradient(
                    model.dynamics(1.0), some, inputs, targets[..., outputs], mask[..., outputs], loss="cross_entropy"
                )
                for engine in (NATIVE, PORTABLE)
            )
        tolerance = 1e-4 if dtype == np.float32 else 1e-11
        for one, other in zip(jax.tree.leaves(got), jax.tree.leaves(expected), strict=True):
            np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance * 1e-1)


@pytest.mark.parametrize("engine", [NATIVE, PORTABLE], ids=lambda engine: engine.name)
def test_gradient_is_that_of_differences(engine):
    model = MODELS[1]
    weights, inputs, targets, mask = cohort_of(model)
    of = partial(engine.loss_and_gradient, model.dynamics(1.0), loss="cross_entropy")
    with pinned(double=True):
        slope = np.asarray(of(weights, inputs, targets, mask)[1].recurrent)
        for at in [(0, 0, 1, 2), (1, 2, 4, 0), (0, 1, 3, 3)]:
            step = np.zeros_like(weights.recurrent)
            step[at] = 1e-5
            up, down = (
                np.asarray(of(type(weights)(**{**vars(weights), "recurrent": moved}), inputs, targets, mask)[0])
                for moved in (weights.recurrent + step, weights.recurrent - step)
            )
            assert slope[at] == pytest.approx((up - down)[at[0]] / 2e-5, rel=1e-5, abs=1e-9)


def test_a_softmax_of_huge_outputs_is_finite():
    weights, inputs, targets, mask = cohort_of(MODELS[0], np.float32)
    huge = type(weights)(**{**vars(weights), "output": weights.output * np.float32(1e30)})
    for engine in (NATIVE, PORTABLE):
        loss, _ = engine.loss_and_gradient(MODELS[0].dynamics(1.0), huge, inputs, targets, mask, loss="cross_entropy")
        assert np.isfinite(np.asarray(loss)).all()


def test_unknown_losses_are_refused():
    weights, *trials = cohort_of(MODELS[0])
    for engine in (NATIVE, PORTABLE):
        with pytest.raises(ValueError, match="unknown loss 'entropy'; did you mean 'cross_entropy'"):
            engine.loss_and_gradient(MODELS[0].dynamics(1.0), weights, *trials, loss="entropy")
    with pytest.raises(ValueError, match="unknown loss 'squared'; did you mean"):
        rc.BPTT(loss="squared")
    assert set(LOSSES) == {"mean_squared_error", "cross_entropy"}


@dataclass(frozen=True)
class Sooner(rc.OwnTask):
    """Which of two inputs has the pulse? Three choices: none yet, the first, the second."""

    conditions: tuple[str, ...] = ("first", "second")
    dt_ms: float = 10.0
    rule: rc.ChoiceRule = field(default_factory=lambda: rc.ChoiceRule(settle_ms=30.0, share=0.9))

    def trial(self, key):
        second = jax.random.bernoulli(key).astype(jnp.int32)
        time = jnp.arange(16, dtype=jnp.int32)
        pulse = jnp.where((time >= 3) & (time < 6), 1.0, 0.0)[:, None] * jax.nn.one_hot(second, 2)
        return rc.Trial.of(pulse, jax.nn.one_hot(jnp.where(time < 6, 0, 1 + second), 3), condition=second)


@pytest.mark.slow
def test_choices_are_learned_by_cross_entropy():
    rule = rc.BPTT(steps=400, learning_rate=5e-3, loss="cross_entropy", batch=32, validation_trials=64)
    cohort = rc.train(Sooner(), rc.RateRNN(units=16, tau_ms=20.0), rule, networks=2, seed=0)
    for number, network in enumerate(cohort):
        scores = rc.performance(network, Sooner(), trials=Sooner().sample(jax.random.key(9), 100))
        assert scores.success == 1
        assert cohort.history.validation_loss[number, -1] < 0.1
    before = rc.performance(cohort.before(0), Sooner(), trials=Sooner().sample(jax.random.key(9), 100))
    assert before.success < 0.6


def test_a_choice_is_the_largest_output():
    task = Sooner(rule=rc.ChoiceRule(settle_ms=0.0))
    trials = task.probe()
    targets = np.asarray(trials.targets)
    assert np.asarray(task.success(5 * targets - 30, trials)).all()
    assert not np.asarray(task.success(-targets, trials)).any()
    assert np.asarray(task.correct(targets + 9.0, trials)).all()
    assert not np.asarray(task.success(np.zeros_like(targets), trials)).any(), "of equal outputs the first counts"


class TestPeriodWeights:
    def test_weights_multiply_the_mask(self):
        trials = rc.PerceptualDecision().sample(jax.random.key(0), 3)
        weighted = trials.weighted((("fixation", 0.25), ("decision", 2.0)))
        factor = np.repeat([0.25, 1, 2], [10, 80, 30])[:, None]
        np.testing.assert_array_equal(np.asarray(weighted.mask), np.asarray(trials.mask) * factor)
        assert trials.weighted(()) is trials

    @pytest.mark.thorough
    @pytest.mark.parametrize("engine", ["portable", pytest.param("native", marks=pytest.mark.slow)])
    def test_a_weight_of_zero_is_no_period_and_a_common_factor_is_none(self, engine):
        def losses(**options):
            rule = rc.BPTT(steps=3, batch=4, trials=rc.FreshTrials(1), validation_trials=8, **options)
            return rc.train(
                rc.PerceptualDecision(), rc.RateRNN(units=5, tau_ms=50.0), rule, networks=2, seed=0, engine=engine
            )

        plain, same, silent = (losses(period_weights=one) for one in ({}, {"stimulus": 3.0}, {"fixation": 0.0}))
        np.testing.assert_array_equal(same.weights.recurrent, plain.weights.recurrent)  # the stimulus never counts
        assert (silent.weights.recurrent != plain.weights.recurrent).any()
        double = losses(period_weights={"fixation": 2.0, "decision": 2.0})
        np.testing.assert_allclose(double.history.loss, plain.history.loss, rtol=1e-6)
        np.testing.assert_array_equal(silent.history.success[:, :1], plain.history.success[:, :1])

    @pytest.mark.thorough
    @pytest.mark.parametrize("loss", ["mean_squared_error", "cross_entropy"])
    def test_the_loss_is_a_weighted_mean_over_periods(self, loss):
        trials = rc.DelayedMatchToSample().sample(jax.random.key(0), 5)
        outputs = jax.random.normal(jax.random.key(1), trials.targets.shape, jnp.float32)
        alone = [
            float(LOSSES[loss](outputs, trials.targets, trials.weighted(weights).mask))
            for weights in ((("decision", 0.0),), (("fixation", 0.0),))
        ]
        counts = np.asarray(trials.counts)
        answer = next(period for period in trials.periods if period.name == "decision")
        decision = counts[:, round(answer.start_ms / trials.dt_ms) : round(answer.end_ms / trials.dt_ms)].sum()
        shares = np.array([counts.sum() - decision, 3 * decision])
        both = float(LOSSES[loss](outputs, trials.targets, trials.weighted((("decision", 3.0),)).mask))
        assert both == pytest.approx((shares * alone).sum() / shares.sum(), rel=1e-5)

    def test_in_a_spec(self):
        table = with_settings(read_table("decision"), ["training.period_weights={fixation=0.1, decision=2.0}"])
        spec = to_spec(table)
        assert spec.training == replace(spec.training, period_weights={"fixation": 0.1, "decision": 2.0})
        assert to_spec(spec.table()) == spec
        assert hash(spec.training) == hash(to_spec(spec.table()).training)

    @pytest.mark.parametrize(
        ("weights", "message"),
        [
            ({"fixaton": 1.0}, "period_weights names 'fixaton', no period of the task decision; did you mean 'fix"),
            ({"fixation": 0.0, "decision": 0.0}, "leaves nothing of the task decision that counts"),
            ({"fixation": -1.0}, "period_weights of 'fixation' is -1.0; expected 0 or a finite number"),
            ((("decision", 1.0), ("decision", 2.0)), "period_weights names 'decision' twice"),
            (("decision", 1.0), "period_weights has 'decision'; expected a name and a number"),
            (3.0, "period_weights is 3.0; expected weights by name"),
        ],
    )
    def test_bad_weights_are_named(self, weights, message):
        with pytest.raises((ValueError, TypeError), match=message):
            Training(
                rc.PerceptualDecision(), rc.RateRNN(units=4, tau_ms=50.0), rc.BPTT(period_weights=weights), range(1), 0
            )


def test_tasks_with_other_numbers_of_outputs_have_no_common_softmax():
    """Outputs that do not count would be choices too."""
    rule = rc.BPTT(steps=1, batch=2, validation_trials=2, loss="cross_entropy", trials=rc.FreshTrials(1))
    both = rc.MultiTask((rc.And(), rc.FlipFlop(bits=2)))
    with pytest.raises(ValueError, match=r"one softmax over all outputs; the tasks .*: and 1, 2-bit flip-flop 2$"):
        rc.train(both, rc.RateRNN(units=4), rule, networks=1, seed=0)
