"""Tasks that are no flip-flop, from training to the last figure: dossiers, run folders, tables, reports."""

import json
import re
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr
from matplotlib.colors import to_hex

from conftest import SMALL
from recurra.analysis import principal_components
from recurra.analysis.dossier import make_dossier
from recurra.analysis.dossier_records import Behaviour
from recurra.analysis.record import record_of_network
from recurra.analysis.shown_trials import probe_dataset
from recurra.arrays import RateWeights
from recurra.cli.app import main
from recurra.cli.console import print_run
from recurra.engine import RateDynamics
from recurra.models import Network
from recurra.periods import Period
from recurra.plotting import papers
from recurra.plotting.colors import INPUT, TARGET, condition_colors, condition_dashed, network_color
from recurra.plotting.interactive import probe_answers, sample_trials, trajectories
from recurra.plotting.scenes.conditions import MOST, Conditions
from recurra.plotting.scenes.signals import counted_targets, probe_signals, row_title, rows_of, span_of, trial_signals
from recurra.plotting.scenes.space import PathSpace
from recurra.report.figures import figures_of
from recurra.report.page.build import report_html
from recurra.report.page.provenance import provenance, used_sources
from recurra.runs.record import read_run
from recurra.sources import SOURCES
from recurra.storage.records import from_dataset, to_dataset
from recurra.storage.run_folder import RunFolder
from recurra.tasks import TASKS, And, FlipFlop, FunctionTask, OwnTask, PulseMemory, SetReset, Trial
from recurra.words import runs as words
from recurra.words.summary import dossier_table, run_table

NAMES = ("and", "pulse", "setreset")
SLOW = pytest.mark.slow
ONE = [pytest.param("and", marks=SLOW), pytest.param("pulse", marks=SLOW), "setreset"]  # slow beside one of them
SECTIONS = frozenset(
    ("summary", "behaviour", "learning", "connectivity", "spectrum", "state-space", "geometry", "dossiers", "run")
)
OF_A_FLIPFLOP = re.compile(r"\b(memor\w*|bits?|hypercube|cube|flip-?flop)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Ring(OwnTask):
    """Point to where one of many places was lit, once the place is dark again."""

    conditions: tuple[str, ...] = tuple(f"{6 * place} degrees" for place in range(60))
    dt_ms: float = 10.0

    def trial(self, key):
        return self.clean(jax.random.randint(key, (), 0, len(self.conditions), jnp.int32))

    def clean(self, place):
        lit = jnp.arange(30)[:, None] < 10
        angle = 2 * np.pi * place.astype(jnp.float32) / len(self.conditions)
        aim = jnp.stack([jnp.cos(angle), jnp.sin(angle)])
        inputs = jnp.where(lit, jnp.cos(angle - 2 * np.pi * jnp.arange(10, dtype=jnp.float32) / 10), 0)
        return Trial.of(inputs, jnp.where(lit, 0, aim), jnp.arange(30)[:, None] >= 20, place)


@dataclass(frozen=True)
class Undescribed(OwnTask):
    def trial(self, key):
        noise = jax.random.normal(key, (20, 1), jnp.float32)
        return Trial.of(noise, jnp.zeros((20, 1)))


def network_of(task, units=9, seed=0):
    """A network with random weights that fits a task."""
    random = np.random.default_rng(seed)
    weights = RateWeights(
        recurrent=random.normal(size=(units, units)) / np.sqrt(units),
        input=random.normal(size=(units, task.inputs)),
        output=random.normal(size=(task.outputs, units)) / np.sqrt(units),
        recurrent_bias=np.zeros(units),
        output_bias=np.zeros(task.outputs),
    )
    return Network(RateDynamics("rate", "tanh", 1.0), weights, task.dt_ms)


@cache
def record_of(task):
    """The record of a random network, made once a task for all tests: they only read it."""
    return record_of_network(network_of(task), task, 0, {"name": "mine"})


def text_of(html):
    """What a reader of the page reads, with the alternative texts of the figures."""
    labels = re.findall(r'(?:aria|data)-label="([^"]*)"', html)
    body = re.sub(r"<(script|style)\b.*?</\1>|<pre.*?</pre>", " ", html, flags=re.DOTALL)
    return " ".join([re.sub(r"<[^>]+>", " ", body), *labels])


def ids_of(html):
    return set(re.findall(r'\bid="([^"]+)"', re.sub(r"<script>.*?</script>", "", html, flags=re.DOTALL)))


def call(capsys, *arguments):
    status = main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def traces(figure) -> Any:
    return figure.data


@pytest.fixture(scope="module", params=ONE)
def folder(request, tmp_path_factory):
    """A small run of a task, with its report."""
    path = tmp_path_factory.mktemp("tasks") / request.param
    settings = [word for setting in SMALL for word in ("--set", setting)]
    assert main(["run", request.param, "--out", str(path), *settings]) == 0
    return path


@pytest.fixture(scope="module")
def ring():
    return record_of(Ring())


@pytest.fixture(scope="module")
def operation():
    return record_of(And())


class TestDossier:
    @pytest.mark.thorough
    @pytest.mark.parametrize(
        "task", [And(), pytest.param(PulseMemory(), marks=SLOW), pytest.param(SetReset(), marks=SLOW)], ids=NAMES
    )
    def test_the_probe_is_answered_and_followed(self, task):
        found = record_of(task).dossiers[0]
        rates, outputs = network_of(task).run(task.probe().inputs)
        np.testing.assert_allclose(found.behaviour.probe, outputs)
        expected = principal_components(rates=rates).project(rates)[..., :3]
        np.testing.assert_allclose(found.behaviour.probe_components, expected)
        assert found.memories is None

    def test_a_stored_behaviour_says_its_time_step_and_an_older_one_is_refused(self, operation):
        stored = to_dataset([operation.dossiers[0].behaviour], [0])
        assert (stored["dt_ms"].item(), stored["dt_ms"].attrs["units"]) == (And().dt_ms, "ms")
        np.testing.assert_allclose(from_dataset(Behaviour, stored)[0].probe_time_ms, And().probe().time_ms)
        with pytest.raises(ValueError, match="the run folder's Behaviour lacks dt_ms; analyse the run again"):
            from_dataset(Behaviour, stored.drop_vars("dt_ms"))

    @pytest.mark.slow
    def test_only_a_flipflop_has_memories(self, small_run):
        run = read_run(small_run)
        found = run.dossiers[0]
        assert isinstance(run.task, FlipFlop)
        assert found.memories is not None
        assert found.memories.walk.outputs.shape == (run.task.cube_walk().inputs.shape[1], 3)
        assert found.behaviour.probe.shape == (8, run.task.steps, 3)

    def test_another_order_of_the_units_changes_nothing(self, seed):
        task = And()
        network, order = network_of(task), np.random.default_rng(seed).permutation(9)
        w = network.weights
        recurrent, readout = w.recurrent[np.ix_(order, order)], w.output[:, order]
        other = replace(w, recurrent=recurrent, input=w.input[order], output=readout)
        one, two = record_of(task).dossiers[0], make_dossier(replace(network, weights=other), task, seed=0)
        np.testing.assert_allclose(one.behaviour.probe, two.behaviour.probe, atol=1e-5)
        first, second = (np.abs(found.behaviour.probe_components) for found in (one, two))
        np.testing.assert_allclose(first, second, atol=1e-4)

    def test_few_units_leave_few_components(self):
        found = make_dossier(network_of(And(), units=2), And(), seed=0)
        assert found.behaviour.probe_components.shape == (4, 200, 2)

    @SLOW
    def test_the_probe_of_the_report_has_names_and_mask(self, ring):
        assert ring.probe.sizes["condition"] == 60
        assert Conditions.of(ring.probe).names == Ring().conditions
        assert not ring.probe["mask"].all()
        assert ring.walk is None
        assert probe_dataset(And()).attrs["condition_names"] == ["00", "01", "10", "11"]

    def test_a_network_that_does_not_fit(self):
        with pytest.raises(ValueError, match="the network has 2 inputs; the task has 1"):
            make_dossier(network_of(And()), PulseMemory(), seed=0)

    def test_in_plain_values(self, operation):
        table = dossier_table(operation.dossiers[0])
        assert (table["memories"], table["geometry"], table["units"]) == (None, None, 9)
        assert json.loads(json.dumps(table, allow_nan=False)) == table


class TestWords:
    @pytest.mark.parametrize(
        ("task", "name"),
        [
            (FlipFlop(bits=2), "2-bit flip-flop"),
            (And(), "task and"),
            (SetReset(), "task setreset"),
            (Undescribed(), "task Undescribed"),
        ],
    )
    def test_the_task_has_a_name(self, task, name):
        assert task.title == name

    def test_the_task_is_described_by_its_own_docstring(self):
        assert words.task_summary(Ring()) == "Point to where one of many places was lit, once the place is dark again."
        assert words.task_summary(Undescribed()) == ""
        assert all("$" not in words.task_summary(kind()) for name, kind in TASKS.items() if name in NAMES)

    def test_the_periods_are_named_where_there_are_several(self):
        assert words.periods_words(And().periods).startswith("before (0 to 30 ms), pulses (30 to 50 ms), ")
        assert words.periods_words((Period("trial", 0.0, 20.0),)) == ""

    @pytest.mark.thorough
    def test_the_sentence(self, folder):
        run = read_run(RunFolder.open(folder))
        good = [replace(one, performance=replace(one.performance, success=1.0)) for one in run.dossiers]
        assert words.sentence(replace(run, dossiers=good)) == f"2 of 2 networks learned the task {folder.name}."

    def test_the_sentence_on_an_imported_network(self, operation):
        found = r"mine: [\d.]+ % of 1,000 fresh trials of the task and are right\."
        assert re.fullmatch(found, words.sentence(operation))

    @pytest.mark.thorough
    def test_the_sources_are_those_of_the_task(self, operation):
        listed = used_sources(operation)
        assert SOURCES["jarne2019"] in listed
        assert SOURCES["sussillo2013"] in listed, "of the fixed points"
        assert SOURCES["bernardi2020"] not in listed, "the flip-flop's"
        assert SOURCES["jarne2024"] not in listed, "the flip-flop's"
        assert provenance(operation, None).protocol == SOURCES["jarne2019"]
        assert provenance(record_of(Undescribed()), None).protocol is None


class TestCommands:
    def test_the_folder_holds_what_the_task_has(self, folder):
        assert json.loads((folder / "run.json").read_text())["status"] == "analysed"
        tree = xr.open_datatree(folder / "run.zarr")
        assert {"behaviour", "probe", "examples", "performance", "pca", "spectrum", "weights"} <= set(tree.children)
        assert not {"geometry", "memories", "walk"} & set(tree.children)
        assert tree["behaviour/probe"].dims == ("network", "condition", "probe_time", "output")
        assert tree["probe"].attrs["condition_names"] == list(TASKS[folder.name]().condition_names)
        tree.close()

    @pytest.mark.thorough
    def test_a_flipflop_keeps_the_names_of_its_groups(self, small_run):
        tree = xr.open_datatree(small_run.path / "run.zarr")
        assert {"geometry", "memories", "walk", "behaviour", "examples", "spectrum_before"} <= set(tree.children)
        assert {"inputs", "targets", "memory_state", "outputs", "components", "bits"} <= set(tree["walk"].data_vars)
        tree.close()
        walk = read_run(small_run).walk
        assert walk is not None
        assert set(walk.data_vars) == {"inputs", "targets", "memory_state"}

    def test_the_table(self, folder, capsys):
        print_run(read_run(RunFolder.open(folder)))
        out = capsys.readouterr().out
        assert f"{folder.name}: task {folder.name}" in out
        assert "Henrici" in out
        assert not OF_A_FLIPFLOP.search(out)

    @SLOW
    def test_figures_export_and_inspect(self, folder, tmp_path, capsys):
        assert call(capsys, "report", folder, "--figures")[0] == 0
        names = {path.stem for path in (folder / "figures").iterdir()}
        assert {"learning", "spectra", "trajectories", "behaviour_1", "probe_1", "connectivity_1"} <= names
        assert not any("cube" in name or "state_space" in name for name in names)
        assert call(capsys, "export", folder, "--format", "csv", "--out", tmp_path / "csv")[0] == 0
        tables = {path.name for path in (tmp_path / "csv").iterdir()}
        assert {"performance.csv", "behaviour_condition_probe_time_output.csv"} <= tables
        assert not any(name.startswith(("geometry", "memories", "walk")) for name in tables)
        assert call(capsys, "export", folder, "--format", "npz", "--out", tmp_path / "npz")[0] == 0
        arguments = ("--task", folder.name, "--json", "--report", tmp_path / "one.html")
        status, out, _ = call(capsys, "inspect", tmp_path / "npz" / "network-001.npz", *arguments)
        assert status == 0
        found = json.loads(out)
        assert (found["units"], found["memories"], found["geometry"]) == (12, None, None)
        assert 0 <= found["performance"]["success"] <= 1
        run = run_table(read_run(RunFolder.open(folder)))
        assert run["networks"][1]["performance"] == found["performance"]
        assert (tmp_path / "one.html").is_file()

    def test_a_network_of_another_task(self, folder, capsys):
        status, _, err = call(capsys, "inspect", folder, "--task", "flipflop", "--json")
        assert status == 2
        assert re.search(r"the network has \d inputs?; the task has 3", err) or "inputs; the task has 3" in err


class TestReport:
    def test_every_section_and_figure_is_there(self, folder):
        html = (folder / "report.html").read_text()
        kinds = ("trials", "probe", "connectivity", "spectrum", "principal", "program")
        found = ids_of(html)
        assert found >= SECTIONS
        assert {key for key in found if key.startswith("data-")} == {
            "data-learning",
            "data-play",
            *(f"data-{kind}-{number}" for kind in kinds for number in (0, 1)),
        }
        links = re.findall(r'href="#([^"]+)"', html)
        assert set(links) <= found

    def test_nothing_of_a_flipflop_is_in_it(self, folder):
        text = text_of((folder / "report.html").read_text())
        assert not OF_A_FLIPFLOP.search(text), OF_A_FLIPFLOP.search(text)
        assert f"task {folder.name}" in text
        assert words.task_summary(TASKS[folder.name]()) in text.replace("&#39;", "'")
        assert "correct outputs in" in text

    @pytest.mark.thorough
    def test_the_legend_and_the_periods_are_those_of_the_task(self, operation):
        html = report_html(operation)
        assert [re.search(rf"</i>{name}</li>", html) is not None for name in And().condition_names] == [True] * 4
        assert "pulses (30 to 50 ms)" in text_of(html)
        assert "None" not in text_of(html)
        assert "nan" not in text_of(html)

    @SLOW
    def test_many_conditions(self, ring):
        html = report_html(ring)
        text = text_of(html)
        assert f"{MOST} of 60 conditions are shown" in text
        assert f"The legend names {MOST} of 60 conditions" in text
        assert "the output does not count" in text, "of what the mask leaves out"
        assert "Of 2 outputs" in text
        assert "Point to where one of many places was lit" in text
        assert len(html) < 12e6

    @pytest.mark.thorough
    def test_a_task_that_says_nothing_of_itself(self):
        html = report_html(record_of(Undescribed()))
        assert "<b>The task.</b>" not in html
        assert "Periods of a trial" not in html
        assert "input noise" not in text_of(html)
        assert "whose protocol it follows" not in html

    @pytest.mark.slow
    def test_functions_make_a_task(self):
        def draw(key):
            return Trial.of(jax.random.normal(key, (20, 1), jnp.float32), jnp.ones((20, 1)))

        record = record_of(FunctionTask(draw=draw))
        assert "task FunctionTask" in text_of(report_html(record))
        for plan in figures_of(record).values():
            plan().canvas.draw()

    @pytest.mark.thorough
    def test_names_are_escaped(self):
        task = Undescribed(conditions=("<script>alert(1)</script>",))
        html = report_html(replace(record_of(Undescribed()), task=task, probe=probe_dataset(task)))
        assert "<script>alert(1)" not in html
        assert "&lt;script&gt;alert(1)" in html


@SLOW
class TestImported:
    @pytest.mark.parametrize(
        ("file", "task"),
        [
            ("and_n50_orthogonal_04_epoch19.hdf5", "and"),
            ("xor_n50_orthogonal_00_epoch19.hdf5", "xor"),
            ("setreset_n50_orthogonal_06_epoch19.hdf5", "setreset"),
        ],
    )
    def test_the_authors_networks_do_their_tasks(self, file, task, reference: Path, capsys):
        found = json.loads(call(capsys, "inspect", reference / file, "--task", task, "--json")[1])
        start = file.replace("epoch19", "initial")
        before = json.loads(call(capsys, "inspect", reference / start, "--task", task, "--json")[1])
        assert found["units"] == 50
        assert found["performance"]["success"] > 0.99
        assert before["performance"]["success"] < 0.8


class TestConditions:
    @SLOW
    def test_all_or_some_spread_over_them(self, operation, ring):
        assert Conditions.of(operation.probe).shown.tolist() == [0, 1, 2, 3]
        shown = Conditions.of(ring.probe).shown
        assert len(set(shown.tolist())) == MOST
        assert (shown[0], shown[-1]) == (0, 59)

    @pytest.mark.parametrize("count", [1, 2, 4, 8, 60])
    def test_colours_differ_and_few_of_them_for_the_colour_blind_too(self, count):
        found = condition_colors(count)
        assert len(set(found)) == count
        assert condition_dashed(count) == [count == 8 and at % 2 == 1 for at in range(count)]
        if count <= 4:
            for seen in BLIND.values():
                shades = [lab(seen @ linear(color)) for color in found]
                apart = [np.linalg.norm(a - b) for at, a in enumerate(shades) for b in shades[:at]]
                assert min(apart, default=99.0) > 15

    def test_rows_and_their_names(self):
        assert rows_of(2, 8) == [[0], [1]]
        assert rows_of(9, 8) == [list(range(9))]
        assert [row_title("Input", row, 2) for row in rows_of(2, 8)] == ["Input 1", "Input 2"]
        assert row_title("Input", [0], 1) == "Input"
        assert row_title("Input", list(range(9)), 1) == "9 inputs"

    def test_spans_hold_zero(self):
        assert span_of(np.array([2.0, 4.0]), 0.5) == (-2.0, 6.0)
        assert span_of(np.zeros(3), 0.0) == (-1.0, 1.0)

    @SLOW
    def test_a_target_has_gaps_where_it_does_not_count(self, ring):
        targets = counted_targets(ring.probe)
        assert np.array_equal(np.isnan(targets), ~ring.probe["mask"].values)


class TestFigures:
    def test_sample_trials_have_rows_for_inputs_and_outputs(self, operation):
        outputs = operation.dossiers[0].behaviour.examples
        scene = trial_signals(operation.examples, outputs, 0)
        figure = sample_trials(scene)
        assert [trace.line.color for trace in traces(figure)] == [INPUT, INPUT, TARGET, network_color(0)] * 3
        assert sum(trace.showlegend for trace in traces(figure)) == 3
        axes = papers.behaviour(scene).axes
        assert [one.get_ylabel() for one in axes[::3]] == ["Input 1", "Input 2", "Output"]

    @SLOW
    def test_many_inputs_share_a_row(self, ring):
        outputs = ring.dossiers[0].behaviour.examples
        scene = trial_signals(ring.examples, outputs, 0)
        titles = [axis.title.text for axis in sample_trials(scene).select_yaxes(col=1)]
        assert titles == ["10 inputs", "Output 1", "Output 2"]
        assert len(papers.behaviour(scene).axes) == 9

    @pytest.mark.parametrize("count", [1, 4, 5, 12])
    @SLOW
    def test_a_panel_a_condition(self, ring, count):
        shown = ring.probe.isel(condition=slice(count))
        outputs, names = ring.dossiers[0].behaviour.probe[:count], [f"place {at}" for at in range(count)]
        scene = probe_signals(shown, outputs, names, 0)
        figure = probe_answers(scene)
        assert len(traces(figure)) == 4 * count, "two targets and two outputs each"
        assert {trace.line.dash for trace in traces(figure)} == {None, "dash"}
        assert [note.text for note in figure.layout["annotations"]] == names
        times = [axis.showticklabels for axis in figure.select_xaxes()]
        assert sum(times) == min(count, 4), "every column has its times"
        axes = papers.probe_answers(scene).axes
        assert [one.get_title() for one in axes if one.axison] == names

    @pytest.mark.parametrize(("dimensions", "kind"), [(3, "scatter3d"), (2, "scatter"), (1, "scatter")])
    def test_a_line_a_condition(self, dimensions, kind):
        coordinates = np.random.default_rng(0).normal(size=(5, 20, dimensions))
        colors, names = condition_colors(5), [f"c{at}" for at in range(5)]
        axes = tuple(f"PC {at + 1}" for at in range(dimensions))
        look = Conditions(tuple(names), tuple(colors), tuple(condition_dashed(5)), np.arange(5))
        scene = PathSpace("Network 0", axes, coordinates, np.arange(20.0), look)
        figure = trajectories(scene)
        lines = [trace for trace in traces(figure) if trace.mode == "lines"]
        assert {trace.type for trace in traces(figure)} == {kind}
        assert [line.line.color for line in lines] == colors
        assert [line.line.dash for line in lines] == ["solid", "dash"] * 2 + ["solid"]
        drawn = papers.trajectories([scene] * 2)
        assert set(colors) <= {to_hex(line.get_color()) for line in drawn.axes[0].get_lines()}
        assert [text.get_text() for text in drawn.legends[0].get_texts()] == names
        drawn.canvas.draw()

    def test_a_diverged_network_is_drawn(self, operation):
        lost, look = np.full((4, 20, 3), np.nan), Conditions.of(operation.probe)
        drawn = papers.trajectories([PathSpace("Network 0", ("x", "y", "z"), lost, np.arange(20.0), look)])
        assert "no finite rates" in {text.get_text() for text in drawn.axes[0].texts}

    def test_many_networks_are_shown_on_pages(self, operation):
        many = replace(operation, numbers=tuple(range(45)), dossiers=operation.dossiers * 45)
        plan = figures_of(many)
        assert {"trajectories_1", "trajectories_3", "behaviour_44", "probe_44"} <= set(plan)
        assert len(plan["trajectories_3"]().axes) == 5


# What people without one kind of cones see, of linear red, green and blue: Machado et al. (2009), severity 1.
BLIND = {
    "protan": np.array([[0.1523, 1.0526, -0.2049], [0.1145, 0.7863, 0.0992], [-0.0039, -0.0481, 1.0520]]),
    "deutan": np.array([[0.3673, 0.8606, -0.2280], [0.2801, 0.6725, 0.0474], [-0.0118, 0.0429, 0.9689]]),
    "tritan": np.array([[1.2555, -0.0767, -0.1788], [-0.0784, 0.9308, 0.1476], [0.0047, 0.6914, 0.3039]]),
}


def linear(color):
    value = np.array([int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def lab(color):
    """CIE L*a*b* of linear red, green and blue: distances are about those that the eye sees."""
    to_xyz = np.array([[0.4125, 0.3576, 0.1804], [0.2127, 0.7152, 0.0722], [0.0193, 0.1192, 0.9503]])
    ratio = to_xyz @ np.clip(color, 0, 1) / np.array([0.9505, 1.0, 1.0888])
    x, y, z = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("name", "task", "kinds", "by_index"),
    [
        ("and_n50_orthogonal_04_epoch19", "and", ["quiescent", "cycle", "cycle", "fixed"], {"0": 2, "6": 1}),
        pytest.param(
            *("setreset_n50_orthogonal_06_epoch19", "setreset", ["cycle", "fixed"], {"0": 2, "3": 2, "8": 1}),
            marks=pytest.mark.slow,
        ),
    ],
)
def test_inspect_says_how_published_networks_work(reference, capsys, name, task, kinds, by_index):
    assert main(["inspect", str(reference / f"{name}.hdf5"), "--task", task, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert [one["kind"] for one in shown["regimes"]] == kinds
    assert shown["fixed_points"]["by_index"] == by_index
    assert shown["fixed_points"]["certified"] == shown["fixed_points"]["count"]
    assert shown["fixed_points"]["residual_max"] < 1e-8
    assert shown["memory_states"] is None


@SLOW
def test_inspect_says_how_long_memories_last(small_run, capsys):
    assert main(["inspect", str(small_run.path), "--task", "flipflop", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert [one["bits"] for one in shown["memory_states"]] == list(FlipFlop().condition_names)
    assert {one["kind"] for one in shown["memory_states"]} <= {"stable", "drifting", "oscillating"}
    assert main(["inspect", str(small_run.path), "--task", "flipflop"]) == 0
    text = capsys.readouterr().out
    assert "fixed points without input: " in text
    assert "lifetime_ms" in text
