"""Times and signs of the pulses of a trial."""

import abc
import math
from dataclasses import dataclass
from typing import final

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from recurra.checks import check_between, check_positive, check_range, steps_of

Onsets = Int[Array, "pulse bit"]
Signs = Int[Array, "pulse bit"]


class PulseSchedule(abc.ABC):
    """Times and signs of the pulses on a bit."""

    @abc.abstractmethod
    def most(self, steps: int, dt_ms: float) -> int:
        """Largest number of pulses that a bit can have in a trial."""

    @abc.abstractmethod
    def place(self, uniform: Float[Array, "3 pulse bit"], steps: int, dt_ms: float) -> tuple[Onsets, Signs]:
        """Onsets (steps, ascending) and signs of the pulses, from three uniform numbers in [0, 1) per pulse."""

    @abc.abstractmethod
    def check(self, dt_ms: float) -> None:
        """Raise an error if the schedule cannot be drawn at this time step."""


@final
@dataclass(frozen=True)
class ScheduledPulses(PulseSchedule):
    """Up to three pulses per trial and bit, at jittered times.

    The first comes at t0, the second at t0 + 70 + v1, the third at t0 + 170 + v1 + v2, with each v uniform over
    `jitter_ms`. The first is absent with probability `absent`; the signs of pulses are + or - with equal probability.

    Args:
        first_onset_ms: earliest and latest onset of the first pulse, ms.
        later_onsets_ms: nominal onsets of the further pulses after the first, ms.
        jitter_ms: least and greatest random extra time before each further pulse, ms.
        absent: probability that the first pulse is left out, 0 to 1.

    Source: Jarne (2024), section 3, and the programs published with it.
    """

    first_onset_ms: tuple[float, float] = (10.0, 99.0)
    later_onsets_ms: tuple[float, ...] = (70.0, 170.0)
    jitter_ms: tuple[float, float] = (1.0, 50.0)
    absent: float = 1 / 3

    def __post_init__(self) -> None:
        check_range("first_onset_ms", self.first_onset_ms, 0)
        check_range("jitter_ms", self.jitter_ms, 0)
        check_between("absent", self.absent, 0, 1)
        for gap in np.diff((0.0, *self.later_onsets_ms)):
            check_positive("the time between two pulses in later_onsets_ms", float(gap))

    def check(self, dt_ms: float) -> None:
        for gap in np.diff((0.0, *self.later_onsets_ms)):
            steps_of("the time between two pulses in later_onsets_ms", float(gap), dt_ms)

    def most(self, steps: int, dt_ms: float) -> int:
        return 1 + len(self.later_onsets_ms)

    def place(self, uniform: Float[Array, "3 pulse bit"], steps: int, dt_ms: float) -> tuple[Onsets, Signs]:
        when, which, whether = uniform
        first = whole_steps(when[:1], self.first_onset_ms, dt_ms)
        jitter = jnp.cumsum(whole_steps(when[1:], self.jitter_ms, dt_ms), axis=0, dtype=jnp.int32)
        nominal = np.array([round(onset / dt_ms) for onset in self.later_onsets_ms], np.int32)
        onset = jnp.concatenate([first, first + nominal.reshape(-1, 1) + jitter])
        present = (whether[:1] >= self.absent).astype(jnp.int32)
        return onset, signs_of(which).at[:1].multiply(present)


@final
@dataclass(frozen=True)
class PoissonPulses(PulseSchedule):
    r"""Pulses of either sign with equal probability, with the same probability $p$ at every step: geometric intervals.

    With `pulse_ms` = `dt_ms` and `response_delay_ms` = 0 the target follows at once, one step after the onset.

    Args:
        rate_hz: mean number of pulses per second and bit; p = rate_hz * dt_ms / 1000, below 1.

    Source: Sussillo and Barak (2013), section 3.1.
    """

    rate_hz: float = 10.0

    def __post_init__(self) -> None:
        check_positive("rate_hz", self.rate_hz)

    def check(self, dt_ms: float) -> None:
        chance = self.rate_hz * dt_ms / 1000
        if chance >= 1:
            raise ValueError(f"rate_hz is {self.rate_hz:g}, {chance:g} pulses per step; expected fewer than one")

    def most(self, steps: int, dt_ms: float) -> int:
        mean = self.rate_hz * dt_ms / 1000 * steps
        return min(steps, math.ceil(mean + 6 * math.sqrt(mean) + 6))  # exceeded once in 1e8 trials

    def place(self, uniform: Float[Array, "3 pulse bit"], steps: int, dt_ms: float) -> tuple[Onsets, Signs]:
        when, which, _ = uniform
        chance = self.rate_hz * dt_ms / 1000
        wait = 1 + jnp.floor(jnp.log1p(-when) / math.log1p(-chance)).astype(jnp.int32)
        return jnp.cumsum(jnp.minimum(wait, steps), axis=0, dtype=jnp.int32) - 1, signs_of(which)


def whole_steps(uniform: Float[Array, "*pulse"], span_ms: tuple[float, float], dt_ms: float) -> Int[Array, "*pulse"]:
    """Uniform numbers in [0, 1) as whole numbers of steps, uniform over `span_ms`, both ends included."""
    low, high = (round(bound / dt_ms) for bound in span_ms)
    steps = low + jnp.floor(uniform * (high + 1 - low)).astype(jnp.int32)
    return jnp.minimum(steps, high)


def signs_of(uniform: Float[Array, "pulse bit"]) -> Signs:
    """Uniform numbers in [0, 1) as +1 or -1 with equal probability."""
    return jnp.where(uniform < 0.5, -1, 1).astype(jnp.int32)
