"""The report: sentences and numbers with known answers, and what is in the file."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import jax
import numpy as np
import plotly.graph_objects as go
import pytest

from recurra import wording
from recurra.analysis.record import record_of_network
from recurra.engine import RateDynamics
from recurra.models import Network, RateRNN
from recurra.report import write_report
from recurra.report.page.build import SHOWN, report_html
from recurra.report.page.panel import FINE, PageFigure
from recurra.report.page.provenance import provenance, used_sources
from recurra.report.page.rows import pick, rows, sparklines
from recurra.runs.record import read_run
from recurra.runs.spec import read_table, to_spec, with_settings
from recurra.sources import SOURCES
from recurra.status import Status
from recurra.tasks import FlipFlop
from recurra.words import runs as words


class Page(HTMLParser):
    """What a page is made of."""

    def __init__(self, html: str):
        super().__init__()
        self.ids: list[str] = []
        self.links: list[tuple[str, str]] = []
        self.loads: list[str] = []
        self.labels: list[str] = []
        self.data: dict[str, str] = {}
        self.tags: list[str] = []
        self.text = ""
        self._reading = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        self._reading = found.get("id", "") if found.get("type") == "application/json" else tag
        if "id" in found:
            self.ids.append(found["id"])
        if tag == "a":
            self.links.append((found["href"], found.get("rel", "")))
        elif "src" in found or "href" in found or "srcset" in found:
            self.loads.append(tag)
        if "plot" in found.get("class", "").split():
            self.labels.append(found["aria-label"])

    def handle_data(self, data: str) -> None:
        if self._reading.startswith(("data-", "palette")):
            self.data[self._reading] = self.data.get(self._reading, "") + data
        elif self._reading not in ("script", "style"):
            self.text += data


@pytest.fixture(scope="module")
def run(small_run):
    return read_run(small_run)


@pytest.fixture(scope="module")
def page(run):
    return Page(report_html(run))


def imported(bits: int, units: int = 9, name: str = "and_n50.hdf5"):
    task, model = FlipFlop(bits=bits), RateRNN(units=units)
    weights = model.initial_weights(jax.random.key(bits), bits, bits)
    return record_of_network(Network(RateDynamics("rate", "tanh", 1.0), weights, 1.0), task, 0, {"name": name})


@pytest.fixture(scope="module")
def one_network():
    return imported(3, 12)  # the shape of the small run: they share what is compiled


def with_findings(run, success=1.0, held=8, score=0.985, edges=(2.0, 2.0, 2.0), cosine=0.0):
    """The run with other findings in all its networks."""
    one = run.dossiers[0]
    states = len(one.memories.held.held)
    changed = replace(
        one,
        performance=replace(one.performance, success=success),
        memories=replace(
            one.memories,
            held=replace(one.memories.held, held=np.arange(states) < held, held_long=np.arange(states) < held),
            cube=replace(one.memories.cube, score=score, heights=np.array(edges), axis_cosines=np.full(3, cosine)),
        ),
    )
    before = [replace(one.memories.cube, score=0.17)] * len(run.dossiers)
    return replace(run, dossiers=[changed] * len(run.dossiers), cubes_before=before)


def repeated(run, count):
    """A run of many networks that are all the first one of another."""
    assert run.initial is not None
    assert run.history is not None
    assert run.before is not None
    return replace(
        run,
        numbers=tuple(range(count)),
        status=(Status.finished,) * count,
        initial=jax.tree.map(lambda array: np.repeat(array[:1], count, axis=0), run.initial),
        weights=jax.tree.map(lambda array: np.repeat(array[:1], count, axis=0), run.weights),
        connections=jax.tree.map(lambda array: np.repeat(array[:1], count, axis=0), run.connections),
        history=replace(
            run.history,
            loss=np.repeat(run.history.loss[:1], count, axis=0),
            validation_loss=np.repeat(run.history.validation_loss[:1], count, axis=0),
            success=np.repeat(run.history.success[:1], count, axis=0),
        ),
        before=[run.before[0]] * count,
        cubes_before=[run.cubes_before[0]] * count,
        dossiers=[run.dossiers[0]] * count,
        weights_at=None,
    )


class TestNumbers:
    @pytest.mark.parametrize(
        ("value", "text"),
        [
            (0.003914, "0.00391"),
            (12.34, "12.3"),
            (4567.0, "4,570"),
            (0.0, "0"),
            (-0.5, "−0.500"),
            (1.204e-7, "1.20 × 10⁻⁷"),
            (4.45e12, "4.45 × 10¹²"),
            (9.999, "10.0"),
            (np.nan, "–"),
            (np.inf, "∞"),
            (-np.inf, "−∞"),
        ],
    )
    def test_three_digits(self, value, text):
        assert wording.three(value) == text

    @pytest.mark.parametrize(("value", "text"), [(1.0, "1.000"), (0.9989, "0.999"), (-0.05, "−0.050"), (np.nan, "–")])
    def test_fixed(self, value, text):
        assert wording.fixed(value) == text

    @pytest.mark.parametrize(
        ("values", "text"),
        [([0.981, 0.993, 0.99], "0.981 to 0.993"), ([0.5, 0.5], "0.500"), ([np.nan, 0.2], "0.200"), ([np.nan], "–")],
    )
    def test_span(self, values, text):
        assert words.span(values) == text

    def test_joined(self):
        assert words.joined(["a"]) == "a"
        assert words.joined(["a", "b", "c"]) == "a, b and c"
        assert words.joined(["a"] * 9) == "9 networks"


class TestSentence:
    @pytest.mark.thorough
    def test_all_learned_a_cube(self, run):
        assert words.sentence(with_findings(run)) == (
            "2 of 2 networks learned the 3-bit flip-flop; each holds 8 of 8 memories; "
            "the memories stand on a cube, score 0.985 (0.170 before training)."
        )

    @pytest.mark.parametrize(
        ("findings", "ending"),
        [
            ({"edges": (2, 2, 4)}, "the memories stand on a right-angled box, score 0.985 (0.170 before training)."),
            ({"cosine": -0.5}, "the memories stand on a parallelepiped, score 0.985 (0.170 before training)."),
            ({"score": 0.4}, "each holds 8 of 8 memories."),
            ({"score": np.nan}, "each holds 8 of 8 memories."),
            ({"held": 0}, "each holds 0 of 8 memories."),
        ],
    )
    def test_other_shapes(self, run, findings, ending):
        assert words.sentence(with_findings(run, **findings)).endswith(ending)

    def test_those_that_failed_are_counted_but_not_described(self, run):
        good, bad = with_findings(run).dossiers[0], with_findings(run, success=0.1, held=3, score=0.2).dossiers[0]
        mixed = replace(with_findings(run), dossiers=[good, bad], status=(Status.finished, Status.diverged))
        assert words.sentence(mixed) == (
            "1 of 2 networks learned the 3-bit flip-flop; it holds 8 of 8 memories; "
            "the memories stand on a cube, score 0.985 (0.170 before training); network 1 diverged."
        )

    @pytest.mark.slow
    def test_an_imported_network_goes_by_its_name(self, one_network):
        text = words.sentence(one_network)
        assert text.startswith("and_n50.hdf5: ")
        assert "fresh trials of the 3-bit flip-flop are right; it holds " in text


class TestRows:
    def test_sparklines_share_one_logarithmic_scale(self):
        first, second, none, single = sparklines(
            np.array([[1.0, 0.1, 0.01], [0.1, 0.1, 0.1], [np.nan, np.inf, np.nan], [0.1, np.nan, np.nan]])
        )
        assert first == "3.0,3.0 60.0,15.0 117.0,27.0"
        assert second == "3.0,15.0 60.0,15.0 117.0,15.0"
        assert none == ""
        assert single == "3.0,15.0 3.0,15.0"

    def test_reasons(self, run):
        spec = to_spec({**run.about["spec"]})
        failed = with_findings(run, success=0.5)
        for status, text in (
            (Status.finished, "took all 20 steps; only 50.0 % of fresh trials are right, 95 % are needed"),
            (Status.missed, "did not meet its criterion (none) in 20 steps; only"),
            (
                Status.diverged,
                "within 20 steps its loss became infinite or far too large; the weights before that are shown",
            ),
        ):
            row = rows(replace(failed, status=(status, status)), spec)[0]
            assert row.outcome == status.name
            assert row.reason.startswith(text)
        assert "only" not in rows(with_findings(run), spec)[0].reason

    @pytest.mark.parametrize(
        ("stop", "text"),
        [
            ('{ kind = "loss", bound = 0.009 }', "loss below 0.009"),
            ('{ kind = "success", bound = 0.9 }', "90 % of validation trials right"),
        ],
    )
    def test_stop_words(self, stop, text):
        assert to_spec(with_settings(read_table("flipflop"), [f"training.stop={stop}"])).training.stop.words() == text

    def test_lost_memories_are_named(self, run):
        row = rows(with_findings(run, held=7), None)[0]
        assert row.lost == ("+ + +",)

    def test_many_networks_are_picked_by_rank_of_error(self, run):
        one = run.dossiers[0]
        errors = np.random.default_rng(0).permutation(20) / 20
        errors[3] = np.nan
        dossiers = [replace(one, performance=replace(one.performance, mse=float(error))) for error in errors]
        picked = pick(replace(run, dossiers=dossiers, numbers=tuple(range(20))), 6)
        assert len(picked) == 6
        assert 3 in picked, "the worst"
        assert int(np.nanargmin(errors)) in picked, "the best"
        assert list(pick(run, 6)) == [0, 1]


class TestFacts:
    def test_sources_are_those_of_the_methods_and_no_others(self, run):
        listed = {source.link for source in used_sources(run)}
        assert SOURCES["kingma2015"].link in listed, "Adam"
        assert SOURCES["wilson1927"].link in listed, "intervals"
        assert SOURCES["loshchilov2019"].link not in listed, "AdamW was not used"

    @pytest.mark.slow
    def test_an_imported_network_was_not_trained_by_anything(self, one_network):
        listed = {source.link for source in used_sources(one_network)}
        assert SOURCES["sussillo2013"].link in listed
        assert SOURCES["kingma2015"].link not in listed

    def test_the_command_runs_the_spec_that_is_shown(self, run, small_spec):
        found = provenance(run, small_spec)
        assert found.command == "recurra run flipflop.toml --out runs/flipflop"
        assert 'kind = "identity"' in found.toml

    def test_a_strange_name_is_a_safe_file_name(self, run, small_spec):
        about = {**run.about, "name": "../a b; rm -rf"}
        assert provenance(replace(run, about=about), small_spec).file == "a-b--rm--rf.toml"


class TestPage:
    def test_every_section_and_figure_is_there(self, page, run):
        sections = "summary behaviour learning connectivity spectrum state-space play geometry workings dossiers run"
        assert set(sections.split()) <= set(page.ids)
        kinds = ("trials", "walk", "connectivity", "spectrum", "principal", "bits", "program", "lifetimes")
        keys = {f"data-{kind}-{number}" for kind in kinds for number in run.numbers}
        assert keys | {"data-learning", "data-play"} == {key for key in page.ids if key.startswith("data-")}
        assert {f"network-{number}" for number in run.numbers} <= set(page.ids)

    def test_ids_are_unique_and_links_lead_somewhere(self, page):
        assert len(page.ids) == len(set(page.ids))
        for link, _ in page.links:
            assert link.startswith(("https://", "data:application/toml")) or link[1:] in page.ids

    def test_every_figure_is_described(self, page):
        assert page.labels
        assert all(label.endswith(".") and len(label) > 40 for label in page.labels)

    def test_the_figures_data_is_json(self, page):
        for text in page.data.values():
            json.loads(text)

    def test_a_label_under_the_pointer_has_no_other_markup_than_its_own(self):
        figure = go.Figure(go.Scatter(y=[1.0], hovertemplate="<a href='x'>y</a><br>%{y}<extra></extra>"))
        (trace,) = json.loads(PageFigure("one", figure, "").json)["data"]
        assert trace["hovertemplate"] == "&lt;a href='x'>y&lt;/a><br>%{y}<extra></extra>"

    def test_a_name_may_have_a_backslash(self):
        """What looks like an escaped character stays what it is."""
        (trace,) = json.loads(PageFigure("one", go.Figure(go.Scatter(y=[1.0], name=r"a\u003cb\\")), "").json)["data"]
        assert trace["name"] == r"a\u003cb\\"

    @pytest.mark.thorough
    def test_nothing_is_loaded_from_elsewhere(self, run):
        html = report_html(run)
        assert Page(html).loads == []
        assert "default-src 'none'" in html
        own = re.sub(r"<script>.*?</script>", "", html, flags=re.DOTALL)
        assert "@import" not in own
        assert not re.search(r"url\(\s*['\"]?(https?:)?//", own)

    def test_the_table_has_a_row_a_network_with_its_numbers(self, page, run):
        for dossier in run.dossiers:
            assert wording.three(dossier.performance.mse) in page.text
            assert wording.fixed(dossier.memories.cube.score) in page.text

    @pytest.mark.thorough
    def test_one_imported_network(self, one_network):
        html = report_html(one_network)
        page = Page(html)
        assert "learning" not in page.ids
        assert "data-learning" not in page.ids
        assert {"data-connectivity-0", "data-spectrum-0", "network-0"} <= set(page.ids)
        assert "To run it again" not in page.text
        assert not re.search(r"\bNone\b(?! of)", page.text)
        assert "nan" not in page.text

    @pytest.mark.slow
    @pytest.mark.parametrize("bits", [1, 4])
    def test_any_number_of_bits(self, bits):
        page = Page(report_html(imported(bits)))
        assert f"{bits}-bit flip-flop" in page.text
        assert ("mesh3d" in page.data["data-principal-0"]) == (bits >= 3)
        assert ("Generalization" in page.text) == (bits > 1)
        assert "States and pulses" in page.text
        assert "nan" not in page.text

    def test_validation_with_recurrent_noise_is_not_the_test_without(self, run, page):
        spec = {**run.about["spec"], "model": {**run.about["spec"]["model"], "recurrent_noise": 0.5}}
        words = "have the recurrent noise of the model, σ = 0.5"
        assert words in Page(report_html(replace(run, about={**run.about, "spec": spec}))).text
        assert "recurrent noise" not in page.text

    @pytest.mark.thorough
    def test_a_network_that_diverged(self, run):
        assert run.history is not None
        losses = run.history.validation_loss.copy()
        losses[1] = np.inf
        failed = replace(
            with_findings(run, success=0.0, held=0, score=np.nan),
            status=(Status.finished, Status.diverged),
            history=replace(run.history, validation_loss=losses, loss=losses),
        )
        text = Page(report_html(failed)).text
        assert "network 1 diverged" in text
        assert "its loss became infinite" in text

    @pytest.mark.slow
    def test_many_networks(self, run):
        count = FINE + 2
        many = repeated(run, count)
        page = Page(report_html(many))
        assert "data-spectra" in page.ids
        assert f"{SHOWN} of {count} networks are shown" in page.text
        assert {f"network-{number}" for number in range(count)} <= set(page.ids)
        assert sum(key.startswith("data-walk-") for key in page.ids) == count
        assert sum(key.startswith("data-program-") for key in page.ids) == count
        assert sum(key.startswith("data-trials-") for key in page.ids) == count
        assert sum(key.startswith("data-bits-") for key in page.ids) == count

    @pytest.mark.parametrize(
        "name", [pytest.param('"><img src=x onerror=alert(1)>', marks=pytest.mark.slow), "</script>"]
    )
    def test_names_are_escaped(self, one_network, name):
        harmless = report_html(replace(one_network, about={"name": "x", "file": "x"}))
        html = report_html(replace(one_network, about={"name": name, "file": name}))
        assert html.count(name) == harmless.count(name)
        assert Page(html).tags == Page(harmless).tags
        assert name in Page(html).text


class TestFile:
    @pytest.mark.thorough
    def test_it_is_written_in_one_piece(self, one_network, tmp_path):
        path = tmp_path / "report.html"
        path.write_text("old")
        write_report(one_network, path)
        assert [entry.name for entry in tmp_path.iterdir()] == ["report.html"]
        assert path.read_text(encoding="utf-8").endswith("</html>\n")
        assert path.stat().st_size < 6e6

    @pytest.mark.thorough
    def test_the_same_run_gives_the_same_file(self, one_network):
        assert report_html(one_network) == report_html(one_network)
