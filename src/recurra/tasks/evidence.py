"""The perceptual decision: which of two channels has more evidence?"""

from dataclasses import dataclass, field
from typing import ClassVar, final

import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from recurra.periods import Period, in_a_row
from recurra.tasks.choices import Choices
from recurra.tasks.rules import NearRule, SuccessRule
from recurra.tasks.staged import StagedTask, both_signs
from recurra.tasks.trials import Trial


@final
@dataclass(frozen=True)
class PerceptualDecision(StagedTask):
    r"""Report by the sign of the output in which of two directions noisy motion goes.

    During the stimulus the two inputs are $(1 \pm c)/2$ with the coherence c, and 0 otherwise, plus the noise $(\sigma
    / \sqrt{\Delta t})\, \xi$ on every input and step. The target is 0 during fixation and the sign of c during the
    decision; only these two periods count. If c is 0 there is no right answer, and the decision does not count. The end
    of the stimulus is the signal to answer. The conditions are the signed coherences.

    An ideal observer, who compares the means of the inputs, is right with probability
    $\Phi(c \sqrt{T / 2} / \sigma)$: at c = 3.2 %, T = 800 ms and σ = 0.1 √ms in all but 1e-10 of the trials.

    Args:
        fixation_ms: length of the fixation, ms.
        stimulus_ms: length T of the stimulus, ms.
        decision_ms: length of the decision, ms.
        coherences: motion coherences in percent, 0 to 100, each with both signs.
        input_noise: σ, the standard deviation of the noise at a step of 1 ms, √ms.
        rule: when a trial is a success; by default the output is near if it has the sign of the answer.
        dt_ms: length of a time step, ms.

    Source: Britten, Shadlen, Newsome and Movshon (1992); the coherences are those of Roitman and Shadlen (2002).
    """

    sources: ClassVar[tuple[str, ...]] = ("britten1992", "roitman2002")
    channels: ClassVar[int] = 2

    fixation_ms: float = 100.0
    stimulus_ms: float = 800.0
    decision_ms: float = 300.0
    coherences: tuple[float, ...] = (0.0, 3.2, 6.4, 12.8, 25.6, 51.2)
    input_noise: float = 0.1
    rule: SuccessRule = field(default_factory=lambda: NearRule(tolerance=1.0))
    dt_ms: float = 10.0

    def __post_init__(self) -> None:
        self.check_stages("fixation_ms", "stimulus_ms", "decision_ms")
        self.check_answer("decision_ms")
        both_signs("coherences", self.coherences, 100)

    @property
    def condition_names(self) -> tuple[str, ...]:
        return tuple(f"{value:+g}%" if value else "0%" for value in both_signs("coherences", self.coherences, 100))

    @property
    def periods(self) -> tuple[Period, ...]:
        return in_a_row(self.dt_ms, fixation=self.fixation_ms, stimulus=self.stimulus_ms, decision=self.decision_ms)

    def choices(self) -> Choices:
        """The signed coherence, and the sign of the output during the decision."""
        values = both_signs("coherences", self.coherences, 100)
        return Choices(self, values, self.span_ms("stimulus")[0], self.span_ms("decision"), unit="%")

    def render(self, condition: Int[Array, ""], chance: Float[Array, "chance"]) -> Trial:
        coherence = jnp.asarray(both_signs("coherences", self.coherences, 100) / 100, jnp.float32)[condition]
        stimulus, decision = self.during("stimulus"), self.during("decision")
        return Trial(
            inputs=jnp.where(stimulus, jnp.stack([1 + coherence, 1 - coherence]) / 2, 0),
            targets=jnp.where(decision, jnp.sign(coherence), 0),
            mask=self.during("fixation") | (decision & (coherence != 0)),
            condition=condition,
        )
