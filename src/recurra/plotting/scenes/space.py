"""State space in few coordinates: the memory states of a flip-flop, or the paths of the rates by condition."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import xarray as xr
from jaxtyping import Float, Int

from recurra.analysis.dossier_records import Dossier
from recurra.analysis.failures import where_known
from recurra.plotting.colors import START, state_colors
from recurra.plotting.scenes.conditions import Conditions
from recurra.plotting.scenes.landmarks import Landmarks, in_space, landmarks_scene
from recurra.plotting.scenes.limits import largest
from recurra.wording import percent
from recurra.words.memories import MemoryFindings, known
from recurra.words.names import bit_name, network_name, state_name

WALK_STEPS = 3_000  # of the cube walk that are drawn
DRAWN_BITS = 5  # of more bits no edges join the states
POINTS = 8_000  # of all paths of a network that are drawn; where there are more, steps are left out
NESTED = "bit 4 scales the cube: + outside, − inside"


@dataclass(frozen=True)
class MemorySpace:
    """The memory states of one network and the path of its rates between them.

    Args:
        name: the name of the network.
        axes: the titles of the coordinates.
        path: the path of the rates on the walk through the memory states.
        path_state: the memory state asked for at every step, a row of `states`; -1 where there is none.
        time_ms: time of the steps, ms.
        states: the memory states as signs.
        means: mean rates in every memory state.
        corners: the corners of the parallelepiped that fits them, in the order of `states`.
        landmarks: fixed points and orbits; None where they are not known or not drawn.
        note: what else the coordinates say; empty for nothing.
    """

    name: str
    axes: tuple[str, ...]
    path: Float[np.ndarray, "time axis"]
    path_state: Int[np.ndarray, "time"]
    time_ms: Float[np.ndarray, "time"]
    states: Int[np.ndarray, "state bit"]
    means: Float[np.ndarray, "state axis"]
    corners: Float[np.ndarray, "state axis"]
    landmarks: Landmarks | None = None
    note: str = ""

    @property
    def names(self) -> list[str]:
        """Of the memory states."""
        return [state_name(state) for state in self.states]

    @property
    def colors(self) -> list[str]:
        """Of the memory states."""
        return state_colors(self.states)

    @property
    def edges(self) -> Int[np.ndarray, "edge end"]:
        """The pairs of states that an edge joins, which differ in one bit; empty if there are too many bits."""
        return edges(self.states) if self.states.shape[1] <= DRAWN_BITS else np.zeros((0, 2), int)

    @property
    def points(self) -> Float[np.ndarray, "at axis"]:
        """All that has to have room in the drawing."""
        marks = [self.landmarks.all_points] if self.landmarks else []
        return np.concatenate([self.path, self.means, self.corners, *marks])

    def pieces(self) -> Iterator[tuple[str, str, Int[np.ndarray, "at"]]]:
        """The path by the memory state that is asked for: its name, its colour, and steps; -1 where the pen is lifted.

        Each piece reaches on to the next.
        """
        looks = zip(["no memory yet", *self.names], [START, *self.colors], strict=True)
        for at, (name, color) in enumerate(looks, -1):
            during = self.path_state == at
            steps = np.flatnonzero(during | np.append(False, during[:-1]))
            if during.any():
                yield name, color, np.insert(steps, np.flatnonzero(np.diff(steps) > 1) + 1, -1)


@dataclass(frozen=True)
class PathSpace:
    """The rates of one network, a path a condition.

    Args:
        name: the name of the network.
        axes: the titles of the coordinates.
        paths: the paths of the rates.
        time_ms: time of the steps, ms.
        conditions: names and looks of the paths.
        landmarks: fixed points and orbits; None where they are not known or not drawn.
    """

    name: str
    axes: tuple[str, ...]
    paths: Float[np.ndarray, "condition time axis"]
    time_ms: Float[np.ndarray, "time"]
    conditions: Conditions
    landmarks: Landmarks | None = None

    @property
    def points(self) -> Float[np.ndarray, "at axis"]:
        """All that has to have room in the drawing."""
        marks = [self.landmarks.all_points] if self.landmarks else []
        return np.concatenate([self.paths.reshape(-1, self.paths.shape[-1]), *marks])


def bound_of(space: MemorySpace | PathSpace, dimensions: int) -> float:
    """The largest modulus of the first coordinates of what is drawn; 1 where there is none."""
    return largest(space.points, dimensions)


def lifted(points: Float[np.ndarray, "step axis"], steps: Int[np.ndarray, "at"]) -> Float[np.ndarray, "at axis"]:
    """The points at some steps, with NaN where the pen is lifted."""
    return np.where(steps[:, None] < 0, np.nan, points[steps])


def edges(states: Int[np.ndarray, "state bit"]) -> Int[np.ndarray, "edge end"]:
    """Pairs of states, as rows, that differ in one bit."""
    differ = (states[:, None] != states[None]).sum(axis=-1)
    return np.argwhere(np.triu(differ == 1))


def component_names(shares: Float[np.ndarray, "component"], count: int) -> tuple[str, ...]:
    """What principal components are called, with their share of the variance."""
    return tuple(f"PC {axis + 1} ({percent(float(share))} %)" for axis, share in enumerate(shares[:count]))


def along_components(dossier: Dossier, findings: MemoryFindings, number: int) -> MemorySpace:
    """A flip-flop network along the principal components of its rates: every network turned its own way.

    Args:
        dossier: the dossier of the network.
        findings: the task and its walk.
        number: number of the network.
    """
    memories = known(dossier.memories)
    pca, walk, geometry = dossier.pca, memories.walk, memories.geometry
    states, drawn = findings.task.states, drawn_walk(findings)
    corners = pca.project(geometry.center + states @ geometry.axes)
    count = min(3, findings.task.bits, walk.components.shape[1])
    path = walk.components[: len(drawn["walk_time"]), :count]
    return MemorySpace(
        name=network_name(number),
        axes=component_names(pca.explained_variance, count),
        path=path,
        path_state=drawn["memory_state"].values,
        time_ms=drawn["walk_time"].values,
        states=states,
        means=walk.states_components[:, :count],
        corners=corners[:, :count],
        landmarks=where_known(lambda: landmarks_scene(dossier, dossier.landscape, path, findings.task.dt_ms), None),
    )


def along_bits(dossier: Dossier, findings: MemoryFindings, number: int) -> MemorySpace:
    """A flip-flop network along the axes of its bits: the cubes of all networks are aligned.

    Args:
        dossier: the dossier of the network.
        findings: the task and its walk.
        number: number of the network.
    """
    memories = known(dossier.memories)
    walk, _ = memories.walk, memories.geometry
    bits, states, drawn = findings.task.bits, findings.task.states, drawn_walk(findings)
    path = in_space(walk.bits[: len(drawn["walk_time"])])
    return MemorySpace(
        name=network_name(number),
        axes=tuple(bit_name(axis, bits) for axis in range(min(3, bits))),
        path=path,
        path_state=drawn["memory_state"].values,
        time_ms=drawn["walk_time"].values,
        states=states,
        means=in_space(walk.states_bits),
        corners=in_space(states.astype(np.float64)),
        landmarks=where_known(
            lambda: landmarks_scene(dossier, memories.landscape_bits, path, findings.task.dt_ms, in_space), None
        ),
        note=NESTED if bits > 3 else "",
    )


def drawn_walk(findings: MemoryFindings) -> xr.Dataset:
    """The part of the walk that is drawn."""
    return findings.walk.isel(walk_time=slice(WALK_STEPS))


def paths_scene(dossier: Dossier, conditions: Conditions, time_ms: Float[np.ndarray, "time"], number: int) -> PathSpace:
    """The paths of a network of any task along the principal components of its rates.

    Args:
        dossier: the dossier of the network.
        conditions: the names and looks of the probe's conditions.
        time_ms: time of the probe's steps, ms.
        number: number of the network.
    """
    shares, paths = dossier.pca.explained_variance, dossier.behaviour.probe_components
    count, dt_ms = paths.shape[-1], float(time_ms[1] - time_ms[0]) if len(time_ms) > 1 else 1.0
    every = -(-paths.shape[0] * paths.shape[1] // POINTS)
    steps = np.unique(np.append(np.arange(0, paths.shape[1], every), paths.shape[1] - 1))
    drawn = paths.reshape(-1, count)
    return PathSpace(
        name=network_name(number),
        axes=component_names(shares, count),
        paths=paths[:, steps],
        time_ms=time_ms[steps],
        conditions=conditions,
        landmarks=where_known(lambda: landmarks_scene(dossier, dossier.landscape, drawn, dt_ms), None),
    )
