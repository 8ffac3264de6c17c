"""Analyses: networks or arrays in, frozen records out."""

from recurra.analysis.choices.chronometric import Chronometric, chronometric
from recurra.analysis.choices.psychometric import Psychometric, psychometric, psychometric_of
from recurra.analysis.cohorts.census import Census, census_of, clusters, network_map
from recurra.analysis.cohorts.comparison import census, similarity_matrices
from recurra.analysis.cohorts.eigenvalue_distances import dynamical_distance, nearest_linearizations, spectral_distance
from recurra.analysis.cohorts.similarity import (
    Similarities,
    linear_cka,
    pairwise,
    procrustes_distance,
    signature_of,
)
from recurra.analysis.dynamics.continuation import Branch, continuation
from recurra.analysis.dynamics.fixed_points import FixedPoints, fixed_points, fixed_points_under, with_more
from recurra.analysis.dynamics.flow_field import FlowField, flow_field
from recurra.analysis.dynamics.landscape import Landscape, landscape
from recurra.analysis.dynamics.modes import RestingModes, TransientGains, resting_modes, transient_gains
from recurra.analysis.dynamics.program import (
    Program,
    points_and_program,
    program,
    with_program,
)
from recurra.analysis.dynamics.regimes import Regimes, regimes
from recurra.analysis.dynamics.slow_points import SlowPoints, slow_points
from recurra.analysis.dynamics.stability import floquet_multipliers, kaplan_yorke_dimension, lyapunov_spectrum
from recurra.analysis.free_run import FreeRun, free_run
from recurra.analysis.low_rank.effective import Agreement, connectivity_agreement, effective_connectivity
from recurra.analysis.low_rank.latent import LatentPaths, latent_flow, latent_paths, latent_variables
from recurra.analysis.low_rank.loadings import Loadings, is_low_rank, loadings
from recurra.analysis.low_rank.populations import Populations, best_populations, populations
from recurra.analysis.low_rank.resampling import Resampling, resampling, shuffled_loadings
from recurra.analysis.many_tasks.between import BetweenTasks, between_tasks
from recurra.analysis.many_tasks.performance import TaskPerformance, task_performance
from recurra.analysis.many_tasks.variance import ClusterCount, TaskVariance, cluster_count, task_variance
from recurra.analysis.memory.alignment import Alignment, axis_alignment
from recurra.analysis.memory.cube import MemoryCube, memory_cube
from recurra.analysis.memory.generalization import Generalization, cross_condition_generalization
from recurra.analysis.memory.geometry import Geometry, memory_geometry
from recurra.analysis.memory.lifetimes import Lifetimes, NoisyLifetimes, memory_lifetimes, noisy_lifetimes
from recurra.analysis.memory.memories import Memories, held_memories
from recurra.analysis.memory.pulse_table import PulseTable, pulse_table
from recurra.analysis.memory_capacity import MemoryCapacity, memory_capacity
from recurra.analysis.performance import Performance, performance
from recurra.analysis.rates.demixed import Demixed, demixed_components
from recurra.analysis.rates.reduction import Reduction, principal_components, singular_vectors
from recurra.analysis.rates.responses import responses
from recurra.analysis.rates.selectivity import Selectivity, unit_selectivity
from recurra.analysis.rates.tensors import TensorComponents, tensor_components
from recurra.analysis.spikes import (
    SpikeTrains,
    SpikingSearch,
    SpikingUnits,
    spike_trains,
    spiking_search,
    spiking_units,
)
from recurra.analysis.states import starts_near, states_on
from recurra.analysis.weights.distribution import WeightStatistics, weight_statistics
from recurra.analysis.weights.spectra import (
    NonNormality,
    Spectrum,
    girko_distance,
    non_normality,
    share_on_circle,
    spectrum,
)

__all__ = [
    "Agreement",
    "Alignment",
    "BetweenTasks",
    "Branch",
    "Census",
    "Chronometric",
    "ClusterCount",
    "Demixed",
    "FixedPoints",
    "FlowField",
    "FreeRun",
    "Generalization",
    "Geometry",
    "Landscape",
    "LatentPaths",
    "Lifetimes",
    "Loadings",
    "Memories",
    "MemoryCapacity",
    "MemoryCube",
    "NoisyLifetimes",
    "NonNormality",
    "Performance",
    "Populations",
    "Program",
    "Psychometric",
    "PulseTable",
    "Reduction",
    "Regimes",
    "Resampling",
    "RestingModes",
    "Selectivity",
    "Similarities",
    "SlowPoints",
    "Spectrum",
    "SpikeTrains",
    "SpikingSearch",
    "SpikingUnits",
    "TaskPerformance",
    "TaskVariance",
    "TensorComponents",
    "TransientGains",
    "WeightStatistics",
    "axis_alignment",
    "best_populations",
    "between_tasks",
    "census",
    "census_of",
    "chronometric",
    "cluster_count",
    "clusters",
    "connectivity_agreement",
    "continuation",
    "cross_condition_generalization",
    "demixed_components",
    "dynamical_distance",
    "effective_connectivity",
    "fixed_points",
    "fixed_points_under",
    "floquet_multipliers",
    "flow_field",
    "free_run",
    "girko_distance",
    "held_memories",
    "is_low_rank",
    "kaplan_yorke_dimension",
    "landscape",
    "latent_flow",
    "latent_paths",
    "latent_variables",
    "linear_cka",
    "loadings",
    "lyapunov_spectrum",
    "memory_capacity",
    "memory_cube",
    "memory_geometry",
    "memory_lifetimes",
    "nearest_linearizations",
    "network_map",
    "noisy_lifetimes",
    "non_normality",
    "pairwise",
    "performance",
    "points_and_program",
    "populations",
    "principal_components",
    "procrustes_distance",
    "program",
    "psychometric",
    "psychometric_of",
    "pulse_table",
    "regimes",
    "resampling",
    "responses",
    "resting_modes",
    "share_on_circle",
    "shuffled_loadings",
    "signature_of",
    "similarity_matrices",
    "singular_vectors",
    "slow_points",
    "spectral_distance",
    "spectrum",
    "spike_trains",
    "spiking_search",
    "spiking_units",
    "starts_near",
    "states_on",
    "task_performance",
    "task_variance",
    "tensor_components",
    "transient_gains",
    "unit_selectivity",
    "weight_statistics",
    "with_more",
    "with_program",
]
