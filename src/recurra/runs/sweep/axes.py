"""What a sweep varies: keys of a spec with their values, or with the ranges that values are drawn from."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, is_dataclass
from itertools import product
from typing import Any, final

import numpy as np
from scipy.stats import qmc

from recurra.analysis.cohorts.swept import How, word
from recurra.checks import check_count
from recurra.runs.spec import REGISTRY, plain_value
from recurra.runs.tables import storable, to_table

FIXED = ("name", "networks", "analyses")  # keys of a spec that are no condition
MOST_CONDITIONS = 10_000
LOG = ":log"  # after a range whose logarithm is uniform


@final
@dataclass(frozen=True)
class Range:
    """Numbers that values are drawn from.

    Args:
        low: the least.
        high: the largest; if both are whole numbers, whole numbers are drawn, `high` among them.
        log: whether the logarithm is uniform, and not the number.
    """

    low: float
    high: float
    log: bool = False

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise ValueError(f"the range is {self.low:g}..{self.high:g}; expected two numbers, the smaller one first")
        if self.log and self.low <= 0:
            raise ValueError(f"the range {self.low:g}..{self.high:g} has no logarithm; expected numbers above 0")

    def at(self, share: float) -> float | int:
        """The number below which this share of the draws lies."""
        whole = isinstance(self.low, int) and isinstance(self.high, int)
        low, high = float(self.low), float(self.high) + whole
        number = low * (high / low) ** share if self.log else low + share * (high - low)
        return min(int(number), int(self.high)) if whole else number


@final
@dataclass(frozen=True)
class Axis:
    """A key of the spec that varies.

    Args:
        key: the full key, such as "training.learning_rate".
        values: its values, plain as in TOML; or a `Range`, of which a sample draws.
    """

    key: str
    values: tuple[Any, ...] | Range

    def __post_init__(self) -> None:
        if not all(self.key.split(".")):
            raise ValueError(f"{self.key!r} is no key of a spec; expected one such as training.learning_rate")
        if self.key.partition(".")[0] in FIXED:
            raise ValueError(f"{self.key} cannot vary: it is the same in all conditions of a sweep")
        if isinstance(self.values, Range):
            return
        object.__setattr__(self, "values", tuple(map(storable, self.values)))
        if not self.values:
            raise ValueError(f"{self.key} has no values")
        twice = [value for at, value in enumerate(self.values) if value in self.values[:at]]
        if twice:
            raise ValueError(f"{self.key} has the value {word(twice[0])} twice")

    @property
    def name(self) -> str:
        """The last part of the key."""
        return self.key.rpartition(".")[2]

    @property
    def words(self) -> str:
        """The values in words, or the range as on the command line."""
        if isinstance(self.values, Range):
            return f"{self.values.low:g}..{self.values.high:g}{LOG if self.values.log else ''}"
        return ", ".join(map(word, self.values))

    def at(self, share: float) -> Any:
        """The value below which this share of the draws lies."""
        if isinstance(self.values, Range):
            return self.values.at(share)
        return self.values[min(int(share * len(self.values)), len(self.values) - 1)]


def axes_of(varied: Mapping[str, Any]) -> tuple[Axis, ...]:
    """The axes from Python: a list of values, or a `Range`, by the keys.

    Args:
        varied: values by key; parts such as `rc.Orthogonal()` are values too.
    """
    if not varied:
        raise ValueError("nothing varies; name at least one key of the spec with its values")
    axes = []
    for key, values in varied.items():
        if isinstance(values, str) or not isinstance(values, Iterable | Range):
            raise TypeError(f"vary[{key!r}] is {values!r}; expected a list of values, or a Range")
        axes.append(Axis(key, values if isinstance(values, Range) else tuple(_plain(value) for value in values)))
    return tuple(axes)


def axis_from_text(text: str) -> Axis:
    """An axis of the command line: KEY=A,B,C, each value as in TOML or a bare word, or KEY=LOW..HIGH.

    After a range, `:log` makes its logarithm uniform.

    Args:
        text: the text.
    """
    key, separator, values = text.partition("=")
    if not separator or not values.strip():
        raise ValueError(f"--vary got {text!r}; expected KEY=A,B,C such as training.learning_rate=0.001,0.01")
    if ".." in values and not set(values) & set(",[{\"'"):
        return Axis(key, _range(key, values.strip()))
    listed = plain_value(f"[{values}]")
    return Axis(key, tuple(listed if isinstance(listed, list) else [plain_value(one) for one in _split(values)]))


def combined(axes: Sequence[Axis], how: How, samples: int = 0, seed: int = 0) -> list[tuple[Any, ...]]:
    """The values of the axes in every condition.

    Args:
        axes: the axes.
        how: "all" combinations; "zip", the first values of all axes together, then the second; "sample", a Latin
            hypercube, which draws from each of as many equal parts of an axis once.
        samples: number of conditions of a sample.
        seed: of the sample.
    """
    if len({axis.key for axis in axes}) < len(axes):
        raise ValueError("a key varies twice; give all its values at once")
    ranges = [axis for axis in axes if isinstance(axis.values, Range)]
    if how == "sample":
        check_count("the sample", samples, at_most=MOST_CONDITIONS)
        shares = qmc.LatinHypercube(len(axes), rng=seed).random(samples)
        return [tuple(axis.at(float(share)) for axis, share in zip(axes, row, strict=True)) for row in shares]
    if ranges:
        raise ValueError(f"{ranges[0].key} has a range; say how many conditions to draw: --sample N, or samples=N")
    lists = [axis.values for axis in axes if isinstance(axis.values, tuple)]
    if how == "zip":
        if len({len(values) for values in lists}) > 1:
            counts = ", ".join(f"{axis.key} {len(values)}" for axis, values in zip(axes, lists, strict=True))
            raise ValueError(f"values that go together need lists of one length; these have {counts}")
        return list(zip(*lists, strict=True))
    if math.prod(map(len, lists)) > MOST_CONDITIONS:
        raise ValueError(
            f"there are {math.prod(map(len, lists)):,} conditions; at most {MOST_CONDITIONS:,} are possible"
        )
    return list(product(*lists))


def _range(key: str, text: str) -> Range:
    low, _, high = text.removesuffix(LOG).partition("..")
    ends = [plain_value(end) for end in (low, high)]
    if not all(isinstance(end, int | float) and not isinstance(end, bool) for end in ends):
        raise ValueError(f"--vary {key}: the range {text} is not between two numbers")
    try:
        return Range(*ends, log=text.endswith(LOG))  # type: ignore[arg-type]
    except ValueError as error:
        raise ValueError(f"--vary {key}: {error}") from None


def _plain(value: Any) -> Any:
    """A value as a spec holds it."""
    if is_dataclass(value) and not isinstance(value, type):
        return to_table(value, REGISTRY)
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value.item() if isinstance(value, np.generic) else value


def _split(values: str) -> list[str]:
    """A text at its commas, but for those within brackets or quotes."""
    parts, depth, quote, last = [], 0, "", 0
    for at, sign in enumerate(values):
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "\"'":
            quote = sign
        else:
            depth += (sign in "[{") - (sign in "]}")
            if sign == "," and not depth:
                parts.append(values[last:at])
                last = at + 1
    return [part.strip() for part in (*parts, values[last:])]
