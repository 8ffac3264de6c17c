"""The same functions as `portable`, for accelerators: many networks at once, which keep all of a chip busy.

The networks are cut into tiles of a fixed number, one after the other; within a tile they are one more axis of every
array. Networks that are not active are left out: only tiles with active ones are computed.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from recurra.arrays import AnyArray, Inputs, Mask, NoiseKeys, Targets, Weights
from recurra.engine.definition import Network, Steps, learning, running
from recurra.engine.dynamics import Dynamics, state_size
from recurra.engine.penalties import TrajectoryPenalty
from recurra.engine.shapes import check_call
from recurra.numerics import exact_products

STEPS = Steps(drives_first=True, unroll=4, blocks=True)
SMALLEST = 32  # networks of a tile: smaller cohorts are filled up, so that they all have the same program
LARGEST = 2**28  # entries of states and drives of a tile at all steps, where the device does not tell its memory
ARRAYS = 8  # of this size that the gradient needs, and some room


@partial(jax.jit, static_argnames="dynamics")
@exact_products()
def run(
    dynamics: Dynamics, weights: Weights, inputs: Inputs, *, noise_keys: NoiseKeys | None = None
) -> tuple[Float[Array, "network trial time unit"], Float[Array, "network trial time output"]]:
    """Rates and outputs of every network on every trial, as `portable.run` defines them."""
    check_call(weights, inputs, noise_keys=noise_keys)
    one_network, networks = running(dynamics, STEPS, weights, inputs, noise_keys)
    return _in_tiles(one_network, networks, tile_size(dynamics, weights, inputs), None)


@partial(jax.jit, static_argnames="dynamics")
@exact_products()
def respond(
    dynamics: Dynamics, weights: Weights, inputs: Inputs, *, noise_keys: NoiseKeys | None = None
) -> Float[Array, "network trial time output"]:
    """Outputs as `run` gives them, without the rates of more than a tile."""
    check_call(weights, inputs, noise_keys=noise_keys)
    one_network, networks = running(dynamics, STEPS, weights, inputs, noise_keys)
    return _in_tiles(lambda one: one_network(one)[1], networks, tile_size(dynamics, weights, inputs), None)


@partial(jax.jit, static_argnames=("dynamics", "loss", "rate_penalty", "penalties", "window", "unit_dropout", "tile"))
@exact_products()
def loss_and_gradient(  # noqa: PLR0913 - those of the portable one, and one more
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
    tile: int | None = None,
) -> tuple[Float[Array, "network"], Weights]:
    """Loss of every network and its gradient, as `portable.loss_and_gradient` defines them.

    `tile` is the number of networks that are computed at once; `tile_size` if None.
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
    return _in_tiles(one_network, networks, tile or tile_size(dynamics, weights, inputs), active)


def tile_size(dynamics: Dynamics, weights: Weights, inputs: Inputs) -> int:
    """How many networks are computed at once: the power of two that holds the cohort, if the chip does too.

    Args:
        dynamics: the equations.
        weights: of the cohort.
        inputs: of the trials.
    """
    trials, steps = np.shape(inputs)[-3:-1]
    one = jax.tree.map(lambda array: array[0], weights)
    drive = jax.eval_shape(dynamics.drive, one, jax.ShapeDtypeStruct(np.shape(inputs)[-1:], inputs.dtype))
    entries = trials * steps * max(state_size(dynamics, one) + sum(part.size for part in jax.tree.leaves(drive)), 1)
    most = max(_room(inputs.dtype.itemsize) // entries, 2)  # an axis of 1 compiles differently
    return min(1 << (most.bit_length() - 1), max(SMALLEST, 1 << (weights.networks - 1).bit_length()))


def _room(itemsize: int) -> int:
    """How many entries states and drives of a tile may have, so that the gradient fits the memory of the device."""
    told = jax.devices()[0].memory_stats() or {}
    return told["bytes_limit"] // (ARRAYS * itemsize) if "bytes_limit" in told else LARGEST


def _in_tiles(
    one_network: Callable[[Network], Any], networks: Network, tile: int, active: Bool[Array, "network"] | None
) -> Any:
    """`one_network` of every active network, tile by tile; zeros for the others.

    The number of tiles is found when the program runs, and what chooses the networks is outside of the loop, so that a
    tile has the same program in any cohort.
    """
    count = networks.weights.networks
    if count == 1:  # a compiler would see that all of the tile is one network, and treat it differently
        networks, active = jax.tree.map(lambda array: jnp.concatenate([array, array]), (networks, active))
        return jax.tree.map(lambda array: array[:1], _in_tiles(one_network, networks, tile, active))
    most = -(-count // tile)
    order, tiles = jnp.arange(count), most
    if active is not None:
        order, tiles = jnp.argsort(~active, stable=True), -(-active.sum() // tile)
    places = jnp.pad(order, (0, -count % tile), mode="edge")
    chosen = jax.tree.map(lambda array: jnp.asarray(array)[places], networks)
    stacked = jax.tree.map(lambda array: array.reshape(most, tile, *array.shape[1:]), chosen)

    def one_tile(turn: Int[Array, ""], so_far: Any) -> Any:
        found = jax.vmap(one_network)(jax.tree.map(lambda array: array[turn], stacked))
        return jax.tree.map(lambda every, new: every.at[turn].set(new), so_far, found)

    shapes = jax.eval_shape(one_network, jax.tree.map(lambda array: array[0, 0], stacked))
    nothing = jax.tree.map(lambda one: jnp.zeros((most, tile, *one.shape), one.dtype), shapes)
    found = jax.lax.fori_loop(0, tiles, one_tile, nothing)
    found = jax.tree.map(lambda array: array.reshape(most * tile, *array.shape[2:]), found)
    if active is None:
        return jax.tree.map(lambda array: array[:count], found)
    back = jnp.argsort(order)
    return jax.tree.map(lambda array: jnp.where(active.reshape(count, *[1] * (array.ndim - 1)), array[back], 0), found)
