"""The networks that a census compares: their runs, and which of the networks have learned."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import jax
import numpy as np

from recurra.analysis import performance
from recurra.analysis.cohorts.comparison import FEWEST
from recurra.analysis.cohorts.origins import Origins
from recurra.analysis.failures import Failure, attempted
from recurra.analysis.shown_trials import test_trials
from recurra.models.cohort import Cohort
from recurra.models.network import Network
from recurra.numerics import pinned
from recurra.runs.record import cohort_of
from recurra.runs.spec import REGISTRY
from recurra.runs.tables import changes, to_table
from recurra.status import Status
from recurra.storage.files import shown
from recurra.storage.run_folder import RunFolder
from recurra.tasks import Task
from recurra.tasks.trials import Trials
from recurra.wording import number_of


@dataclass(frozen=True)
class ComparedNetworks:
    """The networks that a census compares.

    Args:
        networks: the networks.
        names: name of each network: its number, after the name of its run if there are several runs.
        origins: the run of each network, and its number in that run.
        statuses: how the training of each ended, and whether it has learned its task.
        task: the task on whose probe they are compared: that of the first run.
        apart: statuses by name of the networks that are not compared because they have not learned.
        notes: differences between the runs that a reader must know, one sentence each.
        folders: folders of the runs, in the order of the origins' names.
    """

    networks: Sequence[Network]
    names: Sequence[str]
    origins: Origins
    statuses: Sequence[str]
    task: Task
    apart: dict[str, str]
    notes: tuple[str, ...]
    folders: tuple[Path, ...] = ()


def read_compared(paths: Sequence[Path], all_networks: bool = False) -> ComparedNetworks:
    """The networks of runs of one kind of task; networks that have not learned it are included only on request.

    Args:
        paths: run folders whose training has ended.
        all_networks: whether to include networks that have not learned.
    """
    if len({path.resolve() for path in paths}) < len(paths):
        raise ValueError("a run is given twice; name every run folder once")
    folders = [RunFolder.open(path) for path in paths]
    cohorts = [cohort_of(folder) for folder in folders]
    whose = run_names([folder.path for folder in folders])
    notes = _compared_notes(cohorts, whose)
    networks, names, rows, statuses, apart = [], [], [], [], {}
    for run, cohort in enumerate(cohorts):
        for at, (number, (status, good)) in enumerate(zip(cohort.numbers, _outcomes(cohort), strict=True)):
            name = str(number) if len(cohorts) == 1 else f"{whose[run]}/{number}"
            if not (good or all_networks):
                apart[name] = status
                continue
            networks.append(cohort[at])
            names.append(name)
            rows.append((run, number))
            statuses.append(status)
    if len(networks) < FEWEST:
        raise ValueError(_too_few(len(networks), len(networks) + len(apart), all_networks))
    run, number = np.array(rows).T
    origins, where = Origins(run, number, whose), tuple(folder.path for folder in folders)
    return ComparedNetworks(networks, names, origins, statuses, cohorts[0].task, apart, notes, where)


def _too_few(kept: int, of: int, all_networks: bool) -> str:
    if all_networks or of < FEWEST:
        return f"the runs have {number_of(of, 'network')}; a census needs at least {FEWEST}"
    return (
        f"{kept} of {of} networks have learned their task; a census needs at least {FEWEST}. "
        "--all, in Python all_networks=True, includes networks that have not learned it"
    )


@pinned()
def _outcomes(cohort: Cohort) -> list[tuple[str, bool]]:
    """For every network in words how its training ended and whether it has learned; and whether to compare it."""
    trials, outcomes = test_trials(cohort.task, cohort.seed), []
    for at, status in enumerate(cohort.status):
        measured = attempted(lambda at=at: performance(cohort[at], cohort.task, trials=trials))
        verdict = "not tested" if isinstance(measured, Failure) else measured.verdict
        outcomes.append((f"{status.name}, {verdict}", verdict == "learned" and status is not Status.diverged))
    return outcomes


def run_names(paths: Sequence[Path]) -> tuple[str, ...]:
    """The names of the folders, or their paths if two folders have the same name.

    Args:
        paths: the folders.
    """
    names = tuple(path.name for path in paths)
    return names if len(set(names)) == len(names) else tuple(str(shown(path)) for path in paths)


def _compared_notes(cohorts: Sequence[Cohort], names: Sequence[str]) -> tuple[str, ...]:
    """Check that the runs can be compared, and note differences between their tasks, probes and initial weights."""
    notes, first, probe = [], cohorts[0], cohorts[0].task.probe()
    for cohort, name in zip(cohorts[1:], names[1:], strict=True):
        _check_comparable(first.task, cohort.task, f"{name} and {names[0]}")
        other = changes(to_table(first.task, REGISTRY), to_table(cohort.task, REGISTRY))
        if other:
            differences = ", ".join(f"{key} {new} instead of {old}" for key, (old, new) in other.items())
            notes.append(f"the task of {name} differs from that of {names[0]}: {differences}")
        if not np.array_equal(_inputs(probe), _inputs(cohort.task.probe())):
            notes.append(f"the probe of {name} has other inputs than that of {names[0]}, on which all are compared")
    for at, cohort in enumerate(cohorts):
        for before, name in zip(cohorts[:at], names[:at], strict=True):
            if _share_start(before, cohort):
                notes.append(
                    f"networks of {name} and {names[at]} began with the same weights: they are pairs, but p treats "
                    "them as independent; train the runs with different seeds"
                )
    return tuple(notes)


def check_same_kind(first: Task, second: Task, names: str) -> None:
    """Check that two tasks are of one kind.

    Args:
        first: the task of the first run.
        second: the task of another.
        names: the names of both runs, for the message.
    """
    if type(first) is not type(second):
        kinds = f"{type(second).__name__} and {type(first).__name__}"
        raise ValueError(f"{names} are runs of different kinds of tasks, {kinds}; compare runs of one kind of task")


def _check_comparable(first: Task, second: Task, names: str) -> None:
    check_same_kind(first, second, names)
    facts: dict[str, Callable[[Task], object]] = {
        "time steps, ms": lambda task: task.dt_ms,
        "numbers of outputs": lambda task: task.outputs,
        "shapes of the probe's inputs (conditions, steps, inputs)": lambda task: _inputs(task.probe()).shape,
        "conditions": lambda task: " ".join(task.condition_names),
    }
    for what, fact in facts.items():
        if fact(first) != fact(second):
            raise ValueError(f"{names} cannot be compared: their {what} are {fact(second)} and {fact(first)}")


def _inputs(probe: Trials) -> np.ndarray:
    return np.asarray(probe.inputs)


def _share_start(first: Cohort, second: Cohort) -> bool:
    """Whether the first networks of two cohorts began with the same weights, as networks with the same seed do."""
    return all(
        np.array_equal(np.asarray(array)[0], np.asarray(other)[0])
        for array, other in zip(jax.tree.leaves(first.initial), jax.tree.leaves(second.initial), strict=True)
    )
