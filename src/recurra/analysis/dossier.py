"""Everything recurra finds out about one network."""

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
from recurra.models.cohort import Network
from recurra.numerics import pinned
from recurra.tasks import Task
from recurra.threads import one_thread

TENSORS, TENSOR_STEPS = 3, 100  # tensor components, of so many time steps of the probe


def _thinned(rates: Float[np.ndarray, "condition time unit"]) -> Float[np.ndarray, "condition step unit"]:
    return rates[:, :: -(-rates.shape[1] // TENSOR_STEPS)]


def _behaviour(one: Visit) -> Behaviour:
    rates, outputs = one.answers
    return Behaviour(
        examples=one.network.respond(one.trials.part(slice(EXAMPLES)).inputs),
        probe=outputs,
        probe_components=where_known(lambda: one.along_components(rates), rates[..., :0]),
    )


def _program(one: Visit) -> Program | Failure:
    one["fixed_points"]  # without them there is no program
    return one.points_and_program[1]


ANALYSES: dict[str, Callable[[Visit], Any]] = {
    "performance": lambda one: performance(one.network, one.task, one.trials),
    "spectrum": lambda one: spectrum(one.network.recurrent),
    "non_normality": lambda one: non_normality(one.network.recurrent),
    "modes": lambda one: resting_modes(one.network),
    "pca": lambda one: principal_components(one.rates),
    "svd": lambda one: singular_vectors(one.rates),
    "demixed": lambda one: demixed_components(one.rates, one.factors),
    "tensors": lambda one: tensor_components(_thinned(one.rates), TENSORS, one.seed, starts=2),
    "selectivity": lambda one: rate_selectivity(one.rates, one.factors, one.seed),
    "behaviour": _behaviour,
    "regimes": lambda one: regimes(one.network, one.probe, ends=one.ends),
    "fixed_points": lambda one: one.points_and_program[0],
    "program": _program,
    "gains": lambda one: transient_gains(one.network, one["fixed_points"]),
    "slow_points": lambda one: slow_points(one.network, one["fixed_points"]),
    "landscape": lambda one: landscape(one.network, one["fixed_points"], one["program"], one.along_components),
}
"""How the records of any task are made, in this order. One that needs another asks for it by its name."""


def analyses_of(task: Task) -> dict[str, Callable[[Visit], Any]]:
    """How every record in a dossier of a task is made, by the names of their groups."""
    return ANALYSES | (MEMORY_ANALYSES if has_memories(task) else {})


def visited(network: Network, task: Task, seed: int) -> Visit:
    """A network with the record of every analysis, or the `Failure` of one that fails on it.

    Args:
        network: the network; its inputs and outputs must be those of the task.
        task: what it was trained on.
        seed: of the test trials and of the chance levels.
    """
    visit = Visit(network, task, seed)
    visit.make(analyses_of(task))
    return visit


def make_dossier(network: Network, task: Task, seed: int, analyses: Sequence[OwnAnalysis] = ()) -> Dossier:
    """Analyse one network; an analysis that fails on it leaves a `Failure`, and the others go on.

    Args:
        network: the network; its inputs and outputs must be those of the task.
        task: what it was trained on.
        seed: of the test trials and of the chance levels.
        analyses: those of your own, made after recurra's: each a function of a `Visit` that returns a frozen dataclass.

    Raises:
        TypeError: an analysis is not annotated to return a frozen dataclass whose fields can be stored.
    """
    for analysis in analyses:
        record_kind(analysis)
    visit = visited(network, task, seed)
    return Dossier.of(task, visit.records, {analysis_name(one): made(one, visit) for one in analyses})


def made(analysis: OwnAnalysis, visit: Visit) -> Any:
    """The record of an analysis of your own, or its `Failure`, computed under the settings of all analyses."""
    with pinned(), one_thread():
        return own_record(analysis, visit)
