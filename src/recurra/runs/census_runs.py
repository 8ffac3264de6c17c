"""A census of the networks in one or several run folders."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from jaxtyping import Int

from recurra.analysis import Census, FixedPoints, Regimes, Similarities, fixed_points, regimes
from recurra.analysis.cohorts.census import LEFT_OUT, UNKNOWN
from recurra.analysis.cohorts.comparison import census_with, similarities_of
from recurra.analysis.cohorts.origins import Independence, independence, neighbour_independence
from recurra.analysis.failures import Failure, attempted
from recurra.analysis.visit import Visit
from recurra.models.cohort import Cohort
from recurra.numerics import pinned
from recurra.runs.census import census_table
from recurra.runs.compared_networks import ComparedNetworks
from recurra.runs.compiled import kept_programs
from recurra.runs.executors import Executor, ThisProcess
from recurra.runs.own import use, used
from recurra.runs.own_scalars import OwnScalars, own_scalars
from recurra.runs.record import cohort_of, spec_of
from recurra.runs.workers import LostPiece
from recurra.shown import Shown
from recurra.storage.run_folder import RunFolder
from recurra.threads import one_thread
from recurra.words.workings import signatures

Looks: TypeAlias = tuple[Regimes | Failure, FixedPoints | Failure]  # the records of one network for a census


@dataclass(frozen=True)
class RunsCensus(Shown):
    """A census and the networks that it compares.

    Args:
        compared: the networks.
        similarities: similarities of all pairs.
        census: their regimes and their groups.
        failures: reasons of failures, by the name of the record and the network.
        tests: tests of whether signature, cluster and nearest neighbour are independent of the run, by these names;
            None if there is only one run or one group.
        own: numbers from the user's own analyses.
    """

    compared: ComparedNetworks
    similarities: Similarities
    census: Census
    failures: dict[str, str]
    tests: dict[str, Independence | None]
    own: OwnScalars = field(default_factory=OwnScalars)

    @property
    def signatures(self) -> list[str]:
        """The regime signatures in words, the most frequent first."""
        return signatures(self.census, self.compared.task)

    def table(self) -> dict[str, Any]:
        """The census as plain values for JSON; every network with its run and number."""
        table, compared = census_table(self.census, self.compared.task), self.compared
        origins = compared.origins
        runs, numbers = [origins.names[at] for at in origins.run], origins.number.tolist()
        rows = zip(table["each"], compared.names, runs, numbers, compared.statuses, strict=True)
        each = [
            {**row, "network": name, "run": run, "number": number, "status": status, "own": self.own.of(at)}
            for at, (row, name, run, number, status) in enumerate(rows)
        ]
        return {
            **table,
            "left_out": [compared.names[at] for at in table["left_out"]],
            "not_learned": compared.apart,
            "runs": [self._run(at) for at in range(len(origins.names))],
            "independent_of_run": {name: test and asdict(test) for name, test in self.tests.items()},
            "members": [
                {**cluster, "own": self.own.spreads(self.census.labels == at)}
                for at, cluster in enumerate(table["members"])
            ],
            "own": self.own.spreads(self.census.compared),
            "each": each,
            "failures": {**self.failures, **self.own.failures},
            "notes": [*compared.notes, *self.own.notes],
        }

    def _run(self, run: int) -> dict[str, Any]:
        """The numbers of networks of a run with each signature and in each cluster."""
        own, census = self.compared.origins.run == run, self.census
        clusters = range(census.labels.max(initial=-1) + 1)
        return {
            "run": self.compared.origins.names[run],
            "networks": int((own & census.compared).sum()),
            "signatures": {
                name: int((own & (census.signature == at)).sum()) for at, name in enumerate(self.signatures)
            },
            "clusters": [int((own & (census.labels == at)).sum()) for at in clusters],
            "own": self.own.spreads(own & census.compared),
        }


@dataclass(frozen=True)
class Piece:
    """A network whose regimes and fixed points a census needs.

    Args:
        run: the folder of its run.
        number: its number in the run.
        first: the run folder whose task is used to compare all networks.
        seed: seed of the states from which fixed points are searched.
        uses: the user's own files and modules that the runs' specs may name; another process imports them too.
    """

    run: Path
    number: int
    first: Path
    seed: int
    uses: tuple[str, ...]


def census_of_runs(
    compared: ComparedNetworks,
    seed: int,
    measure: str,
    on_network: Callable[[], None] = lambda: None,
    executor: Executor | None = None,
) -> RunsCensus:
    """Regimes and fixed points of every network, the census of all, and whether it depends on the run.

    A network whose worker was ended is left out of the census, with the reason.

    Args:
        compared: the networks.
        seed: seed of the starts of the search for fixed points, of the cohorts without clusters, and of shuffled runs.
        measure: the measure by which networks are compared: "procrustes", "cka", "spectral", "dynamical" or
            "linearized".
        on_network: called when a network is done.
        executor: the executor, which does not change the numbers; this process if not given.
    """
    all_regimes, points = _looked_at(compared, seed, on_network, executor or ThisProcess())
    with pinned(), one_thread():
        similarities = similarities_of(compared.networks, compared.task, points)
    failures = {
        f"{what} of network {name}": record.reason
        for what, records in (("regimes", all_regimes), ("fixed points", points))
        for name, record in zip(compared.names, records, strict=True)
        if isinstance(record, Failure)
    }
    census = census_with(similarities, all_regimes, points, seed, measure)
    tests = run_tests(census, compared.origins.run, seed)
    return RunsCensus(compared, similarities, census, failures, tests, own_scalars(compared))


def look_at(piece: Piece) -> Looks:
    """Regimes and fixed points of a network, or their `Failure`s: the job of an `Executor`."""
    use(piece.uses)
    cohort, task = _cohort(piece.run), spec_of(RunFolder.open(piece.first)).task
    with kept_programs(), pinned(), one_thread():
        visit = Visit(cohort[cohort.numbers.index(piece.number)], task, piece.seed)
        return (
            attempted(lambda: regimes(visit.network, probe=visit.probe, ends=visit.ends)),
            attempted(lambda: fixed_points(visit)),
        )


def _looked_at(
    compared: ComparedNetworks, seed: int, on_network: Callable[[], None], executor: Executor
) -> tuple[list[Regimes | Failure], list[FixedPoints | Failure]]:
    """Regimes and fixed points of every network, in their order."""
    origins, folders = compared.origins, compared.folders
    pieces = [
        Piece(folders[run], number, folders[0], seed, used())
        for run, number in zip(origins.run.tolist(), origins.number.tolist(), strict=True)
    ]
    looks: dict[Piece, Looks] = {}
    try:
        with closing(executor.map(look_at, pieces)) as results:
            for piece, result in results:
                looks[piece] = (
                    (Failure(result.reason), Failure(result.reason)) if isinstance(result, LostPiece) else result
                )
                on_network()
    finally:
        _cohort.cache_clear()
    return [looks[piece][0] for piece in pieces], [looks[piece][1] for piece in pieces]


@lru_cache(maxsize=1)
def _cohort(run: Path) -> Cohort:
    """The cohort of a run, read once for a census in every process; pieces come run by run."""
    return cohort_of(RunFolder.open(run))


def run_tests(census: Census, runs: Int[np.ndarray, "network"], seed: int) -> dict[str, Independence | None]:
    """Whether the signature, the cluster and the nearest neighbour of a network are independent of its run.

    Args:
        census: the census.
        runs: the run of every network.
        seed: seed of the shuffles.
    """
    known, compared = census.signature > UNKNOWN, census.labels > LEFT_OUT
    return {
        "signature": independence(runs[known], census.signature[known], seed),
        "cluster": independence(runs[compared], census.labels[compared], seed),
        "nearest_neighbour": _neighbours(census, runs, seed),
    }


def _neighbours(census: Census, runs: Int[np.ndarray, "network"], seed: int) -> Independence | None:
    kept = np.flatnonzero(census.compared)
    if len(kept) < 2:
        return None
    return neighbour_independence(census.distances[np.ix_(kept, kept)], runs[kept], seed)
