"""The analyses that make the dossier of one network."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from recurra.analysis import (
    Program,
    demixed_components,
    landscape,
    non_normality,
    performance,
    principal_components,
    rate_selectivity,
    regimes,
    resting_modes,
    singular_vectors,
    slow_points,
    spectrum,
    tensor_components,
    transient_gains,
)
from recurra.analysis.dossier_records import Behaviour, Dossier
from recurra.analysis.failures import Failure, where_known
from recurra.analysis.memory.analyses import MEMORY_ANALYSES, has_memories
from recurra.analysis.own import OwnAnalysis, analysis_name, own_record, record_kind
from recurra.analysis.shown_trials import EXAMPLES
from recurra.analysis.visit import Visit
from recurra.models.network import Network
from recurra.numerics import pinned
from recurra.tasks import Task
from recurra.threads import one_thread

TENSORS, TENSOR_STEPS = 3, 100  # tensor components; most time steps of the probe that they are fitted to


def _thinned(rates: Float[np.ndarray, "condition time unit"]) -> Float[np.ndarray, "condition step unit"]:
    return rates[:, :: -(-rates.shape[1] // TENSOR_STEPS)]


def _behaviour(visit: Visit) -> Behaviour:
    rates, outputs = visit.answers
    return Behaviour(
        examples=visit.network.respond(visit.trials.part(slice(EXAMPLES)).inputs),
        probe=outputs,
        probe_components=where_known(lambda: visit.along_components(rates), rates[..., :0]),
    )


def _program(visit: Visit) -> Program | Failure:
    visit["fixed_points"]  # without them there is no program
    return visit.points_and_program[1]


ANALYSES: dict[str, Callable[[Visit], Any]] = {
    "performance": lambda visit: performance(visit.network, visit.task, visit.trials),
    "spectrum": lambda visit: spectrum(visit.network.recurrent),
    "non_normality": lambda visit: non_normality(visit.network.recurrent),
    "modes": lambda visit: resting_modes(visit.network),
    "pca": lambda visit: principal_components(visit.rates),
    "svd": lambda visit: singular_vectors(visit.rates),
    "demixed": lambda visit: demixed_components(visit.rates, visit.factors),
    "tensors": lambda visit: tensor_components(_thinned(visit.rates), TENSORS, visit.seed, starts=2),
    "selectivity": lambda visit: rate_selectivity(visit.rates, visit.factors, visit.seed),
    "behaviour": _behaviour,
    "regimes": lambda visit: regimes(visit.network, visit.probe, ends=visit.ends),
    "fixed_points": lambda visit: visit.points_and_program[0],
    "program": _program,
    "gains": lambda visit: transient_gains(visit.network, visit["fixed_points"]),
    "slow_points": lambda visit: slow_points(visit.network, visit["fixed_points"]),
    "landscape": lambda visit: landscape(
        visit.network, visit["fixed_points"], visit["program"], visit.along_components
    ),
}
"""The analyses of any task by the group of their record, in order; an analysis asks for other records by group."""


def analyses_of(task: Task) -> dict[str, Callable[[Visit], Any]]:
    """The analyses whose records make the dossier of a task, by the group of the record."""
    return ANALYSES | (MEMORY_ANALYSES if has_memories(task) else {})


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


def make_dossier(network: Network, task: Task, seed: int, analyses: Sequence[OwnAnalysis] = ()) -> Dossier:
    """Analyse one network; an analysis that fails on it leaves a `Failure`, and the others go on.

    Args:
        network: the network; its inputs and outputs must be those of the task.
        task: the task it was trained on.
        seed: seed of the test trials and of the chance levels.
        analyses: your own analyses, which run after recurra's: functions of a `Visit` that return a frozen dataclass.

    Raises:
        TypeError: an analysis is not annotated to return a frozen dataclass whose fields can be stored.
    """
    for analysis in analyses:
        record_kind(analysis)
    visit = visited(network, task, seed)
    return Dossier.of(task, visit.records, {analysis_name(own): pinned_record(own, visit) for own in analyses})


def pinned_record(analysis: OwnAnalysis, visit: Visit) -> Any:
    """The record of one of your own analyses, or its `Failure`, computed under the same settings as recurra's."""
    with pinned(), one_thread():
        return own_record(analysis, visit)
