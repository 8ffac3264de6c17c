"""Windows: stretches of time in which a network is left alone."""

from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from recurra.arrays import Weights
from recurra.engine import Dynamics
from recurra.models.network import Network
from recurra.numerics import pinned

LARGE = 1e100  # a state beyond this grows without bound


@dataclass(frozen=True)
class Window:
    """A stretch of time after the stimulus of one condition: the state at its end, and how the rates varied.

    Args:
        state: state at the end of the window.
        span: highest minus lowest rate of each unit.
        size: norm of the spans in each half.
        mean_output: mean output over the window.
    """

    state: Float[np.ndarray, "state"]
    span: Float[np.ndarray, "unit"]
    size: Float[np.ndarray, "half"]
    mean_output: Float[np.ndarray, "output"]

    @property
    def diverged(self) -> bool:
        """Whether the state grows without bound."""
        return not max(np.abs(self.state).max(), self.span.max()) < LARGE

    @property
    def change(self) -> float:
        """Change of the size from one half to the other, relative to the norm of the spans of the whole window."""
        return np.abs(self.size[1] - self.size[0]) / np.linalg.norm(self.span)


def windows_after(
    network: Network,
    inputs: Float[np.ndarray, "condition input"],
    state: Float[np.ndarray, "condition state"],
    half: int,
) -> tuple[Float[np.ndarray, "condition state"], list[Window]]:
    """The states a window later, and the window of each condition.

    Args:
        network: the network.
        inputs: the constant input of each condition.
        state: the initial state of each condition.
        half: number of steps in half a window.
    """
    with pinned(double=True):
        fields = _windows(network.dynamics, network.double, jnp.asarray(inputs), jnp.asarray(state), half)
        arrays = [np.asarray(field) for field in fields]
    return arrays[0], [Window(*values) for values in zip(*arrays, strict=True)]


@partial(jax.jit, static_argnames="dynamics")
def _windows(
    dynamics: Dynamics,
    weights: Weights,
    inputs: Float[Array, "condition input"],
    state: Float[Array, "condition state"],
    steps: int | Int[Array, ""],
) -> tuple[Array, Array, Array, Array]:
    """The fields of the windows, with a leading `condition` axis; half a window has `steps` steps."""

    def window(now: Array, state: Array) -> tuple[Array, Array, Array, Array]:
        def step(_: Array, carried: tuple[Array, ...]) -> tuple[Array, ...]:
            state, low, high, total = carried
            new = dynamics.step(weights, state, now)
            rates = dynamics.rates(new)
            return new, jnp.minimum(low, rates), jnp.maximum(high, rates), total + rates

        def half(state: Array, _: None) -> tuple[Array, tuple[Array, Array, Array]]:
            rates = dynamics.rates(state)
            start = (state, jnp.full_like(rates, jnp.inf), jnp.full_like(rates, -jnp.inf), jnp.zeros_like(rates))
            state, low, high, total = jax.lax.fori_loop(0, steps, step, start)
            return state, (low, high, total)

        state, (low, high, total) = jax.lax.scan(half, state, length=2)
        output = dynamics.readout(weights, total.sum(axis=0) / (2 * steps))
        size = jnp.linalg.norm(high - low, axis=1)
        return state, high.max(axis=0) - low.min(axis=0), size, output

    return jax.vmap(window)(inputs, state)
