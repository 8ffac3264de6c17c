"""Convert records to labelled arrays and back: the axis names are those in the annotations of the records."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
import xarray as xr
from numpy import dtypes

from recurra.arrays import record_axes
from recurra.storage.labels import labels_of, word_labels

Record = TypeVar("Record")
FILLS: dict[str, Any] = {"f": np.nan, "c": np.nan, "b": False, "u": 0, "U": ""}  # padding by NumPy's letter of a type
COUNT = "{}_count"  # the variable with the length in each network of an axis whose length differs between networks


def to_dataset(records: Sequence[Any], numbers: Sequence[int]) -> xr.Dataset:
    """The records of a cohort as one dataset, with a leading `network` axis.

    An axis that is not equally long in all networks is padded, with NaN, -1, False or an empty text; `<axis>_count`
    has its length in each network.

    Args:
        records: one per network, all of the same kind.
        numbers: the networks' numbers, the coordinate of the `network` axis.
    """
    axes = record_axes(type(records[0]))
    arrays = {name: [np.asarray(getattr(record, name)) for record in records] for name in axes}
    lengths: dict[str, list[int]] = {}
    for name, named in axes.items():
        lengths |= {axis: [array.shape[at] for array in arrays[name]] for at, axis in enumerate(named)}
    variables = {
        name: (
            ("network", *named),
            _storable(np.stack([_padded(array, [max(lengths[axis]) for axis in named]) for array in many])),
            labels_of(type(records[0]), name),
        )
        for (name, named), many in zip(axes.items(), arrays.values(), strict=True)
    }
    for axis, counts in lengths.items():
        if len(set(counts)) > 1:
            label = {"units": "1", "description": f"how long the axis {axis} is in each network; the rest is padded"}
            variables[COUNT.format(axis)] = (("network",), np.array(counts), label)
    return xr.Dataset(variables, coords={"network": list(numbers)})


def from_dataset(kind: type[Record], dataset: xr.Dataset) -> list[Record]:
    """The records of every network, in the order of the dataset."""
    _check_complete(kind, dataset)
    dataset = _with_states(kind, dataset)
    return [
        kind(**{name: _value(network[name], axes, network) for name, axes in record_axes(kind).items()})
        for network in (dataset.isel(network=at) for at in range(dataset.sizes["network"]))
    ]


def _with_states(kind: type, dataset: xr.Dataset) -> xr.Dataset:
    """The dataset with the axis `state_variable`, which is called `unit` in older runs, whose states are the rates."""
    older = "unit" in dataset.dims and "unit" not in {axis for axes in record_axes(kind).values() for axis in axes}
    return dataset.rename({"unit": "state_variable"}) if older else dataset


def _check_complete(kind: type, dataset: xr.Dataset) -> None:
    missing = set(record_axes(kind)) - set(dataset.data_vars)
    if missing:
        raise ValueError(f"the run folder's {kind.__name__} lacks {', '.join(sorted(missing))}; analyse the run again")


def _padded(array: np.ndarray, shape: Sequence[int]) -> np.ndarray:
    if array.shape == tuple(shape):
        return array
    fill = FILLS.get(array.dtype.kind, -1)
    return np.pad(
        array, [(0, most - here) for most, here in zip(shape, array.shape, strict=True)], constant_values=fill
    )


def _storable(array: np.ndarray) -> np.ndarray:
    """The array as stored: texts get a type of any length, other arrays stay as they are."""
    return array.astype(dtypes.StringDType()) if array.dtype.kind == "U" else array


def _value(variable: xr.DataArray, axes: tuple[str, ...], network: xr.Dataset) -> Any:
    """A field of one network's record, without padding."""
    counts = {axis: slice(int(network[COUNT.format(axis)])) for axis in axes if COUNT.format(axis) in network}
    values = variable.transpose(*axes).isel(counts).values
    if values.dtype.kind in "TO":  # texts of any length
        values = np.array(values.tolist(), str).reshape(values.shape)
    return values if axes else values.item()


def axes_of_dataset(dataset: xr.Dataset) -> dict[str, tuple[str, ...]]:
    """The axes of one network's record in a dataset of a cohort, by the names of the fields."""
    counts = {COUNT.format(axis) for axis in dataset.dims}
    return {
        str(name): tuple(str(axis) for axis in variable.dims if axis != "network")
        for name, variable in dataset.data_vars.items()
        if name not in counts
    }


def values_from_dataset(dataset: xr.Dataset) -> list[dict[str, Any]]:
    """The values of every network's record by name, for records of an unknown class; in the order of the dataset."""
    axes = axes_of_dataset(dataset)
    return [
        {name: _value(network[name], own, network) for name, own in axes.items()}
        for network in (dataset.isel(network=at) for at in range(dataset.sizes["network"]))
    ]


def to_single_dataset(record: Any) -> xr.Dataset:
    """A record of a whole cohort as a dataset; its fields have exactly the axes of their annotations."""
    axes = record_axes(type(record))
    kind = type(record)
    arrays = {name: (named, np.asarray(getattr(record, name)), labels_of(kind, name)) for name, named in axes.items()}
    return xr.Dataset(arrays)


def named(dataset: xr.Dataset, names: Mapping[str, Sequence[str]]) -> xr.Dataset:
    """The dataset with a coordinate for every axis with named entries: numbers, with the names as attributes."""
    coordinates = {
        axis: (axis, dataset[axis].values, word_labels(words))
        for axis, words in names.items()
        if axis in dataset.coords or dataset.sizes.get(axis) == len(words)
    }
    return dataset.assign_coords(coordinates)


def from_single_dataset(kind: type[Record], dataset: xr.Dataset) -> Record:
    """The record of a whole cohort."""
    _check_complete(kind, dataset)
    return kind(**{name: _value(dataset[name], axes, dataset) for name, axes in record_axes(kind).items()})
