"""The cloud of the loadings of a low-rank network, with its populations."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from recurra.analysis import Loadings, best_populations
from recurra.analysis import loadings as loadings_of
from recurra.models.network import Network
from recurra.plotting.colors import network_color
from recurra.wording import percent
from recurra.words.names import network_name

MOST_LOADINGS = 8  # loadings that are drawn against each other
MOST_UNITS = 600  # units that are drawn
DEVIATIONS, CORNERS = 2.0, 61  # of an outline: standard deviations, and points
SEED = 0  # of the fit


@dataclass(frozen=True)
class PopulationCloud:
    """One population.

    Args:
        name: its name with the share of the units.
        color: its colour.
        units: which of the drawn units belong to it.
        mean: its mean loadings.
        covariance: their covariances.
    """

    name: str
    color: str
    units: Int[np.ndarray, "member"]
    mean: Float[np.ndarray, "loading"]
    covariance: Float[np.ndarray, "loading other_loading"]

    def outline(self, across: int, up: int) -> tuple[Float[np.ndarray, "corner"], Float[np.ndarray, "corner"]]:
        """The ellipse two standard deviations around the mean in the plane of two loadings."""
        both, angle = [across, up], np.linspace(0, 2 * np.pi, CORNERS)
        values, vectors = np.linalg.eigh(self.covariance[np.ix_(both, both)])
        turned = (vectors * np.sqrt(np.maximum(values, 0))) @ np.stack([np.cos(angle), np.sin(angle)])
        x, y = self.mean[both][:, None] + DEVIATIONS * turned
        return x, y


@dataclass(frozen=True)
class LoadingsCloud:
    """What the figure of the loadings of one network shows.

    Args:
        name: the name of the network.
        names: the names of the loadings that are drawn.
        points: the loadings of the units that are drawn.
        limits: the ends of the axis of each loading.
        populations: the populations, the largest first.
        units: number of units of the network.
        hidden: the names of loadings that are not drawn.
    """

    name: str
    names: tuple[str, ...]
    points: Float[np.ndarray, "unit loading"]
    limits: Float[np.ndarray, "loading side"]
    populations: tuple[PopulationCloud, ...]
    units: int
    hidden: tuple[str, ...]

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """Row and column of the panels: every pair of loadings once, below the diagonal."""
        return [(row, column) for row in range(1, len(self.names)) for column in range(row)]


def loadings_scene(network: Network, number: int) -> LoadingsCloud:
    """The cloud of a network's loadings; the number of populations is the one with the lowest BIC, up to three.

    Args:
        network: the network, of low rank.
        number: its number, for its name.
    """
    found = loadings_of(network)
    fitted = best_populations(found, SEED)
    shown, drawn = _shown(found), np.arange(0, found.units, -(-found.units // MOST_UNITS))
    points = found.cloud[drawn][:, shown]
    room = 0.08 * np.ptp(points, axis=0)[:, None] + 1e-9
    clouds = [
        PopulationCloud(
            name=f"Population {at + 1}: {percent(share)} % of the units" if fitted.count > 1 else "One population",
            color=network_color(at),
            units=np.flatnonzero(fitted.unit_population[drawn] == at),
            mean=fitted.mean[at][shown],
            covariance=fitted.covariance[at][np.ix_(shown, shown)],
        )
        for at, share in enumerate(fitted.share)
    ]
    return LoadingsCloud(
        name=network_name(number),
        names=tuple(found.names[at] for at in shown),
        points=points,
        limits=np.stack([points.min(axis=0), points.max(axis=0)], axis=1) + room * [-1, 1],
        populations=tuple(clouds),
        units=found.units,
        hidden=tuple(name for at, name in enumerate(found.names) if at not in shown),
    )


def _shown(found: Loadings) -> list[int]:
    """The columns that are drawn; where there are too many, those of n, m, w and I go first, in this order."""
    order = sorted(range(len(found.names)), key=lambda at: "nmwIb".index(found.names[at][0]))
    return sorted(order[:MOST_LOADINGS])
