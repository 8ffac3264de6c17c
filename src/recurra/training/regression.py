"""Sums of features and targets in float64, from which the readout follows in closed form."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from scipy.linalg import LinAlgError, cho_factor, cho_solve

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
    """The sums over trials, block by block.

    Args:
        rates: of one network.
        weight: 0 where nothing is learned.
        targets: finite wherever anything is.
        biased: whether a feature of 1 follows the rates.
    """
    outputs, features = weight.shape[-1], rates.shape[-1] + biased
    sums = Sums.nothing(outputs, features)
    same = (weight == weight[..., :1]).all()
    flat = tuple(array.reshape(-1, array.shape[-1]) for array in (rates, weight, targets))
    for first in range(0, len(flat[0]), BLOCK):
        block, weights, wanted = (array[first : first + BLOCK] for array in flat)
        wide = np.ones((len(block), features))
        wide[:, : rates.shape[-1]] = block
        for at in range(1 if same else outputs):
            into = slice(None) if same else slice(at, at + 1)
            used, asked, counts = wide, wanted[:, into], weights[:, at] > 0
            if not (weights[:, at] == 1).all():
                own = np.sqrt(weights[counts, at].astype(np.float64))[:, None]
                used, asked = own * wide[counts], own * asked[counts]
            sums.squares[into] += used.T @ used
            sums.products[into] += (used.T @ asked).T
            sums.counted[into] += weights[counts, at].sum(dtype=np.float64)
    return sums
