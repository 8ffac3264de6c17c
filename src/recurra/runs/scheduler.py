"""The executor on Dask: workers of a cluster, or processes of this machine, which see the same disk.

A piece says where its data are, as for every `Executor`, and its results are on the disk: the scheduler carries names
and numbers, never arrays or functions. Workers need the same version of recurra as the process that asks.
"""

import os
from dataclasses import dataclass
from typing import Any, final

from recurra.interrupts import stop_if_asked
from recurra.runs.clusters import FORGIVEN, Cluster, cluster_of, distributed, end, started
from recurra.runs.executors import LOOK_S, Executor, executor_of, nothing
from recurra.runs.workers import LostPiece, answer_of, check_job, repeat_warnings
from recurra.threads import THREADS, cores, one_thread


@final
@dataclass(frozen=True)
class Dask(Executor):
    """Works in the workers of a Dask cluster; a piece whose worker is lost is done again by another one.

    Args:
        address: "local:8" for eight processes of this machine; the address of a scheduler, "tcp://host:8786"; or
            "slurm:FILE.toml" for jobs of SLURM, as the file describes them.
    """

    address: str

    def __post_init__(self) -> None:
        cluster_of(self.address)

    @property
    def cluster(self) -> Cluster:
        """Where the workers are."""
        return cluster_of(self.address)

    @property
    def workers(self) -> int:
        return self.cluster.workers

    def map(self, job, pieces, on_look=nothing):
        check_job(job)
        if not pieces:
            return
        client = started(self.cluster)
        futures = dict(zip(client.map(_in_worker, [job] * len(pieces), pieces, pure=False), pieces, strict=True))
        shown: dict[Any, Any] = {}
        try:
            while futures:
                stop_if_asked()
                on_look()
                try:
                    done = distributed().wait(list(futures), timeout=LOOK_S, return_when="FIRST_COMPLETED").done
                except TimeoutError:
                    continue
                for future in done:
                    yield futures.pop(future), _result(future, shown)
        finally:
            if futures:  # left early: by an error, or by a signal
                client.cancel(list(futures), force=True)
                end(self.cluster)


def _in_worker(job: Any, piece: Any) -> Any:
    """The job on a piece, in a worker: the engine's threads are the worker's share of the cores."""
    share = max(1, cores() // max(1, distributed().get_worker().state.nthreads))
    os.environ.setdefault(THREADS, str(share))
    with one_thread():
        return answer_of(job, piece)


def _result(future: Any, shown: dict[Any, Any]) -> Any:
    """The result of a piece, or `LostPiece`; errors and warnings of the worker are repeated here."""
    if future.status != "finished":
        return LostPiece(_why(future))
    return repeat_warnings(future.result(), shown)


def _why(future: Any) -> str:
    error = future.exception()
    lost = type(error).__name__ in ("KilledWorker", "CommClosedError")
    return f"{FORGIVEN + 1} workers were lost while they did it" if lost else str(error) or future.status


def chosen_executor(processes: int | None, scheduler: str | None) -> Executor:
    """The executor that a user asks for.

    Args:
        processes: number of processes of this machine; None for the faster choice.
        scheduler: the address of Dask; None for none.
    """
    if scheduler is None:
        return executor_of(processes)
    if processes is not None:
        raise ValueError("--processes and --scheduler exclude each other")
    return Dask(scheduler)
