"""Networks and tables of a run for other tools."""

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from recurra.analysis import Spectrum
from recurra.storage.files import new_folder
from recurra.storage.npz_files import write_npz
from recurra.storage.run_folder import RunFolder
from recurra.studies.dossier_records import record_kinds
from recurra.studies.failures import Failure
from recurra.studies.record_store import cohort_dataset, cohort_records
from recurra.studies.run_record import cohort_of


def export_run(folder: RunFolder, kind: str, out: Path) -> list[Path]:
    """Write a run's networks or tables into a new folder; it appears whole or not at all.

    Args:
        folder: the run.
        kind: "npz", a file a network with the five weight arrays, or "csv", the tables of the analysis.
        out: the folder to make.

    Returns:
        The files written.
    """
    writers = {"npz": _write_networks, "csv": _write_tables}
    with new_folder(out) as partial:
        writers[kind](folder, partial)
    return sorted(out.iterdir())


def _write_networks(folder: RunFolder, out: Path) -> None:
    cohort = cohort_of(folder)
    for position, number in enumerate(cohort.numbers):
        write_npz(out / f"network-{number:03d}.npz", cohort[position])


def _write_tables(folder: RunFolder, out: Path) -> None:
    cohort = cohort_of(folder)
    axes = {"network": list(cohort.numbers), "epoch": np.arange(1, len(cohort.history.step) + 1)}
    curves = {
        name: (("network", "epoch"), getattr(cohort.history, name)) for name in ("loss", "validation_loss", "success")
    }
    _write_dataset(out, "history", xr.Dataset({"step": ("epoch", cohort.history.step), **curves}, coords=axes))
    failed: list[tuple[str, int, str]] = []
    for name, kind in (record_kinds(cohort.task) | {"spectrum_before": Spectrum}).items():
        records = cohort_records(kind, folder.read_dataset(name), cohort.numbers)
        failed += [
            (name, number, one.reason)
            for one, number in zip(records, cohort.numbers, strict=True)
            if isinstance(one, Failure)
        ]
        _write_dataset(out, name, cohort_dataset(records, cohort.numbers))
    if failed:
        columns = zip(*failed, strict=True)
        pd.DataFrame(dict(zip(("analysis", "network", "reason"), columns, strict=True))).to_csv(
            out / "failures.csv", index=False
        )


def _write_dataset(out: Path, name: str, dataset: xr.Dataset) -> None:
    """A file for every set of axes: `name.csv` with a row a network, `name_mode.csv` with a row a network and mode."""
    for axes in sorted({variable.dims for variable in dataset.data_vars.values()}):
        chosen = [key for key, variable in dataset.data_vars.items() if variable.dims == axes]
        table = dataset[chosen].to_dataframe().reset_index()
        for key in [key for key in table if np.iscomplexobj(table[key])]:
            table[f"{key}_real"], table[f"{key}_imag"] = np.real(table[key]), np.imag(table[key])
            table = table.drop(columns=key)
        inner = [str(axis) for axis in axes if axis != "network"]
        table.to_csv(out / ("_".join([name, *inner]) + ".csv"), index=False)
