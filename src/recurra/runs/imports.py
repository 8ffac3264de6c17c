"""One network from a file or a run folder, whoever trained it."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from recurra.engine.rate import RateDynamics
from recurra.models import UnitGroup
from recurra.models.cohort import Cohort
from recurra.models.network import Network, check_fit
from recurra.runs.cells import read_network_file
from recurra.runs.record import cohort_of, spec_of
from recurra.runs.spec import to_spec, with_settings
from recurra.runs.tables import Table, from_table
from recurra.status import Status
from recurra.storage.content import MAP, NO_HINTS, Hints
from recurra.storage.imported import Imported, StatedSettings, check_stated, import_file
from recurra.storage.reading import NoTimeStepError, naming
from recurra.storage.run_folder import RunFolder
from recurra.storage.torch_files import import_json
from recurra.tasks import Task
from recurra.tasks.border import check_task
from recurra.tasks.no_task import NoTask

KERAS_ENDINGS = (".hdf5", ".h5", ".keras")
TORCH_ENDINGS = (".pt", ".pth", ".safetensors")
READERS = {
    ".npz": read_network_file,
    **dict.fromkeys(KERAS_ENDINGS, partial(import_file, "keras")),
    **dict.fromkeys(TORCH_ENDINGS, partial(import_file, "torch")),
    ".json": import_json,
}
"""The readers of files, by the files' endings."""

NOTHING_STATED = StatedSettings()
STEP_MS = 1.0  # a time step of a network whose file says none and whose task nobody named
STEPS = (
    "does not say its time step, and no task was given that has one: a step is taken as 1 ms, so that all times are in "
    "steps. Say it with --set task.dt_ms=NUMBER, or in Python read it with read_network and dt_ms=NUMBER."
)


@dataclass(frozen=True)
class InspectedNetwork:
    """A network that a command inspects.

    Args:
        task: what the network was trained on; `NoTask` if nobody says it.
        network: the network.
        notes: what its file does not say and was assumed, a sentence each.
        before: the network before training; None for a file, which does not hold it.
        number: which network of a run it is; None for a file.
        status: how its training in that run ended.
        analyses: of somebody's own, by "module:function", that the run's spec names.
        seed: of the run; 0 for a file.
        groups: of the units of its model, such as areas; none for a file.
    """

    task: Task
    network: Network
    notes: tuple[str, ...]
    before: Network | None = None
    number: int | None = None
    status: Status | None = None
    analyses: tuple[str, ...] = ()
    seed: int = 0
    groups: tuple[UnitGroup, ...] = ()

    def name(self, source: Path) -> str:
        """The name of the network: that of its file, or that of its run with its number."""
        return source.name if self.number is None else f"{source.name}, network {self.number}"

    def tell(self) -> None:
        """Make a warning of every note."""
        for note in self.notes:
            warnings.warn(note, stacklevel=3)

    def table(self) -> dict[str, Any]:
        """Its number and status in the run, its equations, and the notes, as plain values for JSON."""
        dynamics = self.network.dynamics
        whose = {} if self.status is None else {"number": self.number, "status": self.status.name}
        if not isinstance(dynamics, RateDynamics):
            said = {name: getattr(dynamics, name) for name in ("gate", "reset") if hasattr(dynamics, name)}
            cell = {"cell": type(dynamics).__name__, **said}
            return {**whose, **cell, "dt_ms": self.network.dt_ms, "notes": list(self.notes)}
        leak = list(dynamics.leak) if isinstance(dynamics.leak, tuple) else dynamics.leak
        return {
            **whose,
            "form": dynamics.form,
            "activation": dynamics.activation,
            "leak": leak,
            "dt_ms": self.network.dt_ms,
            "notes": list(self.notes),
        }


def inspected_network(
    path: Path,
    task: str | None,
    number: int | None,
    settings: Sequence[str],
    hints: Hints = NO_HINTS,
    without_task: bool = False,
) -> InspectedNetwork:
    """The network in a file of any program that recurra reads, or in a run folder, and its task.

    Args:
        path: the file or the folder.
        task: name of its task; not needed for a run folder.
        number: number of the network in a run folder; the first one if None.
        settings: keys of the task, such as "task.bits=2", and what the file does not say about the network, such as
            "model.activation=relu".
        hints: the names of the arrays in a file of another program, where the user maps them.
        without_task: whether a file goes without a task if none is named.
    """
    alone = without_task and task is None and path.is_file()
    table = with_settings({} if alone else {"task": _task_table(path, task)}, settings)
    stated = from_table(StatedSettings, table.pop("model", {}), {}, "model")
    for key in set(table) - {"task"}:
        raise ValueError(
            f"--set: {key} has no part in a network that is only looked at; "
            "expected keys of task, or model.activation, model.form, model.tau_ms, model.gate or model.reset"
        )
    if alone:
        return inspected_alone(path, number, stated, hints, _stated_step(table.get("task", {})))
    return inspected_for(path, to_spec(table).task, number, stated, hints)


def inspected_for(
    path: Path,
    task: Task,
    number: int | None,
    stated: StatedSettings = NOTHING_STATED,
    hints: Hints = NO_HINTS,
) -> InspectedNetwork:
    """The network in a file of any program that recurra reads, or in a run folder, for a task.

    Args:
        path: the file or the folder.
        task: what the network was trained on.
        number: number of the network in a run folder; the first one if None.
        stated: what the file does not say about the network.
        hints: the names of the arrays in a file of another program, where the user maps them.
    """
    check_task(task)
    if path.is_dir():
        cohort, at = _of_run(path, number, stated)
        whose = cohort.before(at), cohort.numbers[at], cohort.status[at], spec_of(RunFolder.open(path)).analyses
        inspected = InspectedNetwork(task, cohort[at], (), *whose, cohort.seed, cohort.model.groups())
    else:
        imported = import_network(path, task.dt_ms, number, stated, hints)
        inspected = InspectedNetwork(task, imported.network, imported.notes)
    with naming(path):
        check_fit(inspected.network, task)
    return inspected


def inspected_alone(
    path: Path,
    number: int | None = None,
    stated: StatedSettings = NOTHING_STATED,
    hints: Hints = NO_HINTS,
    dt_ms: float | None = None,
) -> InspectedNetwork:
    """The network in a file, where nobody says what it was trained on.

    Args:
        path: the file.
        number: must be None; it is for a run folder.
        stated: what the file does not say about the network.
        hints: the names of the arrays in a file of another program, where the user maps them.
        dt_ms: length of a time step, ms; if None, the file's own. If it has none a step is 1 ms, and a note says so.
    """
    notes = ()
    try:
        imported = import_network(path, dt_ms, number, stated, hints)
    except NoTimeStepError:
        imported, notes = import_network(path, STEP_MS, number, stated, hints), (f"{path.name}: {STEPS}",)
    return replace(alone(imported.network), notes=(*imported.notes, *notes))


def alone(network: Network) -> InspectedNetwork:
    """A network of which nobody says what it was trained on."""
    return InspectedNetwork(NoTask(network.weights.inputs, network.weights.outputs, dt_ms=network.dt_ms), network, ())


def _stated_step(table: Table) -> float | None:
    """The time step that the user states, ms, where he names no task; an error if he states more of one."""
    more = sorted(set(table) - {"dt_ms"})
    if more:
        raise ValueError(f"--set: task.{more[0]} is of a task, and none is named; name it with --task")
    return table.get("dt_ms")


def _task_table(path: Path, name: str | None) -> Any:
    """The task in a spec: the named one, or that of a run folder."""
    if name is not None:
        return name
    if path.is_dir():
        return spec_of(RunFolder.open(path)).table()["task"]
    if path.exists():
        raise ValueError(f"{path} does not say what the network was trained on; name it with --task")
    raise ValueError(f"there is no file {path}")


def read_network_for(
    path: Path | str,
    task: Task,
    number: int | None = None,
    stated: StatedSettings = NOTHING_STATED,
    names: Mapping[str, str] | None = None,
) -> Network:
    """The network in a file or a run folder; an error names the file if it does not fit the task.

    Args:
        path: the file or the folder.
        task: the task it was trained on.
        number: number of the network in a run folder; the first one if None.
        stated: what the file does not say about the network; what remains open is assumed, with a warning.
        names: recurra's arrays by their names in a file of rate units of another program, such as
            `{"recurrent": "Wrec", "input": "Win", "output": "Wout"}`; `NAME.T` is transposed, `NAME+NAME` are added.
    """
    check_task(task)
    network = read_network(path, task.dt_ms, number, stated, names)
    with naming(Path(path)):
        check_fit(network, task)
    return network


def read_network(
    path: Path | str,
    dt_ms: float,
    number: int | None = None,
    stated: StatedSettings = NOTHING_STATED,
    names: Mapping[str, str] | None = None,
) -> Network:
    """The network in a file of any program that recurra reads, or in a run folder.

    Args:
        path: the file or the folder.
        dt_ms: length of a time step for files that do not say it, ms.
        number: number of the network in a run folder; the first one if None.
        stated: what the file does not say about the network; what remains open is assumed, with a warning.
        names: recurra's arrays by their names in a file of rate units of another program, such as
            `{"recurrent": "Wrec", "input": "Win", "output": "Wout"}`; `NAME.T` is transposed, `NAME+NAME` are added.
    """
    return import_network(Path(path), dt_ms, number, stated, Hints(names or {})).told()


def import_network(
    path: Path, dt_ms: float | None, number: int | None, stated: StatedSettings, hints: Hints = NO_HINTS
) -> Imported:
    """The network with its notes, without warnings; `dt_ms` None takes the file's own time step."""
    if path.is_dir():
        if hints.names:
            raise ValueError(f"{path} is a run folder, which names its arrays; leave them out ({MAP})")
        cohort, at = _of_run(path, number, stated)
        return Imported(cohort[at])
    if not path.exists():
        raise ValueError(f"there is no file {path}")
    if number is not None:
        raise ValueError(f"{path} holds one network; a number ({number}) is for a run folder, leave it out")
    if path.suffix not in READERS:
        raise ValueError(f"{path}: unknown ending {path.suffix!r}; expected {', '.join(READERS)} or a run folder")
    return READERS[path.suffix](path, dt_ms, stated, hints)


def _of_run(path: Path, number: int | None, stated: StatedSettings) -> tuple[Cohort, int]:
    """The cohort of a run folder, and the position of the network with this number, or of the first one."""
    cohort = cohort_of(RunFolder.open(path))
    if number is not None and number not in cohort.numbers:
        raise ValueError(f"{path} has no network {number}; it has {', '.join(map(str, cohort.numbers))}")
    dynamics = cohort.dynamics
    if isinstance(dynamics, RateDynamics):
        leak = list(dynamics.leak) if isinstance(dynamics.leak, tuple) else dynamics.leak
        known = {"form": dynamics.form, "activation": dynamics.activation, "leak": leak}
        with naming(path):
            check_stated(known, stated.equations(cohort.task.dt_ms))
    return cohort, 0 if number is None else cohort.numbers.index(number)
