"""New networks with loadings drawn from the populations of a network: what they can do without training."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from scipy.special import stdtrit

from recurra.analysis.low_rank.latent import reduced_paths
from recurra.analysis.low_rank.loadings import Loadings, equations_of
from recurra.analysis.low_rank.loadings import loadings as loadings_of
from recurra.analysis.low_rank.populations import Populations, best_populations
from recurra.analysis.subjects import Subject, of_each_network, seed_of, visit_of
from recurra.checks import check_count
from recurra.engine import RateDynamics
from recurra.shown import Shown
from recurra.tasks.base import Task
from recurra.tasks.trials import Trials


@dataclass(frozen=True)
class Resampling(Shown):
    """What resampled networks can do without training, as shares of the judged trials that are a success.

    Args:
        original: success of the network with its own loadings.
        success: success of each network whose loadings are drawn from the populations.
        shuffled: success of each network in which every loading is permuted among the units, independently of the
            others: each has its distribution, and nothing is left of how they belong together.
    """

    sources: ClassVar[tuple[str, ...]] = ("dubreuil2022",)

    original: float
    success: Float[np.ndarray, "draw"]
    shuffled: Float[np.ndarray, "draw"]

    @property
    def interval(self) -> tuple[float, float, float]:
        """Mean success of the resampled networks and its 95 % interval."""
        return mean_interval(self.success)

    @property
    def chance(self) -> tuple[float, float, float]:
        """Mean success of the shuffled networks and its 95 % interval."""
        return mean_interval(self.shuffled)


@of_each_network
def resampling(
    network: Subject,
    task: Task | None = None,
    *,
    loadings: Loadings | None = None,
    populations: Populations | None = None,
    trials: Trials | None = None,
    draws: int = 10,
    units: int | None = None,
    seed: int | None = None,
) -> Resampling:
    """The success of networks whose loadings are drawn from the populations of a network.

    They are run by their latent dynamics, without recurrent noise and without a matrix of N² weights.

    Args:
        network: the network, or a cohort; its equations have one leak for all units.
        task: its task; not needed where the network knows it.
        loadings: its loadings, if they are known.
        populations: the mixture fitted to these; if not given, the best of one to three populations.
        trials: fresh trials of the task; if not given, 1,000 that no network was trained on.
        draws: how many networks are drawn, and how many shuffled.
        units: number of units of a drawn network; if None, as many as the network has.
        seed: fixes the draws; if not given, that of the network's cohort, or 0.

    Source: Dubreuil et al. (2022).
    """
    check_count("draws", draws)
    visit = visit_of(network, task, seed)
    loadings = loadings_of(visit) if loadings is None else loadings
    populations = best_populations(loadings, visit.seed) if populations is None else populations
    trials = visit.trials if trials is None else trials
    units = loadings.units if units is None else units
    check_count("units", units, at_least=loadings.rank)
    seeds = np.random.SeedSequence(visit.seed).generate_state(2 * draws).tolist()
    drawn = [loadings.with_cloud(populations.draw(units, one)) for one in seeds[:draws]]
    shuffled = [shuffled_loadings(loadings=loadings, seed=one) for one in seeds[draws:]]

    def success(several: Sequence[Loadings]) -> Float[np.ndarray, "draw"]:
        return np.array([_success(equations_of(visit.network), one, visit.task, trials) for one in several])

    return Resampling(float(success([loadings])[0]), success(drawn), success(shuffled))


@of_each_network
def shuffled_loadings(
    network: Subject | None = None,
    task: Task | None = None,
    *,
    loadings: Loadings | None = None,
    seed: int | None = None,
) -> Loadings:
    """The loadings, each permuted among the units independently of the others.

    Args:
        network: the network, or a cohort; not needed with `loadings`.
        task: its task, which the loadings do not depend on.
        loadings: of a network; if not given, those of this one.
        seed: fixes the permutations; if not given, that of the network's cohort, or 0.
    """
    loadings = loadings_of(visit_of(network, task)) if loadings is None else loadings
    return loadings.with_cloud(np.random.default_rng(seed_of(network, seed)).permuted(loadings.cloud, axis=0))


def mean_interval(values: Float[np.ndarray, "draw"]) -> tuple[float, float, float]:
    r"""Mean of independent values and its 95 % interval, $\bar x \pm t_{0.975, n - 1}\, s / \sqrt n$.

    Args:
        values: at least one; of a single one the interval is NaN.
    """
    mean, count = float(np.mean(values)), len(values)
    half = float(stdtrit(count - 1, 0.975) * np.std(values, ddof=1)) / math.sqrt(count) if count > 1 else math.nan
    return mean, mean - half, mean + half


def _success(dynamics: RateDynamics, loadings: Loadings, task: Task, trials: Trials) -> float:
    outputs = reduced_paths(dynamics, loadings, np.asarray(trials.inputs), trials.dt_ms).outputs
    return float(task.success_share(jnp.asarray(outputs, jnp.float32), trials))
