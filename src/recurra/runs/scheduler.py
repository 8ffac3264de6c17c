"""The executor on Dask: workers of a cluster, or processes of this machine, which see the same disk.

A piece says where its data are, as for every `Executor`, and its results are on the disk: the scheduler carries names
and numbers, never arrays or functions. Workers need the same version of recurra as the process that asks.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any, final

from recurra.checks import check_count
from recurra.interrupts import stop_if_asked
from recurra.runs.executors import (
    LOOK_S,
    MOST_PROCESSES,
    Executor,
    LostPiece,
    answer_of,
    check_job,
    executor_of,
    repeat_warnings,
)
from recurra.threads import THREADS, cores, one_thread

LOCAL = "local:"
REMOTE = ("tcp://", "tls://", "ucx://", "ws://", "wss://")
KINDS = "local:N for N processes of this machine, or the address of a scheduler such as tcp://host:8786"
FORGIVEN = (
    10  # workers that may be lost while they do a piece: a walltime ends them, and the piece goes on from the disk
)
WAIT_S = 60.0  # for the first worker of a cluster


@final
@dataclass(frozen=True)
class Dask(Executor):
    """Works in the workers of a Dask cluster; a piece whose worker is lost is done again by another one.

    Args:
        address: "local:8" for eight processes of this machine, or the address of a scheduler, "tcp://host:8786".
    """

    address: str

    def __post_init__(self) -> None:
        if self.address.startswith(LOCAL):
            number = self.address.removeprefix(LOCAL)
            if not number.isdecimal():
                raise ValueError(f"the scheduler is {self.address!r}; expected {KINDS}")
            check_count("the number of local workers", int(number), at_most=MOST_PROCESSES)
        elif not self.address.startswith(REMOTE):
            raise ValueError(f"the scheduler is {self.address!r}; expected {KINDS}")
        check_installed()

    def map(self, job, pieces):
        check_job(job)
        if not pieces:
            return
        with self._client() as client:
            futures = dict(zip(client.map(_in_worker, [job] * len(pieces), pieces, pure=False), pieces, strict=True))
            shown: dict[Any, Any] = {}
            try:
                while futures:
                    stop_if_asked()
                    try:
                        done = distributed().wait(list(futures), timeout=LOOK_S, return_when="FIRST_COMPLETED").done
                    except TimeoutError:
                        continue
                    for future in done:
                        yield futures.pop(future), _result(future, shown)
            finally:
                client.cancel(list(futures), force=True)

    @contextmanager
    def _client(self) -> Iterator[Any]:
        settings = {"distributed.scheduler.allowed-failures": FORGIVEN, "distributed.worker.daemon": True}
        dask, made = import_module("dask"), distributed()
        with tempfile.TemporaryDirectory(prefix="recurra-dask-") as scratch, dask.config.set(settings):
            if not self.address.startswith(LOCAL):
                try:
                    client = made.Client(self.address, timeout=WAIT_S)
                    client.wait_for_workers(1, timeout=WAIT_S)
                except (OSError, TimeoutError) as error:
                    raise ValueError(
                        f"the scheduler {self.address} does not answer or has no worker: {error}"
                    ) from None
                with client:
                    yield client
                return
            number = int(self.address.removeprefix(LOCAL))
            share = str(max(1, cores() // number))
            cluster = made.LocalCluster(
                n_workers=number,
                threads_per_worker=1,
                dashboard_address=None,
                local_directory=scratch,
                env={THREADS: os.environ.get(THREADS, share)},
                silence_logs=50,
            )
            with cluster, made.Client(cluster) as client:
                yield client


def check_installed() -> None:
    """Check that Dask is installed; the error says how to install it."""
    if find_spec("distributed") is None:
        raise ValueError("a scheduler needs Dask, which is not installed here: pip install 'recurra[cluster]'")


def distributed() -> Any:
    """The module of Dask, which is optional and takes a second to import."""
    return import_module("distributed")


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
