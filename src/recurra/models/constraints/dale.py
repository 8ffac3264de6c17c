"""Dale's law."""

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, cast, final

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from recurra.arrays import RandomKey, Weights
from recurra.checks import check_between, check_choice, check_flag
from recurra.models.constraints.areas import Areas
from recurra.models.constraints.base import SIGNS, Constraint, Kind, Parameters, check_single

PASSING = ("absolute", "rectified")


@final
@dataclass(frozen=True)
class Dale(Constraint):
    r"""Every unit either excites or inhibits all units that it projects to: $W = \lvert V \rvert D$.

    V is free and D is diagonal, with 1 for excitatory units, which come first, and -1 for inhibitory ones; with `Areas`
    they come first in every area. A weight can become small but cannot change its sign. It starts with the magnitude
    that the initializer drew.

    What becomes of a weight whose free parameter passes 0 is up to you. "absolute", $\lvert V \rvert$, turns it back:
    the connection stays alive, and training cannot remove it for good. "rectified", $[V]_+$, as in Song et al., leaves
    it at exactly 0, where its gradient is 0 too: training removes connections, and none comes back.

    Args:
        excitatory: share of excitatory units, 0 to 1.
        passing_zero: "absolute" or "rectified".
        balanced: whether the inhibitory weights of every row are scaled at the start so that the row sums to 0, after
            which the spectrum has no outlier; a row with weights of one sign only stays as it is. "average": instead,
            excitatory weights are divided by the number of excitatory units for each inhibitory one, so that rows sum
            to 0 on average.
        excitatory_readout: whether inhibitory units have no connections to the outputs.
        positive_input: whether the input weights are 0 or above, in the same way.
        positive_output: whether the output weights are 0 or above, in the same way.

    Source: Song, Yang and Wang (2016); Rajan and Abbott (2006) for balanced rows; Yang and Wang (2020) for rows
    balanced on average.
    """

    sources: ClassVar[tuple[str, ...]] = ("song2016", "rajan2006")
    start_order: ClassVar[int] = SIGNS
    replaces_identity: ClassVar[bool] = True

    excitatory: float = 0.8
    passing_zero: Literal["absolute", "rectified"] = "absolute"
    balanced: bool | Literal["average"] = True
    excitatory_readout: bool = False
    positive_input: bool = False
    positive_output: bool = False

    def __post_init__(self) -> None:
        check_between("excitatory", self.excitatory, 0, 1)
        check_choice("passing_zero", self.passing_zero, PASSING)
        if not isinstance(self.balanced, bool) and self.balanced != "average":
            raise TypeError(f'balanced is {self.balanced!r}; expected True or False, or "average"')
        for name in ("excitatory_readout", "positive_input", "positive_output"):
            check_flag(name, getattr(self, name))

    def among(self, constraints: tuple[Constraint, ...], units: int) -> "UnitSigns":
        check_single(self, constraints)
        areas = next((one for one in constraints if isinstance(one, Areas)), None)
        signs = UnitSigns(self, areas)
        excite = int((signs.of_units(units) > 0).sum())
        if self.excitatory_readout and not excite:
            raise ValueError(f"excitatory_readout needs an excitatory unit; excitatory is {self.excitatory:g}")
        if self.balanced == "average" and not 0 < excite < units:
            raise ValueError(
                f'balanced="average" needs units of both signs; {excite} of {units} are excitatory. Take balanced=False'
            )
        return signs

    def absent(self) -> tuple[str, ...]:
        return UnitSigns(self).absent()

    def start(self, key: RandomKey, weights: Kind) -> Kind:
        return UnitSigns(self).start(key, weights)

    def apply(self, free: Parameters, start: Weights) -> Parameters:
        return UnitSigns(self).apply(free, start)


@final
@dataclass(frozen=True)
class UnitSigns(Constraint):
    """Dale's law in a model, where the excitatory units of every area come first.

    Args:
        law: the law.
        areas: of the model; None if there are none.
    """

    start_order: ClassVar[int] = SIGNS

    law: Dale
    areas: Areas | None = None

    @property
    def name(self) -> str:
        return self.law.name

    def absent(self) -> tuple[str, ...]:
        return ("output",) if self.law.excitatory_readout else ()

    def of_units(self, units: int) -> Float[np.ndarray, "pre"]:
        """The sign of every unit."""
        counts = self.areas.units if self.areas else (units,)
        excite = [excitatory_units(self.law.excitatory, count) for count in counts]
        pairs = [np.repeat((1.0, -1.0), (own, count - own)) for own, count in zip(excite, counts, strict=True)]
        return np.concatenate(pairs)

    def start(self, key: RandomKey, weights: Kind) -> Kind:
        signs, arrays = self.of_units(weights.units), {**vars(weights)}
        types = {name: one.dtype for name, one in arrays.items()}
        recurrent = np.abs(np.asarray(arrays["recurrent"])) * signs
        if self.areas:
            recurrent = np.where(self.areas.unit_signs() * signs >= 0, recurrent, 0)
        if self.law.balanced == "average":
            excite = int((signs > 0).sum())
            recurrent = np.where(signs > 0, recurrent * (len(signs) - excite) / excite, recurrent)
        arrays["recurrent"] = _balanced(recurrent) if self.law.balanced is True else recurrent
        if self.law.excitatory_readout:
            arrays["output"] = jnp.where(signs > 0, arrays["output"], 0)
        for name in self._positive():
            arrays[name] = jnp.abs(arrays[name])
        return replace(cast(Any, weights), **{name: jnp.asarray(one, types[name]) for name, one in arrays.items()})

    def apply(self, free: Parameters, start: Weights) -> Parameters:
        signs = self.of_units(start.units)
        parameters = OrderedDict(free, recurrent=self._kept(free["recurrent"], signs))
        for name in self._positive():
            parameters[name] = self._kept(parameters[name], np.float64(1))
        if self.law.excitatory_readout:
            parameters["output"] = jnp.where(signs > 0, parameters["output"], 0)
        return parameters

    def _positive(self) -> tuple[str, ...]:
        return tuple(name for name in ("input", "output") if getattr(self.law, f"positive_{name}"))

    def _kept(self, values: Array, signs: np.ndarray | np.float64) -> Array:
        """The values with these signs; where a value is 0, it has the slope with which it grows."""
        lawful = values * jnp.asarray(signs, values.dtype) >= 0
        return jnp.where(lawful, values, -values if self.law.passing_zero == "absolute" else 0)


def excitatory_units(share: float, units: int) -> int:
    """How many units are excitatory, of those of an area or of a whole network."""
    return round(share * units)


def _balanced(recurrent: Float[np.ndarray, "*gate post pre"]) -> Float[np.ndarray, "*gate post pre"]:
    """The inhibitory weights of every row scaled so that the row sums to 0, if it has weights of both signs."""
    matrix = np.asarray(recurrent, np.float64)
    excitation, inhibition = (part.sum(axis=-1, keepdims=True) for part in (matrix.clip(min=0), -matrix.clip(max=0)))
    both: Bool[np.ndarray, "*gate post 1"] = (excitation > 0) & (inhibition > 0)
    factor = np.where(both, excitation / np.where(both, inhibition, 1), 1)
    return np.where(matrix < 0, factor * matrix, matrix)
