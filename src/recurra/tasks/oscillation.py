"""Oscillation: a pulse starts a sine."""

import math
from dataclasses import dataclass, field
from typing import ClassVar, final

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Int

from recurra.arrays import RandomKey
from recurra.checks import check_at_least_zero, check_between, check_positive, check_range, steps_of
from recurra.periods import Period
from recurra.tasks.base import Task, gather, uniform_and_normal
from recurra.tasks.pulse_schedules import whole_steps
from recurra.tasks.pulses import pulse
from recurra.tasks.rules import NearRule, SuccessRule
from recurra.tasks.trials import Trial, Trials


@final
@dataclass(frozen=True)
class Oscillation(Task):
    r"""Answer a pulse with a sine, $\sin 2\pi f (t - t_0)$; stay silent where there was none.

    The sine starts at $t_0$, `response_delay_ms` after the end of the pulse, and ends `end_gap_ms` before the end of
    the trial. The conditions are the two kinds of trials.

    Args:
        length_ms: length of a trial, ms.
        onset_ms: earliest and latest onset of the pulse, ms.
        pulse_ms: width of the pulse, ms.
        smooth_ms: standard deviation of the Gaussian that smooths the pulse, ms; 0 for a square one.
        response_delay_ms: from the end of the pulse to the start of the sine, ms.
        end_gap_ms: from the end of the sine to the end of the trial, ms.
        frequency_hz: f of the sine, Hz.
        chance: of a pulse, 0 to 1.
        amplitude: height of the pulse; the sine has the amplitude 1.
        input_noise: standard deviation of the noise on the input at every step; the targets are clean.
        rule: when a trial is a success.
        dt_ms: length of a time step, ms.

    Source: Jarne and Laje (2019), section 5.4; times and frequency from the programs published with it.
    """

    sources: ClassVar[tuple[str, ...]] = ("jarne2019",)

    length_ms: float = 340.0
    onset_ms: tuple[float, float] = (100.0, 100.0)
    pulse_ms: float = 20.0
    smooth_ms: float = 5.0
    response_delay_ms: float = 20.0
    end_gap_ms: float = 20.0
    frequency_hz: float = 30.0
    chance: float = 0.5
    amplitude: float = 1.0
    input_noise: float = 0.1
    rule: SuccessRule = field(default_factory=NearRule)
    dt_ms: float = 1.0

    def __post_init__(self) -> None:
        check_positive("dt_ms", self.dt_ms)
        check_range("onset_ms", self.onset_ms, 0)
        steps_of("pulse_ms", self.pulse_ms, self.dt_ms)
        check_at_least_zero("smooth_ms", self.smooth_ms)
        for name in ("response_delay_ms", "end_gap_ms"):
            steps_of(name, getattr(self, name), self.dt_ms, at_least=0)
        check_positive("frequency_hz", self.frequency_hz)
        check_between("chance", self.chance, 0, 1)
        check_positive("amplitude", self.amplitude)
        check_at_least_zero("input_noise", self.input_noise)
        if self.frequency_hz * self.dt_ms >= 250:
            raise ValueError(
                f"frequency_hz is {self.frequency_hz:g}; a step of dt_ms = {self.dt_ms:g} is over a quarter"
            )
        self.rule.check_room(self.length_ms, self._sine_ms + self.end_gap_ms, self.dt_ms)

    @property
    def _sine_ms(self) -> float:
        return self.onset_ms[1] + self.pulse_ms + self.response_delay_ms

    @property
    def condition_names(self) -> tuple[str, ...]:
        return ("silent", "oscillation")

    @property
    def periods(self) -> tuple[Period, ...]:
        early, late = self.onset_ms[0], self.onset_ms[1] + self.pulse_ms
        end = self.length_ms - self.end_gap_ms
        parts = (("before", 0.0, early), ("pulse", early, late), ("gap", late, self._sine_ms))
        parts += (("sine", self._sine_ms, end), ("after", end, self.length_ms))
        return tuple(Period(*part) for part in parts if part[2] > part[1])

    def trial(self, key: RandomKey) -> Trial:
        steps = steps_of("length_ms", self.length_ms, self.dt_ms)
        uniform, normal = uniform_and_normal(key, 2, steps, 1)
        clean = self._render(uniform[0] < self.chance, whole_steps(uniform[1], self.onset_ms, self.dt_ms))
        return Trial(clean.inputs + self.input_noise * normal, clean.targets, clean.mask, clean.condition)

    def probe(self) -> Trials:
        """A trial without and one with a pulse, at the earliest onset and without noise."""
        onset = jnp.full((2, 1), round(self.onset_ms[0] / self.dt_ms), jnp.int32)
        return gather(self, jax.vmap(self._render)(jnp.asarray([[False], [True]]), onset))

    def _render(self, present: Bool[Array, "1"], onset: Int[Array, "1"]) -> Trial:
        steps = steps_of("length_ms", self.length_ms, self.dt_ms)
        width = round(self.pulse_ms / self.dt_ms)
        height = self.amplitude * pulse(onset[0], width, self.smooth_ms / self.dt_ms, steps)[:, None]
        inputs = jnp.where(present, height, 0)
        since = jnp.arange(steps, dtype=jnp.int32)[:, None] - onset - width - round(self.response_delay_ms / self.dt_ms)
        sounding = (since >= 0) & (jnp.arange(steps)[:, None] < steps - round(self.end_gap_ms / self.dt_ms)) & present
        phase = (2 * math.pi * self.frequency_hz * self.dt_ms / 1000) * since.astype(jnp.float32)
        targets = jnp.where(sounding, jnp.sin(phase), 0)
        return Trial(inputs, targets, jnp.ones(targets.shape, bool), present[0].astype(jnp.int32))
