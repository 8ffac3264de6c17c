"""All that is known of a run, read from its folder or made of one network: what the report shows."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
import xarray as xr

from recurra.analysis import Census, MemoryCube, Spectrum, memory_cube
from recurra.arrays import WEIGHT_AXES, Weights, named_arrays
from recurra.models.cohort import Cohort, History, Network
from recurra.status import Status
from recurra.storage.checkpoints import read_weights
from recurra.storage.log import read_history
from recurra.storage.reading import naming
from recurra.storage.run_folder import RunFolder
from recurra.studies.census import FEWEST
from recurra.studies.dossier import make_dossier
from recurra.studies.dossier_records import Dossier, record_kinds
from recurra.studies.failures import Failure
from recurra.studies.record_store import cohort_records, single_record
from recurra.studies.shown_trials import examples_dataset, probe_dataset, walk_dataset
from recurra.studies.spec import RunSpec, to_spec
from recurra.tasks import FlipFlop, Task


@dataclass(frozen=True)
class RunRecord:
    """A run and its analysis. What an imported network does not have is None.

    Args:
        about: what `run.json` says: name, spec, versions, machine, seconds.
        task: what the networks do.
        numbers: the networks' numbers.
        status: what became of each network in training; None where it was not trained here.
        initial: weights before training, with a `network` axis.
        weights: weights after training, with a `network` axis.
        history: losses and success by epoch.
        before: the spectrum of every network's initial weights; None in place of one that failed.
        dossiers: the analysis of every network.
        examples: inputs, targets and mask of the trials shown.
        probe: inputs, targets and mask of the probe, a `condition` each.
        walk: inputs, targets and memory states of a flip-flop's cube walk; None for other tasks.
        census: how the networks compare; None where there are fewer than three, or it failed.
        census_failure: why it failed; empty if it did not.
        cubes_before: of every flip-flop network before training; None where that is not known.
    """

    about: Mapping[str, Any]
    task: Task
    numbers: tuple[int, ...]
    status: tuple[Status, ...] | None
    initial: Weights | None
    weights: Weights
    history: History | None
    before: list[Spectrum | None] | None
    dossiers: list[Dossier]
    examples: xr.Dataset
    probe: xr.Dataset
    walk: xr.Dataset | None
    census: Census | None
    census_failure: str = ""
    cubes_before: list[MemoryCube | None] | None = None


def read_run(folder: RunFolder) -> RunRecord:
    """The record of an analysed run."""
    cohort = cohort_of(folder)
    check_analysed(folder)
    kinds = record_kinds(cohort.task) | kinds_before(cohort.task)
    columns = {name: cohort_records(kind, folder.read_dataset(name), cohort.numbers) for name, kind in kinds.items()}
    before = {
        name: [None if isinstance(one, Failure) else one for one in columns.pop(name)]
        for name in kinds_before(cohort.task)
    }
    census = single_record(Census, folder.read_dataset("census")) if len(cohort) >= FEWEST else None
    return RunRecord(
        about=folder.about(),
        task=cohort.task,
        numbers=cohort.numbers,
        status=cohort.status,
        initial=cohort.initial,
        weights=cohort.weights,
        history=cohort.history,
        before=before["spectrum_before"],
        cubes_before=before.get("cube_before"),
        dossiers=[Dossier(**dict(zip(columns, row, strict=True))) for row in zip(*columns.values(), strict=True)],
        examples=folder.read_dataset("examples"),
        probe=folder.read_dataset("probe"),
        walk=folder.read_dataset("walk").drop_dims("network") if isinstance(cohort.task, FlipFlop) else None,
        census=None if isinstance(census, Failure) else census,
        census_failure=census.reason if isinstance(census, Failure) else "",
    )


def kinds_before(task: Task) -> dict[str, type]:
    """The kinds of records of the weights before training, by their name in the run folder."""
    kinds: dict[str, type] = {"spectrum_before": Spectrum}
    return kinds | ({"cube_before": MemoryCube} if isinstance(task, FlipFlop) else {})


def record_of_network(
    network: Network,
    task: Task,
    seed: int,
    about: Mapping[str, Any],
    before: Network | None = None,
    number: int | None = None,
    status: Status | None = None,
) -> RunRecord:
    """Analyse one network by itself.

    Args:
        network: the network.
        task: what it was trained on.
        seed: of the test trials and of the chance levels.
        about: what the report says of it: at least its name.
        before: the network before training, where it is known.
        number: its number in the run that it is from, if it is from one.
        status: how its training in that run ended.
    """
    return RunRecord(
        about=about,
        task=task,
        numbers=(number or 0,),
        status=None if status is None else (status,),
        initial=None,
        weights=jax.tree.map(lambda array: np.asarray(array)[None], network.weights),
        history=None,
        before=None,
        dossiers=[make_dossier(network, task, seed)],
        examples=examples_dataset(task, seed),
        probe=probe_dataset(task),
        walk=walk_dataset(task) if isinstance(task, FlipFlop) else None,
        census=None,
        cubes_before=[memory_cube(before, task, seed)] if before and isinstance(task, FlipFlop) else None,
    )


def spec_of(folder: RunFolder) -> RunSpec:
    """The spec that a run was made with."""
    with naming(folder.path / "run.json"):
        return to_spec(folder.entry("spec"))


def check_trained(folder: RunFolder) -> None:
    """The training of a run must have ended; the error says what ends it."""
    if folder.entry("status") == "training":
        raise ValueError(
            f"the training in {folder} has not ended; wait for the process that trains, or go on with "
            f"recurra run --resume {shlex.quote(str(folder))}"
        )


def check_analysed(folder: RunFolder) -> None:
    """A run must be trained and analysed; the error says which command does what is missing."""
    check_trained(folder)
    if folder.entry("status") != "analysed":
        raise ValueError(f"{folder} is not analysed; run recurra analyse {shlex.quote(str(folder))} first")


def cohort_of(folder: RunFolder) -> Cohort:
    """The trained cohort of a run."""
    check_trained(folder)
    spec, networks = spec_of(folder), folder.entry("networks")
    initial, weights = read_weights(folder, 0), read_weights(folder, -1)
    check_arrays(folder, initial, spec, len(networks))
    check_arrays(folder, weights, spec, len(networks))
    return Cohort(
        dynamics=spec.model.dynamics(spec.task.dt_ms),
        initial=initial,
        weights=weights,
        task=spec.task,
        seed=spec.seed,
        numbers=tuple(network["number"] for network in networks),
        status=tuple(Status[network["status"]] for network in networks),
        history=read_history(folder),
    )


def check_arrays(folder: RunFolder, weights: Weights, spec: RunSpec, networks: int) -> None:
    """The weights must be those of so many networks of the spec's sizes."""
    sizes = {"unit": spec.model.units, "post": spec.model.units, "pre": spec.model.units}
    sizes |= {"input": spec.task.inputs, "output": spec.task.outputs}
    for name, array in named_arrays(weights).items():
        expected = (networks, *(sizes[axis] for axis in WEIGHT_AXES[name]))
        if array.shape != expected:
            raise ValueError(
                f"{folder}/run.zarr/weights/{name} has the shape {array.shape}; by run.json it should be {expected}"
            )


def flipflop_of(task: Task) -> FlipFlop:
    """The task as a flip-flop, for what only a flip-flop has."""
    if not isinstance(task, FlipFlop):
        raise TypeError(f"the task is {type(task).__name__}; expected FlipFlop")
    return task
