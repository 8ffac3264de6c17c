"""What only a flip-flop has: its memory states, where they lie, and the walk through them."""

from dataclasses import dataclass

import xarray as xr

from recurra.analysis import Geometry
from recurra.studies.dossier import Walk
from recurra.studies.run_record import RunRecord
from recurra.tasks import FlipFlop


@dataclass(frozen=True)
class FlipFlopFindings:
    """The part of a run's record that only a flip-flop has.

    Args:
        task: the flip-flop.
        walk: inputs, targets and memory states of the cube walk.
        geometries: of every network.
        walks: of every network.
    """

    task: FlipFlop
    walk: xr.Dataset
    geometries: tuple[Geometry, ...]
    walks: tuple[Walk, ...]


def flipflop_findings(run: RunRecord) -> FlipFlopFindings | None:
    """The findings of a flip-flop's run; None for every other task."""
    if not isinstance(run.task, FlipFlop) or run.walk is None:
        return None
    geometries = tuple(dossier.geometry for dossier in run.dossiers if dossier.geometry is not None)
    walks = tuple(dossier.walk for dossier in run.dossiers if dossier.walk is not None)
    return FlipFlopFindings(run.task, run.walk, geometries, walks)
