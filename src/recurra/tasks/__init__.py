"""The tasks, by name."""

from recurra.tasks.base import Task
from recurra.tasks.boolean import And, Not, Or, Xor
from recurra.tasks.flipflop import FlipFlop
from recurra.tasks.oscillation import Oscillation
from recurra.tasks.own import FunctionTask, OwnTask
from recurra.tasks.pulse_memory import PulseMemory
from recurra.tasks.pulse_schedules import PoissonPulses, ScheduledPulses
from recurra.tasks.rules import RULES, NearRule, SignRule, SuccessRule
from recurra.tasks.set_reset import SetReset
from recurra.tasks.trials import Trial, Trials

TASKS: dict[str, type[Task]] = {
    "flipflop": FlipFlop,
    "setreset": SetReset,
    "and": And,
    "or": Or,
    "xor": Xor,
    "not": Not,
    "pulse": PulseMemory,
    "oscillation": Oscillation,
}

__all__ = [
    "RULES",
    "TASKS",
    "And",
    "FlipFlop",
    "FunctionTask",
    "NearRule",
    "Not",
    "Or",
    "Oscillation",
    "OwnTask",
    "PoissonPulses",
    "PulseMemory",
    "ScheduledPulses",
    "SetReset",
    "SignRule",
    "SuccessRule",
    "Task",
    "Trial",
    "Trials",
    "Xor",
]
