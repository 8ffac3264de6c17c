"""Files that a spec names: series, whose numbers are read once and become part of the run, and a run to start from."""

from pathlib import Path
from typing import Any

from recurra.storage.series_files import read_series

FILES = {"file": "values", "wanted_file": "wanted"}  # of the task `series`, and what they stand for


def beside(table: Any, folder: Path) -> Any:
    """The table of a spec, with the files of its series, and the run that it starts from, relative to its folder."""
    table = _each(table, lambda key, name, _: {key: str(folder / name)})
    start = table.get("start")
    if isinstance(start, dict) and isinstance(start.get("run"), str) and start["run"]:
        table = {**table, "start": {**start, "run": str((folder / start["run"]).resolve())}}
    return table


def with_series(table: Any) -> Any:
    """The table of a spec, with the numbers that the files of its series hold in the place of their names.

    Raises:
        ValueError: a file is missing or damaged, or its numbers are given too.
    """
    return _each(table, _read)


def _read(key: str, name: str, table: dict[str, Any]) -> dict[str, Any]:
    if FILES[key] in table:
        raise ValueError(f"the series has both {key} and {FILES[key]}; give one of them")
    return {FILES[key]: read_series(name).tolist()}


def _each(table: Any, of: Any) -> Any:
    """The table with every key that names a file of a series replaced, also of series within tasks of several."""
    if isinstance(table, list):
        return [_each(one, of) for one in table]
    if not isinstance(table, dict):
        return table
    changed: dict[str, Any] = {}
    for key, value in table.items():
        if table.get("kind") == "series" and key in FILES:
            if not isinstance(value, str):
                raise ValueError(f"{key} of the series is {value!r}; expected the name of a file, in quotes")
            changed |= of(key, value, table)
        else:
            changed[key] = _each(value, of)
    return changed
