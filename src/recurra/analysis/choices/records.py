"""The records that a dossier has only for tasks with choices by evidence."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from recurra.analysis.choices.chronometric import Chronometric, chronometric
from recurra.analysis.choices.psychometric import Psychometric, psychometric
from recurra.analysis.failures import Records, attempted
from recurra.analysis.visit import Visit
from recurra.tasks.base import Task


@dataclass(frozen=True)
class ChoiceRecords(Records):
    """The records of one network that only tasks with choices by evidence have.

    Args:
        psychometric: how often it chooses each side, by the signed evidence.
        chronometric: how long it takes to decide, by the strength of the evidence.
    """

    psychometric: Psychometric
    chronometric: Chronometric


CHOICE_ANALYSES: dict[str, Callable[[Visit], Any]] = {"psychometric": psychometric, "chronometric": chronometric}
"""The further analyses of a task with choices by evidence, by the group of their record."""


def has_choices(task: Task) -> bool:
    """Whether a task says how answers are read as choices by signed evidence, or fails to: then its records say why."""
    return attempted(task.choices) is not None
