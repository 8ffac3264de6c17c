"""Analyses: networks or arrays in, frozen records out."""

from recurra.analysis.fixed_points import FixedPoints, fixed_points, starts_near
from recurra.analysis.geometry import Geometry, memory_geometry
from recurra.analysis.lifetimes import Lifetimes, NoisyLifetimes, memory_lifetimes, noisy_lifetimes
from recurra.analysis.memories import Memories, held_memories
from recurra.analysis.performance import Performance, performance
from recurra.analysis.reduction import Reduction, principal_components, singular_vectors
from recurra.analysis.regimes import Regime, regimes
from recurra.analysis.spectra import NonNormality, Spectrum, non_normality, spectrum

__all__ = [
    "FixedPoints",
    "Geometry",
    "Lifetimes",
    "Memories",
    "NoisyLifetimes",
    "NonNormality",
    "Performance",
    "Reduction",
    "Regime",
    "Spectrum",
    "fixed_points",
    "held_memories",
    "memory_geometry",
    "memory_lifetimes",
    "noisy_lifetimes",
    "non_normality",
    "performance",
    "principal_components",
    "regimes",
    "singular_vectors",
    "spectrum",
    "starts_near",
]
