"""Initial weights of reservoirs whose connections are as simple as they can be."""

from dataclasses import dataclass
from typing import ClassVar, final

import jax
import jax.numpy as jnp

from recurra.arrays import RandomKey
from recurra.checks import check_between, check_positive
from recurra.models.initializers import Initializer, Matrix


@final
@dataclass(frozen=True)
class Ring(Initializer):
    r"""One connection from every unit to the next, from the last to the first, all of the same weight.

    The eigenvalues are the N-th roots of 1 times `gain`.

    Args:
        gain: the weight, above 0.

    Source: Rodan and Tiňo (2011), their simple cycle reservoir.
    """

    sources: ClassVar[tuple[str, ...]] = ("rodan2011",)

    gain: float = 0.9

    def __post_init__(self) -> None:
        check_positive("gain", self.gain)

    def __call__(self, key: RandomKey, shape: tuple[int, int]) -> Matrix:
        del key
        if shape[0] != shape[1]:
            raise ValueError(f"Ring got the shape {shape}; it is for the square recurrent weights only")
        return self.gain * jnp.roll(jnp.eye(shape[0], dtype=jnp.float32), 1, axis=0)


@final
@dataclass(frozen=True)
class Signs(Initializer):
    r"""Weights of one size with random signs, of a random part of the connections; the others are 0.

    Args:
        scale: their size, above 0.
        density: share of the connections from each input, above 0, up to 1.

    Source: Rodan and Tiňo (2011).
    """

    sources: ClassVar[tuple[str, ...]] = ("rodan2011",)

    scale: float = 1.0
    density: float = 1.0

    def __post_init__(self) -> None:
        check_positive("scale", self.scale)
        check_between("density", self.density, 0, 1)

    def __call__(self, key: RandomKey, shape: tuple[int, int]) -> Matrix:
        count = round(self.density * shape[0])
        if not count:
            raise ValueError(f"density is {self.density:g}, which leaves no connection to {shape[0]} units; raise it")
        drawn, chosen = jax.random.split(key)
        signs = self.scale * jax.random.rademacher(drawn, shape, jnp.float32)
        order = jax.random.uniform(chosen, shape, jnp.float32)
        return jnp.where(jnp.argsort(jnp.argsort(order, axis=0), axis=0) < count, signs, 0)


@final
@dataclass(frozen=True)
class OneUnit(Initializer):
    """Every input drives one unit: the first input the first unit, and so on. In a ring its past stands in a row.

    Args:
        scale: the weight, above 0.

    Source: Jaeger (2001b), the delay line of his short-term memory.
    """

    sources: ClassVar[tuple[str, ...]] = ("jaeger2001b",)

    scale: float = 1.0

    def __post_init__(self) -> None:
        check_positive("scale", self.scale)

    def __call__(self, key: RandomKey, shape: tuple[int, int]) -> Matrix:
        del key
        if shape[1] > shape[0]:
            raise ValueError(f"OneUnit got the shape {shape}: more inputs than units; take more units")
        return self.scale * jnp.eye(*shape, dtype=jnp.float32)


RESERVOIR_INITIALIZERS: dict[str, type[Initializer]] = {"ring": Ring, "signs": Signs, "one_unit": OneUnit}
