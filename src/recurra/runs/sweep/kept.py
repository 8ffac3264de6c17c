"""The numbers of the networks of a trained run, kept in a file so that they are computed once."""

import hashlib
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypedDict

from recurra.analysis.cohorts.difference import json_value
from recurra.analysis.cohorts.swept import SweptCondition
from recurra.arrays import named_arrays
from recurra.models.cohort import Cohort
from recurra.runs.network_tables import table_run
from recurra.runs.sweep.plan import Condition
from recurra.storage.files import replace_text
from recurra.storage.run_folder import RunFolder

MOST_ROWS_BYTES = 2**28


class Rows(TypedDict):
    """What is kept of a run: the fields of `SweptCondition`, and what they were made of."""

    made_of: str
    analysed: bool
    rows: list[dict[str, bool | int | float | str | None]]
    starts: list[str]
    seconds: float


ROWS = TypeAdapter(Rows)


def swept_condition(condition: Condition, path: Path, rows_path: Path) -> SweptCondition:
    """The numbers of the networks of a trained condition.

    Args:
        condition: the condition.
        path: its run folder, whose training has ended.
        rows_path: the file in which they are kept.
    """
    kept = _kept(path, rows_path)
    if kept is None:
        run = table_run(RunFolder.open(path), condition.label)
        kept = {
            "made_of": _seal(path),
            "analysed": run.analysed,
            "rows": [{key: json_value(value) for key, value in row.items()} for row in run.rows],
            "starts": _starts(run.cohort),
            "seconds": run.cohort.origin.seconds,
        }
        replace_text(rows_path, json.dumps(kept, allow_nan=False), folders=True)
    return SweptCondition(
        values=condition.values,
        label=condition.label,
        folder=path,
        analysed=kept["analysed"],
        rows=tuple({key: math.nan if value is None else value for key, value in row.items()} for row in kept["rows"]),
        starts=tuple(kept["starts"]),
        seconds=kept["seconds"],
    )


def _kept(path: Path, rows_path: Path) -> dict[str, Any] | None:
    """What is kept of a run; None if that is not what the run is now."""
    if not rows_path.is_file() or rows_path.stat().st_size > MOST_ROWS_BYTES:
        return None
    try:
        kept = ROWS.validate_json(rows_path.read_bytes(), strict=True)
    except ValidationError:
        return None
    return dict(kept) if kept["made_of"] == _seal(path) else None


def _seal(path: Path) -> str:
    """A hash of what the run's own `run.json` says."""
    return hashlib.sha256((path / "run.json").read_bytes()).hexdigest()[:16]


def _starts(cohort: Cohort) -> list[str]:
    arrays = {name: np.asarray(array) for name, array in named_arrays(cohort.initial).items()}
    hashes = []
    for at in range(len(cohort)):
        digest = hashlib.sha256(f"{cohort.seed}".encode())
        for name, array in arrays.items():
            digest.update(f"{name}{array.shape[1:]}".encode() + np.ascontiguousarray(array[at]).tobytes())
        hashes.append(digest.hexdigest()[:16])
    return hashes
