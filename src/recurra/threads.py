"""One thread for linear algebra, the same way everywhere."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from threadpoolctl import ThreadpoolController


@contextmanager
def one_thread() -> Iterator[None]:
    """Small matrices are handled by one thread, since several would wait for each other, and with the same bits."""
    with _libraries(len(sys.modules)).limit(limits=1):
        yield


@lru_cache(maxsize=1)
def _libraries(_modules: int) -> ThreadpoolController:
    """The loaded libraries that have threads; looking for them takes milliseconds, so only when modules were added."""
    return ThreadpoolController()
