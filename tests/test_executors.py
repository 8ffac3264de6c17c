"""Pieces of work here and in processes: the same numbers, and what is left where a worker or the whole is ended."""

import contextlib
import errno
import hashlib
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

from recurra.runs import executors, scheduler
from recurra.runs.executors import Automatic, Executor, Processes, ThisProcess, executor_of, nothing
from recurra.runs.workers import LostPiece
from recurra.threads import cores

SOON_S = 60.0  # a machine may have much else to do


def squared(number):
    return number**2


def troubled(piece):
    """Warns, fails, kills its process, or says in which one it runs."""
    if piece == "warn":
        warnings.warn("of two minds", UserWarning, stacklevel=1)
    if piece == "fail":
        raise ValueError("no such network")
    if piece == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    return os.getpid(), os.environ.get("RECURRA_THREADS")


def slept(piece):
    Path(piece).write_text(str(os.getpid()))
    time.sleep(300)


def contents(folder):
    """Hashes of all files below a folder, but those that the clock changes."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def wait_until(true):
    """Whether something comes true soon."""
    end = time.monotonic() + SOON_S
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.02)
    return False


def lives(process):
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.thorough
def test_every_piece_once_with_its_result():
    pieces = [3, 1, 4, 1, 5]
    expected = sorted((piece, piece**2) for piece in pieces)
    for executor in (ThisProcess(), Processes(2), Automatic()):
        assert sorted(executor.map(squared, pieces)) == expected
        assert list(executor.map(squared, [])) == []


def test_a_worker_that_is_killed_costs_its_piece_and_no_other():
    results = dict(Processes(2).map(troubled, ["die", 1, 2, 3]))
    assert results.pop("die") == LostPiece("its process was ended by SIGKILL, as the system does where memory runs out")
    workers, threads = zip(*results.values(), strict=True)
    assert os.getpid() not in workers
    assert set(threads) == {os.environ.get("RECURRA_THREADS", str(max(1, cores() // 2)))}
    assert not multiprocessing.active_children()


def test_errors_and_warnings_of_a_worker_are_told_where_it_was_asked():
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("default")
        list(Processes(1).map(troubled, ["warn", "warn"]))
    assert [str(one.message) for one in told] == ["of two minds"]
    with pytest.raises(ValueError, match="no such network") as raised:
        list(Processes(1).map(troubled, ["fail", 1]))
    assert "in troubled" in str(raised.value.__cause__)
    assert not multiprocessing.active_children()


def test_what_is_no_job_or_number():
    with pytest.raises(TypeError, match="expected a function of a module, which a process can import"):
        list(Processes(2).map(lambda piece: piece, [1]))
    with pytest.raises(ValueError, match="processes is 0; expected at least 1"):
        executor_of(0)
    with pytest.raises(ValueError, match="processes is 5000; expected at most 1,024"):
        executor_of(5000)
    assert (executor_of(None), executor_of(1), executor_of(3)) == (Automatic(), ThisProcess(), Processes(3))


@pytest.mark.parametrize(("beginning_s", "device", "begun"), [(0.0, "cpu", [2]), (1e6, "cpu", []), (0.0, "gpu", [])])
def test_what_is_worth_it_goes_to_all_cores(beginning_s, device, begun, monkeypatch):
    import jax

    numbers = []
    monkeypatch.setattr(executors, "Processes", lambda number: numbers.append(number) or ThisProcess())
    monkeypatch.setattr(executors, "cores", lambda: 2)
    monkeypatch.setattr(executors, "BEGINNING_S", beginning_s)
    monkeypatch.setattr(jax, "default_backend", lambda: device)
    assert [piece for piece, _ in Automatic().map(squared, range(5))] == list(range(5))
    assert numbers == begun


def test_leaving_early_ends_all_workers(tmp_path):
    """As an error, or Ctrl-C, does in whoever asks for results."""
    results = Processes(2).map(slept_but_one, [str(tmp_path / "0"), str(tmp_path / "1")])
    with contextlib.closing(results):
        assert next(results)[1] == 1
        assert len(multiprocessing.active_children()) == 2
    assert not multiprocessing.active_children()


def slept_but_one(piece):
    return 1 if piece.endswith("0") else slept(piece)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes as Linux shows them")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_workers_end_with_the_first_process(number, tmp_path):
    """When it is killed as when a terminal sends Ctrl-C to it and all workers, of which only the first one hears."""
    code = (
        "if __name__ == '__main__':\n"
        f" import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        " from recurra.runs.executors import Processes; from test_executors import slept\n"
        f" list(Processes(2).map(slept, [{str(tmp_path / '0')!r}, {str(tmp_path / '1')!r}]))\n"
    )
    script = tmp_path / "script.py"
    script.write_text(code)
    with subprocess.Popen(
        [sys.executable, script], start_new_session=True, stderr=subprocess.PIPE, text=True
    ) as process:
        files = [tmp_path / "0", tmp_path / "1"]
        assert wait_until(lambda: all(file.exists() and file.read_text() for file in files))
        workers = [int(file.read_text()) for file in files]
        os.killpg(process.pid, number) if number == signal.SIGINT else process.kill()
        assert wait_until(lambda: not any(map(lives, workers)))
        assert process.stderr
        assert process.stderr.read().count("Traceback") == (number == signal.SIGINT)


@pytest.fixture
def run(small_run, tmp_path):
    """A copy of the small run."""
    from recurra.storage.run_folder import RunFolder

    shutil.copytree(small_run.path, tmp_path / "run")
    return RunFolder.open(tmp_path / "run")


@pytest.mark.slow
def test_two_processes_give_the_bits_of_one(small_run, run):
    from recurra.runs.runner import SilentProgress, analyse_run

    analyse_run(run, SilentProgress(), Processes(2))
    expected, found = contents(small_run.path), contents(run.path)
    assert len(found) > 200
    assert expected.pop("run.json") != found.pop("run.json")  # the seconds that it took
    assert found == expected


@pytest.mark.slow
def test_a_census_in_processes_is_that_of_one(small_run, tmp_path):
    from recurra.runs.census_runs import census_of_runs
    from recurra.runs.compared_networks import read_compared

    shutil.copytree(small_run.path, tmp_path / "other")
    compared = read_compared([small_run.path, tmp_path / "other"], all_networks=True)
    here, there = (census_of_runs(compared, 0, "procrustes", executor=one).table() for one in (None, Processes(2)))
    assert there == here
    assert [(one["run"], one["number"]) for one in there["each"]] == [
        (run, number) for run in ("small", "other") for number in (0, 1)
    ]


class Losing(Executor):
    """Where the worker of the first piece is killed."""

    @property
    def workers(self) -> int:
        return 1

    def map(self, job, pieces, on_look=nothing):
        yield pieces[0], LostPiece("its process was ended by SIGKILL")
        yield from ThisProcess().map(job, pieces[1:])


@pytest.mark.slow
def test_a_network_of_a_lost_worker_is_left_out_of_the_census(small_run, tmp_path):
    from recurra.runs.census_runs import census_of_runs
    from recurra.runs.compared_networks import read_compared

    shutil.copytree(small_run.path, tmp_path / "other")
    compared = read_compared([small_run.path, tmp_path / "other"], all_networks=True)
    table = census_of_runs(compared, 0, "procrustes", executor=Losing()).table()
    assert table["left_out"] == ["small/0"]
    assert table["failures"] == {
        f"{what} of network small/0": "its process was ended by SIGKILL" for what in ("regimes", "fixed points")
    }


def test_a_killed_worker_is_told_and_nothing_is_changed(run, capfd):
    """Both are killed as soon as they are there."""
    from recurra.cli.app import main

    def kill():
        killed = set()
        while len(killed) < 2 and not done.wait(0.01):
            for child in multiprocessing.active_children():
                if child.pid not in killed:
                    killed.add(child.pid)
                    child.kill()

    before, done = contents(run.path), threading.Event()
    killer = threading.Thread(target=kill)
    killer.start()
    try:
        assert main(["analyse", str(run.path), "--processes", "2"]) == 1
    finally:
        done.set()
        killer.join()
    said = capfd.readouterr().err
    assert said.count("\n") == 1
    assert "networks 0, 1 were not analysed: its process was ended by SIGKILL" in said
    assert f"Nothing was changed; recurra analyse --processes 1 {run.path} takes the least memory" in said
    assert contents(run.path) == before
    assert not list(run.path.glob(".recurra-*"))


def test_a_full_disk_names_the_folder_and_changes_nothing(run, monkeypatch, capfd):
    from recurra.cli.app import main
    from recurra.runs import analyses

    def full(path, records):
        path.write_bytes(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    before = contents(run.path)
    monkeypatch.setattr(analyses, "_records", lambda *_: {})
    monkeypatch.setattr(analyses, "write_part", full)
    assert main(["analyse", str(run.path), "--processes", "1"]) == 1
    assert capfd.readouterr().err == f"recurra: {run.path}: No space left on device. Free some space\n"
    assert contents(run.path) == before


class Interrupted(Executor):
    """Where Ctrl-C comes while the first piece is worked on."""

    @property
    def workers(self) -> int:
        return 1

    def map(self, job, pieces, on_look=nothing):
        signal.raise_signal(signal.SIGINT)
        yield from ThisProcess().map(job, pieces)


@pytest.mark.thorough
def test_an_interrupted_analysis_says_how_to_go_on(run, monkeypatch, capfd):
    from recurra.cli.app import main

    before = contents(run.path)
    monkeypatch.setattr(scheduler, "executor_of", lambda _: Interrupted())
    assert main(["analyse", str(run.path)]) == 130
    assert f"recurra: interrupted; recurra analyse {run.path} begins the analysis anew\n" in capfd.readouterr().err
    assert contents(run.path) == before


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_an_analysis_at_any_moment(number, run):
    before = contents(run.path)
    for seconds in (2, 5, 8):
        command = [sys.executable, "-m", "recurra", "analyse", str(run.path), "--processes", "2"]
        with subprocess.Popen(command, start_new_session=True, stderr=subprocess.PIPE, text=True) as process:
            time.sleep(seconds)
            os.killpg(process.pid, number)
            _, said = process.communicate(timeout=60)
        assert process.returncode == 128 + number, said
        assert said.splitlines()[-1].startswith("recurra: interrupted")
        assert "Traceback" not in said
        assert contents(run.path) == before
        assert not list(run.path.glob(".recurra-*"))


@pytest.mark.thorough
def test_parts_hold_what_was_put_in(small_run, tmp_path):
    from recurra.analysis.dossier_records import record_kinds
    from recurra.analysis.failures import Failure
    from recurra.runs.parts import read_part, write_part
    from recurra.runs.record import read_run
    from recurra.storage.records import record_axes

    record = read_run(small_run)
    kinds = record_kinds(record.task)
    records = {name: record.dossiers[1].record(name) for name in kinds} | {"pca": Failure("LinAlgError: ∞")}
    write_part(tmp_path / "1.npz", records)
    found = read_part(tmp_path / "1.npz", kinds)
    assert found.pop("pca") == records.pop("pca")
    for name, one in records.items():
        for field in record_axes(kinds[name]):
            expected, value = getattr(one, field), getattr(found[name], field)
            assert type(value) is type(expected)
            np.testing.assert_array_equal(value, expected)
