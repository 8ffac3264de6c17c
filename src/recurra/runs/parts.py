"""The records of one network in a file, passed from the process that made them to the one that joins them."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from recurra.analysis.failures import Failure
from recurra.storage.files import new_file
from recurra.storage.records import record_axes

FAILED = "failed"  # the entry that says which records failed, and why


def write_part(path: Path, records: Mapping[str, Any]) -> None:
    """Write the records of one network, in one piece.

    Args:
        path: the file, an .npz.
        records: the records by name; a `Failure` if the analysis failed.
    """
    failed = {name: asdict(record) for name, record in records.items() if isinstance(record, Failure)}
    arrays = {
        f"{name}/{field}": np.asarray(getattr(record, field))
        for name, record in records.items()
        if name not in failed
        for field in record_axes(type(record))
    }
    with new_file(path) as file:
        np.savez(file, allow_pickle=False, **{FAILED: np.array(json.dumps(failed))}, **arrays)


def read_part(path: Path, kinds: Mapping[str, type]) -> dict[str, Any]:
    """The records of one network, or their `Failure`s, as `write_part` wrote them.

    Args:
        path: the file.
        kinds: classes of the records, by name.
    """
    with np.load(path, allow_pickle=False) as arrays:
        failed = json.loads(arrays[FAILED].item())
        return {
            name: Failure(**failed[name])
            if name in failed
            else kind(**{field: _value(arrays[f"{name}/{field}"], axes) for field, axes in record_axes(kind).items()})
            for name, kind in kinds.items()
        }


def _value(array: np.ndarray, axes: tuple[str, ...]) -> Any:
    return array if axes else array.item()
