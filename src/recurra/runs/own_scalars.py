"""The numbers that the user's own analyses give for each network, for tables beside recurra's own numbers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Bool

from recurra.analysis.failures import Failure, attempted
from recurra.analysis.own import group_of
from recurra.runs.compared_networks import ComparedNetworks
from recurra.runs.own_analyses import own_records
from recurra.storage.run_folder import RunFolder
from recurra.words.own import scalars_of

Records = Mapping[str, Sequence[Any]]  # by "module:function"


@dataclass(frozen=True)
class OwnScalars:
    """Numbers of networks, by names such as "my_analysis.speed.fastest".

    Args:
        values: value in every network, by name; None if not known or not finite.
        failures: why a network has no numbers, by "my_analysis.speed of network 3".
        notes: analyses that some runs lack, one sentence each.
    """

    values: Mapping[str, Sequence[float | None]] = field(default_factory=dict)
    failures: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def of(self, at: int) -> dict[str, float | None]:
        """The numbers of the network at a position."""
        return {name: column[at] for name, column in self.values.items()}

    def spreads(self, which: Bool[np.ndarray, "network"]) -> dict[str, list[float] | None]:
        """The least, the median and the greatest number among some networks; None if none is known."""
        return {
            name: _spread([column[at] for at in np.flatnonzero(which).tolist()]) for name, column in self.values.items()
        }


def own_scalars(compared: ComparedNetworks) -> OwnScalars:
    """The numbers that the user's own analyses gave when the runs were analysed. Nothing is computed or imported.

    Records of a run that cannot be read are a failure with its reason, and the rest goes on.
    """
    origins, rows, failures = compared.origins, [{} for _ in compared.names], {}
    analyses: list[set[str]] = []
    for run, path in enumerate(compared.folders):
        places = np.flatnonzero(origins.run == run).tolist()
        records = attempted(lambda path=path, at=places: own_records(RunFolder.open(path), origins.number[at].tolist()))
        if isinstance(records, Failure):
            failures[f"own analyses of {origins.names[run]}"] = records.reason
            records = {}
        for name, column in records.items():
            for at, record in zip(places, column, strict=True):
                if isinstance(record, Failure):
                    failures[f"{group_of(name)} of network {compared.names[at]}"] = record.reason
                else:
                    rows[at] |= {f"{group_of(name)}.{key}": value for key, value in _numbers(record).items()}
        analyses.append(set(records))
    names = dict.fromkeys(name for row in rows for name in row)
    values = {name: [row.get(name) for row in rows] for name in names}
    return OwnScalars(values, failures, tuple(_notes(analyses, origins.names)))


def _numbers(record: Any) -> dict[str, float | None]:
    """The numbers of a record, without texts, booleans and complex numbers."""
    return {
        name: value if np.isfinite(value) else None
        for name, value in scalars_of(record).items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }


def _spread(values: Sequence[float | None]) -> list[float] | None:
    known = [value for value in values if value is not None]
    return np.quantile(known, (0, 0.5, 1)).tolist() if known else None


def _notes(analyses: Sequence[set[str]], runs: Sequence[str]) -> Iterator[str]:
    for name in sorted(set().union(*analyses)):
        lacking = [run for run, names in zip(runs, analyses, strict=True) if name not in names]
        if lacking:
            yield f"{', '.join(lacking)} {'was' if len(lacking) == 1 else 'were'} not analysed by {name}"
