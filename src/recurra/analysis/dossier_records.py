"""The records of one network, and what stands in the place of those whose analysis failed."""

from dataclasses import dataclass
from typing import Any, ClassVar, get_args, get_type_hints

import numpy as np
from jaxtyping import Float

from recurra.analysis import (
    Alignment,
    Demixed,
    FixedPoints,
    Generalization,
    Geometry,
    Landscape,
    Lifetimes,
    Memories,
    MemoryCube,
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
)
from recurra.analysis.failures import Failure, UnavailableError
from recurra.tasks import FlipFlop, Task


@dataclass(frozen=True)
class Behaviour:
    """What a network puts out, and the path that its rates take, on inputs that all networks of a run share.

    Args:
        examples: outputs on the first test trials.
        probe: outputs on the probe, in which every condition comes once, as a rule without noise.
        probe_components: coordinates of the probe's rates along their first principal components, at most three; none
            where these are not known.
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

    Where the components or the axes are not known there are no coordinates along them.
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

    From `geometry` on it is what only a flip-flop has; None for every other task. In place of a record whose analysis
    failed on this network stands its `Failure`: whoever asks for it gets an `UnavailableError` that says why.
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
    cube: MemoryCube | None = None
    generalization: Generalization | None = None
    alignment: Alignment | None = None
    memories: Memories | None = None
    lifetimes: Lifetimes | None = None
    noisy_lifetimes: NoisyLifetimes | None = None
    pulse_table: PulseTable | None = None
    walk: Walk | None = None
    landscape_bits: Landscape | None = None

    def __getattribute__(self, name: str) -> Any:
        value = super().__getattribute__(name)
        if isinstance(value, Failure):
            raise UnavailableError(name, value)
        return value

    @property
    def failures(self) -> dict[str, str]:
        """The reasons of the analyses that failed, by the names of their records."""
        return {name: value.reason for name, value in self._missing() if value.applies}

    @property
    def not_applicable(self) -> dict[str, str]:
        """Why some records are not defined for networks of this kind, by their names."""
        return {name: value.reason for name, value in self._missing() if not value.applies}

    def _missing(self) -> list[tuple[str, Failure]]:
        return [(name, value) for name, value in vars(self).items() if isinstance(value, Failure)]

    def record(self, name: str) -> Any:
        """A record by its name, or its `Failure`."""
        return vars(self)[name]


def record_kinds(task: Task) -> dict[str, type]:
    """The kinds of records in the dossiers of a task, by their name."""
    hints = get_type_hints(Dossier)
    optional = {name for name, kind in hints.items() if get_args(kind)}
    kinds = {name: (get_args(kind) or (kind,))[0] for name, kind in hints.items()}
    return kinds if isinstance(task, FlipFlop) else {name: kinds[name] for name in kinds if name not in optional}
