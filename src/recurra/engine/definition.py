"""What the engines in JAX compute for one network: its trials, its loss and its gradient. They map it differently."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, TypeAlias, cast

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, UInt32

from recurra.arrays import AnyArray, Inputs, Mask, NoiseKeys, Targets, Weights
from recurra.checks import check_choice
from recurra.engine import blocks, fused, windows
from recurra.engine.dynamics import Dynamics, state_size
from recurra.engine.losses import LOSSES
from recurra.engine.noise import trial_noise
from recurra.engine.penalties import Trajectories, TrajectoryPenalty


@dataclass(frozen=True)
class Steps:
    """How the steps of a trial follow each other: by this, results differ in their rounding alone.

    Args:
        drives_first: whether the inputs of all steps go through `Dynamics.drive` before the first step.
        unroll: steps in one turn of the loop.
        blocks: whether all steps of a trial are one program, for equations and machines that `engine.blocks` knows.
    """

    drives_first: bool
    unroll: int
    blocks: bool = False


class Network(NamedTuple):
    """The arrays of one network. Trials are among them only if each network has trials of its own."""

    weights: Weights
    key: UInt32[AnyArray, "2"] | None
    trials: tuple[AnyArray, ...] | None
    dropout: UInt32[AnyArray, "2"] | None = None


Runs: TypeAlias = Callable[[Network], tuple[Float[Array, "trial time unit"], Float[Array, "trial time output"]]]
Learns: TypeAlias = Callable[[Network], tuple[Float[Array, ""], Weights]]


def running(
    dynamics: Dynamics, steps: Steps, weights: Weights, inputs: Inputs, keys: NoiseKeys | None
) -> tuple[Runs, Network]:
    """The function that gives rates and outputs of one network, and the cohort's networks for it.

    Args:
        dynamics: the equations of one step.
        steps: how they are repeated.
        weights: with a leading `network` axis.
        inputs: of all networks, or with that axis.
        keys: of the noise of each network, if any.
    """
    networks, (shared,) = _networks(weights, keys, inputs)

    def one_network(one: Network):
        rates = run_trials(dynamics, steps, one, one.trials[0] if one.trials else shared)
        return rates, dynamics.readout(one.weights, rates)

    return one_network, networks


def learning(  # noqa: PLR0913 - what a training step consists of
    dynamics: Dynamics,
    steps: Steps,
    weights: Weights,
    trials: tuple[Inputs, Targets, Mask],
    keys: NoiseKeys | None,
    *,
    loss: str,
    rate_penalty: float,
    penalties: tuple[TrajectoryPenalty, ...],
    window: int | None = None,
    unit_dropout: float = 0.0,
    dropout_keys: NoiseKeys | None = None,
) -> tuple[Learns, Network]:
    """The function that gives loss and gradient of one network, and the cohort's networks for it.

    Args:
        dynamics: the equations of one step.
        steps: how they are repeated.
        weights: with a leading `network` axis.
        trials: inputs, targets and mask of all networks, or with that axis.
        keys: of the noise of each network, if any.
        loss: as for `portable.loss_and_gradient`.
        rate_penalty: likewise.
        penalties: likewise.
        window: likewise.
        unit_dropout: likewise.
        dropout_keys: likewise.
    """
    check_choice("loss", loss, LOSSES)
    networks, shared = _networks(weights, keys, *trials)
    networks = networks._replace(dropout=dropout_keys)
    loss_of, length = LOSSES[loss], trials[0].shape[-2]
    if (window or length) < length or dropout_keys is not None:
        training = windows.Training(loss_of, rate_penalty, window or length, unit_dropout)

        def in_windows(one: Network):
            batch = windows.Batch(*map(jnp.asarray, one.trials or shared))
            random = windows.Random(one.key, one.dropout)
            return windows.windowed_gradient(dynamics, training, one.weights, random, batch)

        return in_windows, networks

    def penalized(weights: Weights, one: Network):
        inputs, targets, mask = one.trials or shared
        one = one._replace(weights=weights)
        if penalties:
            whole = _trajectories(dynamics, steps, one, inputs)
            error = loss_of(whole.outputs, targets, mask) + sum(
                penalty.value(dynamics, weights, whole) for penalty in penalties
            )
            return error + rate_penalty * (whole.rates**2).mean() if rate_penalty else error
        if not rate_penalty:
            return loss_of(_outputs(dynamics, steps, one, inputs), targets, mask)
        rates = run_trials(dynamics, steps, one, inputs)
        return loss_of(dynamics.readout(weights, rates), targets, mask) + rate_penalty * (rates**2).mean()

    return lambda one: jax.value_and_grad(penalized)(one.weights, one), networks


def _networks(weights: Weights, keys: NoiseKeys | None, *trials: AnyArray) -> tuple[Network, tuple[AnyArray, ...]]:
    """The networks of a cohort, and the trials that they share, if any."""
    return Network(weights, keys, trials if trials[0].ndim == 4 else None), trials


def _noise(
    dynamics: Dynamics, network: Network, trial: UInt32[Array, ""], inputs: Float[Array, "time input"]
) -> Float[Array, "time state"] | None:
    """What is added to the state at every step of a trial."""
    if network.key is None:
        return None
    scale = jnp.asarray(dynamics.noise_scale(network.weights), inputs.dtype)
    size = state_size(dynamics, network.weights)
    return scale * trial_noise(network.key, trial, inputs.shape[0], size, inputs.dtype)


def _noise_of_all(
    dynamics: Dynamics, network: Network, inputs: Float[Array, "trial time input"]
) -> Float[Array, "trial time state"] | None:
    numbers = jnp.arange(inputs.shape[0], dtype=jnp.uint32)
    return jax.vmap(partial(_noise, dynamics, network))(numbers, inputs)


def _run_trial(
    dynamics: Dynamics,
    steps: Steps,
    network: Network,
    inputs: Float[Array, "time input"],
    trial: UInt32[Array, ""],
    keep_states: bool,
    start: Float[Array, "state"] | None = None,
) -> tuple[Float[Array, "time unit"], Float[Array, "time state"] | None]:
    """Rates at every step, and states if they are kept; from the network's own initial state unless one is given."""
    weights, noise = network.weights, _noise(dynamics, network, trial, inputs)
    advance, given = dynamics.step, inputs
    if steps.drives_first:
        advance, given = dynamics.driven, jax.vmap(partial(dynamics.drive, weights))(inputs)

    def step(state, now):
        state = advance(weights, state, now[0])
        state = state if now[1] is None else state + now[1]
        return state, (dynamics.rates(state), state if keep_states else None)

    start = dynamics.initial_state(weights) if start is None else start
    return jax.lax.scan(step, start, (given, noise), unroll=steps.unroll)[1]


def run_trials(
    dynamics: Dynamics,
    steps: Steps,
    network: Network,
    inputs: Inputs,
    states: Float[Array, "trial state"] | None = None,
) -> Float[Array, "trial time unit"]:
    """The rates of one network on every trial.

    Args:
        dynamics: the equations of one step.
        steps: how they are repeated.
        network: its arrays.
        inputs: of every trial.
        states: before the first step of every trial; if not given, the network's own initial state.
    """
    numbers, inputs = jnp.arange(inputs.shape[0], dtype=jnp.uint32), jnp.asarray(inputs)
    if states is None and steps.blocks and blocks.knows(dynamics, network.weights, inputs):
        noise = _noise_of_all(dynamics, network, inputs)
        return dynamics.rates(blocks.states(dynamics, network.weights, inputs, noise))
    if states is None:
        return jax.vmap(partial(_run_trial, dynamics, steps, network, keep_states=False))(inputs, numbers)[0]

    def one_trial(inputs, number, start):
        return _run_trial(dynamics, steps, network, inputs, number, keep_states=False, start=start)[0]

    return jax.vmap(one_trial)(inputs, numbers, states)


def _outputs(dynamics: Dynamics, steps: Steps, network: Network, inputs: Inputs) -> Float[Array, "trial time output"]:
    """The outputs of one network on every trial, from its own initial state."""
    weights, inputs = network.weights, jnp.asarray(inputs)
    if steps.blocks and fused.knows(dynamics, weights, inputs):
        return fused.outputs(dynamics, weights, inputs, _noise_of_all(dynamics, network, inputs))
    return dynamics.readout(weights, run_trials(dynamics, steps, network, inputs))


def _trajectories(dynamics: Dynamics, steps: Steps, network: Network, inputs: Inputs) -> Trajectories:
    numbers, inputs = jnp.arange(inputs.shape[0], dtype=jnp.uint32), jnp.asarray(inputs)
    kept = jax.vmap(partial(_run_trial, dynamics, steps, network, keep_states=True))(inputs, numbers)
    rates, states = cast(tuple[Array, Array], kept)
    first = jnp.broadcast_to(dynamics.initial_state(network.weights), states[:, :1].shape)
    before = jnp.concatenate([first, states[:, :-1]], axis=1)
    return Trajectories(inputs, before, states, rates, dynamics.readout(network.weights, rates))
