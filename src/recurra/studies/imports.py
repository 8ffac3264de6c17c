"""One network from a file or a run folder, whoever trained it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from recurra.models.cohort import Network
from recurra.storage.keras_files import read_keras
from recurra.storage.npz_files import read_npz
from recurra.storage.run_folder import RunFolder
from recurra.studies.dossier import check_fit
from recurra.studies.run_record import cohort_of, spec_of
from recurra.studies.spec import to_spec, with_settings
from recurra.tasks import Task

KERAS_ENDINGS = (".hdf5", ".h5", ".keras")


def task_for(path: Path, name: str | None, settings: Sequence[str] = ()) -> Task:
    """The task that a network is looked at with: the named one, or the one that a run folder was trained on.

    Args:
        path: the file or the run folder of the network.
        name: of the task; a run folder needs none.
        settings: keys of the task, such as "task.bits=2".
    """
    if name is not None:
        table: dict[str, Any] = {"task": name}
    elif path.is_dir():
        table = spec_of(RunFolder.open(path)).table()
    elif path.exists():
        raise ValueError(f"{path} does not say what the network was trained on; name it with --task")
    else:
        raise ValueError(f"there is no file {path}")
    return to_spec(with_settings(table, settings)).task


def read_network_for(path: Path, task: Task, number: int | None = None) -> Network:
    """The network in a Keras file, an .npz file or a run folder; an error names the file if it does not fit the task.

    Args:
        path: the file or the folder.
        task: what it was trained on.
        number: which network of a run folder; its first one if None.
    """
    network = read_network(path, task.dt_ms, number)
    try:
        check_fit(network, task)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    return network


def read_network(path: Path, dt_ms: float, number: int | None = None) -> Network:
    """The network in a Keras file, an .npz file or a run folder.

    Args:
        path: the file or the folder.
        dt_ms: length of a time step for files that do not say, ms.
        number: which network of a run folder; its first one if None.
    """
    if path.is_dir():
        cohort = cohort_of(RunFolder.open(path))
        if number is not None and number not in cohort.numbers:
            raise ValueError(f"{path} has no network {number}; it has {', '.join(map(str, cohort.numbers))}")
        return cohort[0 if number is None else cohort.numbers.index(number)]
    if not path.exists():
        raise ValueError(f"there is no file {path}")
    if path.suffix == ".npz":
        return read_npz(path, dt_ms)
    if path.suffix in KERAS_ENDINGS:
        return read_keras(path, dt_ms)
    raise ValueError(
        f"{path}: unknown ending {path.suffix!r}; expected {', '.join(KERAS_ENDINGS)}, .npz or a run folder"
    )
