import csv
import json
from dataclasses import asdict, replace
from pathlib import Path

import jax
import numpy as np
import pytest
from scipy import signal

from recurra.analysis import performance
from recurra.analysis.shown_trials import test_trials as draw_test_trials
from recurra.analysis.weights.damage import PERCENTS, removed
from recurra.cli.app import main
from recurra.models import Cohort, RateRNN
from recurra.report.reproduction import write_page
from recurra.runs.runner import SilentProgress
from recurra.runs.trained_cohorts import TrainedCohorts, spec_hash
from recurra.studies.all_studies import STUDIES
from recurra.studies.conduct import conduct, planned, read_studies, read_tables, speed, work
from recurra.studies.damage import damage_rows
from recurra.studies.damage_verdicts import BOUNDS, WAYS, crossing, damage_choices, damage_verdicts, outliers
from recurra.studies.memory import pulse_task
from recurra.studies.memory_verdicts import FLOOR, SILENCE, expected_distance, follows, longest_released, scores
from recurra.studies.minimum_size import bisect
from recurra.studies.protocol import STOPS, papers_sweep
from recurra.studies.stored import read_study
from recurra.studies.study import column, published, where
from recurra.studies.success_rates import NAMES
from recurra.studies.time_invariance import shifted
from recurra.studies.verdicts import Verdict
from recurra.tasks import And, PulseMemory, SetReset
from recurra.tasks.published_pulse import PublishedPulse
from recurra.training import LossBelow


class Quiet(SilentProgress):
    """A study's progress that only notes the cohorts."""

    def __init__(self):
        self.asked = []

    def cohort(self, name, number, of):
        self.asked.append((number, of))


def untrained(spec):
    """The cohort of a spec as if its training had ended before the first step."""
    training = spec.to_training("portable")
    state = training.start()
    nothing = np.zeros((spec.networks, 1))
    history = replace(state.history, step=np.zeros(1), loss=nothing, validation_loss=nothing, success=nothing)
    return training.cohort(replace(state, history=history))


LONG = ("dale-network", "memory-delay", "memory-size", "realizations", "robustness", "spectra", "time-invariance")
TRAINING = [
    pytest.param(name, marks=pytest.mark.slow if name in LONG else ())
    for name, kind in STUDIES.items()
    if not kind.reads_files
]


@pytest.mark.parametrize("name", TRAINING)
def test_tables_verdicts_and_figures(name):
    """What is measured of networks that learned nothing: every study says so without failing."""
    study = STUDIES[name]()
    tables = study.measure("quick", 0, untrained)
    for rows in tables.values():
        assert rows
        assert all(row.keys() == rows[0].keys() for row in rows)
    verdicts = study.verdicts(tables)
    assert verdicts
    assert all(isinstance(one, Verdict) for one in verdicts)
    assert all(one.rule and one.power for one in verdicts if one.verdict != "cannot be compared")
    for figure in study.figures(tables).values():
        assert figure.axes
    for scale in ("laptop", "paper"):
        assert study.plan(scale, 0)


def test_success_rates_at_paper_scale_are_the_papers_design():
    plan = STUDIES["success-rates"]().plan("paper", 3)
    assert sum(spec.networks for spec in plan) == 14 * 60
    spec = next(spec for spec in plan if spec.name == "xor-normal-50")
    assert (spec.training.steps, spec.training.batch, spec.training.learning_rate) == (20 * 235, 64, 1e-4)
    assert spec.training.stop == LossBelow(STOPS["xor"]) == LossBelow(1e-3)
    assert spec.model.units == 50
    assert not spec.model.recurrent_bias


@pytest.mark.parametrize("name", ["success-rates", "memory-delay", "memory-size", "time-invariance", "minimum-size"])
def test_every_condition_has_three_data_sets_of_its_own(name):
    """All networks of a cohort see the same trials: a condition's error must show what the trials do."""
    conditions = {}
    for spec in STUDIES[name]().plan("laptop", 3):
        table = spec.table()
        condition = json.dumps([table["task"], table["model"], table["training"]["steps"]])
        conditions.setdefault(condition, []).append(spec.seed)
    assert all(len(set(seeds)) == len(seeds) >= 3 for seeds in conditions.values())
    assert len({seeds[0] for seeds in conditions.values()}) > len(conditions) / 4


def test_an_orthogonal_start_helps_pooled_over_tasks():
    """15 networks a condition tell nothing about one task, and all seven together what the table claims."""

    def rows(task, initializer, good):
        return [
            {"task": task, "initializer": initializer, "data_set": at % 3, "network": at, "success": float(at < good)}
            | {"reached": 0, "mse": 0.0, "distance": 0.0}
            for at in range(15)
        ]

    networks = [row for task in NAMES for row in rows(task, "orthogonal", 14) + rows(task, "normal", 10)]
    study = STUDIES["success-rates"]()
    helps, orthogonal, normal = study.verdicts({"networks": networks})
    assert (helps.verdict, helps.published) == ("agrees", "+24 points over 7 tasks")
    assert {row.verdict for row in helps.rows} == {"undecided"}
    assert len(helps.rows) == len(orthogonal.rows) == 7
    assert (orthogonal.verdict, normal.verdict) == ("agrees", "undecided")
    assert study.verdicts({"networks": [row for row in networks if row["task"] == "and"]})[0].verdict == "undecided"
    assert {row["verdict"] for row in study.sensitivity({"networks": networks})} == {"agrees", "undecided"}


def test_published_tables():
    table = {(row["task"], row["initializer"]): row["percent"] for row in published("success_rates")}
    assert table["not", "normal"] == 45
    assert table["setreset", "orthogonal"] == 95
    assert len(table) == 14
    delays = published("memory_delay")
    assert (len(delays), len(published("memory_size"))) == (24, 22)
    assert where(delays, delay_ms=150.0)[0]["distance"] == pytest.approx(1.708006, abs=1e-5)
    damage = published("damage")
    assert {row["way"] for row in damage} == set(WAYS)
    assert where(damage, way="cumulative_both", percent=14.0)[0]["figure_percent"] == 14
    assert where(damage, way="slice_negative", percent=20.0)[0]["figure_percent"] == 10
    assert all(row["figure_bar"] == pytest.approx(float(row["deviation"]) / 11, rel=1e-5) for row in damage)
    last = where(damage, way="cumulative_both", percent=36.0, condition="11")
    assert last[0]["distance"] == pytest.approx(6.897718, abs=1e-4)


def test_removed_connections():
    weights = np.array([[0.1, -0.2, 0.3, -0.4], [0.5, -0.6, 0.7, -0.8]])
    np.testing.assert_array_equal(removed(weights, 50), abs(weights) < 0.45)
    np.testing.assert_array_equal(removed(weights, 50, "negative"), (abs(weights) < 0.45) & (weights < 0))
    both = removed(weights, 50, "positive") | removed(weights, 50, "negative")
    np.testing.assert_array_equal(both, removed(weights, 50))
    assert not removed(weights, 0).any()
    assert not removed(weights, 0, removal="slice").any()


def test_slices_make_up_the_cumulative_removal(seed):
    weights = np.random.default_rng(seed).normal(size=(40, 40))
    slices = [removed(weights, percent, removal="slice") for percent in PERCENTS]
    assert sum(part.sum() for part in slices) == removed(weights, PERCENTS[-1]).sum()
    np.testing.assert_array_equal(np.any(slices, axis=0), removed(weights, PERCENTS[-1]))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"percent": 120}, "percent is 120; expected a number from 0 to 100"),
        ({"percent": 5, "sign": "negativ"}, "unknown sign 'negativ'; did you mean 'negative'"),
        ({"percent": 5, "removal": "none"}, "unknown removal 'none'"),
    ],
)
def test_bad_damage(arguments, message):
    with pytest.raises(ValueError, match=message):
        removed(np.eye(3), **arguments)


def test_damage_of_nothing_is_the_plain_distance(reference):
    """At 0 % the distance is that of the whole network; an imported network of the author is damaged by 36 %."""
    from recurra.runs.imports import read_network

    task = And()
    network = read_network(reference / "and_n50_orthogonal_04_epoch19.hdf5", task.dt_ms, None)
    trials = draw_test_trials(task, 0).part(slice(100))
    rows = damage_rows(network, task, trials, 7, (0.0, 36.0))
    whole = where(rows, way="cumulative_both", percent=0.0)
    weights = [int((np.asarray(trials.condition) == which).sum()) for which in range(4)]
    mean = np.average(column(whole, "distance"), weights=weights)
    assert mean == pytest.approx(performance(network, task, trials=trials).distance, rel=1e-6)
    assert {row["removed"] for row in whole} == {0}
    assert {row["removed"] for row in where(rows, way="cumulative_both", percent=36.0)} == {900}
    assert column(where(rows, way="cumulative_both", percent=36.0), "distance").mean() > BOUNDS[0] > mean


def test_published_levels_are_percentiles_of_strength(reference):
    """The file's strengths are the percentiles of |w| at its levels, also where one sign is removed: not at half."""
    from recurra.runs.imports import read_network

    network = read_network(reference / "and_n50_orthogonal_04_epoch19.hdf5", 1.0, None)
    strength = np.abs(np.asarray(network.weights.recurrent))
    for way in WAYS:
        rows = where(published("damage"), way=way, condition="00")
        shares = [100 * (strength < row["strength"]).mean() for row in rows]
        np.testing.assert_allclose(shares, column(rows, "percent"), atol=1.1)


def test_the_published_means_at_first_deterioration_are_one_network():
    """At 14 % of both signs a mean of 1.40 with a deviation of 3.02: one of ten is destroyed, nine are well."""
    first = where(published("damage"), way="cumulative_both", percent=14.0, condition="00")[0]
    assert outliers(first) == pytest.approx(1.3, abs=0.05)
    far = np.array([0.223765 + 7, *[0.223765] * 9])
    made = {**first, "distance": float(far.mean()), "deviation": float(far.std())}
    assert outliers(made) == pytest.approx(1)


def test_crossing():
    assert crossing(np.array([0.2, 1.1, 0.9, 2.0]), (0.0, 2.0, 4.0, 6.0), 1.0) == 2
    assert crossing(np.array([0.2, 0.3]), (0.0, 2.0), 1.0) == 38


def test_damage_verdicts():
    """Networks that have the published means agree at small damage only if they are alike enough."""
    rows = [
        {"way": row["way"], "percent": row["percent"], "condition": row["condition"], "data_set": at, "network": 0}
        | {"held_distance": float(row["distance"]) + 0.01 * (at - 4.5), "distance": 9.0, "success": 1.0, "loss": at}
        | {"removed": 1}
        for row in published("damage")
        for at in range(10)
    ]
    *distances, levels = damage_verdicts(rows, len(WAYS) + 1)
    assert {one.verdict for one in distances} <= {"agrees", "undecided"}
    assert all(one.difference.startswith(("+0.00", "-0.00")) for one in distances)
    assert {len(one.rows) for one in distances} == {18}
    assert levels.difference.startswith(("+0.00", "-0.00"))
    assert [row.published for row in levels.rows[:2]] == ["14 %", "16 %"]
    first, *others = damage_choices(rows)
    assert first["cumulative, both"] == "76 of 76"
    assert (
        next(one for one in others if one["choice"] == "distance over the whole trial")["slice, positive"] == "0 of 76"
    )


def test_shifted_stimuli():
    task = shifted(And(), 100.0)
    np.testing.assert_array_equal(np.asarray(task.probe().inputs[3, :, 0]).nonzero()[0], np.arange(130, 150))
    assert task.steps == And().steps + 100
    assert shifted(SetReset(), -20.0) == SetReset(first_onset_ms=30.0, length_ms=580.0)
    assert shifted(PulseMemory(), 0.0) == PulseMemory()


def test_failures_with_and_without_noise():
    """Of 41 networks one never learned; one fails late, but not without noise."""
    shares = {0.0: (*[1.0] * 40, 0.2), 500.0: (*[1.0] * 39, 0.6, 0.1)}
    rows = [
        {"task": "or", "value": shift, "data_set": at % 3, "network": at, "success": share}
        | {"quiet_success": max(share, 0.99 * (at < 40))}
        for shift, of_networks in shares.items()
        for at, share in enumerate(of_networks)
    ]
    study = STUDIES["time-invariance"]()
    (verdict,) = study.verdicts({"networks": rows})
    assert verdict.found == "39 of 40 networks stay successful at all shifts from -20 to +500 ms"
    assert verdict.verdict == "undecided", "45 of 46 would be needed"
    choices = {row["choice"]: row["verdict"] for row in study.sensitivity({"networks": rows})}
    assert choices["all shifts, without input noise"] == "agrees"


@pytest.mark.parametrize("delay", [25.0, *(pytest.param(one, marks=pytest.mark.slow) for one in (40.0, 45.0, 50.0))])
def test_published_pulse_is_that_of_the_program(delay, seed):
    """Beside the program's own way to make it: each pulse convolved within its own steps."""
    task = PublishedPulse(delay_ms=delay, noise=0.0)
    kernel = 0.04 * signal.windows.gaussian(20, 12)
    target, start = np.full(100, 0.01), 50 + int(delay)
    width = len(target[start : start + 20])
    if width:
        target[start : start + 20] = signal.convolve(np.ones(width), kernel, mode="same")
    probe = task.probe()
    np.testing.assert_allclose(probe.targets[1, :, 0], target, rtol=1e-6)
    np.testing.assert_allclose(probe.inputs[1, 30:50, 0], signal.convolve(np.ones(20), kernel, mode="same"), rtol=1e-6)
    assert not np.any(probe.inputs[0])
    noisy = replace(task, noise=0.1)
    trials = noisy.sample(jax.random.key(seed), 400)
    for which, score in zip(probe.targets, (None, target), strict=True):
        part = np.asarray(trials.targets)[np.asarray(trials.condition) == int(score is not None)]
        assert np.std(part - np.asarray(which)) == pytest.approx(0.1, rel=0.03)
        assert np.linalg.norm(part - np.asarray(which), axis=1).mean() == pytest.approx(scores(noisy)[0], rel=0.02)
    silent = np.linalg.norm(np.asarray(trials.targets) - 0.01, axis=1)
    means = [silent[np.asarray(trials.condition) == which].mean() for which in (0, 1)]
    assert np.mean(means) == pytest.approx(scores(noisy)[1], rel=0.02)


def test_scores_of_perfection_and_silence():
    floor, silence = scores(PublishedPulse(delay_ms=25.0))
    assert floor == pytest.approx(FLOOR, abs=0.005)
    assert silence == pytest.approx(SILENCE, abs=0.03)
    assert expected_distance(100, 0.1, 1e3) == pytest.approx(1e3, rel=1e-3)
    assert scores(PublishedPulse(delay_ms=50.0))[1] == pytest.approx(floor), "nothing is left of the answer"
    with pytest.raises(ValueError, match=r"length_ms is 40; the pulse ends at 50 ms. Lengthen the trial."):
        PublishedPulse(length_ms=40.0)


def test_which_delays_the_published_program_can_give():
    """From 45 ms on the published distances are above those of a silent network of the program."""
    assert longest_released() == 40
    assert [pulse_task(delay).length_ms for delay in (25.0, 40.0, 45.0, 170.0)] == [100, 100, 115, 240]
    assert not any(follows(row) for row in published("memory_delay") if float(row["delay_ms"]) > 40)


def test_memory_verdicts():
    """Networks with the published mean agree; those a tenth of the way further do not. Short delays have few points."""

    def ends(row):
        return scores(PublishedPulse(delay_ms=float(row["delay_ms"]))) if follows(row) else (FLOOR, SILENCE)

    def networks(shift):
        return [
            {"delay_ms": row["delay_ms"], "choice": "as published", "data_set": at % 3, "network": at}
            | {"distance": float(row["distance"]) + shift + 0.02 * (at - 4) / 4, "floor": floor, "silence": silence}
            for row in published("memory_delay")
            for floor, silence in [ends(row)]
            for at in range(9)
        ]

    def judged(shift):
        verdicts = STUDIES["memory-delay"]().verdicts({"networks": networks(shift)})
        return [one for one in verdicts if one.what.endswith("is the published one")]

    same, apart, other = (judged(shift) for shift in (0.0, 0.1, 0.6))
    assert [one.verdict for one in same] == ["agrees", "agrees"]
    assert [len(one.rows) for one in same] == [4, 20]
    assert [one.verdict for one in apart] == ["undecided", "undecided"]
    assert [one.verdict for one in other] == ["differs", "differs"]


@pytest.mark.parametrize("smallest", [0, 1, 2, 7, 63, 64])
def test_bisection(smallest):
    asked = []

    def enough(units):
        asked.append(units)
        return smallest > 0 and units >= smallest

    assert bisect(enough, 64) == smallest
    assert len(asked) <= 7


def test_the_dale_network_agrees_within_a_tenth():
    random = np.random.default_rng(0)

    def outcomes(factor, networks=20):
        rows = [{"data_set": at % 4, "network": at, "deviation": random.normal(0, 0.02)} for at in range(networks)]
        losses = [
            {**row, "step": one["step"], "loss": factor * one["loss"] * (1 + row["deviation"])}
            for one in published("dale_network")
            for row in rows
        ]
        tested = [{**row, "performance": 0.848 + row["deviation"] / 2} for row in rows]
        study = STUDIES["dale-network"]()
        return [one.verdict for one in study.verdicts({"losses": losses, "networks": tested})]

    assert outcomes(1.04) == ["agrees"] * 5
    assert outcomes(1.2) == ["differs"] * 4 + ["agrees"]
    assert outcomes(1.1)[:4] == ["undecided"] * 4
    assert outcomes(1.0, networks=1)[:4] == ["cannot be compared"] * 4


def test_hash_of_a_spec():
    spec = papers_sweep("and", [0], networks=5).conditions[0].spec
    assert spec_hash(replace(spec, networks=9, name="other")) == spec_hash(spec)
    assert spec_hash(replace(spec, seed=1)) != spec_hash(spec)
    assert spec_hash(replace(spec, model=RateRNN(units=51))) != spec_hash(spec)


@pytest.fixture(scope="module")
def tiny():
    settings = ("training.steps=2", "training.trials.count=16", "training.batch=8", "training.validation_trials=4")
    return papers_sweep("and", [0], networks=3, units=5, settings=settings).conditions[0].spec


@pytest.mark.slow
def test_shelf_gives_what_it_has(tiny, tmp_path):
    cohorts = TrainedCohorts(tmp_path)
    assert cohorts.find(tiny) is None
    cohort = cohorts.cohort(tiny, SilentProgress())
    made = cohorts.find(tiny)
    again = cohorts.cohort(replace(tiny, networks=2, name="fewer"), SilentProgress())
    assert cohorts.find(replace(tiny, networks=2)) == made
    assert len(again) == 2
    np.testing.assert_array_equal(again.weights.recurrent, cohort.weights.recurrent[:2])
    assert again.history.loss.shape == (2, 1)
    assert cohorts.find(replace(tiny, networks=4)) is None
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.thorough
def test_shelf_goes_on_with_an_interrupted_training(tiny, tmp_path):
    whole = TrainedCohorts(tmp_path / "a").cohort(tiny, SilentProgress())

    class Crash(SilentProgress):
        def epoch(self, training, state):
            if state.epoch == 1:
                raise KeyboardInterrupt

    longer = replace(tiny, training=replace(tiny.training, steps=4))
    with pytest.raises(KeyboardInterrupt):
        TrainedCohorts(tmp_path / "b").cohort(longer, Crash())
    resumed = TrainedCohorts(tmp_path / "b").cohort(longer, SilentProgress())
    np.testing.assert_array_equal(
        resumed.weights.recurrent, TrainedCohorts(tmp_path / "c").cohort(longer, SilentProgress()).weights.recurrent
    )
    assert np.any(resumed.weights.recurrent != whole.weights.recurrent)


def test_first_networks(tiny):
    cohort = untrained(tiny)
    assert cohort[:3].numbers == cohort.numbers
    one = cohort[:1]
    assert isinstance(one, Cohort)
    assert all(len(array) == 1 for array in jax.tree.leaves(one.weights))


@pytest.mark.slow
def test_a_study_from_plan_to_page(tmp_path):
    study, cohorts = STUDIES["damage"](), TrainedCohorts(tmp_path / "networks")
    progress = Quiet()
    folder = conduct(study, "quick", 0, tmp_path / "studies" / "damage", cohorts, progress)
    assert progress.asked == [(1, 2), (2, 2)]
    with (folder.path / "points.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(WAYS) * 4 * 4
    np.testing.assert_allclose(
        folder.read_dataset("points").distance_mean, [float(row["distance_mean"]) for row in rows], rtol=1e-5
    )
    assert folder.read_dataset("points").way.values[0] == "cumulative_both"
    assert (folder.path / "damage.png").read_bytes().startswith(b"\x89PNG")
    assert folder.entry("status") == "finished"
    assert all(one.ready for one in planned(study, "quick", 0, cohorts))
    with pytest.raises(ValueError, match="holds this study already, finished"):
        conduct(study, "quick", 0, folder.path, cohorts, Quiet())
    with pytest.raises(ValueError, match="holds another study or run"):
        conduct(study, "laptop", 0, folder.path, cohorts, Quiet())
    page = tmp_path / "page.md"
    write_page(read_studies(tmp_path / "studies"), page)
    text = page.read_text()
    assert "## Selective damage (Jarne and Laje 2019, Figure 14)" in text
    assert "(assets/damage-damage.png)" in text
    assert (tmp_path / "assets" / "damage-damage.png").is_file()
    assert "recurra study damage --scale quick --seed 0" in text
    claim = next(line for line in text.splitlines() if line.startswith("| slice, positive: distance after damage"))
    assert "| **undecided** | within ±0.25" in claim, "two networks"
    assert "| both as drawn |" in text
    again = json.loads(json.dumps([asdict(one) for one in study.verdicts(read_tables(folder))]))
    assert again == folder.entry("verdicts")
    folder.update_about(rules=0)
    write_page(read_studies(tmp_path / "studies"), page)
    assert "no verdict until the study is rerun" in page.read_text()
    assert "undecided" not in page.read_text().partition("## Selective damage")[2]


@pytest.mark.slow
def test_work_and_speed():
    spec = papers_sweep("and", [0], networks=2).conditions[0].spec
    assert work(spec) == 2 * 4_700 * 6 * 64 * 200 * 50 * 53
    assert speed("portable") > 1e8


@pytest.mark.thorough
def test_command_line(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["study"]) == 0
    assert "memory-delay: " in capsys.readouterr().out
    assert main(["study", "minimum-size", "--scale", "paper", "--show"]) == 0
    assert "training at most" in capsys.readouterr().out
    for arguments, message in (
        (["study", "damge"], "recurra: unknown study 'damge'; did you mean 'damage'?"),
        (
            ["study", "damage", "--scale", "huge"],
            "recurra: unknown scale 'huge'; expected one of: laptop, paper, quick",
        ),
        (["study", "damage", "--seed", "-1"], "recurra: seed is -1; expected at least 0"),
        (["reproduction", ".", "--page", "x.md"], "recurra: . holds no folder of a finished study"),
    ):
        assert main(arguments) == 2
        assert capsys.readouterr().err.strip() == message
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("name", STUDIES)
def test_quick_scale(name, tmp_path, capsys, monkeypatch, request):
    monkeypatch.chdir(tmp_path)
    files = ["--files", str(request.getfixturevalue("reference"))] if STUDIES[name]().reads_files else []
    assert main(["study", name, "--scale", "quick", "--json", *files]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert {one["verdict"] for one in shown} <= {"agrees", "differs", "undecided", "cannot be compared"}
    assert (tmp_path / "runs" / f"{name}-quick" / "run.json").is_file()


def test_a_stored_study_is_read_back(tmp_path):
    """The tables of the repository give their verdicts and their figure; older or other folders are refused."""
    stored = Path(__file__).parents[1] / "reproductions" / "success-rates"
    study, tables = read_study(stored)
    assert study.name == "success-rates"
    assert len(tables["rates"]) == 14
    about = json.loads((stored / "run.json").read_text())
    assert [one.verdict for one in study.verdicts(tables)] == [one["verdict"] for one in about["verdicts"]]
    assert set(study.figures(tables)) == {"rates"}
    for changed, reason in (({"rules": 0}, "older than the rules"), ({"study": "none"}, "holds no finished study")):
        (tmp_path / "run.json").write_text(json.dumps(about | changed))
        with pytest.raises(ValueError, match=reason):
            read_study(tmp_path)
