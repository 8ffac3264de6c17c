"""The flow of networks of any cell, by automatic differentiation."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from recurra.analysis.dynamics.flow import Enclosure, Flow, Matrices, States
from recurra.arrays import Weights
from recurra.engine import Dynamics
from recurra.models.network import Network
from recurra.numerics import pinned


@final
@dataclass(frozen=True)
class AutomaticFlow(Flow):
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
