"""Ready, set, go: a pulse after the time that two pulses have told."""

import math
from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar, final

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from recurra.arrays import Outputs
from recurra.checks import check_at_least_zero, check_finite_number, check_positive, check_range, steps_of
from recurra.periods import Period, in_a_row
from recurra.tasks.interval import check_intervals
from recurra.tasks.pulse_schedules import whole_steps
from recurra.tasks.rules import JUMP, SuccessRule
from recurra.tasks.staged import StagedTask, signals
from recurra.tasks.trials import Trial, Trials


@final
@dataclass(frozen=True)
class PulseTimeRule(SuccessRule):
    r"""A trial is a success if the output answers with one pulse at the right time.

    The time to go, $t_g$, is that of the largest target; the interval I is the time since the last onset of an input
    before it. The output, where the mask counts, has to be largest within $\max(\rho I, \tau)$ of $t_g$, above half of
    the target there, and at no step above half of it farther away than this and half the width of the target's pulse.
    These are the steps that are called right. How low the output is before and after its pulse is not asked.

    Args:
        tolerance: ρ, part of the interval.
        least_ms: τ, the smallest tolerance, ms: it counts for short intervals.

    Source: DePasquale et al. (2018) for a tolerance of a fifth of the interval.
    """

    tolerance: float = 0.2
    least_ms: float = 50.0

    def __post_init__(self) -> None:
        check_positive("tolerance", self.tolerance)
        check_at_least_zero("least_ms", self.least_ms)

    @property
    def criterion(self) -> str:
        return (
            "A trial is a success if every output answers with one pulse, no farther from the right time than "
            f"{100 * self.tolerance:g} % of the interval, or {self.least_ms:g} ms if that is more."
        )

    def correct(self, outputs: Outputs, trials: Trials) -> Bool[Array, "trial time output"]:
        half = jnp.asarray(trials.targets).max(axis=1, keepdims=True) / 2
        return (jnp.asarray(outputs) <= half) | self._allowed(trials)

    @partial(jax.jit, static_argnames="self")
    def success(self, outputs: Outputs, trials: Trials) -> Bool[Array, "trial"]:
        counts, targets = trials.counts, jnp.asarray(trials.targets)
        counted = jnp.where(counts, jnp.asarray(outputs), -jnp.inf)
        late = abs(_largest(counted) - _largest(targets))
        answered = counted.max(axis=1) > targets.max(axis=1) / 2
        alone = (self.correct(outputs, trials) | ~counts).all(axis=1)
        right = answered & alone & (late.astype(jnp.float32) <= self._tolerance(trials))
        return right.all(axis=-1) & counts.any(axis=(1, 2))

    def _tolerance(self, trials: Trials) -> Float[Array, "trial output"]:
        """How many steps too early or too late is right."""
        inputs, go = jnp.asarray(trials.inputs), _largest(jnp.asarray(trials.targets))
        before = jnp.pad(inputs, ((0, 0), (1, 0), (0, 0)))[:, :-1]
        time = jnp.arange(inputs.shape[1], dtype=jnp.int32)
        onsets = (inputs - before > JUMP).any(axis=-1)[:, :, None] & (time[:, None] <= go[:, None])
        interval = (go - jnp.where(onsets, time[:, None], 0).max(axis=1)).astype(jnp.float32)
        return jnp.maximum(self.tolerance * interval, jnp.float32(self.least_ms / trials.dt_ms))

    def _allowed(self, trials: Trials) -> Bool[Array, "trial time output"]:
        """Where an output may be above half of the target's largest value."""
        targets = jnp.asarray(trials.targets)
        away = abs(jnp.arange(targets.shape[1], dtype=jnp.int32)[:, None] - _largest(targets)[:, None])
        width = (targets > targets.min(axis=1, keepdims=True)).sum(axis=1).astype(jnp.float32)
        return away.astype(jnp.float32) <= (self._tolerance(trials) + width / 2)[:, None]


def _largest(signal: Float[Array, "trial time output"]) -> Int[Array, "trial output"]:
    """The step at which it is largest."""
    return signal.argmax(axis=1).astype(jnp.int32)


@final
@dataclass(frozen=True)
class ReadySetGo(StagedTask):
    r"""Measure the time from ready to set, and answer with a pulse when the same time has passed again.

    Inputs are ready and set, pulses of height 1; every input and step has the noise $(\sigma / \sqrt{\Delta t})\, \xi$.
    The interval I goes from the onset of ready to that of set, at $t_s$. The target is the pulse
    $z_0 + (1 - z_0) \cos^2(\pi (t - t_s - I) / w)$, of the width w, and $z_0$ otherwise; all steps count. Ready comes
    at a random time, so that only the interval tells when to go. The conditions are the intervals, in ms; in the probe
    ready comes in the middle of its range.

    Unlike the ramp of `IntervalReproduction`, the pulse does not tell how the time can be kept: a network has to find
    it, or a hint of `FullFORCE` shows it.

    Args:
        ready_onset_ms: earliest and latest onset of ready, ms.
        pulse_ms: width of ready and set, ms.
        interval_ms: shortest and longest interval, ms.
        intervals: number of intervals, equally spaced, at least 2.
        answer_ms: w, width of the target's pulse, ms; at most twice the shortest interval.
        rest: $z_0$, the target while nothing is to be answered, below 1/2; the published program has -0.5.
        input_noise: σ, the standard deviation of the noise at a step of 1 ms, √ms.
        rule: when a trial is a success.
        dt_ms: length of a time step, ms.

    Source: DePasquale et al. (2018); Jazayeri and Shadlen (2010).
    """

    sources: ClassVar[tuple[str, ...]] = ("depasquale2018", "jazayeri2010")
    unit_tau_ms: ClassVar[float | None] = 10.0
    channels: ClassVar[int] = 2
    chances: ClassVar[int] = 1

    ready_onset_ms: tuple[float, float] = (50.0, 150.0)
    pulse_ms: float = 50.0
    interval_ms: tuple[float, float] = (100.0, 2_100.0)
    intervals: int = 21
    answer_ms: float = 200.0
    rest: float = 0.0
    input_noise: float = 0.0
    rule: SuccessRule = field(default_factory=PulseTimeRule)
    dt_ms: float = 2.0

    def __post_init__(self) -> None:
        self.check_stages("pulse_ms", "answer_ms")
        check_range("ready_onset_ms", self.ready_onset_ms, 0)
        steps_of("earliest ready_onset_ms", self.ready_onset_ms[0], self.dt_ms)
        check_range("interval_ms", self.interval_ms, self.pulse_ms)
        if self.answer_ms > 2 * self.interval_ms[0]:
            raise ValueError(
                f"answer_ms is {self.answer_ms:g}; expected at most twice the shortest interval, "
                f"{2 * self.interval_ms[0]:g} ms"
            )
        check_finite_number("rest", self.rest)
        if self.rest >= 1 / 2:
            raise ValueError(f"rest is {self.rest:g}; expected less than half of the answer, which is 1")
        check_intervals(self.interval_ms, self.intervals, self.dt_ms)

    @property
    def _interval_steps(self) -> Int[np.ndarray, "condition"]:
        """The intervals, each rounded to the nearest whole step."""
        return np.round(np.linspace(*self.interval_ms, self.intervals) / self.dt_ms).astype(np.int32)

    @property
    def condition_names(self) -> tuple[str, ...]:
        return tuple(f"{steps * self.dt_ms:g}" for steps in self._interval_steps)

    @property
    def periods(self) -> tuple[Period, ...]:
        """The period that all trials share, before the earliest onset of ready."""
        return in_a_row(self.dt_ms, before=self.ready_onset_ms[0])

    @property
    def _steps(self) -> int:
        longest = self.in_steps(self.interval_ms[1])
        return self.in_steps(self.ready_onset_ms[1], self.answer_ms) + 2 * longest

    def render(self, condition: Int[Array, ""], chance: Float[Array, "chance"]) -> Trial:
        interval = jnp.asarray(self._interval_steps)[condition]
        ready = whole_steps(chance, self.ready_onset_ms, self.dt_ms)[0]
        onset, width, answer = ready + interval, self.in_steps(self.pulse_ms), self.in_steps(self.answer_ms)
        since = jnp.arange(self._steps, dtype=jnp.int32)[:, None] - (onset + interval)
        pulse = jnp.cos((math.pi / answer) * since.astype(jnp.float32)) ** 2
        return Trial(
            inputs=signals(self.between(ready, ready + width), self.between(onset, onset + width)),
            targets=jnp.where(2 * abs(since) < answer, self.rest + (1 - self.rest) * pulse, self.rest),
            mask=jnp.ones((self._steps, 1), bool),
            condition=condition,
        )
