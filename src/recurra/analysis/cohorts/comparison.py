"""The comparison of the networks of a cohort: the similarity of all pairs, and the census."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from recurra.analysis.cohorts.census import DRAWS, UNKNOWN, Census, census_of
from recurra.analysis.cohorts.eigenvalue_distances import nearest_linearizations
from recurra.analysis.cohorts.similarity import MEASURES, Signature, Similarities, pairwise, signature_of
from recurra.analysis.dynamics.fixed_points import FixedPoints, fixed_points
from recurra.analysis.dynamics.regimes import Regimes
from recurra.analysis.dynamics.regimes import regimes as regimes_of
from recurra.analysis.failures import Failure, attempted
from recurra.analysis.subjects import visit_of
from recurra.analysis.visit import Visit
from recurra.models.cohort import Cohort
from recurra.models.network import Network
from recurra.tasks import Task, Trials

FEWEST = 3  # networks that a census needs
Points = Sequence[FixedPoints | Failure]


def similarity_matrices(
    cohort: Cohort | Sequence[Network] | None = None,
    task: Task | None = None,
    *,
    signatures: Sequence[Signature] | None = None,
    points: Points | None = None,
    seed: int | None = None,
) -> Similarities:
    """The similarity of all pairs of networks in every measure, by their rates on the probe; NaN if undefined.

    Args:
        cohort: a cohort, or any networks on one task; not needed with `signatures`.
        task: their task; not needed where the networks know it.
        signatures: signatures of the networks, all from the same probe, if they are known.
        points: the fixed points of each network without input, or its `Failure`, if they are known.
        seed: seed of the search for fixed points; if not given, that of the cohort, or 0.
    """
    if signatures is not None:
        return pairwise(signatures)
    visits = _visits(cohort, task, seed)
    return _similarities(visits, _points(visits) if points is None else points)


def census(
    cohort: Cohort | Sequence[Network],
    task: Task | None = None,
    *,
    similarities: Similarities | None = None,
    regimes: Sequence[Regimes | Failure] | None = None,
    points: Points | None = None,
    measure: str = MEASURES[0],
    draws: int = DRAWS,
    seed: int | None = None,
) -> Census:
    """Sort networks by their regimes, and look for groups of similar networks.

    Args:
        cohort: a cohort, or any networks on one task; at least three.
        task: their task; not needed where the networks know it.
        similarities: similarities of all pairs, if they are known.
        regimes: the regimes of each network, or its `Failure`, if they are known.
        points: the fixed points of each network without input, or its `Failure`, if they are known.
        measure: the measure by which the networks are compared: "procrustes", "cka", "spectral", "dynamical" or
            "linearized".
        draws: number of cohorts without clusters.
        seed: seed of these cohorts and of the search for fixed points; if not given, that of the cohort, or 0.

    Raises:
        ValueError: there are fewer than three networks, or the regimes of none are known.
    """
    visits = _visits(cohort, task, seed)
    if len(visits) < FEWEST:
        raise ValueError(f"cohort has {len(visits)} networks; a census needs at least {FEWEST}")
    regimes = _each(visits, regimes_of) if regimes is None else regimes
    points = _points(visits) if points is None else points
    similarities = _similarities(visits, points) if similarities is None else similarities
    first = next(visit for visit in visits if isinstance(visit, Visit))
    return census_with(similarities, regimes, points, first.seed, measure, draws)


def similarities_of(networks: Sequence[Network], task: Task, points: Points) -> Similarities:
    """The similarity of all pairs of networks whose fixed points are known.

    Args:
        networks: the networks, with the inputs and outputs of the task.
        task: the task they were trained on.
        points: the fixed points of each network without input.
    """
    return similarity_matrices(networks, task, points=points)


def census_with(
    similarities: Similarities,
    regimes: Sequence[Regimes | Failure],
    points: Points,
    seed: int,
    measure: str = MEASURES[0],
    draws: int = DRAWS,
) -> Census:
    """The census from the records of every network.

    Args:
        similarities: similarities of all pairs.
        regimes: the regimes of each network.
        points: the fixed points of each network.
        seed: seed of the simulated cohorts without clusters.
        measure: the measure by which networks are compared.
        draws: number of cohorts without clusters.
    """
    known = [record for record in regimes if not isinstance(record, Failure)]
    if not known:
        reasons = " / ".join(dict.fromkeys(record.reason for record in regimes if isinstance(record, Failure)))
        raise ValueError(f"the regimes of no network are known, and a census sorts networks by these: {reasons}")
    unknown = np.full(len(known[0].kind), UNKNOWN)
    kinds = np.array([unknown if isinstance(record, Failure) else record.kind for record in regimes])
    counts = [(UNKNOWN, UNKNOWN) if isinstance(record, Failure) else _counted(record) for record in points]
    stable, others = np.array(counts).T
    return census_of(similarities, kinds, stable, others, seed, measure, draws)


def _visits(cohort: Any, task: Task | None, seed: int | None) -> list[Visit | Failure]:
    """Every network on the task; the `Failure` of one whose weights are not finite."""
    if not isinstance(cohort, Cohort | Sequence):
        raise TypeError(f"cohort is {type(cohort).__name__}; expected a Cohort, or a list of networks on one task")
    networks = [attempted(lambda at=at: cohort[at]) for at in range(len(cohort))]
    if all(isinstance(network, Failure) for network in networks):
        raise ValueError("cohort has no network whose weights are finite; there is nothing to compare")
    return [network if isinstance(network, Failure) else visit_of(network, task, seed) for network in networks]


def _each(visits: Sequence[Visit | Failure], analysis: Any) -> list[Any]:
    return [visit if isinstance(visit, Failure) else attempted(partial(analysis, visit)) for visit in visits]


def _points(visits: Sequence[Visit | Failure]) -> list[FixedPoints | Failure]:
    return _each(visits, fixed_points)


def _similarities(visits: Sequence[Visit | Failure], points: Points) -> Similarities:
    probe = next(visit for visit in visits if isinstance(visit, Visit)).probe
    nothing = _no_signature(probe)
    pairs = zip(visits, points, strict=True)
    signatures = [attempted(partial(_signature, visit, own, nothing)) for visit, own in pairs]
    return pairwise([nothing if isinstance(signature, Failure) else signature for signature in signatures])


def _signature(visit: Visit | Failure, points: FixedPoints | Failure, nothing: Signature) -> Signature:
    """The signature of a network for comparisons; without its fixed points there are no linearizations."""
    if isinstance(visit, Failure):
        return nothing
    known = not isinstance(points, Failure)
    return signature_of(visit, linearized=nearest_linearizations(visit, points=points) if known else nothing.linearized)


def _no_signature(probe: Trials) -> Signature:
    """The signature of a network about which nothing is known."""
    conditions, steps = np.shape(probe.inputs)[:2]
    nothing = np.full((conditions, 1), np.nan, np.complex128)
    return signature_of(rates=np.full((conditions, steps, 1), np.nan), linearized=nothing)


def _counted(points: FixedPoints) -> tuple[int, int]:
    """The numbers of stable and of unstable points."""
    stable = int((points.index == 0).sum())
    return stable, len(points) - stable
