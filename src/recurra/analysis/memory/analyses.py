"""The analyses that only networks on tasks with memories have."""

from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr

from recurra.analysis.dynamics.landscape import landscape
from recurra.analysis.failures import where_known
from recurra.analysis.memory.alignment import axis_alignment
from recurra.analysis.memory.cube import memory_cube
from recurra.analysis.memory.generalization import cross_condition_generalization
from recurra.analysis.memory.geometry import memory_geometry
from recurra.analysis.memory.lifetimes import memory_lifetimes, noisy_lifetimes
from recurra.analysis.memory.memories import held_memories
from recurra.analysis.memory.memory_tasks import memory_task
from recurra.analysis.memory.pulse_table import pulse_table
from recurra.analysis.memory.records import Walk
from recurra.analysis.shown_trials import trials_dataset
from recurra.analysis.visit import Visit
from recurra.tasks.flipflop import FlipFlop

NOISES, NOISY_TRIALS = (0.1, 0.2, 0.3, 0.4, 0.5), 4  # input noises of noisy lifetimes; trials per memory state


def walk_dataset(task: FlipFlop) -> xr.Dataset:
    """Inputs, targets and memory states of the cube walk."""
    walk = task.cube_walk()
    dataset = trials_dataset(walk, "trial", "walk_time").isel(trial=0).drop_vars("mask")
    return dataset.assign(memory_state=("walk_time", np.asarray(task.memory_state(walk)[0])))


def _along_bits(visit: Visit) -> Callable[[Any], Any]:
    """The projection of rates to coordinates along the bits' axes."""
    return visit["geometry"].bit_coordinates


def _walk(visit: Visit) -> Walk:
    task = memory_task(visit.task)
    rates, outputs = (array[0] for array in visit.network.run(task.cube_walk().inputs))
    means = where_known(lambda: visit["geometry"].state_means, np.full((len(task.states), rates.shape[1]), np.nan))
    return Walk(
        outputs=outputs,
        components=where_known(lambda: visit.along_components(rates), rates[:, :0]),
        bits=where_known(lambda: _along_bits(visit)(rates), rates[:, :0]),
        states_components=where_known(lambda: visit.along_components(means), means[:, :0]),
        states_bits=where_known(lambda: _along_bits(visit)(means), means[:, :0]),
    )


MEMORY_ANALYSES: dict[str, Callable[[Visit], Any]] = {
    "geometry": memory_geometry,
    "cube": memory_cube,
    "generalization": cross_condition_generalization,
    "alignment": lambda visit: axis_alignment(visit, geometry=visit["geometry"], points=visit["fixed_points"]),
    "memories": held_memories,
    "lifetimes": lambda visit: memory_lifetimes(visit, after=visit["regimes"]),
    "noisy_lifetimes": lambda visit: noisy_lifetimes(visit, input_noise=NOISES, repeats=NOISY_TRIALS),
    "pulse_table": pulse_table,
    "walk": _walk,
    "landscape_bits": lambda visit: landscape(
        visit, points=visit["fixed_points"], graph=visit["program"], project=_along_bits(visit)
    ),
}
"""The further analyses of a task with memories, by the group of their record; they come after those of any task."""
