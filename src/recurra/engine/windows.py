"""The gradient of truncated backpropagation and of unit dropout, for the engines in JAX."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, UInt32

from recurra.arrays import AnyArray, Mask, Weights
from recurra.engine.dynamics import Dynamics, state_size
from recurra.engine.noise import trial_noise, uniform


class Batch(NamedTuple):
    """The trials of a batch, or a window of them."""

    inputs: Float[Array, "trial time input"]
    targets: Float[Array, "trial time output"]
    mask: Mask


class Training(NamedTuple):
    """How the loss of a training step is computed.

    Args:
        loss_of: the loss of outputs, targets and mask.
        rate_penalty: factor of the mean squared rate.
        window: steps after which the gradient is cut; at least the length of a trial for none.
        unit_dropout: the share of units that are silent in a trial.
    """

    loss_of: Callable[..., Float[Array, ""]]
    rate_penalty: float
    window: int
    unit_dropout: float


class Random(NamedTuple):
    """The keys of one network: of its noise and of its dropout, if it has them."""

    noise: UInt32[AnyArray, "2"] | None
    dropout: UInt32[AnyArray, "2"] | None


def dropped_arrays(dynamics: Dynamics) -> dict[str, int]:
    """The arrays that carry rates to units and outputs, with the axis of the sending units, counted from the end."""
    axes = dynamics.weights.axes()
    found = {name: names.index("pre") - len(names) for name, names in axes.items() if "pre" in names}
    found |= {name: -1 for name, names in axes.items() if names == ("output", "unit")}
    return found


def windowed_gradient(
    dynamics: Dynamics, training: Training, weights: Any, random: Random, batch: Batch
) -> tuple[Float[Array, ""], Any]:
    """Loss and gradient of one network, window by window: no more than the states of one window are kept.

    Args:
        dynamics: the equations of one step.
        training: how the loss is computed.
        weights: of the network.
        random: its keys.
        batch: the trials.
    """
    steps = batch.inputs.shape[1]
    window = min(training.window, steps)
    whole = steps // window
    of_window = jax.value_and_grad(partial(_window_loss, dynamics, training, random, batch), has_aux=True)
    states = jnp.broadcast_to(dynamics.initial_state(weights), (len(batch.inputs), state_size(dynamics, weights)))

    def add(so_far: Any, begin: Int[Array, ""], length: int) -> Any:
        loss, gradient, states = so_far
        some = jax.tree.map(lambda array: jax.lax.dynamic_slice_in_dim(jnp.asarray(array), begin, length, 1), batch)
        (term, states), slope = of_window(weights, jax.lax.stop_gradient(states), some, begin)
        return loss + term, jax.tree.map(jnp.add, gradient, slope), states

    nothing = jnp.zeros((), batch.inputs.dtype), jax.tree.map(jnp.zeros_like, weights), states
    begins = jnp.arange(whole, dtype=jnp.int32) * window
    so_far, _ = jax.lax.scan(lambda so_far, begin: (add(so_far, begin, window), None), nothing, begins)
    if steps % window:
        so_far = add(so_far, jnp.asarray(whole * window, jnp.int32), steps % window)
    return so_far[0], so_far[1]


def _window_loss(
    dynamics: Dynamics,
    training: Training,
    random: Random,
    whole: Batch,
    weights: Weights,
    states: Float[Array, "trial state"],
    batch: Batch,
    begin: Int[Array, ""],
) -> tuple[Float[Array, ""], Float[Array, "trial state"]]:
    """The window's part of the loss of the whole trials, and the states at its end."""
    numbers = jnp.arange(len(batch.inputs), dtype=jnp.uint32)
    run = partial(_run, dynamics, training.unit_dropout, random, weights, begin)
    rates, outputs, states = jax.vmap(run)(batch.inputs, numbers, states)
    share = _counted(batch.mask, rates.dtype) / jnp.maximum(_counted(whole.mask, rates.dtype), _LEAST)
    loss = training.loss_of(outputs, batch.targets, batch.mask) * share
    part = batch.inputs.shape[1] / whole.inputs.shape[1]
    return loss + training.rate_penalty * part * (rates**2).mean(), states


def _run(
    dynamics: Dynamics,
    unit_dropout: float,
    random: Random,
    weights: Any,
    begin: Int[Array, ""],
    inputs: Float[Array, "time input"],
    trial: UInt32[Array, ""],
    state: Float[Array, "state"],
) -> tuple[Float[Array, "time unit"], Float[Array, "time output"], Float[Array, "state"]]:
    """Rates and outputs of one trial from a state, and the state at the end."""
    start, noise = dynamics.initial_state(weights), None
    first: Bool[Array, ""] = begin == 0
    if random.noise is not None:
        scale = jnp.asarray(dynamics.noise_scale(weights), inputs.dtype)
        noise = scale * trial_noise(random.noise, trial, len(inputs), state.shape[0], inputs.dtype, begin)
    if random.dropout is not None:
        units = dynamics.rates(state).shape[0]
        kept = uniform(random.dropout, trial, units, inputs.dtype) >= unit_dropout
        weights = _without(dynamics, weights, kept.astype(inputs.dtype) / (1 - unit_dropout))

    def step(state: Float[Array, "state"], now: tuple[Array, Array | None]):
        state = dynamics.step(weights, state, now[0])
        state = state if now[1] is None else state + now[1]
        return state, dynamics.rates(state)

    state, rates = jax.lax.scan(step, jnp.where(first, start, state), (inputs, noise))
    return rates, dynamics.readout(weights, rates), state


def _without(dynamics: Dynamics, weights: Any, factors: Float[Array, "unit"]) -> Any:
    """The weights with factors on what each unit sends: those of one trial."""

    def scaled(name: str, axis: int) -> Array:
        array = getattr(weights, name)
        return array * factors.reshape(-1, *(1,) * (-axis - 1))

    return replace(weights, **{name: scaled(name, axis) for name, axis in dropped_arrays(dynamics).items()})


_LEAST = 1e-30


def _counted(mask: Mask, dtype: Any) -> Float[Array, ""]:
    """How much of the mask counts in the loss; NaN counts as 0."""
    mask = jnp.asarray(mask)
    return (mask if mask.dtype == bool else jnp.where(mask > 0, mask, 0)).astype(dtype).sum()
