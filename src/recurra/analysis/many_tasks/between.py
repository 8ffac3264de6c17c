"""Fixed points followed from the input of one task to that of another."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Bool, Float

from recurra.analysis.dynamics.continuation import Branch, continuation
from recurra.analysis.dynamics.fixed_points import fixed_points
from recurra.analysis.many_tasks.tasks import many_tasks_of
from recurra.analysis.subjects import Subject, of_each_network, visit_of
from recurra.shown import Shown
from recurra.tasks.base import Task

TOGETHER = 1e-4  # two fixed points at a smaller distance per root of the number of units are the same


@dataclass(frozen=True)
class BetweenTasks(Shown):
    """The fixed points of one task's input, each followed along the segment to another task's.

    Args:
        names: of the two tasks.
        inputs: of both; a point at the amplitude a has (1 - a) times the first and a times the second.
        branches: one for each fixed point of the first input.
        arrives: whether each reaches the second input.
        folds: whether each turns back on its way: there it meets another one and vanishes.
        changes: whether the number of unstable modes changes on its way.
        distinct: number of different fixed points of the second input that are reached.
    """

    sources: ClassVar[tuple[str, ...]] = ("driscoll2024", "allgower1990")

    names: tuple[str, str]
    inputs: Float[np.ndarray, "end input"]
    branches: tuple[Branch, ...]
    arrives: Bool[np.ndarray, "branch"]
    folds: Bool[np.ndarray, "branch"]
    changes: Bool[np.ndarray, "branch"]
    distinct: int

    def __len__(self) -> int:
        return len(self.branches)


@of_each_network
def between_tasks(
    network: Subject,
    task: Task | None = None,
    *,
    first: str,
    second: str,
    time_ms: float,
    condition: int = 0,
    arc: float = 0.05,
    most: int = 500,
) -> BetweenTasks:
    """Follow the fixed points of a task's input along the segment to the input of another task.

    A fixed point that is the same for both tasks arrives without a fold and without a change of its stability: the
    tasks share it. Between tasks that differ in their rule input alone the segment turns one rule off and the other on.

    Args:
        network: the network, or a cohort.
        task: a `MultiTask`; not needed where the network knows it.
        first: name of the task whose fixed points are followed.
        second: name of the other task.
        time_ms: the time in the probe at which the inputs of both are taken, ms.
        condition: number of the condition within each task.
        arc: longest distance between two points, as in `rc.continuation`.
        most: largest number of points of a branch.

    Raises:
        ValueError: the task is no `MultiTask` or has no such tasks, the time is after their end, both inputs are the
            same, or there is no fixed point at the first.

    Source: Driscoll, Shenoy and Sussillo (2024); Allgower and Georg (1990).
    """
    visit = visit_of(network, task)
    every = many_tasks_of(visit.task)
    inputs = np.stack([every.input_at(name, time_ms, condition) for name in (first, second)])
    if np.array_equal(*inputs):
        raise ValueError(f"the inputs of {first} and {second} are the same at {time_ms:g} ms; name two different tasks")
    points = fixed_points(visit, inputs=inputs[0])
    if not len(points):
        raise ValueError(f"the network has no fixed point at the input of {first} at {time_ms:g} ms")
    branches = tuple(
        continuation(visit, state=state, origin=inputs[0], direction=inputs[1] - inputs[0], arc=arc, most=most)
        for state in points.states
    )
    arrives = np.array([bool(np.isclose(branch.amplitude[-1], 1)) for branch in branches])
    ends = [branch.states[-1] for branch, there in zip(branches, arrives, strict=True) if there]
    return BetweenTasks(
        names=(first, second),
        inputs=inputs,
        branches=branches,
        arrives=arrives,
        folds=np.array([bool(branch.fold.any()) for branch in branches]),
        changes=np.array([len(set(branch.index.tolist())) > 1 for branch in branches]),
        distinct=_distinct(ends),
    )


def _distinct(states: list[Float[np.ndarray, "state"]]) -> int:
    kept: list[np.ndarray] = []
    for state in states:
        if all(np.linalg.norm(state - other) > TOGETHER * np.sqrt(len(state)) for other in kept):
            kept.append(state)
    return len(kept)
