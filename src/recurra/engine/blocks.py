"""All steps of a trial in one program of a GPU: a block of threads keeps the states of some trials of one network.

The loop over the steps runs within the block, so that states leave the chip only to be written once; a scan starts a
program or more for every step, and reads all from memory again. It computes what `RateDynamics` says, with Pallas on
Triton, for networks whose weights fit the memory of a block; `fused` has the readout in the program too. Where there is
no GPU the programs are interpreted.
"""

from functools import partial
from typing import Any, TypeAlias, TypeGuard

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from recurra.engine.dynamics import Dynamics
from recurra.engine.programs import call, most_units, own_rows, power_of_two, product, whole
from recurra.engine.rate import ACTIVATIONS, RateDynamics

TRIALS = 32  # of a block
CHANNELS = 64  # at most

Padded: TypeAlias = tuple[Float[Array, "unit unit"], Float[Array, "unit input"], Float[Array, "unit"]]
Equations: TypeAlias = tuple[str, str]  # form and activation


def knows(dynamics: Dynamics, weights: Any, inputs: Float[Array, "trial time input"]) -> TypeGuard[RateDynamics]:
    """Whether `states` can compute these equations with these weights on this machine.

    Args:
        dynamics: the equations.
        weights: of one network.
        inputs: of its trials.
    """
    most = most_units()
    return (
        isinstance(dynamics, RateDynamics)
        and weights.units <= most
        and inputs.shape[-1] <= CHANNELS
        and min(inputs.shape) > 0
        and all(array.dtype == np.float32 for array in (weights.recurrent, weights.input, inputs))
    )


def states(
    dynamics: RateDynamics,
    weights: Any,
    inputs: Float[Array, "trial time input"],
    noise: Float[Array, "trial time unit"] | None = None,
) -> Float[Array, "trial time unit"]:
    """The states of one network at every step of every trial, from a state of zero.

    It can be differentiated with respect to the weights, and mapped over networks. Its products are each three of
    factors cut to TF32, which together keep the 24 bits of float32 but two.

    Args:
        dynamics: the equations.
        weights: of one network.
        inputs: of every trial.
        noise: what is added to the state at every step.
    """
    count, _, channels = inputs.shape
    units, size = weights.units, power_of_two(weights.units)
    more, columns, rows = size - units, power_of_two(channels) - channels, -count % TRIALS
    leak = np.pad(dynamics.unit_leaks(units).astype(np.float32), (0, more))
    padded = (
        jnp.pad(weights.recurrent, ((0, more), (0, more))),
        jnp.pad(weights.input, ((0, more), (0, columns))),
        jnp.pad(weights.recurrent_bias, (0, more)),
    )
    given = jnp.pad(inputs, ((0, rows), (0, 0), (0, columns)))
    added = None if noise is None else jnp.pad(noise, ((0, rows), (0, 0), (0, more)))
    found: Array = _states((dynamics.form, dynamics.activation), padded, jnp.asarray(leak), given, added)
    return found[:count, :, :units]


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _states(equations: Equations, weights: Padded, leak, inputs, noise):
    return _forward(equations, weights, leak, inputs, noise, keep_currents=False)[0]


def _states_and_rest(equations: Equations, weights: Padded, leak, inputs, noise):
    found = _forward(equations, weights, leak, inputs, noise, keep_currents=equations[0] == "rate")
    return found[0], (weights, leak, inputs, noise, found)


def _gradient(equations: Equations, kept, slopes):
    weights, leak, inputs, noise, found = kept
    given = [weights[0], leak, inputs, slopes, *found]
    made = [jax.ShapeDtypeStruct((len(inputs) // TRIALS, *one.shape), one.dtype) for one in weights]
    sums = call(
        partial(_backward_steps, equations),
        len(inputs) // TRIALS,
        [*map(whole, given[:2]), *(own_rows(array, TRIALS) for array in given[2:])],
        [own_rows(one, 1) for one in made],
        made,
    )(*given)
    of_noise = None if noise is None else jnp.zeros_like(noise)
    return tuple(one.sum(axis=0) for one in sums), jnp.zeros_like(leak), jnp.zeros_like(inputs), of_noise


_states.defvjp(_states_and_rest, _gradient)


def _forward(equations: Equations, weights: Padded, leak, inputs, noise, *, keep_currents: bool) -> list[Array]:
    """The states, and the currents if they are kept."""
    recurrent, inward, bias = weights
    given = [recurrent.T, inward.T, bias, leak, inputs] + ([] if noise is None else [noise])
    made = [jax.ShapeDtypeStruct((*inputs.shape[:2], len(bias)), inputs.dtype)] * (1 + keep_currents)
    return call(
        partial(_forward_steps, equations, noise is not None),
        len(inputs) // TRIALS,
        [*map(whole, given[:4]), *(own_rows(array, TRIALS) for array in given[4:])],
        [own_rows(one, TRIALS) for one in made],
        made,
    )(*given)


def _forward_steps(equations: Equations, noisy: bool, recurrent, inward, bias, leak, inputs, *rest) -> None:
    """From the first step to the last; the matrices are transposed."""
    form, phi = equations[0], ACTIVATIONS[equations[1]]
    noise, out, *currents = rest if noisy else (None, *rest)
    recurrent, inward, bias, leak = recurrent[...], inward[...], bias[...][None], leak[...][None]

    def step(time, state):
        rates = state if form == "rate" else phi(state)
        current = product(rates, recurrent) + product(inputs[:, time, :], inward) + bias
        state = (1 - leak) * state + leak * (phi(current) if form == "rate" else current)
        if noise is not None:
            state += noise[:, time, :]
        out[:, time, :] = state
        for kept in currents:
            kept[:, time, :] = current
        return state

    jax.lax.fori_loop(0, inputs.shape[1], step, jnp.zeros(out.shape[::2], jnp.float32))


def _backward_steps(equations: Equations, recurrent, leak, inputs, slopes, states, *rest) -> None:
    """From the last step to the first: the slope of the loss along the state, and the sums that are the gradient."""
    form, phi = equations[0], ACTIVATIONS[equations[1]]
    currents, sums = rest[:-3], rest[-3:]
    recurrent, leak, steps = recurrent[...], leak[...][None], slopes.shape[1]

    def step(turn, so_far):
        time = steps - 1 - turn
        carried, of_recurrent, of_input, of_bias = so_far
        carried += slopes[:, time, :]
        before = states[:, jnp.maximum(time - 1, 0), :]
        before = jnp.where(time > 0, before, jnp.zeros_like(before))
        bent = currents[0][:, time, :] if form == "rate" else before
        rates, rise = jax.jvp(phi, (bent,), (jnp.ones_like(bent),))
        own, rates = (leak * carried * rise, before) if form == "rate" else (leak * carried, rates)
        back = product(own, recurrent)
        return (
            (1 - leak) * carried + (back if form == "rate" else rise * back),
            of_recurrent + product(own.T, rates),
            of_input + product(own.T, inputs[:, time, :]),
            of_bias + own.sum(axis=0),
        )

    nothing = [jnp.zeros(one.shape[1:], jnp.float32) for one in sums]
    found = jax.lax.fori_loop(0, steps, step, (jnp.zeros(slopes.shape[::2], jnp.float32), *nothing))
    for place, value in zip(sums, found[1:], strict=True):
        place[0] = value
