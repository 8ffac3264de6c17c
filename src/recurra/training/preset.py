"""A preset: what networks learn, their architecture, and how they learn, under a name."""

from dataclasses import dataclass
from typing import final

from recurra.models.model import Model
from recurra.tasks.base import Task
from recurra.training.rule import LearningRule


@final
@dataclass(frozen=True)
class Preset:
    """Everything that `rc.train` needs; `rc.preset(name)` gives those that come with recurra.

    Args:
        name: its name.
        task: what the networks learn.
        model: their architecture.
        rule: how they learn.
        networks: how many networks the command line trains.
        seed: with which seed.
    """

    name: str
    task: Task
    model: Model
    rule: LearningRule
    networks: int
    seed: int
