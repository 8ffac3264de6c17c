"""The explorer of a cohort, and the few bytes of its figures: without a browser."""

import json
import re
import shutil
import subprocess
from dataclasses import replace
from importlib import resources
from itertools import pairwise
from pathlib import Path

import jax
import numpy as np
import plotly.graph_objects as go
import pytest

from recurra.cli.app import main
from recurra.plotting.interactive import learning_curves
from recurra.plotting.scenes.learning_of import learning_of
from recurra.plotting.scenes.thinning import TOLERANCE, kept_points
from recurra.report.explorer.script import FILES, report_script
from recurra.report.page.build import report_html
from recurra.report.page.explorer_part import MANY, explorer_part
from recurra.report.page.packing import Packed, step_of, whole_numbers
from recurra.report.page.panel import PageFigure
from recurra.report.page.rows import rows
from recurra.report.page.thinning import packed, thinned, unpacked
from recurra.runs.record import read_run
from recurra.status import Status
from recurra.tasks import TASKS
from test_report import repeated
from test_report_workings import census_with_kinds

NODE = shutil.which("node")
MODULES = Path(str(resources.files("recurra.report"))) / "explorer"


@pytest.fixture(scope="module")
def run(small_run):
    return read_run(small_run)


TINY = [
    "--units",
    "3",
    "--set",
    "training.steps=2",
    "--set",
    "training.batch=2",
    "--set",
    "training.validation_trials=4",
]


@pytest.mark.thorough
@pytest.mark.parametrize(
    "task", ["not", *(pytest.param(name, marks=pytest.mark.slow) for name in TASKS if name not in ("not", "flipflop"))]
)
def test_many_networks_of_any_task_have_an_explorer(task, tmp_path):
    """Most tasks have no memories, whose columns the table has for the others."""
    assert main(["run", task, "--networks", str(MANY), *TINY, "--out", str(tmp_path / "run")]) == 0
    page = (tmp_path / "run" / "report.html").read_text()
    assert "Memories held" not in page
    assert "Participation ratio" in page


def cohort(run, count: int):
    """Networks that differ: in their errors, in whether they diverged, and a little in all numbers that are drawn."""
    many = repeated(run, count)
    random = np.random.default_rng(0)
    dossiers = []
    for one, by in zip(many.dossiers, 1 + 1e-3 * random.standard_normal(count), strict=True):
        walk = one.memories.walk
        walk = replace(walk, outputs=walk.outputs * by, components=walk.components * by, bits=walk.bits * by)
        examples = replace(one.behaviour, examples=one.behaviour.examples * by)
        error = replace(one.performance, mse=abs(float(by - 1)), success=float(by > 1))
        dossiers.append(replace(one, performance=error, behaviour=examples, memories=replace(one.memories, walk=walk)))
    status = tuple(Status.diverged if at % 5 == 4 else Status.finished for at in range(count))
    kinds = np.ones((count, 8), int)
    kinds[1::2, -1] = 2
    scaled = jax.tree.map(
        lambda array: array * (1 + 1e-3 * random.standard_normal((count,) + (1,) * (array.ndim - 1))), many.weights
    )
    return replace(many, dossiers=dossiers, status=status, weights=scaled, census=census_with_kinds(count, kinds))


def told_by_node(module: str, code: str):
    """What code that imports all of a module prints, as JSON."""
    if NODE is None:
        pytest.skip("no node on this machine")
    text = f'import * as own from "{(MODULES / module).as_uri()}";\nconsole.log(JSON.stringify((() => {{{code}}})()));'
    done = subprocess.run([NODE, "--input-type=module"], input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


class TestThinning:
    def test_a_straight_line_needs_its_ends(self):
        assert kept_points(np.linspace([0.0, 5.0], [300.0, 8.0], 200)).tolist() == [0, 199]

    def test_a_corner_stays(self):
        line = np.concatenate([np.linspace([0, 0], [50, 0], 51), np.linspace([51, 1], [100, 50], 50)])
        assert kept_points(line).tolist() == [0, 50, 100]

    def test_where_the_pen_is_lifted_it_stays_lifted(self):
        line = np.linspace([0.0, 0.0], [9.0, 0.0], 10)
        line[4] = np.nan
        assert kept_points(line).tolist() == [0, 3, 4, 5, 9]

    @pytest.mark.parametrize("axes", [2, 3])
    def test_no_point_is_farther_from_the_new_line_than_the_tolerance(self, seed, axes):
        line = 3 * np.cumsum(np.random.default_rng(seed).standard_normal((400, axes)), axis=0)
        kept = kept_points(line)
        assert len(kept) < len(line)
        for begin, end in pairwise(kept):
            share = np.linspace(0, 1, 500)[:, None]
            drawn = line[begin] * (1 - share) + line[end] * share
            away = np.linalg.norm(line[begin : end + 1, None] - drawn[None], axis=-1).min(axis=1)
            assert away.max() < TOLERANCE + 0.1, "half a pixel, and the distance of the 500 places"

    def test_a_figures_line_keeps_its_place(self):
        time, values = np.arange(900.0), np.tanh(np.sin(np.arange(900) / 40) * 4)
        figure = go.Figure(go.Scatter(x0=5, dx=2, y=values, mode="lines")).update_layout(height=400)
        figure.update_xaxes(title_text="t").update_yaxes(range=(-1.75, 1.75))
        trace = thinned(json.loads(str(figure.to_json())))["data"][0]
        x, y = unpacked(trace["x"]), unpacked(trace["y"])
        assert len(x) < 200
        assert "x0" not in trace
        assert np.abs(np.interp(5 + 2 * time, x, y) - values).max() < 4 * 3.5 / 400, "steep flanks are seen across"

    def test_logarithmic_axes_and_short_lines_are_left_alone(self):
        figure = go.Figure(go.Scatter(y=np.ones(500), mode="lines")).update_layout(height=400, xaxis={"title": "t"})
        figure.update_yaxes(type="log")
        stored = json.loads(str(figure.to_json()))
        assert thinned(stored) == stored


class TestPacking:
    def test_whole_numbers_are_near(self, seed):
        values = np.random.default_rng(seed).standard_normal(300)
        values[7] = np.nan
        kept = whole_numbers(packed(values))
        assert kept["step"] == pytest.approx(np.ptp(values[np.isfinite(values)]) / 65_534, rel=1e-3)

    @pytest.mark.parametrize(
        "values",
        [[1.0] * 90 + [1e9], [np.nan] * 3, [1.0, np.inf, 2.0], [1e-6, 1e-3, 1.0, 10.0], [2.0, 2.0], []],
        ids=["far away", "unknown", "infinite", "decades", "the same", "none"],
    )
    def test_where_steps_would_be_seen_floats_stay(self, values):
        assert step_of(np.array(values)) is None

    @pytest.mark.thorough
    def test_the_page_has_the_figures_again(self, run, tmp_path):
        """Inflated by the page's own code: long, short and stored blocks, references and whole numbers."""
        assert run.history is not None
        random = np.random.default_rng(0)
        scene = learning_of(run.history, run.numbers, run.status, run.task, run.rule)
        noise = go.Figure(go.Heatmap(z=random.standard_normal((60, 50)), text=[["</script>λ" * 3]]))
        lines = go.Figure([go.Scatter(y=random.standard_normal(70)), go.Scatter(y=np.arange(70.0))])
        shown = {"noise": noise, "lines": lines, "again": lines, "learning": learning_curves(scene, run.numbers)}
        panels = {key: PageFigure(key, figure, "") for key, figure in shown.items()}
        kept = Packed(panels)
        texts = json.dumps({"shared": kept.shared, "figures": kept.figures})
        found = told_by_node(
            "unpack.mjs",
            f"const all = {texts}; const shared = own.unpack(all.shared);"
            "const plain = (x) => ArrayBuffer.isView(x) ? [...x] : Array.isArray(x) ? x.map(plain)"
            " : x && typeof x === 'object' ? ('bdata' in x ? [...own.numbersOf(x)]"
            " : Object.fromEntries(Object.entries(x).map(([k, v]) => [k, plain(v)]))) : x;"
            "const turned = Object.entries(all.figures).map(([k, v]) => [k, plain(own.unpack(v, shared))]);"
            "return Object.fromEntries(turned);",
        )
        assert found["lines"] == found["again"]
        assert np.allclose(found["noise"]["data"][0]["z"], noise.data[0].z, atol=1e-4)
        assert found["noise"]["data"][0]["text"] == [["&lt;/script>λ" * 3]]
        for key, panel in panels.items():
            wanted = json.loads(panel.json)
            assert found[key]["layout"] == wanted["layout"]
            for got, one in zip(found[key]["data"], wanted["data"], strict=True):
                assert got.keys() == one.keys()
                assert "y" not in one or np.allclose(got["y"], unpacked(one["y"]), atol=1e-3, equal_nan=True)

    def test_the_page_has_the_inside_of_a_dossier_again(self):
        html = "<dl><dt>λ &amp; µ</dt></dl></script>" * 9
        text = Packed.text(html)
        assert "<" not in text
        assert told_by_node("unpack.mjs", f"return own.unpack({json.dumps(text)});") == html

    def test_a_damaged_figure_is_refused(self):
        code = 'try { own.unpack("////AAAA"); } catch (error) { return error.message; } return "nothing";'
        assert "damaged" in told_by_node("unpack.mjs", code) or "cut off" in told_by_node("unpack.mjs", code)


class TestSelection:
    @pytest.mark.parametrize(
        ("code", "found"),
        [
            ('[...own.numbersIn("0-3,7,99,x,-1,2-1,1e1,", [0, 1, 2, 3, 5, 7])]', [0, 1, 2, 3, 7]),
            ("own.textOf([7, 0, 2, 1, 3, 9])", "0-3,7,9"),
            ("own.textOf([])", ""),
            ('own.chosenIn("#networks=<b>,4-", [4])?.size', 0),
            ('own.chosenIn("#network-4", [4])', None),
            ('own.chosenIn("", [4])?.size', 0),
            ("[...own.toggled(new Set([1, 2]), [2])]", [1]),
            ("[...own.toggled(new Set([1, 2]), [2, 3])]", [1, 2, 3]),
            ("own.inRange([4, 5, 6, 7], [0.1, null, 0.3, 0.2], 0.15, NaN)", [6, 7]),
            ("own.ordered([2, null, 1, 2], false)", [2, 0, 3, 1]),
            ("own.ordered([2, null, 1, 2], true)", [0, 3, 2, 1]),
            ('own.ordered(["b", "a"], false)', [1, 0]),
            ("own.chosenWords(5, 100, 6)", "5 of 100 networks chosen."),
            ("own.paged([1, 2, 3, 4, 5], 2, 9)", {"page": 2, "pages": 3, "members": [5]}),
            ("own.paged([], 2, 0)", {"page": 0, "pages": 1, "members": []}),
        ],
    )
    def test_choices(self, code, found):
        assert told_by_node("selection.mjs", f"return {code} ?? null;") == found

    def test_the_others_become_one_line_a_panel(self):
        code = """const line = (meta, xaxis) => ({ meta, xaxis, x: [1, 2], y: [3, 4], line: { color: "red" } });
        const ends = { name: "ends", xaxis: "x", x: [2, 2], customdata: [0, 2], marker: { color: ["red", "blue"] } };
        const data = [line(0, "x"), line(1, "x"), line(2, "x"), line(0, "x2"), line(1, "x2"), ends];
        const { data: drawn } = own.emphasised("learning", { layout: {}, data }, new Set([0]));
        return [drawn.map(({ name, meta, xaxis, x }) => [name ?? meta, xaxis, x.length]), drawn.at(-1).marker.color];"""
        lines, colors = told_by_node("emphasis.mjs", code)
        assert lines == [["others", "x", 6], ["others", "x2", 3], [0, "x", 2], [0, "x2", 2], ["ends", "x", 2]]
        assert colors[0] == "red", "the mark of the chosen network"
        assert colors[1] != "blue"

    def test_arrow_keys_lead_to_the_nearest_point_on_that_side(self):
        """Of five points: to the right there are two, up one that is nearer aside, down none."""
        code = """const points = [[0, 0], [3, 0], [1, 0.5], [-0.1, 2], [-4, 1]].map(([x, y]) => ({ x, y }));
        return [[1, 0], [-1, 0], [0, 1], [0, -1]].map((way) => own.nearest(points, 0, way));"""
        assert told_by_node("keys.mjs", code) == [2, 4, 3, 0]


class TestPart:
    @pytest.mark.thorough
    def test_few_networks_have_none(self, run):
        assert explorer_part(run, rows(run, None), [0, 1], dict.fromkeys(run.numbers, "")) is None
        html = report_html(run)
        assert 'id="explorer-data"' not in html
        assert "data-slot" not in re.sub(r"<script>.*?</script>", "", html, flags=re.DOTALL)

    def test_columns_and_chips(self, run):
        many = cohort(run, MANY)
        part = explorer_part(many, rows(many, None), [0, 1], dict.fromkeys(many.numbers, "</script>"))
        assert part is not None
        assert "<" not in part.json
        content = json.loads(part.json)
        assert content["columns"]["error"] == pytest.approx([one.performance.mse for one in many.dossiers], rel=1e-5)
        chips = dict(part.chips)
        assert [(one.name, one.members) for one in chips["Outcome"]][-1] == ("diverged", "4")
        assert [one.count for one in chips["Regimes"]] == [4, 4]
        assert sum(one.count for one in chips["Cluster"]) == MANY

    def test_the_script_is_one_file(self):
        assert {path.name for path in MODULES.glob("*.mjs")} == set(FILES)
        assert not re.search(r"^(import|export) ", report_script(), flags=re.MULTILINE)

    @pytest.mark.slow
    def test_a_hundred_real_networks_are_less_than_12_mb(self, tmp_path):
        from recurra.cli.app import main
        from recurra.storage.run_folder import RunFolder

        settings = ["networks=1", "training.steps=25"]
        words = [word for setting in settings for word in ("--set", setting)]
        assert main(["run", "flipflop", "--out", str(tmp_path / "run"), *words]) == 0
        html = report_html(cohort(read_run(RunFolder.open(tmp_path / "run")), 100))
        assert len(html.encode()) < 12e6
