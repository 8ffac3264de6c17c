"""One thread for every library that has several, also for one that is loaded later."""

import importlib
import threading

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from recurra.threads import THREADS, in_threads, in_threads_once, one_thread


def threads():
    return {library["filepath"]: library["num_threads"] for library in threadpool_info()}


def test_every_library_has_one_thread_inside_and_its_own_number_afterwards():
    with threadpool_limits(2):
        with one_thread():
            assert set(threads().values()) == {1}
        importlib.import_module("sklearn.cluster")  # OpenMP comes with it
    with threadpool_limits(2):
        assert set(threads().values()) == {2}
        with one_thread():
            assert set(threads().values()) == {1}
        assert set(threads().values()) == {2}


@pytest.mark.parametrize(("allowed", "expected"), [("1", 1), ("3", 3)])
def test_parts_come_in_their_order_from_as_many_threads_as_are_allowed(monkeypatch, allowed, expected):
    monkeypatch.setenv(THREADS, allowed)
    together, seen = threading.Barrier(expected), set()

    def work(part):
        together.wait(10)  # passes only when this many threads are here
        seen.add(threading.get_ident())
        return part**2

    assert in_threads(work, range(6)) == [0, 1, 4, 9, 16, 25]
    assert len(seen) == expected


def test_an_error_in_a_part_is_an_error_of_the_whole(monkeypatch):
    monkeypatch.setenv(THREADS, "2")
    with pytest.raises(ZeroDivisionError):
        in_threads(lambda part: 1 / part, [1, 0])
    assert in_threads(str, []) == []


def test_the_work_is_done_once_for_equal_arrays(monkeypatch):
    monkeypatch.setenv(THREADS, "2")
    seen = []
    made = in_threads_once(lambda one: seen.append(one) or one.sum(), [np.ones(2), np.zeros(2), np.ones(2)])
    assert made == [2, 0, 2]
    assert len(seen) == 2
    assert in_threads_once(np.sum, []) == []
