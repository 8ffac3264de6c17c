"""The figure builders: what is in the figures, and the colours that carry meaning."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
import xarray as xr

from recurra.analysis import Census, Lifetimes, resting_modes, spectrum
from recurra.models.cohort import History
from recurra.plotting import colors
from recurra.plotting.interactive import (
    census_map,
    connectivity,
    cube_walk,
    learning_curves,
    lifetime_bars,
    program_graph,
    sample_trials,
    spectra_density,
    spectrum_plane,
    state_space,
    strongest,
    trajectories,
)
from recurra.plotting.interactive.landscape import LENGTH
from recurra.plotting.interactive.meshes import broken_line, unit_sphere
from recurra.plotting.interactive.program import moved_apart
from recurra.plotting.scenes.census import census_scene, look_of
from recurra.plotting.scenes.conditions import Conditions
from recurra.plotting.scenes.graph import Arrow, Graph, SaddleMark, SelfLoop, oblique
from recurra.plotting.scenes.landmarks import Landmarks
from recurra.plotting.scenes.learning import Threshold, learning_scene
from recurra.plotting.scenes.lifetimes import lifetime_limits, lifetimes_scene, shortest
from recurra.plotting.scenes.signals import bit_signals, walk_scene
from recurra.plotting.scenes.space import MemorySpace, PathSpace
from recurra.plotting.scenes.space import edges as edges_of
from recurra.plotting.scenes.spectra import PlaneLimits, density, mode_texts, motions, spectrum_scene
from recurra.plotting.scenes.weights import weights_scene
from recurra.status import Status
from recurra.tasks import FlipFlop
from recurra.words.names import state_name
from tests.networks import network_of, rotation


def portrait(bits: int) -> MemorySpace:
    states = FlipFlop(bits=bits).states
    shown = min(bits, 3)
    path = np.repeat(states[:, :shown].astype(float), 5, axis=0)
    return MemorySpace(
        name="Network 0",
        path=path,
        path_state=np.repeat(np.arange(len(states)), 5),
        time_ms=np.arange(len(path), dtype=float),
        states=states,
        means=states[:, :shown].astype(float),
        corners=states[:, :shown].astype(float),
        axes=tuple(f"axis {axis}" for axis in range(shown)),
    )


def traces(figure: go.Figure) -> Any:
    """What is drawn; plotly's own annotations do not say what a trace has."""
    return figure.data


def layout(figure: go.Figure) -> Any:
    return figure.layout


def luminance(color: str) -> float:
    channels = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


class TestColors:
    @pytest.mark.parametrize(("state", "channel"), [((1, -1, -1), 1), ((-1, 1, -1), 3), ((-1, -1, 1), 5)])
    def test_a_single_bit_has_its_own_channel(self, state, channel):
        color = colors.state_color(state)
        assert max((1, 3, 5), key=lambda at: int(color[at : at + 2], 16)) == channel

    @pytest.mark.parametrize("bits", [1, 2, 3, 4])
    def test_all_states_differ(self, bits):
        assert len(set(colors.state_colors(FlipFlop(bits=bits).states))) == 2**bits

    def test_fewer_bits_have_the_colours_of_more(self):
        assert colors.state_color([1]) == colors.state_color([1, -1, -1]) == colors.state_color([1, -1, -1, -1])

    @pytest.mark.parametrize("color", [*colors.CUBE, *colors.NETWORKS])
    @pytest.mark.parametrize("page", [colors.PAPER, colors.DARK[colors.PAPER]])
    def test_readable_on_white_and_on_dark(self, color, page):
        assert contrast(color, page) > 2.4

    @pytest.mark.parametrize("color", [colors.state_color(state) for state in FlipFlop(bits=4).states])
    def test_text_on_a_state_is_readable(self, color):
        assert contrast(colors.text_on(color), color) > 2.9

    def test_no_colour_with_a_meaning_changes_in_the_dark(self):
        fixed = {*colors.CUBE, *colors.NETWORKS, *colors.DIVERGING}
        assert not fixed & set(colors.DARK)

    def test_mix(self):
        assert colors.mix("#000000", "#ffffff", 0.5) == "#808080"

    def test_the_diverging_scale_is_symmetric_about_white(self):
        assert len(colors.DIVERGING) % 2 == 1
        assert colors.DIVERGING[len(colors.DIVERGING) // 2] == colors.ZERO

    def test_state_name(self):
        assert state_name([1, -1, 1]) == "+ − +"

    def test_network_colours_come_again(self):
        assert len({colors.network_color(number) for number in range(24)}) == 24
        assert colors.network_color(24) == colors.network_color(0)


class TestMeshes:
    @pytest.mark.parametrize(("divisions", "corners", "faces"), [(0, 12, 20), (1, 42, 80), (2, 162, 320)])
    def test_a_sphere_is_round_and_closed(self, divisions, corners, faces):
        points, triangles = unit_sphere(divisions)
        assert (len(points), len(triangles)) == (corners, faces)
        assert np.allclose(np.linalg.norm(points, axis=1), 1)
        first, second, third = points[triangles].transpose(1, 0, 2)
        volume = (np.cross(first, second) * third).sum() / 6
        assert 0.6 * 4 / 3 * np.pi < volume < 4 / 3 * np.pi

    @pytest.mark.parametrize("bits", [1, 2, 3, 4])
    def test_a_cube_has_n_times_half_its_corners_edges(self, bits):
        states = FlipFlop(bits=bits).states
        edges = edges_of(states)
        assert len(edges) == bits * 2 ** (bits - 1)
        assert all((states[one] != states[other]).sum() == 1 for one, other in edges)

    def test_the_pen_is_lifted_between_edges(self):
        line = broken_line(np.eye(3), np.array([[0, 1], [1, 2]]))
        assert line.shape == (6, 3)
        assert np.isnan(line[[2, 5]]).all()
        assert np.array_equal(line[3:5], np.eye(3)[1:])


class TestStateSpace:
    def test_three_bits_are_spheres_with_names_and_edges(self):
        figure = state_space(portrait(3))
        kinds = [trace.type for trace in traces(figure)]
        assert kinds.count("mesh3d") == 8
        assert "+ − +" in traces(figure)[-1].text
        spheres = [trace for trace in traces(figure) if trace.type == "mesh3d"]
        assert [sphere.color for sphere in spheres] == list(colors.CUBE)
        ratio = layout(figure).scene.aspectratio
        assert ratio.x == pytest.approx(ratio.y) == pytest.approx(ratio.z)

    def test_more_bits_than_can_be_named_are_points(self):
        kinds = [trace.type for trace in traces(state_space(portrait(6)))]
        assert set(kinds) == {"scatter3d"}

    def test_the_path_is_drawn_in_the_colours_of_the_states_and_has_no_holes(self):
        shown = portrait(3)
        lines = [trace for trace in traces(state_space(shown)) if "asked for" in (trace.hovertemplate or "")]
        assert [line.line.color for line in lines] == list(colors.CUBE)
        steps = sum(np.isfinite(np.asarray(line.x)).sum() for line in lines)
        assert steps == len(shown.path) + 7, "every line reaches on to the first step of the next"

    def test_a_state_that_comes_twice_leaves_a_gap_between(self):
        walk = replace(portrait(2), path_state=np.repeat([0, 1, 0, 1], 5))
        first = traces(state_space(walk))[0]
        assert np.flatnonzero(np.isnan(np.asarray(first.x))).tolist() == [6]

    def test_two_bits_lie_in_a_plane_with_equal_axes(self):
        figure = state_space(portrait(2))
        assert {trace.type for trace in traces(figure)} == {"scatter"}
        assert layout(figure).yaxis.scaleanchor == "x"
        assert sorted(note.text for note in layout(figure).annotations) == sorted(["− −", "− +", "+ −", "+ +"])

    def test_one_bit_runs_over_time(self):
        figure = state_space(portrait(1))
        assert layout(figure).xaxis.title.text == "Time (ms)"
        assert len(layout(figure).shapes) == 2


def path_space(paths: np.ndarray) -> PathSpace:
    count, steps, axes = paths.shape
    looks = Conditions(tuple("abc"[:count]), ("#123456",) * count, (False,) * count, np.arange(count))
    return PathSpace("Network 0", ("x", "y", "z")[:axes], paths, np.arange(float(steps)), looks)


def landmarks(axes: int) -> Landmarks:
    """A stable point, a saddle with two unstable directions, and an orbit."""
    points = np.eye(3)[:2, :axes]
    return Landmarks(
        points=points,
        stable=np.array([True, False]),
        texts=("a stable fixed point", "a saddle"),
        begins=points[[1, 1]],
        directions=np.array([[1.0, 0, 0], [-0.5, 0, 0]])[:, :axes],
        orbits=np.ones((1, 20, axes)),
    )


class TestLandmarks:
    @pytest.mark.parametrize("axes", [2, 3])
    def test_stable_points_are_filled_and_saddles_open_in_the_state_space(self, axes):
        shown = replace(portrait(axes), landmarks=landmarks(axes))
        plain = traces(state_space(portrait(axes)))
        added = traces(state_space(shown))[len(plain) :]
        kind = "scatter3d" if axes == 3 else "scatter"
        assert [trace.type for trace in added] == [kind] * 4
        orbit, lines, saddles, stable = added
        assert (saddles.marker.symbol, stable.marker.symbol) == ("circle-open", "circle")
        assert list(saddles.text) == ["a saddle"]
        assert list(stable.text) == ["a stable fixed point"]
        assert np.isfinite(orbit.x).sum() == 20
        reach = np.abs(np.asarray(lines.x)[1::3] - np.asarray(lines.x)[::3])
        assert np.allclose(reach, [LENGTH * 2, LENGTH]), "the longest is a share of the distance between states"

    def test_memory_states_are_seen_through_if_there_is_something_to_see(self):
        opacity = {
            trace.opacity
            for shown in (portrait(3), replace(portrait(3), landmarks=landmarks(3)))
            for trace in traces(state_space(shown))
            if trace.type == "mesh3d"
        }
        assert min(opacity) < 1 == max(opacity)

    @pytest.mark.parametrize("axes", [1, 2, 3])
    def test_trajectories_have_them_too(self, axes):
        paths = path_space(np.zeros((2, 5, axes)))
        figure = trajectories(replace(paths, landmarks=landmarks(axes)))
        added = traces(figure)[len(traces(trajectories(paths))) :]
        assert [trace.name for trace in added if trace.mode == "markers"] == ["saddles", "stable"]
        if axes == 1:
            assert {float(trace.x[0]) for trace in added} == {4.0}, "at the end of the time"

    def test_there_is_room_for_them(self):
        paths = path_space(np.zeros((1, 5, 3)))
        far = replace(landmarks(3), points=np.array([[8.0, 0, 0], [0, 8, 0]]))
        low, high = layout(trajectories(replace(paths, landmarks=far))).scene.xaxis.range
        assert low <= 0
        assert high > 8


def graph(**more: Any) -> Graph:
    """Two points at rest and an orbit, two arrows, and a saddle between the first two."""
    whole = Graph(
        places=np.array([[0.0, 0], [4, 0], [0, 3]]),
        kind=np.array([0, 0, 1]),
        pale=np.zeros(3, bool),
        names=["++", "−−", "00"],
        labels=[],
        colors=["#ff0000", "#00ff00", "#0000ff"],
        texts=["one", "other", "orbit"],
        arrows=[Arrow(0, 1, "#111111", "dash", "", "there"), Arrow(1, 0, "#111111", "dash", "1+", "back", wrong=True)],
        self_loops=[],
        saddles=[SaddleMark((0, 1), "a saddle")],
        legend=[("bit 1", ("#111111", "dash"))],
        title="Network 0",
        counted="no condition ends at an attractor",
    )
    return replace(whole, **more)


def named(figure: go.Figure, name: str) -> Any:
    return next(trace for trace in traces(figure) if trace.name == name)


class TestProgram:
    def test_points_at_rest_are_discs_and_orbits_rings(self):
        nodes = named(program_graph(graph()), "attractors")
        assert list(nodes.marker.color) == ["#ff0000", "#00ff00", colors.PAPER]
        assert list(nodes.marker.line.color) == [colors.PAPER, colors.PAPER, "#0000ff"]
        assert nodes.marker.line.width[2] > nodes.marker.line.width[0]
        assert list(nodes.text) == ["one", "other", "orbit"]

    def test_an_unstable_point_has_a_thin_edge_and_no_filling(self):
        nodes = named(program_graph(graph(kind=np.array([0, 1, 2]))), "attractors")
        assert list(nodes.marker.color)[2] == colors.PAPER
        assert nodes.marker.line.width[2] < nodes.marker.line.width[1]

    def test_arrows_point_from_one_to_the_other_and_bow_apart(self):
        figure = program_graph(graph())
        heads = named(figure, "arrows")
        assert list(heads.text) == ["", "✗ 1+"]
        assert list(heads.customdata) == ["there", "back"]
        right, left = heads.marker.angle
        assert 80 < right < 100
        assert -100 < left < -80
        there, back = np.asarray(heads.y)
        first = np.asarray(named(figure, "attractors").y)[0]
        assert there > first > back, "each swings to its left"

    def test_a_saddle_stands_between_what_it_parts(self):
        figure = program_graph(graph())
        nodes, dots = named(figure, "attractors"), named(figure, "saddles")
        middle = (nodes.x[0] + nodes.x[1]) / 2, (nodes.y[0] + nodes.y[1]) / 2
        assert (dots.x[0], dots.y[0]) == pytest.approx(middle, abs=1e-5)
        assert dots.marker.color == colors.PAPER

    def test_axes_have_one_scale(self):
        assert layout(program_graph(graph())).yaxis.scaleanchor == "x"

    def test_long_names_stand_above_the_upper_and_below_the_lower(self):
        names = traces(program_graph(graph(labels=["rest ++", "rest −−", "orbit 00"])))[-1]
        assert list(names.textposition) == ["bottom center", "bottom center", "top center"]
        assert names.text[0] == "<br>rest ++"

    def test_a_pulse_that_should_change_an_attractor_and_does_not_is_told_beside_it(self):
        loops = [
            SelfLoop(1, "#cf4558", "solid", "1+"),
            SelfLoop(1, "#3a9c4e", "dash", "2−"),
            SelfLoop(0, "#cf4558", "solid", "1−"),
        ]
        told = named(program_graph(graph(self_loops=loops)), "stays")
        assert list(told.text) == ["✗ 1−", "✗ 1+, 2−"]

    def test_a_saddle_that_is_an_attractor_itself_has_no_dot(self):
        figure = program_graph(graph(saddles=[SaddleMark((0, 1), "a saddle", node=2)]))
        assert len(named(figure, "saddles").x) == 0

    def test_no_attractors(self):
        nothing = {"kind": np.zeros(0, int), "pale": np.zeros(0, bool), "names": [], "colors": [], "texts": []}
        empty = graph(places=np.zeros((0, 2)), **nothing)
        (told,) = layout(program_graph(replace(empty, arrows=[], saddles=[]))).annotations
        assert told.text == "no condition ends at an attractor"

    @pytest.mark.parametrize("places", [np.zeros((3, 2)), np.array([[0, 0], [1e300, 0], [np.nan, np.inf]])])
    def test_nodes_never_hide_each_other(self, places):
        nodes = named(program_graph(graph(places=places)), "attractors")
        where = np.stack([nodes.x, nodes.y], axis=1)
        assert np.isfinite(where).all()
        assert min(np.linalg.norm(where[one] - where[other]) for one, other in ((0, 1), (0, 2), (1, 2))) > 0.1

    def test_what_is_far_apart_is_not_moved(self):
        places = np.array([[0.0, 0], [1, 0], [0, 1]])
        assert np.array_equal(moved_apart(places, 0.5, places[:0]), places)
        near = moved_apart(np.array([[0.0, 0.0]]), 0.5, np.array([[0.1, 0.0]]))
        assert near[0, 0] == pytest.approx(-0.4, abs=0.02)
        assert near[0, 1] == 0

    @pytest.mark.parametrize("bits", [1, 2, 3, 4])
    def test_the_corners_of_a_cube_lie_apart_in_the_plane(self, bits):
        places = oblique(FlipFlop(bits=bits).states.astype(float))
        assert places.shape == (2**bits, 2)
        apart = np.linalg.norm(places[:, None] - places[None], axis=-1)[~np.eye(2**bits, dtype=bool)]
        assert apart.min() > 0.17 * np.ptp(places, axis=0).max(), "further than nodes that are moved apart"


class TestLifetimes:
    lifetimes = Lifetimes(
        kind=np.array([0, 1, 2, 1]),
        lifetime_ms=np.array([np.inf, 300.0, np.inf, 0.0]),
        ends_in=np.array([0, 0, 2, 1]),
        longest_ms=20_000.0,
    )

    def scene(self, states, found=lifetimes):
        return lifetimes_scene([found], states, 350.0, [3], lifetime_limits([found], 350.0))

    def test_a_bar_a_memory_state_in_its_colour(self):
        states = FlipFlop(bits=2).states
        figure = lifetime_bars(self.scene(states))
        (bars,) = traces(figure)
        assert list(bars.marker.color) == colors.state_colors(states)
        ends = np.asarray(bars.x) + bars.base
        assert ends == pytest.approx([20_000, 300, 20_000, 100])
        assert layout(figure).xaxis.type == "log"
        assert list(bars.marker.pattern.shape) == ["", "", "/", ""], "the one that is right and still moves is hatched"

    def test_what_outlasts_the_time_has_an_arrow_and_what_ends_says_where(self):
        figure = lifetime_bars(self.scene(FlipFlop(bits=2).states))
        texts = [note.text for note in layout(figure).annotations]
        assert texts[:4] == ["▸ ∞", "300 → − −", "▸ ∞ oscillating", "✗ wrong from the start → − +"]
        assert {"a trial", "watched"} <= set(texts)
        assert [line.x0 for line in layout(figure).shapes] == [350.0, 20_000.0]

    def test_of_many_the_shortest_are_drawn(self):
        times = np.full(64, np.inf)
        times[[5, 60]] = 10.0
        many = Lifetimes(np.where(np.isinf(times), 0, 1), times, np.zeros(64, int), 20_000.0)
        shown = shortest(many)
        assert len(shown) == 32
        assert {5, 60} <= set(shown.tolist())
        assert (np.diff(shown) > 0).all()
        (bars,) = self.scene(FlipFlop(bits=6).states, many).networks
        assert bars.title == "Network 3: 62 of 64 to the end, the 32 shortest"
        assert len(bars.names) == len(traces(lifetime_bars(self.scene(FlipFlop(bits=6).states, many)))[0].y) == 32


def census_record(signatures: list[int]) -> Census:
    """Networks in a row, with these signatures."""
    networks, groups = len(signatures), max(signatures) + 1
    return Census(
        compared=np.arange(networks) != 1,
        kinds=np.zeros((networks, 1), int),
        signature=np.array(signatures),
        signature_kinds=np.zeros((groups, 1), int),
        signature_count=np.bincount(signatures),
        stable_points=np.zeros(networks, int),
        unstable_points=np.zeros(networks, int),
        measure=0,
        distances=np.zeros((networks, networks)),
        coordinates=np.stack([np.arange(networks, dtype=float), np.zeros(networks)], axis=1),
        explained=np.array([0.75, 0.125]),
        stress=0.1,
        labels=np.zeros(networks, int),
        best_labels=np.zeros(networks, int),
        silhouette=0.0,
        null_silhouette=np.zeros(1),
        p_value=1.0,
        neighbour_share=1.0,
        neighbour_chance=1.0,
    )


class TestCensus:
    def test_every_network_that_was_compared_is_a_point_that_leads_somewhere(self):
        names = list("abcd")
        scene = census_scene(census_record([0, 0, 1, 0]), names[:2])
        figure = census_map(scene, names, names, [f"to-{name}" for name in names])
        first, second = traces(figure)
        assert list(first.customdata) == ["to-a", "to-d"], "b was left out"
        assert list(second.customdata) == ["to-c"]
        assert list(second.x) == [2.0]
        assert layout(figure).xaxis.title.text == "Dimension 1 (75 %)"
        assert layout(figure).yaxis.scaleanchor == "x"

    def test_colour_and_symbol_both_tell_signatures_apart(self):
        looks = [look_of(signature) for signature in range(7)]
        assert len({color for color, _ in looks}) == len({symbol for _, symbol in looks}) == 7
        assert look_of(7) == look_of(20) not in looks

    def test_rare_signatures_share_a_look(self):
        names = [str(at) for at in range(12)]
        figure = census_map(census_scene(census_record(list(range(12))), names), names, names, names)
        assert len(traces(figure)) == 8
        assert list(traces(figure)[-1].text) == ["7", "8", "9", "10", "11"]


class TestBehaviour:
    @pytest.mark.parametrize("bits", [1, 2, 3, 4])
    def test_a_row_a_bit_with_input_target_and_output(self, bits):
        nothing = ("trial", "time", "channel"), np.zeros((3, 20, bits))
        examples = xr.Dataset({"inputs": nothing, "targets": nothing}, {"time": np.arange(20.0)})
        figure = sample_trials(bit_signals(examples, np.ones((3, 20, bits)), 4))
        assert len(traces(figure)) == 3 * 3 * bits
        assert {(trace.name, trace.line.color) for trace in traces(figure)} == {
            ("input", colors.INPUT),
            ("target", colors.TARGET),
            ("output of network 4", colors.network_color(4)),
        }
        assert sum(trace.showlegend for trace in traces(figure)) == 3

    def test_the_band_names_the_states_that_are_asked_for(self):
        task = FlipFlop(bits=2)
        state = np.array([-1] * 4 + [0] * 4 + [3] * 4)
        nothing = ("walk_time", "channel"), np.zeros((12, 2))
        asked = {"inputs": nothing, "targets": nothing, "memory_state": ("walk_time", state)}
        walk = xr.Dataset(asked, {"walk_time": np.arange(12.0)})
        figure = cube_walk(walk_scene(walk, np.zeros((12, 2)), task.states, 0))
        band = traces(figure)[-1]
        assert list(band.text[0]) == ["not set", "− −", "+ +"]
        assert [note.text for note in layout(figure).annotations] == ["−<br>−", "+<br>+"]
        assert list(band.x) == [-0.5, 3.5, 7.5, 11.5]
        shades = [color for _, color in band.colorscale]
        assert shades[0] == colors.UNSET
        assert shades[-1] == colors.state_color([1, 1])


class TestConnectivity:
    def test_one_symmetric_scale_for_before_after_and_difference(self):
        before, after = np.eye(6), np.arange(36.0).reshape(6, 6)
        figure = connectivity(weights_scene(after, before, 0.5, 0))
        maps = [trace for trace in traces(figure) if trace.type == "heatmap"]
        assert [
            np.array_equal(shown.z, true) for shown, true in zip(maps, (before, after, after - before), strict=True)
        ]
        assert {shown.coloraxis for shown in maps} == {"coloraxis"}
        assert (layout(figure).coloraxis.cmin, layout(figure).coloraxis.cmax) == (-0.5, 0.5)

    def test_without_a_start_there_is_one_matrix(self):
        figure = connectivity(weights_scene(np.eye(6), None, 0.5, 0))
        assert [trace.type for trace in traces(figure)] == ["heatmap", "scatter"]

    def test_a_large_matrix_is_drawn_in_blocks_by_the_strongest_weight(self):
        matrix = np.zeros((5, 5))
        matrix[1, 2], matrix[4, 4], matrix[0, 0] = -3, 2, 1
        assert np.array_equal(strongest(matrix, 3), [[1, -3, 0], [0, 0, 0], [0, 0, 2]])
        assert strongest(matrix, 5) is matrix

    def test_the_histogram_counts_every_weight(self):
        matrix = np.random.default_rng(0).normal(size=(20, 20))
        counts = np.asarray(traces(connectivity(weights_scene(matrix, None, 1, 0)))[-1].y)
        assert counts[counts >= 1].sum() == 400


class TestSpectra:
    def test_outliers_are_labelled_with_modulus_period_and_course(self):
        matrix = np.zeros((4, 4))
        matrix[:2, :2], matrix[2, 2] = rotation(1.1, 2 * np.pi / 0.1), 0.5
        found, modes = spectrum(recurrent=matrix), resting_modes(network_of(matrix))
        scene = spectrum_scene(found, None, 0, PlaneLimits.of([found]))
        figure = spectrum_plane(scene, motions(scene, modes, 1.0))
        (label,) = layout(figure).annotations
        assert label.text == "|λ| 1.100 (pair)<br>period 62.8 ms, grows in 10.5 ms"
        outside = next(trace for trace in traces(figure) if trace.name == "outside")
        assert len(outside.x) == found.count_outside == 2
        assert layout(figure).yaxis.scaleanchor == "x"

    @pytest.mark.parametrize(
        ("value", "leak", "words"),
        [
            (1 + 0j, 1.0, "|λ| 1.000, no rotation, stands"),
            (0.5 + 0j, 1.0, "|λ| 0.500, no rotation, decays in 1.44 ms"),
            (-1.1 + 0j, 1.0, "|λ| 1.100, period 2 ms, grows in 10.5 ms"),
            (-1.1 + 0j, 0.1, "|λ| 1.100, at rest |μ| 0.7900, no rotation, decays in 4.24 ms"),
            (1.1 + 0j, (0.1, 1.0), "|λ| 1.100"),
        ],
    )
    def test_words_of_a_mode(self, value, leak, words):
        modes = resting_modes(network_of(np.eye(2), leak=leak))
        assert mode_texts(np.array([value]), modes, 1.0) == (words,)
        assert mode_texts(np.array([value]), None, 1.0) == (words.split(",")[0],)

    @pytest.mark.parametrize("kind", ["before", "after"])
    def test_no_pointer_shows_a_negative_time(self, kind):
        found, modes = (
            spectrum(recurrent=np.diag([1.3, 1.001, -1.2])),
            resting_modes(network_of(np.diag([1.3, 1.001, -1.2]))),
        )
        scene = spectrum_scene(found, found, 0, PlaneLimits.of([found]))
        figure = spectrum_plane(scene, motions(scene, modes, 1.0))
        texts = next(trace for trace in traces(figure) if trace.name == kind).text
        assert all(re.search(r"grows in \d", text) for text in texts)

    def test_the_view_holds_the_unit_circle_and_leaves_out_what_is_far(self):
        found = spectrum(recurrent=np.diag([1.5, 100.0]))
        view = PlaneLimits.of([found])
        assert view.left < -1
        assert 1.5 < view.right < 2
        assert 1 < view.top < 1.5
        assert spectrum_scene(found, None, 0, view).remark == "2 outside, max |λ| 100, 1 not in view"

    def test_a_network_whose_eigenvalues_are_all_large_is_seen(self):
        found = spectrum(recurrent=np.diag([10.0, -12.0, 11.0]))
        assert PlaneLimits.of([found]).hides(found.eigenvalues) == 0

    def test_many_networks_are_a_density_with_the_outliers_of_each(self):
        found = [spectrum(recurrent=np.diag([1.5, 0.2, 0.1]))] * 20
        view = PlaneLimits.of(found)
        planes = [spectrum_scene(one, None, at, view) for at, one in enumerate(found)]
        figure = spectra_density(density(found, view), planes, [("outlier",)] * 20, range(20))
        assert traces(figure)[0].type == "heatmap"
        assert (10 ** np.asarray(traces(figure)[0].z) - 1).sum() == pytest.approx(60, rel=1e-5)
        assert layout(figure).showlegend is False


class TestLearning:
    def curves(self, networks: int, loss: float = 0.1):
        shape = (networks, 3)
        history = History(np.array([1.0, 2, 3]), np.full(shape, loss), np.full(shape, loss), np.full(shape, 0.5))
        bounds = Threshold(0.009, "stop criterion 0.009"), Threshold(0.95, "learned")
        status = [Status.reached] * networks
        return learning_curves(learning_scene(history, np.array([32.0, 64, 96]), range(networks), status, *bounds))

    def test_the_loss_is_logarithmic_and_the_criterion_is_drawn(self):
        figure = self.curves(2)
        assert layout(figure).yaxis.type == "log"
        assert [line.y0 for line in layout(figure).shapes] == [0.009, 95]
        assert "stop criterion 0.009" in [note.text for note in layout(figure).annotations]

    def test_a_dot_is_where_a_network_met_its_criterion(self):
        losses, _ = (trace for trace in traces(self.curves(2)) if trace.name == "ends")
        assert (list(losses.x), list(losses.marker.symbol)) == ([96.0, 96.0], ["circle", "circle"])

    def test_many_networks_have_no_legend(self):
        assert not any(trace.showlegend for trace in traces(self.curves(20)))
        assert sum(trace.showlegend for trace in traces(self.curves(4))) == 4

    def test_a_diverged_network_leaves_the_scale_to_the_others(self):
        assert layout(self.curves(2, loss=1e12)).yaxis.range[1] < 1.2

    def test_nothing_finite(self):
        assert layout(self.curves(1, loss=np.inf)).yaxis.type == "log"


@pytest.mark.slow
def test_a_worker_loads_no_plotly_and_no_matplotlib():
    code = "import recurra, recurra.runs.runner, sys; sys.exit(bool({'plotly', 'matplotlib'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_names_of_strangers_are_no_markup_in_figures():
    from recurra.report.page.panel import PageFigure

    figure = go.Figure(go.Scatter(y=[1, 2], name='<a href="https://example.org">here</a>', text="one<br>two"))
    text = PageFigure("one", figure, "a figure").json
    assert "<" not in text
    assert "\\u003ca" not in text
    shown = json.loads(text)["data"][0]
    assert shown["name"].startswith("&lt;a href=")
    assert shown["text"] == "one<br>two"
