"""Records to labelled arrays and back: the axis names are those of the records' annotations."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any, TypeVar, get_type_hints

import numpy as np
import xarray as xr

Record = TypeVar("Record")


def to_dataset(records: Sequence[Any], numbers: Sequence[int]) -> xr.Dataset:
    """The records of a cohort as one dataset, with a leading `network` axis.

    Args:
        records: one a network, all of one kind and with equal shapes.
        numbers: the networks' numbers, the coordinate of the `network` axis.
    """
    axes = record_axes(type(records[0]))
    variables = {
        name: (("network", *named), np.stack([np.asarray(getattr(record, name)) for record in records]))
        for name, named in axes.items()
    }
    return xr.Dataset(variables, coords={"network": list(numbers)})


def from_dataset(kind: type[Record], dataset: xr.Dataset) -> list[Record]:
    """The records of every network, in the order of the dataset."""
    missing = set(record_axes(kind)) - set(dataset.data_vars)
    if missing:
        raise ValueError(f"the run folder's {kind.__name__} lacks {', '.join(sorted(missing))}; analyse the run again")
    arrays = {name: dataset[name].transpose("network", *axes).values for name, axes in record_axes(kind).items()}
    return [
        kind(**{name: array[at].item() if array.ndim == 1 else array[at] for name, array in arrays.items()})
        for at in range(dataset.sizes["network"])
    ]


def record_axes(kind: type) -> dict[str, tuple[str, ...]]:
    """The axis names of every field of a record: those of its array annotation, none for a number."""
    hints = get_type_hints(kind)
    return {field.name: tuple(getattr(hints[field.name], "dim_str", "").split()) for field in fields(kind)}
