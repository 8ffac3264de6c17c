"""How well a network does its task."""

import math
from dataclasses import dataclass
from typing import ClassVar

import jax.numpy as jnp
import numpy as np

from recurra.intervals import wilson_interval
from recurra.models.cohort import Network, check_fit
from recurra.tasks.base import Task
from recurra.tasks.rules import SUCCESSFUL
from recurra.tasks.trials import Trials

MOST = 0.5  # success above this with the error of silence contradicts it, and below with next to no error
LITTLE = 0.01  # next to no error: so much of a silent network's


@dataclass(frozen=True)
class Performance:
    """How well one network does its task on a set of trials.

    Args:
        mse: mean of (z - z*)^2, weighted by the mask; NaN where it leaves nothing in.
        distance: norm of z - z* over time, mean over trials and outputs; the papers' measure.
        bit_accuracy: share of the judged steps and outputs that are right, silence where silence is asked for included.
        success: share of the judged trials that are a success; NaN where nothing is judged.
        success_low: lower end of its 95 % Wilson interval.
        success_high: upper end of the interval.
        trials: number of trials.
        judged: trials in which the task's rule judges a step; the others count neither way.
        silent_mse: mse of a silent network, whose output is 0 throughout, on the same trials.
        silent_success: its share of successes.
    """

    sources: ClassVar[tuple[str, ...]] = ("wilson1927",)

    mse: float
    distance: float
    bit_accuracy: float
    success: float
    success_low: float
    success_high: float
    trials: int
    judged: int
    silent_mse: float
    silent_success: float

    @property
    def contradiction(self) -> str:
        """A sentence where error and success contradict each other, or where nothing is judged; else nothing.

        They do where more than half of the trials are a success at an error that is no better than silence, and where
        fewer are at a hundredth of it or less.
        """
        if not self.judged:
            return f"nothing was scored: in none of {self.trials:,} trials the task's rule judges a step"
        ratio = self.mse / self.silent_mse if self.silent_mse > 0 else math.nan
        begin = f"error and success contradict each other: {self.success:.1%} of the trials are a success, but the MSE"
        silent = f"that of a silent network, {self.silent_mse:.3g}"
        if ratio >= 1 and self.success > MOST:
            return f"{begin}, {self.mse:.3g}, is no better than {silent}, which has {self.silent_success:.1%} success"
        if ratio <= LITTLE and self.success <= MOST:
            return f"{begin}, {self.mse:.3g}, is {LITTLE:.0%} of {silent}, or less"
        return ""

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

    mse $= \sum m (z - z^*)^2 / \sum m$ with the mask m, the loss that training lowers; distance
    $= \langle \|z_{b \cdot k} - z^*_{b \cdot k}\|_2 \rangle_{b, k}$ over trials b and outputs k, masked steps left out.

    Args:
        network: the network.
        task: says which steps are scored and when a trial is a success.
        trials: fresh trials of the task.

    Source: Jarne and Laje (2019) for the distance; Wilson (1927) for the interval.
    """
    check_fit(network, task)
    outputs = network.respond(trials.inputs)
    mask, targets = np.asarray(trials.mask, np.float64), np.asarray(trials.targets, np.float64)
    scored = np.asarray(task.scored(trials))
    judged = int(scored.any(axis=(1, 2)).sum())
    squared = np.where(mask > 0, (outputs - targets) ** 2, 0)
    answers = jnp.asarray(outputs, jnp.float32)
    successes = int(np.asarray(task.success(answers, trials)).sum())
    interval = wilson_interval(successes, judged) if judged else None
    return Performance(
        mse=_share((mask * squared).sum(), mask.sum()),
        distance=float(np.sqrt(squared.sum(axis=1)).mean()),
        bit_accuracy=_share((np.asarray(task.correct(answers, trials)) & scored).sum(), scored.sum()),
        success=_share(successes, judged),
        success_low=interval.low if interval else math.nan,
        success_high=interval.high if interval else math.nan,
        trials=len(trials),
        judged=judged,
        silent_mse=_share(np.where(mask > 0, mask * targets**2, 0).sum(), mask.sum()),
        silent_success=_share(int(np.asarray(task.success(jnp.zeros_like(answers), trials)).sum()), judged),
    )


def _share(part: float, whole: float) -> float:
    """Their ratio; NaN of nothing."""
    return float(part / whole) if whole else math.nan
