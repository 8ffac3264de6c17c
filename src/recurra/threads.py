"""How many threads compute: one in linear algebra, one per core for parts that do not depend on each other."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from typing import TypeVar

import numpy as np
from threadpoolctl import ThreadpoolController

THREADS = "RECURRA_THREADS"  # variable with the number of threads of a process, of the native engine and of parts

Part = TypeVar("Part")
Made = TypeVar("Made")


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_threads(work: Callable[[Part], Made], parts: Sequence[Part]) -> list[Made]:
    """The work on every part, in their order, in one thread per core; in a worker process in its share of them.

    Args:
        work: what is done with a part; it spends its time in compiled code, which lets other threads run.
        parts: of the work.
    """
    count = os.environ.get(THREADS, "")
    threads = min(len(parts), int(count) if count.isdigit() and int(count) else cores())
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


@contextmanager
def one_thread() -> Iterator[None]:
    """Small matrices are handled by one thread, since several would wait for each other, and with the same bits."""
    with _libraries(len(sys.modules)).limit(limits=1):
        yield


@lru_cache(maxsize=1)
def _libraries(_modules: int) -> ThreadpoolController:
    """The loaded libraries that have threads; looking for them takes milliseconds, so only when modules were added."""
    return ThreadpoolController()
