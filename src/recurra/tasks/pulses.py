"""Pulses, the signal that the papers' tasks share, and the memory of them."""

from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from recurra.arrays import AnyArray

Signal = Float[Array, "time channel"]


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Pulses:
    """The pulses of one trial on every channel, in the order of their onsets; those beyond the trial are cut.

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
        """The sign of the latest pulse, from `delay` steps after its end on; 0 before the first."""
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


def steady(signal: Float[AnyArray, "trial time channel"], steps: int) -> Bool[Array, "trial time channel"]:
    """Where the signal has not changed in the last `steps` steps; before the trial it was 0."""
    before = jnp.pad(jnp.asarray(signal), ((0, 0), (1, 0), (0, 0)))[:, :-1]
    time = jnp.arange(signal.shape[1], dtype=jnp.int32)[:, None]
    changed = jax.lax.cummax(jnp.where(signal != before, time, -steps), axis=1)
    return time - changed >= steps
