"""What differs between the networks of two or more runs, number by number."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import pandas as pd

from recurra.analysis.cohorts.difference import Difference, json_value
from recurra.checks import check_choice
from recurra.shown import Shown


@dataclass(frozen=True)
class Differences(Shown):
    """The numbers in which the networks of runs differ; each run is compared with the first.

    Args:
        runs: names of the runs; the first is the one with which the others are compared.
        networks: number of networks that are compared, of each run.
        rows: one per number and run but the first, the largest difference first.
        settings: the keys in which the specs differ, each with its value in every run.
        pairs: number of pairs, of each run but the first; 0 if its networks are compared as independent ones.
        same: numbers that are the same in all networks, and were not tested.
        doubles: numbers that are equal to another in every network, by name with that other; they were not tested.
        lacking: numbers that no network of a run has, by name with these runs; they were not tested.
        notes: what a reader must know, one sentence each.
    """

    runs: tuple[str, ...]
    networks: tuple[int, ...]
    rows: tuple[Difference, ...]
    settings: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    pairs: tuple[int, ...] = ()
    same: tuple[str, ...] = ()
    doubles: Mapping[str, str] = field(default_factory=dict)
    lacking: Mapping[str, Sequence[str]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Difference]:
        return iter(self.rows)

    def of(self, name: str, run: str | None = None) -> Difference:
        """The difference of one number.

        Args:
            name: name of the number, such as "success" or "cube.score".
            run: which run is compared with the first; if None, the second.
        """
        run = self.runs[1] if run is None else run
        check_choice("run", run, self.runs[1:])
        rows = {row.name: row for row in self.rows if row.run == run}
        check_choice("number", name, list(rows))
        return rows[name]

    def to_dataframe(self) -> pd.DataFrame:
        """One row per number and run: the fields of `Difference`, and the difference in units of the spread."""
        names = [*Difference.__dataclass_fields__, "standardized"]
        return pd.DataFrame([_plain(row) for row in self.rows], columns=names)

    def table(self) -> dict[str, Any]:
        """The same as plain values for JSON; null for a number that is not known."""
        known = [{key: json_value(value) for key, value in _plain(row).items()} for row in self.rows]
        runs = zip(self.runs, self.networks, (None, *self.pairs), strict=True)
        return {
            "runs": [{"run": run, "networks": networks, "pairs": pairs} for run, networks, pairs in runs],
            "settings": {key: [json_value(value) for value in values] for key, values in self.settings.items()},
            "differences": known,
            "same": list(self.same),
            "doubles": dict(self.doubles),
            "lacking": {name: list(runs) for name, runs in self.lacking.items()},
            "notes": list(self.notes),
        }


def by_size(rows: Sequence[Difference]) -> tuple[Difference, ...]:
    """The differences, the largest in units of the spread first, whatever its sign; those without one last.

    Args:
        rows: the differences.
    """
    return tuple(sorted(rows, key=lambda row: -_size(row)))


def _size(row: Difference) -> float:
    if math.isnan(row.standardized):
        return math.inf if abs(row.difference) > 0 else -1.0
    return abs(row.standardized)


def _plain(row: Difference) -> dict[str, Any]:
    return {**asdict(row), "standardized": row.standardized}
