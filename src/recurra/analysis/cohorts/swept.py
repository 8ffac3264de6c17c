"""The keys that a sweep varies, and the networks of one of its conditions."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Float

from recurra.intervals import Proportion, wilson_interval

How = Literal["all", "zip", "sample"]


@dataclass(frozen=True)
class SweptKey:
    """A key of the spec that varies.

    Args:
        key: the full key, such as "training.learning_rate".
        name: its last part, or all of it where two keys end alike.
        values: its values in the order of the sweep; of a sample those that were drawn, in the order of the conditions.
    """

    key: str
    name: str
    values: tuple[Any, ...]

    @property
    def is_number(self) -> bool:
        """Whether all values are numbers."""
        return all(isinstance(value, int | float) and not isinstance(value, bool) for value in self.values)

    @property
    def labels(self) -> tuple[str, ...]:
        """The values in words."""
        return tuple(map(word, self.values))


@dataclass(frozen=True)
class SweptCondition:
    """The networks of one condition.

    Args:
        values: the value of every key.
        label: the values in words.
        folder: the run folder.
        analysed: whether the numbers include those of the analyses.
        rows: the numbers of `rc.table`, one row per network.
        starts: a hash of the weights of each network before training: where it is the same, networks are pairs.
        seconds: duration of the training.
    """

    values: tuple[Any, ...]
    label: str
    folder: Path
    analysed: bool
    rows: tuple[Mapping[str, Any], ...]
    starts: tuple[str, ...]
    seconds: float

    @property
    def success_rate(self) -> Proportion:
        """The share of networks that learned their task, with its 95 % interval (Wilson)."""
        return wilson_interval(sum(bool(row["learned"]) for row in self.rows), len(self.rows))

    def column(self, name: str) -> Float[np.ndarray, "network"]:
        """One number of every network; NaN where it is not known."""
        return np.array([float(row.get(name, math.nan)) for row in self.rows])

    def median(self, name: str) -> float:
        """The median of one number over the networks that have it; NaN if none has."""
        column = self.column(name)
        known = column[np.isfinite(column)]
        return float(np.median(known)) if len(known) else math.nan


def numbers_of(conditions: Sequence[SweptCondition]) -> list[str]:
    """The names of the numbers that networks of the conditions have."""
    names = dict.fromkeys(name for one in conditions for row in one.rows for name in row)
    return [name for name in names if name not in ("network", "status")]


def is_known(conditions: Sequence[SweptCondition], name: str) -> bool:
    """Whether any network has a number of this name."""
    return any(np.isfinite(one.column(name)).any() for one in conditions)


def word(value: Any) -> str:
    """A value of a spec in a word: of a part its kind, and what it has beside that."""
    if isinstance(value, Mapping):
        more = ", ".join(f"{key} {word(one)}" for key, one in value.items() if key != "kind")
        kind = str(value.get("kind", ""))
        return f"{kind} ({more})" if kind and more else kind or more
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(word, value))}]"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
