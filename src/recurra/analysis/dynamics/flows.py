"""The flow of a network of any kind: by hand where the equations are known, else by automatic differentiation."""

from typing import Any

import numpy as np
from jaxtyping import Float

from recurra.analysis.dynamics.automatic_flow import AutomaticFlow
from recurra.analysis.dynamics.flow import Flow
from recurra.analysis.dynamics.gated_flow import FLOWS, gated_flow
from recurra.analysis.dynamics.rate_flow import RateFlow
from recurra.checks import check_finite, check_real
from recurra.engine import Dynamics, FeedbackEquations, RateDynamics
from recurra.models.network import Network
from recurra.numerics import pinned


def per_channel(name: str, numbers: float | Float[np.ndarray, "input"], channels: int) -> Float[np.ndarray, "input"]:
    """One number for each input channel, from one for all or one for each."""
    known = check_real(name, numbers, f"one, or {channels}")
    if known.ndim and known.shape != (channels,):
        raise ValueError(f"{name} has shape {known.shape}; expected one number, or {channels} of them")
    check_finite(name, known)
    return np.broadcast_to(known.astype(np.float64), (channels,))


def flow_of(network: Network, inputs: float | Float[np.ndarray, "input"] = 0.0) -> Flow:
    """The flow of a network at a constant input: one number for all channels, or one per channel."""
    dynamics: Dynamics = network.dynamics
    weights: Any = network.weights
    if isinstance(dynamics, FeedbackEquations):
        with pinned(double=True):
            dynamics, weights = dynamics.without_feedback(network.double)
    constant_input = per_channel("inputs", inputs, weights.inputs)
    if type(dynamics) in FLOWS:
        return gated_flow(network, constant_input)
    if not isinstance(dynamics, RateDynamics):
        return AutomaticFlow(network, constant_input)
    recurrent, inward = np.asarray(weights.recurrent, np.float64), np.asarray(weights.input, np.float64)
    bias = np.asarray(weights.recurrent_bias, np.float64)
    size = np.abs(inward) @ np.abs(constant_input) + np.abs(bias)
    return RateFlow(dynamics, recurrent, inward, inward @ constant_input + bias, size, constant_input)
