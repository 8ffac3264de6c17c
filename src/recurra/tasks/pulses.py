"""Pulses, the signal that the papers' tasks share, and the memory of them."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from recurra.checks import check_at_least_zero, check_positive, steps_of

Signal = Float[Array, "time channel"]


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Pulses:
    """The pulses of one trial on every channel, in the order of their onsets; pulses are cut at the end of the trial.

    Args:
        onset: the first step of the pulse.
        sign: +1, -1, or 0 for a pulse that is left out.
        width: in steps.
        amplitude: its height.
    """

    onset: Int[Array, "pulse channel"]
    sign: Int[Array, "pulse channel"]
    width: Int[Array, "pulse channel"]
    amplitude: Float[Array, "pulse channel"]

    def square(self, steps: int) -> Signal:
        """The signal of square pulses over `steps` time steps; a new pulse ends the one before it."""
        time = jnp.arange(steps, dtype=jnp.int32)[:, None]

        def add(number: Int[Array, ""], signal: Signal) -> Signal:
            onset, sign, width, amplitude = self._pulse(number)
            height = jnp.where(time < onset + width, amplitude * sign.astype(jnp.float32), 0)
            return jnp.where((sign != 0) & (time >= onset), height, signal)

        return self._over_pulses(add, steps)

    def held_sign(self, steps: int, delay: int) -> Signal:
        """The sign of the latest pulse, starting `delay` steps after its end; 0 before the first."""
        time = jnp.arange(steps, dtype=jnp.int32)[:, None]

        def answer(number: Int[Array, ""], held: Signal) -> Signal:
            onset, sign, width, _ = self._pulse(number)
            due = (sign != 0) & (time >= onset + width + delay)
            return jnp.where(due, sign.astype(jnp.float32), held)

        return self._over_pulses(answer, steps)

    def _pulse(self, number: Int[Array, ""]) -> tuple[Array, Array, Array, Array]:
        return self.onset[number], self.sign[number], self.width[number], self.amplitude[number]

    def _over_pulses(self, change: Callable[[Int[Array, ""], Signal], Signal], steps: int) -> Signal:
        pulses, channels = self.onset.shape
        return jax.lax.fori_loop(0, pulses, change, jnp.zeros((steps, channels), jnp.float32), unroll=min(pulses, 16))


def pulse(onset: Int[Array, ""], width: int, smooth: float, steps: int) -> Float[Array, "time"]:
    r"""One pulse over `steps` time steps: square, or smoothed with a Gaussian; below 1 % of its height it is 0.

    $\frac12 \left(\operatorname{erf}\frac{t - a}{\sqrt2 s} - \operatorname{erf}\frac{t - b}{\sqrt2 s}\right)$
    from onset a to end b, with t in the middle of a step.

    Args:
        onset: its first step.
        width: in steps, before smoothing.
        smooth: standard deviation s of the Gaussian in steps; 0 for a square pulse.
        steps: length of the signal.
    """
    time = jnp.arange(steps, dtype=jnp.int32)
    if smooth == 0:
        return ((time >= onset) & (time < onset + width)).astype(jnp.float32)
    since = ((time - onset).astype(jnp.float32) + 0.5) / (math.sqrt(2) * smooth)
    value = (jax.lax.erf(since) - jax.lax.erf(since - width / (math.sqrt(2) * smooth))) / 2
    return jnp.where(value < 0.01, 0, value)


def check_pulse(pulse_ms: float, amplitude: float, input_noise: float, dt_ms: float) -> None:
    """Raise an error if pulses, noise on the inputs or the time step make no sense."""
    check_positive("dt_ms", dt_ms)
    steps_of("pulse_ms", pulse_ms, dt_ms)
    check_positive("amplitude", amplitude)
    check_at_least_zero("input_noise", input_noise)
