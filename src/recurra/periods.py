"""Named periods of a trial, in ms."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Period:
    """A named stretch of a trial, [start_ms, end_ms)."""

    name: str
    start_ms: float
    end_ms: float
