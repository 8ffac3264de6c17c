"""Tasks whose trials go through stages, with equally probable conditions and noise in continuous time."""

import abc
from functools import partial
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from recurra.arrays import RandomKey
from recurra.checks import check_at_least_zero, check_positive, check_real, steps_of
from recurra.tasks.base import Task, gather, uniform_and_normal, with_noise
from recurra.tasks.trials import Trial, Trials


class StagedTask(Task):
    r"""A task whose trials follow from the condition, from some uniform numbers, and from noise on the inputs.

    All conditions are equally probable. The noise on every input and step is $(\sigma / \sqrt{\Delta t})\, \xi$ with
    $\sigma$ = `input_noise` and $\Delta t$ = `dt_ms`: its contribution to a mean over time does not depend on the step.
    """

    unit_tau_ms: ClassVar[float | None] = 100.0
    channels: ClassVar[int]
    chances: ClassVar[int] = 0  # uniform numbers that a trial depends on besides its condition
    input_noise: float

    @abc.abstractmethod
    def render(self, condition: Int[Array, ""], chance: Float[Array, "chance"]) -> Trial:
        """The noiseless trial of a condition; everything else that is random follows from uniform numbers in [0, 1)."""

    def trial(self, key: RandomKey) -> Trial:
        uniform, normal = uniform_and_normal(key, 1 + self.chances, self._steps, self.channels)
        condition = jnp.floor(uniform[0, 0] * len(self.condition_names)).astype(jnp.int32)
        clean = self.render(condition, uniform[1:, 0])
        return with_noise(clean, self.input_noise, self.dt_ms, normal)

    def probe(self) -> Trials:
        """Every condition once, without noise; other random quantities are in the middle of their range."""
        return gather(self, _every_condition(self))

    @property
    def _steps(self) -> int:
        """Length of all trials in steps: that of the longest trial. Without random delays the periods fill it."""
        return round(self.periods[-1].end_ms / self.dt_ms)

    def check_stages(self, *names: str) -> None:
        """Raise an error if noise or time step make no sense, or if one of the durations is shorter than a step."""
        check_positive("dt_ms", self.dt_ms)
        check_at_least_zero("input_noise", self.input_noise)
        for name in names:
            steps_of(name, getattr(self, name), self.dt_ms)

    def check_answer(self, answer: str) -> None:
        """Raise an error if a duration leaves the answer no time to settle and to be judged for one step."""
        needed = self.in_steps(self.rule.settle_ms) + 1
        if self.in_steps(getattr(self, answer)) < needed:
            raise ValueError(
                f"{answer} is {getattr(self, answer):g}; the answer has {self.rule.settle_ms:g} ms to settle. "
                f"Expected at least {needed * self.dt_ms:g} ms."
            )

    def within(self, start_ms: float, end_ms: float) -> Bool[Array, "time 1"]:
        """Where time lies in [start_ms, end_ms), rounded to the nearest step."""
        return self.between(self.in_steps(start_ms), self.in_steps(end_ms))

    def between(self, start: int | Int[Array, ""], end: int | Int[Array, ""]) -> Bool[Array, "time 1"]:
        """The steps from `start` up to, but not including, `end`."""
        time = jnp.arange(self._steps, dtype=jnp.int32)[:, None]
        return (time >= start) & (time < end)

    def during(self, *names: str) -> Bool[Array, "time 1"]:
        """The steps of the named periods."""
        spans = [self.within(period.start_ms, period.end_ms) for period in self.periods if period.name in names]
        return jnp.stack(spans).any(axis=0)

    def span_ms(self, name: str) -> tuple[float, float]:
        """Begin and end of a named period, ms."""
        return next((period.start_ms, period.end_ms) for period in self.periods if period.name == name)


@partial(jax.jit, static_argnames="task")
def _every_condition(task: StagedTask) -> Trial:
    conditions = jnp.arange(len(task.condition_names), dtype=jnp.int32)
    middle = jnp.full((len(conditions), task.chances), 0.5, jnp.float32)
    return jax.vmap(task.render)(conditions, middle)


def signals(*channels: Float[Array, "time _"] | Bool[Array, "time _"]) -> Float[Array, "time channel"]:
    """Channels side by side, float32."""
    return jnp.concatenate([channel.astype(jnp.float32) for channel in channels], axis=1)


def both_signs(name: str, magnitudes: tuple[float, ...], most: float) -> Float[np.ndarray, "value"]:
    """Every magnitude with both signs, in ascending order and 0 once; an error if they cannot be told apart."""
    known = check_real(name, magnitudes, "magnitude")
    if known.ndim != 1 or not ((known >= 0) & (known <= most)).all() or not known.any():
        raise ValueError(f"{name} is {magnitudes}; expected numbers from 0 to {most:g}, at least one of them above 0")
    if len(set(known.tolist())) < len(known):
        raise ValueError(f"{name} is {magnitudes}; expected every magnitude once")
    return np.array(sorted({sign * value + 0.0 for value in known.tolist() for sign in (-1, 1)}))
