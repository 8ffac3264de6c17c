"""Answer in a direction when told to: what the two forms of these tasks share."""

import abc
import itertools
import math
from typing import ClassVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from recurra.arrays import RandomKey
from recurra.checks import check_choice, check_count, check_positive, steps_of
from recurra.periods import Period, in_a_row
from recurra.tasks.base import uniform_and_normal, with_noise
from recurra.tasks.direction_designs import DESIGNS, Between, Design, Durations, Spread
from recurra.tasks.staged import StagedTask, signals
from recurra.tasks.trials import Trial

UNCOUNTED_MS = 100.0  # at the start of a trial and after the go signal
AFTER, FIXATION = 5.0, 2.0  # weights of the steps after the go signal, and of the fixation output
CATEGORIES = 10  # fixed directions of the tasks with categories in Yang et al.


class DirectionTask(StagedTask, abc.ABC):
    """Answer in a direction when told to, and fixate until then.

    What differs between the two forms: how a direction is shown and answered, durations and strengths.
    """

    durations: ClassVar[dict[str, Durations]]
    coherences: ClassVar[dict[str, Spread]]
    contrast: ClassVar[Between]
    fixed_categories: ClassVar[bool]
    rest: ClassVar[float]  # the target of all other outputs where there is no answer
    fixation_levels: ClassVar[tuple[float, float]]  # of the first output, without and with fixation
    chances: ClassVar[int] = 16
    name: str
    directions: int
    duration_factor: float

    @property
    @abc.abstractmethod
    def size(self) -> int:
        """Number of inputs."""

    @abc.abstractmethod
    def shown(self, angle: Float[Array, ""]) -> Float[Array, "channel"]:
        """A stimulus of strength 1 in a direction."""

    @abc.abstractmethod
    def answered(self, angle: Float[Array, ""]) -> Float[Array, "channel"]:
        """The target in a direction."""

    def check(self, names: tuple[str, ...]) -> None:
        """Raise an error if a field makes no sense."""
        check_choice("name", self.name, names)
        check_count("directions", self.directions, at_least=2)
        check_positive("duration_factor", self.duration_factor)
        self.check_stages()
        if self._design.family == "category" and self._sectors % 2:
            raise ValueError(f"directions is {self.directions}; two categories of equal size need an even number")
        longest_ms = sum(max(spread) for spread in self._durations)
        steps_of(f"with duration_factor {self.duration_factor:g} the longest trial", longest_ms, self.dt_ms, 0)
        for part, spread in zip(Durations._fields, self._durations, strict=True):
            if max(spread) and self.in_steps(min(spread)) < 1:
                raise ValueError(f"{part} may be {min(spread):g} ms, no step of dt_ms = {self.dt_ms:g}; lower dt_ms")

    @property
    def title(self) -> str:
        return f"task {self.name}"

    @property
    def _design(self) -> Design:
        return DESIGNS[self.name]

    @property
    def _durations(self) -> Durations:
        def scaled(spread: Spread) -> Spread:
            values = [self.duration_factor * value for value in spread]
            return Between(*values) if isinstance(spread, Between) else tuple(values)

        return Durations(*map(scaled, self.durations[self._design.family]))

    @property
    def _sectors(self) -> int:
        return CATEGORIES if self._design.family == "category" and self.fixed_categories else self.directions

    @property
    def _levels(self) -> dict[str, tuple[str, ...]]:
        """The factors of the conditions and their levels."""
        half = 0.5 if self._design.family == "category" else 0.0
        directions = tuple(f"{360 * (at + half) / self._sectors:g}" for at in range(self._sectors))
        if self._design.family in ("sample", "category"):
            return {"direction": directions, "match": (" match", " non-match")}
        if self._design.answer in ("pro", "anti"):
            return {"direction": directions, "modality": (" modality 1", " modality 2")}
        signs = {"direction": directions, "stronger": ("+", "-")}
        return signs | ({"stronger in the other": ("+", "-")} if "context" in self._design.answer else {})

    @property
    def condition_names(self) -> tuple[str, ...]:
        return tuple("".join(parts) for parts in itertools.product(*self._levels.values()))

    def factor_names(self) -> tuple[str, ...]:
        return tuple(self._levels)

    def factors(self) -> Int[np.ndarray, "condition factor"]:
        sizes = [len(levels) for levels in self._levels.values()]
        return np.stack(np.unravel_index(np.arange(math.prod(sizes)), sizes), axis=1)

    @property
    def periods(self) -> tuple[Period, ...]:
        """The fixation that all trials share."""
        return in_a_row(self.dt_ms, fixation=min(self._durations.onset))

    @property
    def _steps(self) -> int:
        return self.in_steps(*(max(spread) for spread in self._durations))

    def trial(self, key: RandomKey) -> Trial:
        rows = -(-(1 + self.chances) // self.size)
        uniform, normal = uniform_and_normal(key, rows, self._steps, self.size)
        condition, *chance = uniform.reshape(-1)[: 1 + self.chances]
        condition = jnp.floor(condition * len(self.condition_names)).astype(jnp.int32)
        return with_noise(self.render(condition, jnp.stack(chance)), self.input_noise, self.dt_ms, normal)

    def render(self, condition: Int[Array, ""], chance: Float[Array, "chance"]) -> Trial:
        levels = self._levels_of(condition)
        onset, first_end, second, second_end, go, end = self._steps_of(chance[10:])
        angles, go_asked = self._angles(levels, chance)
        strengths = self._strengths(levels, chance)
        family = self._design.family
        shown = [self.between(onset, end if family in ("go", "react") else first_end)]
        shown.append(
            {"decision": shown[0], "delayed decision": self.between(second, second_end)}.get(
                family, self.between(go, end)
            )
        )
        stays = family in ("react", "sample", "category")  # the stimulus itself says when to answer
        inputs = [self.between(0, end if stays else go)]
        for modality in (0, 1):
            first, second = (jnp.where(shown[at], strengths[at, modality] * self.shown(angles[at]), 0) for at in (0, 1))
            inputs.append(first + second)
        answer = angles[1] if family in ("sample", "category") else self._answer(angles, strengths)
        targets = self._targets(self.between(go, end) & go_asked, answer)
        return Trial(signals(*inputs), targets, self._mask(go, end, targets.shape[1]), condition)

    def _levels_of(self, condition: Int[Array, ""]) -> list[Int[Array, ""]]:
        """The level of each factor, the last of which changes first."""
        levels = []
        for size in reversed([len(names) for names in self._levels.values()]):
            levels.append(condition % size)
            condition = condition // size
        return levels[::-1]

    def _steps_of(self, chance: Float[Array, "6"]) -> list[Int[Array, ""]]:
        """The steps at which onset, first, delay, second, wait and response end."""
        at, ends = jnp.zeros((), jnp.int32), []
        for spread, one in zip(self._durations, chance, strict=True):
            at = at + jnp.round(_drawn(spread, one) / self.dt_ms).astype(jnp.int32)
            ends.append(at)
        return ends

    def _angles(
        self, levels: list[Int[Array, ""]], chance: Float[Array, "chance"]
    ) -> tuple[Float[Array, "2"], Bool[Array, ""]]:
        """The directions of both stimuli, and whether there is an answer."""
        family, sector = self._design.family, 2 * math.pi / self._sectors
        index, none = levels[0].astype(jnp.float32), jnp.ones((), bool)
        if family == "category":
            within = _fifths(chance[:2]) if self.fixed_categories else chance[:2]
            first = (index + (0.5 if self.fixed_categories else within[0])) * sector
            same = (index < self._sectors / 2) == (levels[1] == 0)
            second = (jnp.where(same, 0, 1) + within[1]) * math.pi
        else:
            first = (index + chance[0] - 0.5) * sector
            apart = Between(1 / 9, 17 / 9) if family == "sample" else Between(0.5, 1.5)
            second = first + _drawn(apart, chance[1]) * math.pi
        if family == "sample":
            second = jnp.where(levels[1] == 0, first, second)
        if family in ("sample", "category"):
            none = (levels[1] == 0) == (self._design.answer == "match")
        return jnp.stack([first, second]), none

    def _strengths(
        self, levels: list[Int[Array, ""]], chance: Float[Array, "chance"]
    ) -> Float[Array, "stimulus modality"]:
        """The strength of each stimulus in each modality."""
        family, answer = self._design
        if family in ("go", "react", "delay"):
            return jnp.stack([jnp.stack([levels[1] == 0, levels[1] == 1]), jnp.zeros(2, bool)]).astype(jnp.float32)
        if family in ("sample", "category"):
            second = jnp.floor(2 * chance[8:10])
            return jnp.stack([1 - second, second], axis=1)
        named = self._pair(levels[1], chance[2], chance[3])
        if answer in ("first", "second"):
            nothing = jnp.zeros_like(named)
            both = (named, nothing)
        elif answer == "both":
            contrast = 2 * chance[6:8] - 1
            apart = jnp.sign(contrast) * _drawn(self.contrast, abs(contrast)) / 2
            return jnp.stack([named * (1 + apart), named * (1 - apart)], axis=1)
        else:
            both = (named, self._pair(levels[2], chance[4], chance[5]))
        return jnp.stack(both if answer.endswith("first") else both[::-1], axis=1)

    def _pair(
        self, weaker: Int[Array, ""], mean: Float[Array, ""], coherence: Float[Array, ""]
    ) -> Float[Array, "stimulus"]:
        """The strengths of both stimuli, of which the first is the stronger where `weaker` is 0."""
        mean, apart = _drawn(Between(0.8, 1.2), mean), _drawn(self.coherences[self._design.family], coherence)
        apart = jnp.where(weaker == 0, apart, -apart)
        return jnp.stack([mean + apart, mean - apart])

    def _answer(self, angles: Float[Array, "2"], strengths: Float[Array, "stimulus modality"]) -> Float[Array, ""]:
        answer = self._design.answer
        if answer in ("pro", "anti"):
            return angles[0] + (math.pi if answer == "anti" else 0.0)
        counted = strengths.sum(axis=1) if answer == "both" else strengths[:, int(answer.endswith("second"))]
        return jnp.where(counted[0] > counted[1], angles[0], angles[1])

    def _targets(self, when: Bool[Array, "time 1"], angle: Float[Array, ""]) -> Float[Array, "time output"]:
        low, high = self.fixation_levels
        return signals(jnp.where(when, low, high), jnp.where(when, self.answered(angle), self.rest))

    def _mask(self, go: Int[Array, ""], end: Int[Array, ""], outputs: int) -> Float[Array, "time output"]:
        free = self.in_steps(UNCOUNTED_MS)
        weight = jnp.where(self.between(free, go), 1.0, jnp.where(self.between(go + free, end), AFTER, 0.0))
        return (weight * jnp.ones(outputs).at[0].set(FIXATION)).astype(jnp.float32)


def _drawn(spread: Spread, chance: Float[Array, "*any"]) -> Float[Array, "*any"]:
    """A number of the spread from a uniform one in [0, 1)."""
    if isinstance(spread, Between):
        return spread.low + chance * (spread.high - spread.low)
    return jnp.asarray(spread, jnp.float32)[jnp.floor(chance * len(spread)).astype(jnp.int32)]


def _fifths(chance: Float[Array, "*any"]) -> Float[Array, "*any"]:
    """The middle of the fifth of [0, 1) in which a number is: the fixed directions of a category."""
    return (jnp.floor(chance * CATEGORIES / 2) + 0.5) / (CATEGORIES / 2)
