"""The map of a cohort: where the networks stand, how their signatures look, and what is drawn around clusters."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from recurra.analysis.cohorts.census import Census
from recurra.plotting.colors import NETWORKS
from recurra.words.names import cluster_name

MARKS = ("circle", "square", "triangle-up", "diamond", "triangle-down", "cross", "x")
SHOWN = len(MARKS)  # signatures with a colour and a mark of their own; the others share one
OTHER, OTHER_MARK = "#7b8494", "circle-open"
AROUND = 0.022  # of the map's width: how far a cluster's outline is around its networks

Points = Float[np.ndarray, "network 2"]


@dataclass(frozen=True)
class SignatureGroup:
    """The networks of one regime signature, or of all rare ones.

    Args:
        name: the signature in words with the number of networks.
        color: the colour of its networks.
        mark: their shape, one of `MARKS`; it tells the group apart as the colour does.
        networks: positions of those on the map.
    """

    name: str
    color: str
    mark: str
    networks: Int[np.ndarray, "own"]


@dataclass(frozen=True)
class ClusterOutline:
    """The border around a cluster: its name, and the corners in their order."""

    name: str
    corners: Float[np.ndarray, "corner 2"]


@dataclass(frozen=True)
class CensusMap:
    """What the map of a cohort shows.

    Args:
        places: the points of all networks; a network that was left out belongs to no group.
        groups: the signatures, the most frequent one first.
        outlines: the outlines of the clusters; empty if the cohort is one continuum.
        axes: the names of the two dimensions, with their share of the distances.
        title: the number of networks, and the stress of the map.
    """

    places: Points
    groups: tuple[SignatureGroup, ...]
    outlines: tuple[ClusterOutline, ...]
    axes: tuple[str, str]
    title: str


def look_of(signature: int) -> tuple[str, str]:
    """The colour and the mark of a regime signature.

    Args:
        signature: its number, 0 for the most frequent one.
    """
    return (NETWORKS[signature], MARKS[signature]) if signature < SHOWN else (OTHER, OTHER_MARK)


def census_scene(census: Census, names: Sequence[str]) -> CensusMap:
    """The map of a census.

    Args:
        census: the census; its map needs two dimensions.
        names: the names of the signatures, the most frequent one first.
    """
    if len(names) != len(census.signature_count):
        raise ValueError(f"names has {len(names)} entries; expected one for each of {len(census.signature_count)}")
    if census.coordinates.shape[1] < 2:
        raise ValueError("the map of the census has one dimension; expected two")
    compared = int(census.compared.sum())
    left_out = len(census.compared) - compared
    first, second = (f"Dimension {axis + 1} ({100 * census.explained[axis]:.0f} %)" for axis in (0, 1))
    return CensusMap(
        places=census.coordinates[:, :2],
        groups=_groups(census, names),
        outlines=_outlines(census),
        axes=(first, second),
        title=f"{compared} networks{f' ({left_out} left out)' if left_out else ''}, stress {census.stress:.2f}",
    )


def _groups(census: Census, names: Sequence[str]) -> tuple[SignatureGroup, ...]:
    """One group per signature; all signatures after the seventh share one group."""
    labels = [f"{name} ({count})" for name, count in zip(names, census.signature_count, strict=True)]
    if len(names) > SHOWN:
        labels = [*labels[:SHOWN], f"others ({int(census.signature_count[SHOWN:].sum())})"]
    own = np.where(census.compared, np.minimum(census.signature, SHOWN), -1)
    return tuple(SignatureGroup(label, *look_of(at), np.flatnonzero(own == at)) for at, label in enumerate(labels))


def _outlines(census: Census) -> tuple[ClusterOutline, ...]:
    clusters = int(census.labels.max(initial=0)) + 1
    if clusters < 2 or not census.compared.any():
        return ()
    points, angle = census.coordinates[:, :2], np.linspace(0, 2 * np.pi, 24, endpoint=False)
    width = np.ptp(points[census.compared], axis=0).max()
    around = AROUND * width * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return tuple(
        ClusterOutline(cluster_name(cluster), hull((points[census.labels == cluster][:, None] + around).reshape(-1, 2)))
        for cluster in range(clusters)
    )


def hull(points: Points) -> Points:
    """The corners of the smallest convex polygon around points, counterclockwise; of points on a line its two ends.

    Args:
        points: at least one.
    """
    ordered = np.unique(points, axis=0)
    halves = []
    for half in (ordered, ordered[::-1]):
        corners: list[np.ndarray] = []
        for point in half:
            while len(corners) > 1 and _turn(corners[-2], corners[-1], point) <= 0:
                corners.pop()
            corners.append(point)
        halves.append(corners[:-1])
    return np.array(halves[0] + halves[1]) if len(ordered) > 1 else ordered


def _turn(first: np.ndarray, second: np.ndarray, third: np.ndarray) -> float:
    """Above 0 where the way over the three points turns left."""
    one, other = second - first, third - first
    return float(one[0] * other[1] - one[1] * other[0])
