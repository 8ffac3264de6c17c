"""The user's own analyses that a spec names: functions if their module is in use, records read as data if it is not."""

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import xarray as xr

from recurra.analysis.failures import Failure, attempted
from recurra.analysis.own import OwnAnalysis, OwnRecord, name_of, record_kind
from recurra.arrays import record_axes
from recurra.runs.own import check_analyses, own_object
from recurra.runs.record_store import cohort_records, records_of_networks
from recurra.storage.files import remove
from recurra.storage.records import axes_of_dataset, values_from_dataset
from recurra.storage.run_folder import RunFolder


def analyses_named(names: Sequence[str]) -> tuple[OwnAnalysis, ...]:
    """The analyses that a spec names, whose modules must be in use.

    Raises:
        ValueError: a module was not imported, or has no such analysis; one line that says what to do.
    """
    return tuple(_analysis(name) for name in names)


def analyses_or_reasons(names: Sequence[str]) -> tuple[tuple[OwnAnalysis, ...], dict[str, Failure]]:
    """The analyses whose modules are in use, and by name why the others cannot run."""
    functions = {name: attempted(lambda name=name: _analysis(name)) for name in names}
    lost = {name: Failure(_plain(own.reason)) for name, own in functions.items() if isinstance(own, Failure)}
    return tuple(function for name, function in functions.items() if name not in lost), lost


def _plain(reason: str) -> str:
    return reason.removeprefix("ValueError: ").partition(" (in ")[0]


def _analysis(name: str) -> OwnAnalysis:
    function = own_object(name, "analyses")
    if not callable(function) or isinstance(function, type):
        raise ValueError(f"analyses names {name!r}, which is no function; expected one that takes a rc.Visit")
    try:
        record_kind(function)
    except TypeError as error:
        raise ValueError(f"analyses: {error}") from None
    return function


def own_groups(folder: RunFolder) -> list[str]:
    """The groups of `run.zarr` that hold the records of own analyses; none before the run is analysed."""
    groups = folder.about().get("analysis", {}).get("groups", {})
    own = [group for group in groups if "." in group]
    check_analyses([name_of(group) for group in own])
    return own


def own_records(folder: RunFolder, numbers: Sequence[int]) -> dict[str, list[Any]]:
    """The records of own analyses by "module:function": one record per network, or its `Failure`.

    The records have their class if its module is in use. They are `OwnRecord`s if it is not, or if the class has
    changed. Nothing is imported.

    Args:
        folder: an analysed run.
        numbers: numbers of its networks.
    """
    return {
        name_of(group): _records(name_of(group), folder.read_dataset(group), numbers) for group in own_groups(folder)
    }


def _records(name: str, dataset: xr.Dataset, numbers: Sequence[int]) -> list[Any]:
    kind = _kind_in_use(name)
    if kind is not None and record_axes(kind) == axes_of_dataset(dataset):
        return cohort_records(kind, dataset, numbers)
    axes = dict(sorted(axes_of_dataset(dataset).items()))
    meanings = {key: str(dataset[key].attrs.get("description", "")) for key in axes}

    def read(known: xr.Dataset) -> list[OwnRecord]:
        return [OwnRecord(values, axes, meanings) for values in values_from_dataset(known)]

    return records_of_networks(dataset, numbers, read, name)


def _kind_in_use(name: str) -> type | None:
    module, _, function = name.partition(":")
    known: Callable[..., Any] | None = vars(sys.modules[module]).get(function) if module in sys.modules else None
    kind = attempted(lambda: record_kind(known)) if callable(known) else None
    return None if isinstance(kind, Failure) else kind


def remove_older(folder: RunFolder, groups: Mapping[str, Any]) -> None:
    """Remove the groups of own analyses that are not among the given groups."""
    for group in own_groups(folder):
        if group not in groups:
            remove(folder.path / "run.zarr" / group)
