"""The flow of a network at a constant input: displacements and Jacobians at many states, in float64."""

import abc
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from recurra.analysis.dynamics.rounding import (
    SLOPE,
    TINY,
    UNIT,
    curvature_near,
    gamma,
    steepest_near,
    upward,
    value_error,
)
from recurra.arrays import Weights
from recurra.engine import Dynamics, RateDynamics
from recurra.engine.rate import HARD_WIDTHS
from recurra.models.cohort import Network
from recurra.numerics import pinned

States = Float[np.ndarray, "*batch state"]
Matrices = Float[np.ndarray, "*batch state state"]


@dataclass(frozen=True)
class Enclosure:
    r"""Certain bounds on the displacement d around a state h, rounding included.

    Args:
        displacement: bound on $|d_i(h)|$.
        jacobian: computed derivative of d at h.
        error: bound on the error of each entry of the Jacobian.
        change: bound on the change of each entry per distance from h, up to the given distance; infinite if it jumps.
    """

    displacement: Float[np.ndarray, "state"]
    jacobian: Float[np.ndarray, "state state"]
    error: Float[np.ndarray, "state state"]
    change: Float[np.ndarray, "state state"]


class Flow(abc.ABC):
    """The flow of a network at a constant input."""

    inputs: Float[np.ndarray, "input"]

    @property
    def odd(self) -> bool:
        """Whether the displacement at -h is exactly minus the displacement at h."""
        return False

    @abc.abstractmethod
    def displacement(self, states: States) -> States:
        """f(h) - h, with f(h) the point to which the leak pulls the state; zero at a fixed point for any time step."""

    @abc.abstractmethod
    def jacobian(self, states: States) -> Matrices:
        """The derivative of the displacement."""

    @abc.abstractmethod
    def bend(self, state: Float[np.ndarray, "state"]) -> Float[np.ndarray, "state state"]:
        r"""$\sum_i d_i \nabla^2 d_i$ of the displacement d at one state: with $J^T J$ the Hessian of $|d|^2 / 2$."""

    @abc.abstractmethod
    def input_jacobian(self, state: Float[np.ndarray, "state"]) -> Float[np.ndarray, "state input"]:
        """The derivative of the displacement at one state by the inputs."""

    def step_jacobian(self, jacobians: Matrices) -> Matrices:
        """The Jacobians of one time step, from those of the displacement."""
        return np.eye(jacobians.shape[-1]) + self.leaks()[:, None] * jacobians

    @abc.abstractmethod
    def leaks(self) -> Float[np.ndarray, "state"]:
        """The share of the displacement by which each unit moves in a time step."""

    @abc.abstractmethod
    def enclosure(self, state: Float[np.ndarray, "state"], reach: float) -> Enclosure | None:
        """Certain bounds within a distance of a state; None if nothing is known about the rounding."""


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
        off_slope = (SLOPE if name != "relu" else 0.0) + _product(curvature_near(name, current, off), off)
        change = _product(curvature_near(name, current, off + spread * reach), spread)
        along = (lambda row: row[:, None]) if self.dynamics.form == "rate" else (lambda row: row[None, :])
        return Enclosure(
            displacement=displacement * upward(terms),
            jacobian=along(slopes) * self.recurrent - identity,
            error=(_product(along(off_slope), absolute) + 4 * UNIT * (along(slopes) * absolute + identity)) * upward(8),
            change=_product(along(change), absolute) * upward(8),
        )


@final
@dataclass(frozen=True)
class AnyFlow(Flow):
    """The flow of any other network, by automatic differentiation; the displacement is the `pull` of its dynamics.

    Args:
        network: the network.
        inputs: the constant input.
    """

    network: Network
    inputs: Float[np.ndarray, "input"]

    def displacement(self, states: States) -> States:
        return self._each(_pull, states).reshape(np.shape(states))

    def jacobian(self, states: States) -> Matrices:
        return self._each(_pull_by_state, states).reshape(*np.shape(states), np.shape(states)[-1])

    def bend(self, state: Float[np.ndarray, "state"]) -> Float[np.ndarray, "state state"]:
        return self._each(_bend, state)[0]

    def input_jacobian(self, state: Float[np.ndarray, "state"]) -> Float[np.ndarray, "state input"]:
        return self._each(_pull_by_input, state)[0]

    def leaks(self) -> Float[np.ndarray, "state"]:
        with pinned(double=True):
            return np.asarray(self.network.dynamics.leaks(self.network.double), np.float64)

    def enclosure(self, state: Float[np.ndarray, "state"], reach: float) -> Enclosure | None:
        return None

    def _each(self, of: Callable[..., Array], states: States) -> np.ndarray:
        """The function at one state after another, so that another number of states needs no new compilation."""
        with pinned(double=True):
            weights = self.network.double
            flat, now = np.reshape(states, (-1, np.shape(states)[-1])), jnp.asarray(self.inputs)
            return np.array([of(self.network.dynamics, weights, jnp.asarray(state), now) for state in flat])


def _pulled(dynamics: Dynamics, weights: Weights, state: Array, inputs: Array) -> Array:
    return dynamics.pull(weights, state, inputs)


def _bent(dynamics: Dynamics, weights: Weights, state: Array, inputs: Array) -> Array:
    displacement = _pulled(dynamics, weights, state, inputs)
    return jax.hessian(lambda here: displacement @ _pulled(dynamics, weights, here, inputs))(state)


_pull, _bend = jax.jit(_pulled, static_argnums=0), jax.jit(_bent, static_argnums=0)
_pull_by_state = jax.jit(jax.jacfwd(_pulled, argnums=2), static_argnums=0)
_pull_by_input = jax.jit(jax.jacfwd(_pulled, argnums=3), static_argnums=0)


def flow_of(network: Network, inputs: float | Float[np.ndarray, "input"] = 0.0) -> Flow:
    """The flow of a network at a constant input: one number for all channels, or one per channel."""
    weights: Any = network.weights
    if np.ndim(inputs) and np.shape(inputs) != (weights.inputs,):
        raise ValueError(f"inputs has shape {np.shape(inputs)}; expected one number, or {weights.inputs} of them")
    constant_input = np.broadcast_to(np.asarray(inputs, np.float64), (weights.inputs,))
    dynamics: Dynamics = network.dynamics
    if not isinstance(dynamics, RateDynamics):
        return AnyFlow(network, constant_input)
    recurrent, inward = np.asarray(weights.recurrent, np.float64), np.asarray(weights.input, np.float64)
    bias = np.asarray(weights.recurrent_bias, np.float64)
    size = np.abs(inward) @ np.abs(constant_input) + np.abs(bias)
    return RateFlow(dynamics, recurrent, inward, inward @ constant_input + bias, size, constant_input)


def _product(bound: Float[np.ndarray, "..."], size: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
    """The product of two bounds; 0 if either is 0, even if the other is infinite."""
    with np.errstate(invalid="ignore"):
        return np.where((bound == 0) | (size == 0), 0.0, bound * size)


def value(activation: str, current: States) -> States:
    """φ of the currents."""
    match activation:
        case "tanh":
            return np.tanh(current)
        case "relu":
            return np.maximum(current, 0)
        case "sigmoid":
            return (1 + np.tanh(current / 2)) / 2
        case "softplus":
            return np.logaddexp(0, current)
        case "linear":
            return current
        case _:
            return np.clip(current / HARD_WIDTHS[activation] + 0.5, 0, 1)


def slope(activation: str, current: States) -> States:
    """φ' of the currents."""
    match activation:
        case "tanh":
            return 1 - np.tanh(current) ** 2
        case "relu":
            return (current > 0).astype(float)
        case "sigmoid":
            return (1 - np.tanh(current / 2) ** 2) / 4
        case "softplus":
            return (1 + np.tanh(current / 2)) / 2
        case "linear":
            return np.ones_like(current)
        case _:
            width = HARD_WIDTHS[activation]
            return (np.abs(current) < width / 2) / width


def second_slope(activation: str, current: States) -> States:
    """φ'' of the currents; at a kink, its value on either side."""
    match activation:
        case "tanh":
            return -2 * np.tanh(current) * (1 - np.tanh(current) ** 2)
        case "sigmoid":
            return -np.tanh(current / 2) * (1 - np.tanh(current / 2) ** 2) / 4
        case "softplus":
            return (1 - np.tanh(current / 2) ** 2) / 4
        case _:
            return np.zeros_like(current)
