"""The tensors in files of torch and of safetensors, by name: their shapes first, their numbers when they are needed."""

import json
import math
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np

from recurra.storage.content import MOST_ARRAY_BYTES, open_archive, unpacked
from recurra.storage.pickled import MOST_PICKLE_BYTES, Tensor, unpickled

MOST_HEADER_BYTES = 2**24
MOST_TENSORS, MOST_AXES, MOST_DEPTH = 10_000, 8, 6
LENGTH_BYTES = 8  # of the length of the header of a safetensors file
SAFETENSORS = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "BF16": "bfloat16",
    **{f"{letter}{8 * size}": f"<{letter.lower()}{size}" for letter in "IU" for size in (1, 2, 4, 8)},
    "BOOL": "?",
}


@runtime_checkable
class Stored(Protocol):
    """An array in a file: its shape and type are known, its numbers are read by `[()]`."""

    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def dtype(self) -> np.dtype: ...
    def __getitem__(self, whole: tuple[()]) -> np.ndarray: ...


Tensors: TypeAlias = Mapping[str, Stored]


@dataclass(frozen=True)
class NumbersOf:
    """Numbers in a file: bytes and the type in them; bfloat16, which NumPy lacks, becomes float32."""

    content: bytes
    kind: str

    def numbers(self) -> np.ndarray:
        if self.kind != "bfloat16":
            return np.frombuffer(self.content, self.kind)
        return (np.frombuffer(self.content, "<u2").astype("<u4") << 16).view("<f4")


def dtype_of(kind: str) -> np.dtype:
    """The type of the numbers once they are read."""
    return np.dtype("<f4" if kind == "bfloat16" else kind)


def bytes_of(kind: str) -> int:
    """The size of a number in the file."""
    return 2 if kind == "bfloat16" else np.dtype(kind).itemsize


@dataclass(frozen=True)
class InSafetensors:
    """A tensor between two places of a safetensors file."""

    content: bytes
    kind: str
    shape: tuple[int, ...]
    begin: int
    end: int

    @property
    def dtype(self) -> np.dtype:
        return dtype_of(self.kind)

    def __getitem__(self, whole: tuple[()]) -> np.ndarray:
        return NumbersOf(self.content[self.begin : self.end], self.kind).numbers().reshape(self.shape)


@dataclass(frozen=True)
class InTorch:
    """A tensor in an archive of torch."""

    archive: zipfile.ZipFile
    root: str
    order: str
    tensor: Tensor

    @property
    def shape(self) -> tuple[int, ...]:
        return self.tensor.shape

    @property
    def dtype(self) -> np.dtype:
        return dtype_of(self.tensor.storage.dtype)

    def __getitem__(self, whole: tuple[()]) -> np.ndarray:
        storage, name = self.tensor.storage, f"{self.root}data/{self.tensor.storage.key}"
        content = unpacked(self.archive, name, MOST_ARRAY_BYTES)
        kind = storage.dtype if storage.dtype == "bfloat16" else f"{self.order}{storage.dtype}"
        if len(content) != storage.count * bytes_of(storage.dtype):
            raise ValueError(
                f"is damaged: its member {name!r} has {len(content):,} bytes, not {storage.count:,} numbers"
            )
        if storage.dtype == "bfloat16" and self.order == ">":
            content = np.frombuffer(content, ">u2").astype("<u2").tobytes()
        numbers = NumbersOf(content, kind).numbers()
        steps = tuple(step * numbers.itemsize for step in self.tensor.stride)
        part = numbers[self.tensor.offset :]
        return np.lib.stride_tricks.as_strided(part, self.shape, steps, writeable=False).copy()


def safetensors(content: bytes) -> tuple[dict[str, Stored], dict[str, str]]:
    """The tensors of a safetensors file by name, and the texts that the file has beside them.

    The header must describe the bytes after it without a gap or an overlap.

    Raises:
        ValueError: the file is damaged or holds a type that recurra does not know.
    """
    length = int.from_bytes(content[:LENGTH_BYTES], "little")
    start = LENGTH_BYTES + length
    if len(content) < LENGTH_BYTES or length > MOST_HEADER_BYTES or start > len(content):
        raise ValueError(f"is no whole safetensors file: its header claims {length:,} bytes of {len(content):,}")
    try:
        header = json.loads(content[LENGTH_BYTES:start], object_pairs_hook=_once)
    except RecursionError:
        raise ValueError("is damaged: its header is nested too deeply") from None
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise ValueError("is damaged: its header is not valid JSON") from None
    if not isinstance(header, dict) or len(header) > MOST_TENSORS:
        raise ValueError("is damaged: its header is no table of tensors")
    about = header.pop("__metadata__", {})
    if not isinstance(about, dict) or not all(isinstance(text, str) for text in about.values()):
        raise ValueError("is damaged: its __metadata__ holds something else than texts")
    tensors = {name: _in_safetensors(content, start, name, said) for name, said in header.items()}
    at = start
    for name, tensor in sorted(tensors.items(), key=lambda pair: (pair[1].begin, pair[1].end)):
        if tensor.begin != at:
            raise ValueError(f"is damaged: its tensor {name!r} begins at byte {tensor.begin:,}, not {at:,}")
        at = tensor.end
    if at != len(content):
        raise ValueError(f"is damaged: its tensors end at byte {at:,}, and the file at {len(content):,}")
    return dict(tensors), about


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise ValueError("is damaged: its header names a tensor twice")
    return table


def _in_safetensors(content: bytes, start: int, name: str, said: Any) -> InSafetensors:
    """A tensor, as the header describes it."""
    whole = isinstance(said, dict) and set(said) == {"dtype", "shape", "data_offsets"}
    if not whole or not all(_counts(said[key]) for key in ("shape", "data_offsets")) or len(said["data_offsets"]) != 2:
        raise ValueError(f"is damaged: its header has no dtype, shape and data_offsets of the tensor {name!r}")
    if said["dtype"] not in SAFETENSORS:
        raise ValueError(f"its tensor {name!r} has the type {str(said['dtype'])[:20]!r}, which recurra does not know")
    (begin, end), kind, shape = said["data_offsets"], SAFETENSORS[said["dtype"]], tuple(said["shape"])
    needed = math.prod(shape) * bytes_of(kind)
    if end - begin != needed or start + end > len(content):
        raise ValueError(
            f"is damaged: its tensor {name!r} of shape {shape} needs {needed:,} bytes; it has bytes {begin:,} to "
            f"{end:,} of {len(content) - start:,}"
        )
    return InSafetensors(content, kind, shape, start + begin, start + end)


def _counts(said: Any) -> bool:
    """Whether this is a short list of whole numbers, none negative."""
    return isinstance(said, list) and len(said) <= MOST_AXES and all(type(one) is int and one >= 0 for one in said)


def torch_tensors(content: bytes) -> dict[str, Stored]:
    """The tensors of a state_dict that torch.save wrote, alone or within a checkpoint, by name.

    Raises:
        ValueError: the file is damaged, holds none or several of them, or anything but plain values and tensors.
    """
    archive = open_archive(content)
    roots = [name.removesuffix("data.pkl") for name in archive.namelist() if name.split("/")[1:] == ["data.pkl"]]
    if len(roots) != 1:
        raise ValueError("is no archive of torch.save: it lacks the member data.pkl")
    if f"{roots[0]}constants.pkl" in archive.namelist():
        raise ValueError("is a TorchScript program; save the weights alone: torch.save(model.state_dict(), FILE)")
    order = "<"
    if f"{roots[0]}byteorder" in archive.namelist():
        order = {b"little": "<", b"big": ">"}.get(unpacked(archive, f"{roots[0]}byteorder", 16), "")
    if not order:
        raise ValueError("is damaged: its member byteorder is neither little nor big")
    found = _state_dicts(unpickled(unpacked(archive, f"{roots[0]}data.pkl", MOST_PICKLE_BYTES)))
    if len(found) != 1:
        held = "no state_dict" if not found else f"{len(found)} tables of tensors"
        raise ValueError(f"holds {held}; save one: torch.save(model.state_dict(), FILE)")
    return {name: InTorch(archive, roots[0], order, tensor) for name, tensor in found[0].items()}


def _state_dicts(value: Any, depth: int = 0) -> list[dict[str, Tensor]]:
    """The tables of tensors by name in a checkpoint, but not those of an optimizer, which numbers them."""
    if not isinstance(value, dict) or depth > MOST_DEPTH:
        return []
    tensors = {name: one for name, one in value.items() if isinstance(name, str) and isinstance(one, Tensor)}
    if tensors and len(tensors) == len(value):
        return [tensors]
    inner = [one for name, one in value.items() if isinstance(name, str) and not name.startswith("optim")]
    return [found for one in inner for found in _state_dicts(one, depth + 1)]
