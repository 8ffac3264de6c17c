"""The record of a sweep: the numbers of the networks of all its conditions, and what can be asked of them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Float
from numpy import dtypes

from recurra.analysis.cohorts.difference import json_value
from recurra.analysis.cohorts.effects import SweepEffects, effects_of
from recurra.analysis.cohorts.swept import How, SweptCondition, SweptKey, is_known, numbers_of, word
from recurra.intervals import Proportion
from recurra.shown import Shown

LISTED = 8  # conditions that an error names


@dataclass(frozen=True)
class Sweep(Shown):
    """The networks of all conditions of a sweep: conditions × networks as one labelled cohort.

    Args:
        name: name of the spec.
        path: its folder.
        keys: what varies.
        how: "all" combinations, "zip" or "sample".
        conditions: the conditions; of all combinations the last key varies fastest.
    """

    name: str
    path: Path
    keys: tuple[SweptKey, ...]
    how: How
    conditions: tuple[SweptCondition, ...]

    def __len__(self) -> int:
        return len(self.conditions)

    @property
    def analysed(self) -> bool:
        """Whether the numbers include those of the analyses, in all conditions."""
        return all(one.analysed for one in self.conditions)

    @property
    def shape(self) -> tuple[int, ...]:
        """The numbers of values of the keys if all are combined; otherwise the number of conditions."""
        return tuple(len(key.values) for key in self.keys) if self.how == "all" else (len(self.conditions),)

    def condition(self, **values: Any) -> SweptCondition:
        """The condition with these values; `rc.load(condition.folder)` has its networks.

        Args:
            values: the value of every key, by its last part: `sweep.condition(units=50, gain=0.5)`.
        """
        names = [key.name for key in self.keys]
        if set(values) != set(names):
            raise ValueError(f"got {', '.join(values) or 'nothing'}; expected a value for each of {', '.join(names)}")
        wanted = [word(values[name]) for name in names]
        for condition in self.conditions:
            if [word(value) for value in condition.values] == wanted:
                return condition
        asked = ", ".join(f"{name} {value}" for name, value in zip(names, wanted, strict=True))
        there = "; ".join(one.label for one in self.conditions[:LISTED])
        more = "; …" if len(self.conditions) > LISTED else ""
        raise ValueError(f"the sweep has no condition {asked}; it has {there}{more}")

    def success_rates(self) -> list[Proportion]:
        """The share of networks that learned their task, with its 95 % interval (Wilson), of every condition."""
        return [one.success_rate for one in self.conditions]

    def to_dataframe(self) -> pd.DataFrame:
        """One row per network: `condition`, the values of the keys, `network`, and the numbers of `rc.table`."""
        return pd.DataFrame(
            [
                {"condition": number, **self._values(condition), **row}
                for number, condition in enumerate(self.conditions)
                for row in condition.rows
            ]
        )

    def by_condition(self) -> pd.DataFrame:
        """One row per condition: values of the keys, share of networks that learned with its interval, and means.

        `learned`, `learned_low` and `learned_high` are the share with its 95 % interval (Wilson); the other columns are
        means over the networks that have the number, but `steps_to_success`, which is the median over those that were
        successful once.
        """
        rows = []
        for number, one in enumerate(self.conditions):
            share, means = one.success_rate, {name: _mean(one.column(name)) for name in self.numbers()}
            means["steps_to_success"] = one.median("steps_to_success")
            means |= {"learned": share.value, "learned_low": share.low, "learned_high": share.high}
            rows.append({"condition": number, **self._values(one), "networks": len(one.rows), **means})
        first = ("condition", *(key.key for key in self.keys), "networks", "learned", "learned_low", "learned_high")
        return pd.DataFrame(rows, columns=list(dict.fromkeys((*first, *rows[0]))))

    def numbers(self) -> list[str]:
        """The names of the numbers that networks of the sweep have."""
        return numbers_of(self.conditions)

    def known(self, name: str) -> bool:
        """Whether any network has a number of this name."""
        return is_known(self.conditions, name)

    def effects(self, only: str | Sequence[str] = ()) -> SweepEffects:
        """What each key changes, with intervals, tests, and p values corrected for the number of tests.

        Of combined or zipped values each is compared with the first value of its key, as `rc.compare` does: networks
        that began with the same weights are pairs, and every network counts once, with its mean over the values of the
        other keys. Of a sample each condition counts once, and what goes with a key is Spearman's rank correlation.

        Args:
            only: names of the numbers that are tested; if none, the share that learned, success, validation loss and
                steps until successful.

        Raises:
            ValueError: no network has a number of this name.
        """
        return effects_of(self.keys, self.conditions, self.how, [only] if isinstance(only, str) else only)

    def to_xarray(self) -> xr.Dataset:
        """Every number with the axes as dimensions, then `network`; of zipped or sampled values with `condition`."""
        axes = [key.name for key in self.keys] if self.how == "all" else ["condition"]
        networks = max(len(one.rows) for one in self.conditions)
        columns = {}
        for name in self.numbers():
            column = np.full((len(self), networks), math.nan)
            for at, one in enumerate(self.conditions):
                column[at, : len(one.rows)] = one.column(name)
            columns[name] = ((*axes, "network"), column.reshape(*self.shape, networks))
        return self.coordinates().merge(xr.Dataset(columns))

    def coordinates(self) -> xr.Dataset:
        """The values of the keys and the numbers of the networks, along the axes of `to_xarray`."""
        found = xr.Dataset(coords={"network": [row["network"] for row in self.conditions[0].rows]})
        for at, key in enumerate(self.keys):
            along = key.name if self.how == "all" else "condition"
            values = key.values if self.how == "all" else [one.values[at] for one in self.conditions]
            found.coords[key.name] = (along, np.array(values) if key.is_number else _texts(values))
        return found

    def table(self) -> dict[str, Any]:
        """The conditions as plain values for JSON; null for a number that is not known."""
        rows = self.by_condition().to_dict("records")
        known = [{str(key): json_value(value) for key, value in row.items()} for row in rows]
        return {"sweep": self.name, "keys": [key.key for key in self.keys], "how": self.how, "conditions": known}

    def _values(self, condition: SweptCondition) -> dict[str, Any]:
        texts = [value if isinstance(value, int | float | str) else word(value) for value in condition.values]
        return dict(zip((key.key for key in self.keys), texts, strict=True))


def _mean(column: Float[np.ndarray, "network"]) -> float:
    known = column[np.isfinite(column)]
    return float(known.mean()) if len(known) else math.nan


def _texts(values: Sequence[Any]) -> np.ndarray:
    return np.array([word(value) for value in values], dtypes.StringDType())
