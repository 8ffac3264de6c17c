"""Which memories a network holds."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Bool

from recurra.models.cohort import Network, check_fit
from recurra.tasks.flipflop import FlipFlop

LONG = 6  # how many times a trial's length the long test lasts


@dataclass(frozen=True)
class Memories:
    """Which of the memory states are right, every bit with its sign.

    Args:
        held: at the end of a trial.
        held_long: after six times the length of a trial.
        long_ms: that length.
    """

    sources: ClassVar[tuple[str, ...]] = ("sussillo2013",)

    held: Bool[np.ndarray, "condition"]
    held_long: Bool[np.ndarray, "condition"]
    long_ms: float


def held_memories(network: Network, task: FlipFlop) -> Memories:
    """Set each memory state from rest by one pulse a bit, without noise, and read it at the end.

    Args:
        network: the network.
        task: the flip-flop that it was trained on.
    """
    check_fit(network, task, FlipFlop)
    long_ms = LONG * task.length_ms
    outputs = network.respond(task.hold(long_ms).inputs)
    right = (np.sign(outputs) == task.states[:, None]).all(axis=-1)
    return Memories(held=right[:, task.steps - 1], held_long=right[:, -1], long_ms=long_ms)
