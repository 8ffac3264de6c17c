"""Boolean operations: hold the truth value of simultaneous pulses."""

import itertools
from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar, final

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from recurra.arrays import RandomKey
from recurra.checks import check_range, steps_of
from recurra.periods import Period, periods_until
from recurra.tasks.base import Task, gather, uniform_and_normal, with_noise
from recurra.tasks.pulse_schedules import whole_steps
from recurra.tasks.pulses import check_pulse, pulse
from recurra.tasks.rules import NearRule, SuccessRule
from recurra.tasks.trials import Trial, Trials


@dataclass(frozen=True)
class Boolean(Task):
    """Square pulses come at the same time on any of the inputs; the output then holds the truth value to the end.

    The combinations are equiprobable. They are the conditions, named by the inputs: "01" is a pulse on the second input
    only. The target is 0 until `response_delay_ms` after the end of the pulses.

    Args:
        length_ms: length of a trial, ms.
        onset_ms: earliest and latest onset of the pulses, ms.
        pulse_ms: width of a pulse, ms.
        amplitude: height of a pulse.
        response_delay_ms: from the end of the pulses to the answer, ms.
        input_noise: σ, the standard deviation of the noise on every input at a step of 1 ms, √ms.
        rule: when a trial is a success.
        dt_ms: length of a time step, ms.
    """

    sources: ClassVar[tuple[str, ...]] = ("jarne2019",)
    truth: ClassVar[tuple[int, ...]]

    length_ms: float = 200.0
    onset_ms: tuple[float, float] = (30.0, 30.0)
    pulse_ms: float = 20.0
    amplitude: float = 1.0
    response_delay_ms: float = 20.0
    input_noise: float = 0.1
    rule: SuccessRule = field(default_factory=NearRule)
    dt_ms: float = 1.0

    def __post_init__(self) -> None:
        check_pulse(self.pulse_ms, self.amplitude, self.input_noise, self.dt_ms)
        check_range("onset_ms", self.onset_ms, 0)
        steps_of("response_delay_ms", self.response_delay_ms, self.dt_ms, at_least=0)
        self.rule.check_room(self._steps, self._after(self.onset_ms[1]), self.dt_ms)

    @property
    def _steps(self) -> int:
        return steps_of("length_ms", self.length_ms, self.dt_ms)

    def _after(self, onset_ms: float) -> int:
        """The step at which the answer to pulses at a given onset begins."""
        return self.in_steps(onset_ms, self.pulse_ms, self.response_delay_ms)

    @property
    def _combinations(self) -> Int[np.ndarray, "condition input"]:
        channels = len(self.truth).bit_length() - 1
        return np.array(list(itertools.product((0, 1), repeat=channels)), np.int32)

    @property
    def condition_names(self) -> tuple[str, ...]:
        return tuple("".join(map(str, row)) for row in self._combinations)

    def factors(self) -> Int[np.ndarray, "condition factor"]:
        """The level of every input in every condition."""
        return self._combinations[np.asarray(self.probe().condition)]

    def factor_names(self) -> tuple[str, ...]:
        """The inputs."""
        count = self._combinations.shape[1]
        return tuple(f"input {one + 1}" for one in range(count)) if count > 1 else ("condition",)

    @property
    def periods(self) -> tuple[Period, ...]:
        before, pulses = self.in_steps(self.onset_ms[0]), self.in_steps(self.onset_ms[1], self.pulse_ms)
        gap = self._after(self.onset_ms[1])
        return periods_until(self.dt_ms, before=before, pulses=pulses, gap=gap, answer=self._steps)

    def trial(self, key: RandomKey) -> Trial:
        uniform, normal = uniform_and_normal(key, 2, self._steps, len(self._combinations[0]))
        condition = jnp.floor(uniform[0, 0] * len(self.truth)).astype(jnp.int32)
        clean = self._render(condition, whole_steps(uniform[1, :1], self.onset_ms, self.dt_ms)[0])
        return with_noise(clean, self.input_noise, self.dt_ms, normal)

    def probe(self) -> Trials:
        """Every combination once, at the earliest onset, without noise."""
        return gather(self, self._every_combination())

    @partial(jax.jit, static_argnames="self")
    def _every_combination(self) -> Trial:
        onset = jnp.int32(round(self.onset_ms[0] / self.dt_ms))
        conditions = jnp.arange(len(self.truth), dtype=jnp.int32)
        return jax.vmap(lambda condition: self._render(condition, onset))(conditions)

    def _render(self, condition: Int[Array, ""], onset: Int[Array, ""]) -> Trial:
        width = round(self.pulse_ms / self.dt_ms)
        present = jnp.asarray(self._combinations, jnp.float32)[condition]
        inputs = self.amplitude * pulse(onset, width, 0, self._steps)[:, None] * present
        answer = jnp.asarray(self.truth, jnp.float32)[condition]
        targets = _from(onset + width + round(self.response_delay_ms / self.dt_ms), self._steps) * answer
        return Trial(inputs, targets, jnp.ones(targets.shape, bool), condition)


def _from(step: Int[Array, ""], steps: int) -> Float[Array, "time 1"]:
    return (jnp.arange(steps, dtype=jnp.int32)[:, None] >= step).astype(jnp.float32)


@final
@dataclass(frozen=True)
class And(Boolean):
    """Go high, and stay there, if both inputs have a pulse.

    Source: Jarne and Laje (2019), section 5.2.1 and Table 1.
    """

    truth: ClassVar[tuple[int, ...]] = (0, 0, 0, 1)


@final
@dataclass(frozen=True)
class Or(Boolean):
    """Go high, and stay there, if at least one input has a pulse.

    Source: Jarne and Laje (2019), section 5.2.2 and Table 2.
    """

    truth: ClassVar[tuple[int, ...]] = (0, 1, 1, 1)


@final
@dataclass(frozen=True)
class Xor(Boolean):
    """Go high, and stay there, if exactly one input has a pulse.

    Source: Jarne and Laje (2019), section 5.2.3 and Table 3.
    """

    truth: ClassVar[tuple[int, ...]] = (0, 1, 1, 0)


@final
@dataclass(frozen=True)
class Not(Boolean):
    """Go high, and stay there, if the only input has no pulse: at the time at which an answer to a pulse would come.

    Source: Jarne and Laje (2019), section 5.2.4 and Table 4.
    """

    truth: ClassVar[tuple[int, ...]] = (1, 0)
