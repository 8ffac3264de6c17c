"""Pulse memory: answer a pulse with a pulse, later."""

from dataclasses import dataclass, field
from typing import ClassVar, final

from jaxtyping import Array, Float, Int

from recurra.checks import steps_of
from recurra.periods import Period, periods_until
from recurra.tasks.one_pulse import OnePulseTask
from recurra.tasks.rules import NearRule, SuccessRule


@final
@dataclass(frozen=True)
class PulseMemory(OnePulseTask):
    """Repeat a pulse `delay_ms` after its end; stay silent if there was none.

    The conditions are the two kinds of trials. This is the task of the papers' studies of memory.

    Args:
        length_ms: length of a trial, ms.
        onset_ms: earliest and latest onset of the pulse, ms.
        pulse_ms: width of the pulse, ms.
        smooth_ms: standard deviation of the Gaussian that smooths the pulse, ms; 0 for a square one.
        delay_ms: from the end of the pulse to the start of the answer, ms.
        chance: probability of a pulse, 0 to 1.
        amplitude: height of the pulse; the answer has the height 1.
        input_noise: σ, the standard deviation of the noise on the input at a step of 1 ms, √ms.
        rule: when a trial is a success.
        dt_ms: length of a time step, ms.

    Source: Jarne and Laje (2019), section 5.1.
    """

    sources: ClassVar[tuple[str, ...]] = ("jarne2019",)

    length_ms: float = 200.0
    onset_ms: tuple[float, float] = (30.0, 30.0)
    pulse_ms: float = 20.0
    smooth_ms: float = 5.0
    delay_ms: float = 20.0
    chance: float = 0.5
    amplitude: float = 1.0
    input_noise: float = 0.1
    rule: SuccessRule = field(default_factory=NearRule)
    dt_ms: float = 1.0

    def __post_init__(self) -> None:
        self.check_stimulus()
        steps_of("delay_ms", self.delay_ms, self.dt_ms, at_least=0)
        end = self.in_steps(self.onset_ms[1], self.pulse_ms, self.delay_ms, self.pulse_ms)
        if self._steps < end:
            raise ValueError(
                f"length_ms is {self.length_ms:g}; a pulse at {self.onset_ms[1]:g} ms, repeated after a delay_ms of "
                f"{self.delay_ms:g}, ends at {end * self.dt_ms:g} ms. Lengthen the trial or shorten the delay."
            )

    @property
    def condition_names(self) -> tuple[str, ...]:
        return ("silent", "pulse")

    @property
    def periods(self) -> tuple[Period, ...]:
        end = self.in_steps(self.onset_ms[1], self.pulse_ms)
        before, delay = self.in_steps(self.onset_ms[0]), end + self.in_steps(self.delay_ms)
        return periods_until(self.dt_ms, before=before, pulse=end, delay=delay, answer=self._steps)

    def answer(self, onset: Int[Array, ""]) -> Float[Array, "time 1"]:
        return self.shape_of_pulse(onset + self.in_steps(self.pulse_ms, self.delay_ms))
