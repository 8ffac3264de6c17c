"""Learning rules, and the loop that applies them to a cohort."""

from recurra.training.bptt import BPTT
from recurra.training.optimizers import OPTIMIZERS, SGD, Adam, AdamW, Muon, RMSprop
from recurra.training.schedules import SCHEDULES, Constant, Cosine, InverseTimeDecay, Linear
from recurra.training.stopping import STOPS, LossBelow, Never, SuccessAbove
from recurra.training.train import Training, TrainingState, train
from recurra.training.trial_sets import TRIAL_SETS, FixedTrials, FreshTrials

__all__ = [
    "BPTT",
    "OPTIMIZERS",
    "SCHEDULES",
    "SGD",
    "STOPS",
    "TRIAL_SETS",
    "Adam",
    "AdamW",
    "Constant",
    "Cosine",
    "FixedTrials",
    "FreshTrials",
    "InverseTimeDecay",
    "Linear",
    "LossBelow",
    "Muon",
    "Never",
    "RMSprop",
    "SuccessAbove",
    "Training",
    "TrainingState",
    "train",
]
