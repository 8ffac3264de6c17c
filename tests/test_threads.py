"""One thread for every library that has several, also for one that is loaded later."""

import importlib
import threading
import time
from functools import partial

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from recurra.threads import THREADS, Together, in_threads, in_threads_once, one_thread


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


def done_together(works, monkeypatch, threads):
    """The names of works in the order in which they end; each is a function of what waits for others."""
    monkeypatch.setenv(THREADS, str(threads))
    ended, together = [], Together()

    def named(name):
        works[name](together.wait_for)
        ended.append(name)

    together.do({name: partial(named, name) for name in works})
    return ended


def nothing(_wait_for):
    """A work that waits for no other."""


def test_works_wait_for_one_another_and_leave_their_core_meanwhile(monkeypatch):
    works = {"first": nothing, "second": lambda wait_for: wait_for("first"), "third": lambda wait_for: wait_for("last")}
    ended = done_together(works | {"last": nothing}, monkeypatch, threads=2)
    assert ended.index("first") < ended.index("second")
    assert ended.index("last") < ended.index("third")
    assert len(ended) == 4


def test_with_one_core_works_are_done_in_their_order(monkeypatch):
    assert done_together(dict.fromkeys("cab", nothing), monkeypatch, threads=1) == ["c", "a", "b"]


def test_no_more_works_go_on_than_there_are_cores(monkeypatch):
    going, most, lock = set(), [], threading.Lock()

    def work(_wait_for):
        with lock:
            going.add(threading.get_ident())
            most.append(len(going))
        time.sleep(0.01)
        with lock:
            going.remove(threading.get_ident())

    done_together(dict.fromkeys("abcdef", work), monkeypatch, threads=2)
    assert max(most) == 2


def test_after_an_error_no_further_work_begins(monkeypatch):
    begun = []

    def fails(_wait_for):
        begun.append("fails")
        raise ZeroDivisionError

    def later(_wait_for):
        time.sleep(0.05)
        begun.append("later")

    with pytest.raises(ZeroDivisionError):
        done_together({"fails": fails} | dict.fromkeys("abcdefgh", later), monkeypatch, threads=2)
    assert len(begun) < 9
