"""Hold back an answer until the signal to give it: go / no-go, and the memory-guided response."""

import math
from dataclasses import dataclass, field
from typing import ClassVar, final

import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from recurra.checks import check_count, check_range, steps_of
from recurra.periods import Period, in_a_row
from recurra.tasks.pulse_schedules import whole_steps
from recurra.tasks.rules import NearRule, PeakRule, SuccessRule
from recurra.tasks.staged import StagedTask, signals
from recurra.tasks.trials import Trial


@final
@dataclass(frozen=True)
class GoNoGo(StagedTask):
    r"""Answer after a go stimulus, when the fixation input turns off; stay silent after a no-go stimulus.

    The inputs are go, no-go and fixation. One of the first two is 1 during the stimulus, the third until the decision;
    every input and step has the noise $(\sigma / \sqrt{\Delta t})\, \xi$. The target is 1 during the decision of a go
    trial and 0 otherwise. All steps count. The conditions are the two kinds of trials.

    Args:
        stimulus_ms: length of the stimulus, ms.
        delay_ms: from the end of the stimulus to the decision, ms.
        decision_ms: length of the decision, ms.
        input_noise: σ, the standard deviation of the noise at a step of 1 ms, √ms; the stimulus of height 1 is
            √(stimulus_ms) / σ = 220 standard deviations of its mean.
        rule: when a trial is a success; by default the answer has 100 ms to appear.
        dt_ms: length of a time step, ms.
    """

    channels: ClassVar[int] = 3

    stimulus_ms: float = 500.0
    delay_ms: float = 500.0
    decision_ms: float = 500.0
    input_noise: float = 0.1
    rule: SuccessRule = field(default_factory=lambda: NearRule(settle_ms=100.0))
    dt_ms: float = 10.0

    def __post_init__(self) -> None:
        self.check_stages("stimulus_ms", "delay_ms", "decision_ms")
        self.check_answer("decision_ms")

    @property
    def condition_names(self) -> tuple[str, ...]:
        return ("no-go", "go")

    @property
    def periods(self) -> tuple[Period, ...]:
        return in_a_row(self.dt_ms, stimulus=self.stimulus_ms, delay=self.delay_ms, decision=self.decision_ms)

    def render(self, condition: Int[Array, ""], chance: Float[Array, "chance"]) -> Trial:
        stimulus, decision, go = self.during("stimulus"), self.during("decision"), condition == 1
        return Trial(
            inputs=signals(stimulus & go, stimulus & ~go, ~decision),
            targets=signals(decision & go),
            mask=jnp.ones_like(decision),
            condition=condition,
        )


@final
@dataclass(frozen=True)
class PulseGoNoGo(StagedTask):
    r"""Answer a pulse as soon as it ends, and hold the answer; stay silent if there is none.

    The input is 1 during the stimulus of a go trial and 0 otherwise, with the noise $(\sigma / \sqrt{\Delta t})\, \xi$
    on every step. The target is 1 from the end of the stimulus to the end of a go trial and 0 otherwise. All steps
    count. The conditions are the two kinds of trials.

    Args:
        onset_ms: from the start of a trial to the stimulus, ms.
        stimulus_ms: length of the stimulus, ms.
        decision_ms: from the end of the stimulus to the end of the trial, ms.
        input_noise: σ, the standard deviation of the noise at a step of 1 ms, √ms.
        rule: when a trial is a success; by default, as published, after the stimulus of the default length the output
            must exceed 0.7 once on go, and stay below 0.3 on no-go.
        dt_ms: length of a time step, ms.

    Source: Kim, Li and Sejnowski (2019).
    """

    sources: ClassVar[tuple[str, ...]] = ("kim2019",)
    unit_tau_ms: ClassVar[float | None] = 50.0
    channels: ClassVar[int] = 1

    onset_ms: float = 250.0
    stimulus_ms: float = 125.0
    decision_ms: float = 625.0
    input_noise: float = 0.0
    rule: SuccessRule = field(default_factory=lambda: PeakRule(from_ms=375.0))
    dt_ms: float = 5.0

    def __post_init__(self) -> None:
        self.check_stages("onset_ms", "stimulus_ms", "decision_ms")
        self.check_answer("decision_ms")

    @property
    def condition_names(self) -> tuple[str, ...]:
        return ("no-go", "go")

    @property
    def periods(self) -> tuple[Period, ...]:
        spans = {"onset": self.onset_ms, "stimulus": self.stimulus_ms, "decision": self.decision_ms}
        return in_a_row(self.dt_ms, **spans)

    def render(self, condition: Int[Array, ""], chance: Float[Array, "chance"]) -> Trial:
        go, decision = condition == 1, self.during("decision")
        return Trial(
            inputs=signals(self.during("stimulus") & go),
            targets=signals(decision & go),
            mask=jnp.ones_like(decision),
            condition=condition,
        )


@final
@dataclass(frozen=True)
class MemoryResponse(StagedTask):
    r"""Respond after a delay in the direction that was shown (pro), or in the opposite one (anti).

    The inputs are cos θ, sin θ of the stimulus, fixation, pro context and anti context. The fixation input is 1 until
    the response, a context throughout; every input and step has the noise $(\sigma / \sqrt{\Delta t})\, \xi$. The
    target is (cos θ, sin θ) during the response of a pro trial, its opposite in an anti trial, and 0 before; all steps
    until the end of the response count. The delay is uniform over `delay_ms`; trials are as long as the longest one
    needs, and nothing counts after the response. The conditions are context and direction in degrees, such as
    "anti:90"; in the probe the delay is in the middle of its range.

    An ideal observer, who takes the mean stimulus, hardly ever errs: with eight directions the nearest boundary is
    sin 22.5° · √T / σ = 43 standard deviations away.

    Args:
        stimulus_ms: length T of the stimulus, ms.
        delay_ms: shortest and longest delay, ms.
        response_ms: length of the response, ms.
        directions: number of directions, equally spaced and starting at 0°, at least 2.
        input_noise: σ, the standard deviation of the noise at a step of 1 ms, √ms.
        rule: when a trial is a success; by default the response has 100 ms to appear.
        dt_ms: length of a time step, ms.
    """

    channels: ClassVar[int] = 5
    chances: ClassVar[int] = 1

    stimulus_ms: float = 500.0
    delay_ms: tuple[float, float] = (200.0, 1_600.0)
    response_ms: float = 500.0
    directions: int = 8
    input_noise: float = 0.2
    rule: SuccessRule = field(default_factory=lambda: NearRule(settle_ms=100.0))
    dt_ms: float = 10.0

    def __post_init__(self) -> None:
        self.check_stages("stimulus_ms", "response_ms")
        self.check_answer("response_ms")
        check_count("directions", self.directions, at_least=2)
        check_range("delay_ms", self.delay_ms, 0)
        steps_of("shortest delay_ms", self.delay_ms[0], self.dt_ms)

    @property
    def condition_names(self) -> tuple[str, ...]:
        degrees = [f"{360 * number / self.directions:g}" for number in range(self.directions)]
        return tuple(f"{context}:{degree}" for context in ("pro", "anti") for degree in degrees)

    @property
    def periods(self) -> tuple[Period, ...]:
        """The periods that all trials share; the delay is the shortest one."""
        return in_a_row(self.dt_ms, stimulus=self.stimulus_ms, delay=self.delay_ms[0])

    @property
    def _steps(self) -> int:
        return self.in_steps(self.stimulus_ms, self.delay_ms[1], self.response_ms)

    def render(self, condition: Int[Array, ""], chance: Float[Array, "chance"]) -> Trial:
        angle = (condition % self.directions).astype(jnp.float32) * (2 * math.pi / self.directions)
        direction, pro = jnp.stack([jnp.cos(angle), jnp.sin(angle)]), condition < self.directions
        onset = self.in_steps(self.stimulus_ms) + whole_steps(chance, self.delay_ms, self.dt_ms)[0]
        end = onset + self.in_steps(self.response_ms)
        always, before = self.between(0, self._steps), self.between(0, onset)
        targets = jnp.where(self.between(onset, end), jnp.where(pro, direction, -direction), 0)
        return Trial(
            inputs=signals(jnp.where(self.during("stimulus"), direction, 0), before, always & pro, always & ~pro),
            targets=targets,
            mask=jnp.broadcast_to(self.between(0, end), targets.shape),
            condition=condition,
        )
