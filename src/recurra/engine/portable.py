"""The definition of what the engine computes, in plain JAX.

All three functions take weights with a leading `network` axis. The same compiled program computes the networks one
after the other, so that the numbers of a network do not depend on its neighbours.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, UInt32

from recurra.arrays import AnyArray, Inputs, Mask, NoiseKeys, Targets, Weights
from recurra.engine.definition import Network, Steps, learning, run_trials, running
from recurra.engine.dynamics import Dynamics
from recurra.engine.penalties import TrajectoryPenalty
from recurra.engine.shapes import check_call
from recurra.numerics import exact_products

STEPS = Steps(drives_first=False, unroll=1)


@partial(jax.jit, static_argnames="dynamics")
@exact_products()
def run(
    dynamics: Dynamics, weights: Weights, inputs: Inputs, *, noise_keys: NoiseKeys | None = None
) -> tuple[Float[Array, "network trial time unit"], Float[Array, "network trial time output"]]:
    """Rates and outputs of every network on every trial.

    Args:
        dynamics: the equations of one step.
        weights: the cohort's weights, each array with a leading `network` axis.
        inputs: the inputs, the same for all networks, or with a leading `network` axis; in the dtype of the weights.
        noise_keys: two words per network, for the recurrent noise; without them there is none.

    Returns:
        Rates and outputs at every time step.
    """
    check_call(weights, inputs, noise_keys=noise_keys)
    return jax.lax.map(*running(dynamics, STEPS, weights, inputs, noise_keys))


@partial(jax.jit, static_argnames="dynamics")
@exact_products()
def run_from(
    dynamics: Dynamics,
    weights: Weights,
    states: Float[AnyArray, "trial state"],
    inputs: Inputs,
    *,
    noise_key: UInt32[AnyArray, "2"] | None = None,
) -> tuple[Float[Array, "trial time unit"], Float[Array, "trial time output"]]:
    """Rates and outputs of one network on every trial, each from a state of its own.

    Args:
        dynamics: the equations of one step.
        weights: the weights of the network.
        states: the state before the first step of every trial.
        inputs: the inputs, in the dtype of the weights.
        noise_key: two words for the recurrent noise, which is that of `run`; without them there is none.
    """
    rates = run_trials(dynamics, STEPS, Network(weights, noise_key, None), inputs, jnp.asarray(states))
    return rates, dynamics.readout(weights, rates)


@partial(jax.jit, static_argnames="dynamics")
def respond(
    dynamics: Dynamics, weights: Weights, inputs: Inputs, *, noise_keys: NoiseKeys | None = None
) -> Float[Array, "network trial time output"]:
    """Outputs as `run` gives them, without the rates."""
    return run(dynamics, weights, inputs, noise_keys=noise_keys)[1]


@partial(jax.jit, static_argnames=("dynamics", "loss", "rate_penalty", "penalties", "window", "unit_dropout"))
@exact_products()
def loss_and_gradient(  # noqa: PLR0913 - what every engine takes
    dynamics: Dynamics,
    weights: Weights,
    inputs: Inputs,
    targets: Targets,
    mask: Mask,
    *,
    noise_keys: NoiseKeys | None = None,
    loss: str = "mean_squared_error",
    rate_penalty: float = 0.0,
    penalties: tuple[TrajectoryPenalty, ...] = (),
    window: int | None = None,
    unit_dropout: float = 0.0,
    dropout_keys: NoiseKeys | None = None,
    active: Bool[AnyArray, "network"] | None = None,
) -> tuple[Float[Array, "network"], Weights]:
    r"""Loss of every network and its gradient with respect to the weight arrays.

    $E = L + \lambda \langle r_{btu}^2 \rangle + \sum_i P_i$: a loss of `LOSSES`, λ times the mean squared rate over
    trials, steps and units, and the values of penalties.

    Args:
        dynamics: the equations of one step.
        weights: the cohort's weights, each array with a leading `network` axis.
        inputs: the inputs, in the dtype of the weights; they, the targets and the mask are the same for all networks,
            or all three have a leading `network` axis.
        targets: what the outputs should be.
        mask: True where the loss counts, or how much it counts there, 0 or above.
        noise_keys: two words per network, for the recurrent noise; without them there is none.
        loss: L, a name of `LOSSES`.
        rate_penalty: λ, 0 or above.
        penalties: what else is added.
        window: steps after which the gradient is cut while the state goes on; None for the whole trial.
        unit_dropout: the share of units that send nothing in a trial; what the others send is divided by one minus it.
        dropout_keys: two words per network, which decide which units these are; without them there are none.
        active: which networks to compute; the others get a loss and gradient of zero, and cost nothing.
    """
    check_call(weights, inputs, [("targets", targets), ("mask", mask)], noise_keys=noise_keys, active=active)
    one_network, networks = learning(
        dynamics,
        STEPS,
        weights,
        (inputs, targets, mask),
        noise_keys,
        loss=loss,
        rate_penalty=rate_penalty,
        penalties=penalties,
        window=window,
        unit_dropout=unit_dropout,
        dropout_keys=dropout_keys,
    )

    active = jnp.ones(weights.networks, bool) if active is None else jnp.asarray(active)
    return jax.lax.map(lambda one: jax.lax.cond(one[0], one_network, _nothing, one[1]), (active, networks))


def _nothing(network: Network) -> tuple[Float[Array, ""], Weights]:
    """The loss and gradient of a network that is not active."""
    return jnp.zeros((), jax.tree.leaves(network.weights)[0].dtype), jax.tree.map(jnp.zeros_like, network.weights)
