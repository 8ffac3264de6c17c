"""A study: cohorts to train, measurements of them, and a comparison with published results."""

import abc
import csv
from collections.abc import Callable, Iterable
from importlib import resources
from typing import ClassVar, Literal

import numpy as np
from matplotlib.figure import Figure

from recurra.models.cohort import Cohort
from recurra.runs.spec import RunSpec
from recurra.runs.sweep.plan import SweepPlan
from recurra.studies.verdicts import Verdict

Value = str | float | int
Rows = list[dict[str, Value]]
Scale = Literal["quick", "laptop", "paper"]
SCALES: tuple[Scale, ...] = ("quick", "laptop", "paper")


class Study(abc.ABC):
    """A study of the papers: `sweeps` are the cohorts to train, `measure` makes tables from them."""

    name: ClassVar[str]
    title: ClassVar[str]
    sources: ClassVar[tuple[str, ...]]
    reads_files: ClassVar[bool] = False  # whether it reads networks from the folder `files` and trains none
    searches: ClassVar[bool] = False  # whether what it trains next depends on what it has found
    rules: ClassVar[int] = 1  # increased when older tables cannot be judged by the current rules

    @abc.abstractmethod
    def sweeps(self, scale: Scale, seed: int) -> list[SweepPlan]:
        """What the study trains, as sweeps; if it searches for a value, all that it might train.

        Args:
            scale: scale of the study.
            seed: fixes everything that is random.
        """

    def plan(self, scale: Scale, seed: int) -> list[RunSpec]:
        """The specs of the cohorts: those of all conditions of the sweeps."""
        return [condition.spec for sweep in self.sweeps(scale, seed) for condition in sweep.conditions]

    @abc.abstractmethod
    def measure(self, scale: Scale, seed: int, trained: Callable[[RunSpec], Cohort]) -> dict[str, Rows]:
        """The tables of the study, by name.

        Args:
            scale: scale of the study.
            seed: fixes everything that is random.
            trained: gives the trained cohort of a spec.
        """

    @abc.abstractmethod
    def verdicts(self, tables: dict[str, Rows]) -> list[Verdict]:
        """The published results compared with ours."""

    def sensitivity(self, tables: dict[str, Rows]) -> Rows:
        """The results with free choices made differently, one row per choice; empty if there are no such choices."""
        return []

    @abc.abstractmethod
    def figures(self, tables: dict[str, Rows]) -> dict[str, Figure]:
        """The figures by name, in the style of the papers and with the published points."""


def published(name: str) -> Rows:
    """A published table, numbers as numbers.

    Args:
        name: "success_rates", "memory_delay", "memory_size" or "damage".
    """
    return read_rows((resources.files("recurra.studies") / "published" / f"{name}.csv").read_text("utf-8"))


TEXTS = (
    *("task", "initializer", "way", "condition", "choice", "status", "factor", "recipe", "state", "claim", "rule"),
    *("name", "stage", "regimes", "leading", "leading_values"),
)


def read_rows(text: str) -> Rows:
    """A table from CSV, numbers as numbers; columns of `TEXTS` stay as they are."""
    rows = csv.DictReader(text.splitlines())
    return [{name: value if name in TEXTS else float(value) for name, value in row.items()} for row in rows]


def column(rows: Iterable[dict[str, Value]], name: str) -> np.ndarray:
    """A column of a table as numbers."""
    return np.array([float(row[name]) for row in rows])


def where(rows: Rows, **values: Value) -> Rows:
    """The rows with these values."""
    return [row for row in rows if all(row[name] == value for name, value in values.items())]


def grouped(rows: Rows, *names: str) -> dict[tuple[Value, ...], Rows]:
    """The rows grouped by their values in some columns, in order of appearance."""
    groups: dict[tuple[Value, ...], Rows] = {}
    for row in rows:
        groups.setdefault(tuple(row[name] for name in names), []).append(row)
    return groups
