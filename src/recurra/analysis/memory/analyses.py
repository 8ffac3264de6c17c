"""Which tasks have memories, and the analyses of networks that only these have."""

from collections.abc import Callable
from typing import Any, TypeGuard

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
from recurra.analysis.memory.pulse_table import pulse_table
from recurra.analysis.memory.records import Walk
from recurra.analysis.shown_trials import trials_dataset
from recurra.analysis.visit import Visit
from recurra.tasks.base import Task
from recurra.tasks.flipflop import FlipFlop

NOISES, NOISY_TRIALS = (0.1, 0.2, 0.3, 0.4, 0.5), 4  # of lifetimes under noise; trials a memory state


def has_memories(task: Task) -> TypeGuard[FlipFlop]:
    """Whether the conditions of a task are memory states of bits that pulses set: those of flip-flops of any kind."""
    return isinstance(task, FlipFlop)


def memory_task(task: Task) -> FlipFlop:
    """The task as one with memories, for what only such tasks have."""
    if not has_memories(task):
        raise TypeError(f"the task is {type(task).__name__}, which has no memory states; expected a flip-flop")
    return task


def walk_dataset(task: FlipFlop) -> xr.Dataset:
    """Inputs, targets and memory states of the cube walk."""
    walk = task.cube_walk()
    dataset = trials_dataset(walk, "trial", "walk_time").isel(trial=0).drop_vars("mask")
    return dataset.assign(memory_state=("walk_time", np.asarray(task.memory_state(walk)[0])))


def _task(one: Visit) -> FlipFlop:
    return memory_task(one.task)


def _along_bits(one: Visit) -> Callable[[Any], Any]:
    """Coordinates along the bits' axes."""
    return one["geometry"].bit_coordinates


def _walk(one: Visit) -> Walk:
    task = _task(one)
    rates, outputs = (array[0] for array in one.network.run(task.cube_walk().inputs))
    means = where_known(lambda: one["geometry"].state_means, np.full((len(task.states), rates.shape[1]), np.nan))
    return Walk(
        outputs=outputs,
        components=where_known(lambda: one.along_components(rates), rates[:, :0]),
        bits=where_known(lambda: _along_bits(one)(rates), rates[:, :0]),
        states_components=where_known(lambda: one.along_components(means), means[:, :0]),
        states_bits=where_known(lambda: _along_bits(one)(means), means[:, :0]),
    )


MEMORY_ANALYSES: dict[str, Callable[[Visit], Any]] = {
    "geometry": lambda one: memory_geometry(one.network, _task(one)),
    "cube": lambda one: memory_cube(one.network, _task(one), one.seed),
    "generalization": lambda one: cross_condition_generalization(one.network, _task(one), one.seed),
    "alignment": lambda one: axis_alignment(one.network, _task(one), one["geometry"], one["fixed_points"], one.seed),
    "memories": lambda one: held_memories(one.network, _task(one)),
    "lifetimes": lambda one: memory_lifetimes(one.network, _task(one)),
    "noisy_lifetimes": lambda one: noisy_lifetimes(one.network, _task(one), one.seed, NOISES, repeats=NOISY_TRIALS),
    "pulse_table": lambda one: pulse_table(one.network, _task(one)),
    "walk": _walk,
    "landscape_bits": lambda one: landscape(one.network, one["fixed_points"], one["program"], _along_bits(one)),
}
"""How the records of a task with memories are made, by the names of their groups, after those of any task."""
