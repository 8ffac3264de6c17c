"""Networks in `.npz` files: the five arrays of section 2 by name, and what is needed to run them."""

import os
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from recurra.arrays import WEIGHT_AXES, Weights, named_arrays
from recurra.checks import check_memory, check_positive, nearest
from recurra.engine.dynamics import RateDynamics
from recurra.models.cohort import Network

MAX_WEIGHTS = 2**32
SETTINGS: dict[str, Any] = {"form": "rate", "activation": "tanh", "leak": 1.0, "dt_ms": None}
OPTIONAL = ("recurrent_bias", "output_bias")


def read_npz(path: Path, dt_ms: float) -> Network:
    """The network in a `.npz` file.

    The file holds `recurrent`, `input` and `output`, and may hold `recurrent_bias` and `output_bias` (zeros where
    missing), `form` ("rate"), `activation` ("tanh"), `leak` (1.0) and `dt_ms`.

    Args:
        path: the file.
        dt_ms: length of a time step, ms; the file's own, if it has one, must be equal.

    Raises:
        ValueError: where the file is missing, damaged or holds no such network; it names the file and the problem.
    """
    check_positive("dt_ms", dt_ms)
    with errors_name(path), open_zip(path) as archive:
        found = read_arrays(archive)
        weights = weights_of({name: found[name] for name in WEIGHT_AXES if name in found})
        settings = {name: setting(name, found[name]) if name in found else default for name, default in SETTINGS.items()}
        in_file = settings.pop("dt_ms")
        if in_file is not None and in_file != dt_ms:
            raise ValueError(f"was made with dt_ms = {in_file:g}, not {dt_ms:g}; ask for dt_ms = {in_file:g}")
        return Network(RateDynamics(**settings), weights, float(dt_ms))


def write_npz(path: Path, network: Network) -> None:
    """Write a network as `read_npz` reads it, in one piece: the file is there whole, or as it was.

    Args:
        path: the file; one that exists is replaced.
        network: with dynamics of the class `RateDynamics`; a `.npz` file can hold no other.

    Raises:
        ValueError: where the file cannot be written.
    """
    dynamics = network.dynamics
    if not isinstance(dynamics, RateDynamics):
        raise TypeError(f"the dynamics are {type(dynamics).__name__}; a .npz file holds RateDynamics only")
    settings = {"form": dynamics.form, "activation": dynamics.activation, "leak": dynamics.leak, "dt_ms": network.dt_ms}
    arrays = named_arrays(network.weights) | {name: np.asarray(value) for name, value in settings.items()}
    partial = path.with_name(path.name + ".partial")
    with errors_name(path):
        try:
            with partial.open("wb") as file:
                np.savez(file, allow_pickle=False, **arrays)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)


@contextmanager
def errors_name(path: Path) -> Iterator[None]:
    """Turn what goes wrong inside into a `ValueError` of one line that begins with the file's name."""
    try:
        yield
    except OSError as error:
        raise ValueError(f"{path}: {one_line(error.strerror or error)}") from None
    except ValueError as error:
        raise ValueError(f"{path}: {one_line(error)}") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, RuntimeError, TypeError, MemoryError) as error:
        raise ValueError(f"{path}: is damaged: {one_line(error)}") from None


def one_line(message: object) -> str:
    return " ".join(str(message).split())


def open_zip(path: Path) -> zipfile.ZipFile:
    """The archive, after a look at its table of contents: no member may be larger than memory, or in disguise."""
    archive = zipfile.ZipFile(path)
    for member in archive.infolist():
        if member.flag_bits & 1 or member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError(f"its member {member.filename!r} is encrypted or compressed in an unknown way")
    check_memory("reading it", sum(member.file_size for member in archive.infolist()))
    return archive


def read_arrays(archive: zipfile.ZipFile) -> dict[str, np.ndarray]:
    """The arrays of a `.npz` archive by name."""
    known = [*WEIGHT_AXES, *SETTINGS]
    arrays = {}
    for member in archive.infolist():
        name = member.filename.removesuffix(".npy")
        if name not in known:
            raise ValueError(f"holds an unknown array {name!r}; {nearest(name, known)}")
        check_header(archive, member, name)
        with archive.open(member) as stream:
            arrays[name] = np.lib.format.read_array(stream, allow_pickle=False)
    return arrays


def check_header(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str) -> None:
    """Before an array is read: its kind, and that it takes no more room than its member has."""
    with archive.open(member) as stream:
        if np.lib.format.read_magic(stream) != (1, 0):
            raise ValueError(f"the array {name!r} is in another version of NumPy's format than 1.0")
        shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
    check_weights_array(name, shape, dtype, member.file_size) if name in WEIGHT_AXES else check_scalar(name, shape, dtype)


def check_weights_array(name: str, shape: tuple[int, ...], dtype: np.dtype, room: int) -> None:
    """An array that claims to be weights: floating-point numbers, one or two axes, no larger than `room` bytes."""
    if dtype.kind != "f" or dtype.itemsize not in (2, 4, 8):
        raise ValueError(f"the array {name!r} has the type {dtype}; expected float32 or float64")
    if len(shape) not in (1, 2):
        raise ValueError(f"the array {name!r} has shape {shape}; expected one or two axes")
