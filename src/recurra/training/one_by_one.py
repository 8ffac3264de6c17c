"""The networks of a cohort one after the other, so that each has the same bits in any company."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Int


def one_of(every: Any, number: Int[Array, ""]) -> Any:
    """The arrays of one network or batch, of arrays with a leading axis of networks or batches."""
    return jax.tree.map(lambda array: jax.lax.dynamic_index_in_dim(array, number, keepdims=False), every)


def one_by_one(active: Bool[Array, "network"], one_network: Callable[..., Any], so_far: Any) -> Any:
    """`one_network(network, so_far)` for every network up to the last active one.

    The compiler does not know the length of the loop, so that one network has the same code in any cohort.

    Args:
        active: networks that are needed.
        one_network: gives what follows from the number of a network and what there is so far.
        so_far: before the first network.
    """
    last = jnp.where(active, jnp.arange(1, active.shape[0] + 1, dtype=jnp.int32), 0).max()
    return jax.lax.fori_loop(jnp.zeros_like(last), last, one_network, so_far)
