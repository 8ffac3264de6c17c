"""Tests of whether networks of several runs differ, by permutation of the runs of the networks."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from recurra.analysis.cohorts.census import neighbour_agreement
from recurra.checks import check_count
from recurra.shown import Shown

Runs = Int[np.ndarray, "network"]
SHUFFLES = 1_999


@dataclass(frozen=True)
class Origins(Shown):
    """The run of each network of a census.

    Args:
        run: position of its run in `names`.
        number: number of the network in its run.
        names: names of the runs.
    """

    run: Int[np.ndarray, "network"]
    number: Int[np.ndarray, "network"]
    names: tuple[str, ...]


@dataclass(frozen=True)
class Independence(Shown):
    """A test of whether a property is independent of the run.

    Args:
        value: the statistic.
        chance: its mean over shuffled runs.
        p_value: share of the shuffles, including the true order, with a statistic at least as high.
    """

    value: float
    chance: float
    p_value: float


def counts_by_run(
    runs: Int[np.ndarray, "network"], groups: Int[np.ndarray, "network"]
) -> tuple[Int[np.ndarray, "group"], Int[np.ndarray, "run group"]]:
    """The groups, and the number of networks of every run in each; the rows are the runs that occur, in order.

    Args:
        runs: run of every network.
        groups: group of every network.
    """
    kinds, column = np.unique(groups, return_inverse=True)
    row = np.unique(runs, return_inverse=True)[1]
    flat = np.bincount(row * len(kinds) + column, minlength=(row.max(initial=-1) + 1) * len(kinds))
    return kinds, flat.reshape(-1, len(kinds))


def independence(
    runs: Int[np.ndarray, "network"], groups: Int[np.ndarray, "network"], seed: int, shuffles: int = SHUFFLES
) -> Independence | None:
    r"""Whether the groups of networks are independent of their runs; None with one run or one group.

    $\chi^2 = \sum (n_{rg} - e_{rg})^2 / e_{rg}$ with the expected counts $e_{rg} = n_r n_g / n$; its p is that of
    shuffled runs and holds for small counts too.

    Args:
        runs: run of every network.
        groups: group of every network, such as its cluster.
        seed: seed of the shuffles.
        shuffles: number of shuffles.
    """
    check_count("shuffles", shuffles)
    table = counts_by_run(runs, groups)[1]
    if min(table.shape) < 2:
        return None
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()

    def statistic(order: Int[np.ndarray, "network"]) -> float:
        return float(((counts_by_run(order, groups)[1] - expected) ** 2 / expected).sum())

    return _test(statistic, runs, seed, shuffles)


def neighbour_independence(
    distances: Float[np.ndarray, "network other_network"],
    runs: Int[np.ndarray, "network"],
    seed: int,
    shuffles: int = SHUFFLES,
) -> Independence | None:
    """Whether the nearest neighbour of a network is from its own run more often than by chance; None with one run.

    It needs no clusters. The statistic is the share of networks with a neighbour of their own run.

    Args:
        distances: distances between all pairs; networks with NaN on the diagonal are left out.
        runs: run of every network.
        seed: seed of the shuffles.
        shuffles: number of shuffles.
    """
    check_count("shuffles", shuffles)
    if len(np.unique(runs)) < 2:
        return None
    return _test(lambda order: neighbour_agreement(distances, order)[0], runs, seed, shuffles)


def _test(statistic: Callable[[Runs], float], runs: Runs, seed: int, shuffles: int) -> Independence:
    value, random = statistic(runs), np.random.default_rng(seed)
    drawn = np.array([statistic(random.permutation(runs)) for _ in range(shuffles)])
    return Independence(value, float(drawn.mean()), (1 + int((drawn >= value - 1e-9).sum())) / (1 + shuffles))
