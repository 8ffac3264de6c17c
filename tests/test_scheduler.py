"""The executor on Dask, on a real local cluster of processes."""

import os
from pathlib import Path

import numpy as np
import pytest

import recurra as rc
from recurra.cli.app import main
from recurra.runs import clusters, scheduler
from recurra.runs.scheduler import Dask, chosen_executor
from recurra.runs.workers import LostPiece

VARY = {"training.ridge": [1e-4, 1e-2]}
TASK, MODEL = rc.Not(), rc.GRU(units=3)
RULE = rc.Ridge(steps=2, batch=8, validation_trials=4)


@pytest.mark.parametrize("address", ["local", "local:", "local:two", "local:0", "host:8786", "http://host", ""])
def test_bad_addresses(address):
    with pytest.raises(ValueError, match=r"the scheduler is|the number of local workers is 0"):
        Dask(address)


def test_processes_and_scheduler_exclude_each_other(capsys):
    with pytest.raises(ValueError, match="--processes and --scheduler exclude each other"):
        chosen_executor(2, "local:2")
    assert main(["sweep", "xor", "--vary", "model.units=2,3", "--scheduler", "here"]) == 2
    assert "the scheduler is 'here'; expected local:N" in capsys.readouterr().err


def squared(number: int) -> int:
    if number < 0:
        raise ValueError(f"{number} is below 0")
    return number**2


def dies_once(place: str) -> str:
    """The process ends at once the first time that this is called for a place."""
    if not Path(place).exists():
        Path(place).write_text("begun")
        os._exit(1)
    return "done"


def dies_always(place: str) -> None:
    with Path(place).open("a") as file:
        file.write("x")
    os._exit(1)


@pytest.mark.slow
def test_pieces_are_done_by_workers_and_errors_come_back():
    assert sorted(Dask("local:2").map(squared, [1, 2, 3])) == [(1, 1), (2, 4), (3, 9)]
    with pytest.raises(ValueError, match="-1 is below 0"):
        list(Dask("local:1").map(squared, [-1]))


@pytest.mark.slow
def test_a_piece_of_a_lost_worker_is_done_by_another(tmp_path):
    places = [str(tmp_path / name) for name in "ab"]
    assert dict(Dask("local:2").map(dies_once, places)) == dict.fromkeys(places, "done")


@pytest.mark.slow
@pytest.mark.parametrize("forgiven", [1, 10])
def test_a_piece_that_ends_every_worker_is_given_up(forgiven, tmp_path, monkeypatch):
    """Ten take longer than Dask waits for a worker that is started again, unless it is told to wait."""
    monkeypatch.setattr(scheduler, "FORGIVEN", forgiven)
    monkeypatch.setitem(clusters.SETTINGS, "distributed.scheduler.allowed-failures", forgiven)
    executor = Dask("local:1")
    clusters.end(executor.cluster)  # one that an earlier test has started forgives as many as it did then
    ((_, result),) = executor.map(dies_always, [str(tmp_path / "a")])
    clusters.end(executor.cluster)
    assert result == LostPiece(f"{forgiven + 1} workers were lost while they did it")
    assert (tmp_path / "a").read_text() == "x" * (forgiven + 1)


@pytest.mark.slow
def test_a_sweep_has_the_same_bits_on_workers(tmp_path):
    here, there = (
        rc.sweep(
            rc.Not(), rc.GRU(units=3), RULE, vary=VARY, networks=2, seed=1, path=tmp_path / name, executor=executor
        )
        for name, executor in (("here", None), ("there", Dask("local:2")))
    )
    for one, other in zip(here.conditions, there.conditions, strict=True):
        assert one.starts == other.starts
        np.testing.assert_array_equal(rc.load(one.folder).weights.output, rc.load(other.folder).weights.output)
        assert one.rows == other.rows
