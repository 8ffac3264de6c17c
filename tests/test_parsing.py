"""Strangers' files are read in a process of their own: no crash, hang or bomb in there reaches this one."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest

from recurra.arrays import RateWeights
from recurra.cli.app import main
from recurra.storage import parsing, reading
from recurra.storage.content import MOST_FILE_BYTES
from recurra.storage.imported import StatedSettings, import_file
from recurra.storage.npz_files import read_npz, write_npz
from recurra.storage.parsing import content_of, read_content
from recurra.storage.torch_writing import write_torch
from tests.networks import random_network
from tests.test_keras_files import DENSE, RNN, keras_1, keras_2, kernels, numbered, sequential, write_keras, write_named
from tests.test_keras_gated import kernels as gated_kernels
from tests.test_other_programs import brain
from tests.test_torch_files import safetensors, state_dict

AXES = RateWeights.axes()

HEAP = b"GCOL\x01\0\0\0"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A file of every kind, of one small network each."""
    folder, config = tmp_path_factory.mktemp("files"), sequential(RNN, DENSE)
    write_npz(folder / "ours.npz", random_network(0, 5, leak=0.5))
    return {
        "npz": folder / "ours.npz",
        "keras 1": write_named(folder / "keras1.h5", kernels(), keras_1, config),
        "keras 2": write_named(folder / "keras2.hdf5", kernels(), keras_2, config),
        "weights": write_named(folder / "ours.weights.h5", kernels(), numbered),
        "archive": write_keras(folder / "ours.keras", kernels(), config),
        "gated": write_named(folder / "gru.h5", gated_kernels("GRU", 2), keras_2),
        "torch": torch_file(folder / "ours.pt"),
        "safetensors": safetensors(folder / "ours.safetensors", state_dict("LSTM")),
        "json": json_file(folder / "brain.json"),
    }


def torch_file(path: Path) -> Path:
    """One that recurra writes, as torch does."""
    write_torch(path, random_network(0, 5))
    return path


def json_file(path: Path) -> Path:
    path.write_text(json.dumps(brain()[1]))
    return path


def kind_of(path: Path) -> str:
    kinds = {".npz": "npz", ".pt": "torch", ".safetensors": "torch", ".json": "json"}
    return kinds.get(path.suffix, "keras")


@pytest.mark.parametrize("which", ["npz", "keras 2", "archive", "torch", "safetensors", "json"])
def test_the_process_answers_what_the_file_holds(files: dict[str, Path], which: str) -> None:
    path = files[which]
    apart, here = read_content(path, kind_of(path), AXES), content_of(path.read_bytes(), kind_of(path), AXES)
    assert (apart.says, apart.notes) == (here.says, here.notes)
    assert list(apart.arrays) == list(here.arrays)
    for name, array in here.arrays.items():
        np.testing.assert_array_equal(apart.arrays[name], array)


def damaged_heap(content: bytes, what: str) -> bytes:
    """The bytes with a heap of texts in which the HDF5 library never finds an end, or that claims a text of 4 GB."""
    heap = content.index(HEAP)
    length = content.index(heap.to_bytes(8, "little") + (1).to_bytes(4, "little")) - 4
    at, damage = (heap + 16, bytes(16)) if what == "endless" else (length, b"\xff\xff\xff\xff")
    return content[:at] + damage + content[at + len(damage) :]


@pytest.mark.parametrize("what", ["endless", "text of 4 GB"])
@pytest.mark.parametrize("which", ["keras 2", pytest.param("archive", marks=pytest.mark.slow)])
def test_a_damaged_heap_is_one_line(
    files: dict[str, Path], tmp_path: Path, which: str, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the HDF5 file and of the one inside a `.keras` archive."""
    monkeypatch.setattr(parsing, "PROCESSOR_SECONDS", 2)
    path = tmp_path / files[which].name
    if which == "archive":
        inner = write_named(tmp_path / "inner.h5", kernels(), numbered)
        with h5py.File(inner, "a") as file:
            file.attrs["keras_version"] = "3.4.1"
        damaged = {"model.weights.h5": damaged_heap(inner.read_bytes(), what)}
        write_keras(path, kernels(), sequential(RNN, DENSE), **damaged)
    else:
        path.write_bytes(damaged_heap(files["keras 2"].read_bytes(), what))
    began = time.monotonic()
    with pytest.raises(ValueError, match=re.escape(f"{path}: is damaged: ")):
        import_file("keras", path, 1.0, StatedSettings())
    assert time.monotonic() - began < 30


def test_a_process_that_dies_or_does_not_end_is_one_line(
    files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parsing, "PROGRAM", "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    with pytest.raises(ValueError, match=r"ours\.npz: is damaged: the process that read it ended with status -11"):
        read_npz(files["npz"], 1.0)
    monkeypatch.setattr(parsing, "PROGRAM", "import time; time.sleep(60)")
    monkeypatch.setattr(parsing, "SECONDS", 0.2)
    with pytest.raises(ValueError, match=r"ours\.npz: is damaged: reading it did not end within 0\.2 s"):
        read_npz(files["npz"], 1.0)


@pytest.fixture
def alarm() -> Iterator[None]:
    """An end to what would wait for ever."""
    signal.alarm(20)
    yield
    signal.alarm(0)


@pytest.mark.usefixtures("alarm")
@pytest.mark.parametrize("ending", ["npz", "h5", "keras", "pt", "safetensors", "json", "toml"])
def test_pipes_and_devices_are_not_read(tmp_path: Path, ending: str, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(tmp_path / f"pipe.{ending}")
    (tmp_path / f"zero.{ending}").symlink_to("/dev/zero")
    for path in sorted(tmp_path.iterdir()):
        arguments = ["run", str(path)] if ending == "toml" else ["inspect", str(path), "--task", "flipflop"]
        assert main(arguments) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert path.name in line
        assert "is no plain file but a device, pipe or socket, which recurra does not read" in line


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    for path in (tmp_path / "huge.npz", tmp_path / "huge.keras"):
        with path.open("wb") as file:
            file.truncate(MOST_FILE_BYTES + 1)
        with pytest.raises(ValueError, match=r"has 1,073,741,825 bytes; recurra reads at most 1,073,741,824 of such a"):
            read_content(path, kind_of(path), AXES)


def test_a_table_of_contents_that_is_too_long_is_not_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "many.npz", "w") as archive:
        for number in range(20_000):
            archive.writestr(f"{number}.npy", b"")
    with pytest.raises(ValueError, match=r"many\.npz: has a table of contents of more than 1,048,576 bytes"):
        read_npz(tmp_path / "many.npz", 1.0)


def test_a_text_file_has_a_largest_size(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_bytes(b"a" * 11)
    assert reading.read_text(tmp_path / "a.toml", 11) == "a" * 11
    with pytest.raises(ValueError, match="has 11 bytes; recurra reads at most 10"):
        reading.read_text(tmp_path / "a.toml", 10)


def mutations(path: Path, count: int, seed: int) -> dict[str, int]:
    """What came of so many mutated files: "read", "refused", or how reading failed otherwise."""
    program = [sys.executable, "-m", "tests.mutations", str(path), kind_of(path), str(count), str(seed)]
    done = subprocess.run(program, capture_output=True, check=True, cwd=Path(__file__).parents[1], timeout=3_000)
    return json.loads(done.stdout)


KINDS = ["npz", "keras 1", "keras 2", "weights", "archive", "gated", "torch", "safetensors", "json"]
QUICK = ("npz", "keras 2", "torch", "safetensors")


@pytest.mark.thorough
@pytest.mark.parametrize(
    "which",
    [kind if kind in QUICK else pytest.param(kind, marks=pytest.mark.slow) for kind in KINDS],
)
def test_mutated_files_are_read_or_refused_in_a_line(files: dict[str, Path], which: str, seed: int) -> None:
    found = mutations(files[which], 60, seed)
    assert set(found) <= {"read", "refused", "crashed"}
    assert found.get("crashed", 0) <= 2  # the HDF5 library's own crashes: a line, as the process is not ours


@pytest.mark.slow
@pytest.mark.parametrize("which", KINDS)
def test_many_mutated_files_are_read_or_refused_in_a_line(files: dict[str, Path], which: str, seed: int) -> None:
    assert set(mutations(files[which], 2_000, seed)) <= {"read", "refused", "crashed"}


@pytest.mark.slow
def test_the_authors_networks_mutated(reference: Path, seed: int) -> None:
    for path in sorted(reference.glob("*n50*epoch19.hdf5")):
        assert set(mutations(path, 500, seed)) <= {"read", "refused", "crashed"}
