"""Choices in sentences and in plain values: whether they depend on the evidence, and how fast they are made."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from recurra.analysis import Chronometric, Psychometric
from recurra.analysis.choices.psychometric import PARAMETERS
from recurra.analysis.choices.records import ChoiceRecords
from recurra.wording import as_sentence, percent, three


def choice_sentences(choices: ChoiceRecords) -> list[Callable[[], str]]:
    """How a network chooses, and how fast: one sentence or more each, and each may fail alone."""
    return [lambda: psychometric_words(choices.psychometric), lambda: chronometric_words(choices.chronometric)]


def psychometric_words(record: Psychometric) -> str:
    """Threshold and slope, or that the choices do not depend on the evidence, in every context."""
    return " ".join(
        as_sentence(f"{name}{_curve_words(record, at)}")
        for at, name in _contexts(record.contexts, len(record.threshold))
    )


def chronometric_words(record: Chronometric) -> str:
    """The median reaction times at the weakest and the strongest evidence, and the trials without a decision."""
    return " ".join(
        as_sentence(f"{name}{_time_words(record, at)}")
        for at, name in _contexts(record.contexts, len(record.median_ms))
    )


def psychometric_rows(record: Psychometric) -> list[dict[str, Any]]:
    """One row per context, with the share of positive choices at every level of the evidence."""
    intervals = {
        f"{name}_interval": (getattr(record, f"{name}_low"), getattr(record, f"{name}_high")) for name in PARAMETERS
    }
    return [
        {
            "context": str(record.contexts[at]),
            "unit": record.unit,
            "evidence": record.evidence.tolist(),
            "share": record.share[at].tolist(),
            "share_interval": np.stack([record.low[at], record.high[at]], axis=1).tolist(),
            "choices": record.total[at].tolist(),
            "depends": bool(record.depends[at]),
            "p_value": float(record.p_value[at]),
            **{name: float(getattr(record, name)[at]) for name in PARAMETERS},
            **{name: [float(low[at]), float(high[at])] for name, (low, high) in intervals.items()},
            "resolved": bool(record.resolved[at]),
        }
        for at in range(len(record.contexts))
    ]


def chronometric_rows(record: Chronometric) -> list[dict[str, Any]]:
    """One row per context, with the median reaction time at every strength of the evidence."""
    return [
        {
            "context": str(record.contexts[at]),
            "unit": record.unit,
            "strength": record.strength.tolist(),
            "median_ms": record.median_ms[at].tolist(),
            "interval_ms": np.stack([record.low_ms[at], record.high_ms[at]], axis=1).tolist(),
            "decided": record.decided[at].tolist(),
            "undecided": record.undecided[at].tolist(),
            "bound": record.bound,
            "answer_ms": record.answer_ms,
        }
        for at in range(len(record.contexts))
    ]


def _contexts(names: Iterable[str], count: int) -> list[tuple[int, str]]:
    return [(at, f"{name}: " if name else "") for at, name in zip(range(count), names, strict=False)]


def _curve_words(record: Psychometric, at: int) -> str:
    unit = f" {record.unit}" if record.unit else ""
    if not record.depends[at]:
        share = float(np.nansum(record.share[at] * record.total[at]) / max(int(record.total[at].sum()), 1))
        told = f"no dependence on evidence (p = {three(float(record.p_value[at]))})"
        return f"{told}, {percent(share)} % of the choices are positive"
    low, high, least, most = (
        three(float(one[at]))
        for one in (record.threshold_low, record.threshold_high, record.slope_low, record.slope_high)
    )
    slope = f"slope {three(float(record.slope[at]))} [{least}, {most}] per {record.unit or 'unit'}"
    if not record.resolved[at]:
        slope = f"steeper than its levels can tell, slope at least {three(abs(float(record.slope[at])))}"
    bias = f"choices turn at {three(float(record.threshold[at]))}{unit} [{low}, {high}]"
    return f"{bias}, {slope}, lapses {percent(float(record.lapse[at]))} %"


def _time_words(record: Chronometric, at: int) -> str:
    decided, undecided = int(record.decided[at].sum()), int(record.undecided[at].sum())
    known = np.flatnonzero(record.decided[at])
    left = f"{undecided:,} of {decided + undecided:,} trials without a decision"
    if not len(known):
        return f"no trial is decided, {left}"
    weak, strong = (three(float(record.median_ms[at, one])) for one in (known[0], known[-1]))
    return f"decides in {weak} ms at the weakest and {strong} ms at the strongest evidence, {left}"
