"""Fixed points, unstable directions and attractors in a few coordinates, to be drawn."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from recurra.analysis.dynamics.fixed_points import FixedPoints
from recurra.analysis.dynamics.program import Program
from recurra.analysis.dynamics.stability import sampling
from recurra.analysis.dynamics.steps import paths_from
from recurra.models.network import Network
from recurra.shown import Shown

DRAWN = 200  # points of the path on an attractor
NEAR = 1e-6  # distance over which the direction of a branch is measured


@dataclass(frozen=True)
class Landscape(Shown):
    """Where the fixed points and attractors of a network lie, in coordinates of its rates.

    Args:
        points: the fixed points.
        branches: direction in which each branch of the program leaves its saddle, for a step of length 1 in the state.
        paths: 200 points of the path on each attractor of the program.
    """

    points: Float[np.ndarray, "point coordinate"]
    branches: Float[np.ndarray, "branch coordinate"]
    paths: Float[np.ndarray, "attractor path_time coordinate"]


def landscape(
    network: Network,
    points: FixedPoints,
    graph: Program,
    project: Callable[[Float[np.ndarray, "*batch unit"]], Float[np.ndarray, "*batch coordinate"]],
) -> Landscape:
    """The landscape of a network in the coordinates that `project` computes from rates.

    Args:
        network: the network.
        points: its fixed points.
        graph: its program.
        project: coordinates from rates, such as `Reduction.project` or `Geometry.bit_coordinates`.
    """

    def coordinates(states: Float[np.ndarray, "*batch state"]) -> Float[np.ndarray, "*batch coordinate"]:
        return project(network.rates(states))

    begins = points.states[graph.saddle]
    every = sampling(network)
    paths = paths_from(network, graph.states, points.inputs, DRAWN * every, every)
    return Landscape(
        points=coordinates(points.states),
        branches=(coordinates(begins + NEAR * graph.direction) - coordinates(begins)) / NEAR,
        paths=coordinates(paths),
    )
