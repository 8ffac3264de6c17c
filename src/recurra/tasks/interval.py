"""Interval reproduction: ready, set, and go after the same time."""

import math
from dataclasses import dataclass, field
from typing import ClassVar, final

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from recurra.checks import check_count, check_positive, check_range, steps_of
from recurra.periods import Period, in_a_row
from recurra.tasks.pulse_schedules import whole_steps
from recurra.tasks.rules import NearRule, SuccessRule
from recurra.tasks.staged import StagedTask, signals
from recurra.tasks.trials import Trial

MOST_INTERVALS = 10_000


@final
@dataclass(frozen=True)
class IntervalReproduction(StagedTask):
    r"""Measure the time from ready to set, and ramp up to 1 in the same time, or in a multiple of it.

    Inputs are ready and set, pulses of height 1; every input and step has the noise $(\sigma / \sqrt{\Delta t})\, \xi$.
    The interval I goes from the onset of ready to that of set. The target is 0 until the onset of set, at $t_s$, and
    then the ramp $(t - t_s) / (g I)$ that reaches 1 at the time to go, with the gain g. All steps until then count, and
    none after. Ready comes at a random time, so that only the interval tells when to go. The conditions are the
    intervals, in ms; in the probe ready comes in the middle of its range.

    By default a successful output stays within 0.1 of the ramp for 95 % of the time: its slope, and with it the
    interval, is right to about a tenth. With the usual bounds the mean interval would pass as an answer to all
    intervals.

    Args:
        ready_onset_ms: earliest and latest onset of ready, ms.
        pulse_ms: width of the pulses, ms.
        interval_ms: shortest and longest interval, ms.
        intervals: number of intervals, equally spaced, at least 2.
        gain: g, above 0.
        input_noise: σ, the standard deviation of the noise at a step of 1 ms, √ms; a pulse of height 1 is
            √(pulse_ms) / σ = 91 standard deviations of its mean.
        rule: when a trial is a success.
        dt_ms: length of a time step, ms.

    Source: Jazayeri and Shadlen (2010).
    """

    sources: ClassVar[tuple[str, ...]] = ("jazayeri2010",)
    channels: ClassVar[int] = 2
    chances: ClassVar[int] = 1

    ready_onset_ms: tuple[float, float] = (100.0, 300.0)
    pulse_ms: float = 83.0
    interval_ms: tuple[float, float] = (800.0, 1_500.0)
    intervals: int = 8
    gain: float = 1.0
    input_noise: float = 0.1
    rule: SuccessRule = field(default_factory=lambda: NearRule(tolerance=0.1, error_bound=0.1))
    dt_ms: float = 10.0

    def __post_init__(self) -> None:
        self.check_stages("pulse_ms")
        check_positive("gain", self.gain)
        check_range("ready_onset_ms", self.ready_onset_ms, 0)
        steps_of("earliest ready_onset_ms", self.ready_onset_ms[0], self.dt_ms)
        check_range("interval_ms", self.interval_ms, self.pulse_ms)
        check_intervals(self.interval_ms, self.intervals, self.dt_ms)

    @property
    def _intervals_ms(self) -> Float[np.ndarray, "condition"]:
        """The intervals, each rounded to the nearest whole step."""
        return np.round(np.linspace(*self.interval_ms, self.intervals) / self.dt_ms) * self.dt_ms

    @property
    def condition_names(self) -> tuple[str, ...]:
        return tuple(f"{interval:g}" for interval in self._intervals_ms)

    @property
    def periods(self) -> tuple[Period, ...]:
        """The period that all trials share, before the earliest onset of ready."""
        return in_a_row(self.dt_ms, before=self.ready_onset_ms[0])

    @property
    def _steps(self) -> int:
        longest = self.in_steps(self.interval_ms[1])
        return self.in_steps(self.ready_onset_ms[1]) + longest + math.ceil(self.gain * longest) + 1

    def render(self, condition: Int[Array, ""], chance: Float[Array, "chance"]) -> Trial:
        interval = jnp.asarray(np.round(self._intervals_ms / self.dt_ms), jnp.int32)[condition]
        ready = whole_steps(chance, self.ready_onset_ms, self.dt_ms)[0]
        width, onset = self.in_steps(self.pulse_ms), ready + interval
        ramp = self.gain * interval.astype(jnp.float32)
        since = jnp.arange(self._steps, dtype=jnp.int32)[:, None] - onset
        counts = since.astype(jnp.float32) <= ramp
        rising = jnp.where(counts & (since >= 0), since.astype(jnp.float32) / ramp, 0)
        inputs = signals(self.between(ready, ready + width), self.between(onset, onset + width))
        return Trial(inputs, rising, counts, condition)


def check_intervals(interval_ms: tuple[float, float], intervals: int, dt_ms: float) -> None:
    """Raise an error if so many equally spaced intervals cannot be told apart.

    Args:
        interval_ms: the shortest and the longest, ms.
        intervals: how many.
        dt_ms: length of a time step, ms.
    """
    check_count("intervals", intervals, at_least=2, at_most=MOST_INTERVALS)
    if (interval_ms[1] - interval_ms[0]) / (intervals - 1) < dt_ms:
        raise ValueError(
            f"interval_ms is {tuple(interval_ms)}; its {intervals} intervals are less than a step of "
            f"dt_ms = {dt_ms:g} apart. Widen the range or lower the number of intervals."
        )
