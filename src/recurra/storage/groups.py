"""Labelled arrays in `run.zarr`: every chunk has a checksum; a missing or damaged chunk is an error, not zeros."""

import asyncio
import itertools
import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
import zarr
from xarray.backends.zarr import FillValueCoder, encode_zarr_attr_value
from xarray.conventions import encode_dataset_coordinates
from zarr.abc.buffer import Buffer
from zarr.codecs import Crc32cCodec, ZstdCodec
from zarr.errors import ZarrUserWarning
from zarr.storage import LocalStore, MemoryStore

from recurra.checks import check_memory
from recurra.storage.files import naming_file, remove, shown, sync_all, sync_tree
from recurra.terminal import one_line

FLAT: Any = {"name": "default", "configuration": {"separator": "."}}  # the chunks of an array in one folder
CHUNK_BYTES = 2**30  # a larger array has several chunks; compressors take 2 GiB at most
MAX_CHUNKS = 10**6
PLAIN = "biufcT"  # kinds of types that xarray hands to Zarr as they are


def store(path: Path, read_only: bool = True) -> LocalStore:
    """The Zarr store in a local folder. Given a text instead, zarr and xarray would expand `~` and `://` in it."""
    return LocalStore(path, read_only=read_only)


def write_group(path: Path, name: str, dataset: xr.Dataset) -> None:
    """Write a dataset as a group of the Zarr store at `path`, replacing an older one; on return it is on disk."""
    write_groups(path, {name: dataset})


def write_groups(path: Path, datasets: Mapping[str, xr.Dataset]) -> None:
    """Write datasets as groups of the Zarr store at `path`, each replacing an older one; on return they are on disk.

    The files are the same as those of `xarray.Dataset.to_zarr`, which is several times slower because it waits for
    another thread at every step of every array. A group gets its `zarr.json`, which makes it a group, after its arrays.

    Args:
        path: the folder of the store; it is made if it is missing.
        datasets: the datasets by the names of their groups.
    """
    with naming_file(path), ThreadPoolExecutor(1) as pool:  # a notebook has an event loop in the thread that calls
        if not (path / "zarr.json").exists():
            zarr.create_group(store(path, read_only=False), zarr_format=3)
        for name, dataset in datasets.items():
            _remove_group(path / name)
            if all(variable.dtype.kind in PLAIN for variable in dataset.variables.values()):
                pool.submit(asyncio.run, _write_plain(path / name, dataset)).result()
            else:
                _write_other(path / name, dataset)
    sync_tree(*(path / name for name in datasets))
    sync_all([path / "zarr.json", path, path.parent])


def create_array(
    group: zarr.Group, name: str, shape: tuple[int, ...], dtype: np.dtype, axes: tuple[str, ...], filled: int = 1
) -> None:
    """An array to be filled along its first axes, one chunk per index; a float array reads NaN where it is not filled.

    Args:
        group: the group that holds it.
        name: its name.
        shape: its shape.
        dtype: its type.
        axes: the names of its axes.
        filled: number of the axes along which it is filled.
    """
    group.create_array(
        name,
        shape=shape,
        chunks=(*[1] * filled, *_chunks(shape[filled:], dtype)),
        dtype=dtype,
        fill_value=np.nan,
        compressors=(Crc32cCodec(),),  # trained weights are noise to a compressor
        chunk_key_encoding=FLAT,
        dimension_names=axes,
        config={"write_empty_chunks": True},
    )


def create_coordinate(group: zarr.Group, name: str, values: Sequence[int]) -> None:
    """The numbers along the axis `name`."""
    group.create_array(
        name,
        data=np.array(values, np.int64),
        chunks=(len(values),),
        compressors=(Crc32cCodec(),),
        chunk_key_encoding=FLAT,
        dimension_names=(name,),
        config={"write_empty_chunks": True},
    )


def read_group(path: Path, name: str) -> xr.Dataset:
    """A group of the Zarr store at `path`.

    Raises:
        ValueError: the group is missing or damaged; the message names a missing or changed chunk.
    """
    place = path / name
    with reading(place):
        group = zarr.open_group(store(path), path=name, mode="r", zarr_format=3, use_consolidated=False)
        arrays = dict(group.arrays())
    check_memory(f"reading {shown(place)}", float(sum(array.nbytes for array in arrays.values())))
    for key, array in arrays.items():
        check_whole(place / key, array)
    with reading(place):
        dataset = xr.open_zarr(store(path), group=name, zarr_format=3, consolidated=False, chunks=None)
    for key, variable in dataset.variables.items():
        with reading(place / str(key)):
            variable.load()
    return dataset


def read_row(path: Path, array: zarr.Array, row: int) -> np.ndarray:
    """The part of an array at an index of its first axis; `path` is the folder of the array."""
    check_memory(f"reading {shown(path)}", float(math.prod(array.shape[1:]) * array.dtype.itemsize))
    check_whole(path, array, row)
    with reading(path):
        return np.asarray(array[row])


def check_whole(path: Path, array: zarr.Array, row: int | None = None) -> None:
    """Check that every chunk of an array is there; before recurra added checksums it left out chunks of zeros.

    Args:
        path: the folder of the array.
        array: the array, with its metadata.
        row: if given, only the chunks at this index of the first axis.
    """
    codecs = getattr(array.metadata, "codecs", ())
    if not any(isinstance(codec, Crc32cCodec) for codec in codecs):
        return
    grid = array.cdata_shape
    if math.prod(grid) > MAX_CHUNKS:
        raise ValueError(f"{shown(path)} claims {grid} chunks, too many to be true")
    ranges = [range(length) for length in grid]
    if row is not None:
        ranges[0] = range(row, row + 1)  # one chunk per index of the first axis, as in `create_array`
    for index in itertools.product(*ranges):
        chunk = path / array.metadata.encode_chunk_key(index)
        if not chunk.is_file():
            raise ValueError(f"{shown(chunk)} is missing: {shown(path)} is not whole")


def consolidate(path: Path) -> None:
    """Gather the metadata of a Zarr store in its root, so that xarray opens it at once and without a warning."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Consolidated metadata is currently not part", ZarrUserWarning)
        zarr.consolidate_metadata(store(path, read_only=False), zarr_format=3)
    sync_all([path / "zarr.json", path])


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn every error of the libraries that read `path` into one line that names it."""
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings(
                "ignore", "Object at .* is not recognized", ZarrUserWarning
            )  # an error follows where it is needed
            yield
    except Exception as error:
        raise ValueError(f"{shown(path)} is damaged: {one_line(str(error))}") from None


def _remove_group(place: Path) -> None:
    """Remove a group, its `zarr.json` first, so that a killed process leaves no part of a group that can be read."""
    if place.is_dir() and not place.is_symlink():
        remove(place / "zarr.json")
    remove(place)


async def _write_plain(place: Path, dataset: xr.Dataset) -> None:
    """Write a group as `xarray.Dataset.to_zarr` does, with one array at a time in memory."""
    variables, attributes = encode_dataset_coordinates(dataset)
    files: dict[str, Buffer] = {}
    group = await zarr.AsyncGroup.from_store(MemoryStore(files), attributes=_values(attributes), zarr_format=3)
    about = dict(files)
    for key, variable in variables.items():
        array = await group.create_array(
            str(key),
            shape=variable.shape,
            dtype=variable.dtype,
            fill_value=np.nan if variable.dtype.kind == "f" else None,
            attributes=_attributes(variable),
            dimension_names=[str(axis) for axis in variable.dims],
            config={"write_empty_chunks": True},
            **_encoding(variable),
        )
        await array.setitem(Ellipsis, variable.values)
        _put(place, {file: files.pop(file) for file in files.keys() - about})
    _put(place, about)


def _write_other(place: Path, dataset: xr.Dataset) -> None:
    """Write a group with a type that xarray converts, such as times and texts of any length."""
    files: dict[str, Buffer] = {}
    dataset.to_zarr(
        MemoryStore(files),
        mode="w",
        zarr_format=3,
        consolidated=False,
        encoding={key: _encoding(variable) for key, variable in dataset.variables.items()},
        write_empty_chunks=True,
    )
    about = files.pop("zarr.json")
    _put(place, files)
    _put(place, {"zarr.json": about})


def _put(folder: Path, files: Mapping[str, Buffer]) -> None:
    for key, content in files.items():
        path = folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.as_buffer_like())


def _attributes(variable: xr.Variable) -> dict[str, Any]:
    """The attributes as xarray writes them: for a float array they say that NaN is a missing value."""
    attributes = dict(variable.attrs)
    missing = attributes.pop("_FillValue", np.nan if variable.dtype.kind == "f" else None)
    if missing is not None:
        attributes["_FillValue"] = FillValueCoder.encode(missing, variable.dtype)
    return _values(attributes)


def _values(attributes: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(key): encode_zarr_attr_value(value) for key, value in attributes.items()}


def _encoding(variable: xr.Variable) -> Mapping[str, Any]:
    return {
        "chunks": _chunks(variable.shape, variable.dtype),
        "compressors": (ZstdCodec(level=0), Crc32cCodec()),
        "chunk_key_encoding": FLAT,
    }


def _chunks(shape: tuple[int, ...], dtype: np.dtype) -> tuple[int, ...]:
    """One chunk for the whole array, or several along the first axis if it would be too large."""
    rows = max(1, CHUNK_BYTES // max(1, dtype.itemsize * math.prod(shape[1:])))
    return tuple(max(1, length) for length in (*(min(rows, first) for first in shape[:1]), *shape[1:]))
