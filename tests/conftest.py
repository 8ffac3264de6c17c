"""Strict numbers for all tests, one fresh seed a run, and a small trained run that many tests share."""

import os
import secrets
from pathlib import Path

import jax
import pytest

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_numpy_dtype_promotion", "strict")

SEED = int(os.environ.setdefault("RECURRA_TEST_SEED", str(secrets.randbelow(2**31))))  # workers share it
REFERENCE = Path(__file__).parents[2] / "shared" / "reference" / "networks"

SMALL = [
    "model.units=12",
    "networks=2",
    "training.steps=20",
    "training.trials.steps_an_epoch=10",
    "training.batch=4",
    "training.validation_trials=8",
]


def pytest_report_header() -> str:
    return f"RECURRA_TEST_SEED={SEED}"


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


@pytest.fixture(scope="session")
def small_spec():
    """A 3-bit flip-flop run that trains in a second."""
    from recurra.studies.spec import read_table, to_spec, with_settings

    return to_spec(with_settings(read_table("flipflop"), SMALL))


@pytest.fixture(scope="session")
def small_run(small_spec, tmp_path_factory):
    """The folder of that run, trained and analysed; tests only read it."""
    from recurra.studies.runner import Silence, analyse_run, start_run

    folder = start_run(small_spec, tmp_path_factory.mktemp("runs") / "small", False, Silence())
    analyse_run(folder, Silence())
    return folder
