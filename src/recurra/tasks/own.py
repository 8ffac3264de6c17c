"""A task of your own: a class with one method, or two functions."""

import abc
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import final

import jax
import numpy as np

from recurra.arrays import RandomKey
from recurra.checks import check_positive
from recurra.numerics import GENERATOR
from recurra.periods import Period, periods_until
from recurra.tasks.base import Task, gather
from recurra.tasks.rules import NearRule, SuccessRule
from recurra.tasks.trials import Trial, Trials

SEARCHED = 2_000  # trials among which the default probe looks for every condition


@dataclass(frozen=True)
class OwnTask(Task):
    """The base of a task of your own: derive a frozen dataclass from it and write `trial`.

    Args:
        conditions: names of the conditions; the `condition` of a trial is an index into them.
        rule: when a trial is a success.
        dt_ms: length of a time step, ms.
        deterministic: whether all trials are the same; otherwise a `trial` that ignores its key is refused.
    """

    conditions: tuple[str, ...] = ("all",)
    rule: SuccessRule = field(default_factory=NearRule)
    dt_ms: float = 1.0
    deterministic: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        check_positive("dt_ms", self.dt_ms)

    @abc.abstractmethod
    def trial(self, key: RandomKey) -> Trial:
        """One random trial, made with `jax.numpy`; `Trial.of` fills in what you leave out."""

    @property
    def condition_names(self) -> tuple[str, ...]:
        return self.conditions

    @property
    def periods(self) -> tuple[Period, ...]:
        return periods_until(self.dt_ms, trial=self.steps)

    def probe(self) -> Trials:
        """The first trial of each condition among those of key 0, with your noise; override it for noiseless ones."""
        trials = self.sample(jax.random.key(0, impl=GENERATOR), SEARCHED)
        return trials.part(first_of_each(np.asarray(trials.condition), self.condition_names))


@final
@dataclass(frozen=True)
class FunctionTask(OwnTask):
    """A task made from two functions.

    Args:
        conditions: names of the conditions; the `condition` of a trial is an index into them.
        rule: when a trial is a success.
        dt_ms: length of a time step, ms.
        deterministic: whether all trials are the same; otherwise a `draw` that ignores its key is refused.
        draw: makes one random `Trial` from a JAX key, with `jax.numpy`.
        draw_condition: makes the noiseless `Trial` of a condition from its number; without it the probe is made of
            drawn trials.
    """

    draw: Callable[[RandomKey], Trial] = field(kw_only=True)
    draw_condition: Callable[[int], Trial] | None = field(default=None, kw_only=True)

    def trial(self, key: RandomKey) -> Trial:
        return self.draw(key)

    def probe(self) -> Trials:
        if self.draw_condition is None:
            return super().probe()
        drawn = [self.draw_condition(condition) for condition in range(len(self.conditions))]
        return gather(self, jax.tree.map(lambda *arrays: jax.numpy.stack(arrays), *drawn))


def first_of_each(condition: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
    """The first trial of each condition; an error if a condition never occurs."""
    where = [np.flatnonzero(condition == number) for number in range(len(names))]
    missing = [name for name, trials in zip(names, where, strict=True) if not len(trials)]
    if missing:
        raise ValueError(
            f"none of {len(condition):,} trials has the condition {', '.join(missing)}; "
            "expected trials of every condition. Write the probe yourself, or name no condition that cannot occur."
        )
    return np.array([trials[0] for trials in where])
