"""The content of a network's file before it becomes a network: arrays, and its statements about the equations."""

import io
import math
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

MOST_FILE_BYTES = 2**30
MOST_ARRAY_BYTES = 2**29  # largest size of all arrays of a network together: 8,000 units in float64
END_OF_ARCHIVE, END_BYTES = b"PK\x05\x06", 22
MOST_TABLE_BYTES = 2**20
KIND = "kind"
MAP = "--map ARRAY=NAME, in Python names={ARRAY: NAME}"  # what says which array is which
CONNECTIONS = "connections_"  # before the name of an array: which of its connections exist

Axes: TypeAlias = Mapping[str, tuple[str, ...]]  # axes of arrays by the names of the arrays


@dataclass(frozen=True)
class Content:
    """The content of a network's file.

    Args:
        arrays: the weight arrays by recurra's names, with the axes in recurra's order.
        says: the file's statements about the equations: `form`, `activation`, `leak`, `noise` and `dt_ms`, or some of
            them; for a gated cell of another program `kind`, `gate`, `reset` and `dt_ms`, or some of them; for other
            cells of recurra `dt_ms` and `cell`, a table with `equations` and `axes`; for a file that only describes a
            network `configuration`, its table.
        notes: differences between recurra and the program that wrote the file.
    """

    arrays: dict[str, np.ndarray]
    says: dict[str, Any]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Hints:
    """What the reader of a file knows of it beforehand.

    Args:
        names: recurra's arrays of rate units by their names in the file, where the user maps them.
        settings: of a configuration that lies beside the file.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)


NO_HINTS = Hints()


def check_array(name: str, shape: tuple[int, ...], dtype: np.dtype, room_bytes: int, axes: int | None = None) -> None:
    """Check that weights are floating-point numbers on `axes` axes, or one or two, and fit in the room that is left."""
    if dtype.kind != "f" or dtype.itemsize not in (2, 4, 8):
        raise ValueError(f"the array {name!r} has the type {dtype.name}; expected float32 or float64")
    if len(shape) not in ((1, 2) if axes is None else (axes,)) or min(shape, default=1) < 1:
        expected = "one or two" if axes is None else axes
        raise ValueError(f"the array {name!r} has shape {shape}; expected {expected} axes, none empty")
    if math.prod(shape) * dtype.itemsize > room_bytes:
        raise ValueError(f"the array {name!r} claims shape {shape}, more than the {room_bytes:,} bytes it may have")


def at_least_single(array: np.ndarray) -> np.ndarray:
    """The array in float32 if its numbers are in half precision, in which sums would be rounded to three digits."""
    return array.astype(np.float32) if array.itemsize < np.dtype(np.float32).itemsize else array


def open_archive(content: bytes) -> zipfile.ZipFile:
    """Open a zip archive; an error unless its table of contents is short and complete, and its members are ordinary."""
    end = content.rfind(END_OF_ARCHIVE)
    if end < 0 or len(content) < end + END_BYTES:
        raise ValueError("is damaged: it is no whole zip archive")
    count, table_bytes = (int.from_bytes(content[end + at : end + to], "little") for at, to in ((10, 12), (12, 16)))
    if table_bytes > MOST_TABLE_BYTES:  # Python reads the whole table at once
        raise ValueError(f"has a table of contents of more than {MOST_TABLE_BYTES:,} bytes")
    archive = zipfile.ZipFile(io.BytesIO(content))
    members = archive.infolist()
    if len({member.filename for member in members}) != count:
        raise ValueError(f"is damaged: its table of contents should have {count:,} members of different names")
    for member in members:
        if member.flag_bits & 1 or member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError(f"its member {member.filename!r} is encrypted or compressed in an unknown way")
    return archive


def unpacked(archive: zipfile.ZipFile, name: str, most_bytes: int) -> bytes:
    """A member of a zip archive, if it has at most `most_bytes` bytes."""
    if name not in archive.namelist():
        raise ValueError(f"lacks the member {name!r}")
    claimed = archive.getinfo(name).file_size
    if claimed > most_bytes:
        raise ValueError(f"its member {name!r} unpacks to {claimed:,} bytes; recurra reads at most {most_bytes:,}")
    with archive.open(name) as stream:
        return stream.read(most_bytes)
