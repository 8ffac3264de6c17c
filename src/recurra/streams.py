"""Random keys. Everything random in a run follows from its seed, a stream and a number; there is no other state."""

from enum import IntEnum

import jax
import numpy as np
from jaxtyping import Array, UInt32

from recurra.arrays import RandomKey
from recurra.checks import check_count


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
        seed: the run's seed, a whole number from 0 to 2^63 - 1.
        stream: what the draw is for.
        number: which draw of the stream.
    """
    check_count("seed", seed, at_least=0)
    return _folded(np.uint32(seed % 2**32), np.uint32(stream), np.uint32(number))


@jax.jit
def _folded(seed: UInt32[Array, ""], stream: UInt32[Array, ""], number: UInt32[Array, ""]) -> RandomKey:
    return jax.random.fold_in(jax.random.fold_in(jax.random.key(seed), stream), number)
