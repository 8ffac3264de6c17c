"""Constraints on the weights of a network."""

from recurra.models.constraints.areas import Areas
from recurra.models.constraints.base import Constraint, Kind, Parameters
from recurra.models.constraints.connections import (
    NoSelfConnections,
    Sparse,
    check_connected,
    connections_of,
    told_apart,
)
from recurra.models.constraints.dale import Dale
from recurra.models.constraints.frozen import Frozen
from recurra.models.constraints.groups import UnitGroup, unit_groups
from recurra.models.constraints.low_rank import LowRank
from recurra.models.constraints.maps import (
    check_constraints,
    check_order,
    constrained,
    finding_arrays,
    free_parameters,
)
from recurra.models.constraints.readout_scale import ReadoutScale

__all__ = [
    "Areas",
    "Constraint",
    "Dale",
    "Frozen",
    "Kind",
    "LowRank",
    "NoSelfConnections",
    "Parameters",
    "ReadoutScale",
    "Sparse",
    "UnitGroup",
    "check_connected",
    "check_constraints",
    "check_order",
    "connections_of",
    "constrained",
    "finding_arrays",
    "free_parameters",
    "told_apart",
    "unit_groups",
]
