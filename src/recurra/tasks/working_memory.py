"""Parametric working memory: compare two frequencies, seconds apart."""

from dataclasses import dataclass, field
from typing import ClassVar, final

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from recurra.checks import check_range, steps_of
from recurra.periods import Period, in_a_row
from recurra.tasks.pulse_schedules import whole_steps
from recurra.tasks.rules import NearRule, SuccessRule
from recurra.tasks.staged import StagedTask
from recurra.tasks.trials import Trial

LOWEST_HZ, HIGHEST_HZ = 10.0, 34.0


@final
@dataclass(frozen=True)
class ParametricWorkingMemory(StagedTask):
    r"""Report by the sign of the output which of two frequencies was higher.

    A frequency f comes on two complementary inputs, $0.4 + 0.8\,(f - 10) / 24$ and $0.4 + 0.8\,(34 - f) / 24$ with f in
    Hz; without a frequency they are 0. Every input and step has the noise $(\sigma / \sqrt{\Delta t})\, \xi$. The pairs
    are (18, 10), (22, 14), (26, 18), (30, 22), (34, 26) Hz and the reverse; they are the conditions, such as "18>10".
    The target is 0 during fixation and the sign of f1 - f2 during the decision, which follows f2; only these two count.
    The delay is uniform over `delay_ms`; trials are as long as the longest one needs, and nothing counts after the
    decision. In the probe the delay is in the middle of its range.

    An ideal observer, who compares the means, is 0.53 √T / (2σ) = 60 standard deviations away from an error.

    Args:
        fixation_ms: length of the fixation, ms.
        first_ms: length T of the first stimulus, ms.
        delay_ms: shortest and longest delay between the stimuli, ms.
        second_ms: length of the second stimulus, ms.
        decision_ms: length of the decision, ms.
        input_noise: σ, the standard deviation of the noise at a step of 1 ms, √ms.
        rule: when a trial is a success; by default the output is near if it has the sign of the answer.
        dt_ms: length of a time step, ms.

    Source: Romo, Brody, Hernández and Lemus (1999).
    """

    sources: ClassVar[tuple[str, ...]] = ("romo1999",)
    channels: ClassVar[int] = 2
    chances: ClassVar[int] = 1

    fixation_ms: float = 100.0
    first_ms: float = 500.0
    delay_ms: tuple[float, float] = (2_500.0, 3_500.0)
    second_ms: float = 500.0
    decision_ms: float = 300.0
    input_noise: float = 0.1
    rule: SuccessRule = field(default_factory=lambda: NearRule(tolerance=1.0))
    dt_ms: float = 20.0

    def __post_init__(self) -> None:
        self.check_stages("fixation_ms", "first_ms", "second_ms", "decision_ms")
        self.check_answer("decision_ms")
        check_range("delay_ms", self.delay_ms, 0)
        steps_of("shortest delay_ms", self.delay_ms[0], self.dt_ms)

    @property
    def _pairs_hz(self) -> Float[np.ndarray, "condition 2"]:
        pairs = np.array([(18, 10), (22, 14), (26, 18), (30, 22), (34, 26)], np.float32)
        return np.concatenate([pairs, pairs[:, ::-1]])

    @property
    def condition_names(self) -> tuple[str, ...]:
        return tuple(f"{first:g}{'>' if first > second else '<'}{second:g}" for first, second in self._pairs_hz)

    @property
    def periods(self) -> tuple[Period, ...]:
        """The periods that all trials share; the delay is the shortest one."""
        return in_a_row(self.dt_ms, fixation=self.fixation_ms, first=self.first_ms, delay=self.delay_ms[0])

    @property
    def _steps(self) -> int:
        return self.in_steps(self.fixation_ms, self.first_ms, self.delay_ms[1], self.second_ms, self.decision_ms)

    def render(self, condition: Int[Array, ""], chance: Float[Array, "chance"]) -> Trial:
        pair = jnp.asarray(self._pairs_hz)[condition]
        delay = whole_steps(chance, self.delay_ms, self.dt_ms)[0]
        onset = self.in_steps(self.fixation_ms, self.first_ms) + delay
        answer = onset + self.in_steps(self.second_ms)
        first, second = self.during("first"), self.between(onset, answer)
        decision = self.between(answer, answer + self.in_steps(self.decision_ms))
        above, below = pair - LOWEST_HZ, HIGHEST_HZ - pair
        level = 0.4 + 0.8 / (HIGHEST_HZ - LOWEST_HZ) * jnp.stack([above, below], axis=1)
        return Trial(
            inputs=jnp.where(first, level[0], 0) + jnp.where(second, level[1], 0),
            targets=jnp.where(decision, jnp.sign(pair[0] - pair[1]), 0),
            mask=self.during("fixation") | decision,
            condition=condition,
        )
