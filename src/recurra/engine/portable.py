"""The definition of what the engine computes, in plain JAX.

All three functions take weights with a leading `network` axis. The same compiled program computes the networks one
after the other, so that the numbers of a network do not depend on its neighbours.
"""

from functools import partial
from typing import NamedTuple, cast

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, UInt32

from recurra.arrays import AnyArray, Inputs, Mask, NoiseKeys, Targets, Weights
from recurra.checks import check_choice
from recurra.engine.dynamics import Dynamics, state_size
from recurra.engine.losses import LOSSES
from recurra.engine.noise import trial_noise
from recurra.engine.penalties import Trajectories, TrajectoryPenalty
from recurra.engine.shapes import check_call


class _Network(NamedTuple):
    """The arrays of one network. Trials are among them only if each network has trials of its own."""

    weights: Weights
    active: Bool[Array, ""]
    key: UInt32[AnyArray, "2"] | None
    trials: tuple[AnyArray, ...] | None


def _run_trial(
    dynamics: Dynamics,
    network: _Network,
    inputs: Float[Array, "time input"],
    trial: UInt32[Array, ""],
    keep_states: bool,
) -> tuple[Float[Array, "time unit"], Float[Array, "time state"] | None]:
    """Rates at every step, and states if they are kept."""
    weights, noise = network.weights, None
    if network.key is not None:
        scale = jnp.asarray(dynamics.noise_scale(weights), inputs.dtype)
        noise = scale * trial_noise(network.key, trial, inputs.shape[0], state_size(dynamics, weights), inputs.dtype)

    def step(state, now):
        state = dynamics.step(weights, state, now[0])
        state = state if now[1] is None else state + now[1]
        return state, (dynamics.rates(state), state if keep_states else None)

    return jax.lax.scan(step, dynamics.initial_state(weights), (inputs, noise))[1]


def _run_trials(dynamics: Dynamics, network: _Network, inputs: Inputs) -> Float[Array, "trial time unit"]:
    numbers = jnp.arange(inputs.shape[0], dtype=jnp.uint32)
    return jax.vmap(partial(_run_trial, dynamics, network, keep_states=False))(jnp.asarray(inputs), numbers)[0]


def _networks(
    weights: Weights, active: Bool[AnyArray, "network"] | None, keys: NoiseKeys | None, *trials: AnyArray
) -> tuple[_Network, tuple[AnyArray, ...]]:
    """The cohort's networks for `lax.map`, and the trials that they share, if any."""
    count = weights.networks
    active = jnp.ones(count, bool) if active is None else jnp.asarray(active)
    own = trials[0].ndim == 4
    return _Network(weights, active, keys, trials if own else None), trials


@partial(jax.jit, static_argnames="dynamics")
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
    networks, (shared,) = _networks(weights, None, noise_keys, inputs)

    def one_network(one: _Network):
        rates = _run_trials(dynamics, one, one.trials[0] if one.trials else shared)
        return rates, dynamics.readout(one.weights, rates)

    return jax.lax.map(one_network, networks)


@partial(jax.jit, static_argnames="dynamics")
def respond(
    dynamics: Dynamics, weights: Weights, inputs: Inputs, *, noise_keys: NoiseKeys | None = None
) -> Float[Array, "network trial time output"]:
    """Outputs as `run` gives them, without the rates."""
    return run(dynamics, weights, inputs, noise_keys=noise_keys)[1]


def _trajectories(dynamics: Dynamics, network: _Network, inputs: Inputs) -> Trajectories:
    numbers, inputs = jnp.arange(inputs.shape[0], dtype=jnp.uint32), jnp.asarray(inputs)
    kept = jax.vmap(partial(_run_trial, dynamics, network, keep_states=True))(inputs, numbers)
    rates, states = cast(tuple[Array, Array], kept)
    first = jnp.broadcast_to(dynamics.initial_state(network.weights), states[:, :1].shape)
    before = jnp.concatenate([first, states[:, :-1]], axis=1)
    return Trajectories(inputs, before, states, rates, dynamics.readout(network.weights, rates))


@partial(jax.jit, static_argnames=("dynamics", "loss", "rate_penalty", "penalties"))
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
        active: which networks to compute; the others get a loss and gradient of zero, and cost nothing.
    """
    check_choice("loss", loss, LOSSES)
    check_call(weights, inputs, [("targets", targets), ("mask", mask)], noise_keys=noise_keys, active=active)
    networks, shared = _networks(weights, active, noise_keys, inputs, targets, mask)
    loss_of = LOSSES[loss]

    def penalized(weights: Weights, one: _Network):
        inputs, targets, mask = one.trials or shared
        one = one._replace(weights=weights)
        if penalties:
            whole = _trajectories(dynamics, one, inputs)
            error = loss_of(whole.outputs, targets, mask) + sum(
                penalty.value(dynamics, weights, whole) for penalty in penalties
            )
            return error + rate_penalty * (whole.rates**2).mean() if rate_penalty else error
        rates = _run_trials(dynamics, one, inputs)
        error = loss_of(dynamics.readout(weights, rates), targets, mask)
        return error + rate_penalty * (rates**2).mean() if rate_penalty else error

    def one_network(one: _Network):
        def nothing(one: _Network):
            return jnp.zeros((), jnp.asarray(inputs).dtype), jax.tree.map(jnp.zeros_like, one.weights)

        return jax.lax.cond(one.active, lambda one: jax.value_and_grad(penalized)(one.weights, one), nothing, one)

    return jax.lax.map(one_network, networks)
