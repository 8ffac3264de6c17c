"""The recurrent weights of a network: matrices, the ends of their colours, and how the weights are distributed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float, Int

from recurra.models import UnitGroup
from recurra.plotting.colors import INPUT, network_color
from recurra.words.names import network_name

Matrix = Float[np.ndarray, "post pre"]

SHARE_SHOWN = 0.995  # of the weights between different units; those beyond have the colour of the scale's end
BINS = 60  # of the distribution, at most
LABELLED = 0.07  # least share of the units of a group that is labelled beside a matrix
ROOM = 0.05  # on either side of it, as a share of its width


@dataclass(frozen=True)
class WeightDistribution:
    """One of the distributions: its name, its colour, and how many weights are in each bin."""

    name: str
    color: str
    counts: Int[np.ndarray, "bin"]


@dataclass(frozen=True)
class WeightPanels:
    """What the figure of one network's weights shows.

    Args:
        name: the name of the network.
        matrices: by their titles: before and after training and their difference, or only those of the network.
        limit: the weight at the end of the colours, on both sides of zero.
        beyond: on which sides weights lie beyond the colours.
        edges: the edges of the bins.
        parts: the distributions, the start first where it is known.
        groups: groups of neighbouring units, such as areas; at most one if there are none.
        absent: number of connections that do not exist: NaN in the matrices, and in no distribution.
    """

    name: str
    matrices: dict[str, Matrix]
    limit: float
    beyond: Literal["both", "min", "max", "neither"]
    edges: Float[np.ndarray, "edge"]
    parts: tuple[WeightDistribution, ...]
    groups: tuple[UnitGroup, ...] = ()
    absent: int = 0

    @property
    def bounds(self) -> tuple[float, ...]:
        """Where one group of units ends and the next one begins, on the axes of the matrices."""
        return tuple(group.first - 0.5 for group in self.groups[1:])

    @property
    def labels(self) -> dict[float, str]:
        """The labels of the groups by their middle, on the axes of the matrices; narrow groups have none."""
        units = sum(group.count for group in self.groups)
        groups = [one for one in self.groups if one.count >= LABELLED * units] if len(self.groups) > 1 else []
        return {one.first + (one.count - 1) / 2: one.label for one in groups}


def weight_limit(matrices: Sequence[Matrix]) -> float:
    """Where the colours of networks end that are compared: most weights of the median network are not stronger.

    Weights of a unit on itself do not count where there are others: the diagonal of an identity start lies beyond.

    Args:
        matrices: the recurrent weights of the trained networks.
    """
    between = [_most(matrix[~np.eye(len(matrix), dtype=bool)]) or _most(matrix) for matrix in matrices]
    limit = float(np.median(between)) if between else 0.0
    return float(f"{limit:.2g}") if limit > 0 else 1.0


def _most(values: Float[np.ndarray, "..."]) -> float:
    """What the moduli of most values are below; 0 where there are none."""
    moduli = np.abs(values[np.isfinite(values)])
    return float(np.quantile(moduli, SHARE_SHOWN)) if moduli.size else 0.0


def weights_scene(
    after: Matrix, before: Matrix | None, limit: float, number: int, groups: tuple[UnitGroup, ...] = ()
) -> WeightPanels:
    """The matrices and distributions of one network.

    Args:
        after: the trained weights; NaN where no connection exists.
        before: the weights before training; None where they are not known.
        limit: the weight at the end of the colours.
        number: number of the network, for its name and colour.
        groups: groups of neighbouring units.
    """
    matrices = {"This network": after}
    known = {"after": (after, network_color(number))}
    if before is not None:
        matrices = {"Before training": before, "After training": after, "Difference": after - before}
        known = {"before": (before, INPUT), **known}
    finite = {name: (matrix[np.isfinite(matrix)], color) for name, (matrix, color) in known.items()}
    edges = _edges(np.concatenate([values for values, _ in finite.values()]), after.size)
    return WeightPanels(
        name=network_name(number),
        matrices=matrices,
        limit=limit,
        beyond=_beyond(list(matrices.values()), limit),
        edges=edges,
        parts=tuple(
            WeightDistribution(name, color, np.histogram(values, edges)[0]) for name, (values, color) in finite.items()
        ),
        groups=groups,
        absent=int(np.isnan(after).sum()),
    )


def _edges(values: Float[np.ndarray, "weight"], size: int) -> Float[np.ndarray, "edge"]:
    low, high = (float(values.min()), float(values.max())) if values.size else (-1.0, 1.0)
    room = ROOM * (high - low) or 1.0
    return np.linspace(low - room, high + room, min(BINS, max(5, size // 10)) + 1)


def _beyond(matrices: Sequence[Matrix], limit: float) -> Literal["both", "min", "max", "neither"]:
    values = np.concatenate([matrix[np.isfinite(matrix)] for matrix in matrices])
    above, below = bool((values > limit).any()), bool((values < -limit).any())
    if above and below:
        return "both"
    return "max" if above else "min" if below else "neither"
