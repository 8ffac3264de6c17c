"""Check that the arrays of a call fit each other; errors name the axis, the size received and the size expected."""

from collections.abc import Sequence

import numpy as np

from recurra.arrays import AnyArray, Weights
from recurra.checks import same_axis

LARGEST_COUNTER = 2**32  # of the noise: a pair of units at a time step


def check_call(
    weights: Weights, inputs: AnyArray, answers: Sequence[tuple[str, AnyArray]] = (), **flags: AnyArray | None
) -> None:
    """Check the shapes of the arrays in a call of an engine.

    Args:
        weights: the cohort's weights, with a leading `network` axis.
        inputs: the trials' inputs, with or without a `network` axis.
        answers: targets and mask, each with its name; they have the axes of the inputs.
        flags: `noise_keys` and `active`, if given: one entry per network.
    """
    sizes = _weight_sizes(weights)
    networks, units = sizes["network"], sizes["unit"]
    own = np.ndim(inputs) == 4
    lead = ("network",) if own else ()
    if np.ndim(inputs) in (3, 4):
        sizes |= {"trial": np.shape(inputs)[-3], "time": np.shape(inputs)[-2]}
    _check("inputs", inputs, (*lead, "trial", "time", "input"), sizes)
    for name, array in answers:
        _check(name, array, (*lead, "trial", "time", "output"), sizes)
    for name, array in flags.items():
        if array is not None and np.shape(array)[:1] != (networks,):
            raise ValueError(
                f"{name} has the shape {np.shape(array)}; expected one entry for each of {networks} networks"
            )
    if "noise_keys" in flags and flags["noise_keys"] is not None and sizes["time"] * -(-units // 2) > LARGEST_COUNTER:
        raise ValueError(
            f"{sizes['time']:,} time steps of {units:,} units need more noise values than can be numbered (2^33)"
        )


def _weight_sizes(weights: Weights) -> dict[str, int]:
    """The lengths of the axes of a cohort's weights; each array must fit the arrays before it."""
    sizes: dict[str, int] = {}
    for name, axes in weights.axes().items():
        array, expected = getattr(weights, name), ("network", *axes)
        if np.ndim(array) != len(expected):
            raise ValueError(
                f"{name} weights have the shape {np.shape(array)}; expected ({', '.join(expected)}). "
                "Add a network axis to every array, or use Network.run()."
            )
        for axis, size in zip(expected, np.shape(array), strict=True):
            alike = sizes.setdefault(same_axis(axis), size)
            sizes.setdefault(axis, alike)
        _check(f"{name} weights", array, expected, sizes)
    return sizes


def _check(what: str, array: AnyArray, axes: tuple[str, ...], sizes: dict[str, int]) -> None:
    shape = np.shape(array)
    expected = f"({', '.join(axes)})" + "".join(
        f", {axis} = {sizes[axis]}" for axis in dict.fromkeys(axes) if axis in sizes
    )
    if len(shape) != len(axes):
        raise ValueError(f"{what} has the shape {shape}, {len(shape)} axes; expected {expected}")
    for axis, got in zip(axes, shape, strict=True):
        if got != sizes.get(axis, got) or (got == 0 and axis in ("trial", "time")):
            wanted = sizes[axis] if got else "at least 1"
            raise ValueError(f"{what} has {got} along {axis}, of the shape {shape}; expected {wanted}: {expected}")
