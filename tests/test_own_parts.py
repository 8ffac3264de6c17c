"""What the pages on parts of one's own show: each file is looked at, trained from the page's spec, saved and loaded."""

import contextlib
import dataclasses
import io
import re
import sys
import tomllib
from pathlib import Path

import jax
import numpy as np
import pytest

import recurra as rc
from recurra.arrays import named_arrays
from recurra.models.network import NotApplicableError
from recurra.runs import own
from recurra.runs.imports import inspected_network
from recurra.runs.record import cohort_of
from recurra.runs.runner import SilentProgress, start_run
from recurra.runs.spec import to_spec, with_settings
from recurra.training import Training

DOCS = Path(__file__).parents[1] / "docs"
PAGES = ("own-task", "own-model", "own-constraint", "own-rule")
SMALLER = ["networks=1", "training.steps=2", "training.batch=2", "training.validation_trials=2", "model.units=6"]
IN_PYTHON = {"networks=2": "networks=1", "networks=4": "networks=1", "units=40": "units=6"}
IN_PYTHON |= {"units=30": "units=6", "steps=300": "steps=1", "steps=100": "steps=1", "steps=400": "steps=1"}
IN_PYTHON |= {"1_000)": "8)"}
TASK = rc.And()
RULE = rc.BPTT(steps=60, batch=16, learning_rate=0.02, validation_trials=64)
SILENT = float((np.asarray(TASK.probe().targets) ** 2).mean())


def blocks(page: str, language: str) -> list[str]:
    text = (DOCS / f"{page}.md").read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    """The files of all pages, imported; forgotten afterwards."""
    folder, names = tmp_path_factory.mktemp("own"), []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(own, "_used", {})
        for page in PAGES:
            code = blocks(page, "python")[0]
            names.append(code.partition("\n")[0].removeprefix("# ").removesuffix(".py"))
            (folder / f"{names[-1]}.py").write_text(code)
        own.use([str(folder / f"{name}.py") for name in names])
        yield {key: value for name in names for key, value in vars(sys.modules[name]).items()}
        for name in names:
            del sys.modules[name]


@pytest.mark.thorough
@pytest.mark.parametrize(
    "page", [page if page == "own-model" else pytest.param(page, marks=pytest.mark.slow) for page in PAGES]
)
def test_the_spec_of_a_page_is_trained_and_stored(page, parts, tmp_path):
    (table,) = (tomllib.loads(text) for text in blocks(page, "toml"))
    spec = to_spec(with_settings(table, SMALLER))
    with jax.numpy_dtype_promotion("standard"):  # as users have it
        cohort = cohort_of(start_run(spec, tmp_path / "run", False, SilentProgress()))
    assert (cohort.task, cohort.model, cohort.rule) == (spec.task, spec.model, spec.training)
    whole = to_spec(table)
    assert any(type(part).__module__.startswith("my_") for part in _parts(whole))


def _parts(spec):
    return (spec.task, spec.model, spec.training, *spec.model.constraints)


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_the_python_of_a_page_runs(page, parts, tmp_path, monkeypatch):
    """With the check that it asks for, and smaller numbers."""
    monkeypatch.chdir(tmp_path)
    _, *rest = blocks(page, "python")
    code, printed = "\n".join(rest), io.StringIO()
    for value, smaller in IN_PYTHON.items():
        code = code.replace(value, smaller)
    with contextlib.redirect_stdout(printed), jax.numpy_dtype_promotion("standard"):  # as users have it
        exec(compile(code, page, "exec"), {"__name__": "page"})  # noqa: S102 (our own page)
    shown = blocks(page, "text")
    assert "rc.testing.check_" in code
    assert not shown or printed.getvalue().endswith(shown[-1])


@pytest.mark.thorough
def test_a_network_of_ones_own_cell_there_and_back(parts, tmp_path, monkeypatch):
    model = parts["Gated"](units=4)
    weights = jax.tree.map(np.asarray, model.start(jax.random.key(0, impl="threefry2x32"), TASK.inputs, TASK.outputs))
    network = rc.Network(model.dynamics(TASK.dt_ms), weights, TASK.dt_ms)
    network.save(tmp_path / "one.npz")
    back = inspected_network(tmp_path / "one.npz", "and", None, []).network
    assert (back.dynamics, type(back.weights)) == (network.dynamics, parts["GatedWeights"])
    for name, array in named_arrays(weights).items():
        np.testing.assert_array_equal(named_arrays(back.weights)[name], array)
    with monkeypatch.context() as patch:
        patch.delitem(sys.modules, "my_model")
        with pytest.raises(ValueError, match=r"one.npz: it needs the module my_model, .* Give --use my_model.py"):
            rc.load(tmp_path / "one.npz")
    changed = dataclasses.make_dataclass("Changed", [("gate", rc.Weights)], bases=(rc.Weights,), frozen=True)
    changed.axes = classmethod(lambda _: {"gate": ("post", "pre")})
    monkeypatch.setattr(parts["GatedDynamics"], "weights", changed)
    with pytest.raises(ValueError, match=r"has the arrays gate \(post pre\), candidate .*; GatedDynamics has gate"):
        rc.load(tmp_path / "one.npz")


@pytest.mark.slow
def test_a_cell_of_ones_own_learns_and_is_analysed(parts):
    cohort = rc.train(TASK, parts["Gated"](units=10), RULE, networks=2, seed=0)
    assert type(cohort.weights) is parts["GatedWeights"]
    assert (cohort.history.validation_loss[:, -1] < 0.9 * SILENT).all()
    network = cohort[0]
    rates, outputs = network.run(TASK.probe().inputs)
    np.testing.assert_allclose(network.readout(rates), outputs, atol=1e-12)
    points = rc.fixed_points(network, starts=rc.starts_near(states=rates, starts=50, spread=0.1, seed=0))
    assert (points.residual < 1e-12).all()
    with pytest.raises(NotApplicableError, match="Gated networks have no single recurrent matrix"):
        _ = network.recurrent


@pytest.mark.thorough
def test_the_gradient_goes_through_a_constraint(parts, seed):
    """One step of gradient descent in free parameters, by hand; connections that are not there stay away."""
    model = rc.RateRNN(units=6, initializer=rc.Normal(), constraints=(parts["Sparse"](0.5),), output_bias=False)
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
    first = np.asarray(before.recurrent[0])
    expected = first - 0.1 * np.asarray(slope.recurrent[0]) * (first != 0)
    np.testing.assert_allclose(end.learner.weights.recurrent[0], expected, atol=1e-6)
    assert 0 < np.count_nonzero(first) < 36


@pytest.mark.slow
def test_a_rule_of_ones_own_learns_a_readout(parts):
    rule, task = parts["Delta"](steps=100, batch=16, validation_trials=64), rc.PulseMemory()
    cohort = rc.train(task, rc.RateRNN(units=40, initializer=rc.Orthogonal()), rule, networks=2, seed=0)
    for name in ("recurrent", "input", "recurrent_bias"):
        np.testing.assert_array_equal(named_arrays(cohort.weights)[name], named_arrays(cohort.initial)[name])
    assert (cohort.history.success[:, -1] > 0.9).all()


def test_a_constraint_of_an_array_that_is_frozen_before_it(tmp_path):
    wrong = [{"kind": "frozen", "arrays": ["recurrent"]}, {"kind": "dale"}]
    spec = to_spec({"task": "and", "networks": 1, "model": {"units": 4, "constraints": wrong}})
    with pytest.raises(ValueError, match="Dale looks for recurrent, which a constraint before it does not pass on"):
        start_run(spec, tmp_path / "run", False, SilentProgress())
    assert not (tmp_path / "run").exists()


def test_what_is_no_constraint_or_array():
    with pytest.raises(TypeError, match="constraints has 'dale'; expected constraints such as"):
        rc.RateRNN(constraints=("dale",))
    with pytest.raises(ValueError, match="arrays to be frozen: outputs; the network has recurrent, input, output,"):
        rc.RateRNN(units=3, constraints=(rc.Frozen(("outputs",)),))


def test_a_constraint_of_an_array_that_the_cell_does_not_have(parts):
    for constraint in (rc.Dale(), rc.Sparse(0.5), rc.LowRank(), rc.SpectralRadius()):
        model = dataclasses.replace(parts["Gated"](units=4), constraints=(constraint,))
        name = type(constraint).__name__
        with pytest.raises(ValueError, match=f"{name} looks for recurrent; the network has gate, candidate"):
            model.start(jax.random.key(0, impl="threefry2x32"), 2, 1)


def test_axes_are_those_of_the_annotations(parts):
    kind = parts["GatedWeights"]
    assert kind.axes()["gate"] == ("post", "pre")
    weights = parts["Gated"](units=4).start(jax.random.key(0), 2, 3)
    assert (weights.units, weights.inputs, weights.outputs) == (4, 2, 3)
    with pytest.raises(ValueError, match="GatedWeights has no array with an axis 'area'"):
        weights.size("area")
