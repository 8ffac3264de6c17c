"""How well a network does its task."""

import math
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int

from recurra.analysis.subjects import Subject, of_each_network, visit_of
from recurra.arrays import Outputs
from recurra.intervals import wilson_interval
from recurra.shown import Shown
from recurra.tasks.base import Task
from recurra.tasks.rules import SUCCESSFUL
from recurra.tasks.trials import Trials

MOST = 0.5  # more success contradicts an error as large as a silent network's, less success contradicts a small error
LITTLE = 0.01  # largest small error, as a share of a silent network's


@dataclass(frozen=True)
class Performance(Shown):
    """How well one network does its task on a set of trials.

    Args:
        mse: mean of (z - z*)^2, weighted by the mask; NaN if the mask is 0 throughout.
        distance: norm of z - z* over time, mean over trials and outputs; the papers' measure.
        bit_accuracy: share of the judged steps and outputs that are right, including those whose target is silence.
        success: share of the judged trials that are a success; NaN if no trial is judged.
        success_low: lower end of its 95 % Wilson interval.
        success_high: upper end of the interval.
        trials: number of trials.
        judged: number of trials in which the task's rule judges a step; the others are neither success nor failure.
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
        """A sentence if error and success contradict each other, or if nothing is judged; empty otherwise.

        They contradict each other if more than half of the trials are a success at an error that is no better than
        that of a silent network, or if at most half are a success at a hundredth of that error or less.
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
        """Whether enough trials are a success for the network to count as one that does its task."""
        return self.success >= SUCCESSFUL

    @property
    def verdict(self) -> str:
        """The verdict in words: "learned" or "not learned"."""
        return "learned" if self.learned else "not learned"


@of_each_network
def performance(
    network: Subject, task: Task | None = None, *, trials: Trials | None = None, seed: int | None = None
) -> Performance:
    r"""Error, distance, accuracy and success of a network.

    mse $= \sum m (z - z^*)^2 / \sum m$ with the mask m, the loss that training lowers; distance
    $= \langle \|z_{b \cdot k} - z^*_{b \cdot k}\|_2 \rangle_{b, k}$ over trials b and outputs k, masked steps left out.
    The network runs without recurrent noise; the noise on the inputs is the task's.

    Args:
        network: the network, or a cohort.
        task: the task, which says which steps are scored and when a trial is a success; not needed where the network
            knows it.
        trials: fresh trials of the task; if not given, 1,000 that no network was trained on; one where all are
            the same.
        seed: seed of these; if not given, that of the network's cohort, or 0.

    Raises:
        TypeError: the trials are none, such as a number of them.

    Examples:
        >>> import recurra as rc
        >>> silent = rc.network([[0.0]], [[0.0, 0.0]], [[0.0]])
        >>> rc.performance(silent, rc.Xor()).trials
        1000

    Source: Jarne and Laje (2019) for the distance; Wilson (1927) for the interval.
    """
    check_trials(trials)
    visit = visit_of(network, task, seed)
    task, trials = visit.task, visit.trials if trials is None else trials
    outputs = visit.network.respond(trials.inputs)
    mask, targets = np.asarray(trials.mask, np.float64), np.asarray(trials.targets, np.float64)
    squared = np.where(mask > 0, (outputs - targets) ** 2, 0)
    verdict = _verdict(task, jnp.asarray(outputs, jnp.float32), trials)
    judged, successes = int(verdict["judged"]), int(verdict["successes"])
    interval = wilson_interval(successes, judged) if judged else None
    return Performance(
        mse=_share((mask * squared).sum(), mask.sum()),
        distance=float(np.sqrt(squared.sum(axis=1)).mean()),
        bit_accuracy=_share(int(verdict["right"]), int(verdict["scored"])),
        success=_share(successes, judged),
        success_low=interval.low if interval else math.nan,
        success_high=interval.high if interval else math.nan,
        trials=len(trials),
        judged=judged,
        silent_mse=_share(np.where(mask > 0, mask * targets**2, 0).sum(), mask.sum()),
        silent_success=_share(int(verdict["silent_successes"]), judged),
    )


def check_trials(trials: object) -> None:
    """`trials` must be trials of a task, or None."""
    if trials is not None and not isinstance(trials, Trials):
        given = f"{trials!r}" if isinstance(trials, (int, float, str)) else f"of the type {type(trials).__name__}"
        raise TypeError(f"trials is {given}; expected trials of the task, such as task.sample(0, trials=100)")


@partial(jax.jit, static_argnames="task")
def _verdict(task: Task, outputs: Outputs, trials: Trials) -> dict[str, Int[Array, ""]]:
    """How many trials are judged and how many succeed; how many steps and outputs are scored and how many are right."""
    scored, answers = task.scored(trials), jnp.stack([jnp.asarray(outputs), jnp.zeros_like(outputs)])
    successes, silent_successes = jax.vmap(lambda answer: task.success(answer, trials).sum())(answers)
    return {
        "judged": scored.any(axis=(1, 2)).sum(),
        "successes": successes,
        "silent_successes": silent_successes,
        "scored": scored.sum(),
        "right": (task.correct(outputs, trials) & scored).sum(),
    }


def _share(part: float, whole: float) -> float:
    """The ratio of the two; NaN if the whole is 0."""
    return float(part / whole) if whole else math.nan
