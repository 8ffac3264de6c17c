"""Low-rank recurrent weights."""

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Any, ClassVar, cast, final

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from recurra.arrays import RandomKey, Weights
from recurra.checks import check_count
from recurra.models.constraints.areas import Areas
from recurra.models.constraints.base import Constraint, Kind, Parameters, check_single
from recurra.models.constraints.connections import NoSelfConnections, Sparse
from recurra.models.constraints.dale import Dale
from recurra.models.constraints.frozen import Frozen

LEFT, RIGHT = "recurrent_m", "recurrent_n"


@final
@dataclass(frozen=True)
class LowRank(Constraint):
    r"""The recurrent weights have a low rank R: $W = m n^T / N$ with free m and n of shape (N, R).

    Entries of m and n start as independent $N(0, 1)$; the initializer of the recurrent weights plays no part. Weights
    are turned back into m and n by their singular vectors u and v and values s: $m_r = \sqrt{s_r N}\, u_r$,
    $n_r = \sqrt{s_r N}\, v_r$. Gated cells have an m and an n for each gate.

    Args:
        rank: R, from 1 to the number of units.

    Source: Mastrogiuseppe and Ostojic (2018).
    """

    sources: ClassVar[tuple[str, ...]] = ("mastrogiuseppe2018",)

    rank: int = 1

    def __post_init__(self) -> None:
        check_count("rank", self.rank)

    def among(self, constraints: tuple[Constraint, ...], units: int) -> Constraint:
        check_single(self, constraints)
        if self.rank > units:
            raise ValueError(f"rank is {self.rank}; expected at most the {units} units of the model")
        for one in constraints:
            if isinstance(one, (Dale, Sparse, NoSelfConnections, Areas)):
                raise ValueError(
                    f"constraints has LowRank and {one.name}; a product of m and n has no signs and no absent "
                    "connections of its own: leave one out"
                )
            if isinstance(one, Frozen) and "recurrent" in one.arrays:
                raise ValueError(
                    "constraints has LowRank and Frozen for recurrent; what trains is m and n: leave one out"
                )
        return self

    def start(self, key: RandomKey, weights: Kind) -> Kind:
        recurrent = cast(Any, weights).recurrent
        shape = (2, *recurrent.shape[:-1], self.rank)
        left, right = jax.random.normal(key, shape, jnp.float32)
        return replace(cast(Any, weights), recurrent=_product(left, right))

    def free(self, parameters: Parameters) -> Parameters:
        recurrent = parameters["recurrent"]
        left, values, right = jnp.linalg.svd(recurrent, full_matrices=False)
        sizes = jnp.sqrt(values[..., None, : self.rank] * recurrent.shape[-1])
        rest = {name: array for name, array in parameters.items() if name != "recurrent"}
        right = jnp.swapaxes(right, -1, -2)
        return OrderedDict(rest, **{LEFT: left[..., : self.rank] * sizes, RIGHT: right[..., : self.rank] * sizes})

    def apply(self, free: Parameters, start: Weights) -> Parameters:
        rest = {name: array for name, array in free.items() if name not in (LEFT, RIGHT)}
        return OrderedDict(rest, recurrent=_product(free[LEFT], free[RIGHT]))


def _product(left: Float[Array, "*gate post rank"], right: Float[Array, "*gate pre rank"]) -> Array:
    return left @ jnp.swapaxes(right, -1, -2) / left.shape[-2]
