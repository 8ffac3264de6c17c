"""Sweeps: what varies, the networks of every condition, and what the keys change."""

import json
import math

import numpy as np
import pytest
import xarray as xr

import recurra as rc
from built_records import built_sweep
from recurra.analysis.cohorts.swept import SweptKey, word
from recurra.cli.app import main
from recurra.plotting.papers.sweeps import sweep_figure
from recurra.report.sweep import write_sweep_report
from recurra.runs.sweep.axes import Axis, axes_of, axis_from_text, combined
from recurra.runs.sweep.conduct import SilentSweepProgress, conduct_sweep
from recurra.runs.sweep.folder import SweepFolder
from recurra.runs.sweep.plan import SweepPlan, plan_of
from recurra.storage.run_folder import RunFolder

RULE = rc.Ridge(steps=2, batch=8, validation_trials=4)
MODEL = rc.GRU(units=3)


@pytest.mark.thorough
def test_all_conditions_start_from_trained_networks(tmp_path, monkeypatch):
    """The sweep holds the whole path, and stays what it is elsewhere."""
    monkeypatch.chdir(tmp_path)
    rc.train(rc.Not(), MODEL, RULE, networks=2, seed=0).save("first")
    kept = rc.GRU(units=3, constraints=(rc.Frozen(("recurrent", "input")),))
    given = {"vary": {"training.ridge": [1e-4, 1e-2]}, "networks": 2, "seed": 1, "analyses": False}
    found = rc.sweep(rc.Not(), kept, RULE, path="second", start=rc.Transfer("first"), **given)
    for at in range(2):
        cohort = rc.load(tmp_path / "second" / "conditions" / str(at))
        np.testing.assert_array_equal(cohort.weights.recurrent, rc.load("first").weights.recurrent)
    monkeypatch.chdir("second")
    again = rc.sweep(rc.Not(), kept, RULE, path=".", start=rc.Transfer("../first"), **given)
    assert again.by_condition().equals(found.by_condition())
    with pytest.raises(TypeError, match="start is 3; expected"):
        rc.sweep(rc.Not(), kept, RULE, path=tmp_path / "third", start=3, **given)


# ---- what varies


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("training.steps=1,2", (1, 2)),
        ("training.learning_rate=0.001,0.01", (0.001, 0.01)),
        ("model.initializer=orthogonal,normal", ("orthogonal", "normal")),
        ('model.initializer={kind="normal",gain=0.5},identity', ({"kind": "normal", "gain": 0.5}, "identity")),
        ("a.b=true,false", (True, False)),
        ("a.b=[1,2],[3]", ([1, 2], [3])),
        ("a.b=1..5", rc.Range(1, 5)),
        ("a.b=1e-4..1e-1:log", rc.Range(1e-4, 1e-1, log=True)),
    ],
)
def test_values_in_text(text, values):
    assert axis_from_text(text) == Axis(text.partition("=")[0], values)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("training.steps", "expected KEY=A,B,C"),
        ("training.steps=", "expected KEY=A,B,C"),
        ("training..steps=1,2", "is no key of a spec"),
        ("networks=1,2", "networks cannot vary"),
        ("a.b=1,2,1", "a.b has the value 1 twice"),
        ("a.b=5..1", "a.b: the range is 5..1; expected two numbers, the smaller one first"),
        ("a.b=x..y", "the range x..y is not between two numbers"),
        ("a.b=0..1:log", "has no logarithm"),
    ],
)
def test_bad_values_in_text(text, message):
    with pytest.raises(ValueError, match=message):
        axis_from_text(text)


def test_values_from_python_may_be_parts():
    (axis,) = axes_of({"model.initializer": [rc.Orthogonal(), "normal"]})
    assert axis.values == ({"kind": "orthogonal", "gain": 1.0}, "normal")
    assert isinstance(axis.values, tuple)
    assert [word(value) for value in axis.values] == ["orthogonal (gain 1)", "normal"]
    with pytest.raises(TypeError, match=r"vary\['model.units'\] is 3; expected a list"):
        axes_of({"model.units": 3})
    with pytest.raises(ValueError, match="nothing varies"):
        axes_of({})


def test_combinations():
    axes = (Axis("a", (1, 2)), Axis("b", ("x", "y")))
    assert combined(axes, "all") == [(1, "x"), (1, "y"), (2, "x"), (2, "y")]
    assert combined(axes, "zip") == [(1, "x"), (2, "y")]
    with pytest.raises(ValueError, match="a 2, b 3"):
        combined((axes[0], Axis("b", (1, 2, 3))), "zip")
    with pytest.raises(ValueError, match="a key varies twice"):
        combined((axes[0], axes[0]), "all")
    with pytest.raises(ValueError, match="b has a range; say how many conditions to draw"):
        combined((axes[0], Axis("b", rc.Range(0, 1))), "all")
    with pytest.raises(ValueError, match="10,404 conditions; at most 10,000"):
        combined((Axis("a", tuple(range(102))), Axis("b", tuple(range(102)))), "all")


def test_a_sample_fills_its_ranges_evenly():
    axes = (Axis("a", rc.Range(0.0, 1.0)), Axis("b", rc.Range(1, 4)), Axis("c", rc.Range(1e-4, 1.0, log=True)))
    drawn = combined(axes, "sample", samples=8, seed=3)
    assert sorted(int(8 * a) for a, _, _ in drawn) == list(range(8))
    assert sorted(b for _, b, _ in drawn) == [1, 1, 2, 2, 3, 3, 4, 4]
    assert sorted(int(2 * (math.log10(c) + 4)) for _, _, c in drawn) == list(range(8))
    assert drawn == combined(axes, "sample", samples=8, seed=3)
    assert drawn != combined(axes, "sample", samples=8, seed=4)


def test_a_plan_comes_back_from_its_table():
    base = {"task": "not", "networks": 2, "seed": 0}
    axes = (Axis("model.units", (2, 3)), Axis("model.leak", rc.Range(0.1, 1.0)))
    plan = SweepPlan(base, axes, "sample", 4)
    assert plan_of(base, json.loads(json.dumps(plan.table()))) == plan


def test_infinite_numbers_are_stored_and_read_back(tmp_path):
    base = {"task": "not", "training": {"kind": "bptt", "gradient_clip": math.inf}}
    axes = (*axes_of({"training.divergence": [10.0, math.inf]}), axis_from_text("training.learning_rate=0.01,0.1"))
    plan = SweepPlan(base, axes)
    SweepFolder.create(tmp_path / "clipped", plan, {})
    read = SweepFolder.open(tmp_path / "clipped").plan
    assert read == plan
    rules = [one.spec.training for one in read.conditions]
    assert {rule.gradient_clip for rule in rules} == {math.inf}
    assert [rule.divergence for rule in rules] == [10.0, 10.0, math.inf, math.inf]


def test_an_impossible_condition_is_named():
    plan = SweepPlan({"task": "not"}, (Axis("model.units", (2, -1)),))
    with pytest.raises(ValueError, match="units -1: model: units is -1; expected at least 1"):
        plan.conditions  # noqa: B018
    with pytest.raises(ValueError, match=r"unknown key model\.unit"):
        SweepPlan({"task": "not"}, (Axis("model.unit", (2,)),)).conditions  # noqa: B018


# ---- the networks


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("sweep") / "ridges"


@pytest.fixture(scope="module")
def swept(folder):
    vary = {"training.ridge": [1e-4, 1e-2], "task.input_noise": [0.0, 0.1]}
    return rc.sweep(rc.Not(), MODEL, RULE, vary=vary, networks=2, seed=1, path=folder, analyses=False)


@pytest.mark.slow
def test_network_k_of_a_condition_is_network_k_of_its_spec(swept):
    condition = swept.condition(ridge=1e-2, input_noise=0.1)
    alone = rc.train(rc.Not(input_noise=0.1), MODEL, rc.Ridge(ridge=1e-2, steps=2, batch=8, validation_trials=4),
                     networks=2, seed=1)  # fmt: skip
    cohort = rc.load(condition.folder)
    for name in ("recurrent", "output"):
        np.testing.assert_array_equal(getattr(cohort.weights, name), getattr(alone.weights, name))


@pytest.mark.thorough
def test_one_labelled_cohort(swept, folder):
    numbers = swept.to_xarray()
    assert dict(numbers.sizes) == {"ridge": 2, "input_noise": 2, "network": 2}
    frame = swept.to_dataframe()
    assert len(frame) == 8
    one = frame[(frame["training.ridge"] == 1e-2) & (frame["task.input_noise"] == 0.0) & (frame["network"] == 1)]
    found = numbers["validation_loss"].sel(ridge=1e-2, input_noise=0.0, network=1)
    assert float(found) == one["validation_loss"].item()
    tree = xr.open_datatree(folder / "run.zarr", engine="zarr")
    cohort = rc.load(swept.condition(ridge=1e-4, input_noise=0.1).folder)
    stored = tree["weights"]["output"].sel(ridge=1e-4, input_noise=0.1)
    np.testing.assert_array_equal(stored, cohort.weights.output)
    assert stored.dims == ("network", "output", "unit")
    np.testing.assert_array_equal(tree["initial"]["output"].sel(ridge=1e-2, input_noise=0.1), cohort.initial.output)


def test_rows_by_condition(swept):
    frame = swept.by_condition()
    assert frame["networks"].tolist() == [2, 2, 2, 2]
    assert frame["training.ridge"].tolist() == [1e-4, 1e-4, 1e-2, 1e-2]
    assert ((frame["learned_low"] <= frame["learned"]) & (frame["learned"] <= frame["learned_high"])).all()
    with pytest.raises(ValueError, match="expected a value for each of ridge, input_noise"):
        swept.condition(ridge=1e-4)
    with pytest.raises(ValueError, match=r"no condition ridge 1, input_noise 0; it has ridge 0\.0001"):
        swept.condition(ridge=1, input_noise=0)


def test_the_same_call_changes_nothing_and_another_plan_is_refused(swept, folder):
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    vary = {"training.ridge": [1e-4, 1e-2], "task.input_noise": [0.0, 0.1]}
    again = rc.sweep(rc.Not(), MODEL, RULE, vary=vary, networks=2, seed=1, path=folder, analyses=False)
    assert again.table() == swept.table() == rc.load_sweep(folder).table()
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()} == before
    with pytest.raises(ValueError, match="holds a sweep with another seed"):
        rc.sweep(rc.Not(), MODEL, RULE, vary=vary, networks=2, seed=2, path=folder, analyses=False)
    with pytest.raises(ValueError, match="is a sweep; name one of the runs"):
        rc.load(folder)


class Interrupts(SilentSweepProgress):
    """Ends the sweep once so many conditions are trained."""

    def __init__(self, after):
        self.after = after

    def conditions(self, what, number, of, label):
        if number == self.after:
            raise KeyboardInterrupt


@pytest.mark.thorough
def test_an_interrupted_sweep_goes_on_to_the_same_bits(swept, tmp_path):
    plan = SweepFolder.open(swept.path).plan
    with pytest.raises(KeyboardInterrupt):
        conduct_sweep(plan, tmp_path / "again", Interrupts(2), analyses=False)
    with pytest.raises(ValueError, match=r"2 of 4 conditions of .* are not trained, such as ridge 0\.01"):
        rc.load_sweep(tmp_path / "again")
    found = conduct_sweep(plan, tmp_path / "again", SilentSweepProgress(), analyses=False).read()
    for one, other in zip(found.conditions, swept.conditions, strict=True):
        assert one.rows == other.rows
        assert one.starts == other.starts


@pytest.mark.thorough
def test_kept_numbers_that_are_damaged_are_made_again(swept, folder):
    rows = folder / "rows" / "0.json"
    whole = rows.read_text()
    for damaged in ("", "[]", whole[: len(whole) // 2], whole.replace('"analysed"', '"analyzed"')):
        rows.write_text(damaged)
        assert rc.load_sweep(folder).table() == swept.table()
        assert rows.read_text() == whole


@pytest.mark.slow
def test_conditions_of_other_shapes(tmp_path):
    found = rc.sweep(rc.Not(), MODEL, RULE, vary={"model.units": [2, 4]}, networks=1, seed=0, path=tmp_path / "sizes",
                     analyses=False)  # fmt: skip
    assert set(RunFolder.open(found.path).zarr("r")) == {"numbers"}
    assert rc.load(found.condition(units=4).folder).weights.units == 4


# ---- what the keys change


def test_networks_that_began_alike_are_pairs():
    gain = SweptKey("model.gain", "gain", (1.0, 2.0))
    losses = [0.5, 3.0, 1.5, 2.0, 4.0, 0.7]
    paired = built_sweep(
        (gain,), "all", [((1.0,), losses, "abcdef"), ((2.0,), [loss + 0.1 for loss in losses], "abcdef")]
    )
    found = paired.effects("validation_loss")
    assert found.differences[0].test == "Wilcoxon"
    assert found.differences[0].p_value == pytest.approx(2 / 2**6)
    apart = built_sweep(
        (gain,), "all", [((1.0,), losses, "abcdef"), ((2.0,), [loss + 0.1 for loss in losses], "ghijkl")]
    )
    unpaired = apart.effects("validation_loss")
    assert unpaired.differences[0].test == "Mann-Whitney"
    assert any("gain 2 do not begin" in note for note in unpaired.notes)
    assert apart.effects("learned").differences[0].test == "Fisher"


def test_an_effect_is_the_mean_over_the_other_keys():
    gain, noise = SweptKey("model.gain", "gain", (1.0, 2.0)), SweptKey("model.noise", "noise", (0.0, 0.1))
    rng, columns = np.random.default_rng(0), []
    start = rng.normal(size=8)
    for a in gain.values:
        for b in noise.values:
            columns.append(((a, b), (start + 3 * (a == 2) + 10 * b * (a == 1)).tolist(), "abcdefgh"))
    found = built_sweep((gain, noise), "all", columns).effects("validation_loss")
    by_gain, by_noise = found.differences
    assert by_gain.difference == pytest.approx(3 - 0.5)
    assert by_noise.difference == pytest.approx(0.5)
    assert by_gain.p_corrected >= by_gain.p_value


def test_trends_of_a_sample():
    rng = np.random.default_rng(1)
    values = rng.permutation(12).astype(float).tolist()
    key, kind = SweptKey("a.b", "b", tuple(values)), SweptKey("a.kind", "kind", ("x",) * 12)
    columns = [((value, "x"), [math.exp(-value), math.exp(-value) + 0.001], "ab") for value in values]
    found = built_sweep((key, kind), "sample", columns).effects("validation_loss")
    (trend,) = found.trends
    assert trend.correlation == pytest.approx(-1)
    assert trend.p_corrected < 0.001
    assert any("a.kind" in note for note in found.notes)
    few = [((value, "x"), [value], "a") for value in (1.0, 2.0, 3.0, 4.0, 5.0)]
    (exact,) = built_sweep((key, kind), "sample", few).effects("validation_loss").trends
    assert exact.p_value == pytest.approx(2 / math.factorial(5))
    with pytest.raises(ValueError, match="has no number 'loss'; expected one of: learned, validation_loss"):
        built_sweep((key, kind), "sample", few).effects("loss")


# ---- what is seen


def test_figure_of_every_kind_of_sweep():
    gain, noise = SweptKey("model.gain", "gain", (1.0, 20.0)), SweptKey("model.kind", "kind", ("x", "y"))
    third = SweptKey("a.c", "c", (1,))
    one = built_sweep((gain,), "all", [((value,), [0.5, 2.0], "ab") for value in gain.values])
    words = built_sweep((noise,), "all", [((value,), [0.5, 2.0], "ab") for value in noise.values])
    two = built_sweep((gain, noise), "all", [((a, b), [0.5, 2.0], "ab") for a in gain.values for b in noise.values])
    grid = [((a, b, 1), [0.5, 2.0], "ab") for a in gain.values for b in noise.values]
    three = built_sweep((gain, noise, third), "all", grid)
    sample = built_sweep((gain, noise), "sample", [((1.0, "x"), [0.5], "a"), ((20.0, "y"), [2.0], "a")])
    counts = [len(sweep_figure(sweep).axes) for sweep in (one, words, two, three, sample)]
    assert counts == [2, 2, 2, 2, 2]
    heat = sweep_figure(two).axes[0]
    assert [text.get_text() for text in heat.texts] == ["50"] * 4
    assert rc.plot(one).get_xlabel() == "gain"


def test_report_says_what_was_found_and_escapes(swept, folder):
    write_sweep_report(swept, swept.effects(), RunFolder.open(folder), folder / "report.html")
    page = (folder / "report.html").read_text()
    assert "4 conditions, 8 networks" in page
    assert "<script" not in page
    for one in swept.conditions:
        assert one.label in page


@pytest.mark.thorough
def test_command(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model, rule = 'kind = "gru"\nunits = 3', 'kind = "ridge"\nsteps = 2\nbatch = 8\nvalidation_trials = 4'
    (tmp_path / "mine.toml").write_text(f'task = "not"\n[model]\n{model}\n[training]\n{rule}\n')
    assert main(["sweep", "mine.toml", "--vary", "model.units=2,3", "--zip", "--show"]) == 0
    assert capsys.readouterr().out == "0: units 2\n1: units 3\n"
    assert main(["sweep", "mine.toml"]) == 2
    assert "nothing varies" in capsys.readouterr().err
    arguments = ["sweep", "mine.toml", "--vary", "model.units=2,3", "--networks", "1", "--train-only", "--out", "here"]
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    assert "units 2" in printed
    assert "report: here/report.html" in printed
    assert main(["sweep", "here", "--train-only", "--json"]) == 0
    table = json.loads(capsys.readouterr().out)
    assert [row["model.units"] for row in table["conditions"]] == [2, 3]
    assert main(["inspect", "here"]) == 2
    assert "here is a sweep" in capsys.readouterr().err
