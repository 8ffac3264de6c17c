"""The analyses that make the dossier of one network."""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from recurra.analysis import (
    FixedPoints,
    Program,
    TensorComponents,
    demixed_components,
    fixed_points,
    landscape,
    non_normality,
    performance,
    principal_components,
    program,
    regimes,
    resting_modes,
    singular_vectors,
    slow_points,
    spectrum,
    tensor_components,
    transient_gains,
    unit_selectivity,
    with_program,
)
from recurra.analysis.choices.records import CHOICE_ANALYSES, has_choices
from recurra.analysis.dossier_records import Behaviour, Dossier
from recurra.analysis.failures import Failure, attempted, where_known
from recurra.analysis.memory.analyses import MEMORY_ANALYSES
from recurra.analysis.memory.memory_tasks import has_memories
from recurra.analysis.own import OwnAnalysis, analysis_name, own_record, record_kind
from recurra.analysis.shown_trials import EXAMPLES
from recurra.analysis.subjects import Subject, of_each_network, visit_of
from recurra.analysis.visit import Visit
from recurra.models.network import Network, NotApplicableError
from recurra.numerics import pinned
from recurra.tasks import Task
from recurra.tasks.no_task import NEEDED
from recurra.threads import one_thread

TENSORS, TENSOR_STEPS = 3, 100  # tensor components; most time steps of the probe that they are fitted to


def _tensors(visit: Visit) -> TensorComponents:
    """The tensor components of the rates in at most `TENSOR_STEPS` steps of the probe."""
    every = -(-visit.rates.shape[1] // TENSOR_STEPS)
    dt_ms = every * visit.network.dt_ms
    return tensor_components(visit, rates=visit.rates[:, ::every], dt_ms=dt_ms, components=TENSORS, starts=2)


def _behaviour(visit: Visit) -> Behaviour:
    rates, outputs = visit.answers
    return Behaviour(
        examples=visit.network.respond(visit.trials.part(slice(EXAMPLES)).inputs),
        probe=outputs,
        probe_components=where_known(lambda: visit.along_components(rates), rates[..., :0]),
        dt_ms=visit.network.dt_ms,
    )


def _points_and_program(visit: Visit) -> tuple[FixedPoints, Program | Failure]:
    """The fixed points without input, including points that only the program met; and the program or its failure.

    If the program fails, the points are those of the search.
    """

    def make() -> tuple[FixedPoints, Program | Failure]:
        first = fixed_points(visit)
        joined = attempted(lambda: with_program(visit.network, first, program(visit, points=first)))
        return (first, joined) if isinstance(joined, Failure) else joined

    return visit.once("points_and_program", make)


def _program(visit: Visit) -> Program | Failure:
    visit["fixed_points"]  # without them there is no program
    return _points_and_program(visit)[1]


def needs_task(analysis: Callable[[Visit], Any]) -> Callable[[Visit], Any]:
    """The analysis, which is not defined where no task was given."""

    @wraps(analysis)
    def of_task(visit: Visit) -> Any:
        if not visit.task.known:
            raise NotApplicableError(NEEDED)
        return analysis(visit)

    return of_task


ANALYSES: dict[str, Callable[[Visit], Any]] = {
    "performance": needs_task(performance),
    "spectrum": spectrum,
    "non_normality": non_normality,
    "modes": resting_modes,
    "pca": principal_components,
    "svd": needs_task(singular_vectors),
    "demixed": needs_task(demixed_components),
    "tensors": needs_task(_tensors),
    "selectivity": needs_task(unit_selectivity),
    "behaviour": _behaviour,
    "regimes": regimes,
    "fixed_points": lambda visit: _points_and_program(visit)[0],
    "program": _program,
    "gains": lambda visit: transient_gains(visit, points=visit["fixed_points"]),
    "slow_points": lambda visit: slow_points(visit, points=visit["fixed_points"]),
    "landscape": lambda visit: landscape(
        visit, points=visit["fixed_points"], graph=visit["program"], project=visit.along_components
    ),
}
"""The analyses of any task by the group of their record, in order; an analysis asks for other records by group.

The others than those that need the task are made of a network alone too, on paths from random states without input.
"""


def analyses_of(task: Task) -> dict[str, Callable[[Visit], Any]]:
    """The analyses whose records make the dossier of a task, by the group of the record."""
    memories = MEMORY_ANALYSES if has_memories(task) else {}
    return ANALYSES | memories | (CHOICE_ANALYSES if has_choices(task) else {})


def visited(network: Network, task: Task, seed: int) -> Visit:
    """The visit of a network with the record of every analysis, or the `Failure` of an analysis that failed.

    Args:
        network: the network; its inputs and outputs must be those of the task.
        task: the task it was trained on.
        seed: seed of the test trials and of the chance levels.
    """
    visit = Visit(network, task, seed)
    visit.make(analyses_of(task))
    return visit


@of_each_network
def make_dossier(
    network: Subject, task: Task | None = None, *, seed: int | None = None, analyses: Sequence[OwnAnalysis] = ()
) -> Dossier:
    """Analyse one network; an analysis that fails on it leaves a `Failure`, and the others go on.

    Args:
        network: the network, or a cohort.
        task: the task it was trained on; not needed where the network knows it.
        seed: seed of the test trials and of the chance levels; if not given, that of the network's cohort, or 0.
        analyses: your own analyses, which run after recurra's: functions of a `Visit` that return a frozen dataclass.

    Raises:
        TypeError: an analysis is not annotated to return a frozen dataclass whose fields can be stored.
    """
    for analysis in analyses:
        record_kind(analysis)
    visit = visit_of(network, task, seed)
    visit.make(analyses_of(visit.task))
    return Dossier.of(visit.task, visit.records, {analysis_name(own): pinned_record(own, visit) for own in analyses})


def pinned_record(analysis: OwnAnalysis, visit: Visit) -> Any:
    """The record of one of your own analyses, or its `Failure`, computed under the same settings as recurra's."""
    with pinned(), one_thread():
        return own_record(analysis, visit)
