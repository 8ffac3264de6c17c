"""Models, constraints and rules of one's own, as the page writes them, train as ours do."""

import contextlib
import io
import re
from pathlib import Path

import jax
import numpy as np
import pytest

import recurra as rc
from recurra.arrays import named_arrays
from recurra.models.cohort import NotApplicableError
from recurra.training import Training

PAGE = Path(__file__).parents[1] / "docs" / "own-parts.md"
TASK = rc.And()
RULE = rc.BPTT(steps=60, batch=16, learning_rate=0.02, validation_trials=64)
SILENT = float((np.asarray(TASK.probe().targets) ** 2).mean())


@pytest.fixture(scope="module")
def page():
    """The names that the page defines, after all of it has run, with smaller numbers."""
    text = PAGE.read_text(encoding="utf-8")
    code = "\n".join(re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))
    for value, smaller in {"steps=300": "steps=1", "units=200": "units=10", "steps=20": "steps=1"}.items():
        assert value in code
        code = code.replace(value, smaller)
    names, printed = {"__name__": "own_parts"}, io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, PAGE.name, "exec"), names)  # noqa: S102 (our own page)
    assert printed.getvalue().splitlines()[1:] == re.findall(r"^```text\n(.*?)\n```$", text, re.MULTILINE)
    return names


@pytest.mark.slow
def test_a_cell_of_ones_own_learns_and_is_analysed(page):
    cohort = rc.train(TASK, page["Gated"](units=10), RULE, networks=2, seed=0)
    assert type(cohort.weights) is page["GatedWeights"]
    assert (cohort.history.validation_loss[:, -1] < 0.9 * SILENT).all()
    network = cohort[0]
    rates, outputs = network.run(TASK.probe().inputs)
    np.testing.assert_allclose(network.readout(rates), outputs, atol=1e-12)
    points = rc.fixed_points(network, rc.starts_near(rates, 50, 0.1, 0))
    assert (points.residual < 1e-12).all()
    assert not network.has_recurrent
    with pytest.raises(NotApplicableError, match="Gated networks have no single recurrent matrix"):
        _ = network.recurrent


def test_signs_hold_after_every_step(page):
    model = rc.RateRNN(units=10, recurrent_bias=True, constraints=(page["Dale"](0.7), rc.Frozen(("input",))))
    cohort = rc.train(TASK, model, RULE, networks=2, seed=1)
    for weights in (cohort.initial, cohort.weights):
        recurrent = np.asarray(weights.recurrent)
        assert (recurrent[..., :7] >= 0).all()
        assert (recurrent[..., 7:] <= 0).all()
    np.testing.assert_array_equal(cohort.weights.input, cohort.initial.input)
    assert (np.asarray(cohort.weights.recurrent) != np.asarray(cohort.initial.recurrent)).any()


def test_the_gradient_goes_through_a_constraint(page, seed):
    """One step of gradient descent in free parameters, by hand."""
    dale = page["Dale"](0.5)
    model = rc.RateRNN(units=6, constraints=(dale,), output_bias=False)
    rule = rc.BPTT(
        steps=1, batch=4, learning_rate=0.1, optimizer=rc.SGD(), gradient_clip=float("inf"), schedule=rc.Constant()
    )
    training = Training(TASK, model, rule, (0,), seed % 1_000)
    start = training.start()
    end, before = training.advance(start), start.start
    trials = rule.trials.batch(TASK, training.seed, 0, rule.batch)
    _, slope = training.used_engine.loss_and_gradient(
        training.dynamics, before, trials.inputs, trials.targets, trials.mask
    )
    free, signs = np.abs(np.asarray(before.recurrent[0])), np.asarray(dale.signs(before))
    expected = np.abs(free - 0.1 * np.asarray(slope.recurrent[0]) * signs) * signs
    np.testing.assert_allclose(end.learner.weights.recurrent[0], expected, atol=1e-6)


def test_a_rule_of_ones_own_learns_a_readout(page):
    rule = page["RidgeReadout"](steps=20, batch=16, validation_trials=64)
    cohort = rc.train(TASK, rc.RateRNN(units=40, initializer=rc.Orthogonal()), rule, networks=2, seed=0)
    for name in ("recurrent", "input", "recurrent_bias"):
        np.testing.assert_array_equal(named_arrays(cohort.weights)[name], named_arrays(cohort.initial)[name])
    assert (cohort.history.validation_loss[:, -1] < 0.9 * SILENT).all()


def test_what_is_no_constraint_or_array():
    with pytest.raises(TypeError, match="constraints has 'dale'; expected constraints such as"):
        rc.RateRNN(constraints=("dale",))
    model = rc.RateRNN(units=3, constraints=(rc.Frozen(("outputs",)),))
    with pytest.raises(ValueError, match="arrays to be frozen: outputs; the network has recurrent, input, output,"):
        rc.train(TASK, model, RULE, networks=1, seed=0)


def test_axes_are_those_of_the_annotations(page):
    kind = page["GatedWeights"]
    assert kind.axes()["gate"] == ("post", "pre")
    weights = page["Gated"](units=4).start(jax.random.key(0), 2, 3)
    assert (weights.units, weights.inputs, weights.outputs) == (4, 2, 3)
    with pytest.raises(ValueError, match="GatedWeights has no array with an axis 'area'"):
        weights.size("area")
