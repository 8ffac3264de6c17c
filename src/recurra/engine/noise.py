"""Standard normal numbers that are a function of a key, a trial, a step and a unit: the same in both engines."""

import math

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, UInt32

from recurra.arrays import AnyArray

TURNS = (13, 15, 26, 6, 17, 29, 16, 24)
PARITY = np.uint32(0x1BD11BDA)


def trial_noise(
    key: UInt32[AnyArray, "2"],
    trial: UInt32[Array, ""],
    steps: int,
    units: int,
    dtype: jnp.dtype,
    begin: int | Int[Array, ""] = 0,
) -> Float[Array, "time unit"]:
    """Noise of one trial.

    The counter is (trial, step · ⌈units/2⌉ + pair); its two words give two normal numbers, for the units
    2 · pair and 2 · pair + 1, by the Box-Muller method.

    Args:
        key: two words; one key per network and training step.
        trial: number of the trial in the batch.
        steps: time steps.
        units: recurrent units.
        dtype: float32 (24 bits of a word are used) or float64 (all 32).
        begin: the first of the steps.

    Source: Salmon et al. (2011) for the words (Threefry-2x32, 20 rounds); Box and Muller (1958).
    """
    pairs = (units + 1) // 2
    counters = jnp.arange(steps * pairs, dtype=jnp.uint32) + jnp.asarray(begin, jnp.uint32) * jnp.uint32(pairs)
    first, second = _normals(key, trial, counters, dtype)
    return jnp.stack([first, second], axis=-1).reshape(steps, 2 * pairs)[:, :units]


def pair_noise(
    key: UInt32[AnyArray, "2"], trial: UInt32[Array, ""], first: UInt32[Array, ""], steps: int, units: int
) -> Float[Array, "time unit"]:
    """Noise of some steps of one trial for spiking units, float32.

    The counter is (trial, step · units/2 + pair); its two words give the numbers of the units `pair` and
    units/2 + `pair`.

    Args:
        key: two words.
        trial: number of the trial.
        first: number of the first step.
        steps: how many steps.
        units: an even number.
    """
    half = units // 2
    counters = first * np.uint32(half) + jnp.arange(steps * half, dtype=jnp.uint32)
    pair = [one.reshape(steps, half) for one in _normals(key, trial, counters, jnp.dtype("float32"))]
    return jnp.concatenate(pair, axis=-1)


def _normals(
    key: UInt32[AnyArray, "2"], trial: UInt32[Array, ""], counters: UInt32[Array, "count"], dtype: jnp.dtype
) -> tuple[Float[Array, "count"], Float[Array, "count"]]:
    first, second = threefry(key, trial, counters)
    radius = jnp.sqrt(-2 * jnp.log(_unit_interval(first, dtype)))
    angle = 2 * math.pi * _unit_interval(second, dtype)
    return radius * jnp.cos(angle), radius * jnp.sin(angle)


def uniform(
    key: UInt32[AnyArray, "2"], trial: UInt32[Array, ""], count: int, dtype: jnp.dtype
) -> Float[Array, "count"]:
    """Numbers between 0 and 1 that are a function of a key, a trial and their place, the counter (trial, place)."""
    return _unit_interval(threefry(key, trial, jnp.arange(count, dtype=jnp.uint32))[0], dtype)


def threefry(
    key: UInt32[AnyArray, "2"], high: UInt32[Array, ""], low: UInt32[Array, "count"]
) -> tuple[UInt32[Array, "count"], UInt32[Array, "count"]]:
    """Two random words for every counter (high, low).

    Source: Salmon et al. (2011), Threefry-2x32 with 20 rounds.
    """
    keys = (key[0], key[1], key[0] ^ key[1] ^ PARITY)
    x, y = jnp.broadcast_to(high + keys[0], low.shape), low + keys[1]
    for turn in range(20):
        left = TURNS[turn % 8]
        x = x + y
        y = ((y << left) | (y >> (32 - left))) ^ x
        if turn % 4 == 3:
            block = turn // 4
            x = x + keys[(block + 1) % 3]
            y = y + keys[(block + 2) % 3] + np.uint32(block + 1)
    return x, y


def _unit_interval(word: UInt32[Array, "count"], dtype: jnp.dtype) -> Float[Array, "count"]:
    if dtype == jnp.float32:
        return ((word >> 8).astype(dtype) + 0.5) * 2.0**-24
    return (word.astype(dtype) + 0.5) * 2.0**-32
