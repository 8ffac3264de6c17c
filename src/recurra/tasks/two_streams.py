"""Two streams of evidence, one of which is named by the context: decide by it, or integrate it."""

import dataclasses
import itertools
from dataclasses import dataclass, field
from typing import ClassVar, final

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from recurra.arrays import RandomKey
from recurra.periods import Period, in_a_row
from recurra.tasks.choices import Choices, named_evidence
from recurra.tasks.rules import NearRule, SuccessRule
from recurra.tasks.staged import StagedTask, both_signs, signals
from recurra.tasks.trials import Trial


@final
@dataclass(frozen=True)
class ContextDecision(StagedTask):
    r"""Report by the sign of the output the sign of the stream that the context names: motion or colour.

    The inputs are motion, colour, motion context, colour context. During the stimulus the first two are their signed
    coherences c, drawn independently, and otherwise 0; the context is 1 throughout. Every input and step has the noise
    $(\sigma / \sqrt{\Delta t})\, \xi$. The target is 0 during fixation and the sign of the named coherence during
    the decision; only these two count. The conditions are context, motion and colour, such as "motion:-5,+50".

    An ideal observer, who takes the mean of the named stream, is right with probability $\Phi(c \sqrt{T} / \sigma)$: at
    c = 5 %, T = 750 ms and σ = 0.2 √ms in all but 1e-11 of the trials.

    Args:
        fixation_ms: length of the fixation, ms.
        stimulus_ms: length T of the stimulus, ms.
        delay_ms: from the end of the stimulus to the decision, ms.
        decision_ms: length of the decision, ms.
        coherences: coherences of motion and of colour in percent, above 0 to 100, each with both signs.
        input_noise: σ, the standard deviation of the noise at a step of 1 ms, √ms.
        rule: when a trial is a success; by default the output is near if it has the sign of the answer.
        dt_ms: length of a time step, ms.

    Source: Mante, Sussillo, Shenoy and Newsome (2013).
    """

    sources: ClassVar[tuple[str, ...]] = ("mante2013",)
    channels: ClassVar[int] = 4

    fixation_ms: float = 100.0
    stimulus_ms: float = 750.0
    delay_ms: float = 300.0
    decision_ms: float = 200.0
    coherences: tuple[float, ...] = (5.0, 15.0, 50.0)
    input_noise: float = 0.2
    rule: SuccessRule = field(default_factory=lambda: NearRule(tolerance=1.0))
    dt_ms: float = 10.0

    def __post_init__(self) -> None:
        self.check_stages("fixation_ms", "stimulus_ms", "delay_ms", "decision_ms")
        self.check_answer("decision_ms")
        if 0 in both_signs("coherences", self.coherences, 100):
            raise ValueError(f"coherences is {self.coherences}; expected numbers above 0, so that there is an answer")

    @property
    def _values(self) -> Float[np.ndarray, "condition 3"]:
        return _contexts_and_streams(both_signs("coherences", self.coherences, 100))

    @property
    def condition_names(self) -> tuple[str, ...]:
        return _names(self._values, ("motion", "colour"))

    @property
    def periods(self) -> tuple[Period, ...]:
        before = {"fixation": self.fixation_ms, "stimulus": self.stimulus_ms}
        return in_a_row(self.dt_ms, **before, delay=self.delay_ms, decision=self.decision_ms)

    def choices(self) -> Choices:
        """The signed coherence of the named stream, and the sign of the output during the decision, by context."""
        context, evidence = named_evidence(self._values)
        names, begin = ("motion", "colour"), self.span_ms("stimulus")[0]
        return Choices(self, evidence, begin, self.span_ms("decision"), unit="%", context=context, contexts=names)

    def render(self, condition: Int[Array, ""], chance: Float[Array, "chance"]) -> Trial:
        values = jnp.asarray(self._values / [1, 100, 100], jnp.float32)[condition]
        decision = self.during("decision")
        return Trial(
            inputs=_streams_and_contexts(values, self.during("stimulus")),
            targets=jnp.where(decision, jnp.sign(_named(values[0], values[1:])), 0),
            mask=self.during("fixation") | decision,
            condition=condition,
        )


@final
@dataclass(frozen=True)
class EvidenceIntegration(StagedTask):
    r"""Integrate the noisy stream that the context names, and hold the integral.

    The inputs are two streams and two contexts, one of which is 1 throughout. During the stimulus a stream x is its
    drift plus the noise $(\sigma / \sqrt{\Delta t})\, \xi$, which all inputs have at every step. The target is the
    running integral over the stimulus, noise included, $z(t) = \frac{1}{T} \int_0^t x\, dt'$, so that a drift of 1 ends
    near 1; it is 0 before the stimulus and constant after. All steps count. The conditions are context and drifts, such
    as "first:-0.2,+1".

    By default an output must stay within 0.2 of the integral and have a root-mean-square error below 0.1: with a
    bound of 0.3 silence would pass at small drifts.

    Args:
        fixation_ms: length of the fixation, ms.
        stimulus_ms: length T of the stimulus, ms.
        hold_ms: time after the stimulus in which the integral is held, ms.
        drifts: drifts of the streams, above 0 to 1, each with both signs.
        input_noise: σ, the standard deviation of the noise at a step of 1 ms, √ms; the integral ends with a standard
            deviation of σ/√T, 0.018, around the drift.
        rule: when a trial is a success.
        dt_ms: length of a time step, ms.

    Source: the contexts are those of Mante, Sussillo, Shenoy and Newsome (2013).
    """

    sources: ClassVar[tuple[str, ...]] = ("mante2013",)
    channels: ClassVar[int] = 4

    fixation_ms: float = 100.0
    stimulus_ms: float = 800.0
    hold_ms: float = 200.0
    drifts: tuple[float, ...] = (0.2, 0.6, 1.0)
    input_noise: float = 0.5
    rule: SuccessRule = field(default_factory=lambda: NearRule(tolerance=0.2, error_bound=0.1))
    dt_ms: float = 10.0

    def __post_init__(self) -> None:
        self.check_stages("fixation_ms", "stimulus_ms", "hold_ms")
        if 0 in both_signs("drifts", self.drifts, 1):
            raise ValueError(
                f"drifts is {self.drifts}; expected numbers above 0, so that there is something to integrate"
            )

    @property
    def _values(self) -> Float[np.ndarray, "condition 3"]:
        return _contexts_and_streams(both_signs("drifts", self.drifts, 1))

    @property
    def condition_names(self) -> tuple[str, ...]:
        return _names(self._values, ("first", "second"))

    @property
    def periods(self) -> tuple[Period, ...]:
        return in_a_row(self.dt_ms, fixation=self.fixation_ms, stimulus=self.stimulus_ms, hold=self.hold_ms)

    def choices(self) -> Choices:
        """The drift of the named stream, and the sign of the integral that is held, by context.

        The output is undecided within half of the smallest drift.
        """
        context, evidence = named_evidence(self._values)
        names, bound = ("first", "second"), min(self.drifts) / 2
        begin, answer = self.span_ms("stimulus")[0], self.span_ms("hold")
        return Choices(self, evidence, begin, answer, bound, context=context, contexts=names)

    def trial(self, key: RandomKey) -> Trial:
        drawn = super().trial(key)
        return dataclasses.replace(drawn, targets=self._integral(drawn.inputs, drawn.condition))

    def render(self, condition: Int[Array, ""], chance: Float[Array, "chance"]) -> Trial:
        inputs = _streams_and_contexts(jnp.asarray(self._values, jnp.float32)[condition], self.during("stimulus"))
        targets = self._integral(inputs, condition)
        return Trial(inputs, targets, jnp.ones(targets.shape, bool), condition)

    def _integral(self, inputs: Float[Array, "time input"], condition: Int[Array, ""]) -> Float[Array, "time 1"]:
        context = jnp.asarray(self._values[:, 0], jnp.float32)[condition]
        stream = _named(context, inputs.T[:2])[:, None]
        return jnp.cumsum(jnp.where(self.during("stimulus"), stream, 0), axis=0) / self.in_steps(self.stimulus_ms)


def _contexts_and_streams(values: Float[np.ndarray, "value"]) -> Float[np.ndarray, "condition 3"]:
    """Every context (0 or 1) with every pair of values of the two streams."""
    return np.array(list(itertools.product((0, 1), values, values)))


def _streams_and_contexts(values: Float[Array, "3"], stimulus: Bool[Array, "time 1"]) -> Float[Array, "time 4"]:
    """The inputs: the streams during the stimulus, and the two contexts, one of which is 1."""
    context, streams = values[0], values[1:]
    contexts = jnp.broadcast_to(jnp.stack([1 - context, context]), (len(stimulus), 2))
    return signals(jnp.where(stimulus, streams, 0), contexts)


def _named(context: Float[Array, ""], streams: Float[Array, "2 *any"]) -> Float[Array, "*any"]:
    """The stream that the context names."""
    return jnp.where(context == 0, streams[0], streams[1])


def _names(values: Float[np.ndarray, "condition 3"], contexts: tuple[str, str]) -> tuple[str, ...]:
    return tuple(f"{contexts[int(context)]}:{first:+g},{second:+g}" for context, first, second in values)
