"""Records of a cohort in `run.zarr`, where an analysis may have failed on some networks or on all."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import xarray as xr

from recurra.analysis.failures import Failure
from recurra.storage.records import from_dataset, from_single_dataset, to_dataset, to_single_dataset

FAILED = "failed"  # the attribute of a group that says why some or all networks are missing
NOT_APPLICABLE = "not_applicable"  # the same for records that are not defined for a network


def cohort_dataset(records: Sequence[Any], numbers: Sequence[int]) -> xr.Dataset:
    """The records of all networks as one dataset; it lacks networks without a record, and its attributes say why.

    Args:
        records: one per network; a `Failure` if its analysis failed.
        numbers: the networks' numbers.
    """
    reasons: dict[str, dict[str, str]] = {}
    for number, record in zip(numbers, records, strict=True):
        if isinstance(record, Failure):
            reasons.setdefault(FAILED if record.applies else NOT_APPLICABLE, {})[str(number)] = record.reason
    pairs = zip(records, numbers, strict=True)
    kept = [(record, number) for record, number in pairs if not isinstance(record, Failure)]
    if not kept:
        return xr.Dataset(coords={"network": np.zeros(0, int)}, attrs=reasons)
    known, of = zip(*kept, strict=True)
    return to_dataset(known, of).assign_attrs(reasons)


def cohort_records(kind: type, dataset: xr.Dataset, numbers: Sequence[int]) -> list[Any]:
    """The record of every network, or its `Failure`, in the order of the numbers.

    Args:
        kind: class of the records.
        dataset: made by `cohort_dataset`.
        numbers: the networks' numbers.
    """
    return records_of_networks(dataset, numbers, partial(from_dataset, kind), kind.__name__)


def records_of_networks(
    dataset: xr.Dataset, numbers: Sequence[int], read: Callable[[xr.Dataset], list[Any]], what: str
) -> list[Any]:
    """The record of every network, or its `Failure`, in the order of the numbers.

    Args:
        dataset: made by `cohort_dataset`.
        numbers: the networks' numbers.
        read: reads the records of a dataset that has some.
        what: name of the records, for messages.
    """
    known = dataset["network"].values.tolist()
    reasons = {
        number: Failure(reason, applies)
        for attribute, applies in ((FAILED, True), (NOT_APPLICABLE, False))
        for number, reason in dataset.attrs.get(attribute, {}).items()
    }
    records = dict(zip(known, read(dataset) if known else [], strict=True))
    missing = [number for number in numbers if number not in records and str(number) not in reasons]
    if missing:
        raise ValueError(f"the run folder's {what} lacks network {missing[0]}; analyse the run again")
    return [records[number] if number in records else reasons[str(number)] for number in numbers]


def single_dataset(record: Any) -> xr.Dataset:
    """The record of a whole cohort as a dataset; for a `Failure` only the attribute that says why."""
    return xr.Dataset(attrs={FAILED: record.reason}) if isinstance(record, Failure) else to_single_dataset(record)


def single_record(kind: type, dataset: xr.Dataset) -> Any:
    """The record of a whole cohort, or its `Failure`."""
    return Failure(dataset.attrs[FAILED]) if FAILED in dataset.attrs else from_single_dataset(kind, dataset)
