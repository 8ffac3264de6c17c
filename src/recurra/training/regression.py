"""Sums of features and targets in float64, from which the readout follows in closed form."""

from functools import partial
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from recurra.threads import in_threads, thread_count

BLOCK = 2_048  # steps whose features are in float64 at once


class Sums(NamedTuple):
    r"""What ridge regression needs of the steps so far, each weighted by the mask of the output.

    Args:
        squares: $\sum_i w_i f_i f_i^\top$.
        products: $\sum_i w_i f_i z^*_i$.
        counted: $\sum_i w_i$.
    """

    squares: Float[np.ndarray, "output feature feature"]
    products: Float[np.ndarray, "output feature"]
    counted: Float[np.ndarray, "output"]

    @classmethod
    def nothing(cls, outputs: int, features: int) -> "Sums":
        """The sums before the first step."""
        return cls(np.zeros((outputs, features, features)), np.zeros((outputs, features)), np.zeros(outputs))

    def __add__(self, other: "Sums") -> "Sums":  # type: ignore[override]
        return Sums(*(one + more for one, more in zip(self, other, strict=True)))

    def readout(self, ridge: float, read: Bool[np.ndarray, "output feature"]) -> Float[np.ndarray, "output feature"]:
        """The weights with the least squared error plus `ridge` times `counted` times their squares; NaN if none.

        Args:
            ridge: β, above 0.
            read: which features an output may use; the weights of the others are 0.
        """
        rows = np.zeros(self.products.shape)
        for row, squares, product, counted, own in zip(rows, *self, read, strict=True):
            penalized = squares[np.ix_(own, own)] + ridge * max(counted, 1.0) * np.eye(own.sum())
            try:
                row[own] = cho_solve(cho_factor(penalized, lower=True, check_finite=False), product[own])
            except LinAlgError:  # rounding has made it indefinite, or a rate is not finite
                row[:] = np.nan
        return rows


def sums_of(
    rates: Float[np.ndarray, "trial time unit"],
    weight: Float[np.ndarray, "trial time output"],
    targets: Float[np.ndarray, "trial time output"],
    biased: bool,
) -> Sums:
    """The sums over trials, block by block, with blocks in threads; they are added in their order.

    Args:
        rates: of one network.
        weight: 0 where nothing is learned.
        targets: finite wherever anything is.
        biased: whether a feature of 1 follows the rates.
    """
    outputs, features = weight.shape[-1], rates.shape[-1] + biased
    sums = Sums.nothing(outputs, features)
    same = bool((weight == weight[..., :1]).all())
    rates, weight, targets = (array.reshape(-1, array.shape[-1]) for array in (rates, weight, targets))
    blocks = [
        (rates[at : at + BLOCK], weight[at : at + BLOCK], targets[at : at + BLOCK])
        for at in range(0, len(rates), BLOCK)
    ]
    for at in range(0, len(blocks), thread_count()):
        for more in in_threads(partial(_sums_of_block, same, features), blocks[at : at + thread_count()]):
            for every, own in zip(sums, more, strict=True):
                np.add(every, own, out=every)
    return sums


def _sums_of_block(
    same: bool,
    features: int,
    block: tuple[Float[np.ndarray, "step unit"], Float[np.ndarray, "step output"], Float[np.ndarray, "step output"]],
) -> Sums:
    """The sums over the steps of a block; squares and counts are of one output if those of all are the same."""
    rates, weights, targets = block
    wide = np.ones((len(rates), features))
    wide[:, : rates.shape[-1]] = rates
    squares, products, counted = [], [], []
    for at in range(1 if same else targets.shape[-1]):
        used, asked, counts = wide, targets if same else targets[:, at : at + 1], weights[:, at] > 0
        if not (weights[:, at] == 1).all():
            own = np.sqrt(weights[counts, at].astype(np.float64))[:, None]
            used, asked = own * wide[counts], own * asked[counts]
        squares.append(used.T @ used)
        products.append((used.T @ asked).T)
        counted.append(weights[counts, at].sum(dtype=np.float64))
    return Sums(np.stack(squares), np.concatenate(products), np.array(counted))
