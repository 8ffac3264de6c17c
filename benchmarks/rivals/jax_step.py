"""Worker of training_step.py: jax.lax.scan, jit and optax's Adam; `one` network, or a `cohort` of them under vmap.

A second argument is the number of bytes that all states of a cohort may have.
"""

import sys

import jax
import jax.numpy as jnp
import optax
from protocol import Shape, Times, serve, timed

MOST_STATES = 4e9  # bytes; the gradient keeps all states of all networks, several times over

Weights = dict[str, jax.Array]


def initial(key: jax.Array, shape: Shape) -> Weights:
    """Orthogonal recurrent weights, small normal input and output weights."""
    recurrent, input_key, output = jax.random.split(key, 3)
    return {
        "recurrent": jax.nn.initializers.orthogonal()(recurrent, (shape.units, shape.units)),
        "input": 0.1 * jax.random.normal(input_key, (shape.inputs, shape.units)),
        "output": 0.1 * jax.random.normal(output, (shape.units, shape.outputs)),
        "output_bias": jnp.zeros(shape.outputs),
    }


def mean_squared_error(weights: Weights, inputs: jax.Array, targets: jax.Array) -> jax.Array:
    """Of one network over all trials and time steps; `inputs` and `targets` are (time, trial, ...)."""

    def advance(state: jax.Array, given: jax.Array) -> tuple[jax.Array, jax.Array]:
        state = jnp.tanh(given @ weights["input"] + state @ weights["recurrent"])
        return state, state @ weights["output"] + weights["output_bias"]

    start = jnp.zeros((inputs.shape[1], weights["recurrent"].shape[0]))
    return ((jax.lax.scan(advance, start, inputs)[1] - targets) ** 2).mean()


def prepare(shape: Shape, cohort: bool, most_states: float) -> Times:
    """A training step on one batch, the same for all networks."""
    states = 4 * shape.networks * shape.batch * shape.steps * shape.units
    if states > most_states:
        raise MemoryError(f"states of {states / 1e9:.1f} GB, kept several times over; more than {most_states / 1e9:g}")
    keys = jax.random.split(jax.random.key(0), (shape.networks,) if cohort else ())
    weights = jax.vmap(lambda key: initial(key, shape))(keys) if cohort else initial(jax.random.key(0), shape)
    inputs = jax.random.normal(jax.random.key(1), (shape.steps, shape.batch, shape.inputs))
    targets = jax.random.normal(jax.random.key(2), (shape.steps, shape.batch, shape.outputs))
    adam = optax.adam(1e-4)
    gradient = jax.grad(mean_squared_error)
    if cohort:
        gradient = jax.vmap(gradient, in_axes=(0, None, None))

    @jax.jit
    def advance(weights: Weights, moments: optax.OptState) -> tuple[optax.Params, optax.OptState]:
        updates, moments = adam.update(gradient(weights, inputs, targets), moments)
        return optax.apply_updates(weights, updates), moments

    now = weights, adam.init(weights)

    def step() -> None:
        nonlocal now
        now = jax.block_until_ready(advance(*now))

    return timed(step, shape)


if __name__ == "__main__":
    cohort, most_states = {"one": False, "cohort": True}[sys.argv[1]], float([*sys.argv, MOST_STATES][2])
    serve(lambda shape: prepare(shape, cohort, most_states))
