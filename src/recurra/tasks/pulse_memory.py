"""Pulse memory: answer a pulse with a pulse, later."""

from dataclasses import dataclass, field
from typing import ClassVar, final

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

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
class PulseMemory(Task):
    """Repeat a pulse `delay_ms` after its end; stay silent where there was none.

    The conditions are the two kinds of trials. This is the task of the papers' studies of memory.

    Args:
        length_ms: length of a trial, ms.
        onset_ms: earliest and latest onset of the pulse, ms.
        pulse_ms: width of the pulse, ms.
        smooth_ms: standard deviation of the Gaussian that smooths the pulse, ms; 0 for a square one.
        delay_ms: from the end of the pulse to the start of the answer, ms.
        chance: of a pulse, 0 to 1.
        amplitude: height of the pulse; the answer has the height 1.
        input_noise: standard deviation of the noise on the input at every step; the targets are clean.
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
        check_positive("dt_ms", self.dt_ms)
        check_range("onset_ms", self.onset_ms, 0)
        steps_of("pulse_ms", self.pulse_ms, self.dt_ms)
        steps_of("delay_ms", self.delay_ms, self.dt_ms, at_least=0)
        check_at_least_zero("smooth_ms", self.smooth_ms)
        check_between("chance", self.chance, 0, 1)
        check_positive("amplitude", self.amplitude)
        check_at_least_zero("input_noise", self.input_noise)
        end_ms = self.onset_ms[1] + 2 * self.pulse_ms + self.delay_ms
        if self.length_ms < end_ms:
            raise ValueError(
                f"length_ms is {self.length_ms:g}; a pulse at {self.onset_ms[1]:g} ms, repeated after a delay_ms of "
                f"{self.delay_ms:g}, ends at {end_ms:g} ms. Lengthen the trial or shorten the delay."
            )

    @property
    def condition_names(self) -> tuple[str, ...]:
        return ("silent", "pulse")

    @property
    def periods(self) -> tuple[Period, ...]:
        early, late = self.onset_ms[0], self.onset_ms[1] + self.pulse_ms
        answer = late + self.delay_ms
        parts = (("before", 0.0, early), ("pulse", early, late), ("delay", late, answer))
        return (*(Period(*part) for part in parts), Period("answer", answer, self.length_ms))

    def trial(self, key: RandomKey) -> Trial:
        steps = steps_of("length_ms", self.length_ms, self.dt_ms)
        uniform, normal = uniform_and_normal(key, 2, steps, 1)
        clean = self._render(uniform[0] < self.chance, whole_steps(uniform[1], self.onset_ms, self.dt_ms))
        return Trial(clean.inputs + self.input_noise * normal, clean.targets, clean.mask, clean.condition)

    def probe(self) -> Trials:
        """A trial without and one with a pulse, at the earliest onset and without noise."""
        onset = jnp.full((2, 1), round(self.onset_ms[0] / self.dt_ms), jnp.int32)
        return gather(self, jax.vmap(self._render)(jnp.asarray([[False], [True]]), onset))

    def _render(self, present: Array, onset: Int[Array, "1"]) -> Trial:
        answer = onset + round((self.pulse_ms + self.delay_ms) / self.dt_ms)
        targets = jnp.where(present, self._pulse(answer[0]), 0)
        return Trial(
            inputs=jnp.where(present, self.amplitude * self._pulse(onset[0]), 0),
            targets=targets,
            mask=jnp.ones(targets.shape, bool),
            condition=present[0].astype(jnp.int32),
        )

    def _pulse(self, onset: Int[Array, ""]) -> Float[Array, "time 1"]:
        steps = steps_of("length_ms", self.length_ms, self.dt_ms)
        return pulse(onset, round(self.pulse_ms / self.dt_ms), self.smooth_ms / self.dt_ms, steps)[:, None]
