"""The loss as a function that JAX can differentiate, so that constraints and penalties compose with it."""

from functools import partial

import jax
from jaxtyping import Array, Float

from recurra.arrays import Inputs, Mask, Targets, Weights
from recurra.engine.dynamics import Dynamics
from recurra.engine.engines import Engine


@partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def loss(
    engine: Engine, dynamics: Dynamics, weights: Weights, inputs: Inputs, targets: Targets, mask: Mask
) -> Float[Array, "network"]:
    """The loss of every network; `jax.grad` of its sum gives the engine's own gradient.

    Only the weights have a gradient: that of the trials is zero. A constraint is a function applied first:
    `jax.grad(lambda free: loss(engine, dynamics, constrained(free), inputs, targets, mask).sum())`.

    Args:
        engine: which implementation computes.
        dynamics: the equations of one step.
        weights: the cohort's weights, each array with a leading `network` axis.
        inputs: the inputs, as for `portable.loss_and_gradient`.
        targets: what the outputs should be.
        mask: True where the loss counts, or how much, 0 or above.
    """
    return engine.loss_and_gradient(dynamics, weights, inputs, targets, mask)[0]


def _forward(engine: Engine, dynamics: Dynamics, weights: Weights, *trials: Inputs | Mask):
    loss, gradient = engine.loss_and_gradient(dynamics, weights, *trials)
    return loss, gradient


def _backward(_engine: Engine, _dynamics: Dynamics, gradient: Weights, slope: Float[Array, "network"]):
    def scaled(array: Array) -> Array:
        return array * slope.reshape(-1, *(1,) * (array.ndim - 1))

    return jax.tree.map(scaled, gradient), None, None, None


loss.defvjp(_forward, _backward)
