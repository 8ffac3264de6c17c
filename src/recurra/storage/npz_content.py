"""What a `.npz` file holds. Every header is judged, and all of them together, before an array is read.

A network of another cell than rate units says in `cell`, a text in JSON, which equations it has and which axes each of
its arrays.
"""

import json
import math
import re
import zipfile
from dataclasses import dataclass
from typing import Any

import numpy as np

from recurra.checks import check_shapes, nearest
from recurra.storage.content import (
    CONNECTIONS,
    MOST_ARRAY_BYTES,
    NO_HINTS,
    Axes,
    Content,
    Hints,
    check_array,
    open_archive,
    unpacked,
)
from recurra.storage.mapped import mapped
from recurra.storage.psychrnn_content import SIGN, psychrnn_content

SETTINGS = {"form": "U", "activation": "U", "leak": "fiu", "dt_ms": "fiu", "noise": "fiu"}  # NumPy's letters
CELL, TIME_STEP = "cell", "dt_ms"  # what the file says of another cell than rate units
MOST_CELL_SIGNS, MOST_ARRAYS, MOST_AXES = 16_384, 64, 8
MAGIC = b"\x93NUMPY\x01\x00"
MOST_HEADER_BYTES = 4_096
DESCRIPTION = re.compile(r"'descr': *'([<>|=]?[a-zA-Z]\d{0,6})'")
FORTRAN = re.compile(r"'fortran_order': *(True|False)")
SHAPE = re.compile(r"'shape': *\(((?: *\d{1,12} *,?)*) *\)")


@dataclass(frozen=True)
class Header:
    """The header of a `.npy` array.

    Args:
        shape: shape of the array.
        dtype: type of its numbers.
        fortran: whether its first axis varies fastest.
        offset: position of its first number, bytes.
    """

    shape: tuple[int, ...]
    dtype: np.dtype
    fortran: bool
    offset: int


@dataclass(frozen=True)
class InNpz:
    """An array of another program in a `.npz` file."""

    archive: zipfile.ZipFile
    name: str
    file: str
    header: Header

    @property
    def shape(self) -> tuple[int, ...]:
        return self.header.shape

    @property
    def dtype(self) -> np.dtype:
        return self.header.dtype

    def __getitem__(self, whole: tuple[()]) -> np.ndarray:
        return array_of(self.archive, self.name, self.file, self.header)


def npz_content(content: bytes, axes: Axes, hints: Hints = NO_HINTS) -> Content:
    """The content of a `.npz` file.

    Args:
        content: the bytes.
        axes: of the weight arrays of rate units, by their names.
        hints: the names of the arrays, where the user maps them.
    """
    with open_archive(content) as archive:
        headers = {}
        for member in archive.infolist():
            name = member.filename.removesuffix(".npy")
            with archive.open(member) as stream:
                headers[name] = header_of(name, stream.read(len(MAGIC) + 2 + MOST_HEADER_BYTES))
        if len(headers) < len(archive.infolist()):
            raise ValueError("holds an array twice")
        files = {member.filename.removesuffix(".npy"): member.filename for member in archive.infolist()}
        if hints.names or SIGN in headers:
            stored = {name: InNpz(archive, name, files[name], header) for name, header in headers.items()}
            return mapped(stored, hints.names, axes) if hints.names else psychrnn_content(stored, axes)
        exist = {name: headers.pop(name) for name in list(headers) if name.startswith(CONNECTIONS)}
        check_connections(exist, headers)
        cell = cell_in(archive, files[CELL], headers[CELL]) if CELL in headers else None
        if cell is None:
            check_headers(headers, axes)
        else:
            check_cell_headers(headers, cell["axes"])
        arrays = {name: array_of(archive, name, files[name], header) for name, header in (headers | exist).items()}
    arrays.pop(CELL, None)
    says = {name: arrays.pop(name).tolist() for name in SETTINGS if name in arrays}
    return Content(arrays, says if cell is None else says | {CELL: cell})


def header_of(name: str, start: bytes) -> Header:
    """The header at the start of a `.npy` array."""
    if not start.startswith(MAGIC):
        raise ValueError(f"the array {name!r} is not in version 1.0 of NumPy's format")
    offset = len(MAGIC) + 2 + int.from_bytes(start[len(MAGIC) : len(MAGIC) + 2], "little")
    text = start[len(MAGIC) + 2 : offset].decode("latin-1")
    matches = [pattern.search(text) for pattern in (DESCRIPTION, FORTRAN, SHAPE)]
    if offset > len(start) or None in matches:
        raise ValueError(f"is damaged: the array {name!r} has no valid header")
    descr, fortran, shape = (match[1] for match in matches if match)
    try:
        dtype = np.dtype(descr)
    except TypeError:
        raise ValueError(f"is damaged: the array {name!r} has the unknown type {descr!r}") from None
    return Header(tuple(int(size) for size in re.findall(r"\d+", shape)), dtype, fortran == "True", offset)


def check_headers(headers: dict[str, Header], axes: Axes) -> None:
    """Check that the arrays are those of a network, with shapes that fit each other, and not too large in total."""
    known = [*axes, *SETTINGS]
    for name in headers:
        if name not in known:
            raise ValueError(f"holds an unknown array {name!r}; {nearest(name, known)}")
    room_bytes = MOST_ARRAY_BYTES
    for name, header in headers.items():
        if name in SETTINGS:
            check_setting(name, header)
        else:
            check_array(name, header.shape, header.dtype, room_bytes)
            room_bytes -= math.prod(header.shape) * header.dtype.itemsize
    missing = [name for name in ("recurrent", "input", "output") if name not in headers]
    if missing:
        raise ValueError(f"lacks the weights {', '.join(missing)}")
    shapes = {name: headers[name].shape for name in headers if name in axes}
    biases = {"recurrent_bias": shapes["recurrent"][:1], "output_bias": shapes["output"][:1]}
    check_shapes(biases | shapes, axes)
    if headers.get("leak") and headers["leak"].shape not in ((), shapes["recurrent"][:1]):
        units = shapes["recurrent"][0]
        raise ValueError(
            f"leak has shape {headers['leak'].shape}; expected one number, or one for each of the {units} units"
        )


def cell_in(archive: zipfile.ZipFile, file: str, header: Header) -> dict[str, Any]:
    """What the file says of its cell: `equations`, a table as in specs, and `axes`, by the names of the arrays."""
    from recurra.storage.plain import check_plain  # noqa: PLC0415 - only for such files, for a quick start

    if header.shape != () or header.dtype.kind != "U" or header.dtype.itemsize > 4 * MOST_CELL_SIGNS:
        raise ValueError(f"{CELL} has shape {header.shape} and type {header.dtype.name}; expected one text")
    text = array_of(archive, CELL, file, header).item()
    if not text.startswith("{"):
        raise ValueError(
            f"names its cell {text[:60]!r} and not its equations; save the network again, from its run folder"
        )
    try:
        cell = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError(f"is damaged: {CELL} holds no JSON") from None
    check_plain(cell)
    axes = cell.get("axes")
    if not isinstance(cell.get("equations"), dict) or not isinstance(axes, dict) or not 0 < len(axes) <= MOST_ARRAYS:
        raise ValueError(f"{CELL} lacks its equations or the axes of its arrays")
    for name, own in axes.items():
        if not isinstance(own, list) or len(own) > MOST_AXES or not all(isinstance(axis, str) for axis in own):
            raise ValueError(f"{CELL} gives the array {name!r} the axes {str(own)[:60]}; expected a list of names")
    return cell


def check_cell_headers(headers: dict[str, Header], axes: dict[str, list[str]]) -> None:
    """The arrays must be those that the file names, of shapes that fit each other, and together not too large."""
    expected = {*axes, CELL, TIME_STEP}
    if set(headers) != expected:
        missing, unknown = sorted(expected - set(headers)), sorted(set(headers) - expected)
        raise ValueError(f"lacks {', '.join(missing)}" if missing else f"holds an unknown array {unknown[0]!r}")
    check_setting(TIME_STEP, headers[TIME_STEP])
    room_bytes = MOST_ARRAY_BYTES
    for name, own in axes.items():
        header = headers[name]
        check_array(name, header.shape, header.dtype, room_bytes, len(own))
        room_bytes -= math.prod(header.shape) * header.dtype.itemsize
    check_shapes({name: headers[name].shape for name in axes}, {name: tuple(own) for name, own in axes.items()})


def check_connections(exist: dict[str, Header], weights: dict[str, Header]) -> None:
    """The arrays that say which connections exist must have the shapes of the weights that they are named after."""
    for name, header in exist.items():
        own = weights.get(name.removeprefix(CONNECTIONS))
        if own is None or header.shape != own.shape or header.dtype != np.dtype(bool):
            expected = "no such weights" if own is None else f"bool{own.shape}"
            raise ValueError(f"the array {name!r} is {header.dtype.name}{header.shape}; expected {expected}")


def check_setting(name: str, header: Header) -> None:
    """Check that a setting is one short text or one number; there may be one leak per unit."""
    axes = 1 if name == "leak" else 0
    if len(header.shape) > axes or header.dtype.kind not in SETTINGS[name] or header.dtype.itemsize > 256:
        expected = "one short text" if SETTINGS[name] == "U" else "one number"
        raise ValueError(f"{name} has shape {header.shape} and type {header.dtype.name}; expected {expected}")


def array_of(archive: zipfile.ZipFile, name: str, file: str, header: Header) -> np.ndarray:
    """The array of a member, which must be exactly as long as its header says."""
    needed = math.prod(header.shape) * header.dtype.itemsize
    held = archive.getinfo(file).file_size - header.offset
    if held != needed:
        raise ValueError(
            f"the array {name!r} claims shape {header.shape} in {needed:,} bytes; the file has {held:,} of it"
        )
    numbers = unpacked(archive, file, header.offset + needed)
    array = np.frombuffer(numbers, header.dtype, offset=header.offset)
    return array.reshape(header.shape, order="F" if header.fortran else "C")
