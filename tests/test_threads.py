"""One thread for every library that has several, also for one that is loaded later."""

import importlib

from threadpoolctl import threadpool_info, threadpool_limits

from recurra.threads import one_thread


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
