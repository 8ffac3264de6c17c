"""Networks whose outputs are fed back, while the targets take the place of the outputs."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from recurra.arrays import NoiseKeys, Weights
from recurra.engine import OutputFeedbackDynamics
from recurra.numerics import exact_products
from recurra.tasks.trials import Trials


@partial(jax.jit, static_argnames="dynamics")
@exact_products()
def forced_rates(
    dynamics: OutputFeedbackDynamics, weights: Weights, trials: Trials, noise_keys: NoiseKeys | None
) -> tuple[Float[Array, "network trial time unit"], Float[Array, "network trial time output"]]:
    """Rates and outputs of every network when it is fed the target of the step before; 0 where nothing is asked for.

    Args:
        dynamics: the equations.
        weights: of a cohort.
        trials: with the targets.
        noise_keys: two words per network, for the recurrent noise; without them there is none.
    """
    wanted = jnp.where(trials.counts, jnp.asarray(trials.targets), 0)
    fed = jnp.pad(wanted, ((0, 0), (1, 0), (0, 0)))[:, :-1]

    def one_network(given: Any) -> tuple[Array, Array]:
        own, words = given

        def one_trial(at: Array, inputs: Array, fed: Array) -> Array:
            key = None if words is None else jax.random.fold_in(jax.random.wrap_key_data(words), at)

            def step(state: Array, given: Any) -> tuple[Array, Array]:
                number, inputs, fed = given
                current = own.recurrent @ dynamics.rates(state) + own.input @ inputs + own.feedback @ fed
                state = dynamics.moved(own, state, current + own.recurrent_bias)
                if key is not None:
                    drawn = jax.random.normal(jax.random.fold_in(key, number), state.shape, state.dtype)
                    state = state + dynamics.noise_scale(own) * drawn
                return state, dynamics.rates(state)

            steps = jnp.arange(inputs.shape[0], dtype=jnp.uint32)
            return jax.lax.scan(step, dynamics.initial_state(own), (steps, inputs, fed))[1]

        numbers = jnp.arange(fed.shape[0], dtype=jnp.uint32)
        rates = jax.vmap(one_trial)(numbers, jnp.asarray(trials.inputs), fed)
        return rates, dynamics.readout(own, rates)

    return jax.lax.map(one_network, (weights, noise_keys))
