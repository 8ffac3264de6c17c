"""The user's own analyses: functions of a `Visit` that return a frozen record and run after all of recurra's."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, is_dataclass
from typing import Any, TypeAlias, get_type_hints

import numpy as np

from recurra.analysis.failures import Failure, attempted
from recurra.analysis.visit import Visit
from recurra.arrays import axes_in, record_axes
from recurra.shown import Shown

OwnAnalysis: TypeAlias = Callable[[Visit], Any]
KINDS = "fciubUT"  # NumPy's letters of the types that can be stored: numbers, true and false, texts
SCALARS = (float, int, bool, str, complex)
COUNT = "_count"  # suffix of the variable that holds the length of an axis in each network
MOST_BYTES = 2**28  # largest record


@dataclass(frozen=True)
class OwnRecord(Shown):
    """The record of a user's own analysis, read without its module: values with their axes and meanings.

    Args:
        values: arrays, numbers and texts, by name.
        axes: axes of each value; empty for a number or text.
        meanings: description of each value from the docstring of its class; empty if there is none.
    """

    values: Mapping[str, Any]
    axes: Mapping[str, tuple[str, ...]]
    meanings: Mapping[str, str]

    def __getitem__(self, name: str) -> Any:
        """The value of this name."""
        return self.values[name]


def analysis_name(function: OwnAnalysis) -> str:
    """The name of an analysis in specs: "module:function"."""
    return f"{function.__module__}:{function.__qualname__}"


def group_of(name: str) -> str:
    """The group of `run.zarr` that holds the records of an own analysis; recurra's own groups have no dot."""
    return name.replace(":", ".")


def name_of(group: str) -> str:
    """The name of the analysis whose records a group holds."""
    return ":".join(group.rpartition(".")[::2])


def record_kind(function: OwnAnalysis) -> type:
    """The class of the records of an analysis, from its return annotation.

    Raises:
        TypeError: the class is no frozen dataclass, or a field has a name or type that cannot be stored.
    """
    name = analysis_name(function)
    try:
        kind = get_type_hints(function).get("return")
    except NameError as error:
        raise TypeError(f"{name}: an annotation cannot be understood: {error}") from None
    if not (isinstance(kind, type) and is_dataclass(kind)):
        raise TypeError(f"{name} is annotated to return {kind!r}; annotate a frozen dataclass: -> MyRecord")
    if "__dataclass_params__" not in vars(kind) or not kind.__dataclass_params__.frozen:  # type: ignore[attr-defined]
        raise TypeError(f"{kind.__name__} is no frozen dataclass; put @dataclass(frozen=True) above the class")
    _check_fields(kind)
    return kind


def own_record(function: OwnAnalysis, visit: Visit) -> Any:
    """The record of an analysis of a network, or a `Failure` if it fails or its record cannot be stored."""
    kind = record_kind(function)
    record = attempted(lambda: function(visit))
    if isinstance(record, Failure):
        return record
    wrong = next(iter(wrong_values(record, kind)), "")
    return Failure(wrong) if wrong else record


def wrong_values(record: Any, kind: type) -> list[str]:
    """Why a record cannot be stored, one line per reason; empty if all values agree with their annotations."""
    if type(record) is not kind:
        return [f"it gives {type(record).__name__}; return {kind.__name__}, as its annotation says"]
    reasons, sizes, total = [], {}, 0
    for name, axes in record_axes(kind).items():
        array = np.asarray(getattr(record, name))
        total += array.nbytes
        if array.dtype.kind not in KINDS:
            reasons.append(f"{name} is of the type {array.dtype}; let it be numbers, true and false, or texts")
        elif array.ndim != len(axes):
            expected = f"has the axes ({', '.join(axes)})" if axes else "says one number or text, not an array"
            reasons.append(f"{name} has shape {array.shape}; its annotation {expected}")
        else:
            for axis, size in zip(axes, array.shape, strict=True):
                if sizes.setdefault(axis, size) != size:
                    reasons.append(f"{name} has {size} along {axis}, another array {sizes[axis]}; name the axes apart")
    if total > MOST_BYTES:
        reasons.append(f"a record has {total:,} bytes; expected at most {MOST_BYTES:,}")
    return reasons


def _check_fields(kind: type) -> None:
    hints, named = get_type_hints(kind), record_axes(kind)
    every = {axis for axes in named.values() for axis in axes}
    if not named:
        raise TypeError(f"{kind.__name__} has no fields; give it what the analysis finds")
    for name, axes in named.items():
        field = f"{kind.__name__}.{name}"
        if not axes and axes_in(hints[name]) is None and hints[name] not in SCALARS:
            raise TypeError(
                f'{field} is annotated as {hints[name]}; expected its axes, such as Float[np.ndarray, "condition '
                'unit"], or float, int, bool, complex or str'
            )
        for axis in axes:
            if not axis.isidentifier() or axis == "network":
                raise TypeError(f"{field} has the axis {axis!r}; expected names such as condition, and not network")
        if name in every or name == "network" or name.removesuffix(COUNT) in every:
            raise TypeError(f"{field} has a name that the axis {name.removesuffix(COUNT)} needs; rename it")
