"""How well a network does each of its tasks."""

from dataclasses import dataclass
from typing import ClassVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int

from recurra.analysis.many_tasks.tasks import many_tasks_of
from recurra.analysis.performance import check_trials
from recurra.analysis.subjects import Subject, of_each_network, visit_of
from recurra.intervals import wilson_interval
from recurra.shown import Shown
from recurra.tasks.base import Task
from recurra.tasks.trials import Trials


@dataclass(frozen=True)
class TaskPerformance(Shown):
    """How well one network does each task of a `MultiTask`.

    Args:
        names: of the tasks.
        success: share of the judged trials of each task that are a success; NaN if none is judged.
        success_low: lower ends of the 95 % Wilson intervals.
        success_high: upper ends.
        judged: number of judged trials of each task.
        mse: mean squared error of each task, weighted by the mask.
    """

    sources: ClassVar[tuple[str, ...]] = ("yang2019", "wilson1927")

    names: tuple[str, ...]
    success: Float[np.ndarray, "task"]
    success_low: Float[np.ndarray, "task"]
    success_high: Float[np.ndarray, "task"]
    judged: Int[np.ndarray, "task"]
    mse: Float[np.ndarray, "task"]

    def __len__(self) -> int:
        return len(self.names)

    @property
    def worst(self) -> str:
        """The name of the task with the lowest success among those with a judged trial; an error if none has one."""
        if not self.judged.any():
            raise ValueError(
                "no task is judged: in none of the trials a task's rule judges a step, so none is the worst"
            )
        return self.names[int(np.nanargmin(self.success))]


@of_each_network
def task_performance(
    network: Subject, task: Task | None = None, *, trials: Trials | None = None, seed: int | None = None
) -> TaskPerformance:
    """Success and error of a network in each of its tasks; `rc.performance` has both over all tasks.

    Args:
        network: the network, or a cohort.
        task: a `MultiTask`; not needed where the network knows it.
        trials: fresh trials of all tasks; if not given, the 1,000 of `rc.performance`, in which the tasks are equally
            probable. `task.sample_of(name, seed, trials=1_000)` has more of one task.
        seed: seed of the trials; if not given, that of the network's cohort, or 0.

    Raises:
        TypeError: the trials are none, such as a number of them.
        ValueError: the task is no `MultiTask`.

    Examples:
        >>> import numpy as np, recurra as rc
        >>> both = rc.MultiTask((rc.And(), rc.Xor()))
        >>> silent = rc.network([[0.0]], np.zeros((1, 4)), [[0.0]])
        >>> found = rc.task_performance(silent, both)
        >>> found.names, bool((found.success < 1).all())
        (('and', 'xor'), True)

    Source: Yang et al. (2019).
    """
    check_trials(trials)
    visit = visit_of(network, task, seed)
    every, trials = many_tasks_of(visit.task), visit.trials if trials is None else trials
    outputs = np.asarray(visit.network.respond(trials.inputs), np.float32)
    good, judged = np.asarray(every.success(jnp.asarray(outputs), trials)), np.asarray(every.rule.judged(trials))
    which, mask = np.asarray(every.task_of(trials)), np.asarray(trials.mask, np.float64)
    squares = (mask * (outputs - np.asarray(trials.targets)) ** 2).sum(axis=(1, 2))
    members = [which == at for at in range(len(every.tasks))]
    counts = [(int((good & judged & own).sum()), int((judged & own).sum())) for own in members]
    intervals = [wilson_interval(*count) if count[1] else None for count in counts]
    return TaskPerformance(
        names=every.names,
        success=np.array([one.value if one else np.nan for one in intervals]),
        success_low=np.array([one.low if one else np.nan for one in intervals]),
        success_high=np.array([one.high if one else np.nan for one in intervals]),
        judged=np.array([count for _, count in counts]),
        mse=np.array([_mean(squares[own].sum(), mask[own].sum()) for own in members]),
    )


def _mean(total: float, weight: float) -> float:
    return float(total / weight) if weight else float("nan")
