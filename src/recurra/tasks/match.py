"""Delayed match to sample by category, with one item or two."""

import itertools
import math
from dataclasses import dataclass, field
from typing import ClassVar, final

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from recurra.checks import check_between, check_number
from recurra.periods import Period, in_a_row
from recurra.tasks.rules import NearRule, SuccessRule
from recurra.tasks.staged import StagedTask, signals
from recurra.tasks.trials import Trial


@final
@dataclass(frozen=True)
class DelayedMatchToSample(StagedTask):
    r"""Tell whether two directions, a delay apart, belong to the same category.

    A boundary divides the ring of directions into two halves, the categories A (the 180° counter-clockwise from
    `boundary_deg`) and B. Sample and test are drawn uniformly from their halves, at least `margin_deg` away from the
    boundary. The inputs are cos θ, sin θ of the direction shown, and a fixation input, 1 until the decision. The
    outputs are match and non-match: during the decision 1 on the right one, otherwise 0. Fixation and decision count.
    The conditions are the categories of sample and test, such as "A-B".

    Every input and step has the noise $(\sigma / \sqrt{\Delta t})\, \xi$. An ideal observer, who takes the mean
    direction, mistakes the category of a direction at the margin with probability $\Phi(-\sin(\mathrm{margin}) \sqrt{T}
    / \sigma)$: 29 standard deviations with the defaults.

    Args:
        fixation_ms: length of the fixation, ms.
        sample_ms: length T of the sample, ms.
        delay_ms: from the end of the sample to the test, ms.
        test_ms: length of the test, ms.
        decision_ms: length of the decision, ms.
        boundary_deg: direction at which category A begins, degrees.
        margin_deg: least distance of a direction from the boundary, degrees, 0 to 90.
        input_noise: σ, the standard deviation of the noise at a step of 1 ms, √ms.
        rule: when a trial is a success.
        dt_ms: length of a time step, ms.

    Source: Freedman and Assad (2006); there are twelve directions, the nearest 15° away from the boundary.
    """

    sources: ClassVar[tuple[str, ...]] = ("freedman2006",)
    channels: ClassVar[int] = 3
    chances: ClassVar[int] = 2

    fixation_ms: float = 300.0
    sample_ms: float = 500.0
    delay_ms: float = 1_000.0
    test_ms: float = 500.0
    decision_ms: float = 500.0
    boundary_deg: float = 45.0
    margin_deg: float = 15.0
    input_noise: float = 0.2
    rule: SuccessRule = field(default_factory=NearRule)
    dt_ms: float = 10.0

    def __post_init__(self) -> None:
        self.check_stages("fixation_ms", "sample_ms", "delay_ms", "test_ms", "decision_ms")
        self.check_answer("decision_ms")
        check_number("boundary_deg", self.boundary_deg)
        check_between("margin_deg", self.margin_deg, 0, 90)

    @property
    def condition_names(self) -> tuple[str, ...]:
        return ("A-A", "A-B", "B-A", "B-B")

    @property
    def periods(self) -> tuple[Period, ...]:
        before = {"fixation": self.fixation_ms, "sample": self.sample_ms, "delay": self.delay_ms}
        return in_a_row(self.dt_ms, **before, test=self.test_ms, decision=self.decision_ms)

    def render(self, condition: Int[Array, ""], chance: Float[Array, "chance"]) -> Trial:
        category = jnp.asarray([[0, 0], [0, 1], [1, 0], [1, 1]], jnp.int32)[condition]
        angle = angle_in(category, chance, self.boundary_deg, self.margin_deg)
        decision = self.during("decision")
        ring = _shown(self.during("sample"), angle[0]) + _shown(self.during("test"), angle[1])
        targets = _choice(decision, category[0] == category[1])
        mask = jnp.broadcast_to(self.during("fixation") | decision, targets.shape)
        return Trial(signals(ring, ~decision), targets, mask, condition)


@final
@dataclass(frozen=True)
class DualDelayedMatch(StagedTask):
    r"""Hold the categories of two directions; twice, a cue says with which of them a test has to be compared.

    Two samples come together, each on its own ring: the inputs are cos θ, sin θ of ring 1, the same of ring 2, cue 1,
    cue 2, and fixation. Then a delay, a cue, a test and a decision follow, twice. The cue names an item by a 1 on its
    input, during the cue and the test; the test is a direction on the ring of the cued item, and the other ring is
    empty. The two cues are drawn independently, so that the second may name the same item. The fixation input is 1
    except during the decisions.

    The outputs are match and non-match: during each decision 1 on the right one for the test and the cued sample, by
    category as in `DelayedMatchToSample`, otherwise 0. Fixation and decisions count. The conditions are the categories
    of the samples, then of each cue and test: "AB-1A-2A" is a match and a non-match.

    Every input and step has the noise $(\sigma / \sqrt{\Delta t})\, \xi$, small as in `DelayedMatchToSample`.

    Args:
        fixation_ms: length of the fixation, ms.
        sample_ms: length of the samples, ms.
        delay_ms: from the end of the samples or of the first decision to the cue, ms.
        cue_ms: length of a cue before its test, ms.
        test_ms: length of a test, ms.
        decision_ms: length of a decision, ms.
        boundary_deg: direction at which category A begins, degrees.
        margin_deg: least distance of a direction from the boundary, degrees, 0 to 90.
        input_noise: σ, the standard deviation of the noise at a step of 1 ms, √ms.
        rule: when a trial is a success.
        dt_ms: length of a time step, ms.

    Source: the categories of Freedman and Assad (2006), with two items as in retro-cue tasks; the design is recurra's.
    """

    sources: ClassVar[tuple[str, ...]] = ("freedman2006",)
    channels: ClassVar[int] = 7
    chances: ClassVar[int] = 4

    fixation_ms: float = 300.0
    sample_ms: float = 500.0
    delay_ms: float = 1_000.0
    cue_ms: float = 500.0
    test_ms: float = 500.0
    decision_ms: float = 300.0
    boundary_deg: float = 45.0
    margin_deg: float = 15.0
    input_noise: float = 0.2
    rule: SuccessRule = field(default_factory=NearRule)
    dt_ms: float = 20.0

    def __post_init__(self) -> None:
        self.check_stages("fixation_ms", "sample_ms", "delay_ms", "cue_ms", "test_ms", "decision_ms")
        self.check_answer("decision_ms")
        check_number("boundary_deg", self.boundary_deg)
        check_between("margin_deg", self.margin_deg, 0, 90)

    @property
    def _design(self) -> Int[np.ndarray, "condition 6"]:
        """Categories of samples 1 and 2, cue and category of test 1, cue and category of test 2."""
        return np.array(list(itertools.product((0, 1), repeat=6)), np.int32)

    @property
    def condition_names(self) -> tuple[str, ...]:
        letters = "AB"
        rows = ((letters[a] + letters[b], c + 1, letters[d], e + 1, letters[f]) for a, b, c, d, e, f in self._design)
        return tuple("{}-{}{}-{}{}".format(*row) for row in rows)

    @property
    def periods(self) -> tuple[Period, ...]:
        one = {"delay": self.delay_ms, "cue": self.cue_ms, "test": self.test_ms, "decision": self.decision_ms}
        both = {f"{name} {number}": duration for number in (1, 2) for name, duration in one.items()}
        return in_a_row(self.dt_ms, fixation=self.fixation_ms, samples=self.sample_ms, **both)

    def render(self, condition: Int[Array, ""], chance: Float[Array, "chance"]) -> Trial:
        design = jnp.asarray(self._design)[condition]
        samples, cues, tests = design[:2], design[2::2], design[3::2]
        category = jnp.concatenate([samples, tests])
        angle = angle_in(category, chance, self.boundary_deg, self.margin_deg)
        decisions = self.during("decision 1", "decision 2")
        targets = jnp.zeros((len(decisions), 2), jnp.float32)
        for number in (0, 1):
            decision = self.during(f"decision {number + 1}")
            targets += _choice(decision, samples[cues[number]] == tests[number])
        rings, cued = zip(*(self._item(item, angle, cues) for item in (0, 1)), strict=True)
        mask = jnp.broadcast_to(self.during("fixation") | decisions, targets.shape)
        return Trial(signals(*rings, *cued, ~decisions), targets, mask, condition)

    def _item(
        self, item: int, angle: Float[Array, "4"], cues: Int[Array, "2"]
    ) -> tuple[Float[Array, "time 2"], Bool[Array, "time 1"]]:
        """The ring of an item, and its cue."""
        ring = _shown(self.during("samples"), angle[item])
        cue = jnp.zeros((len(ring), 1), bool)
        for number in (0, 1):
            ring += _shown(self.during(f"test {number + 1}") & (cues[number] == item), angle[2 + number])
            cue |= self.during(f"cue {number + 1}", f"test {number + 1}") & (cues[number] == item)
        return ring, cue


def angle_in(
    category: Int[Array, "item"], uniform: Float[Array, "item"], boundary_deg: float, margin_deg: float
) -> Float[Array, "item"]:
    """Directions in radians, uniform over their halves of the ring (0 is A, 1 is B), without the margins."""
    degrees = boundary_deg + margin_deg + uniform * (180 - 2 * margin_deg) + 180 * category.astype(jnp.float32)
    return degrees * (math.pi / 180)


def _shown(when: Bool[Array, "time 1"], angle: Float[Array, ""]) -> Float[Array, "time 2"]:
    return jnp.where(when, jnp.stack([jnp.cos(angle), jnp.sin(angle)]), 0)


def _choice(when: Bool[Array, "time 1"], match: Bool[Array, ""]) -> Float[Array, "time 2"]:
    return (when & jnp.stack([match, ~match])).astype(jnp.float32)
