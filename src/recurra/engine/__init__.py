"""The engine: runs networks and differentiates their loss. One operation, two implementations."""

from recurra.engine.differentiable import loss
from recurra.engine.dynamics import ACTIVATIONS, Dynamics, RateDynamics
from recurra.engine.engines import CHOICES, NATIVE, PORTABLE, Engine, choose_engine
from recurra.engine.portable import mean_squared_error

__all__ = [
    "ACTIVATIONS",
    "CHOICES",
    "NATIVE",
    "PORTABLE",
    "Dynamics",
    "Engine",
    "RateDynamics",
    "choose_engine",
    "loss",
    "mean_squared_error",
]
