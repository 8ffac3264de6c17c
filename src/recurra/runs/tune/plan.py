"""The plan of a search over hyperparameters: a spec, what varies in it, and what is to be improved."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

from recurra.checks import check_count
from recurra.runs.sweep.axes import Axis, Range
from recurra.runs.sweep.plan import Condition, axes_in, axes_table, condition_of
from recurra.runs.tables import Table, storable
from recurra.runs.tune.aims import check_aim
from recurra.streams import Stream, check_seed, derived_seed
from recurra.training.course import LARGEST_COUNT

SEED, STEPS = "seed", "training.steps"
MOST_TRIALS = 10_000
CONFIRMING = 20  # networks that confirm the best values


@final
@dataclass(frozen=True)
class TunePlan:
    """What a search trains.

    Every trial has a seed of its own, which follows from the seed of the search and the number of the trial, and so
    have the networks that confirm the best trial: no network and no trial of a task is used for both.

    Args:
        base: the spec in plain values, with or without the keys that vary; its `networks` are those of a trial.
        axes: what varies.
        aim: "rate", "time", "loss", or the name of a function.
        patience: training steps without progress after which a trial may be ended early; None for never.
        confirm: number of networks that confirm the best trial.
    """

    base: Table
    axes: tuple[Axis, ...]
    aim: str = "rate"
    patience: int | None = None
    confirm: int = CONFIRMING

    def __post_init__(self) -> None:
        object.__setattr__(self, "base", storable(self.base))
        check_aim(self.aim)
        check_count("confirm", self.confirm)
        check_seed(self.seed)
        if self.patience is not None:
            check_count("patience", self.patience, at_most=LARGEST_COUNT)
        if not self.axes:
            raise ValueError("nothing varies; name at least one key of the spec with its values")
        if len({axis.key for axis in self.axes}) < len(self.axes):
            raise ValueError("a key varies twice; give all its values at once")
        if SEED in {axis.key for axis in self.axes}:
            raise ValueError("seed cannot vary: every trial of a search has a seed of its own")

    @property
    def seed(self) -> int:
        """The seed of the search."""
        return self.base.get(SEED, 0)

    @property
    def name(self) -> str:
        return self.ends()[0].spec.name

    @property
    def longest(self) -> int:
        """Training steps of the longest course of the search."""
        varied = [_values(axis) for axis in self.axes if axis.key == STEPS]
        return max(*(one.spec.training.steps for one in self.ends()), *(steps for one in varied for steps in one))

    def ends(self) -> list[Condition]:
        """The conditions with the first and with the last values of all axes; an error names one that is impossible."""
        listed = [_values(axis) for axis in self.axes]
        rows = ([values[0] for values in listed], [values[-1] for values in listed])
        return [condition_of(self.base, self.axes, at, values) for at, values in enumerate(rows)]

    def trial(self, number: int, values: Sequence[Any]) -> Condition:
        """A trial; an error says why its spec is not possible.

        Args:
            number: its number.
            values: the value of every axis.
        """
        seed = derived_seed(self.seed, Stream.tuning_trials, number)
        return condition_of({**self.base, SEED: seed}, self.axes, number, values)

    def confirmation(self, number: int, values: Sequence[Any]) -> Condition:
        """The networks that confirm a trial.

        Args:
            number: number of the trial.
            values: the value of every axis.
        """
        seed = derived_seed(self.seed, Stream.confirmation, number)
        return condition_of({**self.base, SEED: seed, "networks": self.confirm}, self.axes, number, values)

    def table(self) -> Table:
        """The plan in plain values, from which `plan_of` makes it."""
        return {
            "axes": axes_table(self.axes),
            "aim": self.aim,
            "patience": self.patience,
            "confirm": self.confirm,
        }


def plan_of(base: Table, table: Table) -> TunePlan:
    """The plan from its table.

    Args:
        base: the spec in plain values.
        table: what `TunePlan.table` gives.
    """
    return TunePlan(base, axes_in(table["axes"]), table["aim"], table["patience"], table["confirm"])


def check_trials(trials: int) -> None:
    """Check a number of trials."""
    check_count("trials", trials, at_most=MOST_TRIALS)


def _values(axis: Axis) -> tuple[Any, ...]:
    """The values of a list, or the ends of a range."""
    return (axis.values.low, axis.values.high) if isinstance(axis.values, Range) else axis.values
