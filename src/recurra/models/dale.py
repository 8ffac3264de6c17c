"""Dale's law."""

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Any, ClassVar, cast, final

import jax.numpy as jnp
from jaxtyping import Array, Float

from recurra.arrays import RandomKey, Weights
from recurra.checks import check_between
from recurra.models.constraints import Constraint, Kind, Parameters


@final
@dataclass(frozen=True)
class Dale(Constraint):
    r"""Every unit either excites or inhibits all units that it projects to: $W = \lvert V \rvert D$.

    V is free and D is diagonal, with 1 for excitatory units, which come first, and -1 for inhibitory ones. A weight can
    become small but cannot change its sign. It starts with the magnitude that the initializer drew.

    Args:
        excitatory: share of excitatory units, above 0 and below 1.

    Source: Song, Yang and Wang (2016).
    """

    sources: ClassVar[tuple[str, ...]] = ("song2016",)

    excitatory: float = 0.8

    def __post_init__(self) -> None:
        check_between("excitatory", self.excitatory, 0, 1)

    def signs(self, units: int) -> Float[Array, "pre"]:
        """The sign of every unit."""
        excite = jnp.arange(units, dtype=jnp.int32) < round(self.excitatory * units)
        return jnp.where(excite, jnp.float32(1), jnp.float32(-1))

    def start(self, key: RandomKey, weights: Kind) -> Kind:
        return replace(cast(Any, weights), recurrent=self._signed(cast(Any, weights).recurrent, weights))

    def free(self, parameters: Parameters) -> Parameters:
        return OrderedDict(parameters, recurrent=jnp.abs(parameters["recurrent"]))

    def apply(self, free: Parameters, start: Weights) -> Parameters:
        return OrderedDict(free, recurrent=self._signed(free["recurrent"], start))

    def _signed(self, values: Array, weights: Weights) -> Array:
        return jnp.abs(values) * self.signs(weights.units).astype(values.dtype)
