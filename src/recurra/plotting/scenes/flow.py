"""The flow in a plane of the state space, with paths and fixed points in it."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from recurra.analysis import FixedPoints, flow_field, principal_components, states_on
from recurra.analysis.dynamics.flow_field import FlowField
from recurra.models.network import Network
from recurra.plotting.scenes.conditions import Conditions
from recurra.plotting.scenes.space import component_names
from recurra.words.names import network_name

MARGIN = 0.12  # around the paths in the plane, as a share of the larger of their extents


@dataclass(frozen=True)
class FlowPlane:
    """What the figure of a flow shows.

    Args:
        field: the field.
        axes: labels of the two directions.
        title: the title of the figure.
        paths: trajectories in the coordinates of the plane.
        lines: how the trajectories are drawn; needed with `paths`.
        points: fixed points in the coordinates of the plane.
        index: number of unstable modes of each; without it all points are drawn as stable.
    """

    field: FlowField
    axes: tuple[str, str]
    title: str = ""
    paths: Float[np.ndarray, "condition path_time direction"] | None = None
    lines: Conditions | None = None
    points: Float[np.ndarray, "point direction"] | None = None
    index: Int[np.ndarray, "point"] | None = None

    def __post_init__(self):
        if self.paths is not None and (self.lines is None or len(self.lines.names) != len(self.paths)):
            raise ValueError(
                f"paths has {len(self.paths)} trajectories; expected lines with a name and a colour for each"
            )
        if self.points is not None and self.index is not None and len(self.index) != len(self.points):
            raise ValueError(
                f"index has {len(self.index)} values; expected one for each of the {len(self.points)} points"
            )

    @property
    def unstable(self) -> Bool[np.ndarray, "point"]:
        """Which of the points are unstable."""
        if self.points is None or self.index is None:
            return np.zeros(0 if self.points is None else len(self.points), bool)
        return np.asarray(self.index) > 0


def flow_scene(
    network: Network,
    points: FixedPoints,
    inputs: Float[np.ndarray, "condition time input"],
    conditions: Conditions,
    number: int,
) -> FlowPlane:
    """The flow in the plane of the first two principal components of the states; in the rate form these are rates.

    Args:
        network: the network.
        points: its fixed points.
        inputs: the inputs of the probe.
        conditions: the names and looks of the probe's conditions.
        number: number of the network.
    """
    states = states_on(network, inputs=inputs)
    pca = principal_components(rates=states, components=2)
    paths = pca.project(states)
    low, high = paths.min(axis=(0, 1)), paths.max(axis=(0, 1))
    room = MARGIN * float((high - low).max())
    across, upwards = ((float(low[axis] - room), float(high[axis] + room)) for axis in (0, 1))
    field = flow_field(
        network, plane=pca.components, center=pca.center, across=across, upwards=upwards, inputs=points.inputs
    )
    first, second = component_names(pca.explained_variance, 2)
    return FlowPlane(
        field=field,
        axes=(first, second),
        title=network_name(number),
        paths=paths,
        lines=conditions,
        points=field.project(points.states),
        index=points.index,
    )
