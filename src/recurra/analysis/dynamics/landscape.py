"""Fixed points, unstable directions and attractors in a few coordinates, to be drawn."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from recurra.analysis.dynamics.fixed_points import FixedPoints
from recurra.analysis.dynamics.program import Program, points_and_program
from recurra.analysis.dynamics.stability import sampling
from recurra.analysis.dynamics.steps import paths_from
from recurra.analysis.rates.reduction import principal_components
from recurra.analysis.subjects import Subject, of_each_network, visit_of
from recurra.shown import Shown
from recurra.tasks.base import Task

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


@of_each_network
def landscape(
    network: Subject,
    task: Task | None = None,
    *,
    points: FixedPoints | None = None,
    graph: Program | None = None,
    project: Callable[[Float[np.ndarray, "*batch unit"]], Float[np.ndarray, "*batch coordinate"]] | None = None,
    seed: int | None = None,
) -> Landscape:
    """The landscape of a network in the coordinates that `project` computes from rates.

    Args:
        network: the network, or a cohort.
        task: its task; not needed where the network knows it.
        points: its fixed points; if not given, those without input, as the program numbers them.
        graph: its program, which belongs to these points.
        project: coordinates from rates, such as `Reduction.project` or `Geometry.bit_coordinates`; if not given, those
            along the first three principal components on the task's probe.
        seed: seed of the search for fixed points; if not given, that of the network's cohort, or 0.
    """
    visit = visit_of(network, task, seed)
    if points is None or graph is None:
        points, graph = points_and_program(visit)
    project = principal_components(visit, components=3).project if project is None else project
    network, along = visit.network, project

    def coordinates(states: Float[np.ndarray, "*batch state"]) -> Float[np.ndarray, "*batch coordinate"]:
        return along(network.rates(states))

    begins = points.states[graph.saddle]
    every = sampling(network)
    paths = paths_from(network, graph.states, points.inputs, DRAWN * every, every)
    return Landscape(
        points=coordinates(points.states),
        branches=(coordinates(begins + NEAR * graph.direction) - coordinates(begins)) / NEAR,
        paths=coordinates(paths),
    )
