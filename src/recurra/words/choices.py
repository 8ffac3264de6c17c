"""Sentences about choices: whether they depend on the evidence, and how fast they are made."""

import numpy as np

from recurra.analysis import Chronometric, Psychometric
from recurra.wording import as_sentence, percent, three


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


def _contexts(names: tuple[str, ...], count: int) -> list[tuple[int, str]]:
    return [(at, f"{name}: " if name else "") for at, name in enumerate(names[:count])]


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
