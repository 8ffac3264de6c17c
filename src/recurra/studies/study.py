"""What a study is: cohorts to train, what is measured of them, and how it compares with what was published."""

import abc
import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import ClassVar, Literal

import numpy as np
from matplotlib.figure import Figure
from scipy import stats

from recurra.models.cohort import Cohort
from recurra.studies.spec import RunSpec

Value = str | float | int
Rows = list[dict[str, Value]]
Scale = Literal["quick", "laptop", "paper"]
SCALES: tuple[Scale, ...] = ("quick", "laptop", "paper")


@dataclass(frozen=True)
class Verdict:
    """One published number, or statement, beside what was found.

    Args:
        what: which number.
        published: as it was published.
        found: what was found, with its interval.
        verdict: "agrees", "differs" or "cannot be compared".
        note: by how much, or why.
    """

    what: str
    published: str
    found: str
    verdict: Literal["agrees", "differs", "cannot be compared"]
    note: str = ""


class Study(abc.ABC):
    """A study of the papers: `plan` says which cohorts it trains, `measure` makes tables of them."""

    name: ClassVar[str]
    title: ClassVar[str]
    sources: ClassVar[tuple[str, ...]]

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

    @abc.abstractmethod
    def figures(self, tables: dict[str, Rows]) -> dict[str, Figure]:
        """The figures, by name, as the papers drew them and with the published points in them."""


def published(name: str) -> Rows:
    """A published table, numbers as numbers.

    Args:
        name: "success_rates", "memory_delay", "memory_size" or "damage".
    """
    text = (resources.files("recurra.studies") / "published" / f"{name}.csv").read_text("utf-8")
    texts = {"task", "initializer", "way", "condition"}
    return [{k: v if k in texts else float(v) for k, v in row.items()} for row in csv.DictReader(text.splitlines())]


def column(rows: Iterable[dict[str, Value]], name: str) -> np.ndarray:
    """A column of a table as numbers."""
    return np.array([float(row[name]) for row in rows])


def where(rows: Rows, **values: Value) -> Rows:
    """The rows with these values."""
    return [row for row in rows if all(row[name] == value for name, value in values.items())]


def mean_and_error(values: Sequence[float] | np.ndarray) -> dict[str, float]:
    """Mean, standard deviation, standard error and a 95 % interval of the mean by Student's t."""
    values = np.asarray(values, float)
    deviation = float(values.std(ddof=1)) if len(values) > 1 else float("nan")
    error = deviation / len(values) ** 0.5
    half = float(stats.t.ppf(0.975, len(values) - 1)) * error if len(values) > 1 else float("nan")
    mean = float(values.mean())
    return {"mean": mean, "deviation": deviation, "error": error, "low": mean - half, "high": mean + half}
