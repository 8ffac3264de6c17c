"""The flow of networks of rate units, by hand."""

from dataclasses import dataclass
from typing import final

import numpy as np
from jaxtyping import Float

from recurra.analysis.dynamics.activations import second_slope, slope, value
from recurra.analysis.dynamics.flow import Enclosure, Flow, Matrices, States
from recurra.analysis.dynamics.rounding import (
    SLOPE,
    TINY,
    UNIT,
    bound_product,
    curvature_near,
    gamma,
    steepest_near,
    upward,
    value_error,
)
from recurra.engine import RateDynamics


@final
@dataclass(frozen=True)
class RateFlow(Flow):
    """The flow of a network of rate units, with derivatives by hand.

    Args:
        dynamics: the equations of the network.
        recurrent: recurrent weights W.
        inward: input weights W_in.
        constant: the constant current to each unit, W_in x + b.
        size: |W_in| |x| + |b|, which bounds the rounding of the constant current.
        inputs: the constant input x.
    """

    dynamics: RateDynamics
    recurrent: Float[np.ndarray, "post pre"]
    inward: Float[np.ndarray, "state input"]
    constant: Float[np.ndarray, "state"]
    size: Float[np.ndarray, "state"]
    inputs: Float[np.ndarray, "input"]

    @property
    def odd(self) -> bool:
        return self.dynamics.activation in ("tanh", "linear") and not self.constant.any()

    def displacement(self, states: States) -> States:
        if self.dynamics.form == "rate":
            return value(self.dynamics.activation, states @ self.recurrent.T + self.constant) - states
        return value(self.dynamics.activation, states) @ self.recurrent.T + self.constant - states

    def jacobian(self, states: States) -> Matrices:
        name, units = self.dynamics.activation, len(self.constant)
        if self.dynamics.form == "rate":
            matrices = slope(name, states @ self.recurrent.T + self.constant)[..., None] * self.recurrent
        else:
            matrices = self.recurrent * slope(name, states)[..., None, :]
        matrices[..., np.arange(units), np.arange(units)] -= 1
        return matrices

    def bend(self, state: Float[np.ndarray, "state"]) -> Float[np.ndarray, "state state"]:
        name, displacement = self.dynamics.activation, self.displacement(state)
        if self.dynamics.form == "rate":
            curvature = displacement * second_slope(name, self.recurrent @ state + self.constant)
            return (self.recurrent.T * curvature) @ self.recurrent
        return np.diag(second_slope(name, state) * (displacement @ self.recurrent))

    def input_jacobian(self, state: Float[np.ndarray, "state"]) -> Float[np.ndarray, "state input"]:
        if self.dynamics.form == "current":
            return self.inward
        return slope(self.dynamics.activation, self.recurrent @ state + self.constant)[:, None] * self.inward

    def leaks(self) -> Float[np.ndarray, "state"]:
        return self.dynamics.unit_leaks(len(self.constant))

    def enclosure(self, state: Float[np.ndarray, "state"], reach: float) -> Enclosure | None:
        r"""Bounds from an analysis of the running error.

        A current $W r + W_{in} x + b$ is wrong by at most $\gamma (|W| |r| + |W_{in}| |x| + |b|)$, a value of φ by its
        own error plus that of the current times the steepest slope nearby, a slope likewise with the curvature.
        """
        name, absolute, identity = self.dynamics.activation, np.abs(self.recurrent), np.eye(len(state))
        terms = len(state) + len(self.inputs) + 8
        slack = gamma(terms) * upward(terms)
        if self.dynamics.form == "rate":
            current = self.recurrent @ state + self.constant
            off = slack * (absolute @ np.abs(state) + self.size) + terms * TINY
            spread = np.linalg.norm(self.recurrent, axis=1) * upward(terms)
            drive = value(name, current)
            wrong = value_error(name, drive) + steepest_near(name, current, off) * off
        else:
            current, off, spread = state, np.zeros(len(state)), np.ones(len(state))
            rates = value(name, state)
            drive = self.recurrent @ rates + self.constant
            wrong = slack * (absolute @ np.abs(rates) + self.size) + terms * TINY
            wrong += absolute @ value_error(name, rates)
        displacement = np.abs(drive - state) + wrong + 4 * UNIT * (np.abs(drive) + np.abs(state))
        slopes = slope(name, current)
        off_slope = (SLOPE if name != "relu" else 0.0) + bound_product(curvature_near(name, current, off), off)
        change = bound_product(curvature_near(name, current, off + spread * reach), spread)
        along = (lambda row: row[:, None]) if self.dynamics.form == "rate" else (lambda row: row[None, :])
        off = bound_product(along(off_slope), absolute)
        return Enclosure(
            displacement=displacement * upward(terms),
            jacobian=along(slopes) * self.recurrent - identity,
            error=(bound_product(along(off_slope), absolute) + 4 * UNIT * (along(slopes) * absolute + identity))
            * upward(8),
            change=bound_product(along(change), absolute) * upward(8),
        )
