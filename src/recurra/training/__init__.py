"""Learning rules, and the loop that applies them to a cohort."""

from recurra.training.bptt import BPTT
from recurra.training.cohort_training import train
from recurra.training.course import Course
from recurra.training.curricula import Curriculum
from recurra.training.force import FORCE, OnlineRidge
from recurra.training.full_force import FullFORCE
from recurra.training.hints import HINTS, Hint, IntervalHint, LastPulseHint, NoHint
from recurra.training.optimizers import OPTIMIZERS, SGD, Adam, AdamW, Fractional, Muon, RMSprop
from recurra.training.penalties import (
    L1,
    L2,
    PENALTIES,
    JacobianNorm,
    RadiusAbove,
    RateL1,
    ReadoutSmoothness,
    StartDistance,
    WeightPenalty,
)
from recurra.training.preset import Preset
from recurra.training.progress import Epoch
from recurra.training.ridge import Ridge
from recurra.training.rule import Learner, LearningRule, Setup
from recurra.training.schedules import SCHEDULES, Constant, Cosine, InverseTimeDecay, Linear
from recurra.training.stopping import STOPS, LossBelow, Never, SuccessAbove
from recurra.training.train import Training, TrainingState
from recurra.training.trial_sets import TRIAL_SETS, FixedTrials, FreshTrials

LEARNING_RULES: dict[str, type[LearningRule]] = {
    "bptt": BPTT,
    "ridge": Ridge,
    "online_ridge": OnlineRidge,
    "force": FORCE,
    "full_force": FullFORCE,
}

__all__ = [
    "BPTT",
    "FORCE",
    "HINTS",
    "L1",
    "L2",
    "LEARNING_RULES",
    "OPTIMIZERS",
    "PENALTIES",
    "SCHEDULES",
    "SGD",
    "STOPS",
    "TRIAL_SETS",
    "Adam",
    "AdamW",
    "Constant",
    "Cosine",
    "Course",
    "Curriculum",
    "Epoch",
    "FixedTrials",
    "Fractional",
    "FreshTrials",
    "FullFORCE",
    "Hint",
    "IntervalHint",
    "InverseTimeDecay",
    "JacobianNorm",
    "LastPulseHint",
    "Learner",
    "LearningRule",
    "Linear",
    "LossBelow",
    "Muon",
    "Never",
    "NoHint",
    "OnlineRidge",
    "Preset",
    "RMSprop",
    "RadiusAbove",
    "RateL1",
    "ReadoutSmoothness",
    "Ridge",
    "Setup",
    "StartDistance",
    "SuccessAbove",
    "Training",
    "TrainingState",
    "WeightPenalty",
    "train",
]
