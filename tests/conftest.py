"""Strict numbers for all tests, one fresh seed a run, and a small trained run that many tests share.

Two thirds of the time of the tests would be the compilation of small programs. So they are compiled with little
optimization, unless XLA_FLAGS is set (CI sets it to nothing, and tests what users have), and a program that one worker
or command has compiled is there for the others, and for the next run of the tests.
"""

import fcntl
import gc
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import jax
import pytest
from threadpoolctl import threadpool_limits

from recurra.runs.compiled import emptied_if_large, kind_of_machine

PROGRAMS = "JAX_COMPILATION_CACHE_DIR"
if PROGRAMS not in os.environ:  # in the first process; workers and commands have it from there
    kept = Path(__file__).parents[1] / ".pytest_cache" / f"programs-{kind_of_machine()}"
    kept.mkdir(parents=True, exist_ok=True)
    emptied_if_large(kept, 2**30)
    for cut_off in [path for path in kept.iterdir() if path.stat().st_size == 0]:  # its process was killed
        cut_off.unlink()
    os.environ[PROGRAMS] = str(kept)
    os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
    os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false")

gc.set_threshold(100_000, 50, 100)  # each look for garbage costs: JAX has much that lives, and a callback
threadpool_limits(1)  # a worker a core: threads of linear algebra would wait for each other
jax.config.update("jax_compilation_cache_dir", os.environ[PROGRAMS])
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
jax.config.update("jax_enable_x64", True)
jax.config.update("jax_numpy_dtype_promotion", "strict")

SEED = int(os.environ.setdefault("RECURRA_TEST_SEED", str(secrets.randbelow(2**31))))  # workers share it
REFERENCE = Path(__file__).parents[2] / "shared" / "reference" / "networks"

MAPS, MOST_MAPS = Path("/proc/self/maps"), 25_000  # Linux gives a process 65,530; every compiled program takes some

SMALL = [
    "model.units=12",
    "networks=2",
    "training.steps=20",
    "training.trials.steps_an_epoch=10",
    "training.batch=4",
    "training.validation_trials=8",
]


def pytest_xdist_auto_num_workers() -> int:
    """A worker a core. One more would be slower: the waiting for browsers and commands is short beside compilation."""
    return min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2, 4)


LONG = ("test_report_browser.py", "test_dossier_tasks.py", "test_native.py", "test_cli.py", "test_training.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that take longest come first, so that no worker has one left when the others are done."""
    items.sort(key=lambda item: item.path.name not in LONG)


def pytest_report_header() -> str:
    return f"RECURRA_TEST_SEED={SEED}"


@pytest.fixture(autouse=True, scope="module")
def few_programs() -> Iterator[None]:
    """Forgets compiled programs before they fill the memory map of the process, at which JAX would crash."""
    yield
    if MAPS.exists() and MAPS.read_bytes().count(b"\n") > MOST_MAPS:
        jax.clear_caches()
        gc.collect()


@pytest.fixture(scope="session")
def seed() -> int:
    """The seed of this run of the tests; the header prints it."""
    return SEED


@pytest.fixture(scope="session")
def reference() -> Path:
    """The folder with the networks that the papers' author published."""
    if not REFERENCE.is_dir():
        pytest.skip(f"the published networks are not at {REFERENCE}")
    return REFERENCE


@pytest.fixture
def of_a_gpu(monkeypatch):
    """The programs of a GPU with much memory are taken, and interpreted."""
    from recurra.engine import blocks, fused, programs

    for module in (blocks, fused):
        monkeypatch.setattr(module, "most_units", lambda: programs.MANY)


@pytest.fixture(scope="session")
def small_spec():
    """A 3-bit flip-flop run that trains in a second."""
    from recurra.runs.spec import read_table, to_spec, with_settings

    return to_spec(with_settings(read_table("flipflop"), SMALL))


@pytest.fixture(scope="session")
def small_run(tmp_path_factory, worker_id):
    """The folder of that run, made once for all workers by the command `recurra run`; tests only read it."""
    from recurra.cli.app import main
    from recurra.storage.run_folder import RunFolder

    base = tmp_path_factory.getbasetemp() if worker_id == "master" else tmp_path_factory.getbasetemp().parent
    path = base / "small"
    with (base / "small.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (base / "small.done").exists():
            settings = [word for setting in SMALL for word in ("--set", setting)]
            assert main(["run", "flipflop", "--out", str(path), *settings]) == 0
            (base / "small.done").touch()
    return RunFolder.open(path)
