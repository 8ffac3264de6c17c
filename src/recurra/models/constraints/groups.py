"""Groups of units that constraints make: areas, and excitatory and inhibitory units."""

from collections.abc import Iterable
from dataclasses import dataclass

from recurra.models.constraints.areas import Areas
from recurra.models.constraints.base import Constraint
from recurra.models.constraints.dale import Dale, excitatory_units

SIGN_NAMES = {1: "excitatory", -1: "inhibitory"}


@dataclass(frozen=True)
class UnitGroup:
    """Neighbouring units of one area and sign.

    Args:
        area: number of their area, from 1; 0 if there are no areas.
        sign: 1 if they excite, -1 if they inhibit, 0 if they may do both.
        first: number of the first unit.
        count: how many there are.
    """

    area: int
    sign: int
    first: int
    count: int

    @property
    def names(self) -> tuple[str, ...]:
        """What they can be called: their area, their sign."""
        own = (f"area {self.area}" if self.area else "", SIGN_NAMES.get(self.sign, ""))
        return tuple(name for name in own if name)

    @property
    def label(self) -> str:
        """A short name for the axes of pictures, such as "E", "1" or "1 I"."""
        letter = {1: "E", -1: "I", 0: ""}[self.sign]
        return f"{self.area or ''} {letter}".strip()


def unit_groups(constraints: Iterable[Constraint], units: int) -> tuple[UnitGroup, ...]:
    """The groups of a model's units in their order; one without area and sign if there are no others.

    Args:
        constraints: of the model.
        units: number of its units.
    """
    areas = next((one.units for one in constraints if isinstance(one, Areas)), ())
    law = next((one for one in constraints if isinstance(one, Dale)), None)
    groups, first = [], 0
    for number, count in enumerate(areas or (units,), 1 if areas else 0):
        excite = excitatory_units(law.excitatory, count) if law else 0
        for sign, size in ((1, excite), (-1, count - excite)) if law else ((0, count),):
            if size:
                groups.append(UnitGroup(number, sign, first, size))
                first += size
    return tuple(groups)


def units_named(name: str, groups: Iterable[UnitGroup]) -> tuple[int, ...]:
    """The numbers of the units of the groups with this name, such as "excitatory" or "area 1"; none if there are none.

    Args:
        name: the name.
        groups: of the model.
    """
    return tuple(unit for one in groups if name in one.names for unit in range(one.first, one.first + one.count))
