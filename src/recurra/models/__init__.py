"""Models: what a network is before it is trained, and what a trained cohort is."""

from recurra.models.cohort import Cohort, Network
from recurra.models.initializers import (
    INITIALIZERS,
    GlorotUniform,
    Identity,
    Initializer,
    Normal,
    Orthogonal,
    SpectralRadius,
)
from recurra.models.rate import RateRNN

__all__ = [
    "INITIALIZERS",
    "Cohort",
    "GlorotUniform",
    "Identity",
    "Initializer",
    "Network",
    "Normal",
    "Orthogonal",
    "RateRNN",
    "SpectralRadius",
]
