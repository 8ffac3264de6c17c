"""The dossier of one network: its records, with a failure in place of each record whose analysis failed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float

from recurra.analysis import (
    Demixed,
    FixedPoints,
    Landscape,
    NonNormality,
    Performance,
    Program,
    Reduction,
    Regimes,
    RestingModes,
    Selectivity,
    SlowPoints,
    Spectrum,
    TensorComponents,
    TransientGains,
)
from recurra.analysis.choices.records import ChoiceRecords, has_choices
from recurra.analysis.failures import GROUP, Failure, Records, groups_of, kinds_of
from recurra.analysis.memory.memory_tasks import has_memories
from recurra.analysis.memory.records import MemoryRecords
from recurra.analysis.own import group_of
from recurra.shown import Shown
from recurra.tasks import Task


@dataclass(frozen=True)
class Behaviour(Shown):
    """The outputs of a network, and the path of its rates, on inputs that all networks of a run share.

    Args:
        examples: outputs on the first test trials.
        probe: outputs on the probe, in which every condition occurs once, as a rule without noise.
        probe_components: coordinates of the probe's rates along their first principal components, at most three; none
            if the components are not known.
        dt_ms: length of a time step, ms.
    """

    examples: Float[np.ndarray, "trial time output"]
    probe: Float[np.ndarray, "condition probe_time output"]
    probe_components: Float[np.ndarray, "condition probe_time component"]
    dt_ms: float

    @property
    def probe_time_ms(self) -> Float[np.ndarray, "probe_time"]:
        """Time of every step of the probe since the start of the trial, ms."""
        return np.arange(self.probe.shape[1]) * self.dt_ms


@dataclass(frozen=True)
class Dossier(Records):
    """The records of one network; the field names are the groups of `run.zarr`.

    `memories` holds the records that only tasks with memories have, and `choices` those of tasks with choices by
    evidence; None for every other task. `own` holds the records of the user's own analyses, or their `Failure`s, by
    "module:function".
    """

    performance: Performance
    spectrum: Spectrum
    non_normality: NonNormality
    modes: RestingModes
    gains: TransientGains
    pca: Reduction
    svd: Reduction
    demixed: Demixed
    tensors: TensorComponents
    selectivity: Selectivity
    behaviour: Behaviour
    regimes: Regimes
    fixed_points: FixedPoints
    slow_points: SlowPoints
    program: Program
    landscape: Landscape
    memories: MemoryRecords | None = field(default=None, metadata={GROUP: ""})
    choices: ChoiceRecords | None = field(default=None, metadata={GROUP: ""})
    own: Mapping[str, Any] = field(default_factory=dict, metadata={GROUP: ""})

    @classmethod
    def of(cls, task: Task, records: Mapping[str, Any], own: Mapping[str, Any] | None = None) -> "Dossier":
        """The dossier of a network on a task, from its records, or their `Failure`s, by the names of their groups.

        Args:
            task: the task the network was trained on.
            records: records of recurra's analyses; further records are ignored.
            own: records of the user's own analyses, by "module:function".
        """
        ours = {name: records[group] for name, group in groups_of(cls).items()}
        memories = MemoryRecords.of_groups(records) if has_memories(task) else None
        choices = ChoiceRecords.of_groups(records) if has_choices(task) else None
        return cls(**ours, memories=memories, choices=choices, own=own or {})

    def by_group(self) -> dict[str, Any]:
        memories = self.memories.by_group() if self.memories else {}
        choices = self.choices.by_group() if self.choices else {}
        own = {group_of(name): record for name, record in self.own.items()}
        return super().by_group() | memories | choices | own

    def record(self, group: str) -> Any:
        """A record by the name of its group, or its `Failure`."""
        return self.by_group()[group]

    @property
    def failures(self) -> dict[str, str]:
        """The reasons of the analyses that failed, by the groups of their records."""
        return {group: failure.reason for group, failure in self._missing() if failure.applies}

    @property
    def not_applicable(self) -> dict[str, str]:
        """Why some records are not defined for networks of this kind, by their groups."""
        return {group: failure.reason for group, failure in self._missing() if not failure.applies}

    @property
    def without_task(self) -> bool:
        """Whether no task was given, so that nobody can say how well the network does it."""
        return "performance" in self.not_applicable

    def _missing(self) -> list[tuple[str, Failure]]:
        return [(group, record) for group, record in self.by_group().items() if isinstance(record, Failure)]


def record_kinds(task: Task) -> dict[str, type]:
    """The classes of the records in the dossiers of a task, by the names of their groups."""
    memories = kinds_of(MemoryRecords) if has_memories(task) else {}
    return kinds_of(Dossier) | memories | (kinds_of(ChoiceRecords) if has_choices(task) else {})
