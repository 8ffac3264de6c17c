"""What the axes of a sweep change: each value against the first, over all values of the other axes."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy import stats

from recurra.analysis.cohorts.difference import Difference, difference_of, holm, json_value
from recurra.analysis.cohorts.swept import How, SweptCondition, SweptKey, is_known, numbers_of
from recurra.checks import nearest
from recurra.shown import Shown

TESTED = ("learned", "success", "validation_loss", "steps_to_success")
LEAST_CONDITIONS = 4  # of which a rank correlation says anything
EXACT = 8  # conditions of which all orders are tried


@dataclass(frozen=True)
class Trend:
    r"""How a number of a sampled sweep goes with a key, over the conditions: Spearman's rank correlation.

    Args:
        name: name of the number, whose mean over a condition's networks is meant.
        key: the key of the spec.
        correlation: Spearman's ρ, -1 to 1.
        p_value: of its test, two-sided.
        p_corrected: the same, corrected for the number of tests by the method of Holm.
        conditions: number of conditions that have the number.
    """

    name: str
    key: str
    correlation: float
    p_value: float
    p_corrected: float
    conditions: int


@dataclass(frozen=True)
class SweepEffects(Shown):
    """What the keys of a sweep change.

    Args:
        differences: of every value of an axis with the first; each network counts once, with its mean over the values
            of the other axes. None for a sample.
        trends: of a sample, how the numbers go with the keys that are numbers.
        notes: what a reader must know, one sentence each.
    """

    differences: tuple[Difference, ...]
    trends: tuple[Trend, ...]
    notes: tuple[str, ...]

    def to_dataframe(self) -> pd.DataFrame:
        """One row per test: the fields of `Difference`, or of `Trend` for a sample."""
        return pd.DataFrame([asdict(row) for row in (*self.differences, *self.trends)])

    def table(self) -> dict[str, Any]:
        """The same as plain values for JSON; null for a number that is not known."""
        return {
            "differences": [_plain(row) for row in self.differences],
            "trends": [_plain(row) for row in self.trends],
            "notes": list(self.notes),
        }


def effects_of(
    keys: Sequence[SweptKey], conditions: Sequence[SweptCondition], how: How, only: Sequence[str] = ()
) -> SweepEffects:
    """What each key changes, as `Sweep.effects` describes it.

    Args:
        keys: what varies.
        conditions: the networks of all conditions.
        how: "all" combinations, "zip" or "sample".
        only: names of the numbers that are tested.
    """
    names = _tested(conditions, only)
    if how == "sample":
        found = [_trend(key, at, conditions, name) for at, key in enumerate(keys) for name in names]
        trends = [trend for trend in found if trend is not None]
        corrected = holm([trend.p_value for trend in trends])
        trends = [replace(trend, p_corrected=p) for trend, p in zip(trends, corrected, strict=True)]
        return SweepEffects((), tuple(trends), tuple(_sample_notes(keys, conditions)))
    contrasts = _zipped(conditions) if how == "zip" else _contrasts(keys, conditions)
    every = [_difference(name, one) for one in contrasts for name in names]
    rows = [row for row in every if row.test != "none"]
    corrected = holm([row.p_value for row in rows])
    rows = [replace(row, p_corrected=p) for row, p in zip(rows, corrected, strict=True)]
    left_out = dict.fromkeys(row.name for row in every if row.test == "none")
    notes = _notes(contrasts, list(left_out), crossed=how == "all" and len(keys) > 1)
    return SweepEffects(tuple(rows), (), tuple(notes))


@dataclass(frozen=True)
class _Contrast:
    """Two values of a key.

    Args:
        label: of the value.
        against: of the first value.
        groups: the conditions of both, in the same order of the other values.
    """

    label: str
    against: str
    groups: tuple[Sequence[SweptCondition], Sequence[SweptCondition]]

    @property
    def paired(self) -> bool:
        """Whether all their networks began with the same weights."""
        starts, others = ([one.starts for one in group] for group in self.groups)
        return starts == others


def _tested(conditions: Sequence[SweptCondition], only: Sequence[str]) -> list[str]:
    every = numbers_of(conditions)
    for name in only:
        if name not in every:
            raise ValueError(f"the sweep has no number {name!r}; {nearest(name, every)}")
    return [name for name in only or TESTED if is_known(conditions, name)]


def _zipped(conditions: Sequence[SweptCondition]) -> list[_Contrast]:
    first, *others = conditions
    return [_Contrast(one.label, first.label, ([one], [first])) for one in others]


def _contrasts(keys: Sequence[SweptKey], conditions: Sequence[SweptCondition]) -> list[_Contrast]:
    contrasts = []
    for at, key in enumerate(keys):
        groups = [[one for one in conditions if one.values[at] == value] for value in key.values]
        labels = [f"{key.name} {label}" for label in key.labels]
        contrasts += [
            _Contrast(label, labels[0], (group, groups[0])) for label, group in zip(labels[1:], groups[1:], strict=True)
        ]
    return contrasts


def _difference(name: str, contrast: _Contrast) -> Difference:
    values, others = (np.mean([one.column(name) for one in group], axis=0) for group in contrast.groups)
    alone = len(contrast.groups[0]) == 1
    shares = alone and any(isinstance(row.get(name), bool) for row in contrast.groups[0][0].rows)
    row = difference_of(name, contrast.label, contrast.against, values, others, paired=contrast.paired, shares=shares)
    return replace(row, missing=len(values) + len(others) - row.networks - row.networks_against)


def _trend(key: SweptKey, at: int, conditions: Sequence[SweptCondition], name: str) -> Trend | None:
    """The correlation of the mean of a number with a key; None where the key is no number or too little is known."""
    if not key.is_number:
        return None
    columns = [one.column(name) for one in conditions]
    means = [float(np.nanmean(column)) if np.isfinite(column).any() else math.nan for column in columns]
    known = np.isfinite(means)
    x, y = np.array([one.values[at] for one in conditions], float)[known], np.array(means)[known]
    if len(x) < LEAST_CONDITIONS or np.ptp(x) == 0 or np.ptp(y) == 0:
        return None
    tested: Any = stats.spearmanr(x, y)
    p_value = float(tested.pvalue)
    if len(x) <= EXACT:
        exact = stats.permutation_test(
            (x,), partial(_correlation, y), permutation_type="pairings", n_resamples=math.factorial(EXACT)
        )
        p_value = float(exact.pvalue)
    return Trend(name, key.key, float(tested.statistic), p_value, math.nan, len(x))


def _correlation(y: Float[np.ndarray, "condition"], x: Float[np.ndarray, "condition"]) -> float:
    found: Any = stats.spearmanr(x, y)
    return float(found.statistic)


def _notes(contrasts: Sequence[_Contrast], left_out: Sequence[str], crossed: bool) -> list[str]:
    notes = ["all conditions have the same seed, and the same stream of trials where task and batch are the same"]
    if crossed:
        notes.append(
            "a difference is the mean over the values of the other keys; where it depends on them, the table of "
            "conditions shows it"
        )
    if left_out:
        notes.append(f"too few networks of some values have {', '.join(left_out)}, which is not tested there")
    unpaired = [one.label for one in contrasts if not one.paired]
    if unpaired:
        notes.append(
            f"networks of {', '.join(unpaired)} do not begin with the weights of those that they are compared with: "
            "they are no pairs"
        )
    return notes


def _sample_notes(keys: Sequence[SweptKey], conditions: Sequence[SweptCondition]) -> list[str]:
    notes = [f"each of the {len(conditions)} conditions counts once, with the mean of its networks"]
    texts = [key.key for key in keys if not key.is_number]
    if texts:
        notes.append(
            f"values of {', '.join(texts)} are no numbers and have no correlation; see the table of conditions"
        )
    if len(conditions) < LEAST_CONDITIONS:
        notes.append(f"fewer than {LEAST_CONDITIONS} conditions have no correlation")
    return notes


def _plain(row: Difference | Trend) -> dict[str, Any]:
    return {key: json_value(value) for key, value in asdict(row).items()}
