"""A census: networks sorted by their regimes after each condition, and by their similarity."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import pdist, squareform

from recurra.analysis.cohorts.network_map import compared_networks, network_map, scaling
from recurra.analysis.cohorts.similarity import MEASURES, Similarities
from recurra.checks import check_choice, check_count
from recurra.shown import Shown

Distances = Float[np.ndarray, "network other_network"]
Labels = Int[np.ndarray, "network"]
DRAWS = 200  # simulated cohorts without clusters in the null distribution
LEVEL = 0.05  # level of the test: above it a cohort is one continuum
MOST_CLUSTERS, SMALLEST = 10, 3  # most clusters; fewest networks in a cluster
ALONE, LEFT_OUT = -1, -2  # labels of a network in no cluster, and of a network that could not be compared
UNKNOWN = -1  # unknown regimes, signature or number of fixed points of a network


@dataclass(frozen=True)
class Clusters(Shown):
    """Groups of networks that are closer together than in a cohort without groups.

    Args:
        labels: 0 for the largest cluster, then 1, ...; -1 for no cluster, -2 if left out. All 0 if the null is not
            rejected.
        best_labels: labels of the best clustering, whether or not the null is rejected.
        silhouette: mean silhouette of the best clustering; a network in no cluster has 0.
        null_silhouette: the same for every cohort without clusters.
        p_value: share of the cohorts without clusters, including this one, with a silhouette at least as high.
    """

    sources: ClassVar[tuple[str, ...]] = ("rousseeuw1987",)

    labels: Labels
    best_labels: Labels
    silhouette: float
    null_silhouette: Float[np.ndarray, "draw"]
    p_value: float


@dataclass(frozen=True)
class Census(Shown):
    """The regimes of the networks of a cohort, how similar the networks are, and whether they fall into groups.

    Args:
        compared: whether each network was compared; networks with rates that are not finite or without known regimes
            are left out.
        kinds: kind of the regime after each condition; -1 for networks whose regimes are not known.
        signature: index of the regime signature of each network, 0 for the most frequent one, -1 if not known.
        signature_kinds: the regimes of every signature.
        signature_count: number of networks with each signature.
        stable_points: number of stable fixed points of each network, -1 if not known.
        unstable_points: number of its other fixed points.
        measure: the measure of the distances, as its position in `MEASURES`.
        distances: distances between the networks.
        coordinates, explained, stress: fields of the map, as in `NetworkMap`.
        labels, best_labels, silhouette, null_silhouette, p_value: fields of the clusters, as in `Clusters`.
        neighbour_share: share of the networks whose nearest neighbour has the same regime signature; NaN for fewer
            than two networks.
        neighbour_chance: the same if the signatures were assigned at random.
    """

    flags: ClassVar[dict[str, tuple[str, ...]]] = {"measure": MEASURES}

    sources: ClassVar[tuple[str, ...]] = ("torgerson1952", "kruskal1964", "rousseeuw1987")

    compared: Bool[np.ndarray, "network"]
    kinds: Int[np.ndarray, "network condition"]
    signature: Labels
    signature_kinds: Int[np.ndarray, "regime_signature condition"]
    signature_count: Int[np.ndarray, "regime_signature"]
    stable_points: Int[np.ndarray, "network"]
    unstable_points: Int[np.ndarray, "network"]
    measure: int
    distances: Distances
    coordinates: Float[np.ndarray, "network dimension"]
    explained: Float[np.ndarray, "dimension"]
    stress: float
    labels: Labels
    best_labels: Labels
    silhouette: float
    null_silhouette: Float[np.ndarray, "draw"]
    p_value: float
    neighbour_share: float
    neighbour_chance: float

    @property
    def measure_name(self) -> str:
        return MEASURES[self.measure]


def census_of(
    similarities: Similarities,
    kinds: Int[np.ndarray, "network condition"],
    stable_points: Int[np.ndarray, "network"],
    unstable_points: Int[np.ndarray, "network"],
    seed: int,
    measure: str = "procrustes",
    draws: int = DRAWS,
) -> Census:
    """Sort networks by their regimes, and look for groups of similar networks.

    Args:
        similarities: similarities of all pairs.
        kinds: kinds of the regimes of every network, as numbers; -1 throughout if they are not known, and the network
            is left out.
        stable_points: number of stable fixed points of each network; -1 if not known.
        unstable_points: number of its other fixed points.
        seed: seed of the cohorts without clusters.
        measure: the measure by which the networks are compared, one of `MEASURES`.
        draws: number of cohorts without clusters.
    """
    check_choice("measure", measure, MEASURES)
    distances, kinds = similarities.distances(measure).copy(), np.asarray(kinds)
    for name, array in (("kinds", kinds), ("stable_points", stable_points), ("unstable_points", unstable_points)):
        if len(array) != len(distances):
            raise ValueError(f"{name} has {len(array)} rows; expected one for each of the {len(distances)} networks")
    unknown = (kinds == UNKNOWN).any(axis=1)
    distances[unknown] = distances[:, unknown] = np.nan
    plane, groups = network_map(distances), clusters(distances, seed, draws)
    signature_kinds, signature, count = _by_frequency(kinds, ~unknown)
    share, chance = neighbour_agreement(distances, signature)
    return Census(
        compared=compared_networks(distances),
        kinds=kinds,
        signature=signature,
        signature_kinds=signature_kinds,
        signature_count=count,
        stable_points=np.asarray(stable_points),
        unstable_points=np.asarray(unstable_points),
        measure=MEASURES.index(measure),
        distances=distances,
        **vars(plane),
        **vars(groups),
        neighbour_share=share,
        neighbour_chance=chance,
    )


def clusters(
    distances: Distances,
    seed: int,
    draws: int = DRAWS,
    most: int = MOST_CLUSTERS,
    smallest: int = SMALLEST,
) -> Clusters:
    r"""Clusters of networks, tested against a cohort without any.

    Ward's linkage; of the cuts of the tree into 2 to `most` clusters of at least `smallest` networks, the one with the
    highest mean silhouette is taken. A network in a smaller cluster counts as in no cluster, with a silhouette of 0,
    and so do all networks if there is no such cut. The null: a normal cloud of as many points, with the variances
    $\lambda_k / n$ of the classical scaling of the distances ($\lambda_k$ > 0), goes through the same procedure. The
    clusters stand if at most 5 % of the null (p, which counts the cohort itself) reach the silhouette; else the cohort
    is one continuum and all labels are 0. Rejecting a normal cloud proves no groups: a continuum of another shape, such
    as a ring, is rejected too.

    Args:
        distances: distances between all pairs; networks with NaN on the diagonal are left out.
        seed: seed of the null.
        draws: number of draws of the null, at least 19, because p cannot be as low as 5 % with fewer.
        most: largest number of clusters.
        smallest: smallest number of networks in a cluster, at least 2.

    Source: Rousseeuw (1987) for the silhouette.
    """
    check_count("draws", draws, at_least=19)
    check_count("most", most, at_least=2)
    check_count("smallest", smallest, at_least=2)
    compared = compared_networks(distances)
    kept = distances[np.ix_(compared, compared)]
    silhouette, labels_of_cut = _best_cut(kept, most, smallest)
    spread = np.sqrt(np.maximum(scaling(kept)[0], 0) / max(len(kept), 1))
    clouds = np.random.default_rng(seed)
    null = np.zeros(draws)
    for draw in range(draws if silhouette > 0 else 0):
        cloud = spread * clouds.standard_normal((len(kept), len(kept)))
        null[draw] = _best_cut(squareform(pdist(cloud)), most, smallest)[0]
    p_value = (1 + int((null >= silhouette - 1e-12).sum())) / (1 + draws)
    best = np.full(len(distances), LEFT_OUT)
    best[compared] = labels_of_cut
    labels = best if p_value <= LEVEL else np.where(compared, 0, LEFT_OUT)
    return Clusters(labels, best, silhouette, null, p_value)


def neighbour_agreement(distances: Distances, groups: Labels) -> tuple[float, float]:
    """The share of networks whose nearest neighbour is in the same group, and the same for randomly assigned groups.

    Args:
        distances: distances between all pairs; networks with NaN on the diagonal are left out.
        groups: the group of each network, such as its regime signature.
    """
    compared = compared_networks(distances)
    kept, own = distances[np.ix_(compared, compared)].copy(), np.asarray(groups)[compared]
    if len(own) < 2:
        return np.nan, np.nan
    np.fill_diagonal(kept, np.inf)
    sizes = np.unique(own, return_counts=True)[1]
    chance = np.sum(sizes * (sizes - 1)) / (len(own) * (len(own) - 1))
    return float((own[kept.argmin(axis=1)] == own).mean()), float(chance)


def _best_cut(distances: Distances, most: int, smallest: int) -> tuple[float, Labels]:
    """The highest mean silhouette and the labels of its cut; 0 and a single cluster if no silhouette is above 0."""
    count = len(distances)
    best, labels = 0.0, np.zeros(count, int)
    if count < 2 * smallest:
        return best, labels
    from sklearn.metrics import silhouette_score  # noqa: PLC0415 - takes a second, and only a census needs it

    tree = linkage(squareform(distances, checks=False), "ward")
    for parts in range(2, count // 2 + 1):
        cut = _by_size(fcluster(tree, parts, "maxclust"), smallest)
        members = cut >= 0
        if 1 <= cut.max() < most:
            within = distances[np.ix_(members, members)]
            score = float(silhouette_score(within, cut[members], metric="precomputed")) * float(members.mean())
            best, labels = (score, cut) if score > best + 1e-12 else (best, labels)
    return best, labels


def _by_size(groups: Labels, smallest: int) -> Labels:
    """Labels from 0, the largest group first; -1 for members of a group that is too small."""
    _, first, inverse, sizes = np.unique(groups, return_index=True, return_inverse=True, return_counts=True)
    order = np.lexsort((first, -sizes))
    rank = np.empty(len(order), int)
    rank[order] = np.arange(len(order))
    return np.where(sizes[inverse] >= smallest, rank[inverse], ALONE)


def _by_frequency(
    kinds: Int[np.ndarray, "network condition"], known: Bool[np.ndarray, "network"]
) -> tuple[Int[np.ndarray, "regime_signature condition"], Labels, Int[np.ndarray, "regime_signature"]]:
    """The different known rows, the most frequent first; the index of each network's row; the count of each row."""
    rows, inverse, count = np.unique(kinds[known], axis=0, return_inverse=True, return_counts=True)
    order = np.argsort(-count, kind="stable")
    signature = np.full(len(kinds), UNKNOWN)
    signature[known] = np.argsort(order)[inverse.ravel()]
    return rows[order], signature, count[order]
