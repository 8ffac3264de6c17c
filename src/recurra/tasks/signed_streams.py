"""Decisions by the sign of a noisy stream after a delay, as low-rank networks are trained on them."""

import dataclasses
import itertools
import math
from dataclasses import dataclass, field
from typing import ClassVar, final

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from recurra.arrays import RandomKey
from recurra.checks import check_positive
from recurra.periods import Period, in_a_row
from recurra.tasks.choices import Choices, named_evidence
from recurra.tasks.rules import NearRule, SuccessRule
from recurra.tasks.staged import StagedTask, both_signs, signals
from recurra.tasks.trials import Trial


@final
@dataclass(frozen=True)
class SignedDecision(StagedTask):
    r"""Report by the sign of the output, after a delay, the sign of a noisy stream.

    During the stimulus the only input is the signed strength c of the stream, and otherwise 0, plus the noise
    $(\sigma / \sqrt{\Delta t})\, \xi$ on every step. The target is 0 during fixation and the sign of c during the
    decision; only these two count. Nothing tells that the decision begins: the network keeps its answer ready. The
    conditions are the signed strengths.

    An ideal observer, who takes the mean of the stimulus, is right with probability $\Phi(c \sqrt{T} / \sigma)$: at c =
    0.032, T = 800 ms and σ = 0.134 √ms in all but 1e-11 of the trials.

    Args:
        fixation_ms: length of the fixation, ms.
        stimulus_ms: length T of the stimulus, ms.
        delay_ms: from the end of the stimulus to the decision, ms.
        decision_ms: length of the decision, ms.
        strengths: strengths of the stream, above 0, each with both signs.
        input_noise: σ, the standard deviation of the noise at a step of 1 ms, √ms; 0.03 at the step of 20 ms.
        rule: when a trial is a success; by default the output is near if it has the sign of the answer.
        dt_ms: length of a time step, ms.

    Source: Dubreuil et al. (2022), with the numbers of their programs, in which only the decision counts.
    """

    sources: ClassVar[tuple[str, ...]] = ("dubreuil2022",)
    channels: ClassVar[int] = 1

    fixation_ms: float = 100.0
    stimulus_ms: float = 800.0
    delay_ms: float = 300.0
    decision_ms: float = 300.0
    strengths: tuple[float, ...] = (0.032, 0.064, 0.128, 0.256, 0.512)
    input_noise: float = 0.134
    rule: SuccessRule = field(default_factory=lambda: NearRule(tolerance=1.0))
    dt_ms: float = 20.0

    def __post_init__(self) -> None:
        self.check_stages("fixation_ms", "stimulus_ms", "delay_ms", "decision_ms")
        self.check_answer("decision_ms")
        _signed(self.strengths)

    @property
    def condition_names(self) -> tuple[str, ...]:
        return tuple(f"{value:+g}" for value in _signed(self.strengths))

    @property
    def periods(self) -> tuple[Period, ...]:
        before = {"fixation": self.fixation_ms, "stimulus": self.stimulus_ms}
        return in_a_row(self.dt_ms, **before, delay=self.delay_ms, decision=self.decision_ms)

    def choices(self) -> Choices:
        """The signed strength, and the sign of the output during the decision."""
        return Choices(self, _signed(self.strengths), self.span_ms("stimulus")[0], self.span_ms("decision"))

    def render(self, condition: Int[Array, ""], chance: Float[Array, "chance"]) -> Trial:
        strength = jnp.asarray(_signed(self.strengths), jnp.float32)[condition]
        decision = self.during("decision")
        return Trial(
            inputs=jnp.where(self.during("stimulus"), strength, 0),
            targets=jnp.where(decision, jnp.sign(strength), 0),
            mask=self.during("fixation") | decision,
            condition=condition,
        )


@final
@dataclass(frozen=True)
class CuedDecision(StagedTask):
    r"""Report by the sign of the output, after a delay, the sign of the stream that a context names: A or B.

    The inputs are the streams A and B and the contexts A and B. During the stimulus the streams are their signed
    strengths c, drawn independently, and otherwise 0, plus the noise $(\sigma / \sqrt{\Delta t})\, \xi$ on every step.
    The context is 1 from the end of the fixation to the decision, without noise. The target is 0 during fixation and
    the sign of the named strength during the decision; only these two count. The conditions are context and strengths,
    such as "A:-0.1,+1.6".

    An ideal observer, who takes the mean of the named stream, is right with probability $\Phi(c \sqrt{T} / \sigma)$: at
    c = 0.1, T = 800 ms and σ = 0.447 √ms in all but 1e-10 of the trials.

    Args:
        fixation_ms: length of the fixation, ms.
        context_ms: time in which the context is shown before the stimulus, ms.
        stimulus_ms: length T of the stimulus, ms.
        delay_ms: from the end of the stimulus to the decision, ms.
        decision_ms: length of the decision, ms.
        strengths: strengths of either stream, above 0, each with both signs.
        input_noise: σ, the standard deviation of the streams' noise at a step of 1 ms, √ms; 0.1 at the step of 20 ms.
        rule: when a trial is a success; by default the output is near if it has the sign of the answer.
        dt_ms: length of a time step, ms.

    Source: Dubreuil et al. (2022), with the numbers of their programs, in which only the decision counts and lasts one
    step; after Mante et al. (2013).
    """

    sources: ClassVar[tuple[str, ...]] = ("dubreuil2022", "mante2013")
    channels: ClassVar[int] = 4

    fixation_ms: float = 100.0
    context_ms: float = 340.0
    stimulus_ms: float = 800.0
    delay_ms: float = 300.0
    decision_ms: float = 300.0
    strengths: tuple[float, ...] = (0.1, 0.2, 0.4, 0.8, 1.6)
    input_noise: float = 0.447
    rule: SuccessRule = field(default_factory=lambda: NearRule(tolerance=1.0))
    dt_ms: float = 20.0

    def __post_init__(self) -> None:
        self.check_stages("fixation_ms", "context_ms", "stimulus_ms", "delay_ms", "decision_ms")
        self.check_answer("decision_ms")
        _signed(self.strengths)

    @property
    def _values(self) -> Float[np.ndarray, "condition 3"]:
        values = _signed(self.strengths)
        return np.array(list(itertools.product((0, 1), values, values)))

    @property
    def condition_names(self) -> tuple[str, ...]:
        return tuple(f"{'AB'[int(context)]}:{first:+g},{second:+g}" for context, first, second in self._values)

    @property
    def periods(self) -> tuple[Period, ...]:
        before = {"fixation": self.fixation_ms, "context": self.context_ms, "stimulus": self.stimulus_ms}
        return in_a_row(self.dt_ms, **before, delay=self.delay_ms, decision=self.decision_ms)

    def trial(self, key: RandomKey) -> Trial:
        """One random trial; only the streams have noise."""
        drawn = super().trial(key)
        clean = self.render(drawn.condition, jnp.zeros(0, jnp.float32))
        inputs = jnp.concatenate([drawn.inputs[:, :2], clean.inputs[:, 2:]], axis=1)
        return dataclasses.replace(drawn, inputs=inputs)

    def choices(self) -> Choices:
        """The signed strength of the named stream, and the sign of the output during the decision, by context."""
        context, evidence = named_evidence(self._values)
        begin, answer = self.span_ms("stimulus")[0], self.span_ms("decision")
        return Choices(self, evidence, begin, answer, context=context, contexts=("A", "B"))

    def render(self, condition: Int[Array, ""], chance: Float[Array, "chance"]) -> Trial:
        values = jnp.asarray(self._values, jnp.float32)[condition]
        context, streams = values[0], values[1:]
        cued, decision = self.during("context", "stimulus", "delay"), self.during("decision")
        contexts = jnp.where(cued, jnp.stack([1 - context, context]), 0)
        named = jnp.where(context == 0, streams[0], streams[1])
        return Trial(
            inputs=signals(jnp.where(self.during("stimulus"), streams, 0), contexts),
            targets=jnp.where(decision, jnp.sign(named), 0),
            mask=self.during("fixation") | decision,
            condition=condition,
        )


def _signed(strengths: tuple[float, ...]) -> Float[np.ndarray, "value"]:
    """Every strength with both signs, in ascending order; an error if there is none, or one without an answer."""
    both = both_signs("strengths", strengths, math.inf)
    for value in strengths:
        check_positive("strengths", value)
    return both
