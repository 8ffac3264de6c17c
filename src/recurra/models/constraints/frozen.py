"""Arrays, or entries of them, that training does not change."""

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import final

import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool

from recurra.arrays import Weights
from recurra.models.constraints.base import Constraint, Parameters
from recurra.models.constraints.groups import unit_groups, units_named


@final
@dataclass(frozen=True)
class Frozen(Constraint):
    """Keep arrays, or some of their entries, as they were before training.

    Rows and columns are those of the last two axes: (post, pre) of the recurrent weights, (unit, input) of the input
    weights, (output, unit) of the readout. Units can be named by their group, "excitatory", "inhibitory" or "area 2",
    if the model has `Dale` or `Areas`.

    Args:
        arrays: their names: "recurrent", "input", "output", "recurrent_bias", "output_bias".
        post: keep only the entries in these rows, numbers from 0 or names of groups of units; without them, all rows.
        pre: keep only the entries in these columns; without them, all columns.
        entries: keep only the entries marked by 1, in one text of 0 and 1 for each row, such as ("0110", "1001");
            `Frozen.marked` makes them of an array.
    """

    arrays: tuple[str, ...]
    post: tuple[int | str, ...] = ()
    pre: tuple[int | str, ...] = ()
    entries: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if isinstance(self.entries, np.ndarray):
            raise TypeError("entries is an array; Frozen.marked(name, array) makes texts of it")
        if self.entries and (self.post or self.pre):
            raise ValueError("Frozen has entries and also rows or columns (post, pre); give one of them")
        for row in self.entries:
            if set(row) - {"0", "1"} or len(row) != len(self.entries[0]):
                raise ValueError(f"entries has the row {row!r}; expected texts of 0 and 1 of one length")
        marks = set("".join(self.entries))
        if self.entries and len(marks) < 2:
            raise ValueError(
                f"entries are all {marks.pop() if marks else 'empty'}; expected some 0 and some 1. To keep a whole "
                "array, name it in arrays alone"
            )

    @classmethod
    def marked(cls, array: str, marks: Bool[np.ndarray, "row column"]) -> "Frozen":
        """Keep the entries of one array where `marks` is True.

        Args:
            array: the name of the array.
            marks: of the array's rows and columns.
        """
        if marks.ndim != 2 or marks.dtype != bool:
            raise TypeError(f"marks are an array of {marks.dtype} of shape {marks.shape}; expected a boolean matrix")
        return cls((array,), entries=tuple("".join("01"[int(one)] for one in row) for row in marks))

    @property
    def whole(self) -> bool:
        """Whether the arrays are kept whole."""
        return not (self.post or self.pre or self.entries)

    def among(self, constraints: tuple[Constraint, ...], units: int) -> Constraint:
        groups = unit_groups(constraints, units)

        def numbers(part: tuple[int | str, ...]) -> tuple[int | str, ...]:
            found: list[int | str] = []
            for one in part:
                named = units_named(one, groups) if isinstance(one, str) else (one,)
                if not named:
                    known = ", ".join(dict.fromkeys(name for group in groups for name in group.names)) or "none"
                    raise ValueError(f"Frozen names the group {one!r}; the groups of the model's units are: {known}")
                found += named
            return tuple(found)

        found = replace(self, post=numbers(self.post), pre=numbers(self.pre))
        if "recurrent" in self.arrays and not self.whole:
            found._kept("recurrent", (units, units))
        return found

    def free(self, parameters: Parameters) -> Parameters:
        unknown = set(self.arrays) - set(parameters)
        if unknown:
            raise ValueError(
                f"arrays to be frozen: {', '.join(sorted(unknown))}; the network has {', '.join(parameters)}"
            )
        if not self.whole:
            for name in self.arrays:
                self._kept(name, parameters[name].shape)
            return parameters
        return OrderedDict((name, array) for name, array in parameters.items() if name not in self.arrays)

    def apply(self, free: Parameters, start: Weights) -> Parameters:
        kept = {name: getattr(start, name) for name in self.arrays}
        if not self.whole:
            kept = {name: jnp.where(self._kept(name, one.shape), one, free[name]) for name, one in kept.items()}
        return OrderedDict(free, **kept)

    def _kept(self, name: str, shape: tuple[int, ...]) -> Bool[np.ndarray, "*row column"]:
        """Which entries of an array of this shape are kept."""
        if len(shape) < 2:
            raise ValueError(f"Frozen keeps rows, columns or entries of {name}, which has no rows and columns")
        if self.entries:
            marks = np.array([[sign == "1" for sign in row] for row in self.entries])
            if marks.shape != shape[-2:]:
                raise ValueError(f"entries has {marks.shape[0]} rows of {marks.shape[1]}; {name} has {shape[-2:]}")
            return marks
        rows, columns = (np.zeros(size, bool) for size in shape[-2:])
        for what, kept, numbers in (("post", rows, self.post), ("pre", columns, self.pre)):
            for number in numbers or range(len(kept)):
                if not isinstance(number, int) or not 0 <= number < len(kept):
                    raise ValueError(f"{what} has {number!r}; {name} has the numbers 0 to {len(kept) - 1}")
                kept[number] = True
        return rows[:, None] & columns
