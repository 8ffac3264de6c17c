"""What a study is: cohorts to train, what is measured of them, and how it compares with what was published."""

import abc
import csv
from collections.abc import Callable, Iterable
from importlib import resources
from typing import ClassVar, Literal

import numpy as np
from matplotlib.figure import Figure

from recurra.models.cohort import Cohort
from recurra.runs.spec import RunSpec
from recurra.studies.verdicts import Verdict

Value = str | float | int
Rows = list[dict[str, Value]]
Scale = Literal["quick", "laptop", "paper"]
SCALES: tuple[Scale, ...] = ("quick", "laptop", "paper")


class Study(abc.ABC):
    """A study of the papers: `plan` says which cohorts it trains, `measure` makes tables of them."""

    name: ClassVar[str]
    title: ClassVar[str]
    sources: ClassVar[tuple[str, ...]]
    reads_files: ClassVar[bool] = False  # networks that others trained, from the folder `files`; it trains none
    rules: ClassVar[int] = 1  # raised where tables of before cannot be judged by the rules of now

    @abc.abstractmethod
    def plan(self, scale: Scale, seed: int) -> list[RunSpec]:
        """The cohorts that the study trains; where it searches, the most that it can train."""

    @abc.abstractmethod
    def measure(self, scale: Scale, seed: int, trained: Callable[[RunSpec], Cohort]) -> dict[str, Rows]:
        """The tables of the study, by name.

        Args:
            scale: how much is done.
            seed: fixes all that is random.
            trained: gives the trained cohort of a spec.
        """

    @abc.abstractmethod
    def verdicts(self, tables: dict[str, Rows]) -> list[Verdict]:
        """What was published beside what was found."""

    def sensitivity(self, tables: dict[str, Rows]) -> Rows:
        """What other free choices would have given, a row a choice; nothing where none was made."""
        return []

    @abc.abstractmethod
    def figures(self, tables: dict[str, Rows]) -> dict[str, Figure]:
        """The figures, by name, as the papers drew them and with the published points in them."""


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
    """The rows by their values of some columns, in the order in which these come."""
    groups: dict[tuple[Value, ...], Rows] = {}
    for row in rows:
        groups.setdefault(tuple(row[name] for name in names), []).append(row)
    return groups
