"""The effective connectivity of a network of low rank."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from recurra.analysis.low_rank.loadings import Loadings
from recurra.analysis.low_rank.loadings import loadings as loadings_of
from recurra.analysis.subjects import Subject, of_each_network, visit_of
from recurra.analysis.visit import Visit
from recurra.models.network import Network
from recurra.shown import Shown
from recurra.tasks.base import Task


@dataclass(frozen=True)
class Agreement(Shown):
    """The agreement of the connections of two networks.

    Args:
        recurrent: correlation of their recurrent weights over all pairs of units.
        effective: correlation of their effective connectivities.
    """

    sources: ClassVar[tuple[str, ...]] = ("valente2022",)

    recurrent: float
    effective: float


@of_each_network
def effective_connectivity(
    network: Subject | None = None, task: Task | None = None, *, loadings: Loadings | None = None
) -> Float[np.ndarray, "post pre"]:
    r"""The part of the recurrent weights that acts on the states a network visits: $m (P n)^T / N$.

    P projects on the span of m, of the input weights I and, if there is one, of the bias. In the current form the state
    never leaves this span, so that to first order only $P n$ matters: networks with the same dynamics may differ in the
    rest of n.

    Args:
        network: the network, or a cohort; not needed with `loadings`.
        task: its task, which the connectivity does not depend on.
        loadings: of a network; if not given, those of this one.

    Source: Valente, Pillow and Ostojic (2022).
    """
    loadings = loadings_of(visit_of(network, task)) if loadings is None else loadings
    driven = [loadings.m, loadings.input_loadings, *([loadings.bias[:, None]] if loadings.bias.any() else [])]
    left, sizes, _ = np.linalg.svd(np.concatenate(driven, axis=1), full_matrices=False)
    span = left[:, sizes > len(sizes) * np.finfo(np.float64).eps * loadings.units * sizes[0]]
    return loadings.m @ (span @ (span.T @ loadings.n)).T / loadings.units


def connectivity_agreement(first: Loadings | Network | Visit, second: Loadings | Network | Visit) -> Agreement:
    """The correlation of the recurrent weights of two networks, and that of their effective connectivities.

    Args:
        first: a network, such as one that was fitted, or its loadings.
        second: another one with as many units in the same order, such as the one it was fitted to, or its loadings.

    Source: Valente, Pillow and Ostojic (2022).
    """
    first, second = (one if isinstance(one, Loadings) else loadings_of(one) for one in (first, second))
    if first.units != second.units:
        raise ValueError(f"the networks have {first.units} and {second.units} units; expected as many")
    effective = [effective_connectivity(loadings=one) for one in (first, second)]
    return Agreement(_correlation(first.recurrent, second.recurrent), _correlation(*effective))


def _correlation(first: Float[np.ndarray, "post pre"], second: Float[np.ndarray, "post pre"]) -> float:
    """Pearson's correlation over all entries; NaN if one of the matrices is constant."""
    one, other = (matrix - matrix.mean() for matrix in (first, second))
    size = np.linalg.norm(one) * np.linalg.norm(other)
    return float((one * other).sum() / size) if size else float("nan")
