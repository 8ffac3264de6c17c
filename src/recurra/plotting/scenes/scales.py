"""What all networks of a run share in its pictures, so that they can be compared."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from recurra.analysis.dossier_records import Dossier
from recurra.analysis.failures import where_known
from recurra.analysis.record import RunRecord
from recurra.plotting.scenes.lifetimes import lifetime_limits
from recurra.plotting.scenes.spectra import PlaneLimits
from recurra.plotting.scenes.weights import weight_limit

Record = TypeVar("Record")


@dataclass(frozen=True)
class Scales:
    """What all networks of a run share.

    Args:
        weight: the weight at the end of the colours, on both sides of zero.
        spectrum: the part of the complex plane that is drawn.
        lifetimes_ms: the ends of the axis of lifetimes, ms; None if there are no lifetimes.
    """

    weight: float
    spectrum: PlaneLimits
    lifetimes_ms: tuple[float, float] | None

    @classmethod
    def of(cls, run: RunRecord) -> "Scales":
        """The scales of a run, from every network whose records are known."""
        positions = range(len(run.numbers))
        lifetimes = list(_known(run, lambda one: one.memories and one.memories.lifetimes))
        matrices = [run.network(at).connected_recurrent for at in positions] if run.network(0).has_recurrent else []
        return cls(
            weight=weight_limit(matrices),
            spectrum=PlaneLimits.of([*_known(run, lambda one: one.spectrum), *filter(None, run.before or [])]),
            lifetimes_ms=lifetime_limits(lifetimes, run.task.steps * run.task.dt_ms) if lifetimes else None,
        )


def _known(run: RunRecord, record: Callable[[Dossier], Record | None]) -> Iterator[Record]:
    """The records of one kind, without the networks in which it is missing or its analysis failed."""
    records = (where_known(partial(record, dossier), None) for dossier in run.dossiers)
    return (one for one in records if one is not None)
