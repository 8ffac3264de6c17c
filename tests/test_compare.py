"""Tables of networks, and the comparison of runs: known answers, invariances, and what cannot be compared."""

import dataclasses
import json
import math

import matplotlib
import numpy as np
import pytest
from scipy import stats

import recurra as rc
from recurra.analysis.cohorts.difference import difference_of, holm, smallest_p
from recurra.cli.app import main
from recurra.intervals import newcombe_interval, wilson_interval
from recurra.plotting.papers.differences import differences_figure
from recurra.runs import compare as module
from recurra.runs.network_tables import TableRun, differing_keys, table
from recurra.status import Status
from recurra.tasks import TASKS
from tests.test_census_runs import made

GOOD = Status.reached
AND = TASKS["and"]()


def values_of(difference, without=("name", "run", "against")):
    return {name: value for name, value in dataclasses.asdict(difference).items() if name not in without}


@pytest.fixture
def compared(monkeypatch):
    """Comparison of runs whose numbers are given, one list of rows a run."""

    def comparing(*runs, task=AND, specs=None, seeds=None, tasks=None, **options):
        base = {"status": "reached", "learned": True}
        numbers = [[{"network": at} | base | row for at, row in enumerate(run)] for run in runs]
        seeds = range(len(runs)) if seeds is None else seeds
        sizes = [[GOOD] * len(run) for run in runs]
        cohorts = list(map(made, tasks or [task] * len(runs), sizes, seeds))
        specs = specs or [{"seed": seed} for seed in seeds]
        known = [
            TableRun(name, cohort, rows, spec, True)
            for name, cohort, rows, spec in zip("abc", cohorts, numbers, specs, strict=False)
        ]
        monkeypatch.setattr(module, "read_table_runs", lambda _: known)
        return rc.compare(*"abc"[: len(runs)], **options)

    return comparing


def rows(**columns):
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


@pytest.mark.parametrize("paired", [False, True])
@pytest.mark.parametrize("shares", [False, True])
@pytest.mark.parametrize("count", [5, 12])
def test_swapped_groups_flip_the_signs(seed, paired, shares, count):
    draw = np.random.default_rng(seed)
    first, second = draw.normal(size=count), draw.normal(size=count) + 0.5
    first, second = (first > 0, second > 0) if shares else (first, second)
    there = difference_of("x", "a", "b", first, second, paired, shares)
    back = difference_of("x", "b", "a", second, first, paired, shares)
    for name in ("difference", "effect"):
        assert getattr(there, name) == pytest.approx(-getattr(back, name))
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low), nan_ok=True)
    for name in ("p_value", "spread", "test"):
        assert getattr(there, name) == pytest.approx(getattr(back, name))


@pytest.mark.parametrize("paired", [False, True])
def test_the_order_of_networks_changes_nothing(seed, paired):
    draw = np.random.default_rng(seed)
    first, second, order = draw.normal(size=7), draw.normal(size=7), draw.permutation(7)
    there = difference_of("x", "a", "b", first, second, paired)
    again = difference_of("x", "a", "b", first[order], second[order] if paired else second[::-1], paired)
    assert values_of(there) == pytest.approx(values_of(again), nan_ok=True)


@pytest.mark.parametrize("paired", [False, True])
def test_equal_groups_do_not_differ(paired):
    values = np.array([0.1, 0.4, 0.2, 0.9])
    found = difference_of("x", "a", "b", values, values, paired)
    assert (found.difference, found.effect if not paired else 0, found.p_value) == (0, 0, 1)
    constant = difference_of("x", "a", "b", np.ones(4), np.ones(4), paired)
    assert (constant.difference, constant.p_value) == (0, 1)
    assert math.isnan(constant.low), "what does not vary has no interval"


@pytest.mark.parametrize("paired", [False, True])
@pytest.mark.parametrize("apart", [[0, 0, 1, 1, -1, -1, 0, 0, 0, 0, 1, -1], [0.5, -0.5, 2, -2, 0, 0, 0.1, -0.1, 3, -3]])
def test_groups_that_swapped_are_the_same_have_a_symmetric_interval(paired, apart):
    """The bootstrap's sample is not symmetric although what it is drawn from is."""
    values, others = np.array(apart, float), np.array(apart[::-1] if not paired else np.zeros(len(apart)), float)
    there = difference_of("x", "a", "b", values, others, paired)
    assert (there.interval, there.difference) == ("bootstrap", 0)
    assert 0 < there.high == -there.low
    back = difference_of("x", "b", "a", others, values, paired)
    assert (there.low, there.high) == (back.low, back.high)


def test_a_shift_of_one_standard_deviation_is_found(seed):
    draw = np.random.default_rng(seed)
    found = difference_of("x", "a", "b", draw.normal(1, 1, 400), draw.normal(0, 1, 400))
    assert found.standardized == pytest.approx(1, abs=0.3)
    assert found.low < 1.25
    assert found.high > 0.75
    assert found.high - found.low == pytest.approx(2 * 1.96 * math.sqrt(2 / 400), rel=0.2), "as Welch's, of so many"
    assert found.effect == pytest.approx(2 * stats.norm.cdf(1 / math.sqrt(2)) - 1, abs=0.15)
    assert found.p_value < 1e-6


def test_the_interval_covers_the_truth(seed):
    draw = np.random.default_rng(seed)
    pairs = [(draw.normal(1, 1, count), draw.normal(0, 2, count)) for count in (4, 20) for _ in range(30)]
    found = [difference_of("x", "a", "b", *pair) for pair in pairs]
    assert sum(one.low <= 1 <= one.high for one in found) >= 48, "57 of 60 are expected"


def test_small_groups_by_hand():
    """Two apart of three and three: 2 of the 20 orders are as extreme. Of five pairs of one sign 2 of 32 signs."""
    found = difference_of("x", "a", "b", np.array([4.0, 5, 6]), np.array([1.0, 2, 3]))
    assert (found.p_value, found.effect, found.test) == (pytest.approx(0.1), 1, "Mann-Whitney")
    assert found.spread == pytest.approx(1)
    assert smallest_p(3, 3, paired=False) == pytest.approx(0.1)
    paired = difference_of("x", "a", "b", np.arange(5.0) ** 2 + 1, np.arange(5.0), paired=True)
    assert (paired.p_value, paired.test) == (pytest.approx(2 / 32), "Wilcoxon")
    assert smallest_p(5, 5, paired=True) == pytest.approx(2 / 32)


def test_tests_agree_with_those_of_scipy(seed):
    draw = np.random.default_rng(seed)
    first, second = draw.normal(size=6), draw.normal(size=7)
    expected = stats.mannwhitneyu(first, second).pvalue
    assert difference_of("x", "a", "b", first, second).p_value == pytest.approx(expected)
    paired = difference_of("x", "a", "b", first, second[:6], paired=True)
    assert paired.p_value == pytest.approx(stats.wilcoxon(first, second[:6]).pvalue)


def test_shares_by_hand():
    """Newcombe (1998), his example of 56 of 70 and 48 of 80: method 10 gives 0.0524 to 0.3339."""
    low, high = newcombe_interval(wilson_interval(48, 80), wilson_interval(56, 70))
    assert (low, high) == (pytest.approx(0.0524, abs=5e-5), pytest.approx(0.3339, abs=5e-5))
    ones = np.repeat([1.0, 0.0], [56, 14]), np.repeat([1.0, 0.0], [48, 32])
    found = difference_of("learned", "a", "b", *ones, shares=True)
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))
    assert (found.test, found.difference) == ("Fisher", pytest.approx(found.effect))
    pairs = np.array([1, 1, 1, 1, 1, 0]), np.array([0, 0, 0, 0, 0, 0])
    assert difference_of("learned", "a", "b", *pairs, paired=True, shares=True).p_value == pytest.approx(2 / 32)


def test_missing_numbers_are_counted():
    found = difference_of("x", "a", "b", np.array([1.0, np.nan, 3]), np.array([np.inf, 2, 4, 5]))
    assert (found.networks, found.networks_against, found.missing) == (2, 3, 2)
    alone = difference_of("x", "a", "b", np.array([1.0]), np.array([2.0, 3]))
    assert math.isnan(alone.low)
    assert alone.difference == -1.5
    none = difference_of("x", "a", "b", np.array([np.nan]), np.array([2.0, 3]))
    assert (none.test, none.networks) == ("none", 0)


def test_holm_by_hand():
    assert holm([0.01, 0.04, math.nan, 0.03]) == pytest.approx([0.03, 0.06, math.nan, 0.06], nan_ok=True)
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def test_what_is_not_tested_is_named(compared):
    first = rows(x=[1.0, 2, 3], twice=[1.0, 2, 3], size=[8, 8, 8], only=[1.0, 2, 4], nowhere=[np.nan] * 3)
    second = rows(x=[4.0, 5, 6], twice=[4.0, 5, 6], size=[8, 8, 8], nowhere=[np.nan] * 3)
    found = compared(first, second)
    assert [row.name for row in found] == ["x"]
    assert (found.same, found.doubles, found.lacking) == (("learned", "size"), {"twice": "x"}, {"only": ["b"]})
    assert found.of("x").difference == 3
    assert found.pairs == (0,)
    assert "the specs do not differ but in their seeds" in found.notes[0]
    assert any("p is at least 0.1, so that after the correction for 1 test none" in note for note in found.notes)
    assert json.loads(json.dumps(found.table()))["differences"][0]["difference"] == 3


@pytest.mark.thorough
def test_only_some_numbers_count_in_the_correction(compared):
    draw = np.random.default_rng(0)
    parts = [{f"part.{at}": draw.normal(size=8) for at in range(9)} for _ in range(2)]
    runs = [rows(**part, x=np.arange(8) + 6.5 * run) for run, part in enumerate(parts)]
    everything, one = compared(*runs), compared(*runs, only="x")
    assert (len(everything), len(one), len(compared(*runs, only=["part"]))) == (10, 1, 9)
    assert one.of("x").p_corrected == one.of("x").p_value
    assert everything.of("x").p_corrected == pytest.approx(10 * everything.of("x").p_value)
    grown = [rows(x=np.arange(4.0) + run, weight_change=np.arange(4.0) ** 2 + run) for run in range(2)]
    assert [row.name for row in compared(*grown)] == ["x"]
    assert [row.name for row in compared(*grown, only="weight_change")] == ["weight_change"]
    with pytest.raises(ValueError, match=r"no number 'prt'; did you mean 'part'\?"):
        compared(*runs, only=["prt"])


def test_networks_that_began_alike_are_pairs(compared):
    """Pairs differ by 1 each, among networks that differ by 100: as pairs that is seen, as independent ones not."""
    before = np.array([0.0, 100, 200, 300, 400, 500])
    runs = rows(x=before), rows(x=before + np.array([1, 1.1, 0.9, 1.2, 0.8, 1.05]))
    specs = [{"seed": 7, "training": {"steps": steps}} for steps in (1, 2)]
    found = compared(*runs, seeds=[7, 7], specs=specs)
    assert found.pairs == (6,)
    assert found.of("x").p_value == pytest.approx(2 / 64)
    assert 0.8 < found.of("x").low < 1 < found.of("x").high < 1.2
    assert "began with the same weights: 6 pairs are compared" in found.notes[0]
    assert found.settings == {"training.steps": [1, 2]}
    loose = compared(*runs, seeds=[7, 7], specs=specs, paired=False)
    assert loose.pairs == (0,)
    assert loose.of("x").p_value > 0.5
    assert "began with the same weights, but p treats them as independent" in loose.notes[0]
    with pytest.raises(ValueError, match="networks of b and a are no pairs"):
        compared(*runs, seeds=[1, 2], paired=True)


def test_several_runs_are_compared_with_the_first(compared):
    found = compared(rows(x=[1.0, 2, 3]), rows(x=[2.0, 3, 4]), rows(x=[5.0, 6, 8]))
    assert [(row.run, row.against, row.name) for row in found] == [("c", "a", "x"), ("b", "a", "x")]
    assert (found.of("x").difference, found.of("x", "c").difference) == (1, pytest.approx(13 / 3))
    with pytest.raises(ValueError, match="run"):
        found.of("x", "a")


def test_one_network_has_no_interval(compared):
    found = compared(rows(x=[1.0]), rows(x=[2.0, 3, 4]))
    assert "one network of a is compared: a difference of means has no interval" in found.notes
    assert (found.of("x").difference, math.isnan(found.of("x").low)) == (2, True)


def test_only_networks_that_learned(compared):
    good = [{"x": float(at), "learned": at > 1} for at in range(5)]
    assert compared(good, good[::-1], learned=True).networks == (3, 3)
    with pytest.raises(ValueError, match="no network of b has learned its task"):
        compared(good, [{"x": 1.0, "learned": False}], learned=True)


def test_what_cannot_be_compared_is_one_line(compared, tmp_path):
    with pytest.raises(ValueError, match="b and a are runs of different kinds of tasks, Or and And"):
        compared(rows(x=[1.0]), rows(x=[2.0]), tasks=[AND, TASKS["or"]()])
    with pytest.raises(ValueError, match="1 run is given; a comparison needs two or more"):
        rc.compare(tmp_path)
    with pytest.raises(ValueError, match="is not a run folder"):
        table(tmp_path)
    with pytest.raises(ValueError, match="there is no run"):
        rc.table()
    with pytest.raises(TypeError, match="int is no run; expected the path of a run folder, or a Cohort"):
        rc.table(3)


def test_keys_that_differ():
    specs = [{"a": {"kind": "x", "b": 1}, "c": [1], "name": "p"}, {"a": {"kind": "y"}, "c": [2], "name": "q"}]
    assert differing_keys(specs) == {"a.b": [1, None], "a.kind": ["x", "y"], "c": ["[1]", "[2]"]}
    assert differing_keys(specs[:1]) == {}


def test_shown_and_drawn(compared):
    runs = rows(x=np.arange(6.0), y=np.arange(6.0) % 4), rows(x=np.arange(6.0) + 20, y=np.arange(6.0) % 3)
    found = compared(*runs)
    assert "In 1 of 2 tests p is below 0.05 after the correction: x +20.0." in repr(found)
    assert "<td>+20.0 [" in found._repr_html_()
    axes = rc.plot(found, ax=matplotlib.figure.Figure().add_subplot())
    assert [label.get_text() for label in axes.get_yticklabels()] == ["x", "y"]
    assert axes.get_xlabel() == "b minus a (standard deviations)"
    dots = [float(np.ravel(line.get_xdata())[0]) for line in axes.get_lines()[1:]]
    assert dots == pytest.approx([found.of(name).standardized for name in ("x", "y")])
    legend = differences_figure(compared(*runs, runs[0])).axes[0].get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["b", "c"]
    assert list(found.to_dataframe()["name"]) == ["x", "y"]


@pytest.mark.thorough
def test_the_table_of_a_cohort():
    cohort = dataclasses.replace(made(AND, [GOOD, Status.diverged], 3), rule=rc.BPTT())
    frame = cohort.to_dataframe()
    assert list(frame["network"]) == [0, 1]
    assert list(frame["status"]) == ["reached", "diverged"]
    assert list(frame["steps"]) == [1, 1]
    assert frame["steps_to_criterion"].isna().tolist() == [False, True]
    for name, field in (("success", "success"), ("success_low", "success_low"), ("mse", "mse")):
        assert list(frame[name]) == [getattr(one, field) for one in rc.performance(cohort)]
    assert list(rc.table(cohort, cohort[:1])["run"]) == ["cohort 1", "cohort 1", "cohort 2"]


def test_weights_and_rates_as_labelled_arrays():
    cohort = made(AND, [GOOD, GOOD], 3)[1:]
    weights = cohort.to_xarray()
    assert weights["recurrent"].dims == ("network", "post", "pre")
    assert weights["input_weights"].dims == ("network", "unit", "input")
    assert weights["recurrent"].sel(network=1, post=2, pre=0) == 3
    names = {f"{name}_weights" if name in ("input", "output") else name for name in cohort.weights.axes()}
    assert set(cohort.to_xarray(before=True)) == names
    network = rc.network([[0.5, 0.0], [0.0, 0.5]], [[1.0, 0.0], [0.0, 1.0]], [[1.0, 1.0]])
    found = {str(name).removesuffix("_weights"): array.dims for name, array in network.to_xarray().items()}
    assert found == network.weights.axes()
    trials = AND.sample(0, trials=5)
    found, (rates, outputs) = rc.responses(network, AND, trials=trials), network.run(trials.inputs)
    assert found["rates"].dims == ("trial", "time", "unit")
    np.testing.assert_array_equal(found["rates"], rates)
    np.testing.assert_array_equal(found["outputs"], outputs)
    assert found["time"].values[1] == AND.dt_ms
    assert found["condition"].values.tolist() == [trials.condition_names[at] for at in np.asarray(trials.condition)]
    assert rc.responses(network, AND).sizes["condition"] == len(AND.probe())


@pytest.mark.slow
def test_of_analysed_runs(small_run, tmp_path, capsys):
    """The same run under two names: numbers of its analyses, pairs, and no difference."""
    import shutil

    from recurra.runs.record import read_run

    for name in ("one", "two"):
        shutil.copytree(small_run.path, tmp_path / name)
    frame = table(tmp_path / "one", tmp_path / "two")
    record = read_run(small_run)
    assert list(frame["run"]) == ["one", "one", "two", "two"]
    assert frame["spectrum.count_outside"].tolist() == 2 * [one.spectrum.count_outside for one in record.dossiers]
    assert frame["success"].tolist() == 2 * [one.performance.success for one in record.dossiers]
    assert "seed" not in frame, "only keys that differ are columns"
    found = rc.compare(tmp_path / "one", tmp_path / "two")
    assert found.pairs == (2,)
    assert {row.difference for row in found} == {0.0}
    assert main(["compare", str(tmp_path / "one"), str(tmp_path / "two"), "--only", "loss", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["differences"][0]["p_value"] == 1
    picture = tmp_path / "differences.png"
    assert main(["compare", str(tmp_path / "one"), str(tmp_path / "two"), "--unpaired", "--figure", str(picture)]) == 0
    printed = capsys.readouterr().out
    assert "two minus one, 2 and 2 networks" in printed
    assert picture.stat().st_size > 1000
    for command in ("compare", "census"):
        assert main([command, str(tmp_path / "one"), str(tmp_path / "two"), "--figure", str(tmp_path / "a.txt")]) == 2
        assert "a.txt: unknown ending '.txt'; expected one of: .png, .svg, .pdf" in capsys.readouterr().err
    assert main(["compare", str(tmp_path / "one"), str(tmp_path / "one")]) == 2
    assert "a run is given twice" in capsys.readouterr().err
