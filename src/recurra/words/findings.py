"""What only a flip-flop has: its memory states, where they lie, and the walk through them."""

from dataclasses import dataclass
from typing import TypeVar

import xarray as xr

from recurra.analysis.record import RunRecord
from recurra.tasks import FlipFlop

Found = TypeVar("Found")


@dataclass(frozen=True)
class FlipFlopFindings:
    """The part of a run's record that only a flip-flop has.

    Args:
        task: the flip-flop.
        walk: inputs, targets and memory states of the cube walk.
    """

    task: FlipFlop
    walk: xr.Dataset


def flipflop_findings(run: RunRecord) -> FlipFlopFindings | None:
    """The findings of a flip-flop's run; None for every other task."""
    if not isinstance(run.task, FlipFlop) or run.walk is None:
        return None
    return FlipFlopFindings(run.task, run.walk)


def known(record: Found | None) -> Found:
    """A record that every flip-flop has."""
    if record is None:
        raise TypeError("the record is one that only a flip-flop has; the task is another")
    return record
