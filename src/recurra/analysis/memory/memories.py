"""Which memories a network holds."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Bool

from recurra.analysis.memory.memory_tasks import memory_task
from recurra.analysis.subjects import Subject, of_each_network, visit_of
from recurra.shown import Shown
from recurra.tasks.base import Task

LONG = 6  # length of the long test, in lengths of a trial


@dataclass(frozen=True)
class Memories(Shown):
    """Which of the memory states are held: the output of every bit has the right sign.

    Args:
        held: whether each state is held at the end of a trial.
        held_long: whether it is held after six times the length of a trial.
        long_ms: that longer time, ms.
    """

    sources: ClassVar[tuple[str, ...]] = ("sussillo2013",)

    held: Bool[np.ndarray, "condition"]
    held_long: Bool[np.ndarray, "condition"]
    long_ms: float


@of_each_network
def held_memories(network: Subject, task: Task | None = None) -> Memories:
    """Set each memory state from rest by one pulse per bit, without noise, and read it at the end.

    Args:
        network: the network, or a cohort.
        task: the flip-flop that it was trained on; not needed where the network knows it.
    """
    visit = visit_of(network, task)
    network, task = visit.network, memory_task(visit.task)
    long_ms = LONG * task.length_ms
    outputs = network.respond(task.hold(long_ms).inputs)
    right = (np.sign(outputs) == task.states[:, None]).all(axis=-1)
    return Memories(held=right[:, task.steps - 1], held_long=right[:, -1], long_ms=long_ms)
