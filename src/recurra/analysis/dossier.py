"""Everything recurra finds out about one network."""

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Float
from threadpoolctl import threadpool_limits

from recurra.analysis import (
    FixedPoints,
    Landscape,
    Program,
    axis_alignment,
    cross_condition_generalization,
    demixed_components,
    factors_of,
    fixed_points,
    held_memories,
    landscape,
    memory_cube,
    memory_geometry,
    memory_lifetimes,
    noisy_lifetimes,
    non_normality,
    performance,
    principal_components,
    program,
    pulse_table,
    rate_selectivity,
    regimes,
    resting_modes,
    singular_vectors,
    slow_points,
    spectrum,
    starts_near,
    states_on,
    tensor_components,
    transient_gains,
    with_program,
)
from recurra.analysis.dossier_records import Behaviour, Dossier, Walk, record_kinds
from recurra.analysis.failures import Failure, UnavailableError, attempted, where_known
from recurra.analysis.shown_trials import EXAMPLES, test_trials
from recurra.models.cohort import Network, check_fit
from recurra.numerics import pinned
from recurra.tasks import FlipFlop, Task
from recurra.tasks.border import check_task

COORDINATES = 3  # principal components along which paths are kept
STARTS, SPREAD = 400, 0.1  # the search for fixed points begins in so many states on the probe, with noise
NOISES, NOISY_TRIALS = (0.1, 0.2, 0.3, 0.4, 0.5), 4  # of lifetimes under noise; trials a memory state
TENSORS, TENSOR_STEPS = 3, 100  # tensor components, of so many time steps of the probe


class Subject:
    """A network under analysis: what its analyses share, and the records that are there already.

    Args:
        network: the network.
        task: what it was trained on.
        seed: of the test trials and of the chance levels.
    """

    def __init__(self, network: Network, task: Task, seed: int) -> None:
        self.network, self.task, self.seed = network, task, seed
        self.trials, self.probe = test_trials(task, seed), task.probe()
        self.records: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        """A record; an error that says why where its analysis failed."""
        if isinstance(self.records[name], Failure):
            raise UnavailableError(name, self.records[name])
        return self.records[name]

    @cached_property
    def answers(self) -> tuple[Float[np.ndarray, "condition time unit"], Float[np.ndarray, "condition time output"]]:
        """Rates and outputs on the probe."""
        return self.network.run(self.probe.inputs)

    @property
    def flipflop(self) -> FlipFlop:
        """The task, for the analyses that only a flip-flop has."""
        if not isinstance(self.task, FlipFlop):
            raise TypeError(f"the task is {type(self.task).__name__}; expected FlipFlop")
        return self.task

    @property
    def rates(self) -> Float[np.ndarray, "condition time unit"]:
        return self.answers[0]

    @cached_property
    def factors(self) -> Any:
        return factors_of(self.task)

    def along_components(self, rates: Float[np.ndarray, "*batch unit"]) -> Float[np.ndarray, "*batch component"]:
        """Coordinates along the first principal components."""
        return self["pca"].project(rates)[..., :COORDINATES]

    def along_bits(self, rates: Float[np.ndarray, "*batch unit"]) -> Float[np.ndarray, "*batch bit"]:
        """Coordinates along the bits' axes."""
        return self["geometry"].bit_coordinates(rates)


def points_of(network: Network, task: Task, seed: int) -> FixedPoints:
    """The fixed points of a network without input, searched from states near those on the probe.

    Args:
        network: the network.
        task: what it was trained on.
        seed: of the states.
    """
    states = states_on(network, np.asarray(task.probe().inputs))
    return fixed_points(network, starts_near(states, STARTS, SPREAD, seed))


def _thinned(rates: Float[np.ndarray, "condition time unit"]) -> Float[np.ndarray, "condition step unit"]:
    return rates[:, :: -(-rates.shape[1] // TENSOR_STEPS)]


def _behaviour(one: Subject) -> Behaviour:
    rates, outputs = one.answers
    return Behaviour(
        examples=one.network.respond(one.trials.part(slice(EXAMPLES)).inputs),
        probe=outputs,
        probe_components=where_known(lambda: one.along_components(rates), rates[..., :0]),
    )


def _program(one: Subject) -> Program:
    """The program; the stable points that only it met are from here on among the fixed points."""
    first = one["fixed_points"]
    one.records["fixed_points"], found = with_program(one.network, first, program(one.network, one.task, first))
    return found


def _walk(one: Subject) -> Walk:
    rates, outputs = (array[0] for array in one.network.run(one.flipflop.cube_walk().inputs))
    means = where_known(
        lambda: one["geometry"].state_means, np.full((len(one.flipflop.states), rates.shape[1]), np.nan)
    )
    return Walk(
        outputs=outputs,
        components=where_known(lambda: one.along_components(rates), rates[:, :0]),
        bits=where_known(lambda: one.along_bits(rates), rates[:, :0]),
        states_components=where_known(lambda: one.along_components(means), means[:, :0]),
        states_bits=where_known(lambda: one.along_bits(means), means[:, :0]),
    )


def _landscape(one: Subject, coordinates: Callable[[Any], Any]) -> Landscape:
    return landscape(one.network, one["fixed_points"], one["program"], coordinates)


ANALYSES: dict[str, Callable[[Subject], Any]] = {
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
    "regimes": lambda one: regimes(one.network, one.probe),
    "fixed_points": lambda one: points_of(one.network, one.task, one.seed),
    "program": _program,
    "gains": lambda one: transient_gains(one.network, one["fixed_points"]),
    "slow_points": lambda one: slow_points(one.network, one["fixed_points"]),
    "landscape": lambda one: _landscape(one, one.along_components),
    "geometry": lambda one: memory_geometry(one.network, one.flipflop),
    "cube": lambda one: memory_cube(one.network, one.flipflop, one.seed),
    "generalization": lambda one: cross_condition_generalization(one.network, one.flipflop, one.seed),
    "alignment": lambda one: axis_alignment(one.network, one.flipflop, one["geometry"], one["fixed_points"], one.seed),
    "memories": lambda one: held_memories(one.network, one.flipflop),
    "lifetimes": lambda one: memory_lifetimes(one.network, one.flipflop),
    "noisy_lifetimes": lambda one: noisy_lifetimes(one.network, one.flipflop, one.seed, NOISES, repeats=NOISY_TRIALS),
    "pulse_table": lambda one: pulse_table(one.network, one.flipflop),
    "walk": _walk,
    "landscape_bits": lambda one: _landscape(one, one.along_bits),
}
"""How every record of a dossier is made, in this order. One that needs another asks for it by its name."""


def make_dossier(network: Network, task: Task, seed: int) -> Dossier:
    """Analyse one network; an analysis that fails on it leaves a `Failure`, and the others go on.

    Args:
        network: the network; its inputs and outputs must be those of the task.
        task: what it was trained on.
        seed: of the test trials and of the chance levels.
    """
    check_task(task)
    check_fit(network, task)
    subject, kinds = Subject(network, task, seed), record_kinds(task)
    with pinned(), threadpool_limits(1):  # the matrices are small: threads would wait for each other
        for name, analysis in ANALYSES.items():
            if name in kinds:
                subject.records[name] = attempted(lambda analysis=analysis: analysis(subject))
    return Dossier(**subject.records)
