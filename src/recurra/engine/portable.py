"""The definition of what the engine computes, in plain JAX.

All three functions take weights with a leading `network` axis. The networks are gone through one after the
other by the same compiled program, so that a network's numbers do not depend on its neighbours.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from recurra.arrays import AnyArray, Inputs, Mask, Targets, Weights
from recurra.engine.dynamics import Dynamics


def _readout(weights: Weights, rates: Float[Array, "*batch unit"]) -> Float[Array, "*batch output"]:
    return rates @ weights.output.T + weights.output_bias


def _run_trial(
    dynamics: Dynamics, weights: Weights, inputs: Float[AnyArray, "time input"]
) -> Float[Array, "time unit"]:
    def step(state, input_now):
        state = dynamics.step(weights, state, input_now)
        return state, dynamics.rates(state)

    return jax.lax.scan(step, dynamics.initial_state(weights), inputs)[1]


def _respond_trial(
    dynamics: Dynamics, weights: Weights, inputs: Float[AnyArray, "time input"]
) -> Float[Array, "time output"]:
    def step(state, input_now):
        state = dynamics.step(weights, state, input_now)
        return state, _readout(weights, dynamics.rates(state))

    return jax.lax.scan(step, dynamics.initial_state(weights), inputs)[1]


@partial(jax.jit, static_argnames="dynamics")
def run(
    dynamics: Dynamics, weights: Weights, inputs: Inputs
) -> tuple[Float[Array, "network trial time unit"], Float[Array, "network trial time output"]]:
    """Rates and outputs of every network on every trial.

    Args:
        dynamics: the equations of one step.
        weights: the cohort's weights, each array with a leading `network` axis.
        inputs: the inputs, the same for all networks, in the dtype of the weights.

    Returns:
        Rates and outputs at every time step.
    """

    def one_network(one: Weights):
        rates = jax.vmap(partial(_run_trial, dynamics, one))(jnp.asarray(inputs))
        return rates, _readout(one, rates)

    return jax.lax.map(one_network, weights)


@partial(jax.jit, static_argnames="dynamics")
def respond(dynamics: Dynamics, weights: Weights, inputs: Inputs) -> Float[Array, "network trial time output"]:
    """Outputs as `run` gives them, without keeping the rates: for many trials."""
    return jax.lax.map(lambda one: jax.vmap(partial(_respond_trial, dynamics, one))(jnp.asarray(inputs)), weights)


@partial(jax.jit, static_argnames="dynamics")
def loss_and_gradient(
    dynamics: Dynamics, weights: Weights, inputs: Inputs, targets: Targets, mask: Mask
) -> tuple[Float[Array, "network"], Weights]:
    r"""Loss of every network and its gradient with respect to the five weight arrays.

    $E = \frac{1}{|M|} \sum_{(b, t, k) \in M} (z_{btk} - z^*_{btk})^2$, the mean over the unmasked entries M.

    Args:
        dynamics: the equations of one step.
        weights: the cohort's weights, each array with a leading `network` axis.
        inputs: the inputs, the same for all networks, in the dtype of the weights.
        targets: what the outputs should be.
        mask: True where the loss counts.
    """

    def loss(one: Weights):
        outputs = jax.vmap(partial(_respond_trial, dynamics, one))(jnp.asarray(inputs))
        return mean_squared_error(outputs, targets, mask)

    return jax.lax.map(jax.value_and_grad(loss), weights)


def mean_squared_error(outputs: Float[Array, "trial time output"], targets: Targets, mask: Mask) -> Float[Array, ""]:
    """Mean over the unmasked entries of the squared difference, so that the mask does not scale it."""
    squared = jnp.where(mask, (outputs - targets) ** 2, 0)
    return squared.sum() / mask.sum().astype(squared.dtype)
