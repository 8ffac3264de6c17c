"""In which tasks the rate of each unit varies, and clusters of units that take part in the same tasks."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float, Int
from scipy import stats

from recurra.analysis.failures import Failure
from recurra.analysis.many_tasks.tasks import many_tasks_of
from recurra.analysis.subjects import Subject, of_each_network, seed_of, visit_of
from recurra.analysis.visit import Visit
from recurra.checks import check_count
from recurra.intervals import check_confidence
from recurra.shown import Shown
from recurra.tasks.base import Task

ACTIVE = 1e-3  # least sum of a unit's variances over the tasks
STARTS = 10  # of k-means, of which the best is kept
FEWEST = 2  # clusters that are tried; one has no silhouette
Normalized = Float[np.ndarray, "unit task"]


@dataclass(frozen=True)
class TaskVariance(Shown):
    r"""The variance of each unit in each task, and clusters of the units.

    Args:
        names: of the tasks.
        variance: over the conditions of a task, mean over the time after its fixation.
        cluster: of every unit, from 0; -1 for units whose variances sum to less than 0.001. The clusters are in the
            order of the task in which they vary most.
        tried: numbers of clusters that were tried.
        silhouette: mean silhouette of each.
        rotated_silhouette: the same after random rotations of the rates of the units that have a cluster.
    """

    sources: ClassVar[tuple[str, ...]] = ("yang2019",)

    names: tuple[str, ...]
    variance: Float[np.ndarray, "unit task"]
    cluster: Int[np.ndarray, "unit"]
    tried: Int[np.ndarray, "number"]
    silhouette: Float[np.ndarray, "number"]
    rotated_silhouette: Float[np.ndarray, "rotation number"]

    @property
    def clusters(self) -> int:
        """Number of clusters: that with the highest silhouette."""
        return int(self.cluster.max()) + 1

    @property
    def normalized(self) -> Normalized:
        """The variance divided by its maximum over the tasks; NaN for units without a cluster."""
        largest = np.where(self.cluster >= 0, self.variance.max(axis=1), np.nan)
        return self.variance / largest[:, None]

    @property
    def rotated_clusters(self) -> Int[np.ndarray, "rotation"]:
        """The number of clusters after each rotation."""
        return self.tried[self.rotated_silhouette.argmax(axis=1)]

    @property
    def p_value(self) -> float:
        """Share of the rotations, and of the rates themselves, whose best silhouette is at least that of the rates."""
        above = self.rotated_silhouette.max(axis=1) >= self.silhouette.max()
        return float((1 + above.sum()) / (1 + len(above)))


@of_each_network
def task_variance(
    network: Subject, task: Task | None = None, *, most: int = 30, rotations: int = 20, seed: int | None = None
) -> TaskVariance:
    r"""In which tasks the rate of each unit varies, and the clusters of units that vary in the same tasks.

    $v_{ui} = \langle \mathrm{var}_c\, r_u(c, t) \rangle_t$ over the conditions c of task i on the probe, without noise,
    and over the time from the first difference between the inputs of two conditions to the last step that counts.
    Divided by $\max_i v_{ui}$ the units are clustered by k-means; k has the highest mean silhouette.

    The null: the same for rates rotated by a random orthogonal matrix, one for all tasks, in the space of the units
    whose variances sum to more than 0.001. It keeps what the population does in each task, and no unit has a role of
    its own in it. All rotated units are clustered, as many as of the network, and units that do not vary change
    nothing: in the space of all units the variance would spread over them.

    Args:
        network: the network, or a cohort; `rc.cluster_count` has the number of clusters with an interval.
        task: a `MultiTask`; not needed where the network knows it.
        most: largest number of clusters that is tried.
        rotations: number of random rotations, at least 1.
        seed: seed of rotations and of k-means; if not given, that of the network's cohort, or 0.

    Raises:
        ValueError: the task is no `MultiTask`, or fewer than four units are active.

    Examples:
        >>> import numpy as np, recurra as rc
        >>> both = rc.MultiTask((rc.And(), rc.Xor()))
        >>> inputs = np.hstack([[[3, 0], [0, 3], [3, 3], [3, -3]], np.zeros((4, 2))])
        >>> network = rc.network(np.zeros((4, 4)), inputs, np.zeros((1, 4)))
        >>> rc.task_variance(network, both, rotations=2).variance.shape
        (4, 2)

    Source: Yang et al. (2019).
    """
    check_count("most", most, at_least=FEWEST)
    check_count("rotations", rotations)
    visit = visit_of(network, task)
    names = many_tasks_of(visit.task).names
    seed = seed_of(network, seed)
    random, covariances = np.random.default_rng(seed), _covariances(visit)
    variance = np.einsum("tuu->ut", covariances)
    active = np.flatnonzero(variance.sum(axis=1) > ACTIVE)
    if len(active) < 4:
        raise ValueError(f"{len(active)} units vary over the conditions; expected at least 4 to look for clusters")
    tried = np.arange(FEWEST, min(most, len(active) - 1) + 1)
    labels, silhouette = _clustered(variance[active], tried, seed)
    among = covariances[:, active[:, None], active]
    rotated = []
    for _ in range(rotations):
        rotation = stats.ortho_group.rvs(len(active), random_state=random)
        own = np.einsum("vu,tuw,vw->vt", rotation, among, rotation, optimize=True)
        rotated.append(_clustered(own, tried, seed)[1])
    cluster = np.full(len(variance), -1)
    cluster[active] = labels
    return TaskVariance(names, variance, cluster, tried, silhouette, np.array(rotated))


def _covariances(visit: Visit) -> Float[np.ndarray, "task unit unit"]:
    """The covariance of the rates over the conditions of each task, mean over time."""
    every, probe = many_tasks_of(visit.task), visit.probe
    which, inputs = np.asarray(every.task_of(probe)), np.asarray(probe.inputs)
    rates, counts = np.asarray(visit.rates, np.float64), np.asarray(probe.counts)
    found = []
    for at, name in enumerate(every.names):
        own = which == at
        differs = np.flatnonzero((inputs[own] != inputs[own][:1]).any(axis=(0, 2)))
        if not len(differs):
            raise ValueError(f"the conditions of task {name} have the same inputs; expected at least two that differ")
        end = np.flatnonzero(counts[own].any(axis=(0, 2)))[-1] + 1
        shown = rates[own, differs[0] : max(end, differs[0] + 1)]
        apart = shown - shown.mean(axis=0)
        flat = apart.reshape(-1, apart.shape[-1])
        found.append(flat.T @ flat / len(flat))
    return np.stack(found)


def _clustered(
    variance: Float[np.ndarray, "unit task"], tried: Int[np.ndarray, "number"], seed: int
) -> tuple[Int[np.ndarray, "unit"], Float[np.ndarray, "number"]]:
    """The labels of the best number of clusters, and the silhouette of each; -1 where it has none.

    There is none for more clusters than different units, nor where every unit is a cluster.
    """
    from sklearn.cluster import KMeans  # noqa: PLC0415 - takes a second, and only these analyses need it
    from sklearn.exceptions import ConvergenceWarning  # noqa: PLC0415 - likewise
    from sklearn.metrics import silhouette_score  # noqa: PLC0415 - likewise

    largest = variance.max(axis=1, keepdims=True)
    normalized = variance / np.where(largest > 0, largest, 1)
    most = min(len(np.unique(normalized, axis=0)), len(variance) - 1)
    silhouettes, labels = np.full(len(tried), -1.0), np.zeros(len(variance), int)
    for at, number in enumerate(tried):
        if number > most:
            break
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            means: Any = KMeans(int(number), random_state=seed % 2**32).set_params(n_init=STARTS)
            own = means.fit(normalized).labels_
        silhouettes[at] = silhouette_score(normalized, own)
        if silhouettes[at] == silhouettes.max():
            labels = own
    prefers = [normalized[labels == one].sum(axis=0).argmax() for one in range(labels.max(initial=0) + 1)]
    order = np.argsort(prefers, kind="stable")
    return np.argsort(order)[labels], silhouettes


@dataclass(frozen=True)
class ClusterCount(Shown):
    """The number of clusters of task variance in the networks of a cohort.

    Args:
        count: of each network.
        rotated: mean number after rotations of the rates, of each network.
        mean: over the networks.
        low: lower end of the confidence interval of the mean.
        high: upper end.
        beyond: number of networks whose silhouette is above that of all rotations.
        confidence: level of the interval.
        failed: number of networks without a count.
    """

    count: Int[np.ndarray, "network"]
    rotated: Float[np.ndarray, "network"]
    mean: float
    low: float
    high: float
    beyond: int
    confidence: float
    failed: int


def cluster_count(records: Sequence[TaskVariance | Failure], confidence: float = 0.95) -> ClusterCount:
    r"""The number of clusters in a cohort with an interval: $\bar k \pm t_{n-1} s / \sqrt n$, cut off at 2.

    Args:
        records: what `rc.task_variance` gives for a cohort.
        confidence: level of the interval, above 0 and below 1.

    Raises:
        TypeError: the records are no list of what `rc.task_variance` gives.
        ValueError: fewer than two networks have clusters, or the level is not above 0 and below 1.

    Source: Student's t for the mean of n networks.
    """
    check_confidence(confidence)
    if not isinstance(records, Sequence):
        raise TypeError(
            f"records is of the type {type(records).__name__}; "
            "expected the list that rc.task_variance gives for a cohort"
        )
    for one in records:
        if not isinstance(one, TaskVariance | Failure):
            raise TypeError(
                f"records has an entry of the type {type(one).__name__}; "
                "expected what rc.task_variance gives for a cohort"
            )
    known: list[Any] = [one for one in records if isinstance(one, TaskVariance)]
    if len(known) < 2:
        raise ValueError(f"{len(known)} networks have clusters; expected at least two, of which there is an interval")
    count = np.array([one.clusters for one in known])
    half = float(stats.t.ppf((1 + confidence) / 2, len(count) - 1) * count.std(ddof=1) / np.sqrt(len(count)))
    return ClusterCount(
        count=count,
        rotated=np.array([one.rotated_clusters.mean() for one in known]),
        mean=float(count.mean()),
        low=max(float(count.mean()) - half, float(FEWEST)),
        high=float(count.mean()) + half,
        beyond=sum(bool(one.rotated_silhouette.max() < one.silhouette.max()) for one in known),
        confidence=confidence,
        failed=len(records) - len(known),
    )
