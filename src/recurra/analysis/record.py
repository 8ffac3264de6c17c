"""The record of a run, or of one network by itself, that a report shows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import xarray as xr

from recurra.analysis import Census, MemoryCube, Spectrum, memory_cube
from recurra.analysis.dossier import make_dossier
from recurra.analysis.dossier_records import Dossier
from recurra.analysis.memory.analyses import walk_dataset
from recurra.analysis.memory.memory_tasks import has_memories
from recurra.analysis.own import OwnAnalysis
from recurra.analysis.shown_trials import examples_dataset, probe_dataset
from recurra.arrays import Weights, as_cohort
from recurra.engine import Dynamics
from recurra.models import UnitGroup
from recurra.models.cohort import History
from recurra.models.model import Model
from recurra.models.network import Network
from recurra.shown import Shown
from recurra.status import Status
from recurra.tasks import Task


@dataclass(frozen=True)
class RunRecord(Shown):
    """A run and its analysis. Fields that an imported network does not have are None.

    Args:
        about: the content of `run.json`: name, spec, versions, machine, seconds.
        task: the task of the networks.
        model: the model of the networks; None if not known.
        rule: their learning rule; None if not known.
        dynamics: the equations of one network.
        numbers: the networks' numbers.
        status: how the training of each network ended; None if they were not trained here.
        initial: weights before training, with a `network` axis.
        weights: weights after training, with a `network` axis.
        connections: True or False in place of every weight: which connections exist.
        history: losses and success by epoch.
        before: the spectrum of every network's initial weights; None for a spectrum that failed.
        dossiers: the analysis of every network.
        examples: inputs, targets and mask of the trials shown.
        probe: inputs, targets and mask of the probe, along the axis `condition`.
        walk: inputs, targets and memory states of the walk through all memory states; None for a task without memories.
        census: comparison of the networks; None if there are fewer than three, or if it failed.
        census_failure: why the census failed; empty if it did not.
        cubes_before: the `MemoryCube` of every network with memories before training; None if not known.
        groups: the groups of units that the model's constraints make, such as areas; none if the model is not known.
        weights_at: reads the weights after an epoch, with a `network` axis; 0 is before training. None if only those
            before and after training are known.
    """

    about: Mapping[str, Any]
    task: Task
    model: Model | None
    rule: Any
    dynamics: Dynamics
    numbers: tuple[int, ...]
    status: tuple[Status, ...] | None
    initial: Weights | None
    weights: Weights
    connections: Weights
    history: History | None
    before: list[Spectrum | None] | None
    dossiers: list[Dossier]
    examples: xr.Dataset
    probe: xr.Dataset
    walk: xr.Dataset | None
    census: Census | None
    census_failure: str = ""
    cubes_before: list[MemoryCube | None] | None = None
    groups: tuple[UnitGroup, ...] = ()
    weights_at: Callable[[int], Weights] | None = None

    @property
    def spec(self) -> Mapping[str, Any]:
        """The spec of the run in plain values; empty if the run was not made here."""
        return self.about.get("spec", {})

    @property
    def versions(self) -> Mapping[str, str]:
        """The versions of recurra and of the packages it uses; empty if the run was not made here."""
        return self.about.get("versions", {})

    def network(self, at: int) -> Network:
        """The network at a position, after training."""
        return self.network_with(self.weights, at)

    def network_before(self, at: int) -> Network | None:
        """The network at a position before training; None if not known."""
        return self.network_with(self.initial, at) if self.initial else None

    def network_with(self, weights: Weights, at: int) -> Network:
        """The network at a position with the weights of another time, which have a `network` axis."""
        return Network.of_cohort(self.dynamics, weights, self.connections, at, self.task.dt_ms)


def kinds_before(task: Task) -> dict[str, type]:
    """The classes of the records of the weights before training, by their name in the run folder."""
    kinds: dict[str, type] = {"spectrum_before": Spectrum}
    return kinds | ({"cube_before": MemoryCube} if has_memories(task) else {})


def walk_of(task: Task) -> xr.Dataset | None:
    """Inputs, targets and memory states of the walk through all memory states; None for a task without memories."""
    return walk_dataset(task) if has_memories(task) else None


def record_of_network(
    network: Network,
    task: Task,
    seed: int,
    about: Mapping[str, Any],
    before: Network | None = None,
    number: int | None = None,
    status: Status | None = None,
    analyses: Sequence[OwnAnalysis] = (),
) -> RunRecord:
    """Analyse one network by itself.

    Args:
        network: the network.
        task: the task it was trained on.
        seed: seed of the test trials and of the chance levels.
        about: facts for the report, at least a name.
        before: the network before training, if known.
        number: its number in the run that it comes from, if it comes from a run.
        status: how its training in that run ended.
        analyses: your own analyses, which run after recurra's.
    """
    return RunRecord(
        about=about,
        task=task,
        model=None,
        rule=None,
        dynamics=network.dynamics,
        numbers=(number or 0,),
        status=None if status is None else (status,),
        initial=None,
        weights=as_cohort(network.weights),
        connections=as_cohort(network.connections),
        history=None,
        before=None,
        dossiers=[make_dossier(network, task, seed=seed, analyses=analyses)],
        examples=examples_dataset(task, seed),
        probe=probe_dataset(task),
        walk=walk_of(task),
        census=None,
        cubes_before=[memory_cube(before, task, seed=seed)] if before and has_memories(task) else None,
    )
