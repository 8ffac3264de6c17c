"""The conditions of a task as pictures show them: names, colours, and which of many are explained."""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from jaxtyping import Int

from recurra.plotting.colors import condition_colors, condition_dashed

MOST = 12  # conditions that have a panel and stand in the legend


@dataclass(frozen=True)
class Conditions:
    """The conditions of a probe.

    Args:
        names: the names of all conditions.
        colors: the colours of all conditions.
        dashed: whose lines are dashed.
        shown: positions of the conditions with a panel and a legend entry: all, or some at equal distances.
    """

    names: tuple[str, ...]
    colors: tuple[str, ...]
    dashed: tuple[bool, ...]
    shown: Int[np.ndarray, "shown"]

    @classmethod
    def of(cls, probe: xr.Dataset) -> "Conditions":
        count = probe.sizes["condition"]
        return cls(
            names=tuple(probe.attrs["condition_names"][at] for at in probe["condition"].values),
            colors=tuple(condition_colors(count)),
            dashed=tuple(condition_dashed(count)),
            shown=np.linspace(0, count - 1, min(count, MOST)).round().astype(int),
        )

    @property
    def shown_names(self) -> list[str]:
        return [self.names[at] for at in self.shown]

    @property
    def legend(self) -> list[tuple[str, str, bool]]:
        """Name and colour of every shown condition, and whether its line is dashed."""
        return [(self.names[at], self.colors[at], self.dashed[at]) for at in self.shown]
