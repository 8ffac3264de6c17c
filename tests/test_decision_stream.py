"""Decisions in a stream: the numbers of NeuroGym's own sequences, single decisions, and an ideal observer."""

from itertools import pairwise

import jax
import numpy as np
import pytest
from scipy import stats

import recurra as rc
from recurra.runs.spec import RunSpec, to_spec
from recurra.testing import check_task

SINGLE = rc.DecisionStream(fixation_ms=(500.0,), stimulus_ms=(500.0,), length_ms=1100.0, cut=False)


def arrays(task, trials=4000, seed=0):
    """Inputs, choices (0 is fixation), and where a stimulus is shown."""
    drawn = task.sample(jax.random.key(seed), trials)
    inputs, choices = np.asarray(drawn.inputs), np.asarray(drawn.targets).argmax(axis=-1)
    return inputs, choices, inputs[..., 1] != 0


@pytest.mark.slow
def test_conforms():
    check_task(rc.DecisionStream(length_ms=1000.0))
    made = RunSpec(rc.DecisionStream(coherences=(10.0,), cut=False))
    assert to_spec(made.table()) == made


@pytest.mark.thorough
def test_statistics_are_those_of_neurogym(seed):
    """Of 8,960 sequences of 100 steps from `neurogym.Dataset` 1.0.3 with the primer's durations, to five standard
    errors of the difference (from 24 draws of ours)."""
    inputs, choices, stimulus = arrays(rc.DecisionStream(), seed=seed)
    for found, expected, within in (
        (inputs[..., 0].mean(), 0.848, 0.005),
        ((choices == 1).mean(), 0.0760, 0.0055),
        ((choices == 2).mean(), 0.0760, 0.0055),
        (stimulus.mean(), 0.566, 0.016),
        (inputs[stimulus][:, 1].mean(), 0.500, 0.0096),
        (inputs[stimulus][:, 1].std(), 0.259, 0.0035),
        (np.corrcoef(inputs[stimulus][:, 1:].T)[0, 1], -0.256, 0.02),
        (np.abs(inputs[stimulus][:, 1] - inputs[stimulus][:, 2]).mean(), 0.327, 0.007),
    ):
        assert found == pytest.approx(expected, abs=within)


@pytest.mark.thorough
def test_a_cut_is_as_likely_anywhere(seed):
    """A fraction 100 / 660 of the time is decision, at every step of the stretch; a stretch that begins with a
    decision has none at first."""
    _, choices, _ = arrays(rc.DecisionStream(), 8000, seed)
    shares = (choices > 0).mean(axis=0)
    np.testing.assert_allclose(shares, 5 / 33, atol=5 * np.sqrt(0.13 / 8000))
    begun = arrays(rc.DecisionStream(cut=False), 500, seed)[1]
    assert not begun[:, :7].any()


def test_durations_are_those_asked_for(seed):
    inputs, choices, stimulus = arrays(rc.DecisionStream(), 200, seed)
    stage = np.where(choices > 0, 2, np.where(stimulus, 1, 0))
    found = {0: set(), 1: set(), 2: set()}
    for one in stage:
        changes = np.flatnonzero(np.diff(one)) + 1
        for start, end in pairwise(changes):
            found[int(one[start])].add(int(end - start))
    assert found == {0: {2, 5, 10, 20}, 1: {5, 10, 20, 40}, 2: {5}}
    assert (inputs[..., 0] == (stage < 2)).all()
    assert (inputs[~stimulus][:, 1:] == 0).all()


def test_an_ideal_observer_of_a_single_decision(seed):
    r"""The observer compares the means of the evidences: right with probability $\Phi(c / \sqrt{2 \sigma^2 / T})$."""
    inputs, choices, _ = arrays(SINGLE, 8000, seed)
    assert (choices[:, :50] == 0).all()
    assert (choices[:, 50:] > 0).all()
    observed = 1 + (inputs[:, 25:50, 1] < inputs[:, 25:50, 2])
    summed = 1 + (inputs[:, 25:50, 1].sum(axis=1) < inputs[:, 25:50, 2].sum(axis=1))
    expected = np.mean([stats.norm.cdf(c / np.sqrt(2 / 500)) for c in (0, 0.064, 0.128, 0.256, 0.512)])
    assert (summed == choices[:, -1]).mean() == pytest.approx(expected, abs=5 * np.sqrt(0.12 / 8000))
    assert (observed[:, 0] == choices[:, -1]).mean() < expected - 0.05


@pytest.mark.slow
def test_the_probe_has_every_condition_alike():
    task = rc.DecisionStream()
    probe = task.probe()
    inputs, targets = np.asarray(probe.inputs), np.asarray(probe.targets)
    assert probe.condition_names == ("-51.2%", "-25.6%", "-12.8%", "-6.4%", "0%", "+6.4%", "+12.8%", "+25.6%", "+51.2%")
    np.testing.assert_array_equal(np.asarray(probe.condition), np.arange(9))
    np.testing.assert_allclose(inputs[0, 10], [1, 0.244, 0.756], rtol=1e-6)
    np.testing.assert_array_equal(targets[0, 30], [0, 0, 1])
    np.testing.assert_array_equal(targets[-1, 30], [0, 1, 0])
    counts = np.asarray(probe.counts)
    assert not counts[4, 30].any()
    assert counts[4, 29].all()
    assert counts[[0, 1, 2, 3, 5, 6, 7, 8]].all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fixation_ms": ()}, "fixation_ms is empty; expected at least one duration"),
        ({"stimulus_ms": (100.0, 5.0)}, "stimulus_ms is 5 ms, 0 steps of dt_ms = 20"),
        ({"decision_ms": -1.0}, "decision_ms is -1 ms; a duration cannot be negative"),
        ({"coherences": (120.0,)}, "coherences is .*; expected numbers from 0 to 100"),
        ({"input_noise": -1.0}, "input_noise is -1.0; expected 0 or"),
        ({"length_ms": 1.0}, "length_ms is 1 ms, 0 steps"),
        ({"cut": 1}, "cut is 1; expected True or False"),
    ],
)
def test_bad_values_are_named(change, message):
    with pytest.raises((ValueError, TypeError), match=message):
        rc.DecisionStream(**change)
