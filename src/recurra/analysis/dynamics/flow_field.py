"""The flow field: where a network pulls the states of a plane."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from recurra.analysis.dynamics.flows import flow_of
from recurra.analysis.rates.reduction import principal_components
from recurra.analysis.subjects import Subject, of_each_network, visit_of
from recurra.analysis.visit import Visit
from recurra.checks import check_array, check_count, check_range
from recurra.shown import Shown
from recurra.tasks.base import Task

DEPENDENT = 1e-9  # the two directions span no plane if the second one's part across the first is shorter


MORE = 0.2  # of the range of the states, by which a field goes beyond them on either side


@dataclass(frozen=True)
class FlowField(Shown):
    r"""The displacement $f(h) - h$ on a grid of states $h = h_0 + a u + b v$ in a plane of the state space.

    States of the plane are also pulled out of it. `in_plane` is the part of the pull that a picture of the plane shows:
    where it is small, an arrow is the projection of a movement that goes elsewhere, and a place without an arrow is not
    a fixed point. Fixed points are where `speed` is 0.

    Args:
        inputs: the constant input.
        center: h₀.
        plane: u and v, orthonormal.
        across: a of each column of the grid.
        upwards: b of each row of the grid.
        displacement: displacement along u and v.
        speed: norm of the displacement in the whole space.
        in_plane: share of the squared norm that lies in the plane, 0 to 1; NaN where the displacement is 0.
    """

    sources: ClassVar[tuple[str, ...]] = ("sussillo2013",)

    inputs: Float[np.ndarray, "input"]
    center: Float[np.ndarray, "state"]
    plane: Float[np.ndarray, "direction state"]
    across: Float[np.ndarray, "column"]
    upwards: Float[np.ndarray, "row"]
    displacement: Float[np.ndarray, "row column direction"]
    speed: Float[np.ndarray, "row column"]
    in_plane: Float[np.ndarray, "row column"]

    @property
    def shown(self) -> float:
        """Share of the squared displacement over the whole grid that lies in the plane; NaN if all of it is 0."""
        known = np.isfinite(self.in_plane)
        largest = np.max(self.speed, where=known, initial=0.0)
        if largest == 0:
            return float("nan")
        weight = np.where(known, self.speed / largest, 0.0) ** 2
        return float((np.where(known, self.in_plane, 0.0) * weight).sum() / weight.sum())

    def project(self, states: Float[np.ndarray, "*batch state"]) -> Float[np.ndarray, "*batch direction"]:
        """Coordinates a and b of states, such as trajectories and fixed points."""
        return (states - self.center) @ self.plane.T

    def distance(self, states: Float[np.ndarray, "*batch state"]) -> Float[np.ndarray, "*batch"]:
        """How far states are from the plane."""
        return np.linalg.norm(states - self.center - self.project(states) @ self.plane, axis=-1)


@of_each_network
def flow_field(
    network: Subject,
    task: Task | None = None,
    *,
    plane: Float[np.ndarray, "direction state"] | None = None,
    center: Float[np.ndarray, "state"] | None = None,
    across: tuple[float, float] | None = None,
    upwards: tuple[float, float] | None = None,
    inputs: float | Float[np.ndarray, "input"] = 0.0,
    points: int = 31,
) -> FlowField:
    r"""The displacement of states in a plane, at a constant input.

    In the rate form $f(h) = \varphi(W h + W_{in} x + b)$ and the states are rates. In the current form
    $f(v) = W \varphi(v) + W_{in} x + b$ and they are currents: a plane through currents is needed, not through rates.
    In both the displacement does not depend on the leak; for networks of other kinds it is that of one time step.

    Args:
        network: the network, or a cohort.
        task: its task; not needed where the network knows it, or with plane, center, across and upwards.
        plane: two directions; u lies along the first, v is the part of the second at right angles to u, both scaled to
            length 1. If not given, the first two principal components of the states on the task's probe.
        center: a state in the plane; if not given, the mean of these states.
        across: lowest and highest coordinate along u; if not given, those of these states and a fifth more.
        upwards: lowest and highest coordinate along v; if not given, as for u.
        inputs: the constant input, one number for all channels or one per channel.
        points: number of grid points in each direction.

    Source: Sussillo and Barak (2013) for the displacement.
    """
    check_count("points", points, at_least=2)
    visit = visit_of(network, task)
    plane = principal_components(rates=visit.states, components=2).components if plane is None else plane
    size, center = visit.network.state_size, visit.states.mean(axis=(0, 1)) if center is None else center
    center = check_array("center", center, state=size).astype(np.float64)
    directions = _orthonormal(check_array("plane", plane, direction=2, state=size).astype(np.float64))
    bounds = {"across": across, "upwards": upwards}
    sides = [
        _side(visit, center, *named, direction) for named, direction in zip(bounds.items(), directions, strict=True)
    ]
    columns, rows = (np.linspace(*side, points) for side in sides)
    coordinates = np.stack(np.meshgrid(columns, rows), axis=-1)
    flow = flow_of(visit.network, inputs)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        moved = flow.displacement((center + coordinates @ directions).reshape(points**2, -1))
        speed = np.linalg.norm(moved, axis=1)
        shadow = moved @ directions.T
        share = (np.linalg.norm(shadow, axis=1) / speed) ** 2
    return FlowField(
        inputs=flow.inputs,
        center=center,
        plane=directions,
        across=columns,
        upwards=rows,
        displacement=shadow.reshape(points, points, 2),
        speed=speed.reshape(points, points),
        in_plane=np.minimum(share, 1.0).reshape(points, points),
    )


def _side(
    visit: Visit,
    center: Float[np.ndarray, "state"],
    name: str,
    bounds: tuple[float, float] | None,
    direction: Float[np.ndarray, "state"],
) -> tuple[float, float]:
    """The lowest and highest coordinate along a direction: as given, else those of the states on the probe and more."""
    if bounds is None:
        along = (visit.states - center) @ direction
        low, high = float(along.min()), float(along.max())
        more = MORE * (high - low) or 1.0
        return low - more, high + more
    check_range(name, bounds, -np.finfo(float).max)
    if bounds[0] == bounds[1]:
        raise ValueError(f"{name} is {tuple(bounds)}; expected lowest < highest")
    return bounds


def _orthonormal(plane: Float[np.ndarray, "direction state"]) -> Float[np.ndarray, "direction state"]:
    """The first direction, and the part of the second at right angles to it, both of length 1."""
    length = np.linalg.norm(plane, axis=1)
    scaled = plane / np.where(length > 0, length, 1.0)[:, None]
    second = scaled[1] - (scaled[0] @ scaled[1]) * scaled[0]
    added = np.linalg.norm(second)
    if length[0] == 0 or added < DEPENDENT:
        raise ValueError("plane has two directions that are parallel or of length 0; expected two that span a plane")
    return np.stack([scaled[0], second / added])
