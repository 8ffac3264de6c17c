"""Which connections exist. One that does not is absent: it is 0 from the start, and training leaves it so."""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, ClassVar, cast, final

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool

from recurra.arrays import RandomKey, Weights, WeightsOfKind
from recurra.checks import check_between
from recurra.models.constraints.base import Constraint, Kind, Parameters, check_single

LEAST = 1e-30  # of a connection that would start at exactly 0, so that it differs from one that is absent


def told_apart(constraints: Iterable[Constraint], drawn: Kind) -> Kind:
    """The drawn weights without exact zeros in the arrays in which connections are missing, where 0 says so.

    Args:
        constraints: of the model.
        drawn: what the initializers drew.
    """
    missing = {name for constraint in constraints for name in constraint.absent()}
    arrays = {name: getattr(drawn, name) for name in missing if name in drawn.axes()}
    return replace(cast(Any, drawn), **{name: jnp.where(one == 0, LEAST, one) for name, one in arrays.items()})


def existing(name: str, free: Parameters, start: Weights) -> Parameters:
    """The parameters, with 0 where the array `name` has no connection before training."""
    return OrderedDict(free, **{name: jnp.where(getattr(start, name) != 0, free[name], 0)})


def chosen(key: RandomKey, shape: tuple[int, ...], count: int) -> Bool[np.ndarray, "*gate post pre"]:
    """`count` entries of each matrix, all sets of this size equally likely."""
    rank = np.asarray(jax.random.uniform(key, shape, jnp.float32)).reshape(-1, shape[-2] * shape[-1])
    picked = np.zeros(rank.shape, bool)
    np.put_along_axis(picked, np.argsort(rank, axis=1, kind="stable")[:, :count], True, axis=1)
    return picked.reshape(shape)


def connections_of(constraints: Iterable[Constraint], initial: WeightsOfKind) -> WeightsOfKind:
    """Which connections exist: True or False in place of every weight.

    Args:
        constraints: of the model.
        initial: the weights before training, of one network or of a cohort.
    """
    missing = {name for constraint in constraints for name in constraint.absent()}
    arrays = {name: np.asarray(getattr(initial, name)) for name in initial.axes()}
    return type(initial)(
        **{name: array != 0 if name in missing else np.ones(array.shape, bool) for name, array in arrays.items()}
    )


def check_connected(constraints: Iterable[Constraint], weights: Weights) -> None:
    """Refuse constraints that leave an array without any connection.

    Args:
        constraints: of the model.
        weights: of one network before training.
    """
    constraints = list(constraints)
    for name in {name for constraint in constraints for name in constraint.absent()}:
        if not np.any(np.asarray(getattr(weights, name)) != 0):
            together = " and ".join(one.name for one in constraints if name in one.absent())
            raise ValueError(f"constraints: {together} leave no {name} connection; give more units or a higher density")


@final
@dataclass(frozen=True)
class Sparse(Constraint):
    r"""Only some recurrent connections exist, drawn once for each network; of gated cells, once for each gate.

    The weights that the initializer drew are divided by $\sqrt p$: entries of standard deviation $g / \sqrt N$ become
    $N(0, g^2 / (p N))$ on the connections that exist, and the spectral radius stays about g.

    Args:
        density: p, the share of the $N^2$ possible connections that exist, above 0, up to 1; they are
            $\mathrm{round}(p N^2)$.

    Source: Song, Yang and Wang (2016); Rajan and Abbott (2006) for the radius.
    """

    sources: ClassVar[tuple[str, ...]] = ("song2016", "rajan2006")
    replaces_identity: ClassVar[bool] = True

    density: float = 0.1

    def __post_init__(self) -> None:
        check_between("density", self.density, 0, 1)

    def among(self, constraints: tuple[Constraint, ...], units: int) -> Constraint:
        check_single(self, constraints)
        if self._count(units) < 1:
            raise ValueError(f"density is {self.density:g}, which leaves no connection between {units} units; raise it")
        return self

    def absent(self) -> tuple[str, ...]:
        return ("recurrent",)

    def start(self, key: RandomKey, weights: Kind) -> Kind:
        recurrent = cast(Any, weights).recurrent
        exists = chosen(key, recurrent.shape, self._count(weights.units))
        return replace(cast(Any, weights), recurrent=jnp.where(exists, recurrent / self.density**0.5, 0))

    def apply(self, free: Parameters, start: Weights) -> Parameters:
        return existing("recurrent", free, start)

    def _count(self, units: int) -> int:
        return round(self.density * units**2)


@final
@dataclass(frozen=True)
class NoSelfConnections(Constraint):
    """No unit projects to itself: the diagonal of the recurrent weights, of every gate, has no connections.

    Source: Song, Yang and Wang (2016).
    """

    sources: ClassVar[tuple[str, ...]] = ("song2016",)
    replaces_identity: ClassVar[bool] = True

    def among(self, constraints: tuple[Constraint, ...], units: int) -> Constraint:
        check_single(self, constraints)
        if units == 1:
            raise ValueError("NoSelfConnections leaves no connection in a network of one unit; give it more units")
        return self

    def absent(self) -> tuple[str, ...]:
        return ("recurrent",)

    def start(self, key: RandomKey, weights: Kind) -> Kind:
        between = ~np.eye(weights.units, dtype=bool)
        return replace(cast(Any, weights), recurrent=jnp.where(between, cast(Any, weights).recurrent, 0))

    def apply(self, free: Parameters, start: Weights) -> Parameters:
        return existing("recurrent", free, start)
