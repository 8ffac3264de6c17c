"""The distribution of the recurrent weights."""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from recurra.analysis.subjects import Subject, of_each_network, visit_of
from recurra.arrays import AnyArray
from recurra.checks import check_between, check_matrix
from recurra.shown import Shown
from recurra.tasks.base import Task


@dataclass(frozen=True)
class WeightStatistics(Shown):
    r"""The distribution of the weights of one matrix.

    Args:
        mean: mean of all weights, here and below of the connections that exist.
        deviation: their standard deviation $\sigma$.
        excess_kurtosis: $\langle (w - \bar w)^4 \rangle / \sigma^4 - 3$: 0 for a normal distribution, above 0 with more
            weights near the middle and far from it; NaN if all weights are equal.
        largest: size of the largest weight.
        near_zero: share of the weights whose size is at most `near` times the largest.
        near_zero_normal: the same share for a normal distribution with mean 0 and the deviation of the weights.
        positive: share of the weights above zero.
    """

    mean: float
    deviation: float
    excess_kurtosis: float
    largest: float
    near_zero: float
    near_zero_normal: float
    positive: float


@of_each_network
def weight_statistics(
    network: Subject | None = None,
    task: Task | None = None,
    *,
    recurrent: Float[AnyArray, "post pre"] | None = None,
    connections: Bool[AnyArray, "post pre"] | None = None,
    near: float = 0.1,
) -> WeightStatistics:
    """Mean, deviation and shape of the distribution of the weights, and how many are near zero.

    Whether "most weights are near zero" is informative depends on the scale, here the size of the largest weight, as in
    the colours of a picture. On this scale most normally distributed weights are near zero too, so their share is given
    as well.

    Args:
        network: the network, or a cohort; not needed with `recurrent`.
        task: its task, which the weights do not depend on.
        recurrent: the weights; if not given, those of the network, with the connections that exist.
        connections: which connections exist; all if None. The others are no weights of zero: they are left out.
        near: size up to which a weight counts as near zero, relative to the largest weight, 0 to 1.
    """
    if recurrent is None:
        known = visit_of(network, task).network
        recurrent, connections = known.recurrent, known.recurrent_connections if connections is None else connections
    recurrent = check_matrix("recurrent", recurrent)
    check_between("near", near, 0, 1)
    weights = existing_weights(recurrent, connections)
    deviation, largest = float(weights.std()), float(np.abs(weights).max())
    fourth = float(((weights - weights.mean()) ** 4).mean())
    return WeightStatistics(
        mean=float(weights.mean()),
        deviation=deviation,
        excess_kurtosis=fourth / deviation**4 - 3 if deviation > 0 else math.nan,
        largest=largest,
        near_zero=float((np.abs(weights) <= near * largest).mean()),
        near_zero_normal=math.erf(near * largest / deviation / math.sqrt(2)) if deviation > 0 else math.nan,
        positive=float((weights > 0).mean()),
    )


def existing_weights(
    recurrent: Float[AnyArray, "post pre"], connections: Bool[AnyArray, "post pre"] | None
) -> Float[np.ndarray, "weight"]:
    """The weights of the connections that exist.

    Args:
        recurrent: the weights.
        connections: which connections exist; all if None.
    """
    matrix = np.asarray(recurrent, np.float64)
    if connections is None:
        return matrix.ravel()
    exist = np.asarray(connections)
    if exist.shape != matrix.shape or exist.dtype != bool or not exist.any():
        raise ValueError(
            f"connections are {exist.dtype}{exist.shape} with {int(exist.sum())} that exist; expected at least one, "
            f"bool{matrix.shape}"
        )
    return matrix[exist]
