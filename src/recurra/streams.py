"""Random keys. Everything random in a run follows from its seed, a stream and a number; there is no other state."""

from collections.abc import Callable
from enum import IntEnum
from functools import wraps
from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, UInt32

from recurra.arrays import RandomKey
from recurra.checks import check_count
from recurra.numerics import GENERATOR, pinned

LARGEST_SEED = 2**63 - 1
LARGEST_NUMBER = 2**32 - 1  # of the draws of a stream, such as a network's number or a training step
EXPECTED_KEY = f"expected a seed, such as 0, or one key, jax.random.key(seed, impl={GENERATOR!r})"


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
    tuning = 8  # what a search suggests for its trial `number`
    tuning_trials = 9  # the seed of that trial's cohort
    confirmation = 10  # the seed of the cohort that is trained anew with the values of that trial
    spikes = 16  # first voltages and noise of spiking units


def random_key(seed: int, stream: Stream, number: int = 0) -> RandomKey:
    """The key of a stream's draw `number`: a network's number for weights, a training step for trials.

    Args:
        seed: the run's seed, a whole number from 0 to 2^63 - 1; all its bits count.
        stream: what the draw is for.
        number: which draw of the stream, from 0 to 2^32 - 1.
    """
    check_seed(seed)
    check_count("the number of a draw", number, at_least=0, at_most=LARGEST_NUMBER)
    with pinned():
        return _folded(_words(seed), np.uint32(stream), np.uint32(number))


def derived_seed(seed: int, stream: Stream, number: int) -> int:
    """The seed of a run that is a part of something larger with a seed of its own.

    Args:
        seed: the seed of the whole.
        stream: what the run is for.
        number: its number in the stream.
    """
    high, low = np.asarray(jax.random.key_data(random_key(seed, stream, number))).tolist()
    return (high << 32 | low) >> 1


def check_seed(seed: object) -> None:
    """`seed` must be a whole number from 0 to 2^63 - 1, the largest that a TOML file can hold."""
    check_count("seed", seed, at_least=0, at_most=LARGEST_SEED)


def as_key(key: RandomKey | int) -> RandomKey:
    """The random key of a draw: a key as it is, or for a seed the key that `jax.random.key(seed)` makes.

    Args:
        key: one JAX key of the generator that recurra draws with, or a seed, a whole number from 0 to 2^63 - 1.
    """
    if isinstance(key, (int, np.integer)) and not isinstance(key, bool):
        check_seed(key)
        with pinned():
            return _seeded(_words(int(key)))
    given: Any = key
    if not isinstance(given, (jax.Array, np.ndarray)):
        raise TypeError(f"key is {given!r}; {EXPECTED_KEY}")
    named = jnp.issubdtype(given.dtype, jax.dtypes.prng_key)
    if not named and (given.dtype, given.shape) != (np.uint32, (2,)):
        raise ValueError(f"key is an array of {given.dtype} with the shape {given.shape}; {EXPECTED_KEY}")
    if named and given.shape:
        raise ValueError(f"key is {given.shape} keys; {EXPECTED_KEY}")
    if named and str(jax.random.key_impl(given)) != GENERATOR:
        raise ValueError(f"key is a key of the generator {jax.random.key_impl(given)}; {EXPECTED_KEY}")
    return cast(RandomKey, given)


def seed_or_key(draw: Callable[..., Any]) -> Callable[..., Any]:
    """The method `draw`, whose first argument is a random key, for seeds too."""

    @wraps(draw)
    def drawn(self: Any, key: RandomKey | int, *others: Any, **named: Any) -> Any:
        return draw(self, as_key(key), *others, **named)

    return drawn


def _words(seed: int) -> UInt32[np.ndarray, "2"]:
    return np.array([seed >> 32, seed & 0xFFFFFFFF], np.uint32)


@jax.jit
def _seeded(seed: UInt32[Array, "2"]) -> RandomKey:
    return jax.random.wrap_key_data(seed, impl=GENERATOR)  # the same key as jax.random.key for a 64-bit seed


@jax.jit
def _folded(seed: UInt32[Array, "2"], stream: UInt32[Array, ""], number: UInt32[Array, ""]) -> RandomKey:
    return jax.random.fold_in(jax.random.fold_in(_seeded(seed), stream), number)
