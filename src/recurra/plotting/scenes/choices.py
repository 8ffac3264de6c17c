"""Choices by evidence: the psychometric and the chronometric curves of one network, one for each context."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from recurra.analysis import Chronometric, Psychometric
from recurra.plotting.colors import network_color
from recurra.wording import percent, three

CURVE = 400  # points of a fitted curve
SHARES = (-0.04, 1.04)  # the axis of shares


@dataclass(frozen=True)
class ContextCurve:
    """What was measured in one context, with 95 % intervals, and the line through it.

    Args:
        name: of the context; empty where there is one.
        color: its colour.
        level: where it was measured.
        value: what was measured; NaN for nothing.
        low: lower end of its interval.
        high: upper end of the interval.
        texts: what each measurement says under the pointer.
        line: the fitted curve, or the line from one measurement to the next.
    """

    name: str
    color: str
    level: Float[np.ndarray, "level"]
    value: Float[np.ndarray, "level"]
    low: Float[np.ndarray, "level"]
    high: Float[np.ndarray, "level"]
    texts: tuple[str, ...]
    line: Float[np.ndarray, "2 point"]


@dataclass(frozen=True)
class ChoiceCurves:
    """One panel: a curve for each context.

    Args:
        contexts: the curves.
        across: the label of the axis across.
        upwards: the label of the axis upwards.
        limits: of the axis upwards; None for an end that the values set.
        level: the value at which a line goes across.
        level_name: what that value is; empty where the axis says it.
        zero: whether a line marks evidence for neither side.
    """

    contexts: tuple[ContextCurve, ...]
    across: str
    upwards: str
    limits: tuple[float, float | None]
    level: float
    level_name: str = ""
    zero: bool = False

    @property
    def named(self) -> bool:
        """Whether the curves have names."""
        return len(self.contexts) > 1


def psychometric_scene(record: Psychometric) -> ChoiceCurves:
    """The share of positive choices by signed evidence, and the fitted curves.

    Args:
        record: of one network.
    """
    fine = np.linspace(record.evidence[0], record.evidence[-1], CURVE)
    curves = record.at(fine)
    return ChoiceCurves(
        contexts=tuple(
            ContextCurve(
                name=str(name),
                color=network_color(at),
                level=record.evidence,
                value=record.share[at],
                low=record.low[at],
                high=record.high[at],
                texts=tuple(
                    f"{percent(float(share))} % of {total:,} choices at {three(float(level))}{_unit(record.unit)}"
                    for share, total, level in zip(record.share[at], record.total[at], record.evidence, strict=True)
                ),
                line=np.stack([fine, curves[at]]),
            )
            for at, name in enumerate(record.contexts)
        ),
        across=f"Evidence{_of(record.unit)}",
        upwards="Share of positive choices",
        limits=SHARES,
        level=0.5,
        zero=True,
    )


def chronometric_scene(record: Chronometric) -> ChoiceCurves:
    """The median reaction times by the strength of the evidence, and when the task asks for the answer.

    Args:
        record: of one network.
    """
    return ChoiceCurves(
        contexts=tuple(
            ContextCurve(
                name=str(name),
                color=network_color(at),
                level=record.strength,
                value=record.median_ms[at],
                low=record.low_ms[at],
                high=record.high_ms[at],
                texts=tuple(
                    f"{three(float(median))} ms at {three(float(level))}{_unit(record.unit)}: "
                    f"{decided:,} trials decided, {undecided:,} not"
                    for median, level, decided, undecided in zip(
                        record.median_ms[at], record.strength, record.decided[at], record.undecided[at], strict=True
                    )
                ),
                line=np.stack([record.strength, record.median_ms[at]]),
            )
            for at, name in enumerate(record.contexts)
        ),
        across=f"Strength of the evidence{_of(record.unit)}",
        upwards="Median reaction time (ms)",
        limits=(0.0, None),
        level=record.answer_ms,
        level_name="the answer is asked for",
    )


def _of(unit: str) -> str:
    """The unit of an axis."""
    return f" ({unit})" if unit else ""


def _unit(unit: str) -> str:
    """The unit after a number."""
    return f" {unit}" if unit else ""
