"""A census of the networks in one or several run folders."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from jaxtyping import Int
from threadpoolctl import threadpool_limits

from recurra.analysis import Census, FixedPoints, Regimes, Similarities, fixed_points, regimes
from recurra.analysis.cohorts.census import LEFT_OUT, UNKNOWN
from recurra.analysis.cohorts.origins import Independence, independence, neighbour_independence
from recurra.analysis.failures import Failure, attempted
from recurra.analysis.visit import Visit
from recurra.models.cohort import Cohort
from recurra.numerics import pinned
from recurra.runs.census import census_table, census_with, similarities_of
from recurra.runs.census_members import Members
from recurra.runs.compiled import kept_programs
from recurra.runs.executors import Executor, Here, Lost
from recurra.runs.own import use, used
from recurra.runs.record import cohort_of, spec_of
from recurra.storage.run_folder import RunFolder
from recurra.words.workings import signatures

Looks: TypeAlias = tuple[Regimes | Failure, FixedPoints | Failure]  # of one network


@dataclass(frozen=True)
class RunsCensus:
    """A census and whose it is.

    Args:
        members: the networks.
        similarities: of all pairs.
        census: what they do and how they fall into groups.
        failures: what failed on which network, with the reason.
        tests: whether signature, cluster and nearest neighbour are independent of the run, by these names; None where
            there is nothing to test: one run, one group.
    """

    members: Members
    similarities: Similarities
    census: Census
    failures: dict[str, str]
    tests: dict[str, Independence | None]

    @property
    def signatures(self) -> list[str]:
        """The regime signatures in words, the most frequent one first."""
        return signatures(self.census, self.members.task)

    def table(self) -> dict[str, Any]:
        """Plain values, for JSON; every network with its run and number."""
        table, members = census_table(self.census, self.members.task), self.members
        origins = members.origins
        runs, numbers = [origins.names[at] for at in origins.run], origins.number.tolist()
        rows = zip(table["each"], members.names, runs, numbers, members.statuses, strict=True)
        each = [
            {**row, "network": name, "run": run, "number": number, "status": status}
            for row, name, run, number, status in rows
        ]
        return {
            **table,
            "left_out": [members.names[at] for at in table["left_out"]],
            "not_learned": members.apart,
            "runs": [self._run(at) for at in range(len(origins.names))],
            "independent_of_run": {name: test and asdict(test) for name, test in self.tests.items()},
            "each": each,
            "failures": self.failures,
            "notes": list(members.notes),
        }

    def _run(self, run: int) -> dict[str, Any]:
        """How many networks of a run have each signature and are in each cluster."""
        own, found = self.members.origins.run == run, self.census
        clusters = range(found.labels.max(initial=-1) + 1)
        return {
            "run": self.members.origins.names[run],
            "networks": int((own & found.compared).sum()),
            "signatures": {name: int((own & (found.signature == at)).sum()) for at, name in enumerate(self.signatures)},
            "clusters": [int((own & (found.labels == at)).sum()) for at in clusters],
        }


@dataclass(frozen=True)
class Piece:
    """A network that is to be looked at for a census.

    Args:
        run: the folder that it is in.
        number: its number there.
        first: the run folder whose task all networks are compared on.
        seed: of the states from which fixed points are searched.
        uses: files and modules of a user's own that the runs' specs may name; another process imports them too.
    """

    run: Path
    number: int
    first: Path
    seed: int
    uses: tuple[str, ...]


def census_of_runs(
    members: Members,
    seed: int,
    measure: str,
    on_network: Callable[[], None] = lambda: None,
    executor: Executor | None = None,
) -> RunsCensus:
    """Regimes and fixed points of every network, the census of all, and whether it depends on the run.

    A network whose worker was ended is left out of the census, with the reason.

    Args:
        members: the networks.
        seed: of the states from which fixed points are searched, of the cohorts without clusters, and of shuffled runs.
        measure: the one by which networks are compared: "procrustes", "cka", "spectral", "dynamical" or
            "linearized".
        on_network: told when a network is done.
        executor: where the networks are looked at, with the same numbers: in this process if not given.
    """
    found, points = _looked_at(members, seed, on_network, executor or Here())
    with pinned(), threadpool_limits(1):
        similarities = similarities_of(members.networks, members.task, points)
    failures = {
        f"{what} of network {name}": one.reason
        for what, records in (("regimes", found), ("fixed points", points))
        for name, one in zip(members.names, records, strict=True)
        if isinstance(one, Failure)
    }
    census = census_with(similarities, found, points, seed, measure)
    return RunsCensus(members, similarities, census, failures, run_tests(census, members.origins.run, seed))


def look_at(piece: Piece) -> Looks:
    """Regimes and fixed points of a network, or their `Failure`s. The job of an `Executor`."""
    use(piece.uses)
    cohort, task = _cohort(piece.run), spec_of(RunFolder.open(piece.first)).task
    with kept_programs(), pinned(), threadpool_limits(1):
        visit = Visit(cohort[cohort.numbers.index(piece.number)], task, piece.seed)
        return (
            attempted(lambda: regimes(visit.network, visit.probe, ends=visit.ends)),
            attempted(lambda: fixed_points(visit.network, visit.starts)),
        )


def _looked_at(
    members: Members, seed: int, on_network: Callable[[], None], executor: Executor
) -> tuple[list[Regimes | Failure], list[FixedPoints | Failure]]:
    """Regimes and fixed points of every network, in their order."""
    origins, folders = members.origins, members.folders
    pieces = [
        Piece(folders[run], number, folders[0], seed, used())
        for run, number in zip(origins.run.tolist(), origins.number.tolist(), strict=True)
    ]
    looks: dict[Piece, Looks] = {}
    try:
        with closing(executor.map(look_at, pieces)) as results:
            for piece, result in results:
                looks[piece] = (Failure(result.reason), Failure(result.reason)) if isinstance(result, Lost) else result
                on_network()
    finally:
        _cohort.cache_clear()
    return [looks[piece][0] for piece in pieces], [looks[piece][1] for piece in pieces]


@lru_cache(maxsize=1)
def _cohort(run: Path) -> Cohort:
    """The cohort of a run, read once for a census in every process; pieces come run by run."""
    return cohort_of(RunFolder.open(run))


def run_tests(found: Census, runs: Int[np.ndarray, "network"], seed: int) -> dict[str, Independence | None]:
    """Whether the signature, the cluster and the nearest neighbour of a network are independent of its run.

    Args:
        found: the census.
        runs: of every network.
        seed: of the shuffles.
    """
    known, compared = found.signature > UNKNOWN, found.labels > LEFT_OUT
    return {
        "signature": independence(runs[known], found.signature[known], seed),
        "cluster": independence(runs[compared], found.labels[compared], seed),
        "nearest_neighbour": _neighbours(found, runs, seed),
    }


def _neighbours(found: Census, runs: Int[np.ndarray, "network"], seed: int) -> Independence | None:
    kept = np.flatnonzero(found.compared)
    if len(kept) < 2:
        return None
    return neighbour_independence(found.distances[np.ix_(kept, kept)], runs[kept], seed)
