"""The networks of a cohort one after the other, so that each has the same bits in any company; or all at once."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Int


def one_of(every: Any, number: Int[Array, ""]) -> Any:
    """The arrays of one network or batch, of arrays with a leading axis of networks or batches."""
    return jax.tree.map(lambda array: jax.lax.dynamic_index_in_dim(array, number, keepdims=False), every)


def each_network(
    together: bool, active: Bool[Array, "network"], one_network: Callable[[Any, Any], Any], given: Any, so_far: Any
) -> Any:
    """`one_network(given, so_far)` of every active network, in the place of what there is of it so far.

    One after the other, the compiler does not know the length of the loop, so that one network has the same code in any
    cohort. Networks that are not active may be computed too.

    Args:
        together: whether to treat all networks at once, as accelerators need it.
        active: networks that are needed.
        one_network: gives what follows from what is given for a network and what there is of it so far.
        given: arrays with a leading `network` axis.
        so_far: arrays with that axis.
    """
    if together:
        return jax.vmap(one_network)(given, so_far)

    def next_network(network: Int[Array, ""], so_far: Any) -> Any:
        new = one_network(one_of(given, network), one_of(so_far, network))
        return jax.tree.map(lambda every, one: every.at[network].set(one), so_far, new)

    last = jnp.where(active, jnp.arange(1, active.shape[0] + 1, dtype=jnp.int32), 0).max()
    return jax.lax.fori_loop(jnp.zeros_like(last), last, next_network, so_far)
