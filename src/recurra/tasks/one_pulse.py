"""Tasks in which one input has a pulse or none, and the output answers the pulse or stays silent."""

import abc

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from recurra.arrays import RandomKey
from recurra.checks import check_at_least_zero, check_between, check_range, steps_of
from recurra.tasks.base import Task, gather, uniform_and_normal, with_noise
from recurra.tasks.pulse_schedules import whole_steps
from recurra.tasks.pulses import check_pulse, pulse
from recurra.tasks.trials import Trial, Trials


class OnePulseTask(Task):
    """A task with two conditions, without and with a pulse; such tasks differ in the answer to a pulse."""

    length_ms: float
    onset_ms: tuple[float, float]
    pulse_ms: float
    smooth_ms: float
    chance: float
    amplitude: float
    input_noise: float

    @abc.abstractmethod
    def answer(self, onset: Int[Array, ""]) -> Float[Array, "time 1"]:
        """The target after a pulse whose first step is `onset`."""

    def check_stimulus(self) -> None:
        """Raise an error if the pulse or its probability make no sense."""
        check_pulse(self.pulse_ms, self.amplitude, self.input_noise, self.dt_ms)
        check_range("onset_ms", self.onset_ms, 0)
        check_at_least_zero("smooth_ms", self.smooth_ms)
        check_between("chance", self.chance, 0, 1)

    def trial(self, key: RandomKey) -> Trial:
        uniform, normal = uniform_and_normal(key, 2, self._steps, 1)
        clean = self._render(uniform[0] < self.chance, whole_steps(uniform[1], self.onset_ms, self.dt_ms))
        return with_noise(clean, self.input_noise, self.dt_ms, normal)

    def probe(self) -> Trials:
        """One trial without and one with a pulse, at the earliest onset and without noise."""
        onset = jnp.full((2, 1), self.in_steps(self.onset_ms[0]), jnp.int32)
        return gather(self, jax.vmap(self._render)(jnp.asarray([[False], [True]]), onset))

    @property
    def _steps(self) -> int:
        return steps_of("length_ms", self.length_ms, self.dt_ms)

    def shape_of_pulse(self, onset: Int[Array, ""]) -> Float[Array, "time 1"]:
        """A pulse of height 1 that starts at step `onset`."""
        width, smooth = self.in_steps(self.pulse_ms), self.smooth_ms / self.dt_ms
        return pulse(onset, width, smooth, self._steps)[:, None]

    def _render(self, present: Bool[Array, "1"], onset: Int[Array, "1"]) -> Trial:
        targets = jnp.where(present, self.answer(onset[0]), 0)
        inputs = jnp.where(present, self.amplitude * self.shape_of_pulse(onset[0]), 0)
        return Trial(inputs, targets, jnp.ones(targets.shape, bool), present[0].astype(jnp.int32))
