"""The factors with which the rates of networks vary, and how many units respond to one factor or to several."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from recurra.analysis import Demixed, Selectivity
from recurra.plotting.colors import INK, INPUT, PAPER, START, mix
from recurra.words.names import network_name


@dataclass(frozen=True)
class ShareOfVariance:
    """A part of the variance of the rates: its name, its colour, and per cent of it in every network."""

    name: str
    color: str
    percent: Float[np.ndarray, "network"]


@dataclass(frozen=True)
class RespondingUnits:
    """The units that respond to one factor or to several, in per cent of all units.

    Args:
        name: the name of the bars.
        color: the colour of the bars.
        percent: the values, one per network, in per cent.
        chance: the mean under permuted conditions.
        chance_high: its 95th percentile, no less than the mean.
    """

    name: str
    color: str
    percent: Float[np.ndarray, "network"]
    chance: Float[np.ndarray, "network"]
    chance_high: Float[np.ndarray, "network"]


@dataclass(frozen=True)
class VarianceBars:
    """The bars of some networks.

    Args:
        names: the names of the networks.
        shares: parts of the variance, side by side; what is not known is 0.
        responding: the units that respond; empty if there is one factor.
    """

    names: tuple[str, ...]
    shares: tuple[ShareOfVariance, ...]
    responding: tuple[RespondingUnits, ...]


def variance_scene(
    demixed: Sequence[Demixed],
    units: Sequence[Selectivity],
    factors: Sequence[str],
    colors: Sequence[str],
    numbers: Sequence[int],
) -> VarianceBars:
    """The bars of some networks.

    Args:
        demixed: the demixed components of each.
        units: the selectivity of the units of each.
        factors: names of the factors.
        colors: the colours of the factors.
        numbers: the networks' numbers.
    """
    looks = [("time", INPUT), *zip(factors, colors, strict=True)]
    looks += [("interactions", mix(INK, PAPER, 0.35))] if len(factors) > 1 else []
    percent = 100 * np.nan_to_num(np.array([one.marginal_variance[: len(looks)] for one in demixed]))
    kinds = ((1, "to one factor", START), (2, "to several", INPUT)) if len(factors) > 1 else ()
    return VarianceBars(
        names=tuple(map(network_name, numbers)),
        shares=tuple(ShareOfVariance(name, color, percent[:, at]) for at, (name, color) in enumerate(looks)),
        responding=tuple(_responding(units, kind, name, color) for kind, name, color in kinds),
    )


def _responding(units: Sequence[Selectivity], kind: int, name: str, color: str) -> RespondingUnits:
    scale = np.array([100 / max(int(one.count.sum()), 1) for one in units])
    counts, means, highs = (
        scale * np.array([getattr(one, field)[kind] for one in units])
        for field in ("count", "count_chance", "count_chance_high")
    )
    return RespondingUnits(name, color, counts, means, np.maximum(highs, means))
