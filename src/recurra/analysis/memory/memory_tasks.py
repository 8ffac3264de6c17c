"""Which tasks have memories."""

from typing import TypeGuard

from recurra.tasks.base import Task
from recurra.tasks.flipflop import FlipFlop


def has_memories(task: Task) -> TypeGuard[FlipFlop]:
    """Whether the conditions of a task are memory states of bits that pulses set: those of flip-flops of any kind."""
    return isinstance(task, FlipFlop)


def memory_task(task: Task) -> FlipFlop:
    """The task itself if it has memories; otherwise an error."""
    if not has_memories(task):
        raise TypeError(f"the task is {type(task).__name__}, which has no memory states; expected a flip-flop")
    return task
