"""What only tasks with memories have: the walk through the memory states, and which memories and pulses are right."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import xarray as xr
from jaxtyping import Int

from recurra.analysis import Lifetimes, Program, PulseTable
from recurra.analysis.dossier_records import Dossier
from recurra.analysis.memory.analyses import has_memories
from recurra.analysis.memory.records import MemoryRecords
from recurra.analysis.record import RunRecord
from recurra.tasks import FlipFlop, Task
from recurra.wording import as_sentence, is_or_are, three
from recurra.words.attractors import MOST_NAMED, listed, reached

Found = TypeVar("Found")
UNSET = 0.5  # an output nearer to 0 than this is read as neither + nor -


@dataclass(frozen=True)
class MemoryFindings:
    """The part of a run's record that only a task with memories has.

    Args:
        task: what the networks do.
        walk: inputs, targets and memory states of the walk through all memory states.
    """

    task: FlipFlop
    walk: xr.Dataset


def memory_findings(run: RunRecord) -> MemoryFindings | None:
    """The findings of a run whose task has memories; None for every other task."""
    if not has_memories(run.task) or run.walk is None:
        return None
    return MemoryFindings(run.task, run.walk)


def known(record: Found | None) -> Found:
    """A record that every network has whose task has memories."""
    if record is None:
        raise TypeError("the record is one that only a task with memories has; the task is another")
    return record


def memory_sentences(memories: MemoryRecords, dossier: Dossier, task: Task) -> list[Callable[[], str]]:
    """How the memories of a network last, and what it makes of pulses; a sentence each, that may fail by itself.

    Args:
        memories: its records.
        dossier: of which they are.
        task: what it was trained on.
    """
    return [
        lambda: memory_words(memories.lifetimes, task),
        lambda: table_words(memories.pulse_table, dossier.program),
    ]


def memory_words(found: Lifetimes, task: Task) -> str:
    """Which memories last: "5 of 8 memories are stable, 2 drift: ++- for 310 ms to +--, ..."."""
    names, total = task.condition_titles(), len(found.kind)
    kinds = [found.kind_of(at) for at in range(total)]
    watched = f"{found.longest_ms / 1000:g} s"
    if set(kinds) == {"stable"}:
        every = "Both memories are" if total == 2 else f"All {total} memories are"
        return f"{every} stable: right for {watched} without a pulse, and at rest."
    parts = [f"{kinds.count('stable') or 'none'} of {total} memories {is_or_are(kinds.count('stable'))} stable"]
    for kind, one, many in (("oscillating", "oscillates", "oscillate"), ("drifting", "drifts", "drift")):
        members = [at for at, other in enumerate(kinds) if other == kind]
        if members:
            ends = f" ({', '.join(_life(found, names, at) for at in members)})" if len(members) <= MOST_NAMED else ""
            parts.append(f"{len(members)} {one if len(members) == 1 else many}{ends}")
    return as_sentence(f"{listed(parts)}, watched for {watched}")


def table_words(table: PulseTable, found: Program) -> str:
    """How many entries of the table of states and pulses are right, and how many if the pulses come much later."""
    text = f"{table.right} of {table.expected.size} entries of its table of states and pulses are right"
    right, total = settled_pulses(found)
    later = f"; of pulses that come when it has settled, {right} of {total}" if total else ""
    return f"{text}{later}."


def settled_pulses(found: Program) -> tuple[int, int]:
    """How many pulses are right that come when a network has settled in a memory state, and of how many.

    Args:
        found: the program of a network with memories.
    """
    signs = read_signs(found)
    tried = [at for at in reached(found) if signs[at].all() and (found.following[at] >= 0).any()]
    total = len(tried) * found.following.shape[1]
    return total - sum(len(wrong_stimuli(found, at)) for at in tried), total


def read_signs(found: Program) -> Int[np.ndarray, "attractor output"]:
    """The signs of the outputs on each attractor, 0 for an output that is neither + nor -."""
    outputs = np.nan_to_num(found.outputs)
    return np.where(np.abs(outputs) < UNSET, 0, np.sign(outputs)).astype(int)


def wrong_stimuli(found: Program, attractor: int) -> list[int]:
    """The pulses that do not make of a memory state what the task asks for, when they come after it has settled.

    There are none of an attractor that is no memory state, nor of one from which no pulse was tried.

    Args:
        found: the program of a network with memories.
        attractor: its number.
    """
    signs = read_signs(found)
    if not signs[attractor].all() or not (found.following[attractor] >= 0).any():
        return []
    wrong = []
    for stimulus, end in enumerate(found.following[attractor].tolist()):
        asked = signs[attractor].copy()
        asked[stimulus // 2] = 1 - 2 * (stimulus % 2)
        if end < 0 or (signs[end] != asked).any():
            wrong.append(stimulus)
    return wrong


def _life(found: Lifetimes, names: Sequence[str], at: int) -> str:
    """A memory that does not rest: its name, how long it lasts and where it ends."""
    if np.isinf(found.lifetime_ms[at]):
        return f"{names[at]} for all of that time"
    if found.lifetime_ms[at] == 0:
        return f"{names[at]} wrong from the start"
    return f"{names[at]} after {three(found.lifetime_ms[at])} ms to {names[int(found.ends_in[at])]}"
