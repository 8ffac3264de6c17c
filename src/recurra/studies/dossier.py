"""Everything recurra finds out about one network."""

from dataclasses import dataclass, replace
from typing import ClassVar, get_args, get_type_hints

import numpy as np
import xarray as xr
from jaxtyping import Float
from threadpoolctl import threadpool_limits

from recurra.analysis import (
    Alignment,
    Demixed,
    FixedPoints,
    Generalization,
    Geometry,
    Landscape,
    Lifetimes,
    Memories,
    NoisyLifetimes,
    NonNormality,
    Performance,
    Program,
    PulseTable,
    Reduction,
    Regimes,
    RestingModes,
    Selectivity,
    SlowPoints,
    Spectrum,
    TensorComponents,
    TransientGains,
    axis_alignment,
    cross_condition_generalization,
    demixed_components,
    factors_of,
    fixed_points,
    held_memories,
    landscape,
    memory_geometry,
    memory_lifetimes,
    noisy_lifetimes,
    non_normality,
    performance,
    points_and_program,
    principal_components,
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
)
from recurra.checks import same
from recurra.models.cohort import Network
from recurra.streams import Stream, random_key
from recurra.tasks import FlipFlop, Task, Trials
from recurra.tasks.border import check_task

TEST_TRIALS = 1_000
EXAMPLES = 3
COORDINATES = 3  # principal components along which paths are kept
STARTS, SPREAD = 400, 0.1  # the search for fixed points begins in so many states on the probe, with noise
NOISES, NOISY_TRIALS = (0.1, 0.2, 0.3, 0.4, 0.5), 4  # of lifetimes under noise; trials a memory state
TENSORS, TENSOR_STEPS = 3, 100  # tensor components, of so many time steps of the probe


@dataclass(frozen=True)
class Behaviour:
    """What a network puts out, and the path that its rates take, on inputs that all networks of a run share.

    Args:
        examples: outputs on the first test trials.
        probe: outputs on the probe, in which every condition comes once, as a rule without noise.
        probe_components: coordinates of the probe's rates along their first principal components, at most three.
    """

    examples: Float[np.ndarray, "trial time output"]
    probe: Float[np.ndarray, "condition probe_time output"]
    probe_components: Float[np.ndarray, "condition probe_time component"]


@dataclass(frozen=True)
class Walk:
    """A flip-flop network on the cube walk, which visits all memory states.

    Args:
        outputs: what it puts out.
        components: coordinates of its rates along the first principal components of the probe, at most three.
        bits: coordinates of its rates along the bits' axes.
        states_components: the mean rates of the memory states along the principal components.
        states_bits: the same along the bits' axes; close to the states' signs where they form a cube.
    """

    sources: ClassVar[tuple[str, ...]] = ("jarne2024",)

    outputs: Float[np.ndarray, "walk_time output"]
    components: Float[np.ndarray, "walk_time component"]
    bits: Float[np.ndarray, "walk_time bit"]
    states_components: Float[np.ndarray, "condition component"]
    states_bits: Float[np.ndarray, "condition bit"]


@dataclass(frozen=True)
class Dossier:
    """The records of one network; the field names are the groups of `run.zarr`.

    From `geometry` on it is what only a flip-flop has; None for every other task.
    """

    performance: Performance
    spectrum: Spectrum
    non_normality: NonNormality
    modes: RestingModes
    gains: TransientGains
    pca: Reduction
    svd: Reduction
    demixed: Demixed
    tensors: TensorComponents
    selectivity: Selectivity
    behaviour: Behaviour
    regimes: Regimes
    fixed_points: FixedPoints
    slow_points: SlowPoints
    program: Program
    landscape: Landscape
    geometry: Geometry | None = None
    generalization: Generalization | None = None
    alignment: Alignment | None = None
    memories: Memories | None = None
    lifetimes: Lifetimes | None = None
    noisy_lifetimes: NoisyLifetimes | None = None
    pulse_table: PulseTable | None = None
    walk: Walk | None = None
    landscape_bits: Landscape | None = None


def record_kinds(task: Task) -> dict[str, type]:
    """The kinds of records in the dossiers of a task, by their name."""
    hints = get_type_hints(Dossier)
    optional = {name for name, kind in hints.items() if get_args(kind)}
    kinds = {name: (get_args(kind) or (kind,))[0] for name, kind in hints.items()}
    return kinds if isinstance(task, FlipFlop) else {name: kinds[name] for name in kinds if name not in optional}


def test_trials(task: Task, seed: int) -> Trials:
    """The trials that every network of a run is tested on; none was trained on them."""
    return task.sample(random_key(seed, Stream.test), TEST_TRIALS)


def make_dossier(network: Network, task: Task, seed: int) -> Dossier:
    """Analyse one network.

    Args:
        network: the network; its inputs and outputs must be those of the task.
        task: what it was trained on.
        seed: of the test trials and of the chance levels.
    """
    check_fit(network, task)
    with threadpool_limits(1):  # the matrices are small: threads would wait for each other
        return _dossier(network, task, seed)


def _dossier(network: Network, task: Task, seed: int) -> Dossier:
    trials, probe = test_trials(task, seed), task.probe()
    rates, outputs = network.run(probe.inputs)
    pca, factors = principal_components(rates), factors_of(task)
    points, found = points_and_program(network, task, _starts(network, task, seed))
    behaviour = Behaviour(
        examples=network.respond(trials.part(slice(EXAMPLES)).inputs),
        probe=outputs,
        probe_components=pca.project(rates)[..., :COORDINATES],
    )
    dossier = Dossier(
        performance=performance(network, task, trials),
        spectrum=spectrum(network.weights.recurrent),
        non_normality=non_normality(network.weights.recurrent),
        modes=resting_modes(network),
        gains=transient_gains(network, points),
        pca=pca,
        svd=singular_vectors(rates),
        demixed=demixed_components(rates, factors),
        tensors=tensor_components(rates[:, :: -(-rates.shape[1] // TENSOR_STEPS)], TENSORS, seed, starts=2),
        selectivity=rate_selectivity(rates, factors, seed),
        behaviour=behaviour,
        regimes=regimes(network, probe),
        fixed_points=points,
        slow_points=slow_points(network, points),
        program=found,
        landscape=landscape(network, points, found, lambda here: pca.project(here)[..., :COORDINATES]),
    )
    return _with_memories(dossier, network, task, seed) if isinstance(task, FlipFlop) else dossier


def points_of(network: Network, task: Task, seed: int) -> FixedPoints:
    """The fixed points of a network without input, searched from states near those on the probe.

    Args:
        network: the network.
        task: what it was trained on.
        seed: of the states.
    """
    return fixed_points(network, _starts(network, task, seed))


def _starts(network: Network, task: Task, seed: int) -> Float[np.ndarray, "start unit"]:
    states = states_on(network, np.asarray(task.probe().inputs))
    return starts_near(states, STARTS, SPREAD, seed)


def check_fit(network: Network, task: Task) -> None:
    """The network's inputs, outputs and time step must be those of the task, and the task one to be tested on."""
    check_task(task)
    for name in ("inputs", "outputs"):
        found, expected = getattr(network.weights, name), getattr(task, name)
        if found != expected:
            raise ValueError(f"the network has {found} {name}; the task has {expected}")
    if not same(network.dt_ms, task.dt_ms):
        raise ValueError(f"the network's time step is {network.dt_ms:g} ms; the task's is {task.dt_ms:g} ms")


def _with_memories(dossier: Dossier, network: Network, task: FlipFlop, seed: int) -> Dossier:
    """The dossier with what only a flip-flop has."""
    geometry = memory_geometry(network, task, seed)
    rates, outputs = network.run(task.cube_walk().inputs)
    walk = Walk(
        outputs=outputs[0],
        components=dossier.pca.project(rates[0])[:, :COORDINATES],
        bits=geometry.bit_coordinates(rates[0]),
        states_components=dossier.pca.project(geometry.state_means)[:, :COORDINATES],
        states_bits=geometry.bit_coordinates(geometry.state_means),
    )
    points = dossier.fixed_points
    return replace(
        dossier,
        geometry=geometry,
        generalization=cross_condition_generalization(network, task, seed),
        alignment=axis_alignment(network, task, geometry, points, seed),
        memories=held_memories(network, task),
        lifetimes=memory_lifetimes(network, task),
        noisy_lifetimes=noisy_lifetimes(network, task, seed, NOISES, repeats=NOISY_TRIALS),
        pulse_table=pulse_table(network, task),
        walk=walk,
        landscape_bits=landscape(network, points, dossier.program, geometry.bit_coordinates),
    )


def examples_dataset(task: Task, seed: int) -> xr.Dataset:
    """Inputs, targets and mask of the trials that the report shows, the same for all networks."""
    trials = test_trials(task, seed).part(slice(EXAMPLES))
    return _dataset(trials, "trial", "time")


def probe_dataset(task: Task) -> xr.Dataset:
    """Inputs, targets and mask of the probe; `condition` counts into the attribute `condition_names`."""
    probe = task.probe()
    dataset = _dataset(probe, "condition", "probe_time").assign_coords(condition=np.asarray(probe.condition))
    return dataset.assign_attrs(condition_names=list(probe.condition_names))


def walk_dataset(task: FlipFlop) -> xr.Dataset:
    """Inputs, targets and memory states of the cube walk."""
    walk = task.cube_walk()
    dataset = _dataset(walk, "trial", "walk_time").isel(trial=0).drop_vars("mask")
    return dataset.assign(memory_state=("walk_time", np.asarray(task.memory_state(walk)[0])))


def _dataset(trials: Trials, first: str, time: str) -> xr.Dataset:
    """Trials as a labelled dataset.

    Args:
        trials: the trials.
        first: what their axis is called.
        time: what the axis of time is called.
    """
    arrays = {
        "inputs": ((first, time, "input"), np.asarray(trials.inputs)),
        "targets": ((first, time, "output"), np.asarray(trials.targets)),
        "mask": ((first, time, "output"), np.asarray(trials.mask)),
    }
    return xr.Dataset(arrays, coords={time: np.asarray(trials.time_ms)})
