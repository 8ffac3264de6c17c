"""A census of networks of one task: from the networks to the record, and to plain values."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Int

from recurra.analysis import FixedPoints, states_on
from recurra.analysis.census import ALONE, Census, census, regime_signature
from recurra.analysis.eigenvalue_distances import nearest_linearizations
from recurra.analysis.similarity import MEASURES, Similarities, signature_of, similarity_matrices
from recurra.models.cohort import Network
from recurra.studies.dossier import Dossier, check_fit
from recurra.tasks import Task

FEWEST = 3  # networks that a census needs


def similarities_of(networks: Sequence[Network], task: Task, points: Sequence[FixedPoints]) -> Similarities:
    """All pairs of networks in every measure, by their rates on the probe; NaN where the rates are not finite.

    Args:
        networks: the networks; their inputs and outputs must be those of the task.
        task: what they were trained on.
        points: the fixed points of each without input.
    """
    inputs = np.asarray(task.probe().inputs)
    signatures = []
    for network, own in zip(networks, points, strict=True):
        check_fit(network, task)
        rates, _ = network.run(inputs)
        linearized = nearest_linearizations(own, states_on(network, inputs)[:, -1])
        signatures.append(signature_of(rates, network.weights.recurrent, linearized))
    return similarity_matrices(signatures)


def census_of_dossiers(
    networks: Sequence[Network], task: Task, dossiers: Sequence[Dossier], seed: int
) -> tuple[Similarities, Census]:
    """The census of networks whose dossiers are known.

    Args:
        networks: the networks, at least `FEWEST`.
        task: what they were trained on.
        dossiers: their analysis.
        seed: of the cohorts without clusters.
    """
    kinds = np.array([dossier.regimes.kind for dossier in dossiers])
    points = [dossier.fixed_points for dossier in dossiers]
    similarities = similarities_of(networks, task, points)
    return similarities, census_with(similarities, kinds, points, seed)


def census_with(
    similarities: Similarities,
    kinds: Int[np.ndarray, "network condition"],
    points: Sequence[FixedPoints],
    seed: int,
    measure: str = MEASURES[0],
) -> Census:
    """The census from what is known of every network.

    Args:
        similarities: of all pairs.
        kinds: of the regimes.
        points: the fixed points of each.
        seed: of the cohorts without clusters.
        measure: the one by which networks are compared.
    """
    stable = np.array([(one.index == 0).sum() for one in points])
    return census(similarities, kinds, stable, np.array([len(one) for one in points]) - stable, seed, measure)


def signature_names(found: Census, kind_names: Sequence[str], task: Task) -> list[str]:
    """The regime signatures in words, the most frequent one first.

    Args:
        found: the census.
        kind_names: of the kinds of regimes, in the order of their numbers.
        task: its conditions have the names.
    """
    return [regime_signature(kinds, kind_names, task.condition_names) for kinds in found.signature_kinds]


def census_table(found: Census, kind_names: Sequence[str], task: Task) -> dict[str, Any]:
    """The same in plain values, for JSON; null where there is no number.

    Args:
        found: the census.
        kind_names: of the kinds of regimes, in the order of their numbers.
        task: what the networks were trained on.
    """
    names = signature_names(found, kind_names, task)
    return {
        "networks": len(found.compared),
        "left_out": np.flatnonzero(~found.compared).tolist(),
        "signatures": [
            {"signature": name, "networks": int(count)}
            for name, count in zip(names, found.signature_count, strict=True)
        ],
        "measure": found.measure_name,
        "clusters": {
            "count": int(found.labels.max(initial=ALONE)) + 1,
            "silhouette": found.silhouette,
            "null_mean": float(found.null_silhouette.mean()),
            "p_value": found.p_value,
        },
        "members": [_cluster(found, number, names) for number in range(found.labels.max(initial=ALONE) + 1)],
        "map": {"explained": found.explained.tolist(), "stress": found.stress},
        "nearest_neighbour": {
            "same_signature": _number(found.neighbour_share),
            "chance": _number(found.neighbour_chance),
        },
        "each": [_row(found, at, names) for at in range(len(found.compared))],
    }


def _cluster(found: Census, number: int, names: Sequence[str]) -> dict[str, Any]:
    """What the networks of a cluster have: counts of fixed points as least, median and most; the signatures."""
    own = found.labels == number
    return {
        "networks": int(own.sum()),
        "stable_points": np.quantile(found.stable_points[own], (0, 0.5, 1)).tolist(),
        "unstable_points": np.quantile(found.unstable_points[own], (0, 0.5, 1)).tolist(),
        "signatures": {
            name: int(count)
            for name, count in zip(names, np.bincount(found.signature[own], minlength=len(names)), strict=True)
            if count
        },
    }


def _row(found: Census, at: int, names: Sequence[str]) -> dict[str, Any]:
    return {
        "network": at,
        "signature": names[found.signature[at]],
        "stable_points": int(found.stable_points[at]),
        "unstable_points": int(found.unstable_points[at]),
        "cluster": int(found.labels[at]) if found.labels[at] > ALONE else None,
        "map": [_number(value) for value in found.coordinates[at].tolist()],
    }


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
