"""Steps of a network from any state, in float64, for all analyses of the dynamics.

A compiled program depends on the number of states. States go in groups of 8 or 64, the last group padded, so that two
programs suffice and the states of a group stay in the cache.
"""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from recurra.arrays import Weights, padded_rows
from recurra.engine import Dynamics
from recurra.models.network import Network
from recurra.numerics import pinned
from recurra.threads import in_threads

States = Float[np.ndarray, "start state"]
Constant = Float[np.ndarray, "input"]
FEW, MANY = 8, 64  # states that are stepped together


def first_state(network: Network) -> Float[np.ndarray, "state"]:
    """The state before the first step of a trial, in float64."""
    with pinned(double=True):
        return np.asarray(network.dynamics.initial_state(network.double), np.float64)


def states_along(
    network: Network, inputs: Float[np.ndarray, "trial time input"]
) -> Float[np.ndarray, "trial time state"]:
    """The states at every step of trials, in float64; in the current form these are not the rates.

    Args:
        network: the network.
        inputs: inputs of the trials.
    """
    with pinned(double=True):
        return np.asarray(_states_along(network.dynamics, network.double, jnp.asarray(inputs, jnp.float64)))


def ends_on(network: Network, inputs: Float[np.ndarray, "trial time input"]) -> Float[np.ndarray, "trial state"]:
    """The states at the end of trials.

    Args:
        network: the network.
        inputs: inputs of the trials.
    """
    return driven(network, inputs, first_state(network)[None])[0]


def driven(
    network: Network, inputs: Float[np.ndarray, "stimulus time input"], states: States
) -> Float[np.ndarray, "start stimulus state"]:
    """The state at the end of every stimulus, from every initial state.

    Args:
        network: the network.
        inputs: the stimuli.
        states: the initial states.
    """
    with pinned(double=True):
        stimuli = jnp.asarray(inputs, jnp.float64)
        return _in_groups(partial(_driven, network.dynamics, network.double, stimuli), states)


def left_alone(network: Network, states: States, inputs: Constant, steps: int) -> States:
    """The states after a number of steps at a constant input.

    Args:
        network: the network.
        states: the initial states.
        inputs: the constant input.
        steps: number of steps.
    """
    with pinned(double=True):
        constant, many = jnp.asarray(inputs, jnp.float64), jnp.asarray(steps, jnp.int32)
        return _in_groups(partial(_left_alone, network.dynamics, network.double, constant, many), states)


def paths_from(
    network: Network, states: States, inputs: Constant, steps: int, every: int = 1
) -> Float[np.ndarray, "start time state"]:
    """The paths of a network at a constant input.

    Args:
        network: the network.
        states: the initial states, which are not part of the paths.
        inputs: the constant input.
        steps: number of steps.
        every: the state after every `every`-th step is kept.
    """
    with pinned(double=True):
        lengths, constant = (max(steps // every, 1), every), jnp.asarray(inputs, jnp.float64)
        return _in_groups(partial(_paths, network.dynamics, lengths, network.double, constant), states)


def _in_groups(step: Callable[[Array], Array], states: States) -> np.ndarray:
    """The results of `step` for the states, one group at a time."""
    size = FEW if len(states) <= FEW else MANY
    groups = [states[first : first + size] for first in range(0, max(len(states), 1), size)]

    def stepped(group: States) -> np.ndarray:
        with pinned(double=True):  # each thread has its own settings of JAX
            return np.asarray(step(jnp.asarray(padded_rows(group, size))))[: len(group)]

    return np.concatenate(in_threads(stepped, groups))


@partial(jax.jit, static_argnames="dynamics")
def _states_along(
    dynamics: Dynamics, weights: Weights, inputs: Float[Array, "trial time input"]
) -> Float[Array, "trial time state"]:
    def step(state: Array, now: Array) -> tuple[Array, Array]:
        new = dynamics.step(weights, state, now)
        return new, new

    return jax.vmap(lambda trial: jax.lax.scan(step, dynamics.initial_state(weights), trial)[1])(inputs)


@partial(jax.jit, static_argnames="dynamics")
def _driven(
    dynamics: Dynamics,
    weights: Weights,
    inputs: Float[Array, "stimulus time input"],
    states: Float[Array, "start state"],
) -> Float[Array, "start stimulus state"]:
    def end(state: Array, stimulus: Array) -> Array:
        return jax.lax.scan(lambda now, x: (dynamics.step(weights, now, x), None), state, stimulus)[0]

    return jax.vmap(lambda state: jax.vmap(partial(end, state))(inputs))(states)


@partial(jax.jit, static_argnames="dynamics")
def _left_alone(
    dynamics: Dynamics,
    weights: Weights,
    inputs: Float[Array, "input"],
    steps: Int[Array, ""],
    states: Float[Array, "start state"],
) -> Float[Array, "start state"]:
    step = jax.vmap(lambda state: dynamics.step(weights, state, inputs))
    return jax.lax.fori_loop(jnp.zeros_like(steps), steps, lambda _, now: step(now), states)


@partial(jax.jit, static_argnames=("dynamics", "lengths"))
def _paths(
    dynamics: Dynamics,
    lengths: tuple[int, int],
    weights: Weights,
    inputs: Float[Array, "input"],
    states: Float[Array, "start state"],
) -> Float[Array, "start time state"]:
    samples, every = lengths

    def sample(now: Array, _: None) -> tuple[Array, Array]:
        new = jax.lax.fori_loop(0, every, lambda _, here: dynamics.step(weights, here, inputs), now)
        return new, new

    return jax.vmap(lambda state: jax.lax.scan(sample, state, length=samples)[1])(states)
