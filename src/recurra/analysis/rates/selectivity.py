"""Selectivity of units: for one factor of the task, several, or none."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float, Int

from recurra.analysis.rates.demixed import (
    STILL,
    Factors,
    Projectors,
    Rates,
    marginal_projectors,
    of_conditions,
)
from recurra.analysis.subjects import Subject, of_each_network, seed_of, visit_of
from recurra.checks import check_count
from recurra.shown import Shown
from recurra.tasks.base import Task

KINDS = ("none", "one", "several")
MORE = 1e-9  # two shares that differ by less are equal but for rounding


@dataclass(frozen=True)
class Selectivity(Shown):
    r"""Shares of the variance of each unit over conditions and time ($\eta^2$), and its selectivity.

    A unit is selective for a factor if the factor explains more of its variance than on average with permuted
    conditions. The 95th percentile is not a suitable bound: a unit that three bits move equally, with a third of its
    variance from each, is not above it, and with four conditions no share is. So single units are described, not
    tested; the counts are to be compared with those under permuted conditions, the same permutation for all units.

    Args:
        time: share common to all conditions.
        factors: share of each factor, with its interaction with time.
        interactions: share of all interactions between factors. The shares sum to 1; all are 0 for a unit that does
            not change, NaN for one with rates that are not finite.
        chance: mean share of a factor over all permutations, $(1 - \eta^2_{time}) (L - 1) / (C - 1)$ for L levels and C
            conditions.
        chance_high: 95th percentile over random permutations.
        kind: 0 selective for no factor, 1 for exactly one, 2 for several (mixed selectivity).
        count: number of units of each kind.
        count_chance: mean number over random permutations.
        count_chance_high: 95th percentile.
    """

    flags: ClassVar[dict[str, tuple[str, ...]]] = {"kind": KINDS}

    sources: ClassVar[tuple[str, ...]] = ("kobak2016", "rigotti2013")

    time: Float[np.ndarray, "unit"]
    factors: Float[np.ndarray, "unit factor"]
    interactions: Float[np.ndarray, "unit"]
    chance: Float[np.ndarray, "unit factor"]
    chance_high: Float[np.ndarray, "unit factor"]
    kind: Int[np.ndarray, "unit"]
    count: Int[np.ndarray, "selective"]
    count_chance: Float[np.ndarray, "selective"]
    count_chance_high: Float[np.ndarray, "selective"]

    def kind_of(self, unit: int) -> str:
        """The kind of a unit in one word."""
        return KINDS[int(self.kind[unit])]


@of_each_network
def unit_selectivity(
    network: Subject | None = None,
    task: Task | None = None,
    *,
    rates: Rates | None = None,
    factors: Factors | None = None,
    seed: int | None = None,
    permutations: int = 1_000,
) -> Selectivity:
    r"""Selectivity of the units: $\eta^2_\phi = \sum X_\phi^2 / \sum X^2$ of each unit.

    The marginalizations $X_\phi$ are those of `Demixed`. With a single factor, permuted labels explain as much as the
    true ones, and no unit counts as selective.

    Args:
        network: the network, or a cohort; not needed with `rates` and `factors`.
        task: its task; not needed where the network knows it.
        rates: rates of one network; if not given, those on the task's probe.
        factors: the level of every factor in every condition, each combination of levels once. If not given, those of
            the task: the bits of a flip-flop, the inputs of a boolean task, otherwise the condition itself.
        seed: seed of the random permutations; if not given, that of the network's cohort, or 0.
        permutations: number of random permutations for the chance levels.

    Source: Kobak et al. (2016) for the marginalizations, Rigotti et al. (2013) for mixed selectivity.
    """
    check_count("permutations", permutations)
    rates = visit_of(network, task).rates if rates is None else rates
    factors = np.asarray(visit_of(network, task).factors) if factors is None else factors
    projectors = marginal_projectors(factors)
    rates = of_conditions(rates, factors)
    finite = np.isfinite(rates).all(axis=(0, 1))
    time, gram = _moments(np.where(finite, rates, 0.0))
    single = projectors[1:-1]
    shares = _explained(single, gram)
    contrasts = max(len(projectors[0]) - 1, 1)
    chance = np.einsum("uaa->u", gram) * np.trace(single, axis1=1, axis2=2)[:, None] / contrasts
    random = np.random.default_rng(seed_of(network, seed))
    orders = [random.permutation(len(rates)) for _ in range(permutations)]
    permuted = np.stack([_explained(single[:, order][:, :, order], gram) for order in orders])
    counts = np.stack([_counts(_kinds(explained, chance)) for explained in permuted])
    unknown = np.where(finite, 0.0, np.nan)
    kind = _kinds(shares, chance)
    return Selectivity(
        time=time + unknown,
        factors=(shares + unknown).T,
        interactions=_explained(projectors[-1:], gram)[0] + unknown,
        chance=(chance + unknown).T,
        chance_high=(np.quantile(permuted, 0.95, axis=0) + unknown).T,
        kind=kind,
        count=_counts(kind),
        count_chance=counts.mean(axis=0),
        count_chance_high=np.quantile(counts, 0.95, axis=0),
    )


def _moments(rates: Rates) -> tuple[Float[np.ndarray, "unit"], Float[np.ndarray, "unit condition condition"]]:
    """Each unit's share of time, and inner products of its conditions without time, as shares of its whole variance."""
    largest = np.abs(rates).max(axis=(0, 1))
    scaled = rates / np.where(largest > 0, largest, 1.0)
    centred = scaled - scaled.mean(axis=(0, 1))
    common = centred.mean(axis=0)
    total = (centred**2).sum(axis=(0, 1))
    varies = total > STILL * len(rates) * len(common)
    scale = np.divide(1.0, total, out=np.zeros_like(total), where=varies)
    by_unit = (centred - common).transpose(2, 0, 1)
    gram = by_unit @ by_unit.transpose(0, 2, 1)
    return len(rates) * (common**2).sum(axis=0) * scale, gram * scale[:, None, None]


def _explained(
    projectors: Projectors, gram: Float[np.ndarray, "unit condition condition"]
) -> Float[np.ndarray, "marginalization unit"]:
    return projectors.reshape(len(projectors), -1) @ gram.reshape(len(gram), -1).T


def _kinds(
    shares: Float[np.ndarray, "factor unit"], chance: Float[np.ndarray, "factor unit"]
) -> Int[np.ndarray, "unit"]:
    return np.minimum((shares > chance + MORE).sum(axis=0), len(KINDS) - 1)


def _counts(kind: Int[np.ndarray, "unit"]) -> Int[np.ndarray, "selective"]:
    return np.bincount(kind, minlength=len(KINDS))
