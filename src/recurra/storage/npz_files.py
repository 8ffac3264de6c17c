"""Networks in `.npz` files: the five weight arrays by name, and what is needed to run them."""

import math
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from recurra.arrays import WEIGHT_AXES, Weights, named_arrays
from recurra.checks import check_memory, check_positive, nearest
from recurra.engine.dynamics import RateDynamics
from recurra.models.cohort import Network
from recurra.storage.files import new_file

SETTINGS = {"form": "U", "activation": "U", "leak": "fiu", "dt_ms": "fiu"}  # NumPy's letters for text and numbers
DEFLATE_LIMIT = 1_100  # deflate packs at most 1032 bytes into one


def read_npz(path: Path, dt_ms: float) -> Network:
    """The network in a `.npz` file.

    The file holds `recurrent`, `input` and `output`, and may hold `recurrent_bias` and `output_bias` (zeros where
    missing), `form` ("rate"), `activation` ("tanh"), `leak` (1.0) and `dt_ms`.

    Args:
        path: the file.
        dt_ms: length of a time step, ms; the file's own, where it has one, must be equal.

    Raises:
        ValueError: the file is missing, damaged or holds no such network; one line that begins with the file's name.
    """
    check_positive("dt_ms", dt_ms)
    with naming(path), zipfile.ZipFile(path) as archive:
        check_members(archive, path.stat().st_size)
        found = read_arrays(archive)
        settings = {"form": "rate", "activation": "tanh", "leak": 1.0, "dt_ms": dt_ms}
        settings |= {name: found.pop(name).item() for name in SETTINGS if name in found}
        in_file = settings.pop("dt_ms")
        if in_file != dt_ms:
            raise ValueError(f"has dt_ms = {in_file:g}, and dt_ms = {dt_ms:g} was asked for; ask for the file's own")
        return Network(RateDynamics(**settings), weights_of(found), float(dt_ms))


def write_npz(path: Path, network: Network) -> None:
    """Write a network so that `read_npz` finds it, in one piece: the file is there whole, or as it was.

    Args:
        path: the file; one that exists is replaced.
        network: with `RateDynamics`; a `.npz` file can hold no others.

    Raises:
        ValueError: the file cannot be written; one line that begins with its name.
    """
    dynamics = network.dynamics
    if not isinstance(dynamics, RateDynamics):
        raise TypeError(f"the dynamics are {type(dynamics).__name__}; a .npz file holds RateDynamics only")
    settings = {name: getattr(dynamics, name) for name in ("form", "activation", "leak")} | {"dt_ms": network.dt_ms}
    arrays: dict[str, Any] = named_arrays(network.weights) | {
        name: np.asarray(value) for name, value in settings.items()
    }
    with naming(path), new_file(path) as file:
        np.savez(file, **arrays)


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Turn what goes wrong with a file into a `ValueError` of one line that begins with the file's name."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{path}: {one_line(error)}") from None
    except OSError as error:
        raise ValueError(f"{path}: {one_line(error.strerror or error)}") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, RuntimeError, TypeError, MemoryError) as error:
        raise ValueError(f"{path}: is damaged: {one_line(error)}") from None


def one_line(message: object) -> str:
    """The message without line breaks and signs that a terminal obeys: parts of it may come from the file."""
    return "".join(sign if sign.isprintable() else "?" for sign in " ".join(str(message).split()))[:400]


def check_members(archive: zipfile.ZipFile, file_bytes: int) -> None:
    """No member of a zip archive may be encrypted, packed in a rare way, or larger than the file can hold."""
    for member in archive.infolist():
        if member.flag_bits & 1 or member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError(f"its member {member.filename!r} is encrypted or compressed in an unknown way")
    unpacked = sum(member.file_size for member in archive.infolist())
    if unpacked > DEFLATE_LIMIT * file_bytes:
        raise ValueError(f"claims to unpack to {unpacked:,} bytes, more than its {file_bytes:,} bytes can hold")
    check_memory("unpacking it", unpacked)


def read_arrays(archive: zipfile.ZipFile) -> dict[str, np.ndarray]:
    """The arrays of a `.npz` archive by name; a header is judged before its array is read."""
    known = [*WEIGHT_AXES, *SETTINGS]
    arrays = {}
    for member in archive.infolist():
        name = member.filename.removesuffix(".npy")
        if name not in known:
            raise ValueError(f"holds an unknown array {name!r}; {nearest(name, known)}")
        with archive.open(member) as stream:
            if np.lib.format.read_magic(stream) != (1, 0):
                raise ValueError(f"the array {name!r} is not in version 1.0 of NumPy's format")
            shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
        if name in SETTINGS:
            check_setting(name, shape, dtype)
        else:
            check_weights(name, shape, dtype, member.file_size)
        with archive.open(member) as stream:
            arrays[name] = np.lib.format.read_array(stream, allow_pickle=False)
    return arrays


def check_setting(name: str, shape: tuple[int, ...], dtype: np.dtype) -> None:
    """A setting must be one short text or one number."""
    if shape != () or dtype.kind not in SETTINGS[name] or dtype.itemsize > 256:
        expected = "one short text" if SETTINGS[name] == "U" else "one number"
        raise ValueError(f"{name} has shape {shape} and type {dtype.name}; expected {expected}")


def check_weights(name: str, shape: tuple[int, ...], dtype: np.dtype, room_bytes: int) -> None:
    """Weights must be floating-point numbers on one or two axes, and no more of them than there is room for."""
    if dtype.kind != "f" or dtype.itemsize not in (2, 4, 8):
        raise ValueError(f"the array {name!r} has the type {dtype.name}; expected float32 or float64")
    if len(shape) not in (1, 2) or min(shape) < 1:
        raise ValueError(f"the array {name!r} has shape {shape}; expected one or two axes, none empty")
    if math.prod(shape) * dtype.itemsize > room_bytes:
        raise ValueError(f"the array {name!r} claims shape {shape}, more than its {room_bytes:,} bytes can hold")


def weights_of(found: Mapping[str, np.ndarray]) -> Weights:
    """The five arrays in float32 or float64; biases that are missing are zeros."""
    missing = [name for name in ("recurrent", "input", "output") if name not in found]
    if missing:
        raise ValueError(f"lacks the weights {', '.join(missing)}")
    arrays: dict[str, Any] = {
        name: np.ascontiguousarray(array, np.float64 if array.itemsize == 8 else np.float32)
        for name, array in found.items()
    }
    for bias, like in (("recurrent_bias", arrays["recurrent"]), ("output_bias", arrays["output"])):
        arrays.setdefault(bias, np.zeros(len(like), like.dtype))
    return Weights(**arrays)
