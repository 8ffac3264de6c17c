"""The pulse memory with the targets of the programs published with the papers."""

from dataclasses import dataclass, field
from typing import ClassVar, final

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from recurra.arrays import RandomKey
from recurra.checks import check_at_least_zero, check_between, steps_of
from recurra.periods import Period, periods_until
from recurra.tasks.base import Task, gather, uniform_and_normal
from recurra.tasks.rules import NearRule, SuccessRule
from recurra.tasks.trials import Trial, Trials

KERNEL_STEPS, KERNEL_DEVIATION, KERNEL_HEIGHT = 20, 12.0, 0.04


@final
@dataclass(frozen=True)
class PublishedPulse(Task):
    r"""The pulse memory as in the program published with Jarne and Laje (2019), with noise on the targets too.

    Pulse and answer have the same shape, $0.04\,(1 * g)$ within their own steps, with g a Gaussian of 20 steps and a
    deviation of 12, so that they rise from 0.36 to 0.72 and fall again. The output rests at `rest`. Noise is added to
    input and target at every step: a perfect network has a distance of about `noise` $\sqrt{\text{steps}}$, 1.00 in
    100 steps, and not 0. An answer that does not fit into the trial is cut at its end, as the program cuts it: beyond a
    delay of 30 ms where the trial has 100 ms, and from 50 ms nothing is left of it.

    Args:
        delay_ms: from the end of the pulse to the start of the answer, ms.
        length_ms: length of a trial, ms.
        onset_ms: onset of the pulse, ms.
        pulse_ms: width of pulse and answer, ms.
        chance: probability of a pulse, 0 to 1.
        rest: target of the output outside the answer.
        noise: standard deviation of the noise on input and target at every step.
        rule: when a trial is a success; noise on the target counts as error too, and as an answer where it exceeds the
            rule's `rest`.
        dt_ms: length of a time step, ms: 1.

    Source: Jarne and Laje (2019), section 5.6, and the program to it.
    """

    sources: ClassVar[tuple[str, ...]] = ("jarne2019",)

    delay_ms: float = 25.0
    length_ms: float = 100.0
    onset_ms: float = 30.0
    pulse_ms: float = 20.0
    chance: float = 0.5
    rest: float = 0.01
    noise: float = 0.1
    rule: SuccessRule = field(default_factory=lambda: NearRule(rest=0.3))
    dt_ms: float = 1.0

    def __post_init__(self) -> None:
        if self.dt_ms != 1:
            raise ValueError(f"dt_ms is {self.dt_ms:g}; the published program has steps of 1 ms")
        for name, least in (("delay_ms", 0), ("onset_ms", 0), ("pulse_ms", 1), ("length_ms", 1)):
            steps_of(name, getattr(self, name), self.dt_ms, at_least=least)
        check_between("chance", self.chance, 0, 1)
        check_at_least_zero("noise", self.noise)
        end = self.in_steps(self.onset_ms, self.pulse_ms)
        if end > self._steps:
            raise ValueError(
                f"length_ms is {self.length_ms:g}; the pulse ends at {end * self.dt_ms:g} ms. Lengthen the trial."
            )

    @property
    def condition_names(self) -> tuple[str, ...]:
        return ("silent", "pulse")

    @property
    def answer_ms(self) -> float:
        """Time at which the answer starts, ms."""
        return self.dt_ms * self.in_steps(self.onset_ms, self.pulse_ms, self.delay_ms)

    @property
    def periods(self) -> tuple[Period, ...]:
        before, end = self.in_steps(self.onset_ms), self.in_steps(self.onset_ms, self.pulse_ms)
        ends = {"before": before, "pulse": end, "delay": self.in_steps(self.answer_ms), "answer": self._steps}
        return periods_until(self.dt_ms, **{name: min(step, self._steps) for name, step in ends.items()})

    def trial(self, key: RandomKey) -> Trial:
        uniform, normal = uniform_and_normal(key, 1, 2 * self._steps, 1)
        clean = self._render(uniform[0] < self.chance)
        noise = self.noise * normal.reshape(2, self._steps, 1)
        return Trial(clean.inputs + noise[0], clean.targets + noise[1], clean.mask, clean.condition)

    def probe(self) -> Trials:
        """One trial without and one with a pulse, without noise."""
        return gather(self, jax.vmap(self._render)(jnp.asarray([[False], [True]])))

    @property
    def _steps(self) -> int:
        return steps_of("length_ms", self.length_ms, self.dt_ms)

    def pulse_from(self, start_ms: float) -> Float[np.ndarray, "time 1"]:
        """A pulse that starts at a time, cut at the end of the trial."""
        start = self.in_steps(start_ms)
        width = min(self.in_steps(self.pulse_ms), max(self._steps - start, 0))
        signal = np.zeros((self._steps, 1), np.float32)
        if width:
            at = np.arange(KERNEL_STEPS) - (KERNEL_STEPS - 1) / 2
            kernel = KERNEL_HEIGHT * np.exp(-0.5 * (at / KERNEL_DEVIATION) ** 2)
            first = (KERNEL_STEPS - 1) // 2
            signal[start : start + width, 0] = np.convolve(np.ones(width), kernel)[first : first + width]
        return signal

    def clean_targets(self) -> Float[np.ndarray, "condition time 1"]:
        """The targets without and with a pulse, before noise is added."""
        answer = self.pulse_from(self.answer_ms)
        return np.stack([np.where(answer > 0, part, np.float32(self.rest)) for part in (0 * answer, answer)])

    def _render(self, present: Bool[Array, "1"]) -> Trial:
        which = present[0].astype(jnp.int32)
        inputs = jnp.where(present, jnp.asarray(self.pulse_from(self.onset_ms)), 0)
        targets = jnp.asarray(self.clean_targets())[which]
        return Trial(inputs, targets, jnp.ones(targets.shape, bool), which)
