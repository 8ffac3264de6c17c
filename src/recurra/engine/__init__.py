"""The engine: runs networks and differentiates their loss, in more than one implementation."""

from recurra.engine.differentiable import loss
from recurra.engine.dynamics import Dynamics
from recurra.engine.engines import BATCHED, CHOICES, NATIVE, NATIVE_BFLOAT16, PORTABLE, Engine, choose_engine
from recurra.engine.feedback import ControlFeedbackDynamics, FeedbackEquations, OutputFeedbackDynamics
from recurra.engine.gated import GRUDynamics, LSTMDynamics, UGRNNDynamics
from recurra.engine.losses import LOSSES, cross_entropy, mean_squared_error
from recurra.engine.penalties import Penalty, Trajectories, TrajectoryPenalty
from recurra.engine.rate import ACTIVATIONS, RateDynamics, TimedRateDynamics
from recurra.engine.windows import dropped_arrays

__all__ = [
    "ACTIVATIONS",
    "BATCHED",
    "CHOICES",
    "LOSSES",
    "NATIVE",
    "NATIVE_BFLOAT16",
    "PORTABLE",
    "ControlFeedbackDynamics",
    "Dynamics",
    "Engine",
    "FeedbackEquations",
    "GRUDynamics",
    "LSTMDynamics",
    "OutputFeedbackDynamics",
    "Penalty",
    "RateDynamics",
    "TimedRateDynamics",
    "Trajectories",
    "TrajectoryPenalty",
    "UGRNNDynamics",
    "choose_engine",
    "cross_entropy",
    "dropped_arrays",
    "loss",
    "mean_squared_error",
]
