"""The figures for print: what is drawn, that anything can be drawn, and that the files are whole."""

import dataclasses
import subprocess
import sys
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import jax
import matplotlib
import numpy as np
import pytest
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.colors import to_hex, to_rgba
from matplotlib.patches import Circle, FancyArrowPatch

from recurra.analysis import Lifetimes, Program, Spectrum, spectrum
from recurra.analysis.cohorts.census import census_of
from recurra.analysis.cohorts.similarity import Similarities
from recurra.analysis.record import record_of_network
from recurra.arrays import RateWeights
from recurra.models import RateRNN
from recurra.models.cohort import History
from recurra.models.network import Network
from recurra.periods import Period
from recurra.plotting.colors import INK, INPUT, START, TARGET, bit_look, network_color, state_colors
from recurra.plotting.interactive import program_graph
from recurra.plotting.papers import (
    behaviour,
    connectivity,
    cube_walk,
    learning,
    sample_trials,
    spectra,
    state_space,
)
from recurra.plotting.papers.labels import label_offsets
from recurra.plotting.papers.landscape import LENGTH, landscape_of_paths, landscape_of_states
from recurra.plotting.papers.lifetimes import lifetimes
from recurra.plotting.papers.program import GAP, NODE, SADDLE, program
from recurra.plotting.papers.projection import BASIS, on_page
from recurra.plotting.papers.spectra import spectra_density
from recurra.plotting.papers.spectra_points import spectra_points
from recurra.plotting.papers.state_panel import LAYERS
from recurra.plotting.papers.style import columns_for, in_print, new_figure
from recurra.plotting.papers.variance import variance_shares
from recurra.plotting.scenes.conditions import Conditions
from recurra.plotting.scenes.landmarks import Landmarks
from recurra.plotting.scenes.learning import Threshold, learning_scene
from recurra.plotting.scenes.lifetimes import lifetime_limits, lifetimes_scene
from recurra.plotting.scenes.limits import shared_bound
from recurra.plotting.scenes.points import points_scene
from recurra.plotting.scenes.program import graph_scene
from recurra.plotting.scenes.program_parts import parts_of
from recurra.plotting.scenes.signals import bit_signals, walk_scene
from recurra.plotting.scenes.space import MemorySpace, PathSpace, edges
from recurra.plotting.scenes.spectra import PlaneLimits, density, spectrum_scene
from recurra.plotting.scenes.variance import variance_scene
from recurra.plotting.scenes.weights import weight_limit, weights_scene
from recurra.report.figures import figures_of, write_figures
from recurra.runs.record import read_run
from recurra.runs.spec import read_table, to_spec, with_settings
from recurra.status import Status
from recurra.tasks import TASKS, FlipFlop, Trials

CUBE = FlipFlop(bits=3).states


@pytest.fixture(scope="module")
def record(small_run):
    return read_run(small_run)


def drawn(figure) -> Any:
    figure.canvas.draw()
    return figure


def width_mm(figure):
    return figure.get_figwidth() * 25.4


def texts(axes):
    return {text.get_text() for text in axes.texts}


def colors_of(axes):
    return {to_hex(line.get_color()) for line in axes.get_lines()}


def untrained(bits, units, seed, scale=1.0, outputs=None):
    """A network with random weights, for the panels of imported networks."""
    random = np.random.default_rng(seed)
    outputs = outputs or bits
    weights = RateWeights(
        recurrent=scale * random.normal(size=(units, units)) / np.sqrt(units),
        input=random.normal(size=(units, bits)),
        output=random.normal(size=(outputs, units)) / np.sqrt(units),
        recurrent_bias=np.zeros(units),
        output_bias=np.zeros(outputs),
    )
    return Network(RateRNN(units=units, tau_ms=1.0).dynamics(1.0), weights, 1.0)


def random_spectra(count, units=20, seed=0):
    random = np.random.default_rng(seed)
    return [spectrum(recurrent=1.2 * random.normal(size=(units, units)) / np.sqrt(units)) for _ in range(count)]


def last_network(history):
    return {name: getattr(history, name)[1:] for name in ("loss", "validation_loss", "success")}


def cube_panel(scale=1.0, dimensions=3, name="Network 0"):
    signs = np.array(CUBE, float)[:, :dimensions] * scale
    walk = np.linspace(-1, 1, 50)[:, None] * np.ones(dimensions) * scale
    axes, time_ms = tuple(f"PC {k + 1}" for k in range(dimensions)), np.arange(50.0)
    return MemorySpace(name, axes, walk, np.arange(50) // 7, time_ms, CUBE, signs, signs)


@pytest.mark.thorough
def test_behaviour_has_a_row_a_bit_and_a_column_a_trial(record):
    outputs = record.dossiers[1].behaviour.examples
    figure = drawn(behaviour(bit_signals(record.examples, outputs, 1)))
    assert len(figure.axes) == 9
    assert width_mm(figure) == pytest.approx(170)
    for axes in figure.axes:
        assert axes.get_ylim() == figure.axes[0].get_ylim()
        assert {INPUT, TARGET, network_color(1)} <= colors_of(axes)
    line = next(line for line in figure.axes[5].get_lines() if to_hex(line.get_color()) == network_color(1))
    np.testing.assert_allclose(line.get_ydata(), outputs[2, :, 1])


def test_walk_has_a_band_in_the_colours_of_the_states(record):
    figure = drawn(cube_walk(walk_scene(record.walk, record.dossiers[0].memories.walk.outputs, CUBE, 0)))
    band = figure.axes[3]
    shown = [to_hex(patch.get_facecolor()) for patch in band.patches]
    state = np.asarray(record.walk["memory_state"])
    order = state[np.flatnonzero(np.diff(state, prepend=-2))]
    assert shown[1:] == [state_colors(CUBE)[one] for one in order[1:]]
    assert {"−−−", "+++"} <= texts(band)
    assert band.get_xlim() == figure.axes[0].get_xlim()


def history_of(networks, epochs=6):
    loss = np.geomspace(0.3, 0.005, epochs) * np.linspace(1, 2, networks)[:, None]
    return History(np.arange(1.0, epochs + 1) * 10, loss, loss.copy(), np.linspace(0, 1, epochs) * np.ones_like(loss))


def learned(history, numbers, status, criterion=0.009):
    trials, bound = 32 * np.asarray(history.step), criterion and Threshold(criterion, "criterion")
    return learning(learning_scene(history, trials, numbers, status, bound, Threshold(0.98, "learned")))


def test_learning_is_on_a_log_axis_with_the_criterion_as_a_line():
    figure = drawn(learned(history_of(3), (0, 1, 5), [Status.finished] * 3))
    losses, successes = figure.axes
    assert losses.get_yscale() == "log"
    assert [line for line in losses.get_lines() if set(line.get_ydata()) == {0.009}]
    assert losses.get_ylim()[0] < 0.005
    assert losses.get_lines()[0].get_xdata()[0] == pytest.approx(0.32)
    assert [line.get_ydata()[-1] for line in successes.get_lines()] == [100, 100, 100, 98]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["Network 0", "Network 1", "Network 5"]


@pytest.mark.thorough
@pytest.mark.parametrize("networks", [1, 9, 100])
def test_learning_of_networks_that_diverged_or_ended(networks):
    history = history_of(networks)
    history.validation_loss[0, 2:] = [np.inf, np.nan, np.nan, np.nan]
    history.success[0, 2:] = np.nan
    status = [Status.diverged, *[Status.reached] * (networks - 1)]
    figure = drawn(learned(history, range(networks), status))
    cross = next(line for line in figure.axes[0].get_lines() if line.get_marker() == "x")
    assert cross.get_xdata() == pytest.approx(20 * 32 / 1000)
    assert bool(figure.legends) == (networks <= 8)


def test_learning_of_nothing_but_nan_and_of_one_epoch():
    empty = History(np.array([10.0]), *(np.full((2, 1), np.nan) for _ in range(3)))
    drawn(learned(empty, (0, 1), [Status.diverged] * 2))
    drawn(learned(history_of(2, epochs=1), (0, 1), [Status.finished] * 2, None))


def weights(after, before):
    return connectivity(weights_scene(after, before, weight_limit([after]), 0))


@pytest.mark.thorough
@pytest.mark.parametrize("units", [1, 3, 30, 1000])
@pytest.mark.parametrize("known", [True, False])
def test_connectivity_has_one_symmetric_scale(units, known):
    random = np.random.default_rng(units)
    after = random.normal(size=(units, units))
    figure = drawn(weights(after, 0.1 * after if known else None))
    images = [axes.images[0] for axes in figure.axes if axes.images]
    assert len(images) == (3 if known else 1)
    assert {(image.norm.vmin, image.norm.vmax) for image in images} == {(-images[0].norm.vmax, images[0].norm.vmax)}
    red, _, blue, _ = images[0].cmap(images[0].norm(0.9 * images[0].norm.vmax))
    assert red > blue
    assert images[0].cmap(0.5)[:3] == pytest.approx((1, 1, 1), abs=1e-6)
    if known:
        np.testing.assert_allclose(images[2].get_array(), 0.9 * after)
        assert width_mm(figure) == pytest.approx(170)


@pytest.mark.thorough
def test_connectivity_of_zeros_of_an_identity_and_of_nan():
    drawn(weights(np.zeros((4, 4)), np.zeros((4, 4))))
    drawn(weights(np.full((4, 4), np.nan), None))
    after = np.eye(50) + 0.01 * np.random.default_rng(0).normal(size=(50, 50))
    image = drawn(weights(after, np.eye(50))).axes[1].images[0]
    assert image.norm.vmax < 0.1, "the diagonal of an identity start leaves nothing to see"


def planes(after, before=None):
    view = PlaneLimits.of([*after, *(before or [])])
    starts = before or [None] * len(after)
    return [spectrum_scene(one, start, at, view) for at, (one, start) in enumerate(zip(after, starts, strict=True))]


@pytest.mark.thorough
@pytest.mark.parametrize("networks", [1, 2, 4, 7, 20])
def test_spectra_are_small_multiples_with_equal_axes_and_the_unit_circle(networks):
    after, before = random_spectra(networks), random_spectra(networks, seed=1)
    figure = drawn(spectra(planes(after, before)))
    assert len(figure.axes) == networks
    for number, axes in enumerate(figure.axes):
        assert (axes.get_xlim(), axes.get_ylim()) == (figure.axes[0].get_xlim(), figure.axes[0].get_ylim())
        assert axes.get_aspect() == 1
        circle = next(patch for patch in axes.patches if isinstance(patch, Circle))
        assert (circle.center, circle.radius) == ((0, 0), 1)
        start, trained, outliers = axes.collections
        np.testing.assert_allclose(start.get_facecolor()[0], to_rgba(START))
        assert start.get_zorder() <= trained.get_zorder()
        assert len(trained.get_offsets()) + len(outliers.get_offsets()) == 20
        assert len(outliers.get_offsets()) == after[number].count_outside
        assert axes.get_xlim()[1] > np.real(after[number].eigenvalues).max()


@pytest.mark.thorough
def test_spectra_of_many_networks_are_a_density():
    after, before = random_spectra(21), random_spectra(21, seed=1)
    kinds = {
        name: (density(spectra, PlaneLimits.of(after)), planes(after))
        for name, spectra in (("b", before), ("a", after))
    }
    figure = drawn(spectra_density(kinds))
    assert len(figure.axes) == 3, "before, after and the scale"
    assert figure.axes[1].images[0].get_array().sum() + kinds["a"][0].hidden == 21 * 20
    assert len(drawn(spectra_density({"a": kinds["a"]})).axes) == 2


def test_a_diverged_spectrum_does_not_set_the_scale():
    far = spectrum(recurrent=1e4 * np.eye(3))
    lost = Spectrum(np.full(3, np.nan + 0j), 0, complex(np.nan), np.nan)
    figure = drawn(spectra(planes([*random_spectra(3), far, lost])))
    assert figure.axes[0].get_xlim()[1] < 10
    assert any("3 not in view" in text for text in texts(figure.axes[3]))


@pytest.mark.thorough
@pytest.mark.parametrize("networks", [1, 4, 9, 20])
def test_state_space_shows_the_states_in_their_colours(networks):
    figure = drawn(state_space([cube_panel()] * networks))
    assert len(figure.axes) == networks
    for axes in figure.axes:
        spheres = axes.collections[-1]
        outer = spheres.get_facecolors()[::LAYERS]
        assert {to_hex(color) for color in outer} == set(state_colors(CUBE))
        assert (axes.get_xlim(), axes.get_ylim()) == (figure.axes[0].get_xlim(), figure.axes[0].get_ylim())
        named = {"− − −", "+ − +", "+ + +"} <= texts(axes)
        assert named == (networks <= 9)
    assert bool(figure.legends) == (networks > 9)


def test_edges_join_states_that_differ_in_one_bit():
    assert [len(edges(FlipFlop(bits=bits).states)) for bits in (1, 2, 3, 4)] == [1, 4, 12, 32]
    figure = drawn(state_space([cube_panel()]))
    lines = [line for line in figure.axes[0].get_lines() if to_hex(line.get_color()) == INK]
    assert len(lines) == 12


@pytest.mark.parametrize("dimensions", [1, 2])
def test_few_coordinates_are_drawn_in_the_plane(dimensions):
    figure = drawn(state_space([cube_panel(dimensions=dimensions)]))
    axes = figure.axes[0]
    assert axes.get_xlabel() == ("Time (ms)" if dimensions == 1 else "PC 1")
    assert axes.get_ylabel() == ("PC 1" if dimensions == 1 else "PC 2")
    assert axes.get_aspect() == 1


def test_a_network_far_larger_than_the_others_has_its_own_scale():
    lost = dataclasses.replace(cube_panel(), means=np.full((8, 3), np.nan), path=np.full((50, 3), np.inf))
    figure = drawn(state_space([*[cube_panel()] * 3, cube_panel(1e6), lost]))
    assert figure.axes[0].get_xlim() == figure.axes[1].get_xlim()
    assert figure.axes[0].get_xlim()[1] < 10 < figure.axes[3].get_xlim()[1]
    assert sum("own scale" in text.get_text() for text in figure.texts) == 1
    assert "no finite states" in texts(figure.axes[4])


def test_projection_keeps_lengths_and_right_angles():
    np.testing.assert_allclose(BASIS @ BASIS.T, np.eye(3), atol=1e-12)
    points = np.random.default_rng(0).normal(size=(5, 3))
    assert (np.linalg.norm(on_page(points), axis=1) <= np.linalg.norm(points, axis=1)).all()


def test_labels_cover_neither_points_nor_each_other(seed):
    points = np.random.default_rng(seed).uniform(0, 400, size=(8, 2))
    points += np.arange(8)[:, None] * 40
    size = np.array([16.0, 6.0])
    labels = points + label_offsets(points, np.zeros((0, 2)), (16.0, 6.0), 4.0)
    apart = np.abs(labels[:, None] - labels[None]) + 1e9 * np.eye(8)[..., None]
    assert not (apart < size).all(axis=-1).any()
    assert not (np.abs(labels[:, None] - points[None]) < size / 2).all(axis=-1).any()


@pytest.mark.parametrize(("panels", "columns"), [(1, 1), (2, 2), (4, 2), (9, 3), (20, 5), (100, 10)])
def test_small_multiples_stand_in_columns(panels, columns):
    assert columns_for(panels) == columns


def test_shared_bound_leaves_out_what_diverged():
    assert shared_bound([1.0, 2.0, 2.5]) == 2.5
    assert shared_bound([1.0, 1.0, 1e9, np.inf]) == 3.0
    assert shared_bound([np.nan]) == 1.0


def marks_of(dimensions=3, hidden=0):
    """Two stable points, a saddle with one unstable mode and one with four, and an orbit; some points are far away."""
    points = np.array([[1.0, 0, 0], [-1, 0, 0], [0, 0, 0], [0, 0.5, 0]])[:, :dimensions]
    directions = np.array([[1.0, 0, 0], [-0.5, 0, 0]])[:, :dimensions]
    angle = np.linspace(0, 2 * np.pi, 200)
    orbit = np.stack([np.cos(angle), np.sin(angle), 0 * angle], axis=1)[None, :, :dimensions] / 2
    stable = np.array([True, True, False, False])
    return Landmarks(points, stable, ("",) * 4, points[[2, 2]], directions, orbit, hidden)


def faces(axes):
    """How many scattered points have a colour."""
    colors = [
        to_hex(color)
        for marks in axes.collections
        if isinstance(marks, PathCollection)
        for color in np.broadcast_to(marks.get_facecolors(), (len(marks.get_offsets()), 4))
    ]
    return {color: colors.count(color) for color in set(colors)}


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_landscape_has_stable_points_filled_and_saddles_open(dimensions):
    panel = cube_panel(dimensions=dimensions)
    bare = drawn(state_space([panel]))
    figure = drawn(landscape_of_states([dataclasses.replace(panel, landmarks=marks_of(dimensions))]))
    found, before = faces(figure.axes[0]), faces(bare.axes[0])
    assert (found[INK], found["#ffffff"]) == (before.get(INK, 0) + 2, before.get("#ffffff", 0) + 2)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "stable fixed point",
        "saddle",
        "unstable direction",
        "orbit",
    ]
    assert figure.get_figheight() > bare.get_figheight()
    box, bare_box = (one.axes[0].get_window_extent() for one in (figure, bare))
    assert (box.width, box.y0) == pytest.approx((bare_box.width, bare_box.y0)), "room is made above"


def test_unstable_directions_are_drawn_where_they_are_few_and_scaled_by_the_longest():
    panel = cube_panel(dimensions=2)
    axes = drawn(landscape_of_states([dataclasses.replace(panel, landmarks=marks_of(2))])).axes[0]
    (lines,) = (
        one for one in axes.collections if isinstance(one, LineCollection) and to_hex(one.get_color()[0]) == INK
    )
    lengths = [np.linalg.norm(path[1] - path[0]) for path in lines.get_segments()]
    assert lengths == pytest.approx([LENGTH * axes.get_xlim()[1], LENGTH * axes.get_xlim()[1] / 2])


def test_points_outside_of_the_box_are_counted():
    panels = [dataclasses.replace(cube_panel(), landmarks=marks) for marks in (marks_of(), marks_of(hidden=2))]
    figure = drawn(landscape_of_states(panels))
    told = [[text for text in texts(axes) if "not in view" in text] for axes in figure.axes]
    assert told == [[], ["2 fixed points not in view"]]


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_landscape_of_paths_is_wide_enough_for_points_that_are_near(dimensions):
    paths = np.zeros((2, 40, dimensions)) + np.linspace(0, 0.5, 40)[None, :, None]
    lines = Conditions(("0", "1"), ("#3560c8", "#a82a64"), (False, False), np.arange(2))
    axes, marks = ("PC 1", "PC 2", "PC 3")[:dimensions], marks_of(dimensions, hidden=1)
    figure = drawn(landscape_of_paths([PathSpace("Network 0", axes, paths, np.arange(40.0), lines, marks)]))
    assert {"1 fixed point not in view"} <= texts(figure.axes[0])
    found = faces(figure.axes[0])
    assert (found[INK], found["#ffffff"]) == (2, 2)
    assert figure.axes[0].get_xlim()[1] >= 1, "the points have room"
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["0", "1"]


def handmade_program():
    """Attractors 0 and 1, set and reset by two stimuli; 2 is beside 1, 3 is anywhere; two saddles, and a star."""
    return Program(
        kind=np.array([0, 1, 0, 0]),
        states=np.array([[1.0, 0], [-1, 0], [-1, 1], [5, 5]]),
        outputs=np.array([[1.0], [-1], [0], [0]]),
        after=np.array([0, 1]),
        saddle=np.array([0, 0, 1, 1, 2, 2, 2, 2]),
        growth=np.full(8, 1.1),
        direction=np.ones((8, 2)),
        leads_to=np.array([0, 1, 1, 2, 0, 1, 2, 3]),
        following=np.array([[0, 1], [0, 1], [0, 1], [0, 0]]),
    )


def scene_of(found, points=None):
    """The graph of a one-bit flip-flop with this program."""
    count = found.saddle.max(initial=-1) + 1
    points = np.arange(2.0 * count).reshape(count, 2) + 50 if points is None else points
    fixed = SimpleNamespace(states=points, index=np.ones(count, int), eigenvalues=np.full((count, 2), 1.1))
    dossier: Any = SimpleNamespace(program=found, fixed_points=fixed, memories=SimpleNamespace())
    return graph_scene(dossier, FlipFlop(bits=1), Conditions(("-", "+"), ("", ""), (False,) * 2, np.arange(2)), 0)


def drawn_program(found, places=None, points=None):
    graph = scene_of(found, points)
    return drawn(program(graph if places is None else dataclasses.replace(graph, places=places)))


def parts(axes):
    """Circles by their radius, arrows by their colour, and crosses."""
    circles = [patch for patch in axes.patches if isinstance(patch, Circle)]
    arrows = [to_hex(patch.get_edgecolor()) for patch in axes.patches if isinstance(patch, FancyArrowPatch)]
    return circles, sorted(arrows), [line for line in axes.get_lines() if line.get_marker() == "x"]


def test_program_shows_what_stimuli_lead_to_and_what_a_saddle_parts_from_it():
    found = handmade_program()
    graph = scene_of(found)
    assert parts_of(found, np.full((3, 2), 50.0)).nodes == (0, 1, 2)
    figure = drawn_program(found)
    axes = figure.axes[0]
    circles, arrows, crosses = parts(axes)
    assert {"+", "−", "0"} <= texts(axes)
    assert graph.counted == "2 attractors, 1 of 2 that no stimulus leads to, 2 of 3 saddles"
    assert graph.counted in texts(axes)
    assert axes.get_title() == "Network 0: 4 of 4 pulses right once settled"
    assert graph.left_out == (
        "Left out: 1 attractor that no stimulus leads to from these (1 at rest) and 1 saddle that parts no two or "
        "three of these."
    )
    assert arrows == [bit_look(0)[0]] * 2 == [arrow.color for arrow in graph.arrows], "for a stimulus that changes one"
    assert not crosses
    assert sum(circle.radius == SADDLE for circle in circles) == len(graph.saddles) == 2
    rest, orbit = (circle for circle in circles if circle.radius == NODE)
    assert (to_hex(rest.get_facecolor()), to_hex(orbit.get_facecolor())) == (
        state_colors(np.array([[1]]))[0],
        "#ffffff",
    )
    assert to_hex(orbit.get_edgecolor()) == graph.colors[1]
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["bit", "at rest", "orbit", "saddle"]
    assert width_mm(figure) == pytest.approx(85)


def test_paper_and_page_draw_the_same_graph():
    graph = scene_of(dataclasses.replace(handmade_program(), following=np.array([[0, 0], [1, 0], [0, 1], [0, 0]])))
    paper, page = drawn(program(graph)), {trace.name: trace for trace in program_graph(graph).data}
    circles, arrows, crosses = parts(paper.axes[0])
    nodes = [circle for circle in circles if circle.radius != SADDLE]
    assert len(nodes) == len(page["attractors"].x) == len(graph.names) == 3
    assert len(circles) - len(nodes) == len(page["saddles"].x) == len(graph.saddles)
    assert arrows == sorted(trace.marker.color for trace in program_graph(graph).data if trace.name == "arrows")
    assert len(crosses) == len(graph.self_loops) + sum(arrow.wrong for arrow in graph.arrows) == 3
    assert "".join(page["stays"].text).count("1") == len(graph.self_loops) == 2
    assert graph.title == "Network 0: 1 of 4 pulses right once settled"


def test_nodes_in_one_place_make_room_for_each_other():
    found = handmade_program()
    axes = drawn_program(found, places=np.full((3, 2), np.nan)).axes[0]
    centers = np.array([circle.center for circle in parts(axes)[0] if circle.radius != SADDLE])
    apart = np.linalg.norm(centers[:, None] - centers[None], axis=-1) + 1e3 * np.eye(3)
    assert apart[0, 1] > 0.99 * (2 * NODE + GAP)
    assert apart.min() > 2 * NODE, "the pale one too"
    far = np.array([[0.0, 0], [1, 0], [0, 1]])
    axes = drawn_program(found, places=far).axes[0]
    first, second, third = (circle.center for circle in parts(axes)[0] if circle.radius != SADDLE)
    across, upwards = np.subtract(second, first), np.subtract(third, first)
    assert (across[1], upwards[0]) == pytest.approx((0, 0), abs=0.01), "those far apart stay"
    assert across[0] > 40
    assert across[0] == pytest.approx(upwards[1], abs=0.01)


def test_a_saddle_at_which_a_path_ended_is_its_node():
    found = dataclasses.replace(handmade_program(), kind=np.array([0, 2, 0, 0]))
    points = np.stack([found.states[1], [9, 9], [9, 9]])
    assert [saddle.node for saddle in scene_of(found, points).saddles] == [1, None]
    axes = drawn_program(found, points=points).axes[0]
    assert sum(circle.radius == SADDLE for circle in parts(axes)[0]) == 1


def test_program_without_attractors_and_with_too_many(seed):
    nothing = dataclasses.replace(handmade_program(), after=np.array([-1, -1]))
    assert "no condition ends at an attractor" in texts(drawn_program(nothing).axes[0])
    random, count = np.random.default_rng(seed), 60
    many = Program(
        kind=random.integers(3, size=count),
        states=random.normal(size=(count, 2)),
        outputs=random.normal(size=(count, 1)),
        after=np.arange(2),
        saddle=np.zeros(0, int),
        growth=np.zeros(0),
        direction=np.zeros((0, 2)),
        leads_to=np.zeros(0, int),
        following=np.stack([(np.arange(count) + 1) % count, np.full(count, -1)], axis=1),
    )
    figure = drawn_program(many, places=random.normal(size=(40, 2)))
    assert "40 of 60 attractors" in texts(figure.axes[0])
    assert width_mm(figure) == pytest.approx(170)


def test_lifetimes_are_bars_and_arrows():
    found = Lifetimes(np.array([0, 1, 2, 1]), np.array([np.inf, 900.0, np.inf, 0.0]), np.arange(4), 20_000.0)
    scene = lifetimes_scene([found] * 2, FlipFlop(bits=2).states, 350.0, (3, 5), lifetime_limits([found], 350.0))
    figure = drawn(lifetimes(scene))
    axes = figure.axes[0]
    assert axes.get_yscale() == "log"
    tops = [bar.get_y() + bar.get_height() for bar in axes.patches]
    assert tops[:3] == pytest.approx([20_000, 900, 20_000])
    assert axes.patches[3].get_height() == 0
    assert [to_hex(bar.get_facecolor()) for bar in axes.patches] == state_colors(FlipFlop(bits=2).states)
    rest, moving, never = axes.collections
    assert [marks.get_offsets()[:, 0].tolist() for marks in (rest, moving, never)] == [[0], [2], [3]]
    assert (to_hex(rest.get_facecolor()[0]), to_hex(moving.get_facecolor()[0])) == (INK, "#ffffff")
    assert [line for line in axes.get_lines() if set(line.get_ydata()) == {350.0}]
    assert axes.get_title() == "Network 3: 2 of 4 to the end"
    assert len(figure.legends[0].get_texts()) == 4


@pytest.mark.thorough
@pytest.mark.parametrize(("networks", "bits"), [(1, 1), pytest.param(20, 3, marks=pytest.mark.slow), (2, 4), (1, 6)])
def test_lifetimes_of_nothing_but_lost_memories(networks, bits):
    count = 2**bits
    lost = Lifetimes(np.ones(count, int), np.zeros(count), np.zeros(count, int), 20_000.0)
    limits, states = lifetime_limits([lost], 350.0), FlipFlop(bits=bits).states
    figure = drawn(lifetimes(lifetimes_scene([lost] * networks, states, 350.0, range(networks), limits)))
    labels = [label.get_text() for label in figure.axes[-1].get_xticklabels()]
    assert len(labels) == min(count, 32)


def test_variance_shares_fill_the_bars(record):
    demixed, units = ([getattr(one, name) for one in record.dossiers] for name in ("demixed", "selectivity"))
    scene = variance_scene(demixed, units, ("a", "b", "c"), ("#cf4558", "#3a9c4e", "#3f74d1"), (0, 1))
    figure = drawn(variance_shares(scene))
    shares, selective = figure.axes
    widths = np.array([bar.get_width() for bar in shares.patches]).reshape(5, 2)
    np.testing.assert_allclose(widths.sum(axis=0), 100)
    np.testing.assert_allclose(widths[:, 1], 100 * demixed[1].marginal_variance)
    pure = [bar.get_width() for bar in selective.patches[:2]]
    assert pure == pytest.approx([100 * one.count[1] / one.count.sum() for one in units])
    assert [label.get_text() for label in shares.get_yticklabels()] == ["Network 0", "Network 1"]


def test_variance_shares_of_one_factor_have_one_panel(record):
    one = record.dossiers[0]
    still = dataclasses.replace(one.demixed, marginal_variance=np.full(3, np.nan))
    figure = drawn(variance_shares(variance_scene([still], [one.selectivity], ("condition",), ("#3560c8",), (0,))))
    assert len(figure.axes) == 1
    assert len(figure.axes[0].patches) == 2


def test_spectra_of_points_have_a_panel_a_number_of_unstable_modes(record):
    points = record.dossiers[0].fixed_points
    values = np.array([[0.5, 0.2], [1.1, 0.3], [1.2, 1.1], [1.5, 1.2], [np.nan, np.inf]], complex)
    points = dataclasses.replace(points, states=np.zeros((5, 2)), eigenvalues=values, index=np.array([0, 1, 2, 7, 0]))
    figure = drawn(spectra_points(points_scene([points, points], (0, 1))))
    assert [axes.get_title() for axes in figure.axes] == [
        "Stable points (4)",
        "1 unstable mode (2)",
        "2 unstable modes (2)",
        "3 and more (2)",
    ]
    for axes in figure.axes:
        assert axes.get_aspect() == 1
        assert [patch.radius for patch in axes.patches if isinstance(patch, Circle)] == [1]
    np.testing.assert_allclose(figure.axes[1].collections[0].get_offsets(), [[1.1, 0], [0.3, 0]])
    assert figure.axes[0].get_xlim()[1] > 1.5
    none = dataclasses.replace(points, eigenvalues=values[:0], index=points.index[:0])
    drawn(spectra_points(points_scene([none], (0,))))


@pytest.fixture(scope="module")
def boolean():
    """The record of an untrained network for a boolean task, as if it came from a run."""
    task = TASKS["and"]()
    spec = to_spec(with_settings(read_table("and"), ["model.units=9"]))
    return record_of_network(untrained(2, 9, 0, outputs=1), task, 0, {"name": "and", "spec": spec.table()})


@pytest.mark.thorough
def test_figures_of_workings(record, boolean):
    both = {"spectra_points", "variance_shares", "program_0"}
    assert both | {"landscape_components", "landscape_bits", "lifetimes"} <= set(figures_of(record))
    plan = figures_of(boolean)
    assert both | {"landscape"} <= set(plan)
    assert "census" not in set(figures_of(record)) | set(plan), "two networks are too few"
    for name in (*both, "landscape"):
        drawn(plan[name]())


def test_flow_is_drawn_where_two_components_show_most(boolean):
    def with_shares(first, second, about=boolean.about):
        pca = boolean.dossiers[0].pca
        shares = np.array([first, second, *pca.explained_variance[2:]])
        pca = dataclasses.replace(pca, explained_variance=shares)
        return dataclasses.replace(boolean, about=about, dossiers=[dataclasses.replace(boolean.dossiers[0], pca=pca)])

    figure = drawn(figures_of(with_shares(0.5, 0.4))["flow_field_0"]())
    assert figure.axes[0].get_xlabel().startswith("PC 1 (")
    assert any("of the squared pull" in text for text in texts(figure.axes[0]))
    assert "flow_field_0" not in figures_of(with_shares(0.3, 0.2))
    assert "flow_field_0" not in figures_of(with_shares(0.5, 0.4, {"name": "imported"})), "its equations are not known"


def test_census_of_a_cohort(record):
    points = np.random.default_rng(0).normal(size=(5, 3))
    distances = np.linalg.norm(points[:, None] - points[None], axis=-1)
    similarities = Similarities(distances, np.exp(-distances), distances, distances, distances)
    found = census_of(
        similarities=similarities,
        kinds=np.ones((5, 8), int),
        stable_points=np.full(5, 8),
        unstable_points=np.full(5, 4),
        seed=0,
        draws=19,
    )
    plan = figures_of(dataclasses.replace(record, census=found))
    assert any("5 networks" in axes.get_title() for axes in drawn(plan["census"]()).axes)


@pytest.mark.thorough
def test_sample_trials_have_a_row_a_channel_and_a_column_a_trial():
    trials = FlipFlop(bits=2).sample(jax.random.key(0), 5)
    figure = drawn(sample_trials(trials, 3))
    assert len(figure.axes) == 4 * 3
    assert [axes.get_ylabel() for axes in figure.axes[::3]] == ["Input 1", "Input 2", "Target 1", "Target 2"]
    assert figure.axes[-1].get_xlabel() == "Time (ms)"
    name = trials.condition_names[int(trials.condition[0])]
    expected = "No condition" if int(trials.condition[0]) < 0 else f"Condition {' '.join(name.replace('-', '−'))}"
    assert figure.axes[0].get_title() == expected
    with pytest.raises(ValueError, match="count is 0"):
        sample_trials(trials, 0)


@pytest.mark.parametrize("count", [1, pytest.param(12, marks=pytest.mark.slow)])
def test_sample_trials_of_any_task(count):
    trials = Trials(
        inputs=np.zeros((12, 30, 1)),
        targets=np.ones((12, 30, 1)),
        mask=np.arange(30)[None, :, None] * np.ones((12, 1, 1)) > 20,
        condition=np.arange(12) % 2 - 1,
        condition_names=("pro",),
        periods=(Period("stimulus", 0, 100), Period("decision", 100, 300)),
        dt_ms=10.0,
    )
    figure = drawn(sample_trials(trials, count))
    assert len(figure.axes) == 2 * count
    assert {"stimulus", "decision"} <= texts(figure.axes[0])
    assert figure.axes[0].get_title() == "No condition"
    assert figure.axes[count].get_ylabel() == "Target"
    assert len(figure.axes[count].collections) == 1, "the time that is left out of the loss is shaded"


@pytest.mark.slow
def test_files_are_whole(record, tmp_path):
    told = []
    record = dataclasses.replace(record, numbers=(1,), dossiers=record.dossiers[1:])
    record = dataclasses.replace(record, before=record.before[1:], status=record.status[1:])
    record = dataclasses.replace(record, history=dataclasses.replace(record.history, **last_network(record.history)))
    paths = write_figures(record, tmp_path / "figures", lambda done, of: told.append((done, of)))
    names = {path.stem for path in paths}
    assert {"learning", "spectra", "state_space_components", "state_space_bits", "behaviour_1", "cube_walk_1"} <= names
    assert sorted(paths) == sorted((tmp_path / "figures").iterdir()), "no partial file is left"
    assert told == [(at, len(names)) for at in range(1, len(names) + 1)]
    for path in paths:
        if path.suffix == ".png":
            assert path.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
        else:
            assert ElementTree.parse(path).getroot().tag.endswith("svg")  # noqa: S314
    assert "Training trials" in (tmp_path / "figures" / "learning.svg").read_text(), "text stays text"


@pytest.mark.thorough
def test_figures_are_the_same_bytes_each_time(record, tmp_path, monkeypatch):
    plan = figures_of(record)
    monkeypatch.setattr("recurra.report.figures.figures_of", lambda _: {"spectra": plan["spectra"]})
    first = {path.name: path.read_bytes() for path in write_figures(record, tmp_path)}
    again = {path.name: path.read_bytes() for path in write_figures(record, tmp_path)}
    assert first == again


@pytest.mark.slow
@pytest.mark.parametrize(("bits", "units"), [(1, 3), (4, 10)])
def test_imported_networks_of_any_size(bits, units, seed):
    record = record_of_network(untrained(bits, units, seed), FlipFlop(bits=bits), 0, {"name": "imported"})
    plan = figures_of(record)
    assert "learning" not in plan
    for draw in plan.values():
        drawn(draw())


def test_many_networks_are_shown_on_pages(record):
    many = [at % 2 for at in range(45)]
    cohort = dataclasses.replace(record, numbers=tuple(range(45)), dossiers=[record.dossiers[at] for at in many])
    plan = figures_of(cohort)
    assert {"state_space_bits_1", "state_space_bits_2", "state_space_bits_3", "behaviour_44"} <= set(plan)
    assert len(plan["state_space_bits_3"]().axes) == 5


@pytest.mark.thorough
def test_nothing_global_changes(record):
    before = dict(matplotlib.rcParams)
    for draw in figures_of(record).values():
        draw()
    assert dict(matplotlib.rcParams) == before


@pytest.mark.slow
def test_pyplot_is_not_loaded():
    code = "import recurra.report.figures, sys; sys.exit('matplotlib.pyplot' in sys.modules)"
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


@pytest.mark.parametrize("name", ["$x$", r"$\frac", "a$b", "<a href=x>"])
def test_names_of_strangers_are_no_formulas_on_paper(name):
    with in_print():
        figure = new_figure(85, 40)
        figure.subplots().set_title(name)
        figure.canvas.draw()
    assert figure.axes[0].get_title() == name
