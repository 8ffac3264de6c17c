"""Lesions: weights with units or connections taken out, whose arrays keep their shapes."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Bool

from recurra.arrays import WeightsOfKind, named_arrays
from recurra.checks import same_axis


def without_units(weights: WeightsOfKind, units: Sequence[int] | np.ndarray) -> WeightsOfKind:
    """The weights of one network, 0 wherever one of these units is at either end: also its bias.

    Args:
        weights: of one network; or which of them exist, True or False.
        units: the numbers of the units.

    Raises:
        ValueError: there is no such unit.
        TypeError: the units are no whole numbers.
    """
    numbers = np.asarray(units)
    if numbers.ndim != 1 or (numbers.dtype.kind not in "iu" and numbers.size):
        raise TypeError(f"units is {units!r}; expected a list of unit numbers, such as [3, 5]")
    if numbers.size and not (numbers.min() >= 0 and numbers.max() < weights.units):
        raise ValueError(f"units has {numbers.tolist()}; expected numbers from 0 to {weights.units - 1}")
    arrays = {name: array.copy() for name, array in named_arrays(weights).items()}
    for name, axes in weights.axes().items():
        for at, axis in enumerate(axes):
            if same_axis(axis) == "unit":
                np.moveaxis(arrays[name], at, 0)[numbers.astype(int)] = 0
    return replace(weights, **arrays)


def without_connections(weights: WeightsOfKind, cut: Bool[np.ndarray, "post pre"]) -> WeightsOfKind:
    """The weights of one network, 0 where a recurrent connection is cut, in every gate of a gated cell.

    Args:
        weights: of one network; or which of them exist, True or False.
        cut: True for every connection that is cut.

    Raises:
        ValueError: the shape is not that of the recurrent weights.
    """
    cut = np.asarray(cut)
    if cut.dtype != bool or cut.shape != (weights.units, weights.units):
        raise ValueError(
            f"cut is {cut.dtype}{cut.shape}; expected True or False for every pair of units, "
            f"bool{(weights.units, weights.units)}"
        )
    between = [name for name, axes in weights.axes().items() if axes[-2:] == ("post", "pre")]
    arrays = named_arrays(weights)
    return replace(weights, **{name: np.where(cut, np.zeros_like(arrays[name]), arrays[name]) for name in between})
