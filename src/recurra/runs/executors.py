"""Executors, which do work in pieces: in this process, or in several processes of this machine.

A job is a function of a module. A piece is small and says where its data are: a run folder and numbers of networks,
never arrays or functions. Processes are spawned: JAX has threads, and a process forked after JAX was used can hang.
"""

import abc
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time
import traceback
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from typing import Any, TypeVar, final

from recurra.checks import check_count, free_memory_bytes
from recurra.interrupts import stop_if_asked
from recurra.threads import THREADS, cores, one_thread

Piece = TypeVar("Piece")
Result = TypeVar("Result")
MOST_PROCESSES = 1_024
WORKER_BYTES = 2**30  # memory of JAX, its compiled programs and the arrays of a network
BEGINNING_S = 6.0  # time in which a process imports JAX and loads compiled programs while others work
TRIED = 2  # pieces from which the duration of the others is estimated; the first one also compiles
LOOK_S = 0.5  # between two checks for a signal to stop


@dataclass(frozen=True)
class LostPiece:
    """Takes the place of the result of a piece whose worker ended before the piece was done.

    Args:
        reason: how the worker ended.
    """

    reason: str


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
                workers.append(_Worker(job, threads, shown))
            busy = {worker.connection: worker for worker in workers if worker.give(waiting)}
            while busy:
                stop_if_asked()
                on_look()
                for connection in wait(list(busy), LOOK_S):
                    worker = busy.pop(connection)  # type: ignore[arg-type]
                    piece, result = worker.piece, worker.result()
                    if isinstance(result, LostPiece):
                        workers.remove(worker)
                        worker = _Worker(job, threads, shown) if waiting else None
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


@dataclass(frozen=True)
class Answer:
    """The answer of a worker: a result, or an error with its traceback; and the warnings of the piece."""

    result: Any = None
    error: BaseException | None = None
    trace: str = ""
    warned: tuple[tuple[Warning | str, type[Warning], str, int], ...] = ()


class _WorkerError(Exception):
    """The cause of an error: the traceback in the worker."""


def repeat_warnings(answer: Answer, shown: dict[Any, Any]) -> Any:
    """The result in the answer of a worker, whose warnings and error are repeated here.

    Args:
        answer: the answer.
        shown: the warnings that workers of this job have given; each is shown once.
    """
    for message, category, filename, line in answer.warned:
        warnings.warn_explicit(message, category, filename, line, registry=shown)
    if answer.error is not None:
        raise answer.error from _WorkerError(answer.trace)
    return answer.result


class _Worker:
    """A process that applies a job to one piece after the other.

    Args:
        job: a function of a module.
        threads: number of threads of the native engine.
        shown: the warnings that workers of this job have given; each is shown once.
    """

    def __init__(self, job: Callable[[Any], Any], threads: int, shown: dict[Any, Any]) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, far_end = context.Pipe()
        self.piece: Any = None
        self._shown = shown
        self._process = context.Process(target=_work, args=(far_end, job, threads), daemon=True)
        with _deaf():
            self._process.start()
        far_end.close()

    def give(self, waiting: deque[Any]) -> bool:
        """Give the worker the next waiting piece, if there is one."""
        if not waiting:
            return False
        self.piece = waiting.popleft()
        with suppress(OSError):  # the worker has ended: its result says so
            self.connection.send(self.piece)
        return True

    def result(self) -> Any:
        """Wait for the result of its piece, or `LostPiece`, and repeat the errors and warnings of the worker here."""
        try:
            answer: Answer = self.connection.recv()
        except (EOFError, OSError):
            self.end()
            return LostPiece(_ending(self._process.exitcode))
        return repeat_warnings(answer, self._shown)

    def end(self) -> None:
        """End the process at once."""
        self.connection.close()
        self._process.kill()
        self._process.join()


def _work(connection: Connection, job: Callable[[Any], Any], threads: int) -> None:
    """The loop of a worker until the connection is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all processes: the parent decides
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.environ.setdefault(THREADS, str(threads))
    with one_thread(), suppress(EOFError):
        while True:
            connection.send(answer_of(job, connection.recv()))


def answer_of(job: Callable[[Any], Any], piece: Any) -> Answer:
    """The answer of a worker to a piece: what the job returns or raises, and its warnings.

    Args:
        job: a function of a module.
        piece: what it is called on.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        try:
            answer = Answer(job(piece))
        except Exception as error:
            answer = Answer(error=_portable(error), trace=traceback.format_exc())
    warned = tuple((str(warning.message), warning.category, warning.filename, warning.lineno) for warning in caught)
    return Answer(answer.result, answer.error, answer.trace, warned)


def _portable(error: Exception) -> Exception:
    """The error, or its text if it cannot be sent."""
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _ending(code: int | None) -> str:
    """How a process ended, in words."""
    if code is None or code >= 0:
        return f"its process ended with the status {code}"
    name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
    memory = ", as the system does where memory runs out" if name == "SIGKILL" else ""
    return f"its process was ended by {name}{memory}"


@contextmanager
def _deaf() -> Iterator[None]:
    """Processes started in this context never receive Ctrl-C, not even before they can ignore it."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # otherwise it would start with the first process and receive signals
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _on_accelerator() -> bool:
    """Whether JAX computes on an accelerator: the first process takes its memory, and the others find none."""
    import jax  # noqa: PLC0415 - processes import only what their job needs

    return jax.default_backend() != "cpu"


def check_job(job: Callable[[Any], Any]) -> None:
    """Check that the job is a function of a module, which another process can find by name."""
    imported: Any = sys.modules.get(getattr(job, "__module__", ""))
    for name in getattr(job, "__qualname__", "?").split("."):
        imported = getattr(imported, name, None)
    if imported is not job:
        raise TypeError(f"the job is {job!r}; expected a function of a module, which a process can import")
