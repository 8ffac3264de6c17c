"""How many threads compute: one in linear algebra, one per core for parts that do not depend on each other."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import lru_cache
from threading import Semaphore
from typing import TypeVar

import numpy as np
from threadpoolctl import ThreadpoolController

THREADS = "RECURRA_THREADS"  # variable with the number of threads of a process, of the native engine and of parts

Part = TypeVar("Part")
Made = TypeVar("Made")


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def thread_count() -> int:
    """The threads that this process may use: one per core, or what `RECURRA_THREADS` says."""
    count = os.environ.get(THREADS, "")
    return int(count) if count.isdigit() and int(count) else cores()


def in_threads(work: Callable[[Part], Made], parts: Sequence[Part]) -> list[Made]:
    """The work on every part, in their order, in one thread per core; in a worker process in its share of them.

    Args:
        work: what is done with a part; it spends its time in compiled code, which lets other threads run.
        parts: of the work.
    """
    threads = min(len(parts), thread_count())
    if threads < 2:
        return [work(part) for part in parts]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, parts))


def in_threads_once(work: Callable[[np.ndarray], Made], arrays: Sequence[np.ndarray]) -> list[Made]:
    """The work on every array as `in_threads` does it, but once for all arrays with the same bytes.

    Args:
        work: what is done with an array.
        arrays: such as the Jacobians at h and -h, which are the same in an odd flow.
    """
    different = {array.tobytes(): array for array in arrays}
    made = dict(zip(different, in_threads(work, list(different.values())), strict=True))
    return [made[array.tobytes()] for array in arrays]


class Together:
    """Works that may wait for one another: at any time one per core goes on, the first of those that can.

    With one core they are done in their order.
    """

    def __init__(self) -> None:
        self._cores = Semaphore(0)
        self._made: Mapping[str, Future[None]] = {}
        self._stopped = False

    def do(self, works: Mapping[str, Callable[[], None]]) -> None:
        """Do all works, each of which comes after those that it waits for.

        Args:
            works: by their names.
        """
        if thread_count() < 2:
            for work in works.values():
                work()
            return
        with ThreadPoolExecutor(len(works)) as pool:
            self._made = {name: pool.submit(self._on_a_core, work) for name, work in works.items()}
            self._cores.release(thread_count())  # not before all are known
            try:
                for made in self._made.values():
                    made.result()
            except BaseException:
                self._stopped = True
                raise

    def wait_for(self, name: str) -> None:
        """Let another work go on until the one of this name is done, if it is one of those that are done together."""
        made = self._made.get(name)
        if made is None or made.done():
            return
        self._cores.release()
        wait([made])
        self._cores.acquire()

    def _on_a_core(self, work: Callable[[], None]) -> None:
        with self._cores:
            if self._stopped:
                raise CancelledError
            work()


@contextmanager
def one_thread() -> Iterator[None]:
    """Small matrices are handled by one thread, since several would wait for each other, and with the same bits."""
    with _libraries(len(sys.modules)).limit(limits=1):
        yield


@lru_cache(maxsize=1)
def _libraries(_modules: int) -> ThreadpoolController:
    """The loaded libraries that have threads; looking for them takes milliseconds, so only when modules were added."""
    return ThreadpoolController()
