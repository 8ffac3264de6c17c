"""Psychometric and chronometric curves: known answers, invariances, a null, and what is refused."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from scipy.special import ndtr

import recurra as rc
from conftest import SEED
from recurra.analysis import psychometric_of
from recurra.analysis.choices.chronometric import decision_steps
from recurra.analysis.choices.logistic import _loss, curve, fit_logistic
from recurra.analysis.choices.psychometric import PARAMETERS
from recurra.tasks import TASKS, CuedDecision, DecisionStream, EvidenceIntegration, SignedDecision

LEVELS = np.array([-16.0, -8, -4, -2, -1, 0, 1, 2, 4, 8, 16])
WITH_CHOICES = (
    rc.PerceptualDecision(),
    rc.ContextDecision(),
    SignedDecision(),
    CuedDecision(),
    EvidenceIntegration(),
    DecisionStream(),
)


def drawn(share, trials, seed=SEED):
    return np.random.default_rng(seed).binomial(trials, share)[None], np.full((1, len(share)), trials)


def integrator(task, gain=1.0, choice=0.0):
    """One unit that sums the difference of two inputs: h <- h + gain (x1 - x2), which is not bounded."""
    return rc.network([[1.0]], [[gain, -gain]], [[1.0]], recurrent_bias=[choice], activation="linear", dt_ms=task.dt_ms)


@pytest.mark.parametrize(("threshold", "slope", "lapse"), [(0.0, 0.5, 0.0), (2.0, 0.8, 0.05), (-1.0, -0.6, 0.02)])
def test_a_known_curve_is_recovered(threshold, slope, lapse):
    share = curve(np.array([-slope * threshold, slope, lapse]), LEVELS)
    record = psychometric_of(LEVELS, *drawn(share, 20_000), draws=40)
    for name, known, near in (("threshold", threshold, 0.1), ("slope", slope, 0.05), ("lapse", lapse, 0.01)):
        assert abs(getattr(record, name)[0] - known) < near, name
    assert record.depends[0]
    assert record.resolved[0]


@pytest.mark.slow
def test_the_interval_has_the_true_value_in_most_samples():
    """95 % in theory; 20 samples have it in fewer than 14 with a probability below 1e-5."""
    share = curve(np.array([-0.5, 0.5, 0.04]), LEVELS)
    inside = np.zeros(2, int)
    for at in range(20):
        record = psychometric_of(LEVELS, *drawn(share, 200, SEED + at), draws=60, seed=at)
        for number, known in enumerate((1.0, 0.5)):
            low, high = (getattr(record, f"{PARAMETERS[number]}_{end}")[0] for end in ("low", "high"))
            inside[number] += low <= known <= high
    assert (inside >= 14).all(), inside


def test_symmetric_choices_have_no_bias():
    count = np.array([[1, 3, 12, 30, 42, 50, 58, 70, 88, 97, 99]])
    record = psychometric_of(LEVELS, count, np.full_like(count, 100), draws=60)
    assert abs(record.threshold[0]) < 1e-3
    assert record.threshold_low[0] < 0 < record.threshold_high[0]
    np.testing.assert_allclose(record.at(LEVELS) + record.at(-LEVELS), 1, atol=1e-4)


def test_the_unit_of_the_evidence_scales_the_curve():
    count, total = drawn(curve(np.array([0.3, 0.4, 0.03]), LEVELS), 500)
    one, other = (fit_logistic(levels, count[0], total[0]) for levels in (LEVELS, LEVELS / 100))
    np.testing.assert_allclose([other.threshold * 100, other.slope / 100], [one.threshold, one.slope], rtol=1e-3)


def test_the_gradient_is_that_of_the_likelihood():
    count, total = drawn(curve(np.array([0.3, 0.4, 0.03]), LEVELS), 50)
    at = np.array([0.2, 0.7, 0.06])
    exact = _loss(at, LEVELS, count[0], total[0])[1]
    near = np.asarray(approx_fprime(at, lambda one: _loss(one, LEVELS, count[0], total[0])[0], 1e-7))
    np.testing.assert_allclose(exact, near, rtol=1e-4, atol=1e-3)


def test_choices_without_dependence_say_so():
    """At most 5 % by chance, as the test has it, and fewer since it is conservative."""
    seen = [psychometric_of(LEVELS, *drawn(np.full(11, 0.7), 100, SEED + at), draws=2) for at in range(20)]
    flat = [record for record in seen if not record.depends[0]]
    assert len(flat) >= 15
    assert "No dependence on evidence" in repr(flat[0])
    assert np.isnan(flat[0].threshold[0])
    np.testing.assert_allclose(flat[0].at(LEVELS), flat[0].share.mean())


def test_a_perfect_observer_is_steeper_than_the_levels_tell():
    count = np.where(LEVELS > 0, 100, np.where(LEVELS < 0, 0, 50))[None]
    record = psychometric_of(LEVELS, count, np.full_like(count, 100), draws=5)
    assert not record.resolved[0]
    assert "steeper than its levels can tell" in repr(record)
    assert abs(record.threshold[0]) < 0.05


@pytest.mark.thorough
def test_an_integrator_chooses_as_the_ideal_observer():
    r"""It is right with probability Φ(c √(T / 2) / σ), as the docstring of the task derives."""
    task = rc.PerceptualDecision(input_noise=2.0, fixation_ms=10.0, decision_ms=20.0)
    record = rc.psychometric(integrator(task), task, trials=task.sample(SEED, 20_000), draws=20)
    expected = ndtr(record.evidence / 100 * np.sqrt(task.stimulus_ms / 2) / task.input_noise)
    assert np.abs(record.share[0] - expected).max() < 0.05
    assert record.depends[0]
    assert (record.total.sum(), record.unmade) == (20_000, 0)


def test_a_bias_of_the_network_moves_its_curve():
    """A constant current of 0.05 a step, against a difference of c: choices turn at -5 %, but for noise."""
    task = rc.PerceptualDecision(input_noise=1.0, fixation_ms=10.0, decision_ms=20.0)
    trials = task.sample(SEED, 5_000)
    record = rc.psychometric(integrator(task, choice=0.05), task, trials=trials, draws=40)
    mirrored = rc.psychometric(integrator(task, choice=-0.05), task, trials=trials, draws=40)
    assert record.threshold[0] == pytest.approx(-5, abs=1)
    assert mirrored.threshold[0] == pytest.approx(5, abs=1)


def test_a_silent_network_makes_no_choice():
    task = rc.PerceptualDecision()
    silent = integrator(task, gain=0.0)
    record = rc.psychometric(silent, task)
    assert (record.unmade, record.total.sum()) == (1000, 0)
    assert not record.depends.any()
    assert "No dependence on evidence" in repr(record)
    times = rc.chronometric(silent, task)
    assert (times.decided.sum(), times.undecided.sum()) == (0, 1000)
    assert "No trial is decided" in repr(times)


def test_reaction_times_of_a_clean_integrator():
    """Without noise h reaches the bound B in the first step n with n c > B; the time is that of this step."""
    task = rc.PerceptualDecision(input_noise=0.0, coherences=(10.0, 20.0, 40.0))
    record = rc.chronometric(integrator(task), task, bound=0.99, draws=20)
    np.testing.assert_allclose(record.median_ms[0], (np.ceil(0.99 / np.array([0.1, 0.2, 0.4])) - 1) * task.dt_ms)
    np.testing.assert_allclose(record.low_ms, record.median_ms)
    assert record.undecided.sum() == 0
    assert record.answer_ms == 800


def test_a_decision_stays_until_the_end():
    variable = np.array([[0, 1, 0, 1, 1.0], [0, -1, -1, -1, -1], [1, 1, 1, 1, 0], [1, -1, -1, -1, 1]])
    steps, decided = decision_steps(variable, 0.5)
    assert decided.tolist() == [True, True, False, True]
    assert steps[decided].tolist() == [3, 1, 4]


@pytest.mark.thorough
@pytest.mark.parametrize("task", WITH_CHOICES, ids=lambda task: type(task).__name__)
def test_the_evidence_has_the_sign_of_the_right_answer(task):
    choices = task.choices()
    probe = choices.task.probe()
    begin, end = (choices.steps(bound) for bound in choices.answer_ms)
    answer = np.sign(choices.variable(probe.targets)[:, begin:end].mean(axis=1))
    evidence = choices.evidence[np.asarray(probe.condition)]
    np.testing.assert_array_equal(answer[evidence != 0], np.sign(evidence[evidence != 0]))
    inputs = np.asarray(probe.inputs)
    step = choices.steps(choices.stimulus_ms)
    assert (inputs[:, step - 1] != inputs[:, step]).any(), "the evidence begins there"
    assert sorted(at for number in range(len(choices.contexts)) for at in choices.of_context(number)) == list(
        range(len(choices.evidence))
    )


@pytest.mark.thorough
@pytest.mark.parametrize(
    "task",
    [*WITH_CHOICES[:2], *(pytest.param(task, marks=pytest.mark.slow) for task in WITH_CHOICES[2:])],
    ids=lambda task: type(task).__name__,
)
def test_every_task_with_choices_has_both_curves(task):
    model = rc.RateRNN(units=4).for_task(task)
    cohort = rc.train(task, model, rc.BPTT(steps=1, batch=2, validation_trials=4), networks=1, seed=0)
    record, times = rc.psychometric(cohort[0], draws=2), rc.chronometric(cohort[0], draws=2)
    assert record.total.sum() + record.unmade == 1000
    assert times.decided.sum() + times.undecided.sum() == 1000
    for one in (record, times):
        assert "<table" in one._repr_html_()
        assert rc.plot(one) is not None


def test_other_tasks_have_no_choices_and_say_so():
    assert {type(task) for task in WITH_CHOICES} - {DecisionStream} == {
        kind for kind in TASKS.values() if kind().choices() is not None
    }
    network = rc.network([[0.5]], [[1.0, 1.0]], [[1.0]])
    for analysis in (rc.psychometric, rc.chronometric):
        with pytest.raises(ValueError, match="the task xor has no choices by evidence; expected one whose choices"):
            analysis(network, rc.Xor())
    task = rc.PerceptualDecision()
    with pytest.raises(ValueError, match="bound"):
        rc.chronometric(integrator(task), task, bound=0.0)
    with pytest.raises(ValueError, match="draws"):
        rc.psychometric(integrator(task), task, draws=0)


def test_the_same_seed_gives_the_same_record():
    task = rc.PerceptualDecision(input_noise=2.0)
    one, again, other = (rc.psychometric(integrator(task), task, draws=5, seed=seed) for seed in (1, 1, 2))
    assert one.slope_low.tobytes() == again.slope_low.tobytes()
    assert (one.share != other.share).any()
