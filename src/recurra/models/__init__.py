"""Models: what a network is before it is trained, and what a trained cohort is."""

from recurra.models.cohort import Cohort, Network
from recurra.models.constraints import CONSTRAINTS, Constraint, Frozen
from recurra.models.initializers import (
    INITIALIZERS,
    GlorotUniform,
    Identity,
    Initializer,
    Normal,
    Orthogonal,
    SpectralRadius,
)
from recurra.models.model import Model
from recurra.models.rate import RateRNN

MODELS: dict[str, type[Model]] = {"rate": RateRNN}

__all__ = [
    "CONSTRAINTS",
    "INITIALIZERS",
    "MODELS",
    "Cohort",
    "Constraint",
    "Frozen",
    "GlorotUniform",
    "Identity",
    "Initializer",
    "Model",
    "Network",
    "Normal",
    "Orthogonal",
    "RateRNN",
    "SpectralRadius",
]
