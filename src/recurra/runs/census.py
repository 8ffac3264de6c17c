"""A census of networks of one task from their dossiers, and its record as plain values."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Int

from recurra.analysis.cohorts.census import ALONE, UNKNOWN, Census
from recurra.analysis.cohorts.comparison import census_with, similarities_of
from recurra.analysis.cohorts.similarity import Similarities
from recurra.analysis.dossier_records import Dossier
from recurra.models.network import Network
from recurra.tasks import Task
from recurra.words.workings import signatures


def census_of_dossiers(
    networks: Sequence[Network], task: Task, dossiers: Sequence[Dossier], seed: int
) -> tuple[Similarities, Census]:
    """The census of networks whose dossiers are known.

    Args:
        networks: the networks, at least `FEWEST`.
        task: the task they were trained on.
        dossiers: their analyses; a network whose regimes are not known is left out.
        seed: seed of the simulated cohorts without clusters.
    """
    points = [dossier.record("fixed_points") for dossier in dossiers]
    similarities = similarities_of(networks, task, points)
    return similarities, census_with(similarities, [dossier.record("regimes") for dossier in dossiers], points, seed)


def census_table(census: Census, task: Task) -> dict[str, Any]:
    """The census as plain values for JSON; null if a number is not known.

    Args:
        census: the census.
        task: the task the networks were trained on.
    """
    names = signatures(census, task)
    return {
        "networks": len(census.compared),
        "left_out": np.flatnonzero(~census.compared).tolist(),
        "signatures": [
            {"signature": name, "networks": int(count)}
            for name, count in zip(names, census.signature_count, strict=True)
        ],
        "measure": census.measure_name,
        "clusters": {
            "count": int(census.labels.max(initial=ALONE)) + 1,
            "silhouette": census.silhouette,
            "null_mean": float(census.null_silhouette.mean()),
            "p_value": census.p_value,
        },
        "members": [_cluster(census, number, names) for number in range(census.labels.max(initial=ALONE) + 1)],
        "map": {"explained": census.explained.tolist(), "stress": census.stress},
        "nearest_neighbour": {
            "same_signature": _number(census.neighbour_share),
            "chance": _number(census.neighbour_chance),
        },
        "each": [_row(census, at, names) for at in range(len(census.compared))],
    }


def _cluster(census: Census, number: int, names: Sequence[str]) -> dict[str, Any]:
    """The networks of a cluster: least, median and greatest counts of fixed points; signatures."""
    own = census.labels == number
    return {
        "networks": int(own.sum()),
        "stable_points": _spread(census.stable_points[own]),
        "unstable_points": _spread(census.unstable_points[own]),
        "signatures": {
            name: int(count)
            for name, count in zip(names, np.bincount(census.signature[own], minlength=len(names)), strict=True)
            if count
        },
    }


def _row(census: Census, at: int, names: Sequence[str]) -> dict[str, Any]:
    return {
        "network": at,
        "signature": names[census.signature[at]] if census.signature[at] > UNKNOWN else None,
        "stable_points": _count(census.stable_points[at]),
        "unstable_points": _count(census.unstable_points[at]),
        "cluster": int(census.labels[at]) if census.labels[at] > ALONE else None,
        "map": [_number(value) for value in census.coordinates[at].tolist()],
    }


def _spread(counts: Int[np.ndarray, "network"]) -> list[float] | None:
    """The least, the median and the greatest of the known counts."""
    known = counts[counts > UNKNOWN]
    return np.quantile(known, (0, 0.5, 1)).tolist() if len(known) else None


def _count(value: int) -> int | None:
    return int(value) if value > UNKNOWN else None


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
