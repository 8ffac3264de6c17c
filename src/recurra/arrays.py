"""Axis-named array types, and the parameters of a network."""

import abc
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any, ClassVar, TypeAlias, TypeVar, get_args, get_type_hints

import jax
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key, UInt32

from recurra.checks import same_axis
from recurra.shown import Shown

AnyArray: TypeAlias = Array | np.ndarray
Scalar: TypeAlias = Float[Array, ""]
RandomKey: TypeAlias = Key[Array, ""]
Inputs: TypeAlias = Float[AnyArray, "*network trial time input"]
Targets: TypeAlias = Float[AnyArray, "*network trial time output"]
Outputs: TypeAlias = Float[AnyArray, "*network trial time output"]
Rates: TypeAlias = Float[AnyArray, "*network trial time unit"]
Mask: TypeAlias = Bool[AnyArray, "*network trial time output"] | Float[AnyArray, "*network trial time output"]
Condition: TypeAlias = Int[AnyArray, "trial"]
NoiseKeys: TypeAlias = UInt32[AnyArray, "network 2"]


class Weights(Shown, abc.ABC):
    """The parameters of one network, or of a cohort, whose arrays all have a leading `network` axis.

    A class of weights is a frozen dataclass, registered as a pytree, whose fields are arrays. The axes are named in the
    annotations and nowhere else: `recurrent: Float[AnyArray, "*network post pre"]`. One of them needs the axis `unit`,
    or `post` and `pre`; one the axis `input`; one the axis `output`.
    """

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @classmethod
    def axes(cls) -> dict[str, tuple[str, ...]]:
        """The axes of every array of one network, by the arrays' names."""
        return _axes_of(cls)

    @property
    def units(self) -> int:
        return self.size("unit")

    @property
    def inputs(self) -> int:
        return self.size("input")

    @property
    def outputs(self) -> int:
        return self.size("output")

    @property
    def networks(self) -> int:
        """The number of networks; the arrays must have a `network` axis."""
        return np.shape(getattr(self, next(iter(self.axes()))))[0]

    def size(self, axis: str) -> int:
        """The length of an axis.

        Args:
            axis: one of the axes in `axes()`, or "unit", which stands for `post` and `pre` too.
        """
        for name, axes in self.axes().items():
            for at, own in enumerate(axes):
                if axis in (own, same_axis(own)):
                    return np.shape(getattr(self, name))[at - len(axes)]
        raise ValueError(f"{type(self).__name__} has no array with an axis {axis!r}; it has {self.axes()}")


@lru_cache
def _axes_of(kind: type[Weights]) -> dict[str, tuple[str, ...]]:
    hints, axes = get_type_hints(kind), {}
    for field in fields(kind):
        hint = hints[field.name]
        named = getattr((get_args(hint) or (hint,))[0], "dim_str", None)
        if named is None:
            raise TypeError(
                f"{kind.__name__}.{field.name} is annotated as {hint}; expected its axes, such as "
                'Float[AnyArray, "*network post pre"]'
            )
        axes[field.name] = tuple(axis for axis in named.split() if not axis.startswith("*"))
    return axes


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class RateWeights(Weights):
    """The five weight arrays of a network of rate units; a cohort adds a leading `network` axis to each.

    Args:
        recurrent: from unit `pre` to unit `post`.
        input: from inputs to units.
        output: from units to outputs.
        recurrent_bias: a constant current to each unit.
        output_bias: a constant added to each output.
    """

    recurrent: Float[AnyArray, "*network post pre"]
    input: Float[AnyArray, "*network unit input"]
    output: Float[AnyArray, "*network output unit"]
    recurrent_bias: Float[AnyArray, "*network unit"]
    output_bias: Float[AnyArray, "*network output"]


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class TimedRateWeights(RateWeights):
    """The weights of a network of rate units whose time constants are trained with them.

    Args:
        tau_ms: time constant of every unit, ms.
    """

    tau_ms: Float[AnyArray, "*network unit"]


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class FeedbackRateWeights(RateWeights):
    """The weights of a network of rate units whose outputs are fed back to its units.

    Args:
        feedback: from outputs to units.
        initial_state: the state before the first step.
    """

    feedback: Float[AnyArray, "*network unit output"]
    initial_state: Float[AnyArray, "*network unit"]


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class ControlledRateWeights(FeedbackRateWeights):
    """The weights of a network in which control units, one for each output, are fed back in place of the outputs.

    Args:
        control: from units to control units.
    """

    control: Float[AnyArray, "*network output unit"]


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class ES2NWeights(RateWeights):
    """The weights of an echo state network at the edge of stability.

    Args:
        orthogonal: the rotation, from unit `pre` to unit `post`.
    """

    orthogonal: Float[AnyArray, "*network post pre"]


def axes_in(hint: Any) -> str | None:
    """The axes that the annotation of an array names, as one text; None if it is not one of an array."""
    return getattr(hint, "dim_str", None)


def record_axes(kind: type) -> dict[str, tuple[str, ...]]:
    """The axis names of every field of a record: those of its array annotation, none for a number.

    Args:
        kind: a dataclass.
    """
    hints = get_type_hints(kind)
    return {field.name: tuple((axes_in(hints[field.name]) or "").split()) for field in fields(kind)}


WeightsOfKind = TypeVar("WeightsOfKind", bound=Weights)


def named_arrays(weights: Weights) -> dict[str, np.ndarray]:
    """The arrays of `weights` by name, as NumPy arrays."""
    return {name: np.asarray(getattr(weights, name)) for name in weights.axes()}


def in_double(weights: WeightsOfKind) -> WeightsOfKind:
    """The weights in float64, the precision of all analyses."""
    return jax.tree.map(lambda array: np.asarray(array, np.float64), weights)


def padded_rows(rows: np.ndarray, room: int | None = None) -> np.ndarray:
    """The rows, padded with rows of zeros, so that code compiled for them also serves for other numbers of rows.

    Args:
        rows: the rows.
        room: number of rows after padding; if None, the next power of two, at least 8.
    """
    room = max(8, 1 << max(len(rows) - 1, 0).bit_length()) if room is None else room
    return np.concatenate([rows, np.zeros((room - len(rows), *rows.shape[1:]), rows.dtype)])


def of_network(weights: WeightsOfKind, position: int) -> WeightsOfKind:
    """The weights of one network of a cohort."""
    return jax.tree.map(lambda array: np.asarray(array)[position], weights)


def as_cohort(weights: WeightsOfKind) -> WeightsOfKind:
    """The weights of one network as a cohort of one."""
    return jax.tree.map(lambda array: np.asarray(array)[None], weights)


def same_arrays(first: Any, second: Any) -> bool:
    """Whether two values of one class hold the same arrays: types, shapes and numbers; NaN is equal to NaN.

    Args:
        first: weights, or another frozen dataclass of arrays that is a pytree.
        second: what it is compared with.
    """
    if type(first) is not type(second):
        return False
    pairs = zip(jax.tree.leaves(first), jax.tree.leaves(second), strict=True)
    return all(
        np.asarray(one).dtype == np.asarray(other).dtype
        and np.array_equal(one, other, equal_nan=np.asarray(one).dtype.kind == "f")
        for one, other in pairs
    )


def hash_of_arrays(arrays: Any) -> int:
    """A hash that is the same for what `same_arrays` calls the same."""
    leaves = [np.ascontiguousarray(array) for array in jax.tree.leaves(arrays)]
    return hash(tuple((leaf.shape, leaf.dtype.str, float(np.nan_to_num(leaf).sum())) for leaf in leaves))
