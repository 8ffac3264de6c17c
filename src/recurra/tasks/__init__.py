"""The tasks, by name."""

from recurra.tasks.base import Task, Trial, Trials
from recurra.tasks.flipflop import FlipFlop, PoissonPulses, ScheduledPulses

TASKS: dict[str, type[Task]] = {"flipflop": FlipFlop}

__all__ = ["TASKS", "FlipFlop", "PoissonPulses", "ScheduledPulses", "Task", "Trial", "Trials"]
