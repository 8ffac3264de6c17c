"""The set/reset flip-flop: one bit, two inputs."""

import math
from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar, final

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int

from recurra.arrays import RandomKey
from recurra.checks import check_at_least_zero, steps_of
from recurra.periods import Period, periods_until
from recurra.tasks.base import Task, gather, uniform_and_normal, with_noise
from recurra.tasks.pulses import Pulses, check_pulse
from recurra.tasks.rules import NearRule, SuccessRule
from recurra.tasks.trials import Trial, Trials

Signs = Int[Array, "pulse"]


@final
@dataclass(frozen=True)
class SetReset(Task):
    """A pulse on the second input sets the output to 1, one on the first resets it to 0; in between it stays.

    The inputs are in the order of the published programs and of the networks trained with them: reset, set.
    Pulses come at regular times, each on one of the inputs with equal probability. The target changes
    `response_delay_ms` after the end of a pulse; before the first it is 0. The conditions are the levels at the end.

    Args:
        length_ms: length of a trial, ms.
        first_onset_ms: onset of the first pulse, ms.
        interval_ms: time between pulse onsets, ms.
        pulse_ms: width of a pulse, ms.
        amplitude: height of a pulse.
        response_delay_ms: time from the end of a pulse to the change of the target, ms.
        input_noise: σ, the standard deviation of the noise on every input at a step of 1 ms, √ms.
        rule: when a trial is a success.
        dt_ms: length of a time step, ms.

    Source: Jarne and Laje (2019), section 5.3 and Table 5; times from the programs published with it.
    """

    sources: ClassVar[tuple[str, ...]] = ("jarne2019",)
    conditions_are_levels: ClassVar[bool] = True

    length_ms: float = 600.0
    first_onset_ms: float = 50.0
    interval_ms: float = 120.0
    pulse_ms: float = 20.0
    amplitude: float = 1.0
    response_delay_ms: float = 20.0
    input_noise: float = 0.1
    rule: SuccessRule = field(default_factory=NearRule)
    dt_ms: float = 1.0

    def __post_init__(self) -> None:
        check_pulse(self.pulse_ms, self.amplitude, self.input_noise, self.dt_ms)
        check_at_least_zero("first_onset_ms", self.first_onset_ms)
        steps_of("response_delay_ms", self.response_delay_ms, self.dt_ms, at_least=0)
        steps_of("interval_ms", self.interval_ms, self.dt_ms)
        if self.interval_ms < self.pulse_ms:
            raise ValueError(f"interval_ms is {self.interval_ms:g}; expected at least pulse_ms, {self.pulse_ms:g} ms")
        answer = self.in_steps(self.first_onset_ms, self.interval_ms, self.pulse_ms, self.response_delay_ms)
        self.rule.check_room(self._steps, answer, self.dt_ms)

    @property
    def _steps(self) -> int:
        return steps_of("length_ms", self.length_ms, self.dt_ms)

    @property
    def condition_names(self) -> tuple[str, ...]:
        return ("low", "high")

    @property
    def periods(self) -> tuple[Period, ...]:
        return periods_until(self.dt_ms, before=self.in_steps(self.first_onset_ms), pulses=self._steps)

    @property
    def _most(self) -> int:
        return math.ceil((self._steps - self.in_steps(self.first_onset_ms)) / self.in_steps(self.interval_ms))

    def trial(self, key: RandomKey) -> Trial:
        uniform, normal = uniform_and_normal(key, self._most, self._steps, 2)
        clean = self._render(jnp.where(uniform[:, 0] < 0.5, 1, -1).astype(jnp.int32))
        return with_noise(clean, self.input_noise, self.dt_ms, normal)

    def probe(self) -> Trials:
        """Both levels without noise: set and reset, then left alone; set, then left alone."""
        return gather(self, self._both_levels())

    @partial(jax.jit, static_argnames="self")
    def _both_levels(self) -> Trial:
        signs = jnp.zeros((2, self._most), jnp.int32).at[:, 0].set(1).at[0, 1].set(-1)
        return jax.vmap(self._render)(signs)

    def _render(self, signs: Signs) -> Trial:
        """The noiseless trial with given pulses: +1 sets, -1 resets, 0 is none."""
        first, interval = self.in_steps(self.first_onset_ms), self.in_steps(self.interval_ms)
        width = jnp.full(signs.shape, self.in_steps(self.pulse_ms), jnp.int32)
        onset = first + interval * jnp.arange(len(signs), dtype=jnp.int32)
        height = jnp.full(signs.shape, self.amplitude, jnp.float32)
        channels = Pulses(
            onset=jnp.stack([onset] * 2, axis=1),
            sign=jnp.stack([signs == -1, signs == 1], axis=1).astype(jnp.int32),
            width=jnp.stack([width] * 2, axis=1),
            amplitude=jnp.stack([height] * 2, axis=1),
        )
        both = Pulses(onset[:, None], signs[:, None], width[:, None], height[:, None])
        held = both.held_sign(self._steps, self.in_steps(self.response_delay_ms))
        targets = (held > 0).astype(jnp.float32)
        condition = targets[-1, 0].astype(jnp.int32)
        return Trial(channels.square(self._steps), targets, jnp.ones(targets.shape, bool), condition)
