"""What pictures show: known answers of scenes, and both backends drawing what the scene says."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import xarray as xr
from matplotlib.collections import PathCollection
from matplotlib.colors import to_hex
from matplotlib.patches import Polygon

from recurra.analysis import Landscape, Program
from recurra.analysis.cohorts.census import census_of
from recurra.analysis.cohorts.similarity import Similarities
from recurra.models.cohort import History
from recurra.plotting import interactive, papers
from recurra.plotting.colors import DASHES, INPUT, UNSET, bit_look, network_color, state_color
from recurra.plotting.papers.census import census_map as census_on_paper
from recurra.plotting.papers.landscape import landscape_of_paths, landscape_of_states
from recurra.plotting.papers.lifetimes import lifetimes as lifetimes_on_paper
from recurra.plotting.papers.spectra import spectra as spectra_on_paper
from recurra.plotting.scenes.census import census_scene
from recurra.plotting.scenes.conditions import Conditions
from recurra.plotting.scenes.landmarks import in_space, landmarks_scene
from recurra.plotting.scenes.learning import Threshold, learning_scene
from recurra.plotting.scenes.lifetimes import lifetime_limits, lifetimes_scene
from recurra.plotting.scenes.scales import Scales
from recurra.plotting.scenes.signals import bit_signals, probe_signals, trial_signals, walk_scene
from recurra.plotting.scenes.space import along_bits, along_components, lifted, paths_scene
from recurra.plotting.scenes.spectra import PlaneLimits, motions, spectrum_scene
from recurra.plotting.scenes.variance import variance_scene
from recurra.plotting.scenes.weights import weight_limit, weights_scene
from recurra.runs.record import read_run
from recurra.status import Status
from recurra.tasks import FlipFlop, PulseMemory, Xor
from recurra.words.memories import MemoryFindings, settled_pulses, wrong_stimuli
from recurra.words.workings import signatures


@pytest.fixture(scope="module")
def record(small_run):
    return read_run(small_run)


@pytest.fixture(scope="module")
def found(record):
    return MemoryFindings(record.task, record.walk)


def traces(figure: Any) -> Any:
    return figure.data


def scattered(axes: Any) -> list[tuple[str, int]]:
    """The colours of scattered points with their numbers."""
    marks = [one for one in axes.collections if isinstance(one, PathCollection) and len(one.get_offsets())]
    return [(to_hex(one.get_facecolors()[0]), len(one.get_offsets())) for one in marks]


class TestSignals:
    examples = xr.Dataset(
        {
            "inputs": (("trial", "time", "input"), np.arange(40.0).reshape(2, 10, 2)),
            "targets": (("trial", "time", "output"), np.ones((2, 10, 2))),
            "mask": (("trial", "time", "output"), np.arange(40).reshape(2, 10, 2) % 20 > 9),
        },
        {"time": np.arange(10.0)},
    )

    @pytest.mark.parametrize("make", [bit_signals, trial_signals])
    def test_paper_and_page_draw_the_same_curves(self, make):
        scene = make(self.examples, np.full((2, 10, 2), 0.5), 3)
        page = traces(interactive.sample_trials(scene))
        axes = papers.behaviour(scene).axes
        drawn = [line for one in axes for line in one.get_lines()[1:]]  # the first is at zero
        assert len(drawn) == len(page) == 2 * sum(len(row.curves) for row in scene.rows)
        assert {to_hex(line.get_color()) for line in drawn} == {trace.line.color for trace in page}
        assert sorted(np.nan_to_num(line.get_ydata()).sum() for line in drawn) == pytest.approx(
            sorted(np.nan_to_num(np.asarray(trace.y, float)).sum() for trace in page)
        )
        assert [axes[at].get_ylim() for at in (0, -1)] == [scene.rows[at].span for at in (0, -1)]

    def test_targets_that_do_not_count_are_gaps(self):
        _, _, row, _ = trial_signals(self.examples, np.zeros((2, 10, 2)), 0).rows
        target, output = row.curves
        assert np.isnan(target.values[:, :5]).all()
        assert np.isfinite(target.values[:, 5:]).all()
        assert (target.kind, output.kind, row.title) == ("target", "output", "Output 1")

    def test_outputs_that_share_a_row_have_dashes_of_their_own(self):
        probe = self.examples.rename(trial="condition", time="probe_time")
        scene = probe_signals(probe, np.zeros((2, 10, 2)), ["00", "01"], 0)
        assert [curve.dash for curve in scene.rows[0].curves] == [*DASHES[:2], *DASHES[:2]]
        assert len(traces(interactive.probe_answers(scene))) == 8
        assert [axes.get_title() for axes in papers.probe_answers(scene).axes] == ["00", "01"]

    def test_a_walk_has_a_block_a_stretch(self):
        states, asked = FlipFlop(bits=2).states, np.repeat([-1, 0, 3, 0], 3)
        nothing = ("walk_time", "channel"), np.zeros((12, 2))
        parts = {"inputs": nothing, "targets": nothing, "memory_state": ("walk_time", asked)}
        scene = walk_scene(xr.Dataset(parts, {"walk_time": np.arange(12.0)}), np.zeros((20, 2)), states, 0)
        assert scene.begins.tolist() == [0, 3, 6, 9, 12]
        assert scene.names == ("", "− −", "+ +", "− −")
        assert scene.colors == (UNSET, state_color([-1, -1]), state_color([1, 1]), state_color([-1, -1]))
        band = papers.cube_walk(scene).axes[-1]
        assert [to_hex(block.get_facecolor()) for block in band.patches] == list(scene.colors)
        heat = traces(interactive.cube_walk(scene))[-1]
        scale = dict(heat.colorscale[::2])
        assert [list(scale.values())[at] for at in heat.z[0]] == list(scene.colors)


class TestWeights:
    def test_the_colours_end_where_most_weights_of_the_median_network_do(self):
        matrices = [size * (1 - np.eye(30)) + 100 * np.eye(30) for size in (1.0, 2.0, 50.0)]
        assert weight_limit(matrices) == 2.0
        assert weight_limit([np.zeros((3, 3))]) == weight_limit([]) == 1.0
        assert weight_limit([np.array([[4.0]])]) == 4.0, "a unit alone has nothing but itself"

    @pytest.mark.parametrize(
        ("low", "high", "beyond"), [(-3, 3, "both"), (0, 3, "max"), (-3, 0, "min"), (0, 0, "neither")]
    )
    def test_scales_are_pointed_where_weights_lie_beyond(self, low, high, beyond):
        matrix = np.zeros((4, 4))
        matrix[0, 1], matrix[1, 0] = low, high
        assert weights_scene(matrix, None, 1.0, 0).beyond == beyond

    @pytest.mark.thorough
    def test_paper_and_page_draw_the_same_matrices_and_bins(self, record):
        after, before = record.network(0).recurrent, record.network_before(0).recurrent
        scene = weights_scene(after, before, 0.3, 1)
        page, paper = interactive.connectivity(scene), papers.connectivity(scene).axes
        maps = [trace for trace in traces(page) if trace.type == "heatmap"]
        images = [axes.images[0] for axes in paper if axes.images][:3]
        for image, one, (title, matrix) in zip(images, maps, scene.matrices.items(), strict=True):
            np.testing.assert_allclose(np.asarray(image.get_array()), matrix)
            np.testing.assert_allclose(one.z, matrix, rtol=1e-6)
            assert image.axes.get_title() == title
        assert images[0].norm.vmax == page.layout["coloraxis"]["cmax"] == 0.3
        counts = [np.asarray(trace.y) for trace in traces(page) if trace.type == "scatter"]
        assert [one[one >= 1].sum() for one in counts] == [part.counts.sum() for part in scene.parts] == [144, 144]
        assert [part.color for part in scene.parts] == [INPUT, network_color(1)]


class TestSpectra:
    def test_paper_and_page_show_the_same_part_of_the_plane(self, record):
        spectra = [one.spectrum for one in record.dossiers]
        view = PlaneLimits.of(spectra)
        scenes = [spectrum_scene(one, record.before[at], at, view) for at, one in enumerate(spectra)]
        paper = spectra_on_paper(scenes).axes
        for scene, dossier, axes in zip(scenes, record.dossiers, paper, strict=True):
            page = interactive.spectrum_plane(scene, motions(scene, dossier.modes, 1.0))
            assert axes.get_xlim() == pytest.approx(page.layout["xaxis"]["range"])
            assert axes.get_ylim() == pytest.approx(page.layout["yaxis"]["range"])
            numbers = {trace.name: len(trace.x) for trace in traces(page)[1:]}
            assert list(numbers.values()) == [len(scene.before), len(scene.inside), len(scene.outliers)]
            assert sum(count for _, count in scattered(axes)) == sum(numbers.values())
            assert axes.get_title() == scene.name


class TestLearning:
    def test_paper_and_page_draw_the_same_curves_bounds_and_ends(self):
        loss = np.array([[0.5, 0.1, 0.01], [0.5, np.inf, np.nan], [0.5, 0.2, 0.0]])
        history = History(np.arange(1.0, 4), loss, loss, np.clip(loss, 0, 1))
        status = [Status.reached, Status.diverged, Status.missed]
        scene = learning_scene(
            history, 32 * history.step, (0, 4, 7), status, Threshold(0.02, "stop"), Threshold(0.9, "learned")
        )
        page, paper = interactive.learning_curves(scene), papers.learning(scene)
        names = [text.get_text() for text in paper.legends[0].get_texts()]
        assert (
            names
            == [trace.name for trace in traces(page) if trace.showlegend]
            == ["Network 0", "Network 4", "Network 7"]
        )
        assert paper.axes[0].get_ylim() == pytest.approx(scene.loss_limits)
        assert 10 ** np.array(page.layout["yaxis"]["range"]) == pytest.approx(scene.loss_limits)
        assert np.isnan(scene.curves[2].loss[-1]), "a logarithm has no zero"
        marks = [line.get_marker() for line in paper.axes[0].get_lines() if line.get_label() == "_mark"]
        ends = next(trace for trace in traces(page) if trace.name == "ends")
        assert (marks, list(ends.marker.symbol)) == (["o", "x"], ["circle", "x"])
        assert [line.y0 for line in page.layout["shapes"]] == [0.02, 90]

    def test_a_diverged_network_leaves_the_axis_to_the_others(self):
        loss = np.array([[0.5, 1e9]])
        history = History(np.arange(2.0), loss, loss, loss)
        scene = learning_scene(history, history.step, (0,), [Status.diverged], None, Threshold(0.9, ""))
        assert scene.loss_limits == pytest.approx((0.5 / 1.3, 13.0))


class TestLifetimes:
    def test_paper_and_page_draw_the_same_bars(self, record):
        lifetimes, states = [one.memories.lifetimes for one in record.dossiers], record.task.states
        limits = lifetime_limits(lifetimes, 350.0)
        scene = lifetimes_scene(lifetimes, states, 350.0, record.numbers, limits)
        paper = lifetimes_on_paper(scene).axes
        for at, (bars, axes) in enumerate(zip(scene.networks, paper, strict=True)):
            (page,) = traces(interactive.lifetime_bars(scene, at))
            tops = [bar.get_y() + bar.get_height() for bar in axes.patches]
            assert tops == pytest.approx(bars.length_ms)
            assert np.asarray(page.x) + page.base == pytest.approx(bars.length_ms)
            assert [to_hex(bar.get_facecolor()) for bar in axes.patches] == list(page.marker.color) == list(bars.colors)
            assert [label.get_text() for label in axes.get_xticklabels()] == [name.replace(" ", "") for name in page.y]
            assert axes.get_ylim() == pytest.approx(limits)


class TestCensus:
    def test_paper_and_page_draw_the_same_groups_and_clusters(self, seed):
        random = np.random.default_rng(seed)
        points = np.repeat([[0.0, 0, 0], [30, 0, 0]], 8, axis=0) + random.normal(size=(16, 3))
        distances = np.linalg.norm(points[:, None] - points[None], axis=-1)
        kinds, ones = np.repeat([[1, 1, 1, 1], [0, 2, 2, 1]], [10, 6], axis=0), np.ones(16, int)
        found = census_of(
            similarities=Similarities(*[distances] * 5),
            kinds=kinds,
            stable_points=ones,
            unstable_points=ones,
            seed=seed,
            draws=19,
        )
        names = signatures(found, Xor())
        scene = census_scene(found, names)
        figure = census_on_paper(found, names)
        page = traces(interactive.census_map(scene, [""] * 16, [""] * 16, [""] * 16))
        groups = [trace for trace in page if trace.mode != "lines"]
        assert scattered(figure.axes[0]) == [(trace.marker.color, len(trace.x)) for trace in groups]
        assert [text.get_text() for text in figure.legends[0].get_texts()] == [group.name for group in scene.groups]
        assert scene.groups[0].name == "fixed point after every condition (10)"
        edges = [patch for patch in figure.axes[0].patches if isinstance(patch, Polygon) and not patch.get_fill()]
        assert len(edges) == sum(trace.mode == "lines" for trace in page) == len(scene.outlines) == 2
        assert figure.axes[0].get_xlabel() == scene.axes[0]


class TestStateSpace:
    @pytest.mark.parametrize("view", [along_components, along_bits])
    def test_paper_and_page_draw_the_same_states_path_and_points(self, record, found, view):
        scene = view(record.dossiers[0], found, 0)
        page, axes = traces(interactive.state_space(scene)), landscape_of_states([scene]).axes[0]
        spheres = [trace.color for trace in page if trace.type == "mesh3d"]
        assert spheres == scene.colors
        assert set(spheres) <= {color for one in axes.collections for color in map(to_hex, one.get_facecolors())}
        paths = [trace for trace in page if "asked for" in (trace.hovertemplate or "")]
        assert len(paths) == len(list(scene.pieces()))
        marks = scene.landmarks
        assert marks is not None
        drawn = {trace.name: len(trace.x) for trace in page if trace.name in ("stable", "saddles")}
        assert sum(drawn.values()) == len(marks.points)
        assert drawn.get("stable", 0) == marks.stable.sum()
        dots = [one for one in axes.collections if isinstance(one, PathCollection)]
        assert sum(len(one.get_offsets()) for one in dots[-2:]) == len(marks.points)

    def test_paper_and_page_draw_the_same_paths(self, record):
        conditions, time_ms = Conditions.of(record.probe), np.asarray(record.probe["probe_time"])
        scene = paths_scene(record.dossiers[0], conditions, time_ms, 0)
        page, axes = traces(interactive.trajectories(scene)), landscape_of_paths([scene]).axes[0]
        assert [trace.line.color for trace in page if trace.name in conditions.names] == list(conditions.colors)
        assert len(axes.get_lines()) >= len(conditions.names)
        assert scene.axes[0].startswith("PC 1 (")

    def test_of_long_paths_steps_are_left_out_and_the_end_is_kept(self, record):
        one = record.dossiers[0]
        long = np.arange(8 * 5_000.0)[:, None].repeat(3, 1).reshape(8, 5_000, 3)
        dossier: Any = replace(one, behaviour=replace(one.behaviour, probe_components=long))
        scene = paths_scene(dossier, Conditions.of(record.probe), np.arange(5_000.0), 0)
        assert scene.paths.shape[1] < 1_100
        assert scene.time_ms[-1] == 4_999

    def test_pieces_reach_on_to_the_next_and_lift_the_pen(self, record, found):
        scene = replace(along_bits(record.dossiers[0], found, 0), path_state=np.array([-1, 0, 0, 1, 1, 0]))
        assert [(name, steps.tolist()) for name, _, steps in scene.pieces()] == [
            ("no memory yet", [0, 1]),
            ("− − −", [1, 2, 3, -1, 5]),
            ("− − +", [3, 4, 5]),
        ]
        assert np.isnan(lifted(np.ones((5, 2)), np.array([0, -1, 2]))[1]).all()

    def test_a_fourth_bit_scales_the_cube(self):
        corners = in_space(FlipFlop(bits=4).states.astype(float))
        assert np.abs(corners[1::2]) == pytest.approx(1.35)
        assert np.abs(corners[::2]) == pytest.approx(0.65)

    def test_points_at_which_a_path_ended_are_shown_once(self):
        """Two fixed points, of which a path ended at one, and a place of its own at which another path ended."""
        points = SimpleNamespace(
            states=np.array([[0.0, 0], [1, 0]]),
            index=np.array([0, 1]),
            eigenvalues=np.full((2, 2), 0.5 + 0j),
            radius=np.full(2, np.nan),
            stability_proved=np.zeros(2, bool),
        )
        nothing = np.zeros(0, int)
        program = Program(
            kind=np.array([0, 2]),
            states=np.array([[0.0, 0], [0, 1]]),
            outputs=np.zeros((2, 1)),
            after=np.array([0]),
            saddle=nothing,
            growth=np.zeros(0),
            direction=np.zeros((0, 2)),
            leads_to=nothing,
            following=np.zeros((2, 0), int),
        )
        where = Landscape(points.states, np.zeros((0, 2)), program.states[:, None].repeat(4, 1))
        dossier: Any = SimpleNamespace(program=program, fixed_points=points)
        marks = landmarks_scene(dossier, where, np.array([[-1.0, -1], [1, 1]]), 1.0)
        assert marks.points.tolist() == [[0, 0], [1, 0], [0, 1]]
        assert marks.stable.tolist() == [True, False, False]
        assert len(marks.texts) == 3


class TestOthers:
    def test_shares_of_the_variance_and_of_the_units(self):
        demixed: Any = SimpleNamespace(marginal_variance=np.array([0.5, 0.3, np.nan, 0.2]))
        units: Any = SimpleNamespace(
            count=np.array([5, 10, 5]), count_chance=np.array([0, 2.0, 4]), count_chance_high=np.array([0, 3.0, 3])
        )
        scene = variance_scene([demixed], [units], ["bit 1", "bit 2"], ["#111111", "#222222"], [3])
        assert [(share.name, share.percent.tolist()) for share in scene.shares] == [
            ("time", [50]),
            ("bit 1", [30]),
            ("bit 2", [0]),
            ("interactions", [20]),
        ]
        one, several = scene.responding
        assert (one.percent[0], one.chance[0], one.chance_high[0]) == (50, 10, 15)
        assert (several.percent[0], several.chance_high[0]) == (25, 20), "no less than the mean"
        assert variance_scene([demixed], [units], ["condition"], ["#111111"], [3]).responding == ()

    def test_scales_are_those_of_all_networks(self, record):
        scales = Scales.of(record)
        assert scales.weight == weight_limit([record.network(at).recurrent for at in (0, 1)])
        assert scales.spectrum == PlaneLimits.of([*(one.spectrum for one in record.dossiers), *record.before])
        assert scales.lifetimes_ms == lifetime_limits([one.memories.lifetimes for one in record.dossiers], 350.0)

    def test_names(self):
        assert FlipFlop(bits=1).condition_titles() == ("−", "+")
        assert Xor().condition_titles() == ("00", "01", "10", "11")
        assert FlipFlop(bits=2).factor_names() == ("bit 1", "bit 2")
        assert Xor().factor_names() == ("input 1", "input 2")
        assert PulseMemory().factor_names() == ("condition",)

    def test_every_bit_has_a_look_of_its_own(self):
        assert len({bit_look(bit) for bit in range(8)}) == 8
        assert bit_look(0)[0] == state_color([1, -1, -1])

    def test_pulses_from_where_none_was_tried_are_not_wrong(self):
        program: Any = SimpleNamespace(
            outputs=np.array([[1.0], [-1.0]]), after=np.array([1, 0]), following=np.array([[0, 1], [-1, -1]])
        )
        assert wrong_stimuli(program, 1) == []
        assert settled_pulses(program) == (2, 2)
        program.following = np.array([[0, 0], [-1, 1]])
        assert (wrong_stimuli(program, 0), wrong_stimuli(program, 1)) == ([1], [0])
        assert settled_pulses(program) == (2, 4)
