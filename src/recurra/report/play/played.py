"""What a page needs of one network: its weights by checkpoint, a view of its states, and its fixed points."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from recurra.analysis import FixedPoints, Reduction
from recurra.analysis.dossier import analyses_of
from recurra.analysis.failures import Failure
from recurra.analysis.memory.geometry import Geometry
from recurra.analysis.memory.memory_tasks import has_memories
from recurra.analysis.visit import Visit
from recurra.models import UnitGroup
from recurra.models.network import Network
from recurra.plotting.scenes.landmarks import point_text
from recurra.plotting.scenes.space import component_names, edges
from recurra.report.play.equations import NotPlayableError
from recurra.tasks import Task

AXES = 3
BEYOND = 1.5  # fixed points whose distance from the origin is above this many limits of the view are left out
POINTS, PATHS, PATH_POINTS = 1_000, 16, 100  # the most fixed points, paths and points of a path that are drawn
NEEDED = ("pca", "behaviour", "fixed_points", "geometry")  # the records that are used


@dataclass(frozen=True)
class View:
    """Three coordinates of the rates: their first principal components; 0 where there are fewer.

    Args:
        center: rates at the origin.
        components: the directions.
        axes: their names, with their shares of the variance; empty where there are fewer.
        limit: largest distance from the origin, on the probe and of the corners.
        corners: the corners of the parallelepiped of the memory states; none for a task without memories.
        edges: pairs of corners.
        paths: the paths of the rates on the probe of a task without memories, a path a condition.
    """

    center: Float[np.ndarray, "unit"]
    components: Float[np.ndarray, "axis unit"]
    axes: tuple[str, ...]
    limit: float
    corners: Float[np.ndarray, "state axis"]
    edges: Int[np.ndarray, "edge end"]
    paths: Float[np.ndarray, "condition time axis"]


@dataclass(frozen=True)
class Points:
    """The fixed points of a network without input, in its view.

    Args:
        where: the coordinates of those that are proved to exist.
        stable: which of these are stable.
        texts: what each is, in words.
        left_out: how many more there are that are not proved or lie far outside the view.
    """

    where: Float[np.ndarray, "point axis"]
    stable: Bool[np.ndarray, "point"]
    texts: tuple[str, ...]
    left_out: int = 0


@dataclass(frozen=True)
class PlayedNetwork:
    """One network that is played.

    Args:
        number: its number.
        network: the network after training.
        view: where its states are drawn.
        points: its fixed points.
        earlier: the network at earlier checkpoints of its training, by their names, in their order.
        groups: the groups of its units, such as areas.
    """

    number: int
    network: Network
    view: View
    points: Points
    earlier: Mapping[str, Network] = field(default_factory=dict)
    groups: tuple[UnitGroup, ...] = ()


def played(
    number: int,
    network: Network,
    task: Task,
    record: Callable[[str], Any],
    earlier: Mapping[str, Network] | None = None,
    groups: tuple[UnitGroup, ...] = (),
) -> PlayedNetwork:
    """A network with what its records say of its states.

    Args:
        number: its number.
        network: the network.
        task: what it was trained on.
        record: gives a record by the name of its group, or the `Failure` of its analysis.
        earlier: as in `PlayedNetwork`.
        groups: as in `PlayedNetwork`.

    Raises:
        NotPlayableError: its principal components are not known.
    """
    pca = record("pca")
    if isinstance(pca, Failure):
        raise NotPlayableError(f"the principal components of network {number} are not known: {pca.reason}")
    behaviour, points = record("behaviour"), record("fixed_points")
    geometry = record("geometry") if has_memories(task) else None
    paths = np.zeros((0, 1, 0)) if isinstance(behaviour, Failure) else behaviour.probe_components
    view = _view(pca, None if isinstance(geometry, Failure) else geometry, task, paths)
    found = _no_points() if isinstance(points, Failure) else _points(network, points, view)
    return PlayedNetwork(number, network, view, found, earlier or {}, groups)


def visited_for_play(number: int, network: Network, task: Task, seed: int) -> PlayedNetwork:
    """A network that is not analysed yet: what the player needs is computed now.

    Args:
        number: its number.
        network: the network.
        task: what it was trained on.
        seed: seed of the search for fixed points.
    """
    visit = Visit(network, task, seed)
    visit.make({name: analysis for name, analysis in analyses_of(task).items() if name in NEEDED})
    return played(number, network, task, visit.records.__getitem__)


def coordinates(view: View, rates: Float[np.ndarray, "*batch unit"]) -> Float[np.ndarray, "*batch axis"]:
    """Where rates are drawn."""
    return (rates - view.center) @ view.components.T


def _view(
    pca: Reduction, geometry: Geometry | None, task: Task, paths: Float[np.ndarray, "condition time component"]
) -> View:
    kept = min(AXES, len(pca.components))
    components = np.zeros((AXES, len(pca.center)))
    components[:kept] = pca.components[:kept]
    corners, joined = np.zeros((0, AXES)), np.zeros((0, 2), int)
    if geometry is not None and has_memories(task):
        corners = (geometry.center + task.states @ geometry.axes - pca.center) @ components.T
        joined = edges(task.states)
    return View(
        center=pca.center,
        components=components,
        axes=(*component_names(pca.explained_variance, kept), *[""] * (AXES - kept)),
        limit=max(_farthest(paths.reshape(-1, paths.shape[-1])), _farthest(corners)) or 1.0,
        corners=corners,
        edges=joined,
        paths=np.zeros((0, 1, AXES)) if has_memories(task) else _thinned(paths),
    )


def _thinned(paths: Float[np.ndarray, "condition time component"]) -> Float[np.ndarray, "condition at axis"]:
    """Some points of the first paths, with three coordinates."""
    steps = np.unique(np.linspace(0, paths.shape[1] - 1, PATH_POINTS).round().astype(int))
    kept = paths[:PATHS, steps]
    return np.pad(kept, ((0, 0), (0, 0), (0, AXES - kept.shape[2])))


def _farthest(points: Float[np.ndarray, "point axis"]) -> float:
    distances = np.linalg.norm(points, axis=1)
    return float(distances[np.isfinite(distances)].max(initial=0))


def _points(network: Network, points: FixedPoints, view: View) -> Points:
    where = coordinates(view, network.rates(points.states)) if len(points) else np.zeros((0, AXES))
    with np.errstate(invalid="ignore"):
        near = np.linalg.norm(where, axis=1) < BEYOND * view.limit
    kept = np.flatnonzero(near & np.isfinite(points.radius))[:POINTS]
    return Points(
        where=where[kept],
        stable=points.index[kept] == 0,
        texts=tuple(point_text(points, int(at), network.dt_ms).replace("<br>", "; ") for at in kept),
        left_out=len(points) - len(kept),
    )


def _no_points() -> Points:
    return Points(np.zeros((0, AXES)), np.zeros(0, bool), ())
