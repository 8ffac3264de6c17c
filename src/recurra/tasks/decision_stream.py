"""Perceptual decisions in a stream: NeuroGym's task, cut out of trials that follow each other."""

import dataclasses
import math
from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple, final

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from recurra.arrays import RandomKey
from recurra.checks import check_at_least_zero, check_flag, check_positive, steps_of
from recurra.periods import Period, periods_until
from recurra.tasks.base import Task, gather, step_noise, uniform_and_normal
from recurra.tasks.choices import Choices
from recurra.tasks.rules import ChoiceRule, SuccessRule
from recurra.tasks.staged import both_signs
from recurra.tasks.trials import Trial, Trials

FIXATION, STIMULUS, DECISION = range(3)


class _Decisions(NamedTuple):
    """Decisions that follow each other.

    Args:
        fixation: length of the fixation of each, in steps.
        stimulus: length of the stimulus of each, in steps.
        coherence: of each, from -1 to 1; above 0 where the first evidence is higher.
        first: whether the first choice is right.
        phase: steps of the first one that have passed before the stream begins.
    """

    fixation: Int[Array, "decision"]
    stimulus: Int[Array, "decision"]
    coherence: Float[Array, "decision"]
    first: Bool[Array, "decision"]
    phase: Int[Array, ""]


@final
@dataclass(frozen=True)
class DecisionStream(Task):
    r"""Choose, again and again, which of two noisy inputs was higher; the network runs on from trial to trial.

    The inputs are a fixation signal, 1 until the decision and 0 during it, and two evidences, during the stimulus
    $(1 \pm c)/2$ with the coherence c plus the noise $(\sigma / \sqrt{\Delta t})\, \xi$, and 0 otherwise. The targets
    are the probabilities of three choices: during the decision 1 for the first or the second evidence, whichever is
    higher on average, otherwise 1 for fixation. At c = 0 one of the two is right by chance. All steps count. Durations
    and coherence of every decision are drawn independently. The outputs are meant for `loss="cross_entropy"`.

    A trial of this task is a stretch of such a stream. It begins at any moment of it, as likely in one step as in
    another, or with a new decision if `cut` is False. With one duration each, `cut=False` and their sum as `length_ms`,
    it is one single decision. The condition is the signed coherence of the first decision, + if the first choice is
    right. In the probe all decisions of a stretch are alike, without noise, and at c = 0 they do not count.

    Args:
        fixation_ms: lengths of the fixation, equally probable, ms.
        stimulus_ms: lengths of the stimulus, equally probable, ms.
        decision_ms: length of the decision, ms.
        coherences: coherences in percent, 0 to 100, equally probable, each with both signs.
        input_noise: σ, the standard deviation of the noise on the evidences at a step of 1 ms, √ms.
        length_ms: length of the stretch, ms.
        cut: whether the stretch begins at any moment of the stream.
        rule: when a stretch is a success: by default each decision in it must be right at 95 % of the judged steps.
        dt_ms: length of a time step, ms.

    Source: `PerceptualDecisionMaking-v0` of NeuroGym up to 1.0 (Molano-Mazón et al., 2022), with the durations and the
    sequences of Yang and Wang (2020).
    """

    sources: ClassVar[tuple[str, ...]] = ("molano2022", "yang2020", "britten1992")
    unit_tau_ms: ClassVar[float | None] = 100.0

    fixation_ms: tuple[float, ...] = (50.0, 100.0, 200.0, 400.0)
    stimulus_ms: tuple[float, ...] = (100.0, 200.0, 400.0, 800.0)
    decision_ms: float = 100.0
    coherences: tuple[float, ...] = (0.0, 6.4, 12.8, 25.6, 51.2)
    input_noise: float = 1.0
    length_ms: float = 2000.0
    cut: bool = True
    rule: SuccessRule = field(default_factory=lambda: ChoiceRule(settle_ms=60.0))
    dt_ms: float = 20.0

    def __post_init__(self) -> None:
        check_positive("dt_ms", self.dt_ms)
        check_at_least_zero("input_noise", self.input_noise)
        check_flag("cut", self.cut)
        both_signs("coherences", self.coherences, 100)
        for name in ("fixation_ms", "stimulus_ms"):
            if not getattr(self, name):
                raise ValueError(f"{name} is empty; expected at least one duration in ms")
        for name in ("fixation_ms", "stimulus_ms", "decision_ms"):
            values = getattr(self, name)
            for value in values if isinstance(values, tuple) else (values,):
                steps_of(name, value, self.dt_ms)
        steps_of("length_ms", self.length_ms, self.dt_ms)

    @property
    def condition_names(self) -> tuple[str, ...]:
        return tuple(f"{value:+g}%" if value else "0%" for value in self._values)

    @property
    def periods(self) -> tuple[Period, ...]:
        return periods_until(self.dt_ms, stream=self._stretch)

    def trial(self, key: RandomKey) -> Trial:
        """A random stretch."""
        uniform, normal = uniform_and_normal(key, 5, 2, max(self._stretch, self._most))
        decisions = self._drawn(*uniform[:, : self._most])
        return self._rendered(decisions, normal[:, : self._stretch].T, jnp.asarray(True))

    def probe(self) -> Trials:
        """Every condition once, without noise: decisions of middle lengths, all alike, from the start of the first."""
        alike = np.ones(self._most, np.int32)
        fixation, stimulus = (jnp.asarray(alike * own[len(own) // 2]) for own in self._durations)
        made = []
        for value in self._values:
            coherence = jnp.full(self._most, value / 100, jnp.float32)
            decisions = _Decisions(fixation, stimulus, coherence, coherence >= 0, jnp.int32(0))
            made.append(self._rendered(decisions, jnp.zeros((self._stretch, 2), jnp.float32), coherence[0] != 0))
        return gather(self, jax.tree.map(lambda *arrays: jnp.stack(arrays), *made))

    def choices(self) -> Choices:
        """The signed coherence of the first decision, in streams of decisions of middle lengths from the start.

        The decision variable is the difference of the two choices.
        """
        fixation, stimulus = (own[len(own) // 2] for own in (self.fixation_ms, self.stimulus_ms))
        alike = dataclasses.replace(self, fixation_ms=(fixation,), stimulus_ms=(stimulus,), cut=False)
        before = fixation + stimulus
        return Choices(alike, self._values, fixation, (before, before + self.decision_ms), unit="%", sides=(1, 2))

    @property
    def _values(self) -> Float[np.ndarray, "condition"]:
        """The signed coherences, in percent."""
        return both_signs("coherences", self.coherences, 100)

    @property
    def _stretch(self) -> int:
        return self.in_steps(self.length_ms)

    @property
    def _durations(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The lengths of fixation and stimulus, in steps."""
        fixation, stimulus = (
            tuple(self.in_steps(one) for one in lengths) for lengths in (self.fixation_ms, self.stimulus_ms)
        )
        return fixation, stimulus

    @property
    def _most(self) -> int:
        """The most decisions of which a part fits into a stretch."""
        shortest = sum(map(min, self._durations)) + self.in_steps(self.decision_ms)
        return math.ceil(self._stretch / shortest) + 1

    def _drawn(
        self,
        fixation: Float[Array, "decision"],
        stimulus: Float[Array, "decision"],
        coherence: Float[Array, "decision"],
        side: Float[Array, "decision"],
        start: Float[Array, "decision"],
    ) -> _Decisions:
        """Decisions from uniform numbers in [0, 1).

        In a stream cut at any moment, long decisions are hit more often than short ones: all pairs of lengths are laid
        end to end, and the first decision and its phase are those of a step drawn from all of these.
        """
        fixations, stimuli = (jnp.asarray(own, jnp.int32) for own in self._durations)
        values = jnp.asarray(self.coherences, jnp.float32) / 100
        signed = _one_of(coherence, values) * jnp.where(side < 0.5, 1, -1)
        decisions = _Decisions(
            _one_of(fixation, fixations), _one_of(stimulus, stimuli), signed, side < 0.5, jnp.int32(0)
        )
        if not self.cut:
            return decisions
        every_fixation, every_stimulus = (one.ravel() for one in jnp.meshgrid(fixations, stimuli, indexing="ij"))
        ends = jnp.cumsum(every_fixation + every_stimulus + self.in_steps(self.decision_ms), dtype=jnp.int32)
        at = jnp.floor(start[0] * ends[-1].astype(jnp.float32)).astype(jnp.int32)
        hit = (at >= ends).sum(dtype=jnp.int32)
        return decisions._replace(
            fixation=decisions.fixation.at[0].set(every_fixation[hit]),
            stimulus=decisions.stimulus.at[0].set(every_stimulus[hit]),
            phase=at - jnp.where(hit > 0, ends[hit - 1], 0),
        )

    def _rendered(self, decisions: _Decisions, noise: Float[Array, "time 2"], by_chance: Bool[Array, ""]) -> Trial:
        """The stretch of a stream of decisions.

        Args:
            decisions: at least as many as fit into it.
            noise: standard normal numbers for the two evidences.
            by_chance: whether decisions without evidence count.
        """
        stage, coherence, first_right = self._timed(decisions)
        stimulus, decision = (stage == STIMULUS)[:, None], (stage == DECISION)[:, None]
        evidence = (1 + coherence[:, None] * jnp.asarray([1, -1], jnp.float32)) / 2
        shown = jnp.where(stimulus, evidence + step_noise(self.input_noise, self.dt_ms) * noise, 0)
        choice = jnp.where(decision, jnp.stack([first_right, ~first_right], axis=1), False)
        targets = jnp.concatenate([~decision, choice], axis=1).astype(jnp.float32)
        return Trial(
            inputs=jnp.concatenate([(~decision).astype(jnp.float32), shown.astype(jnp.float32)], axis=1),
            targets=targets,
            mask=jnp.broadcast_to(~decision | (coherence[:, None] != 0) | by_chance, targets.shape),
            condition=jnp.abs(jnp.asarray(self._values / 100, jnp.float32) - decisions.coherence[0])
            .argmin()
            .astype(jnp.int32),
        )

    def _timed(self, decisions: _Decisions) -> tuple[Int[Array, "time"], Float[Array, "time"], Bool[Array, "time"]]:
        """At every step the stage, the coherence, and whether the first choice is right."""
        lengths = decisions.fixation + decisions.stimulus + self.in_steps(self.decision_ms)
        ends = jnp.cumsum(lengths, dtype=jnp.int32) - decisions.phase
        time = jnp.arange(self._stretch, dtype=jnp.int32)
        now = (time[:, None] >= ends).sum(axis=1, dtype=jnp.int32)
        within = time - (ends - lengths)[now]
        stimulus = decisions.fixation[now]
        stage = jnp.where(within < stimulus, FIXATION, STIMULUS)
        stage = jnp.where(within < stimulus + decisions.stimulus[now], stage, DECISION)
        return stage, decisions.coherence[now], decisions.first[now]


def _one_of(drawn: Float[Array, "decision"], values: Array) -> Array:
    """One of equally probable values for each uniform number in [0, 1)."""
    return values[jnp.floor(drawn * len(values)).astype(jnp.int32)]
