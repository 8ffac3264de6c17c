"""The numbers of networks as tables: one row a network, one column a number, over one or several runs."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from recurra.analysis import Performance, performance
from recurra.analysis.dossier_records import Dossier
from recurra.analysis.failures import Failure
from recurra.analysis.own import group_of
from recurra.models.cohort import Cohort, History
from recurra.numerics import pinned
from recurra.runs.compared_networks import run_names
from recurra.runs.record import cohort_of, cohort_spec, read_run, spec_of
from recurra.runs.tables import changes
from recurra.status import Status
from recurra.storage.run_folder import RunFolder
from recurra.tasks.rules import SUCCESSFUL
from recurra.words.own import scalars_of
from recurra.words.summary import cube_before, dossier_table
from recurra.words.workings_table import workings_table

Row: TypeAlias = dict[str, Any]
PERFORMANCE = "performance"
OF_SUCCESS = ("success", "success_low", "success_high")  # of the performance, and columns of the same name
UNNAMED = ("name", "analyses")  # of a spec, no column


@dataclass(frozen=True)
class TableRun:
    """A run whose networks are the rows of a table.

    Args:
        name: the name of its folder; of a cohort that was not read from one, its place, such as "cohort 1".
        cohort: its networks.
        rows: the numbers of every network.
        spec: its complete spec in plain values; empty if a part of it cannot be named.
        analysed: whether the rows have the numbers of the analyses.
    """

    name: str
    cohort: Cohort
    rows: Sequence[Row]
    spec: Mapping[str, Any]
    analysed: bool


def cohort_table(cohort: Cohort) -> pd.DataFrame:
    """The numbers of a cohort, one row a network, as in `Cohort.to_dataframe`."""
    return _frame(_rows(cohort))


def table(*what: Cohort | Path | str) -> pd.DataFrame:
    """The numbers of all networks of one or several runs as one tidy pandas frame.

    The columns are `run` (the name of the folder; "cohort 1" for the first argument if that is a cohort) and `network`
    (its number in the run); then every key of the spec that differs between the runs, such as
    `training.learning_rate`; then the numbers: those of `Cohort.to_dataframe`, and for an analysed run folder every
    single number that `recurra inspect --json` prints of a network, by names such as `spectrum.count_outside`,
    `memories.held_long` or, of an analysis of your own, `my_analysis.speed.fastest`. A number that a network does not
    have is missing (NaN). Numbers whose names end in `_ms` are in ms, in `_hz` in Hz; the others have no unit.

    Args:
        what: run folders whose training has ended, or cohorts.

    Returns:
        A `pandas.DataFrame` with one row per network, in the order of the runs and of the networks in each.

    Raises:
        ValueError: nothing is given, a path is no run folder, its training has not ended, or it is given twice.
        TypeError: an argument is neither a path nor a cohort.

    Examples:
        >>> import recurra as rc
        >>> rule = rc.Ridge(steps=2, batch=8, validation_trials=4)
        >>> few, many = (rc.train(rc.Not(), rc.GRU(units=n), rule, networks=3, seed=n) for n in (2, 20))
        >>> len(rc.table(few, many))
        6
    """
    runs = read_table_runs(what)
    differing = differing_keys([run.spec for run in runs])
    return _frame(
        [
            {"run": run.name, "network": row["network"]} | {key: values[at] for key, values in differing.items()} | row
            for at, run in enumerate(runs)
            for row in run.rows
        ]
    )


def read_table_runs(what: Sequence[Cohort | Path | str]) -> list[TableRun]:
    """The runs of a table, from their folders or cohorts.

    Args:
        what: run folders whose training has ended, or cohorts.
    """
    if not what:
        raise ValueError("there is no run; give run folders or cohorts, such as rc.table('runs/demo')")
    for one in what:
        if not isinstance(one, Cohort | Path | str):
            raise TypeError(f"{type(one).__name__} is no run; expected the path of a run folder, or a Cohort")
    folders = {at: RunFolder.open(Path(one)) for at, one in enumerate(what) if not isinstance(one, Cohort)}
    paths = [folder.path for folder in folders.values()]
    if len({path.resolve() for path in paths}) < len(paths):
        raise ValueError("a run is given twice; name every run folder once")
    names = dict(zip(folders, run_names(paths), strict=True))
    return [
        _of_cohort(one, f"cohort {at + 1}") if isinstance(one, Cohort) else table_run(folders[at], names[at])
        for at, one in enumerate(what)
    ]


def differing_keys(specs: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """The keys in which specs differ, each with its value in every spec; None where a spec has no such key.

    Args:
        specs: complete specs in plain values.
    """
    first = dict(specs[0])
    keys = dict.fromkeys(key for other in specs[1:] for key in changes(first, dict(other)))
    return {key: [_value(spec, key) for spec in specs] for key in keys if key not in UNNAMED}


def table_run(folder: RunFolder, name: str) -> TableRun:
    """The numbers of the networks of a run folder; those of the training alone if it is not analysed.

    Args:
        folder: the run folder, whose training has ended.
        name: what the run is called.
    """
    cohort, spec = cohort_of(folder), spec_of(folder).table()
    if folder.entry("status") != "analysed":
        return TableRun(name, cohort, _rows(cohort), spec, analysed=False)
    run = read_run(folder)
    numbers = [_numbers(dossier, run.task, cube_before(run, at)) for at, dossier in enumerate(run.dossiers)]
    measured = [dossier.by_group()[PERFORMANCE] for dossier in run.dossiers]
    rows = [row | more for row, more in zip(_rows(cohort, measured), numbers, strict=True)]
    return TableRun(name, cohort, rows, spec, analysed=True)


def _of_cohort(cohort: Cohort, name: str) -> TableRun:
    try:
        spec = cohort_spec(cohort, "run").table()
    except ValueError:  # of classes that no spec can name
        spec = {}
    return TableRun(name, cohort, _rows(cohort), spec, analysed=False)


@pinned()
def _rows(cohort: Cohort, measured: Sequence[Performance | Failure] | None = None) -> list[Row]:
    """The numbers of the training of every network, and how well it does its task."""
    measured = performance(cohort) if measured is None else measured
    return [_row(cohort, at, record) for at, record in enumerate(measured)]


def _row(cohort: Cohort, at: int, measured: Performance | Failure) -> Row:
    history, status = cohort.history, cohort.status[at]
    epochs = np.flatnonzero(~np.isnan(history.success[at]) | ~np.isnan(history.loss[at]))
    last = int(epochs[-1]) if len(epochs) else None
    steps = 0 if last is None else int(history.step[last])
    known = not isinstance(measured, Failure)
    return {
        "network": cohort.numbers[at],
        **cohort.own_numbers(at),
        "status": status.name,
        "steps": steps,
        **({} if history.stages_left is None or last is None else {"stages_left": int(history.stages_left[at, last])}),
        "steps_to_criterion": steps if status is Status.reached else math.nan,
        "steps_to_success": _steps_to_success(cohort, at),
        "loss": math.nan if last is None else float(history.loss[at, last]),
        "validation_loss": math.nan if last is None else float(history.validation_loss[at, last]),
        **_weight_change(history, at, last),
        **{name: getattr(measured, name) if known else math.nan for name in OF_SUCCESS},
        "learned": known and measured.learned and status is not Status.diverged,
        **{
            name: getattr(measured, name) if known else math.nan
            for name in ("mse", "distance", "bit_accuracy", "silent_mse", "silent_success")
        },
    }


def _weight_change(history: History, at: int, last: int | None) -> Row:
    """How far the weights went in training, where it is known."""
    if history.weight_change is None:
        return {}
    return {"weight_change": math.nan if last is None else float(history.weight_change[at, last])}


def _steps_to_success(cohort: Cohort, at: int) -> float:
    """The first step after which as many validation trials are right as a successful network needs; NaN if none."""
    right = np.flatnonzero(cohort.history.on_task(cohort.history.success)[at] >= SUCCESSFUL)
    return float(cohort.history.step[right[0]]) if len(right) else math.nan


def _numbers(dossier: Dossier, task: Any, before: Any) -> Row:
    """Every single number of a dossier, by the names that it has in JSON, such as "spectrum.count_outside"."""
    parts = dossier_table(dossier, before) | workings_table(dossier, task)
    numbers: Row = {"units": _number(parts["units"])}
    for part, values in parts.items():
        if isinstance(values, dict) and part not in (PERFORMANCE, "own_analyses", "failures", "not_applicable"):
            numbers |= {f"{part}.{name}": value for name, value in _single(values)}
    for name, record in dossier.own.items():
        if not isinstance(record, Failure):
            numbers |= {f"{group_of(name)}.{key}": value for key, value in _single(scalars_of(record))}
    return numbers


def _single(values: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [
        (name, _number(value))
        for name, value in values.items()
        if value is None or isinstance(value, bool | int | float | np.number | np.bool_)
    ]


def _number(value: Any) -> Any:
    """A number or truth value of Python; NaN for one that is not known or not finite."""
    if value is None:
        return math.nan
    plain = value.item() if isinstance(value, np.generic) else value
    return plain if math.isfinite(plain) else math.nan


def _value(spec: Mapping[str, Any], key: str) -> Any:
    """The value of a full key in a spec: of a part with a kind the kind, and a list as text."""
    value: Any = spec
    for name in key.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    value = value.get("kind") if isinstance(value, Mapping) else value
    return str(value) if isinstance(value, list) else value


def _frame(rows: Sequence[Row]) -> pd.DataFrame:
    columns = dict.fromkeys(name for row in rows for name in row)
    return pd.DataFrame(list(rows), columns=list(columns))
