"""What pulls a state: displacement and Jacobian of a network at a constant input, in float64 and for many states."""

import abc
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

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


class Equation(abc.ABC):
    """An equation whose zeros are fixed points."""

    @abc.abstractmethod
    def displacement(self, states: States) -> States:
        """f(h) - h, with f(h) the point to which the leak pulls the state; zero at a fixed point for any time step."""

    @abc.abstractmethod
    def jacobian(self, states: States) -> Matrices:
        """The derivative of the displacement."""


class Flow(Equation):
    """The flow of a network at a constant input."""

    inputs: Float[np.ndarray, "input"]

    @property
    def search(self) -> Equation:
        """An equation with the same zeros, with which Newton's method finds them."""
        return self

    @property
    def odd(self) -> bool:
        """Whether the displacement at -h is exactly minus the displacement at h."""
        return False

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
