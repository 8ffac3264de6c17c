"""The tasks, by name."""

from recurra.tasks.base import Task, Trial, Trials
from recurra.tasks.flipflop import FlipFlop
from recurra.tasks.pulse_schedules import PoissonPulses, ScheduledPulses

TASKS: dict[str, type[Task]] = {"flipflop": FlipFlop}

__all__ = ["TASKS", "FlipFlop", "PoissonPulses", "ScheduledPulses", "Task", "Trial", "Trials"]
