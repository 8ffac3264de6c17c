"""Random keys. Everything random in a run follows from its seed, a stream and a number; there is no other state."""

from enum import IntEnum

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, UInt32

from recurra.arrays import RandomKey
from recurra.checks import check_count
from recurra.numerics import GENERATOR, pinned

LARGEST_SEED = 2**63 - 1
LARGEST_NUMBER = 2**32 - 1  # of the draws of a stream, such as a network's number or a training step


class Stream(IntEnum):
    """What the random numbers are for; streams are independent of each other."""

    weights = 0
    trials = 1
    order = 2
    validation = 3
    test = 4
    chance = 5
    noise = 6
    validation_noise = 7


def random_key(seed: int, stream: Stream, number: int = 0) -> RandomKey:
    """The key of a stream's draw `number`: a network's number for weights, a training step for trials.

    Args:
        seed: the run's seed, a whole number from 0 to 2^63 - 1; all its bits count.
        stream: what the draw is for.
        number: which draw of the stream, from 0 to 2^32 - 1.
    """
    check_seed(seed)
    check_count("the number of a draw", number, at_least=0, at_most=LARGEST_NUMBER)
    words = np.array([seed >> 32, seed & 0xFFFFFFFF], np.uint32)
    with pinned():
        return _folded(words, np.uint32(stream), np.uint32(number))


def check_seed(seed: object) -> None:
    """`seed` must be a whole number from 0 to 2^63 - 1, the largest that a TOML file can hold."""
    check_count("seed", seed, at_least=0, at_most=LARGEST_SEED)


def check_key(key: RandomKey) -> None:
    """`key` must be one JAX key of the generator that recurra draws with."""
    named = isinstance(key, jax.Array) and jnp.issubdtype(key.dtype, jax.dtypes.prng_key)
    raw = not named and getattr(key, "dtype", None) == np.uint32 and np.shape(key) == (2,)
    if not raw and not (named and key.shape == () and str(jax.random.key_impl(key)) == GENERATOR):
        what = f"a key of the generator {jax.random.key_impl(key)}" if named and key.shape == () else f"{key!r}"
        raise ValueError(f"key is {what}; expected one key, jax.random.key(seed, impl={GENERATOR!r})")


@jax.jit
def _folded(seed: UInt32[Array, "2"], stream: UInt32[Array, ""], number: UInt32[Array, ""]) -> RandomKey:
    key = jax.random.wrap_key_data(seed, impl=GENERATOR)  # the same key as jax.random.key for a 64-bit seed
    return jax.random.fold_in(jax.random.fold_in(key, stream), number)
