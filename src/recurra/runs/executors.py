"""Executors, which do work in pieces: in this process, or in several processes of this machine.

A job is a function of a module. A piece is small and says where its data are: a run folder and numbers of networks,
never arrays or functions. Processes are spawned: JAX has threads, and a process forked after JAX was used can hang.
"""

import abc
import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import wait
from typing import TypeVar, final

from recurra.checks import check_count, free_memory_bytes
from recurra.interrupts import stop_if_asked
from recurra.runs.workers import LostPiece, Worker, check_job
from recurra.threads import cores

Piece = TypeVar("Piece")
Result = TypeVar("Result")
MOST_PROCESSES = 1_024
WORKER_BYTES = 2**30  # memory of JAX, its compiled programs and the arrays of a network
BEGINNING_S = 6.0  # time in which a process imports JAX and loads compiled programs while others work
TRIED = 2  # pieces from which the duration of the others is estimated; the first one also compiles
LOOK_S = 0.5  # between two checks for a signal to stop


def nothing() -> None:
    """Do nothing."""


class Executor(abc.ABC):
    """Applies a job to pieces."""

    @property
    @abc.abstractmethod
    def workers(self) -> int:
        """How many pieces are done at once."""

    @abc.abstractmethod
    def map(
        self, job: Callable[[Piece], Result], pieces: Sequence[Piece], on_look: Callable[[], None] = nothing
    ) -> Generator[tuple[Piece, Result | LostPiece], None, None]:
        """Every piece with its result, as soon as it is available, in any order.

        If you leave the iterator early, close it (`contextlib.closing`): that ends all workers.

        Args:
            job: a function of a module.
            pieces: the job is called once on each.
            on_look: called about every `LOOK_S` seconds while other processes work.

        Raises:
            Exception: the error that the job raises on a piece; the remaining pieces are then not done. If a worker is
                killed, the result of its piece is a `LostPiece`, and the others are not affected.
        """


@final
@dataclass(frozen=True)
class ThisProcess(Executor):
    """Works in this process, one piece after the other."""

    @property
    def workers(self) -> int:
        return 1

    def map(self, job, pieces, on_look=nothing):
        for piece in pieces:
            stop_if_asked()
            yield piece, job(piece)


@final
@dataclass(frozen=True)
class Processes(Executor):
    """Works in processes of this machine, each with its share of the cores.

    The script that uses them must be guarded by `if __name__ == "__main__":`, since every process imports it.

    Args:
        number: number of processes; no more are started than there are pieces.
    """

    number: int

    def __post_init__(self) -> None:
        check_count("processes", self.number, at_most=MOST_PROCESSES)

    @property
    def workers(self) -> int:
        return self.number

    def map(self, job, pieces, on_look=nothing):
        check_job(job)
        number = min(self.number, len(pieces))
        threads = max(1, cores() // max(1, number))
        waiting, workers, shown = deque(pieces), [], {}
        try:
            for _ in range(number):
                # one by one, so that each is ended whenever a signal comes
                workers.append(Worker(job, threads, shown))
            busy = {worker.connection: worker for worker in workers if worker.give(waiting)}
            while busy:
                stop_if_asked()
                on_look()
                for connection in wait(list(busy), LOOK_S):
                    worker = busy.pop(connection)  # type: ignore[arg-type]
                    piece, result = worker.piece, worker.result()
                    if isinstance(result, LostPiece):
                        workers.remove(worker)
                        worker = Worker(job, threads, shown) if waiting else None
                        workers += [worker] if worker else []
                    if worker and worker.give(waiting):
                        busy[worker.connection] = worker
                    yield piece, result
        finally:
            for worker in workers:
                worker.end()


@final
@dataclass(frozen=True)
class Automatic(Executor):
    """Works in this process, or in one per core if that is faster.

    A piece may use several cores by itself. The time that processes save is estimated from the first pieces: how long
    they take, and how many cores they keep busy.
    """

    @property
    def workers(self) -> int:
        return cores()

    def map(self, job, pieces, on_look=nothing):
        number = int(min(cores(), len(pieces) - TRIED, free_memory_bytes() // WORKER_BYTES))
        if number < 2 or _on_accelerator():
            yield from ThisProcess().map(job, pieces)
            return
        duration = busy = 0.0
        for piece in pieces[:TRIED]:
            began, busy_before = time.perf_counter(), time.process_time()
            yield from ThisProcess().map(job, [piece])
            duration, busy = time.perf_counter() - began, time.process_time() - busy_before
        rest = pieces[TRIED:]
        gain = len(rest) * (duration - busy / number)
        yield from (Processes(number) if gain > BEGINNING_S else ThisProcess()).map(job, rest, on_look)


def executor_of(processes: int | None) -> Executor:
    """The executor that a user asks for: this process for 1; for None the faster one."""
    if processes is None:
        return Automatic()
    return ThisProcess() if processes == 1 else Processes(processes)


def _on_accelerator() -> bool:
    """Whether JAX computes on an accelerator: the first process takes its memory, and the others find none."""
    import jax  # noqa: PLC0415 - processes import only what their job needs

    return jax.default_backend() != "cpu"
