"""Areas of the brain: blocks of connections, each with a density and a sign of its own."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar, cast, final

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int

from recurra.arrays import RandomKey, Weights
from recurra.checks import check_between, check_count
from recurra.linalg import spectral_radius
from recurra.models.constraints.base import Constraint, Kind, Parameters, check_single
from recurra.models.constraints.connections import chosen, existing

SIGNS = {"+": 1, "-": -1, "*": 0}
WITHIN, FORWARD, BACK = 1.0, 0.1, 0.05


@final
@dataclass(frozen=True)
class Areas(Constraint):
    r"""Areas: within and between them, connections have a density and a sign for each pair of areas.

    The first units are the first area. Without `density` all connections within an area exist, and as in Kleinman et
    al. a tenth of those to the next area and a twentieth of those to the area before. Without `signs` connections
    between areas are excitatory, so that inhibition stays within its area: under `Dale` only excitatory units send
    them, and every area has its own excitatory units, which come first in it, and inhibitory ones.

    Connections are drawn once for each network; of gated cells, once for each gate. The drawn weights are divided by
    $\sqrt{\rho(P)}$, with ρ the spectral radius and $P_{ij} = p_{ij} n_j / N$ of the densities p and the numbers of
    units n: for weights of both signs this keeps the spectral radius of the recurrent matrix at about g.

    Args:
        units: number of units of each area; together those of the model.
        density: for each area a row with the share of the possible connections that it receives from each area.
        signs: for each area a text with a sign for each area that it receives from: "+" excitatory, "-" inhibitory,
            "*" both, such as ("*+", "+*").

    Source: Kleinman, Chandrasekaran and Kao (2021); Aljadeff, Stern and Sharpee (2015) for the radius.
    """

    sources: ClassVar[tuple[str, ...]] = ("kleinman2021", "aljadeff2015")
    replaces_identity: ClassVar[bool] = True

    units: tuple[int, ...]
    density: tuple[tuple[float, ...], ...] = ()
    signs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        count = len(self.units)
        check_count("the number of areas", count)
        for one in self.units:
            check_count("units of an area", one)
        for name, rows in (("density", self.density), ("signs", self.signs)):
            if rows and (len(rows) != count or any(len(row) != count for row in rows)):
                raise ValueError(f"{name} is {rows}; expected {count} rows of {count}, one for each of the areas")
        for share in (share for row in self.density for share in row):
            check_between("density", share, 0, 1)
        for row in self.signs:
            if set(row) - set(SIGNS):
                raise ValueError(f'signs has {row!r}; expected "+", "-" or "*" for each area')
        for post, pre, *_ in self._blocks():
            share, size = self._densities()[post, pre], self.units[post] * self.units[pre]
            if share > 0 and not round(share * size):
                raise ValueError(
                    f"density is {share:g} from area {pre + 1} to area {post + 1}, which leaves none of the {size} "
                    "connections; raise it, or give 0"
                )
        if not self._densities().any():
            raise ValueError("density is 0 everywhere, which leaves no connection")

    def among(self, constraints: tuple[Constraint, ...], units: int) -> Constraint:
        check_single(self, constraints)
        if sum(self.units) != units:
            raise ValueError(f"the areas have {sum(self.units)} units in all; the model has {units}")
        from recurra.models.constraints.dale import Dale  # noqa: PLC0415 - Dale's law imports areas

        count = len(self.units)  # under Dale's law the signs of the units say which connections a block can have
        return (
            replace(self, signs=("*" * count,) * count) if any(isinstance(one, Dale) for one in constraints) else self
        )

    def absent(self) -> tuple[str, ...]:
        return ("recurrent",)

    def start(self, key: RandomKey, weights: Kind) -> Kind:
        drawn = np.asarray(cast(Any, weights).recurrent)
        recurrent, shares, signs = np.zeros_like(drawn), self._densities(), self.block_signs()
        for number, (post, pre, rows, columns) in enumerate(self._blocks()):
            block, sign = drawn[..., rows, columns], signs[post, pre]
            count = round(shares[post, pre] * self.units[post] * self.units[pre])
            exists = chosen(jax.random.fold_in(key, number), block.shape, count)
            recurrent[..., rows, columns] = np.where(exists, sign * np.abs(block) if sign else block, 0)
        radius = spectral_radius(shares * np.asarray(self.units) / sum(self.units))
        scaled = jnp.asarray(recurrent / np.sqrt(radius) if radius > 0 else recurrent, drawn.dtype)
        return replace(cast(Any, weights), recurrent=scaled)

    def apply(self, free: Parameters, start: Weights) -> Parameters:
        parameters = existing("recurrent", free, start)
        values, signs = parameters["recurrent"], self.unit_signs()
        parameters["recurrent"] = jnp.where(values * signs.astype(values.dtype) >= 0, values, -values)
        return parameters

    def block_signs(self) -> Int[np.ndarray, "area area"]:
        """The sign of the connections to each area, a row, from each area, a column: 1, -1, or 0 for both."""
        if self.signs:
            return np.array([[SIGNS[sign] for sign in row] for row in self.signs])
        return 1 - np.eye(len(self.units), dtype=int)

    def unit_signs(self) -> Int[np.ndarray, "post pre"]:
        """The sign of the connections between all units: 1, -1, or 0 for both."""
        return np.repeat(np.repeat(self.block_signs(), self.units, axis=0), self.units, axis=1)

    def _densities(self) -> Float[np.ndarray, "area area"]:
        if self.density:
            return np.array(self.density, float)
        count = len(self.units)
        return WITHIN * np.eye(count) + FORWARD * np.eye(count, k=-1) + BACK * np.eye(count, k=1)

    def _blocks(self) -> Iterator[tuple[int, int, slice, slice]]:
        """The areas that receive and send, and their units, of every pair of areas."""
        ends = np.cumsum(self.units).tolist()
        units = [slice(end - own, end) for end, own in zip(ends, self.units, strict=True)]
        for post, rows in enumerate(units):
            for pre, columns in enumerate(units):
                yield post, pre, rows, columns
