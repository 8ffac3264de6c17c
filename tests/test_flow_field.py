"""The field of linear networks by hand, what a plane leaves out, and that the figure can draw anything."""

import dataclasses

import numpy as np
import pytest
from matplotlib.colors import to_hex

from recurra.analysis.dynamics.flow_field import flow_field
from recurra.arrays import RateWeights
from recurra.engine import RateDynamics
from recurra.models import Network
from recurra.plotting.colors import INK, PAPER
from recurra.plotting.papers.flow_field import flow_field as figure_of
from recurra.plotting.scenes.conditions import Conditions
from recurra.plotting.scenes.flow import FlowPlane
from recurra.storage.records import from_dataset, to_dataset

WINDOW = ((-1.0, 2.0), (-1.0, 1.0))


def draw(field, axes, *parts, **named):
    return figure_of(FlowPlane(field, axes, *parts, **named))


def network_of(recurrent, activation="tanh", form="rate", leak=1.0, bias=None):
    units = len(recurrent)
    weights = RateWeights(
        np.asarray(recurrent, float), np.eye(units)[:, :1], np.ones((1, units)), np.zeros(units), np.zeros(1)
    )
    if bias is not None:
        weights = dataclasses.replace(weights, recurrent_bias=np.asarray(bias, float))
    return Network(RateDynamics(form, activation, leak), weights, 1.0)


def test_field_of_relu_units_by_hand():
    """Units that only lose what they have: f(h) - h is W h - h where all currents are positive."""
    recurrent = np.array([[0.5, 0.2, 0.0], [0.1, 0.4, 0.0], [0.3, 0.3, 0.0]])
    field = flow_field(
        network_of(recurrent, "relu"),
        plane=np.eye(3)[:2],
        center=np.ones(3),
        across=(0.0, 1.0),
        upwards=(0.0, 2.0),
        points=5,
    )
    a, b = np.meshgrid(np.linspace(0, 1, 5), np.linspace(0, 2, 5))
    states = np.stack([1 + a, 1 + b, np.ones_like(a)], axis=-1)
    moved = states @ recurrent.T - states
    np.testing.assert_allclose(field.displacement, moved[..., :2], atol=1e-12)
    np.testing.assert_allclose(field.speed, np.linalg.norm(moved, axis=-1), atol=1e-12)
    np.testing.assert_allclose(field.in_plane, 1 - moved[..., 2] ** 2 / (moved**2).sum(axis=-1), atol=1e-12)
    assert field.shown == pytest.approx((moved[..., :2] ** 2).sum() / (moved**2).sum())
    assert (field.displacement[4, 0, 0], field.displacement[0, 4, 1]) == pytest.approx((0.1, -0.4))


def test_a_plane_that_the_flow_stays_in_shows_all_of_it(seed):
    recurrent = np.zeros((4, 4))
    recurrent[:2, :2] = np.random.default_rng(seed).normal(size=(2, 2))
    inside = flow_field(
        network_of(recurrent), plane=np.eye(4)[:2], center=np.zeros(4), across=WINDOW[0], upwards=WINDOW[1], points=6
    )
    np.testing.assert_allclose(inside.in_plane[inside.speed > 0], 1, atol=1e-12)
    crossed = np.zeros((4, 4))
    crossed[2:, :2] = np.eye(2)
    leaving = flow_field(
        network_of(crossed), plane=np.eye(4)[:2], center=np.zeros(4), across=(0.5, 1.0), upwards=(0.5, 1.0), points=6
    )
    np.testing.assert_allclose(leaving.displacement[..., 0], -np.broadcast_to(leaving.across, (6, 6)), atol=1e-12)
    assert leaving.in_plane.max() < 0.8


def test_fixed_point_in_the_plane_has_no_speed():
    field = flow_field(
        network_of(np.zeros((3, 3))),
        plane=np.eye(3)[:2],
        center=np.zeros(3),
        across=(-1.0, 1.0),
        upwards=(-1.0, 1.0),
        points=3,
    )
    assert field.speed[1, 1] == 0
    assert np.isnan(field.in_plane[1, 1])
    assert field.shown == pytest.approx(1.0)


def test_directions_are_made_orthonormal(seed):
    random = np.random.default_rng(seed)
    network, center = network_of(random.normal(size=(5, 5))), random.normal(size=5)
    skew = random.normal(size=(2, 5))
    field = flow_field(network, plane=skew, center=center, across=WINDOW[0], upwards=WINDOW[1], points=4)
    np.testing.assert_allclose(field.plane @ field.plane.T, np.eye(2), atol=1e-12)
    np.testing.assert_allclose(field.plane[0], skew[0] / np.linalg.norm(skew[0]))
    assert np.linalg.matrix_rank(np.concatenate([field.plane, skew]), tol=1e-8) == 2
    again = flow_field(network, plane=field.plane, center=center, across=WINDOW[0], upwards=WINDOW[1], points=4)
    np.testing.assert_allclose(again.speed, field.speed, atol=1e-12)


def test_states_are_projected(seed):
    random = np.random.default_rng(seed)
    plane = np.linalg.qr(random.normal(size=(6, 3)))[0].T
    center = random.normal(size=6)
    field = flow_field(
        network_of(np.eye(6)), plane=plane[:2], center=center, across=WINDOW[0], upwards=WINDOW[1], points=2
    )
    states = center + np.array([[1.0, 2.0, 0.5], [0.0, -1.0, -3.0]]) @ plane
    np.testing.assert_allclose(field.project(states), [[1, 2], [0, -1]], atol=1e-12)
    np.testing.assert_allclose(field.distance(states), [0.5, 3.0], atol=1e-12)


def test_inputs_and_leak():
    network = network_of(np.zeros((2, 2)), leak=0.1)
    field = flow_field(
        network, plane=np.eye(2), center=np.zeros(2), across=(-1.0, 1.0), upwards=(-1.0, 1.0), inputs=0.7, points=3
    )
    np.testing.assert_allclose(field.displacement[1, 1], [np.tanh(0.7), 0])
    assert field.inputs == pytest.approx([0.7])


def test_currents_are_the_states_of_the_current_form():
    recurrent = np.array([[0.0, 2.0], [-1.0, 0.5]])
    field = flow_field(
        network_of(recurrent, form="current"),
        plane=np.eye(2),
        center=np.zeros(2),
        across=WINDOW[0],
        upwards=WINDOW[1],
        points=3,
    )
    state = np.array([2.0, -1.0])
    np.testing.assert_allclose(field.displacement[0, 2], recurrent @ np.tanh(state) - state)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"plane": np.eye(3)}, r"plane has shape \(3, 3\)"),
        ({"plane": np.ones((2, 3))}, "parallel"),
        ({"plane": np.array([[0.0, 0, 0], [1, 0, 0]])}, "length 0"),
        ({"plane": np.full((2, 3), np.nan)}, "plane holds 6 values"),
        ({"center": np.zeros(2)}, r"center has shape \(2,\)"),
        ({"center": np.full(3, np.inf)}, "center holds 3 values"),
        ({"across": (1.0, 1.0)}, r"across is \(1.0, 1.0\); expected lowest < highest"),
        ({"upwards": (1.0, -1.0)}, "upwards is"),
        ({"across": (-np.inf, 1.0)}, "across is"),
        ({"points": 1}, "points is 1; expected at least 2"),
        ({"inputs": np.zeros(3)}, "inputs has shape"),
    ],
)
def test_bad_arguments(change, message):
    good = {"plane": np.eye(3)[:2], "center": np.zeros(3), "across": (-1.0, 1.0), "upwards": (-1.0, 1.0)}
    with pytest.raises(ValueError, match=message):
        flow_field(network_of(np.eye(3)), **(good | change))


def odd_fields():
    silent = network_of(np.eye(2), "relu")
    exploding = network_of(1e200 * np.ones((3, 3)), "relu")
    enormous = network_of(1e6 * np.random.default_rng(0).normal(size=(20, 20)))
    overflowing = network_of(1e308 * np.array([[1.0, -1.0, 1.0], [1, 1, 1], [1, 1, 1]]), form="current")
    return {
        "nothing moves": flow_field(
            silent, plane=np.eye(2), center=np.ones(2), across=(0.0, 1.0), upwards=(0.0, 1.0), points=5
        ),
        "explodes": flow_field(
            exploding, plane=np.eye(3)[:2], center=np.zeros(3), across=WINDOW[0], upwards=WINDOW[1], points=5
        ),
        "enormous": flow_field(
            enormous, plane=np.eye(20)[:2], center=np.zeros(20), across=WINDOW[0], upwards=WINDOW[1], points=5
        ),
        "overflows": flow_field(
            overflowing, plane=np.eye(3)[:2], center=np.ones(3), across=(-3.0, 3.0), upwards=(-3.0, 3.0), points=9
        ),
        "smallest": flow_field(
            enormous, plane=np.eye(20)[:2], center=np.zeros(20), across=WINDOW[0], upwards=WINDOW[1], points=2
        ),
        "a strip": flow_field(
            enormous, plane=np.eye(20)[:2], center=np.zeros(20), across=(0.0, 100.0), upwards=(0.0, 1.0), points=5
        ),
    }


@pytest.mark.thorough
@pytest.mark.parametrize("name", odd_fields())
def test_anything_can_be_drawn_and_stored(name):
    field = odd_fields()[name]
    draw(field, ("PC 1", "PC 2")).canvas.draw()
    stored = from_dataset(type(field), to_dataset([field, field], [0, 1]))[1]
    for part in dataclasses.fields(field):
        np.testing.assert_array_equal(getattr(stored, part.name), getattr(field, part.name))


def test_odd_fields_say_what_they_are():
    fields = odd_fields()
    assert fields["nothing moves"].speed.max() == 0
    assert np.isnan(fields["nothing moves"].shown)
    assert fields["explodes"].speed.max() > 1e199
    assert not np.isfinite(fields["overflows"].speed).all()
    assert fields["enormous"].speed.max() < 20


LINES = Conditions(("00", "01"), ("#112233", "#445566"), (False, True), (0, 1))


def test_figure_shows_field_paths_and_points():
    field = flow_field(
        network_of(np.diag([2.0, 0.5, 0.5])),
        plane=np.eye(3)[:2],
        center=np.zeros(3),
        across=(-2.0, 2.0),
        upwards=(-1.0, 1.0),
    )
    paths = np.stack([np.linspace([0, 0], [1, 1], 9), np.linspace([0, 0], [-1, 1], 9)])
    points, index = np.array([[0.0, 0.0], [0.96, 0.0], [-0.96, 0.0]]), np.array([1, 0, 0])
    figure = draw(field, ("PC 1", "PC 2"), "Network 3", paths, LINES, points, index)
    figure.canvas.draw()
    panel = figure.axes[0]
    assert (panel.get_xlim(), panel.get_ylim()) == ((-2, 2), (-1, 1))
    assert panel.get_title() == "Network 3"
    assert f"{100 * field.shown:.0f} %" in panel.texts[0].get_text()
    lines = [(to_hex(line.get_color()), np.asarray(line.get_xydata())) for line in panel.get_lines()]
    drawn = {color: path for color, path in lines if len(path) > 1}
    np.testing.assert_allclose(drawn["#112233"], paths[0])
    marks = [
        (to_hex(one.get_facecolor()[0]), len(one.get_offsets())) for one in panel.collections if one.get_zorder() >= 4
    ]
    assert marks == [(PAPER, 1), (INK, 2)]
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["00", "01", "Stable point", "Unstable point"]
    assert figure.get_figwidth() * 25.4 == pytest.approx(85)


@pytest.mark.slow
def test_figure_without_legend_and_with_lost_paths():
    field = flow_field(
        network_of(np.eye(3)), plane=np.eye(3)[:2], center=np.zeros(3), across=WINDOW[0], upwards=WINDOW[1]
    )
    assert not draw(field, ("a", "b")).legends
    lost = np.full((2, 5, 2), np.nan)
    draw(field, ("a", "b"), paths=lost, lines=LINES, points=np.zeros((0, 2))).canvas.draw()
    assert len(draw(field, ("a", "b"), points=np.zeros((1, 2))).legends[0].get_texts()) == 1


def test_figure_of_wrong_arguments():
    field = flow_field(
        network_of(np.eye(3)), plane=np.eye(3)[:2], center=np.zeros(3), across=WINDOW[0], upwards=WINDOW[1]
    )
    with pytest.raises(ValueError, match="paths has 3 trajectories"):
        draw(field, ("a", "b"), paths=np.zeros((3, 5, 2)), lines=LINES)
    with pytest.raises(ValueError, match="index has 2 values"):
        draw(field, ("a", "b"), points=np.zeros((3, 2)), index=np.zeros(2, int))


def test_published_network(reference):
    """The plane of the first two components leaves half of the pull of `and` out."""
    from recurra.analysis import principal_components
    from recurra.runs.imports import read_network_for
    from recurra.tasks import And

    task = And()
    network = read_network_for(reference / "and_n50_orthogonal_04_epoch19.hdf5", task)
    rates, _ = network.run(task.probe().inputs)
    pca = principal_components(rates=rates, components=3)
    field = flow_field(network, plane=pca.components[:2], center=pca.center, across=(-3.5, 3.5), upwards=(-2.0, 2.5))
    assert 0.3 < field.shown < 0.8
    moved = field.displacement
    assert (np.linalg.norm(moved, axis=-1) <= field.speed + 1e-12).all()
