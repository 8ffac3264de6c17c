"""The records that a dossier has only for tasks with memories, and the walk through the memory states."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from recurra.analysis.dynamics.landscape import Landscape
from recurra.analysis.failures import GROUP, Records
from recurra.analysis.memory.alignment import Alignment
from recurra.analysis.memory.cube import MemoryCube
from recurra.analysis.memory.generalization import Generalization
from recurra.analysis.memory.geometry import Geometry
from recurra.analysis.memory.lifetimes import Lifetimes, NoisyLifetimes
from recurra.analysis.memory.memories import Memories
from recurra.analysis.memory.pulse_table import PulseTable
from recurra.shown import Shown


@dataclass(frozen=True)
class Walk(Shown):
    """A network with memories on the cube walk, which visits all memory states.

    Args:
        outputs: outputs of the network.
        components: coordinates of its rates along the first principal components of the probe, at most three.
        bits: coordinates of its rates along the bits' axes.
        states_components: the mean rates of the memory states along the principal components.
        states_bits: the same along the bits' axes; close to the states' signs if the states form a cube.

    If the components or the axes are not known there are no coordinates along them.
    """

    sources: ClassVar[tuple[str, ...]] = ("jarne2024",)

    outputs: Float[np.ndarray, "walk_time output"]
    components: Float[np.ndarray, "walk_time component"]
    bits: Float[np.ndarray, "walk_time bit"]
    states_components: Float[np.ndarray, "condition component"]
    states_bits: Float[np.ndarray, "condition bit"]


@dataclass(frozen=True)
class MemoryRecords(Records):
    """The records of one network that only tasks with memories have.

    Args:
        geometry: the parallelepiped that fits the mean rates of the memory states.
        cube: whether the memory states stay on the corners of a parallelepiped.
        generalization: whether a bit is stored in the same direction whatever the others are.
        alignment: alignment of the axes of the bits with the readout, the weights and the slow modes.
        held: which memories are held to the end of a trial, and longer; the group `memories` of `run.zarr`.
        lifetimes: how long each memory lasts.
        noisy_lifetimes: the same under noise on the inputs.
        pulse_table: the memory state to which each pulse leads from each memory state.
        walk: its path through all memory states.
        landscape_bits: its fixed points and orbits along the axes of the bits.
    """

    geometry: Geometry
    cube: MemoryCube
    generalization: Generalization
    alignment: Alignment
    held: Memories = field(metadata={GROUP: "memories"})
    lifetimes: Lifetimes
    noisy_lifetimes: NoisyLifetimes
    pulse_table: PulseTable
    walk: Walk
    landscape_bits: Landscape
