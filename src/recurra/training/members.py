"""The networks of a cohort, each with the numbers of its own, and which of them one program trains."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from recurra.engine import Dynamics
from recurra.models.constraints import Constraint
from recurra.models.model import Model
from recurra.numerics import unrounded
from recurra.tasks.base import Task
from recurra.training.curricula import check_same_shapes
from recurra.training.rule import Learner, LearningRule
from recurra.varied import Varied, value_of, with_number


@dataclass(frozen=True)
class Members:
    """The networks of a cohort.

    Args:
        model: their architecture, but for what varies.
        rule: how they learn, but for what varies.
        numbers: their numbers.
        task: what they learn, but for what varies.
        vary: keys whose values differ between networks, value k for network k.
    """

    model: Model
    rule: LearningRule
    numbers: tuple[int, ...]
    task: Task
    vary: Varied

    @cached_property
    def models(self) -> tuple[Model, ...]:
        """The model of each network."""
        return self._with_numbers("model", self.model)

    @cached_property
    def rules(self) -> tuple[LearningRule, ...]:
        """The rule of each network."""
        return self._with_numbers("training", self.rule)

    @cached_property
    def tasks(self) -> tuple[Task, ...]:
        """The task of each network."""
        return self._with_numbers("task", self.task)

    @cached_property
    def courses(self) -> tuple[tuple[Task, ...], ...]:
        """What each network learns: the tasks of the stages of its curriculum, of which the last is its task."""
        every = [(rule.curriculum, task) for rule, task in zip(self.rules, self.tasks, strict=True)]
        known = {(one, task): one.tasks(task) if one else (task,) for one, task in dict.fromkeys(every)}
        return tuple(known[one] for one in every)

    def check(self) -> None:
        """Raise an error, in one line, if a number cannot vary: all networks have the same equations but for noise."""
        for _ in self.rules, self.models, self.courses:  # made now, which checks their numbers
            pass
        own = [key for key, _ in self.vary if key.startswith("task.")]
        for task in dict.fromkeys(self.tasks):
            check_same_shapes(task, self.task, " and ".join(own), "networks of a cohort have trials of the same shapes")
        for key, values in self.vary:
            if key.startswith("model."):
                for number in self.numbers:
                    changed = with_number(self.model, key, value_of(key, values, number)).dynamics(self.task.dt_ms)
                    if _without_noise(changed) != _without_noise(self.model.dynamics(self.task.dt_ms)):
                        raise ValueError(f"{key} cannot vary within a cohort, whose networks have the same equations")

    def parts(self, whole: bool) -> list[tuple[int, ...]]:
        """The positions of networks that are trained together: all that one program can train, or each alone.

        Args:
            whole: whether the engine takes many networks at once.
        """
        every = range(len(self.numbers))
        if not whole:
            return [(at,) for at in every]
        if not self.vary:
            return [tuple(every)]
        kinds: list[tuple[Any, list[int]]] = []
        for at in every:
            kind = self.tasks[at], self.kind(at)
            positions = next((positions for known, positions in kinds if known == kind), None)
            if positions is None:
                kinds.append((kind, positions := []))
            positions.append(at)
        return [tuple(positions) for _, positions in kinds]

    def kind(self, at: int) -> tuple[Dynamics, tuple[Constraint, ...], LearningRule]:
        """What networks that train together share: equations, constraints, and the rule but for its numbers."""
        model = self.models[at]
        return model.dynamics(self.task.dt_ms), model.all_constraints(), self.rules[at].shared

    def own(self, positions: Sequence[int]) -> Any:
        """The settings of the networks at some positions, with a leading `network` axis."""
        if not self.vary:
            return self.rule.own([self.numbers[at] for at in positions])
        single = [self.rules[at].own((self.numbers[at],)) for at in positions]
        return jax.tree.map(lambda *rows: jnp.concatenate(rows), *single)

    def _with_numbers(self, part: str, method: Any) -> tuple[Any, ...]:
        own = [(key, values) for key, values in self.vary if key.startswith(f"{part}.")]
        if not own:
            return (method,) * len(self.numbers)
        changed = []
        for number in self.numbers:
            one = method
            for key, values in own:
                one = with_number(one, key, value_of(key, values, number))
            changed.append(one)
        return tuple(changed)


def in_order(parts: Sequence[Sequence[int]], learners: Sequence[Learner]) -> Learner:
    """The learner of the whole cohort from those of its parts.

    Args:
        parts: the positions of each.
        learners: of each.
    """
    if len(parts) == 1:
        return learners[0]
    order = np.argsort(np.concatenate([np.asarray(positions) for positions in parts]))
    return jax.tree.map(lambda *rows: unrounded(np.concatenate([np.asarray(one) for one in rows])[order]), *learners)


def _without_noise(dynamics: Any) -> Any:
    return replace(dynamics, noise=0.0) if hasattr(dynamics, "noise") else dynamics
