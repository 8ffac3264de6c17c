"""Sentences for tasks with memories: which memories last, and after which pulses the network is right."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import xarray as xr
from jaxtyping import Int

from recurra.analysis import Lifetimes, Program, PulseTable
from recurra.analysis.dossier_records import Dossier
from recurra.analysis.memory.memory_tasks import has_memories
from recurra.analysis.memory.records import MemoryRecords
from recurra.analysis.record import RunRecord
from recurra.tasks import FlipFlop, Task
from recurra.wording import as_sentence, is_or_are, three
from recurra.words.attractors import MOST_NAMED, listed, reached

Record = TypeVar("Record")
UNSET = 0.5  # an output with a smaller absolute value is read as neither + nor -


@dataclass(frozen=True)
class MemoryFindings:
    """The task and the walk of a run whose task has memories.

    Args:
        task: the task of the networks.
        walk: inputs, targets and memory states of the walk through all memory states.
    """

    task: FlipFlop
    walk: xr.Dataset


def memory_findings(run: RunRecord) -> MemoryFindings | None:
    """Task and walk of a run whose task has memories; None for every other task."""
    if not has_memories(run.task) or run.walk is None:
        return None
    return MemoryFindings(run.task, run.walk)


def known(record: Record | None) -> Record:
    """The record itself; an error if it is None, as it is for a task without memories."""
    if record is None:
        raise TypeError("this record exists only for tasks with memories; the task of this run has none")
    return record


def memory_sentences(memories: MemoryRecords, dossier: Dossier, task: Task) -> list[Callable[[], str]]:
    """How long the memories of a network last, and how it answers pulses: one sentence each, and each may fail alone.

    Args:
        memories: the memory records of the network.
        dossier: the dossier that they belong to.
        task: the task the network was trained on.
    """
    return [
        lambda: memory_words(memories.lifetimes, task),
        lambda: table_words(memories.pulse_table, dossier.program),
    ]


def memory_words(lifetimes: Lifetimes, task: Task) -> str:
    """Which memories last: "5 of 8 memories are stable and 3 drift (++- after 310 ms to +--, ...), ..."."""
    names, total = task.condition_titles(), len(lifetimes.kind)
    kinds = [lifetimes.kind_of(at) for at in range(total)]
    watched = f"{lifetimes.longest_ms / 1000:g} s"
    if set(kinds) == {"stable"}:
        every = "Both memories are" if total == 2 else f"All {total} memories are"
        return f"{every} stable: right for {watched} without a pulse, and at rest."
    parts = [f"{kinds.count('stable') or 'none'} of {total} memories {is_or_are(kinds.count('stable'))} stable"]
    for kind, one, many in (("oscillating", "oscillates", "oscillate"), ("drifting", "drifts", "drift")):
        members = [at for at, other in enumerate(kinds) if other == kind]
        if members:
            ends = (
                f" ({', '.join(_life(lifetimes, names, at) for at in members)})" if len(members) <= MOST_NAMED else ""
            )
            parts.append(f"{len(members)} {one if len(members) == 1 else many}{ends}")
    return as_sentence(f"{listed(parts)}, watched for {watched}")


def table_words(table: PulseTable, program: Program) -> str:
    """How many entries of the pulse table are right, and how many pulses are right when they come much later."""
    text = f"{table.right:,} of {table.expected.size:,} entries of its table of states and pulses are right"
    right, total = settled_pulses(program)
    later = f"; of pulses that come when it has settled, {right} of {total}" if total else ""
    return f"{text}{later}."


def settled_pulses(program: Program) -> tuple[int, int]:
    """How many pulses after a network has settled in a memory state are right, and how many there are.

    Args:
        program: the program of a network with memories.
    """
    signs = read_signs(program)
    tried = [at for at in reached(program) if signs[at].all() and (program.following[at] >= 0).any()]
    total = len(tried) * program.following.shape[1]
    return total - sum(len(wrong_stimuli(program, at)) for at in tried), total


def read_signs(program: Program) -> Int[np.ndarray, "attractor output"]:
    """The signs of the outputs on each attractor, 0 for an output that is neither + nor -."""
    outputs = np.nan_to_num(program.outputs)
    return np.where(np.abs(outputs) < UNSET, 0, np.sign(outputs)).astype(int)


def wrong_stimuli(program: Program, attractor: int) -> list[int]:
    """The pulses that lead from a settled memory state to another state than the task asks for.

    The list is empty for an attractor that is not a memory state, and for one from which no pulse was tried.

    Args:
        program: the program of a network with memories.
        attractor: the number of the attractor.
    """
    signs = read_signs(program)
    if not signs[attractor].all() or not (program.following[attractor] >= 0).any():
        return []
    wrong = []
    for stimulus, end in enumerate(program.following[attractor].tolist()):
        asked = signs[attractor].copy()
        asked[stimulus // 2] = 1 - 2 * (stimulus % 2)
        if end < 0 or (signs[end] != asked).any():
            wrong.append(stimulus)
    return wrong


def _life(lifetimes: Lifetimes, names: Sequence[str], at: int) -> str:
    """Name, lifetime and end of a memory that is not stable."""
    if np.isinf(lifetimes.lifetime_ms[at]):
        return f"{names[at]} for all of that time"
    if lifetimes.lifetime_ms[at] == 0:
        return f"{names[at]} wrong from the start"
    return f"{names[at]} after {three(lifetimes.lifetime_ms[at])} ms to {names[int(lifetimes.ends_in[at])]}"
