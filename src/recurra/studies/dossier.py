"""Everything recurra finds out about one network."""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from jaxtyping import Float

from recurra.analysis import (
    Geometry,
    Memories,
    NonNormality,
    Performance,
    Reduction,
    Spectrum,
    held_memories,
    memory_geometry,
    non_normality,
    performance,
    principal_components,
    singular_vectors,
    spectrum,
)
from recurra.models.cohort import Network
from recurra.streams import Stream, random_key
from recurra.tasks import FlipFlop, Task, Trials

TEST_TRIALS = 1_000
EXAMPLES = 3


@dataclass(frozen=True)
class Behaviour:
    """What a network puts out, and the path that its rates take, on inputs that all networks of a run share.

    Args:
        examples: outputs on the first test trials.
        walk: outputs on the cube walk.
        walk_components: coordinates of the walk's rates along the first three principal components of the probe.
        walk_bits: coordinates of the walk's rates along the bits' axes.
        states_components: the mean rates of the memory states along the principal components.
        states_bits: the same along the bits' axes; close to the states' signs where they form a cube.
    """

    examples: Float[np.ndarray, "trial time output"]
    walk: Float[np.ndarray, "walk_time output"]
    walk_components: Float[np.ndarray, "walk_time component"]
    walk_bits: Float[np.ndarray, "walk_time bit"]
    states_components: Float[np.ndarray, "condition component"]
    states_bits: Float[np.ndarray, "condition bit"]


@dataclass(frozen=True)
class Dossier:
    """The records of one network; the field names are the groups of `run.zarr`."""

    performance: Performance
    spectrum: Spectrum
    non_normality: NonNormality
    pca: Reduction
    svd: Reduction
    geometry: Geometry
    memories: Memories
    behaviour: Behaviour


def test_trials(task: Task, seed: int) -> Trials:
    """The trials that every network of a run is tested on; none was trained on them."""
    return task.sample(random_key(seed, Stream.test), TEST_TRIALS)


def make_dossier(network: Network, task: FlipFlop, seed: int) -> Dossier:
    """Analyse one network.

    Args:
        network: the network; its inputs and outputs must be those of the task.
        task: what it was trained on.
        seed: of the test trials and of the chance levels.
    """
    check_fit(network, task)
    trials = test_trials(task, seed)
    rates, _ = network.run(task.probe().inputs)
    pca = principal_components(rates)
    geometry = memory_geometry(network, task, seed)
    return Dossier(
        performance=performance(network, task, trials),
        spectrum=spectrum(network.weights.recurrent, task.dt_ms),
        non_normality=non_normality(network.weights.recurrent),
        pca=pca,
        svd=singular_vectors(rates),
        geometry=geometry,
        memories=held_memories(network, task),
        behaviour=_behaviour(network, task, trials, pca, geometry),
    )


def check_fit(network: Network, task: Task) -> None:
    """The network's inputs, outputs and time step must be those of the task."""
    for name in ("inputs", "outputs"):
        found, expected = getattr(network.weights, name), getattr(task, name)
        if found != expected:
            raise ValueError(f"the network has {found} {name}; the task has {expected}")
    if network.dt_ms != task.dt_ms:
        raise ValueError(f"the network's time step is {network.dt_ms:g} ms; the task's is {task.dt_ms:g} ms")


def _behaviour(network: Network, task: FlipFlop, trials: Trials, pca: Reduction, geometry: Geometry) -> Behaviour:
    rates, outputs = network.run(task.cube_walk().inputs)
    return Behaviour(
        examples=network.respond(trials.part(slice(EXAMPLES)).inputs),
        walk=outputs[0],
        walk_components=pca.project(rates[0])[:, :3],
        walk_bits=geometry.bit_coordinates(rates[0]),
        states_components=pca.project(geometry.state_means)[:, :3],
        states_bits=geometry.bit_coordinates(geometry.state_means),
    )


def examples_dataset(task: FlipFlop, seed: int) -> xr.Dataset:
    """Inputs and targets of the trials that the report shows, the same for all networks."""
    trials = test_trials(task, seed).part(slice(EXAMPLES))
    return xr.Dataset(
        {
            "inputs": (("trial", "time", "input"), np.asarray(trials.inputs)),
            "targets": (("trial", "time", "output"), np.asarray(trials.targets)),
        },
        coords={"time": np.asarray(trials.time_ms)},
    )


def walk_dataset(task: FlipFlop) -> xr.Dataset:
    """Inputs, targets and memory states of the cube walk."""
    walk = task.cube_walk()
    return xr.Dataset(
        {
            "inputs": (("walk_time", "input"), np.asarray(walk.inputs[0])),
            "targets": (("walk_time", "output"), np.asarray(walk.targets[0])),
            "memory_state": (("walk_time",), np.asarray(task.memory_state(walk)[0])),
        },
        coords={"walk_time": np.asarray(walk.time_ms)},
    )
