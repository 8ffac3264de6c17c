"""The figure builders: what is in the figures, and the colours that carry meaning."""

import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from recurra.analysis import Geometry, spectrum
from recurra.models.cohort import History
from recurra.plotting import colors
from recurra.plotting.interactive import (
    Bound,
    Portrait,
    Span,
    bit_trials,
    connectivity,
    cube_walk,
    learning_curves,
    spectra_density,
    spectrum_plane,
    state_space,
    strongest,
    vertices,
)
from recurra.plotting.interactive.meshes import broken_line, cube_edges, unit_sphere
from recurra.plotting.interactive.spectra import mode_words
from recurra.tasks import FlipFlop


def portrait(bits: int) -> Portrait:
    states = FlipFlop(bits=bits).states
    shown = min(bits, 3)
    path = np.repeat(states[:, :shown].astype(float), 5, axis=0)
    return Portrait(
        path=path,
        path_state=np.repeat(np.arange(len(states)), 5),
        time_ms=np.arange(len(path), dtype=float),
        states=states,
        means=states[:, :shown].astype(float),
        vertices=states[:, :shown].astype(float),
        axes=[f"axis {axis}" for axis in range(shown)],
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
        assert colors.state_name([1, -1, 1]) == "+ − +"

    def test_network_colours_come_again(self):
        assert colors.network_color(8) == colors.network_color(0) != colors.network_color(1)


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
        edges = cube_edges(states)
        assert len(edges) == bits * 2 ** (bits - 1)
        assert all((states[one] != states[other]).sum() == 1 for one, other in edges)

    def test_the_pen_is_lifted_between_edges(self):
        line = broken_line(np.eye(3), np.array([[0, 1], [1, 2]]))
        assert line.shape == (6, 3)
        assert np.isnan(line[[2, 5]]).all()
        assert np.array_equal(line[3:5], np.eye(3)[1:])


class TestStateSpace:
    def test_vertices_of_a_box_made_by_hand(self):
        axes = np.array([[1.0, 0, 0, 0], [0, 2, 0, 0], [0, 0, 0, 3]])
        geometry = Geometry(np.zeros((8, 4)), np.full(4, 10.0), axes, np.array([2, 4, 6.0]), 1, np.zeros(3), 0.4, 0.7)
        corners = vertices(geometry, FlipFlop().states)
        assert np.array_equal(corners[0], [9, 8, 10, 7])
        assert np.array_equal(corners[-1], [11, 12, 10, 13])
        assert np.allclose(corners.mean(axis=0), geometry.center)

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


class TestBehaviour:
    @pytest.mark.parametrize("bits", [1, 2, 3, 4])
    def test_a_row_a_bit_with_input_target_and_output(self, bits):
        inputs = np.zeros((3, 20, bits))
        figure = bit_trials(np.arange(20.0), inputs, inputs, inputs + 1, "#123456")
        assert len(traces(figure)) == 3 * 3 * bits
        assert {trace.line.color for trace in traces(figure) if trace.name == "output"} == {"#123456"}
        assert {trace.line.color for trace in traces(figure) if trace.name == "input"} == {colors.INPUT}
        assert {trace.line.color for trace in traces(figure) if trace.name == "target"} == {colors.TARGET}
        assert sum(trace.showlegend for trace in traces(figure)) == 3

    def test_the_band_names_the_states_that_are_asked_for(self):
        task = FlipFlop(bits=2)
        state = np.array([-1] * 4 + [0] * 4 + [3] * 4)
        signals = np.zeros((12, 2))
        figure = cube_walk(np.arange(12.0), signals, signals, signals, state, task.states, "#123456")
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
        figure = connectivity(before, after, 0.5, "#123456")
        maps = [trace for trace in traces(figure) if trace.type == "heatmap"]
        assert [
            np.array_equal(shown.z, true) for shown, true in zip(maps, (before, after, after - before), strict=True)
        ]
        assert {shown.coloraxis for shown in maps} == {"coloraxis"}
        assert (layout(figure).coloraxis.cmin, layout(figure).coloraxis.cmax) == (-0.5, 0.5)

    def test_without_a_start_there_is_one_matrix(self):
        figure = connectivity(None, np.eye(6), 0.5, "#123456")
        assert [trace.type for trace in traces(figure)] == ["heatmap", "scatter"]

    def test_a_large_matrix_is_drawn_in_blocks_by_the_strongest_weight(self):
        matrix = np.zeros((5, 5))
        matrix[1, 2], matrix[4, 4], matrix[0, 0] = -3, 2, 1
        assert np.array_equal(strongest(matrix, 3), [[1, -3, 0], [0, 0, 0], [0, 0, 2]])
        assert strongest(matrix, 5) is matrix

    def test_the_histogram_counts_every_weight(self):
        matrix = np.random.default_rng(0).normal(size=(20, 20))
        counts = np.asarray(traces(connectivity(None, matrix, 1, "#123456"))[-1].y)
        assert counts[counts >= 1].sum() == 400


class TestSpectra:
    def test_outliers_are_labelled_with_modulus_period_and_time_constant(self):
        turn = 1.1 * np.array([[np.cos(0.1), -np.sin(0.1)], [np.sin(0.1), np.cos(0.1)]])
        matrix = np.zeros((4, 4))
        matrix[:2, :2], matrix[2, 2] = turn, 0.5
        found = spectrum(matrix, 1.0)
        figure = spectrum_plane(found, None, 1.0, Span.of([found]), "#123456")
        (label,) = layout(figure).annotations
        assert label.text == "|λ| 1.100 (pair)<br>period 62.8 ms, τ −10.5 ms"
        outside = next(trace for trace in traces(figure) if trace.name == "outside")
        assert len(outside.x) == found.count_outside == 2
        assert layout(figure).yaxis.scaleanchor == "x"

    @pytest.mark.parametrize(
        ("value", "words"),
        [
            (1 + 0j, "|λ| 1.000, no rotation, stands"),
            (0.5 + 0j, "|λ| 0.500, no rotation, decays in 1.44 ms"),
            (-1.1 + 0j, "|λ| 1.100, period 2 ms, grows in 10.5 ms"),
        ],
    )
    def test_mode_words(self, value, words):
        assert mode_words(value, 1.0) == words

    def test_the_span_holds_the_unit_circle_and_leaves_out_what_is_far(self):
        span = Span.of([spectrum(np.diag([1.5, 100.0]), 1.0)])
        assert span.left < -1
        assert 1.5 < span.right < 2
        assert 1 < span.height < 1.5

    def test_many_networks_are_a_density_with_the_outliers_of_each(self):
        found = [spectrum(np.diag([1.5, 0.2, 0.1]), 1.0)] * 20
        figure = spectra_density(found, range(20), 1.0, Span.of(found))
        assert traces(figure)[0].type == "heatmap"
        assert (10 ** np.asarray(traces(figure)[0].z) - 1).sum() == pytest.approx(60, rel=1e-5)
        assert layout(figure).showlegend is False


class TestLearning:
    def curves(self, networks: int, loss: float = 0.1):
        shape = (networks, 3)
        history = History(np.array([1.0, 2, 3]), np.full(shape, loss), np.full(shape, loss), np.full(shape, 0.5))
        bounds = Bound(0.009, "stop criterion 0.009"), Bound(0.95, "learned")
        return learning_curves(history, np.array([32.0, 64, 96]), range(networks), *bounds)

    def test_the_loss_is_logarithmic_and_the_criterion_is_drawn(self):
        figure = self.curves(2)
        assert layout(figure).yaxis.type == "log"
        assert [line.y0 for line in layout(figure).shapes] == [0.009, 95]
        assert "stop criterion 0.009" in [note.text for note in layout(figure).annotations]

    def test_many_networks_have_no_legend(self):
        assert not any(trace.showlegend for trace in traces(self.curves(20)))
        assert sum(trace.showlegend for trace in traces(self.curves(4))) == 4

    def test_a_diverged_network_leaves_the_scale_to_the_others(self):
        assert layout(self.curves(2, loss=1e12)).yaxis.range[1] < 1.2

    def test_nothing_finite(self):
        assert layout(self.curves(1, loss=np.inf)).yaxis.type == "log"


def test_importing_recurra_loads_no_plotly():
    code = "import recurra, recurra.studies.runner, sys; sys.exit('plotly' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
