"""Hints: signals that the target-generating network of full-FORCE receives, and the trained network does not."""

import abc
from dataclasses import dataclass
from typing import ClassVar, final

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from recurra.checks import check_positive
from recurra.tasks.trials import Trials


class Hint(abc.ABC):
    """A signal of every trial that tells how the task can be done."""

    sources: ClassVar[tuple[str, ...]] = ()

    @abc.abstractmethod
    def signal(self, trials: Trials) -> Float[Array, "trial time hint"]:
        """The hint at every step, float32."""

    def check_inputs(self, inputs: int) -> None:
        """Raise an error if it cannot be made for a task with so many inputs."""
        return


@final
@dataclass(frozen=True)
class NoHint(Hint):
    """No hint: a signal that is always 0."""

    def signal(self, trials: Trials) -> Float[Array, "trial time hint"]:
        return jnp.zeros((*trials.inputs.shape[:2], 1), jnp.float32)


@final
@dataclass(frozen=True)
class IntervalHint(Hint):
    """How an interval between two pulses can be kept: a ramp that rises between them and falls back after the second.

    From the onset of the pulse on the first input (where it exceeds 1/2) it rises by 1 in `rise_ms`; from that of the
    pulse on the second input it falls as fast, and stays at 0. It is at 0 again when the interval has passed twice.

    Args:
        rise_ms: time in which it rises by 1, ms.

    Source: DePasquale et al. (2018), ready-set-go.
    """

    sources: ClassVar[tuple[str, ...]] = ("depasquale2018",)

    rise_ms: float = 2_000.0

    def __post_init__(self) -> None:
        check_positive("rise_ms", self.rise_ms)

    def check_inputs(self, inputs: int) -> None:
        if inputs < 2:
            raise ValueError(
                f"IntervalHint needs a task with two inputs, such as rc.ReadySetGo(); this one has {inputs}"
            )

    def signal(self, trials: Trials) -> Float[Array, "trial time hint"]:
        begun = jax.lax.cummax((jnp.asarray(trials.inputs)[..., :2] > 0.5).astype(jnp.int32), axis=1)
        ready, done = begun[..., 0], begun[..., 1]
        height = jnp.cumsum(ready * (1 - done) - done, axis=1).astype(jnp.float32)
        return jnp.maximum(height, 0)[..., None] * jnp.float32(trials.dt_ms / self.rise_ms)


@final
@dataclass(frozen=True)
class LastPulseHint(Hint):
    """What a memory has to hold: the sign of the last pulse on each input, from the onset of the pulse, 0 before any.

    Args:
        threshold: an input is a pulse where its absolute value exceeds this.
    """

    threshold: float = 0.5

    def __post_init__(self) -> None:
        check_positive("threshold", self.threshold)

    def signal(self, trials: Trials) -> Float[Array, "trial time hint"]:
        inputs = jnp.asarray(trials.inputs, jnp.float32)
        pulses = jnp.where(abs(inputs) > self.threshold, jnp.sign(inputs), 0)
        step = jnp.arange(inputs.shape[1], dtype=jnp.int32)[:, None]
        last = jax.lax.cummax(jnp.where(pulses != 0, step, 0), axis=1)
        return jnp.take_along_axis(pulses, last, axis=1)


HINTS: dict[str, type[Hint]] = {"none": NoHint, "interval": IntervalHint, "last_pulse": LastPulseHint}
