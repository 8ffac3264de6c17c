"""The pulse table: the memory state to which each pulse leads a network from each memory state."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Int, Num

from recurra.analysis.memory.memory_tasks import memory_task
from recurra.analysis.subjects import Subject, of_each_network, visit_of
from recurra.shown import Shown
from recurra.tasks.base import Task
from recurra.tasks.flipflop import FlipFlop


@dataclass(frozen=True)
class PulseTable(Shown):
    """The memory state to which each pulse leads from each memory state, read off the dynamics of a network.

    Args:
        reached: the memory state whose signs the outputs have a trial's length after the pulse.
        expected: the memory state that the task asks for.
    """

    sources: ClassVar[tuple[str, ...]] = ("sussillo2013",)

    reached: Int[np.ndarray, "condition stimulus"]
    expected: Int[np.ndarray, "condition stimulus"]

    @property
    def right(self) -> int:
        """Number of entries that are as the task asks."""
        return int((self.reached == self.expected).sum())


@of_each_network
def pulse_table(network: Subject, task: Task | None = None) -> PulseTable:
    """Set every memory state from rest, give one pulse a trial's length later, and read outputs after a further length.

    Args:
        network: the network, or a cohort.
        task: the flip-flop that it was trained on; not needed where the network knows it.
    """
    visit = visit_of(network, task)
    network, task = visit.network, memory_task(visit.task)
    first, second = np.asarray(task.probe().inputs), task.stimuli(task.length_ms)
    pairs = [np.concatenate([state, pulse]) for state in first for pulse in second]
    signs = np.sign(network.respond(np.array(pairs))[:, -1]).reshape(len(first), len(second), task.bits)
    expected = np.repeat(task.states[:, None], len(second), axis=1)
    for at, (bit, sign) in enumerate(task.single_pulses):
        expected[:, at, bit] = sign
    return PulseTable(_state_number(task, signs), _state_number(task, expected))


def _state_number(task: FlipFlop, signs: Num[np.ndarray, "*batch bit"]) -> Int[np.ndarray, "*batch"]:
    """The memory state with the signs of the outputs; -1 if an output is exactly 0."""
    number = ((signs > 0) * 2 ** np.arange(task.bits - 1, -1, -1)).sum(axis=-1)
    return np.where((signs != 0).all(axis=-1), number, -1)
