"""The plan of a sweep: a spec, what varies in it, and the conditions that follow."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

from recurra.analysis.cohorts.swept import How, word
from recurra.runs.spec import RunSpec, to_spec, with_value
from recurra.runs.sweep.axes import Axis, Range, combined
from recurra.runs.tables import Table, storable


@final
@dataclass(frozen=True)
class Condition:
    """One combination of values.

    Args:
        number: its place among the conditions, from 0.
        values: the value of every axis.
        label: the values in words, such as "units 50, gain 0.5".
        spec: the spec of its run.
    """

    number: int
    values: tuple[Any, ...]
    label: str
    spec: RunSpec


@final
@dataclass(frozen=True)
class SweepPlan:
    """What a sweep trains.

    All conditions have the same seed: network k of a condition is the network k that a run of its spec alone trains,
    and begins like network k of the other conditions wherever they draw the same weights.

    Args:
        base: the spec in plain values, with or without the keys that vary.
        axes: what varies.
        how: "all" combinations, "zip", or "sample".
        samples: number of conditions of a sample; 0 otherwise.
    """

    base: Table
    axes: tuple[Axis, ...]
    how: How = "all"
    samples: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "base", storable(self.base))

    @cached_property
    def conditions(self) -> tuple[Condition, ...]:
        """All conditions; an error names the first whose spec is not possible."""
        rows = combined(self.axes, self.how, self.samples, self.base.get("seed", 0))
        return tuple(condition_of(self.base, self.axes, number, values) for number, values in enumerate(rows))

    @property
    def name(self) -> str:
        return self.conditions[0].spec.name

    def table(self) -> Table:
        """The plan in plain values, from which `plan_of` makes it."""
        return {
            "axes": axes_table(self.axes),
            "how": self.how,
            "samples": self.samples,
        }


def condition_of(base: Table, axes: Sequence[Axis], number: int, values: Sequence[Any]) -> Condition:
    """One condition; an error names it if its spec is not possible.

    Args:
        base: the spec in plain values.
        axes: what varies.
        number: its number.
        values: the value of every axis.
    """
    label = ", ".join(f"{name} {word(value)}" for name, value in zip(axis_names(axes), values, strict=True))
    try:
        for axis, value in zip(axes, values, strict=True):
            base = with_value(base, axis.key, value)
        return Condition(number, tuple(values), label, to_spec(base))
    except ValueError as error:
        raise ValueError(f"{label}: {error}") from None


def plan_of(base: Table, table: Table) -> SweepPlan:
    """The plan from its table.

    Args:
        base: the spec in plain values.
        table: what `SweepPlan.table` gives.
    """
    return SweepPlan(base, axes_in(table["axes"]), table["how"], table["samples"])


def axes_table(axes: Sequence[Axis]) -> list[Table]:
    """The axes in plain values, from which `axes_in` makes them."""
    return [{"key": axis.key, **_values_table(axis)} for axis in axes]


def axes_in(tables: Sequence[Table]) -> tuple[Axis, ...]:
    """The axes from their tables."""
    return tuple(Axis(one["key"], _values_of(one)) for one in tables)


def axis_names(axes: Sequence[Axis]) -> list[str]:
    """The last part of each key; the whole key where two have the same."""
    names = [axis.name for axis in axes]
    return [axis.key if names.count(axis.name) > 1 else axis.name for axis in axes]


def _values_table(axis: Axis) -> Table:
    if isinstance(axis.values, Range):
        return {"low": axis.values.low, "high": axis.values.high, "log": axis.values.log}
    return {"values": list(axis.values)}


def _values_of(table: Table) -> tuple[Any, ...] | Range:
    return tuple(table["values"]) if "values" in table else Range(table["low"], table["high"], table["log"])
