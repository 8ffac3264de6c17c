"""How well a network does its task."""

from dataclasses import dataclass
from typing import ClassVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from recurra.intervals import wilson_interval
from recurra.models.cohort import Network
from recurra.tasks.base import Task
from recurra.tasks.rules import SUCCESSFUL
from recurra.tasks.trials import Trials


@dataclass(frozen=True)
class Performance:
    """How well one network does its task on a set of trials.

    Args:
        mse: mean over the unmasked entries of (z - z*)^2.
        distance: norm of z - z* over time, mean over trials and outputs; the papers' measure.
        bit_accuracy: share of the scored steps and outputs with the right answer.
        success: share of the trials that are a success.
        success_low: lower end of its 95 % Wilson interval.
        success_high: upper end of the interval.
        trials: number of trials.
    """

    sources: ClassVar[tuple[str, ...]] = ("wilson1927",)

    mse: float
    distance: float
    bit_accuracy: float
    success: float
    success_low: float
    success_high: float
    trials: int

    @property
    def learned(self) -> bool:
        """Whether so many trials are a success that the network counts as one that does its task."""
        return self.success >= SUCCESSFUL

    @property
    def verdict(self) -> str:
        """The same in words."""
        return "learned" if self.learned else "not learned"


def performance(network: Network, task: Task, trials: Trials) -> Performance:
    r"""Error, distance, accuracy and success of a network.

    mse $= \frac{1}{|M|}\sum_M (z - z^*)^2$ over the unmasked entries M; distance
    $= \langle \|z_{b \cdot k} - z^*_{b \cdot k}\|_2 \rangle_{b, k}$ over trials b and outputs k, masked steps left out.

    Args:
        network: the network.
        task: says which steps are scored and when a trial is a success.
        trials: fresh trials of the task.

    Source: Jarne and Laje (2019) for the distance; Wilson (1927) for the interval.
    """
    outputs = network.respond(trials.inputs)
    mask, scored = np.asarray(trials.mask), np.asarray(task.scored(trials))
    squared = np.where(mask, (outputs - np.asarray(trials.targets, np.float64)) ** 2, 0)
    answers = jnp.asarray(outputs, jnp.float32)
    successes = wilson_interval(int(task.success(answers, trials).sum()), len(trials))
    return Performance(
        mse=float(squared.sum() / mask.sum()),
        distance=float(np.sqrt(squared.sum(axis=1)).mean()),
        bit_accuracy=_share(np.asarray(task.correct(answers, trials)), scored),
        success=successes.value,
        success_low=successes.low,
        success_high=successes.high,
        trials=len(trials),
    )


def _share(correct: Float[np.ndarray, "..."], scored: Float[np.ndarray, "..."]) -> float:
    return float((correct & scored).sum() / max(scored.sum(), 1))
