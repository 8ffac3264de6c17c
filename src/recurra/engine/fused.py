r"""Outputs of a rate network, and their gradient, in programs of a GPU with all weights in one matrix.

Products of a block have a power of two of rows and columns, so that 50 units leave room for 14 more of each. There
stand the other weights: with $u_t = (r_t, x_{t+1}, 1)$ and $d_t$ = (slope along the currents of step t + 1, slope along
the outputs of step t)

$$M = \begin{pmatrix} W & W_{in} & b \\ W_{out} & 0 & b_{out} \end{pmatrix}$$

gives with $M u_t$ the currents of step t + 1 and the outputs of step t, with $M^T d_t$ the slope along the rates, and
with $\sum_t d_t u_t^T$ the gradient of all weights: one product a step forward, and two backward. States and outputs
are written in one array, row t + 1 of which has the states of step t + 1 and the outputs of step t.
"""

from functools import partial
from typing import Any, Literal, NamedTuple, TypeGuard

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from recurra.engine import blocks
from recurra.engine.dynamics import Dynamics
from recurra.engine.programs import FEW, MANY, call, most_units, own_rows, power_of_two, product, whole
from recurra.engine.rate import ACTIVATIONS, SLOPES, RateDynamics

MANY_TRIALS, FEW_TRIALS = 64, 32  # of a block


class Equations(NamedTuple):
    """What a program is made for.

    Args:
        form: of `RateDynamics`.
        activation: likewise.
        units: of the network.
        at_once: whether a state is what the activation gives: in the rate form, with leaks of 1 and without noise.
    """

    form: Literal["rate", "current"]
    activation: str
    units: int
    at_once: bool


def knows(dynamics: Dynamics, weights: Any, inputs: Float[Array, "trial time input"]) -> TypeGuard[RateDynamics]:
    """Whether `outputs` can compute these equations with these weights on this machine.

    Args:
        dynamics: the equations.
        weights: of one network.
        inputs: of its trials.
    """
    if not blocks.knows(dynamics, weights, inputs):
        return False
    size = _size(weights, inputs.shape[-1])
    pays = size <= FEW or size == power_of_two(weights.units)  # 64 units in 128 rows take longer than `blocks.states`
    return weights.output.dtype == np.float32 and size <= most_units() and pays


def outputs(
    dynamics: RateDynamics,
    weights: Any,
    inputs: Float[Array, "trial time input"],
    noise: Float[Array, "trial time unit"] | None = None,
) -> Float[Array, "trial time output"]:
    """The outputs of one network at every step of every trial, from a state of zero.

    It can be differentiated with respect to the weights, and mapped over networks.

    Args:
        dynamics: the equations.
        weights: of one network.
        inputs: of every trial.
        noise: what is added to the state at every step.
    """
    count, units, size = len(inputs), weights.units, _size(weights, inputs.shape[-1])
    leaks = np.pad(dynamics.unit_leaks(units).astype(np.float32), (0, size - units), constant_values=1)
    at_once = dynamics.form == "rate" and noise is None and bool((leaks == 1).all())
    equations = Equations(dynamics.form, dynamics.activation, units, at_once)
    rows = (0, -count % _trials(count, size))
    given = jnp.pad(inputs, (rows, (0, 0), (0, 0)))
    added = None if noise is None else jnp.pad(noise, (rows, (0, 1), (0, size - units)))
    answered = weights.output.shape[0]
    found: Array = _outputs(equations, answered, _one_matrix(weights, size), jnp.asarray(leaks), given, added)
    return found[:count]


def _size(weights: Any, channels: int) -> int:
    """Rows and columns of the matrix."""
    return power_of_two(weights.units + max(channels + 1, weights.output.shape[0]))


def _trials(count: int, size: int) -> int:
    """Trials of a block. From 64 on, a card with room for them multiplies with more threads together."""
    return MANY_TRIALS if count > FEW_TRIALS and size <= FEW and most_units() == MANY else FEW_TRIALS


def _one_matrix(weights: Any, size: int) -> Float[Array, "row column"]:
    above = jnp.concatenate([weights.recurrent, weights.input, weights.recurrent_bias[:, None]], axis=1)
    nothing = jnp.zeros((len(weights.output), weights.input.shape[1]), above.dtype)
    below = jnp.concatenate([weights.output, nothing, weights.output_bias[:, None]], axis=1)
    matrix = jnp.concatenate([above, below])
    return jnp.pad(matrix, [(0, size - length) for length in matrix.shape])


@partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def _outputs(equations: Equations, count: int, matrix, leak, inputs, noise):
    return _outputs_and_rest(equations, count, matrix, leak, inputs, noise)[0]


def _outputs_and_rest(equations: Equations, count: int, matrix, leak, inputs, noise):
    trials, steps, _ = inputs.shape
    block = _trials(trials, len(matrix))
    keeps_goals = equations.form == "rate" and not equations.at_once
    made = [jax.ShapeDtypeStruct((trials, steps + 1, len(matrix)), matrix.dtype)] * (1 + keeps_goals)
    found = call(
        partial(_forward_steps, equations),
        trials // block,
        [whole(matrix), whole(leak), own_rows(inputs, block), None if noise is None else own_rows(noise, block)],
        [own_rows(one, block) for one in made],
        made,
    )(matrix.T, leak, inputs, noise)
    return found[0][:, 1:, equations.units : equations.units + count], (matrix, leak, inputs, noise, found)


def _gradient(equations: Equations, _count: int, kept, slopes):
    matrix, leak, inputs, noise, found = kept
    block = _trials(len(inputs), len(matrix))
    made = jax.ShapeDtypeStruct((len(inputs) // block, *matrix.shape), matrix.dtype)
    own = [inputs, slopes, *found]
    (sums,) = call(
        partial(_backward_steps, equations),
        len(made),
        [whole(matrix), whole(leak), *(own_rows(array, block) for array in own)],
        [own_rows(made, 1)],
        [made],
    )(matrix, leak, *own)
    of_noise = None if noise is None else jnp.zeros_like(noise)
    return sums.sum(axis=0), jnp.zeros_like(leak), jnp.zeros_like(inputs), of_noise


_outputs.defvjp(_outputs_and_rest, _gradient)


def _beside(units: int, size: int, given, time) -> tuple[Array, Array]:
    """The entries of one step in the columns after those of the units, and which columns they are."""
    columns = jnp.arange(size)[None] - units
    rows = jnp.arange(given.shape[0])[:, None]
    entries = given[rows, time, jnp.clip(columns, 0, given.shape[2] - 1)]
    return entries, (columns >= 0) & (columns < given.shape[2])


def _beside_rates(units: int, inputs, rates: Array, time) -> Array:
    """What the matrix multiplies; behind the last step the inputs of that step, for only the 1 counts there."""
    size = rates.shape[1]
    entries, there = _beside(units, size, inputs, jnp.minimum(time, inputs.shape[1] - 1))
    columns = jnp.arange(size)[None]
    last = (columns == units + inputs.shape[2]).astype(rates.dtype)
    return jnp.where(columns < units, rates, jnp.where(there, entries, last))


def _forward_steps(equations: Equations, matrix, leak, inputs, noise, found, *goals) -> None:
    """From the first step to the one behind the last, which has the outputs of the last; the matrix is transposed."""
    form, phi, units = equations.form, ACTIVATIONS[equations.activation], equations.units
    matrix, leak = matrix[...], leak[...][None]
    own = jnp.arange(len(matrix))[None] < units

    def step(time, state):
        rates = state if form == "rate" else phi(state)
        made = product(_beside_rates(units, inputs, rates, time), matrix)
        goal = phi(made) if form == "rate" else made
        state = goal if equations.at_once else (1 - leak) * state + leak * goal
        if noise is not None:
            state += noise[:, time, :]
        found[:, time, :] = jnp.where(own, state, made)
        for kept in goals:
            kept[:, time, :] = goal
        return state

    jax.lax.fori_loop(0, found.shape[1], step, jnp.zeros(found.shape[::2], jnp.float32))


def _backward_steps(equations: Equations, matrix, leak, inputs, slopes, found, *rest) -> None:
    """From the step behind the last to the first: the slope of the loss along the state, and the gradient."""
    form, phi, units = equations.form, ACTIVATIONS[equations.activation], equations.units
    slope_of, goals, total = SLOPES[equations.activation], rest[0] if rest[1:] else None, rest[-1]
    matrix, leak, steps = matrix[...], leak[...][None], slopes.shape[1]
    size = len(matrix)
    own = jnp.arange(size)[None] < units

    def step(turn, so_far):
        time = steps - turn
        carried, state, gradient = so_far
        before = found[:, jnp.maximum(time - 1, 0), :]
        before = jnp.where(time > 0, before, jnp.zeros_like(before))
        along = carried if equations.at_once else leak * carried
        if form == "rate":
            along *= slope_of(state if goals is None else goals[:, time, :])
        of_outputs, there = _beside(units, size, slopes, jnp.maximum(time - 1, 0))
        of_outputs = jnp.where(there & (time > 0), of_outputs, jnp.zeros_like(of_outputs))
        along = jnp.where(own, along, of_outputs)
        rates = before if form == "rate" else phi(before)
        back = product(along, matrix)
        if form == "current":
            back *= slope_of(rates)
        carried = back if equations.at_once else (1 - leak) * carried + back
        return carried, before, gradient + product(along.T, _beside_rates(units, inputs, rates, time))

    nothing = jnp.zeros(found.shape[::2], jnp.float32)
    first = nothing, found[:, steps, :], jnp.zeros(total.shape[1:], jnp.float32)
    total[0] = jax.lax.fori_loop(0, steps + 1, step, first)[2]
