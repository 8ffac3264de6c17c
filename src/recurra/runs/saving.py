"""Save and load cohorts, as run folders of the command line, and networks, as files."""

from pathlib import Path
from typing import Any

from recurra.arrays import Inputs
from recurra.models.cohort import Cohort
from recurra.models.network import Network
from recurra.models.spiking import SpikingNetwork
from recurra.runs.cells import read_network_file, write_network_file
from recurra.runs.imports import READERS
from recurra.runs.network_tables import cohort_table
from recurra.runs.record import cohort_of, cohort_spec
from recurra.runs.spec import RunSpec, to_spec
from recurra.storage.brian2 import write_brian2
from recurra.storage.checkpoints import save_trained
from recurra.storage.files import make_folder_of
from recurra.storage.labels import weights_dataset
from recurra.storage.lock import locked
from recurra.storage.run_folder import RunFolder

__all__ = ["cohort_table", "load", "save_cohort", "save_network", "save_spiking", "weights_dataset"]


def load(path: Path | str) -> Cohort | Network:
    """Load the cohort of a run folder, or the network of a self-contained `.npz` file.

    Args:
        path: a run folder whose training has ended, or a file written by `Network.save` or `recurra export`.

    Raises:
        ValueError: the path is neither, or is damaged, or a part of it belongs to a module that was not imported.
    """
    path = Path(path)
    if path.is_dir():
        return cohort_of(RunFolder.open(path))
    if not path.exists():
        raise ValueError(f"there is no file or folder {path}")
    if path.suffix == ".npz":
        return read_network_file(path, None).told()
    if path.suffix in READERS:
        raise ValueError(
            f"{path} does not say its time step; read it with recurra.runs.imports.read_network_for(path, task), where "
            "task is what it was trained on"
        )
    raise ValueError(f"{path}: unknown ending {path.suffix!r}; expected a run folder or a file that ends in .npz")


def save_cohort(cohort: Cohort, path: Path | str, overwrite: bool = False) -> None:
    """Write the run folder of a cohort, as in `Cohort.save`; the spec enters `run.json` last."""
    folder, spec = RunFolder(Path(path)), cohort_spec(cohort, Path(path).absolute().name)
    table = spec.table()
    if to_spec(table).table() != table:
        raise ValueError("the cohort cannot be saved: its spec reads back as another one")
    if len(set(cohort.numbers)) < len(cohort):
        raise ValueError("the cohort cannot be saved: it holds a network twice")
    unfinished = [number for number, status in zip(cohort.numbers, cohort.status, strict=True) if not status.ended]
    if unfinished:
        raise ValueError(f"the cohort cannot be saved: the training of network {unfinished[0]} has not ended")
    with locked(folder.path):
        RunFolder.create(folder.path, _about(cohort, spec), overwrite)
        save_trained(folder, cohort, {"spec": table})


def save_network(network: Network, path: Path | str, overwrite: bool = False) -> None:
    """Write the file of a network, as in `Network.save`."""
    path = Path(path)
    if path.suffix != ".npz":
        raise ValueError(f"{path} is no name for the file of a network; expected one that ends in .npz")
    if path.exists() and not overwrite:
        raise ValueError(f"{path} exists; choose another file, or set overwrite=True")
    make_folder_of(path)
    write_network_file(path, network)


def save_spiking(spiking: SpikingNetwork, folder: Path | str, inputs: Inputs) -> None:
    """Write a network of spiking units for Brian2, as in `SpikingNetwork.to_brian2`."""
    write_brian2(spiking, Path(folder), inputs)


def _about(cohort: Cohort, spec: RunSpec) -> dict[str, Any]:
    """The entries of `run.json` for a cohort before its arrays are written."""
    stretches = [dict(stretch) for stretch in cohort.origin.stretches]
    first = stretches[0] if stretches else {}
    return {
        "name": spec.name,
        "seconds": {"training": cohort.origin.seconds},
        **{key: first[key] for key in ("engine", "versions", "machine", "started") if key in first},
        "stretches": stretches,
        "sources": list(spec.sources()),
    }
