"""The engine: runs networks and differentiates their loss."""

from recurra.engine.dynamics import ACTIVATIONS, Dynamics, RateDynamics
from recurra.engine.portable import loss_and_gradient, respond, run

__all__ = ["ACTIVATIONS", "Dynamics", "RateDynamics", "loss_and_gradient", "respond", "run"]
