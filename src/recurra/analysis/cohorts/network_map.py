"""A map of networks: points in a plane whose distances are close to the measured ones."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Bool, Float
from scipy.spatial.distance import pdist, squareform

from recurra.checks import check_count
from recurra.shown import Shown

Distances = Float[np.ndarray, "network other_network"]


@dataclass(frozen=True)
class NetworkMap(Shown):
    r"""Networks as points in a plane, at distances as close as possible to the given ones.

    Args:
        coordinates: coordinates of each network; NaN for networks left out.
        explained: share of each dimension in $\sum |\lambda|$ of the doubly centred squared distances.
        stress: $\sqrt{\sum (d - \hat d)^2 / \sum d^2}$ with the distances d and the distances in the map; 0 is exact.
    """

    sources: ClassVar[tuple[str, ...]] = ("torgerson1952", "kruskal1964")

    coordinates: Float[np.ndarray, "network dimension"]
    explained: Float[np.ndarray, "dimension"]
    stress: float


def network_map(distances: Distances, dimensions: int = 2) -> NetworkMap:
    r"""Classical multidimensional scaling: networks as points whose distances are close to the given ones.

    The coordinates are the eigenvectors of $-\frac12 J D^2 J$ times $\sqrt{\lambda_k}$, with the squared distances
    $D^2$ and the centring matrix J. The sign of a dimension is arbitrary: its largest coordinate is positive.

    Args:
        distances: distances between all pairs; networks with NaN on the diagonal are left out.
        dimensions: number of dimensions of the map; dimensions for which there are too few networks are 0.

    Source: Torgerson (1952); Kruskal (1964) for the stress.
    """
    check_count("dimensions", dimensions)
    compared = compared_networks(distances)
    kept = distances[np.ix_(compared, compared)]
    values, vectors = scaling(kept)
    values = np.pad(values, (0, max(dimensions - len(values), 0)))
    vectors = np.pad(vectors, ((0, 0), (0, max(dimensions - len(kept), 0))))[:, :dimensions]
    points = vectors * np.sqrt(np.maximum(values[:dimensions], 0))
    total, squared = np.abs(values).sum(), (kept**2).sum()
    misfit = (kept - squareform(pdist(points))) ** 2 if len(kept) > 1 else np.zeros(1)
    coordinates = np.full((len(distances), dimensions), np.nan)
    coordinates[compared] = points
    return NetworkMap(
        coordinates=coordinates,
        explained=np.maximum(values[:dimensions], 0) / (total or 1.0),
        stress=float(np.sqrt(misfit.sum() / (squared or 1.0))),
    )


def scaling(distances: Distances) -> tuple[Float[np.ndarray, "dimension"], Float[np.ndarray, "network dimension"]]:
    """Eigenvalues of the doubly centred squared distances, the largest first, and eigenvectors with a fixed sign."""
    squared = distances**2
    if not len(squared):
        return np.zeros(0), squared
    centred = squared - squared.mean(axis=0)
    values, vectors = np.linalg.eigh(centred.mean(axis=1, keepdims=True) - centred)
    values, vectors = values[::-1] / 2, vectors[:, ::-1]
    largest = np.take_along_axis(vectors, np.abs(vectors).argmax(axis=0)[None], axis=0)
    return values, vectors * np.where(largest < 0, -1.0, 1.0)


def compared_networks(distances: Distances) -> Bool[np.ndarray, "network"]:
    """Which networks have distances; an error if the array does not hold distances."""
    if np.ndim(distances) != 2 or distances.shape[0] != distances.shape[1]:
        raise ValueError(f"distances has shape {np.shape(distances)}; expected a square matrix")
    compared = np.isfinite(np.diagonal(distances))
    kept = distances[np.ix_(compared, compared)]
    if not (np.isfinite(kept).all() and (kept >= 0).all() and (kept == kept.T).all() and not np.diagonal(kept).any()):
        raise ValueError(
            "distances are none; expected a symmetric matrix of finite numbers from 0 on, diagonal 0 or NaN"
        )
    return compared
