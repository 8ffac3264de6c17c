"""The populations of a network: the cloud of its loadings as a mixture of Gaussians."""

import warnings
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float, Int
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from recurra.analysis.low_rank.loadings import Loadings
from recurra.analysis.low_rank.loadings import loadings as loadings_of
from recurra.analysis.subjects import Subject, of_each_network, seed_of, visit_of
from recurra.checks import check_count
from recurra.shown import Shown
from recurra.tasks.base import Task
from recurra.threads import one_thread

ITERATIONS = 1_000  # of expectation maximization, at most


@dataclass(frozen=True)
class Populations(Shown):
    """A mixture of Gaussians fitted to the loadings of the units; the largest population first.

    Args:
        share: share of the units of each population.
        mean: its mean loadings.
        covariance: the covariances of its loadings.
        unit_population: the most probable population of each unit.
        log_likelihood: mean log likelihood of a unit.
        bic: Bayesian information criterion; of several numbers of populations the one with the lowest describes the
            cloud best.
    """

    sources: ClassVar[tuple[str, ...]] = ("dubreuil2022",)

    share: Float[np.ndarray, "population"]
    mean: Float[np.ndarray, "population loading"]
    covariance: Float[np.ndarray, "population loading other_loading"]
    unit_population: Int[np.ndarray, "unit"]
    log_likelihood: float
    bic: float

    @property
    def count(self) -> int:
        """Number of populations."""
        return len(self.share)

    def draw(self, units: int, seed: int) -> Float[np.ndarray, "unit loading"]:
        """The loadings of new units, each of a population drawn with its share.

        Args:
            units: how many.
            seed: fixes the draw.
        """
        check_count("units", units)
        random = np.random.default_rng(seed)
        population = random.choice(self.count, units, p=self.share)
        normal = random.standard_normal((units, self.mean.shape[1]))
        roots = np.stack([_root(one) for one in self.covariance])
        return self.mean[population] + np.einsum("uj,uij->ui", normal, roots[population])


@of_each_network
def populations(
    network: Subject | None = None,
    task: Task | None = None,
    *,
    loadings: Loadings | None = None,
    count: int,
    seed: int | None = None,
    starts: int = 10,
) -> Populations:
    """Fit a mixture of Gaussians to the loadings by expectation maximization, as scikit-learn does it.

    Before the fit every loading is scaled to a standard deviation of 1, which changes nothing but the size of
    scikit-learn's regularization.

    Args:
        network: the network, or a cohort; not needed with `loadings`.
        task: its task, which the populations do not depend on.
        loadings: of a network; if not given, those of this one.
        count: number of populations.
        seed: fixes the starts of the fit; if not given, that of the network's cohort, or 0.
        starts: how many starts; the most likely mixture is kept.

    Raises:
        ValueError: the network has fewer than two units per population and loading.

    Source: Dubreuil et al. (2022).
    """
    check_count("count", count)
    check_count("starts", starts)
    loadings = loadings_of(visit_of(network, task)) if loadings is None else loadings
    cloud = loadings.cloud
    if len(cloud) < 2 * count * cloud.shape[1]:
        raise ValueError(
            f"{count} populations of {cloud.shape[1]} loadings need at least {2 * count * cloud.shape[1]} units; the "
            f"network has {len(cloud)}"
        )
    size = cloud.std(axis=0)
    size[size == 0] = 1.0
    mixture = GaussianMixture(
        count, n_init=starts, max_iter=ITERATIONS, random_state=seed_of(network, seed), init_params="random"
    )
    with one_thread(), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # of single starts
        labels = mixture.fit_predict(cloud / size)
    share, mean, covariance = (np.asarray(getattr(mixture, name)) for name in ("weights_", "means_", "covariances_"))
    order, scaled = np.argsort(-share, kind="stable"), np.log(size).sum()
    return Populations(
        share=share[order] / share.sum(),
        mean=mean[order] * size,
        covariance=covariance[order] * np.outer(size, size),
        unit_population=np.argsort(order)[labels],
        log_likelihood=float(mixture.score(cloud / size) - scaled),
        bic=float(mixture.bic(cloud / size) + 2 * len(cloud) * scaled),
    )


def best_populations(loadings: Loadings, seed: int, most: int = 3) -> Populations:
    """The mixture with the lowest Bayesian information criterion among those of 1, 2, ... populations.

    Args:
        loadings: of a network.
        seed: fixes the starts of the fits.
        most: largest number of populations; fewer are tried if the network has too few units.
    """
    check_count("most", most)
    room = loadings.units // (2 * len(loadings.names))
    return min(
        (populations(loadings=loadings, count=count, seed=seed) for count in range(1, max(1, min(most, room)) + 1)),
        key=_bic,
    )


def _bic(fitted: Populations) -> float:
    return fitted.bic


def _root(covariance: Float[np.ndarray, "loading other_loading"]) -> Float[np.ndarray, "loading other_loading"]:
    """A square root L with L Lᵀ = covariance, which may be singular."""
    values, vectors = np.linalg.eigh(covariance)
    return vectors * np.sqrt(np.maximum(values, 0))
