"""Networks and tables of a run for other tools."""

import csv
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import xarray as xr

from recurra.analysis.dossier_records import record_kinds
from recurra.analysis.failures import Failure
from recurra.analysis.record import kinds_before
from recurra.models.cohort import History
from recurra.models.network import Network
from recurra.runs.cells import write_network_file
from recurra.runs.own_analyses import own_groups
from recurra.runs.record import check_analysed, cohort_of
from recurra.runs.record_store import FAILED, NOT_APPLICABLE, cohort_dataset, cohort_records
from recurra.storage.files import new_folder
from recurra.storage.keras_writing import write_keras, write_keras_hdf5
from recurra.storage.labels import labels_of
from recurra.storage.records import named
from recurra.storage.run_folder import RunFolder
from recurra.storage.torch_writing import write_safetensors, write_torch

NETWORKS: dict[str, tuple[str, Callable[[Path, Network], None]]] = {
    "npz": (".npz", write_network_file),
    "keras": (".keras", write_keras),
    "hdf5": (".h5", write_keras_hdf5),
    "torch": (".pt", write_torch),
    "safetensors": (".safetensors", write_safetensors),
}
"""Of each format of networks the ending of its files, and what writes one."""


def export_run(folder: RunFolder, kind: str, out: Path) -> list[Path]:
    """Write a run's networks or tables into a new folder, which appears complete or not at all.

    Args:
        folder: the run.
        kind: a key of `NETWORKS`, for a file per network, or "csv", the tables of the analysis.
        out: the folder to make.

    Returns:
        The files written.

    Raises:
        ValueError: the other program has no such network, or the folder exists.
    """
    with new_folder(out) as partial:
        if kind == "csv":
            _write_tables(folder, partial)
        else:
            _write_networks(folder, partial, *NETWORKS[kind])
    return sorted(out.iterdir())


def _write_networks(folder: RunFolder, out: Path, ending: str, write: Callable[[Path, Network], None]) -> None:
    cohort = cohort_of(folder)
    for position, number in enumerate(cohort.numbers):
        write(out / f"network-{number:03d}{ending}", cohort[position])


def _write_tables(folder: RunFolder, out: Path) -> None:
    cohort = cohort_of(folder)
    check_analysed(folder)
    names = {"condition": cohort.task.condition_names}
    axes = {"network": list(cohort.numbers), "epoch": np.arange(1, len(cohort.history.step) + 1)}
    curves = {
        name: (("network", "epoch"), curve, labels_of(History, name)) for name, curve in cohort.history.curves().items()
    }
    steps = {"step": ("epoch", cohort.history.step, labels_of(History, "step"))}
    columns = _write_dataset(out, "history", xr.Dataset(steps | curves, coords=axes))
    missing: list[tuple[str, int, str, str]] = []
    for name, kind in (record_kinds(cohort.task) | kinds_before(cohort.task)).items():
        records = cohort_records(kind, folder.read_dataset(name), cohort.numbers)
        missing += [
            (name, number, "failed" if one.applies else "not defined", one.reason)
            for one, number in zip(records, cohort.numbers, strict=True)
            if isinstance(one, Failure)
        ]
        columns += _write_dataset(out, name, named(cohort_dataset(records, cohort.numbers), names))
    for group in own_groups(folder):
        dataset = folder.read_dataset(group)
        reasons = {
            what: dataset.attrs.get(key, {}) for key, what in ((FAILED, "failed"), (NOT_APPLICABLE, "not defined"))
        }
        missing += [(group, int(at), what, why) for what, found in reasons.items() for at, why in found.items()]
        columns += _write_dataset(out, group, dataset)
    if missing:
        _write_rows(out / "missing.csv", [("analysis", "network", "what", "reason"), *missing])
    _write_rows(out / "columns.csv", [("file", "column", "unit", "meaning"), *columns])


def _write_rows(path: Path, rows: Sequence[tuple[object, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)


def _write_dataset(out: Path, name: str, dataset: xr.Dataset) -> list[tuple[str, str, str, str]]:
    """One file per set of axes: `name.csv` with one row per network, `name_mode.csv` with one per network and mode.

    Returns:
        The rows of `columns.csv`: file, column, unit and meaning of each column.
    """
    columns = []
    for axes in sorted({variable.dims for variable in dataset.data_vars.values()}):
        chosen = [key for key, variable in dataset.data_vars.items() if variable.dims == axes]
        table = dataset[chosen].to_dataframe().reset_index()
        inner = [str(axis) for axis in axes if axis != "network"]
        file = "_".join([name, *inner]) + ".csv"
        for key in list(table):
            about = dataset[key].attrs if key in dataset.variables else {}
            if "flag_values" in about:
                words = [*about["flag_meanings"].split(" "), ""]  # the last one for entries padded with -1
                table[key] = [words[int(number)] for number in table[key]]
            parts = {f"{key}_real": np.real, f"{key}_imag": np.imag} if np.iscomplexobj(table[key]) else {}
            for part, take in parts.items():
                table[part] = take(table[key])
            table = table.drop(columns=key) if parts else table
            unit, meaning = about.get("units", ""), about.get("description", f"place along the axis {key}")
            columns += [(file, part, "" if unit == "1" else unit, meaning) for part in parts or [str(key)]]
        table.to_csv(out / file, index=False)
    return columns
