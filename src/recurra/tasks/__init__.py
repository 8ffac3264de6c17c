"""The tasks, by name."""

from recurra.tasks.base import Task
from recurra.tasks.boolean import And, Not, Or, Xor
from recurra.tasks.decision_stream import DecisionStream
from recurra.tasks.direction_rule import DirectionRule
from recurra.tasks.direction_tasks import DriscollTask, YangTask, fifteen_tasks, twenty_tasks
from recurra.tasks.evidence import PerceptualDecision
from recurra.tasks.flipflop import FlipFlop
from recurra.tasks.interval import IntervalReproduction
from recurra.tasks.match import DelayedMatchToSample, DualDelayedMatch
from recurra.tasks.multi_task import MultiTask
from recurra.tasks.neurogym_task import NeuroGymTask, from_neurogym
from recurra.tasks.oscillation import Oscillation
from recurra.tasks.own import FunctionTask, OwnTask
from recurra.tasks.patterns import Chirp, LorenzPattern, OwnPattern, PatternTask, SumOfSines
from recurra.tasks.pulse_memory import PulseMemory
from recurra.tasks.pulse_schedules import PoissonPulses, ScheduledPulses
from recurra.tasks.ready_set_go import PulseTimeRule, ReadySetGo
from recurra.tasks.response import GoNoGo, MemoryResponse, PulseGoNoGo
from recurra.tasks.rules import ChoiceRule, NearRule, NormalizedErrorRule, PeakRule, SignRule, SuccessRule
from recurra.tasks.series import SERIES, Lorenz, MackeyGlass, Narma, Series
from recurra.tasks.set_reset import SetReset
from recurra.tasks.signed_streams import CuedDecision, SignedDecision
from recurra.tasks.sine import SineGeneration
from recurra.tasks.trials import Trial, Trials
from recurra.tasks.two_streams import ContextDecision, EvidenceIntegration
from recurra.tasks.working_memory import ParametricWorkingMemory

TASKS: dict[str, type[Task]] = {
    "flipflop": FlipFlop,
    "setreset": SetReset,
    "and": And,
    "or": Or,
    "xor": Xor,
    "not": Not,
    "pulse": PulseMemory,
    "oscillation": Oscillation,
    "decision": PerceptualDecision,
    "context_decision": ContextDecision,
    "signed_decision": SignedDecision,
    "cued_decision": CuedDecision,
    "dms": DelayedMatchToSample,
    "dual_dms": DualDelayedMatch,
    "romo": ParametricWorkingMemory,
    "go_nogo": GoNoGo,
    "pulse_go_nogo": PulseGoNoGo,
    "memory_response": MemoryResponse,
    "interval": IntervalReproduction,
    "ready_set_go": ReadySetGo,
    "sine": SineGeneration,
    "integration": EvidenceIntegration,
}
PATTERNS: dict[str, type[PatternTask]] = {
    "sines": SumOfSines,
    "chirp": Chirp,
    "lorenz_pattern": LorenzPattern,
    "own_pattern": OwnPattern,
}
"""Functions of time for networks that generate them by themselves."""
FAMILIES: dict[str, type[Task]] = {"multi": MultiTask, "yang": YangTask, "driscoll": DriscollTask}
"""Many tasks in one network, and the families that are made for it."""

RULES: dict[str, type[SuccessRule]] = {
    "sign": SignRule,
    "near": NearRule,
    "choice": ChoiceRule,
    "peak": PeakRule,
    "normalized_error": NormalizedErrorRule,
    "pulse_time": PulseTimeRule,
    "direction": DirectionRule,
}

__all__ = [
    "FAMILIES",
    "PATTERNS",
    "RULES",
    "SERIES",
    "TASKS",
    "And",
    "Chirp",
    "ChoiceRule",
    "ContextDecision",
    "CuedDecision",
    "DecisionStream",
    "DelayedMatchToSample",
    "DirectionRule",
    "DriscollTask",
    "DualDelayedMatch",
    "EvidenceIntegration",
    "FlipFlop",
    "FunctionTask",
    "GoNoGo",
    "IntervalReproduction",
    "Lorenz",
    "LorenzPattern",
    "MackeyGlass",
    "MemoryResponse",
    "MultiTask",
    "Narma",
    "NearRule",
    "NeuroGymTask",
    "NormalizedErrorRule",
    "Not",
    "Or",
    "Oscillation",
    "OwnPattern",
    "OwnTask",
    "ParametricWorkingMemory",
    "PeakRule",
    "PerceptualDecision",
    "PoissonPulses",
    "PulseGoNoGo",
    "PulseMemory",
    "PulseTimeRule",
    "ReadySetGo",
    "ScheduledPulses",
    "Series",
    "SetReset",
    "SignRule",
    "SignedDecision",
    "SineGeneration",
    "SuccessRule",
    "SumOfSines",
    "Task",
    "Trial",
    "Trials",
    "Xor",
    "YangTask",
    "fifteen_tasks",
    "from_neurogym",
    "twenty_tasks",
]
