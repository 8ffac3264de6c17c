"""Which drawings belong to which record, the first one by default."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

from recurra.analysis import (
    Alignment,
    BetweenTasks,
    Branch,
    Census,
    Chronometric,
    ClusterCount,
    Demixed,
    FixedPoints,
    FlowField,
    FreeRun,
    Generalization,
    Geometry,
    Landscape,
    LatentPaths,
    Lifetimes,
    Loadings,
    Memories,
    MemoryCapacity,
    MemoryCube,
    NoisyLifetimes,
    Populations,
    Program,
    Psychometric,
    PulseTable,
    Reduction,
    Regimes,
    Resampling,
    RestingModes,
    Selectivity,
    Similarities,
    SlowPoints,
    Spectrum,
    SpikeTrains,
    SpikingSearch,
    SpikingUnits,
    TaskPerformance,
    TaskVariance,
    TensorComponents,
    TransientGains,
)
from recurra.analysis.cohorts.census import Clusters
from recurra.analysis.cohorts.differences import Differences
from recurra.analysis.cohorts.network_map import NetworkMap
from recurra.analysis.cohorts.similarity import MEASURES, Signature
from recurra.analysis.cohorts.sweep import Sweep
from recurra.analysis.cohorts.tuning import Tuning
from recurra.analysis.dossier_records import Behaviour
from recurra.analysis.memory.records import Walk
from recurra.analysis.record import RunRecord
from recurra.models.cohort import Cohort, History
from recurra.models.network import Network
from recurra.plotting.papers.census import LABELS
from recurra.plotting.papers.differences import draw_differences
from recurra.plotting.papers.sweeps import draw_sweep
from recurra.plotting.papers.tunings import draw_tuning
from recurra.plotting.records import choices, curves, many_tasks, panels, planes, spaces, spikes
from recurra.plotting.records.program import program
from recurra.tasks.trials import Trials


@final
@dataclass(frozen=True)
class Drawing:
    """One drawing of a record.

    Args:
        draw: draws a record on axes.
        coordinates: how many coordinates the points of a record have, where three need axes with three dimensions.
    """

    draw: Callable[[Any, Any], None]
    coordinates: Callable[[Any], int] = lambda _: 2


LEARNING = {"loss": Drawing(curves.learning_loss), "success": Drawing(curves.learning_success)}

DRAWINGS: dict[type, dict[str, Drawing]] = {
    Alignment: {"readout": Drawing(panels.alignment)},
    Behaviour: {"probe": Drawing(curves.behaviour)},
    Branch: {"branch": Drawing(curves.branch)},
    BetweenTasks: {"branches": Drawing(many_tasks.between_tasks)},
    TaskPerformance: {"tasks": Drawing(many_tasks.task_performance)},
    TaskVariance: {"variance": Drawing(many_tasks.task_variance), "silhouettes": Drawing(many_tasks.silhouettes)},
    ClusterCount: {"clusters": Drawing(many_tasks.cluster_count)},
    Census: {"map": Drawing(planes.census)},
    Chronometric: {"times": Drawing(choices.chronometric)},
    Clusters: {"silhouette": Drawing(panels.clusters)},
    Cohort: LEARNING,
    Demixed: {"variance": Drawing(panels.demixed)},
    Differences: {"spread": Drawing(draw_differences)},
    FixedPoints: {"eigenvalues": Drawing(planes.fixed_points)},
    FreeRun: {"run": Drawing(curves.free_run)},
    MemoryCapacity: {"lags": Drawing(curves.memory_capacity)},
    FlowField: {"flow": Drawing(planes.flow_field)},
    Generalization: {"score": Drawing(panels.generalization)},
    Geometry: {"states": Drawing(spaces.geometry, lambda record: len(record.axes))},
    History: {"loss": Drawing(curves.history), "change": Drawing(curves.weight_change)},
    Landscape: {"landscape": Drawing(spaces.landscape, lambda record: record.points.shape[1])},
    LatentPaths: {"paths": Drawing(curves.latent_paths)},
    Lifetimes: {"lifetimes": Drawing(panels.lifetimes)},
    Loadings: {"first": Drawing(planes.loadings)},
    Memories: {"held": Drawing(panels.memories)},
    MemoryCube: {
        "cube": Drawing(spaces.cube, lambda record: len(record.bit_scores)),
        "scores": Drawing(panels.cube),
    },
    Network: {"weights": Drawing(panels.weights), "spectrum": Drawing(planes.network_spectrum)},
    NetworkMap: {"map": Drawing(planes.network_map)},
    NoisyLifetimes: {"lifetimes": Drawing(curves.noisy_lifetimes)},
    Populations: {"shares": Drawing(panels.populations)},
    Program: {"stimuli": Drawing(program)},
    Psychometric: {"choices": Drawing(choices.psychometric)},
    PulseTable: {"reached": Drawing(panels.pulse_table)},
    Reduction: {"variance": Drawing(panels.reduction)},
    Regimes: {"outputs": Drawing(panels.regimes)},
    Resampling: {"success": Drawing(panels.resampling)},
    RestingModes: {"eigenvalues": Drawing(planes.resting_modes)},
    RunRecord: LEARNING,
    Selectivity: {"counts": Drawing(panels.selectivity)},
    Signature: {"eigenvalues": Drawing(planes.signature)},
    Similarities: {name: Drawing(panels.similarity_drawing(name, LABELS[name])) for name in MEASURES},
    SlowPoints: {"eigenvalues": Drawing(planes.slow_points)},
    Spectrum: {"eigenvalues": Drawing(planes.spectrum)},
    SpikeTrains: {"raster": Drawing(spikes.raster), "outputs": Drawing(spikes.spiking_outputs)},
    SpikingSearch: {"success": Drawing(spikes.spiking_search), "rates": Drawing(spikes.search_rates)},
    SpikingUnits: {"rates": Drawing(spikes.spiking_units)},
    Sweep: {"learned": Drawing(draw_sweep)},
    TensorComponents: {"time": Drawing(curves.tensor_components)},
    TransientGains: {"gains": Drawing(curves.transient_gains)},
    Trials: {"first": Drawing(curves.trials)},
    Tuning: {"history": Drawing(draw_tuning)},
    Walk: {
        "bits": Drawing(spaces.walk, lambda record: record.bits.shape[1]),
        "components": Drawing(spaces.walk_components, lambda record: record.components.shape[1]),
    },
}
"""The drawings of each kind of record, by name."""
