"""A worker: a process of this machine that applies a job to one piece after the other, and what it answers."""

import multiprocessing
import os
import pickle
import signal
import sys
import threading
import traceback
import warnings
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from typing import Any

from recurra.threads import THREADS, one_thread


@dataclass(frozen=True)
class LostPiece:
    """Takes the place of the result of a piece whose worker ended before the piece was done.

    Args:
        reason: how the worker ended.
    """

    reason: str


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


class Worker:
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


def check_job(job: Callable[[Any], Any]) -> None:
    """Check that the job is a function of a module, which another process can find by name."""
    imported: Any = sys.modules.get(getattr(job, "__module__", ""))
    for name in getattr(job, "__qualname__", "?").split("."):
        imported = getattr(imported, name, None)
    if imported is not job:
        raise TypeError(f"the job is {job!r}; expected a function of a module, which a process can import")
