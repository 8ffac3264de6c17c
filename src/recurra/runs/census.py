"""A census of networks of one task: its record, and the record as plain values."""

import math
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from recurra.analysis import FixedPoints, Regimes, states_on
from recurra.analysis.cohorts.census import ALONE, UNKNOWN, Census, census
from recurra.analysis.cohorts.eigenvalue_distances import nearest_linearizations
from recurra.analysis.cohorts.similarity import MEASURES, Signature, Similarities, signature_of, similarity_matrices
from recurra.analysis.dossier_records import Dossier
from recurra.analysis.failures import Failure, attempted
from recurra.models.network import Network, check_fit
from recurra.tasks import Task
from recurra.tasks.border import check_task
from recurra.words.workings import signatures

FEWEST = 3  # networks that a census needs


def similarities_of(networks: Sequence[Network], task: Task, points: Sequence[FixedPoints | Failure]) -> Similarities:
    """The similarity of all pairs of networks in every measure, by their rates on the probe; NaN if undefined.

    Args:
        networks: the networks, with the inputs and outputs of the task.
        task: the task they were trained on.
        points: the fixed points of each network without input.
    """
    check_task(task)
    for network in networks:
        check_fit(network, task)
    inputs = np.asarray(task.probe().inputs)
    pairs = zip(networks, points, strict=True)
    signatures = [attempted(partial(_signature, network, inputs, own)) for network, own in pairs]
    nothing = _no_signature(inputs)
    return similarity_matrices([nothing if isinstance(signature, Failure) else signature for signature in signatures])


def _signature(network: Network, inputs: Float[np.ndarray, "condition time input"], points: Any) -> Signature:
    """The signature of a network for comparisons; without its fixed points there are no linearizations."""
    rates, _ = network.run(inputs)
    recurrent = network.recurrent if network.has_recurrent else None
    if isinstance(points, Failure):
        return signature_of(rates, recurrent, _no_signature(inputs).linearized)
    linearized = nearest_linearizations(points, states_on(network, inputs)[:, -1])
    return signature_of(rates, recurrent, linearized)


def _no_signature(inputs: Float[np.ndarray, "condition time input"]) -> Signature:
    """The signature of a network about which nothing is known."""
    conditions, steps = inputs.shape[:2]
    nothing = np.full((conditions, 1), np.nan, np.complex128)
    return signature_of(np.full((conditions, steps, 1), np.nan), None, nothing)


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


def census_with(
    similarities: Similarities,
    regimes: Sequence[Regimes | Failure],
    points: Sequence[FixedPoints | Failure],
    seed: int,
    measure: str = MEASURES[0],
) -> Census:
    """The census from the records of every network.

    Args:
        similarities: similarities of all pairs.
        regimes: the regimes of each network.
        points: the fixed points of each network.
        seed: seed of the simulated cohorts without clusters.
        measure: the measure by which networks are compared.
    """
    known = [record for record in regimes if not isinstance(record, Failure)]
    if not known:
        reasons = " / ".join(dict.fromkeys(record.reason for record in regimes if isinstance(record, Failure)))
        raise ValueError(f"the regimes of no network are known, and a census sorts networks by these: {reasons}")
    unknown = np.full(len(known[0].kind), UNKNOWN)
    kinds = np.array([unknown if isinstance(record, Failure) else record.kind for record in regimes])
    counts = [(UNKNOWN, UNKNOWN) if isinstance(record, Failure) else _counted(record) for record in points]
    stable, others = np.array(counts).T
    return census(similarities, kinds, stable, others, seed, measure)


def _counted(points: FixedPoints) -> tuple[int, int]:
    """The numbers of stable and of unstable points."""
    stable = int((points.index == 0).sum())
    return stable, len(points) - stable


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
