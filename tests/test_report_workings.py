"""How networks work, as the report tells it: words, tables, the graph, landmarks, the census."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import jax
import numpy as np
import pytest

from recurra.analysis import Census, FixedPoints, Landscape, Lifetimes, Program, PulseTable, Regimes
from recurra.analysis.cohorts.census import census_of
from recurra.analysis.cohorts.comparison import similarity_matrices
from recurra.analysis.cohorts.similarity import signature_of
from recurra.analysis.dynamics.regimes import KINDS
from recurra.analysis.record import record_of_network
from recurra.cli.console import _lines
from recurra.engine import RateDynamics
from recurra.models import Network, RateRNN
from recurra.plotting.colors import bit_look
from recurra.plotting.scenes.conditions import Conditions
from recurra.plotting.scenes.landmarks import landmarks_scene, point_text
from recurra.plotting.scenes.program import graph_scene
from recurra.plotting.scenes.program_parts import left_words, parts_of
from recurra.report.page.build import report_html
from recurra.report.page.memory_tables import pulse_rows
from recurra.report.page.provenance import used_sources
from recurra.report.page.workings import workings_of
from recurra.runs.imports import read_network_for
from recurra.runs.record import read_run
from recurra.sources import SOURCES
from recurra.tasks import And, FlipFlop, SetReset
from recurra.words import workings as say
from recurra.words.memories import memory_words, read_signs, table_words, wrong_stimuli
from recurra.words.workings_table import _points
from test_report import Page, repeated

QUIESCENT, FIXED, CYCLE, CHAOTIC, DRIFTING = range(5)
JOINER = "\u2060"  # between signs, so that no line breaks there


def regimes_of(kinds, periods=None, outputs=None) -> Regimes:
    count = len(kinds)
    nothing = np.full(count, np.nan)
    return Regimes(
        kind=np.array(kinds),
        period_ms=nothing if periods is None else np.array(periods),
        amplitude=np.zeros(count),
        exponent_hz=nothing,
        multiplier=np.full(count, 0.5),
        time_constant_ms=np.full(count, 12.345),
        settled_ms=np.zeros(count),
        mean_output=np.array(outputs if outputs is not None else np.zeros((count, 1))),
    )


def program_of(kinds=(0, 0, 1), outputs=None, after=(0, 1), saddle=(), leads_to=(), following=None) -> Program:
    count = len(kinds)
    return Program(
        kind=np.array(kinds),
        states=np.zeros((count, 2)),
        outputs=np.zeros((count, 1)) if outputs is None else np.array(outputs, float),
        after=np.array(after),
        saddle=np.array(saddle, int),
        growth=np.full(len(saddle), 1.1),
        direction=np.ones((len(saddle), 2)),
        leads_to=np.array(leads_to, int),
        following=np.full((count, 2), -1) if following is None else np.array(following),
    )


def points_of(index, radius=None, missing=0.0, dimension=None, extent=None) -> FixedPoints:
    count = len(index)
    return FixedPoints(
        inputs=np.zeros(2),
        states=np.zeros((count, 2)),
        residual=np.zeros(count),
        eigenvalues=np.tile(np.array([0.9 + 0j, 0.1]), (count, 1)),
        index=np.array(index, int),
        radius=np.full(count, 1e-12) if radius is None else np.array(radius),
        stability_proved=np.isfinite(np.full(count, 1e-12) if radius is None else np.array(radius)),
        dimension=np.zeros(count, int) if dimension is None else np.array(dimension),
        extent=np.zeros(count) if extent is None else np.array(extent),
        found=np.full(count, 3),
        stuck=np.zeros((0, 2)),
        starts=400,
        missing_at_least=missing,
    )


def lifetimes_of(kinds, times, ends) -> Lifetimes:
    return Lifetimes(np.array(kinds), np.array(times, float), np.array(ends), 20_000.0)


def census_with_kinds(networks: int, kinds) -> Census:
    random = np.random.default_rng(0)
    centres = random.standard_normal((2, 4, 30, 8))
    rates = [centres[at % 2] + 0.1 * random.standard_normal((4, 30, 8)) for at in range(networks)]
    found = similarity_matrices(
        signatures=[signature_of(rates=one, recurrent=0.1 * random.standard_normal((8, 8))) for one in rates]
    )
    points = np.arange(networks)
    return census_of(
        similarities=found, kinds=np.array(kinds), stable_points=points, unstable_points=points, seed=0, draws=19
    )


@pytest.fixture(scope="module")
def run(small_run):
    return read_run(small_run)


@pytest.fixture(scope="module")
def cohort(run):
    """Eight networks with a census: half of them rest after all conditions, half oscillate after the last."""
    kinds = np.ones((8, 8), int)
    kinds[1::2, -1] = CYCLE
    return replace(repeated(run, 8), census=census_with_kinds(8, kinds))


@pytest.fixture(scope="module")
def boolean():
    weights = RateRNN(units=9).initial_weights(jax.random.key(0), 2, 1)
    return record_of_network(Network(RateDynamics("rate", "tanh", 1.0), weights, 1.0), And(), 0, {"name": "and.npz"})


class TestRegimeWords:
    def test_conditions_that_do_the_same_stand_together(self):
        found = regimes_of(
            [QUIESCENT, CYCLE, CYCLE, FIXED], [np.nan, 73.8, 73.81, np.nan], [[0.0], [0.1], [0.1], [1.004]]
        )
        program = program_of(after=(2, 0, 0, 1))
        assert say.regime_words(found, program, ["00", "01", "10", "11"]) == (
            "After 00 it rests; after 01 and 10 it oscillates with a period of 73.8 ms; "
            "after 11 it goes to a fixed point with output 1.00."
        )

    def test_different_attractors_are_told_apart(self):
        text = say.regime_words(regimes_of([FIXED, FIXED]), program_of(after=(0, 1)), ["a", "b"])
        assert text.count("after") + text.count("After") == 2

    def test_an_unstable_point_is_no_rest(self):
        program = program_of(kinds=(2, 0), after=(0, 1))
        text = say.regime_words(regimes_of([QUIESCENT, FIXED]), program, ["0", "1"])
        assert text.startswith("After 0 it rests at an unstable point; after 1 it goes to a fixed point")

    def test_many_conditions_are_counted(self):
        found = regimes_of([FIXED] * 15 + [CHAOTIC] * 5)
        assert say.regime_words(found, program_of(after=(0,) * 20), [str(at) for at in range(20)]) == (
            "After 15 of 20 conditions it goes to a fixed point; after 5 of 20 conditions it is chaotic."
        )

    def test_levels_of_set_and_reset(self):
        found = regimes_of([CYCLE, FIXED], [48.4, np.nan], [[0.0], [0.953]])
        assert say.level_words(found, SetReset().condition_names) == (
            "The low level is an oscillation with a period of 48.4 ms; "
            "the high level is a fixed point with output 0.953."
        )

    @pytest.mark.slow
    def test_the_published_set_reset_network(self, reference):
        """Jarne and Laje's network holds the high level at rest, and the low one on a cycle."""
        task = SetReset()
        network = read_network_for(reference / "setreset_n50_orthogonal_06_epoch19.hdf5", task)
        run = record_of_network(network, task, 0, {"name": "set/reset"})
        text = workings_of(task, run.dossiers[0], task.condition_names).sentences
        assert text.startswith("The low level is an oscillation with a period of ")
        assert "; the high level is a fixed point with output 0.9" in text

    @pytest.mark.parametrize(
        ("kinds", "text"),
        [
            ([FIXED, FIXED], "fixed point after every condition"),
            ([CYCLE, FIXED], "cycle after low, fixed point after high"),
        ],
    )
    def test_signatures(self, kinds, text):
        assert say.signature_words([KINDS[kind] for kind in kinds], ["low", "high"]) == text

    def test_signatures_of_many_conditions_are_counted(self):
        kinds = ["fixed"] * 14 + ["cycle"] * 2
        names = [str(at) for at in range(16)]
        assert say.signature_words(kinds, names) == (
            "fixed point after 14 of 16 conditions, cycle after 2 of 16 conditions"
        )


class TestMemoryWords:
    def test_all_stable(self):
        found = lifetimes_of([0] * 8, [np.inf] * 8, range(8))
        assert memory_words(found, FlipFlop()) == (
            "All 8 memories are stable: right for 20 s without a pulse, and at rest."
        )
        both = lifetimes_of([0, 0], [np.inf] * 2, range(2))
        assert memory_words(both, FlipFlop(bits=1)).startswith("Both memories are stable")

    def test_those_that_drift_are_named_with_their_lifetime_and_end(self):
        times = [np.inf, 1234.0, 0.0, np.inf]
        found = lifetimes_of([0, 1, 1, 2], times, [0, 0, 1, 3])
        assert memory_words(found, FlipFlop(bits=2)) == (
            "1 of 4 memories is stable, 1 oscillates (++ for all of that time) and "
            "2 drift (−+ after 1,230 ms to −−, +− wrong from the start), watched for 20 s."
        )

    def test_none_stable_of_many_are_only_counted(self):
        found = lifetimes_of([1] * 16, [5.0] * 16, [0] * 16)
        text = memory_words(found, FlipFlop(bits=4))
        assert text == "None of 16 memories are stable and 16 drift, watched for 20 s."

    def test_the_table_is_counted_early_and_late(self):
        table = PulseTable(np.array([[1, 0], [1, 1]]), np.array([[1, 0], [1, 0]]))
        outputs = [[-1.0], [1.0]]
        late = program_of(kinds=(0, 0), outputs=outputs, after=(0, 1), following=[[1, 0], [1, 0]])
        assert table_words(table, late) == (
            "3 of 4 entries of its table of states and pulses are right; "
            "of pulses that come when it has settled, 4 of 4."
        )
        assert wrong_stimuli(late, 0) == []

    def test_wrong_pulses(self):
        outputs = [[-1.0], [1.0], [0.2]]
        found = program_of(outputs=outputs, after=(0, 1), following=[[0, 0], [1, 2], [1, 0]])
        assert wrong_stimuli(found, 0) == [0], "a positive pulse does nothing"
        assert wrong_stimuli(found, 1) == [1], "a negative one ends at no memory state"
        assert wrong_stimuli(found, 2) == [], "which is none itself"
        assert read_signs(found).tolist() == [[-1], [1], [0]]


class TestPointWords:
    @pytest.mark.parametrize(
        ("points", "slow", "text"),
        [
            (points_of([]), 0, "No fixed point was found; nothing hints at more."),
            (
                points_of([0]),
                1,
                "It has 1 fixed point, proved, stable as proved; nothing hints at more. There is 1 slow point",
            ),
            (points_of([2], [np.nan]), 0, "It has 1 fixed point, not proved, unstable as computed; nothing"),
            (
                points_of([0, 0, 1]),
                0,
                "It has 3 fixed points, all 3 proved, 2 of them stable, 2 of these proved stable;",
            ),
            (
                points_of([1, 1], [1e-9, np.nan], missing=0.5),
                2,
                "It has 2 fixed points, 1 proved, none of them stable; at least 1 more is to be expected. There are 2",
            ),
            (
                points_of([0, 0], missing=2.1),
                0,
                "It has 2 fixed points, all 2 proved, 2 of them stable, 2 of these proved stable; at least 3 more are",
            ),
            (
                points_of([0, 0], dimension=[1, 0], extent=[2.0, 0]),
                0,
                "It has 2 fixed points, all 2 proved, 2 of them stable, 2 of these proved stable; 1 stands for",
            ),
            (
                points_of([0], dimension=[1], extent=[1e-5]),
                0,
                "It has 1 fixed point, proved, stable as proved; it is marginal to first order; nothing",
            ),
        ],
    )
    def test_counts(self, points, slow, text):
        assert f"{say.point_words(points)} {say.slow_words(slow)}".startswith(text)

    def test_under_the_pointer(self):
        assert point_text(points_of([0]), 0, 1.0) == (
            "stable fixed point<br>largest |λ| 0.900, decays in 9.49 ms<br>"
            "the only one within 1.00 × 10⁻¹², stability proved"
        )
        assert point_text(points_of([2], [np.nan]), 0, 1.0).startswith("saddle, 2 unstable modes<br>")
        assert point_text(points_of([1], [np.nan]), 0, 1.0).endswith("not proved, stability computed")


class TestCensusWords:
    def test_few_networks(self):
        text = say.census_words(census_with_kinds(3, np.ones((3, 2))))
        assert text.startswith("3 networks are too few to look for clusters, which takes 6. The map has stress ")
        assert "nearest neighbour" not in text, "all networks do the same"

    def test_clusters_are_told_with_the_null(self):
        found = census_with_kinds(12, np.repeat([[1, 1], [1, 2]], [8, 4], axis=0))
        clustered = replace(found, labels=np.arange(12) % 2, silhouette=0.71, p_value=0.005)
        text = say.census_words(clustered)
        assert text.startswith("The networks fall into 2 clusters: silhouette 0.710, against ")
        assert "(p = 0.00500)" in text
        assert "% have a nearest neighbour that does the same" in text

    def test_one_continuum(self):
        found = replace(census_with_kinds(8, np.ones((8, 2))), labels=np.zeros(8, int), silhouette=0.2, p_value=0.4)
        assert say.census_words(found).startswith("The networks are one continuum: their best clustering has")
        assert "no clustering has" in say.census_words(replace(found, silhouette=0.0))

    def test_those_left_out_are_counted(self):
        found = census_with_kinds(8, np.ones((8, 2)))
        found = replace(found, compared=np.arange(8) > 0)
        assert say.census_words(found).endswith("1 network for which the measure has no number is left out.")


class TestTables:
    def test_entries_of_states_and_pulses(self):
        table = PulseTable(np.array([[1, 0], [1, -1]]), np.array([[1, 0], [1, 0]]))
        first, second = pulse_rows(FlipFlop(bits=1), table)
        assert (first.name, second.name) == ("−", "+")
        assert [cell.right for cell in (*first.cells, *second.cells)] == [True, True, True, False]
        assert [cell.stays for cell in (*first.cells, *second.cells)] == [False, True, True, False]
        assert (second.cells[1].name, second.cells[1].expected) == ("?", "−")

    @pytest.mark.thorough
    def test_of_many_states_those_that_differ_come_first(self, run):
        kinds = [FIXED] * 16
        kinds[12] = kinds[14] = DRIFTING
        task = FlipFlop(bits=4)
        dossier = replace(
            run.dossiers[0],
            memories=replace(
                run.dossiers[0].memories,
                lifetimes=lifetimes_of([0] * 16, [np.inf] * 16, [0] * 16),
                pulse_table=PulseTable(np.zeros((16, 8), int), np.zeros((16, 8), int)),
            ),
            regimes=regimes_of(kinds, outputs=np.ones((16, 4))),
            program=program_of(outputs=np.ones((3, 4)), after=(0,) * 16, following=np.zeros((3, 8), int)),
        )
        found = workings_of(task, dossier, task.condition_names)
        assert [row.condition for row in found.regimes if row.kind == "drift"] == ["++−−", "+++−"]
        assert len(found.regimes) == say.MOST_NAMED
        assert found.regimes_left == "8 of 16 conditions are shown; 14 are of the kind fixed point."
        assert found.regimes[0].cells == ("–", "0.500", "decays in 12.3 ms", "1.00 · 1.00 · 1.00 · 1.00")
        assert len(found.pulses) == 16
        assert found.stimuli == ("1+", "1-", "2+", "2-", "3+", "3-", "4+", "4-")

    @pytest.mark.thorough
    def test_a_growing_mode_is_unstable(self, boolean):
        task = boolean.task
        grown = replace(regimes_of([FIXED] * 4), multiplier=np.array([0.5, 1.2, np.nan, 1.0]))
        rows = workings_of(task, replace(boolean.dossiers[0], regimes=grown), task.condition_names).regimes
        assert [row.kind for row in rows] == ["fixed point", "fixed point, unstable", "fixed point", "fixed point"]


class TestGraph:
    def test_what_conditions_lead_to_comes_first_and_what_nothing_leads_to_is_left_out(self):
        following = [[3, 0], [1, 1], [0, 1], [3, -1], [2, 2]]
        found = program_of(kinds=(0, 0, 0, 1, 0), after=(1, 0, -1), following=following)
        parts = parts_of(found, np.zeros((0, 4)))
        assert parts.main == (1, 0, 3)
        assert left_words(found, parts) == ("Left out: 2 attractors that no stimulus leads to from these (2 at rest).")

    def test_saddles_are_gathered_by_what_they_part(self):
        found = program_of(saddle=(4, 4, 5, 5, 6, 6), leads_to=(0, 1, 1, 0, 0, -1), following=[[1, 2], [0, 2], [0, 1]])
        parts = parts_of(found, np.full((7, found.states.shape[1]), 1e3))
        assert [(one.ends, one.points) for one in parts.saddles] == [((0, 1), (4, 5))]
        assert left_words(found, parts) == "Left out: 1 saddle that parts no two or three of these."

    def test_a_flipflop_is_named_by_its_signs_and_coloured_by_its_bits(self, run):
        outputs = [[1.0, -1.0, 1.0], [1.0, 0.1, -1.0], [-1.0, -1.0, 1.0]]
        following = np.zeros((3, 6), int)
        following[0] = [0, 2, 1, 0, 0, 1]
        program = program_of(outputs=outputs, after=(0,) * 8, following=following)
        dossier = replace(run.dossiers[0], program=program, fixed_points=points_of([]))
        graph = graph_scene(dossier, run.task, Conditions.of(run.probe), 0)
        assert list(graph.names) == ["+−+", "−−+", "+0−"]
        assert not graph.labels
        arrows = {(arrow.begin, arrow.end): arrow for arrow in graph.arrows if arrow.begin == 0}
        assert (arrows[0, 1].color, arrows[0, 1].dash) == bit_look(0), "of one bit"
        assert (arrows[0, 1].name, arrows[0, 1].wrong) == ("", False)
        assert (arrows[0, 2].name, arrows[0, 2].wrong) == ("2+, 3−", True), "neither leads to a memory state"
        assert arrows[0, 2].text == "2+, 3−: +−+ → +0−"

    def test_other_tasks_are_named_by_output_and_condition(self, boolean):
        program = program_of(
            outputs=[[0.001], [1.02], [0.0]], after=(0, 2, 2, 1), following=[[0, 2, 2, 1], [1, 1, 1, 1], [2, 2, 2, 1]]
        )
        shown = Landscape(np.zeros((0, 3)), np.zeros((0, 3)), np.zeros((3, 5, 3)))
        dossier = replace(boolean.dossiers[0], program=program, landscape=shown, fixed_points=points_of([]))
        graph = graph_scene(dossier, boolean.task, Conditions.of(boolean.probe), 0)
        assert list(graph.names) == ["0", "0", "1.02"]
        assert list(graph.labels) == [
            "rest, out 0<br>after 00",
            "orbit, out 0<br>after 01, 10",
            "rest, out 1.02<br>after 11",
        ]
        assert {arrow.name for arrow in graph.arrows} == {"01, 10", "11"}


class TestLandmarks:
    def test_what_is_far_or_not_finite_or_turns_in_many_directions_is_left_out(self):
        points = points_of([0, 1, 5, 0, 1])
        where = Landscape(
            points=np.array([[0.0, 0, 9], [1, 1, 9], [2, 2, 9], [99, 0, 9], [np.nan, 0, 9]]),
            branches=np.array([[1.0, 0, 9], [0, 0, 9], [0, 1, 9], [1, 0, 9]]),
            paths=np.ones((3, 6, 3)),
        )
        program = program_of(kinds=(0, 1, 1), saddle=(1, 1, 2, 4), leads_to=(0, 1, 1, 1))
        where.paths[2] *= 50
        dossier: Any = SimpleNamespace(program=program, fixed_points=points)
        found = landmarks_scene(dossier, where, np.array([[0.0, 0], [2, 2]]), 1.0)
        assert found.points.tolist() == [[0, 0], [1, 1], [2, 2]]
        assert found.stable.tolist() == [True, False, False]
        assert found.begins.tolist() == [[1, 1]]
        assert found.directions == pytest.approx(np.array([[1.0, 0]]))
        assert found.hidden == 2
        assert len(found.orbits) == 1
        assert len(found.texts) == 3


class TestSources:
    def test_those_of_the_census_are_listed_where_there_is_one(self, run, cohort):
        for key in ("torgerson1952", "williams2021"):
            assert SOURCES[key] in used_sources(cohort)
            assert SOURCES[key] not in used_sources(run)


class TestPage:
    @pytest.mark.thorough
    def test_every_network_is_accounted_for(self, run):
        page = Page(report_html(run))
        for number, dossier in zip(run.numbers, run.dossiers, strict=True):
            sentences = workings_of(run.task, dossier, run.task.condition_names).sentences
            assert page.text.replace(JOINER, "").count(sentences) >= 2, "in the section and in the dossier"
            assert f"network-{number}" in page.ids

    @pytest.mark.slow
    def test_a_wrong_entry_is_marked_with_the_right_one(self, run):
        one = run.dossiers[0]
        expected = one.memories.pulse_table.expected
        for wrong in (False, True):
            reached = expected.copy()
            reached[0, 0] = 7 if wrong else expected[0, 0]
            table = replace(one.memories.pulse_table, reached=reached)
            dossier = replace(one, memories=replace(one.memories, pulse_table=table))
            html = report_html(replace(run, dossiers=[dossier] * len(run.dossiers)))
            assert ('<b class="bad">✗ +++</b><small>not +−−</small>' in html) == wrong

    @pytest.mark.thorough
    def test_two_networks_have_no_census(self, run):
        page = Page(report_html(run))
        assert "census" not in page.ids
        assert ("#census", "") not in page.links

    @pytest.mark.slow
    def test_the_census_links_to_every_dossier(self, cohort):
        page = Page(report_html(cohort))
        assert "census" in page.ids
        assert "data-census" in page.ids
        for number in cohort.numbers:
            assert page.links.count((f"#network-{number}", "")) == 2, "in the summary and in the census"
            assert f'"network-{number}"' in page.data["data-census"]
        assert say.signatures(cohort.census, cohort.task)[1] == "cycle after +++, fixed point otherwise"
        assert all(name in page.text.replace(JOINER, "") for name in say.signatures(cohort.census, cohort.task))

    @pytest.mark.thorough
    def test_another_task_has_its_regimes_and_no_lifetimes(self, boolean):
        page = Page(report_html(boolean))
        assert "data-program-0" in page.ids
        assert "data-lifetimes-0" not in page.ids
        assert "States and pulses" not in page.text
        assert "Selective units" in page.text
        assert "nan" not in page.text

    @pytest.mark.thorough
    @pytest.mark.parametrize("name", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>'])
    def test_names_of_conditions_are_escaped(self, boolean, name):
        probe = boolean.probe.assign_attrs(condition_names=[name, "01", "10", "11"])
        harmless = boolean.probe.assign_attrs(condition_names=["xx", "01", "10", "11"])
        found = Page(report_html(replace(boolean, probe=probe)))
        assert found.tags == Page(report_html(replace(boolean, probe=harmless))).tags
        assert name in found.text


def test_every_regime_has_words():
    assert set(say.NAMES) == set(say.DOES) == set(say.LEVELS) == set(KINDS)


def test_terminal_says_how_many_stable_points_are_proved_stable():
    points = points_of([0, 0, 1], [1e-9, np.nan, 1e-9])
    shown = {"fixed_points": _points(points), "slow_points": {"count": 0}, "program": None}
    assert "1 of 2 stable ones proved stable" in list(_lines(shown))
    none = {**shown, "fixed_points": _points(points_of([1]))}
    assert not any("stable ones" in line for line in _lines(none))
