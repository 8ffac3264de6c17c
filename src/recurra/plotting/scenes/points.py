"""The eigenvalues of the linearizations at fixed points, by the number of unstable modes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Complex

from recurra.analysis import FixedPoints
from recurra.plotting.colors import network_color
from recurra.plotting.scenes.limits import shared_bound
from recurra.words.names import network_name

PANELS = ("Stable points", "1 unstable mode", "2 unstable modes", "3 and more")
MARGIN = 0.08  # around the circle and the eigenvalues, as a share of the wider extent

Values = Complex[np.ndarray, "mode"]


@dataclass(frozen=True)
class PointSpectra:
    """The eigenvalues at the fixed points of networks, in panels of one scale.

    Args:
        names: the names of the networks.
        colors: the colours of the networks.
        titles: the titles of the panels, with the number of points.
        values: a row of arrays for each panel, one for each network.
        limits: left, right and upper end of what is shown; the lower end is the upper one mirrored.
    """

    names: tuple[str, ...]
    colors: tuple[str, ...]
    titles: tuple[str, ...]
    values: tuple[tuple[Values, ...], ...]
    limits: tuple[float, float, float]


def points_scene(points: Sequence[FixedPoints], numbers: Sequence[int]) -> PointSpectra:
    """The eigenvalues of the Jacobian of one time step at the fixed points.

    Args:
        points: the fixed points of every network.
        numbers: the networks' numbers.
    """
    kinds = [np.minimum(one.index, len(PANELS) - 1) for one in points]
    counts = [sum(int((own == kind).sum()) for own in kinds) for kind in range(len(PANELS))]
    return PointSpectra(
        names=tuple(map(network_name, numbers)),
        colors=tuple(map(network_color, numbers)),
        titles=tuple(f"{title} ({count})" for title, count in zip(PANELS, counts, strict=True)),
        values=tuple(
            tuple(one.eigenvalues[own == kind].ravel() for one, own in zip(points, kinds, strict=True))
            for kind in range(len(PANELS))
        ),
        limits=_limits(np.concatenate([one.eigenvalues.ravel() for one in points])),
    )


def _limits(values: Values) -> tuple[float, float, float]:
    """The eigenvalues without those far beyond the others, and what of the circle is near them."""
    values = values[np.isfinite(values)]
    if not len(values):
        return -1 - MARGIN, 1 + MARGIN, 1 + MARGIN
    bound = shared_bound([1.0, *np.quantile(np.abs(values), (0.5, 1.0)).tolist()])
    seen = values[np.abs(values) <= bound]
    left, right = min(float(np.real(seen).min()), 0.9), max(float(np.real(seen).max()), 1.0)
    top = max(float(np.abs(np.imag(seen)).max()), 0.1)
    room = MARGIN * max(right - left, 2 * top)
    return left - room, right + room, top + room
