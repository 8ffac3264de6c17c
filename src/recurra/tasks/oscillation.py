"""Oscillation: a pulse starts a sine."""

import math
from dataclasses import dataclass, field
from typing import ClassVar, final

import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from recurra.checks import check_positive, steps_of
from recurra.periods import Period, periods_until
from recurra.tasks.one_pulse import OnePulseTask
from recurra.tasks.rules import NearRule, SuccessRule


@final
@dataclass(frozen=True)
class Oscillation(OnePulseTask):
    r"""Answer a pulse with a sine, $\sin 2\pi f (t - t_0)$; stay silent if there was none.

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
        chance: probability of a pulse, 0 to 1.
        amplitude: height of the pulse; the sine has the amplitude 1.
        input_noise: σ, the standard deviation of the noise on the input at a step of 1 ms, √ms.
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
        self.check_stimulus()
        for name in ("response_delay_ms", "end_gap_ms"):
            steps_of(name, getattr(self, name), self.dt_ms, at_least=0)
        check_positive("frequency_hz", self.frequency_hz)
        if self.frequency_hz * self.dt_ms >= 250:
            raise ValueError(
                f"frequency_hz is {self.frequency_hz:g}; a step of dt_ms = {self.dt_ms:g} is over a quarter"
            )
        self.rule.check_room(self._steps, self._sine + self.in_steps(self.end_gap_ms), self.dt_ms)

    @property
    def _sine(self) -> int:
        """The step at which the latest sine begins."""
        return self.in_steps(self.onset_ms[1], self.pulse_ms, self.response_delay_ms)

    @property
    def condition_names(self) -> tuple[str, ...]:
        return ("silent", "oscillation")

    @property
    def periods(self) -> tuple[Period, ...]:
        before, pulse = self.in_steps(self.onset_ms[0]), self.in_steps(self.onset_ms[1], self.pulse_ms)
        sine = self._steps - self.in_steps(self.end_gap_ms)
        return periods_until(self.dt_ms, before=before, pulse=pulse, gap=self._sine, sine=sine, after=self._steps)

    def answer(self, onset: Int[Array, ""]) -> Float[Array, "time 1"]:
        begin = onset + self.in_steps(self.pulse_ms, self.response_delay_ms)
        time = jnp.arange(self._steps, dtype=jnp.int32)[:, None]
        sounding = (time >= begin) & (time < self._steps - self.in_steps(self.end_gap_ms))
        phase = (2 * math.pi * self.frequency_hz * self.dt_ms / 1000) * (time - begin).astype(jnp.float32)
        return jnp.where(sounding, jnp.sin(phase), 0)
