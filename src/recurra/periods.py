"""Named periods of a trial, in ms."""

import itertools
from dataclasses import dataclass


@dataclass(frozen=True)
class Period:
    """A named stretch of a trial, [start_ms, end_ms)."""

    name: str
    start_ms: float
    end_ms: float


def periods_until(dt_ms: float, **ends: int) -> tuple[Period, ...]:
    """Consecutive periods with these names, each ending at its step in `ends`; empty periods are left out."""
    steps = [0, *itertools.accumulate(ends.values(), max)]
    spans = zip(ends, steps, steps[1:], strict=False)
    return tuple(
        Period(name, round(start * dt_ms, 9), round(end * dt_ms, 9)) for name, start, end in spans if end > start
    )


def in_a_row(dt_ms: float, **durations_ms: float) -> tuple[Period, ...]:
    """Consecutive periods with these names and durations from time 0, each rounded to whole steps."""
    ends = itertools.accumulate(round(duration_ms / dt_ms) for duration_ms in durations_ms.values())
    return periods_until(dt_ms, **dict(zip(durations_ms, ends, strict=True)))
