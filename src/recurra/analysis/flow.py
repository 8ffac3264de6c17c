"""What pulls a state: displacement and Jacobian of a network at a constant input, in float64 and for many states."""

import abc
from dataclasses import dataclass
from typing import final

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from recurra.engine import Dynamics, RateDynamics
from recurra.models.cohort import Network

States = Float[np.ndarray, "*batch unit"]
Matrices = Float[np.ndarray, "*batch unit unit"]
CURVATURE = {"tanh": 4 / (3 * np.sqrt(3)), "sigmoid": 1 / (6 * np.sqrt(3)), "softplus": 0.25}  # largest |φ''|


class Flow(abc.ABC):
    """The flow of a network at a constant input."""

    inputs: Float[np.ndarray, "input"]

    @abc.abstractmethod
    def displacement(self, states: States) -> States:
        """f(h) - h: from a state to where the leak pulls it; zero at a fixed point, whatever the time step."""

    @abc.abstractmethod
    def jacobian(self, states: States) -> Matrices:
        """The derivative of the displacement."""

    @abc.abstractmethod
    def bend(self, state: Float[np.ndarray, "unit"]) -> Float[np.ndarray, "unit unit"]:
        r"""$\sum_i d_i \nabla^2 d_i$ of the displacement d at one state: with $J^T J$ the Hessian of $|d|^2 / 2$."""

    @abc.abstractmethod
    def input_jacobian(self, state: Float[np.ndarray, "unit"]) -> Float[np.ndarray, "unit input"]:
        """The derivative of the displacement at one state by the inputs."""

    @abc.abstractmethod
    def step_jacobian(self, jacobians: Matrices) -> Matrices:
        """The derivative of one time step, from that of the displacement."""

    @abc.abstractmethod
    def lipschitz(self) -> float:
        """A Lipschitz constant of the Jacobian in the spectral norm; infinite where none is known."""

    @abc.abstractmethod
    def rounding(self) -> float:
        """A bound on the error that rounding makes in the displacement, in the Euclidean norm."""


@final
@dataclass(frozen=True)
class RateFlow(Flow):
    """Of a network of rate units, by hand.

    Args:
        dynamics: its equations.
        recurrent: W.
        inward: W_in.
        constant: the constant current to each unit, W_in x + b.
        inputs: x.
    """

    dynamics: RateDynamics
    recurrent: Float[np.ndarray, "post pre"]
    inward: Float[np.ndarray, "unit input"]
    constant: Float[np.ndarray, "unit"]
    inputs: Float[np.ndarray, "input"]

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

    def bend(self, state: Float[np.ndarray, "unit"]) -> Float[np.ndarray, "unit unit"]:
        name, displacement = self.dynamics.activation, self.displacement(state)
        if self.dynamics.form == "rate":
            curvature = displacement * second_slope(name, self.recurrent @ state + self.constant)
            return (self.recurrent.T * curvature) @ self.recurrent
        return np.diag(second_slope(name, state) * (displacement @ self.recurrent))

    def input_jacobian(self, state: Float[np.ndarray, "unit"]) -> Float[np.ndarray, "unit input"]:
        if self.dynamics.form == "current":
            return self.inward
        return slope(self.dynamics.activation, self.recurrent @ state + self.constant)[:, None] * self.inward

    def step_jacobian(self, jacobians: Matrices) -> Matrices:
        leak = self.dynamics.leaks(len(self.constant))
        return np.eye(len(leak)) + leak[:, None] * jacobians

    def lipschitz(self) -> float:
        if self.dynamics.activation not in CURVATURE:
            return float("inf")
        norm = np.linalg.norm(self.recurrent, 2)
        widest = np.linalg.norm(self.recurrent, axis=1).max() if self.dynamics.form == "rate" else 1.0
        return float(CURVATURE[self.dynamics.activation] * norm * widest * (1 + 1e-10))

    def rounding(self) -> float:
        units = len(self.constant)
        largest = np.abs(self.recurrent).sum(axis=1).max() + np.abs(self.constant).max() + 1
        return float(4 * units * np.finfo(float).eps * largest * np.sqrt(units))


@final
@dataclass(frozen=True)
class AnyFlow(Flow):
    """Of equations of any kind, by automatic differentiation; the displacement is that of one time step.

    Args:
        network: the network.
        inputs: the constant input.
    """

    network: Network
    inputs: Float[np.ndarray, "input"]

    def displacement(self, states: States) -> States:
        with jax.enable_x64(True):
            return np.array(jax.vmap(self._moved)(jnp.asarray(states))).reshape(np.shape(states))

    def jacobian(self, states: States) -> Matrices:
        with jax.enable_x64(True):
            return np.array(jax.vmap(jax.jacfwd(self._moved))(jnp.asarray(states)))

    def bend(self, state: Float[np.ndarray, "unit"]) -> Float[np.ndarray, "unit unit"]:
        with jax.enable_x64(True):
            displacement = self._moved(jnp.asarray(state))
            return np.array(jax.hessian(lambda here: displacement @ self._moved(here))(jnp.asarray(state)))

    def input_jacobian(self, state: Float[np.ndarray, "unit"]) -> Float[np.ndarray, "unit input"]:
        with jax.enable_x64(True):
            return np.array(jax.jacfwd(self._moved, argnums=1)(jnp.asarray(state), jnp.asarray(self.inputs)))

    def step_jacobian(self, jacobians: Matrices) -> Matrices:
        return np.eye(jacobians.shape[-1]) + jacobians

    def lipschitz(self) -> float:
        return float("inf")

    def rounding(self) -> float:
        return 0.0

    def _moved(self, state: jax.Array, inputs: jax.Array | None = None) -> jax.Array:
        weights = jax.tree.map(lambda array: jnp.asarray(array, jnp.float64), self.network.weights)
        now = jnp.asarray(self.inputs) if inputs is None else inputs
        return self.network.dynamics.step(weights, state, now) - state


def flow_of(network: Network, inputs: float | Float[np.ndarray, "input"] = 0.0) -> Flow:
    """The flow of a network at a constant input: one number for all channels, or one a channel."""
    weights = network.weights
    if np.ndim(inputs) and np.shape(inputs) != (weights.inputs,):
        raise ValueError(f"inputs has shape {np.shape(inputs)}; expected one number, or {weights.inputs} of them")
    constant_input = np.broadcast_to(np.asarray(inputs, np.float64), (weights.inputs,))
    dynamics: Dynamics = network.dynamics
    if not isinstance(dynamics, RateDynamics):
        return AnyFlow(network, constant_input)
    recurrent, inward = np.asarray(weights.recurrent, np.float64), np.asarray(weights.input, np.float64)
    constant = inward @ constant_input + np.asarray(weights.recurrent_bias, np.float64)
    return RateFlow(dynamics, recurrent, inward, constant, constant_input)


def value(activation: str, current: States) -> States:
    """φ of the currents."""
    match activation:
        case "tanh":
            return np.tanh(current)
        case "relu":
            return np.maximum(current, 0)
        case "sigmoid":
            return (1 + np.tanh(current / 2)) / 2
        case _:
            return np.logaddexp(0, current)


def slope(activation: str, current: States) -> States:
    """φ' of the currents."""
    match activation:
        case "tanh":
            return 1 - np.tanh(current) ** 2
        case "relu":
            return (current > 0).astype(float)
        case "sigmoid":
            return (1 - np.tanh(current / 2) ** 2) / 4
        case _:
            return (1 + np.tanh(current / 2)) / 2


def second_slope(activation: str, current: States) -> States:
    """φ'' of the currents; of relu that on either side of its kink."""
    match activation:
        case "tanh":
            return -2 * np.tanh(current) * (1 - np.tanh(current) ** 2)
        case "relu":
            return np.zeros_like(current)
        case "sigmoid":
            return -np.tanh(current / 2) * (1 - np.tanh(current / 2) ** 2) / 4
        case _:
            return (1 - np.tanh(current / 2) ** 2) / 4
