"""The trials of each training step. All networks of a cohort see the same ones."""

import abc
from dataclasses import dataclass
from functools import lru_cache
from typing import final

import jax
import numpy as np

from recurra.checks import check_count
from recurra.numerics import pinned
from recurra.streams import Stream, random_key
from recurra.tasks.base import Task
from recurra.tasks.trials import Trials


class TrialSet(abc.ABC):
    """The source of the trials of a training step, and the number of steps per epoch."""

    @abc.abstractmethod
    def epoch_steps(self, batch: int) -> int:
        """Training steps per epoch, from one checkpoint to the next."""

    @abc.abstractmethod
    def batch(self, task: Task, seed: int, step: int, batch: int) -> Trials:
        """The trials of the training step `step`, counted from 0: a function of the seed and the step alone."""


@final
@dataclass(frozen=True)
class FreshTrials(TrialSet):
    """New trials at every step; no trial is repeated.

    Args:
        steps_an_epoch: training steps from one checkpoint to the next.
    """

    steps_an_epoch: int = 100

    def __post_init__(self) -> None:
        check_count("steps_an_epoch", self.steps_an_epoch, at_most=2**31 - 1)

    def epoch_steps(self, batch: int) -> int:
        return self.steps_an_epoch

    def batch(self, task: Task, seed: int, step: int, batch: int) -> Trials:
        return task.sample_batch(random_key(seed, Stream.trials, step), batch)


@final
@dataclass(frozen=True)
class FixedTrials(TrialSet):
    """A set of trials drawn once and used in a new random order in every epoch; the last batch may be smaller.

    Args:
        count: trials in the set.

    Source: the papers' protocol: 30,050 trials for the 3-bit flip-flop, 15,000 for the other tasks.
    """

    count: int = 30_050

    def __post_init__(self) -> None:
        check_count("count", self.count, at_most=2**31 - 1)

    def epoch_steps(self, batch: int) -> int:
        return -(-self.count // batch)

    def batch(self, task: Task, seed: int, step: int, batch: int) -> Trials:
        epoch, position = divmod(step, self.epoch_steps(batch))
        order = _order(self.count, seed, epoch)
        return _drawn_once(task, self.count, seed).part(order[position * batch : (position + 1) * batch])


@lru_cache(maxsize=1)
def _drawn_once(task: Task, count: int, seed: int) -> Trials:
    """The trials as NumPy arrays, from which batches are taken quickly."""
    return jax.tree.map(np.asarray, task.sample(random_key(seed, Stream.trials), count))


@lru_cache(maxsize=1)
def _order(count: int, seed: int, epoch: int) -> np.ndarray:
    with pinned():
        return np.asarray(jax.random.permutation(random_key(seed, Stream.order, epoch), count))


TRIAL_SETS: dict[str, type[TrialSet]] = {"fresh": FreshTrials, "fixed": FixedTrials}
