"""The conformance of an analysis: its annotations, its records of a few networks, and their way to the disk."""

import tempfile
from collections.abc import Callable, Iterator
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np

from recurra.analysis.dossier import pinned_record, visited
from recurra.analysis.failures import Failure
from recurra.analysis.own import analysis_name, record_kind
from recurra.analysis.visit import Visit
from recurra.arrays import record_axes
from recurra.models import Model, RateRNN
from recurra.models.cohort import Cohort
from recurra.runs.own import own_name
from recurra.runs.parts import read_part, write_part
from recurra.runs.record_store import cohort_dataset
from recurra.storage.groups import read_group, write_group
from recurra.storage.records import axes_of_dataset, from_dataset
from recurra.tasks import And, Task
from recurra.testing.findings import SHORT, check
from recurra.training import train

NUMBERS = (0, 1)


def check_analysis(function: Callable[[Visit], Any], task: Task | None = None, model: Model | None = None) -> None:
    """Find out whether an analysis is what recurra expects.

    Looked at are: that it is a function that a spec can name; that its annotation says which frozen dataclass it
    returns, and those of the fields their axes; that it gives such a record on networks before and after a short
    training, with shapes and types as annotated; that it gives the same record of a network again; and that records
    are read from a run folder as they were written.

    Args:
        function: takes a `Visit`, and returns a frozen dataclass.
        task: on whose networks it is tried; And if not given.
        model: what these are made of; eight rate units if not given.

    Raises:
        ConformanceError: with all findings, a line each.
    """
    name = getattr(function, "__name__", type(function).__name__)
    check(name, [partial(_function, function)])
    look = _Analysed(function, task or And(), model or RateRNN(units=8, recurrent_bias=True))
    check(name, [look.annotations], [look.records], [look.again, look.stored], beside=[look.place])


def _function(function: Any) -> Iterator[str]:
    if not callable(function) or isinstance(function, type) or not hasattr(function, "__qualname__"):
        yield f"{function!r} is no function; give one that takes a rc.Visit"


class _Analysed:
    """An analysis with networks that it is tried on."""

    def __init__(self, function: Callable[[Visit], Any], task: Task, model: Model) -> None:
        self.function, self.task, self.model = function, task, model
        self.name = analysis_name(function).partition(":")[2]

    @cached_property
    def cohort(self) -> Cohort:
        return train(self.task, self.model, SHORT, networks=len(NUMBERS), seed=0)

    @cached_property
    def visits(self) -> dict[str, Visit]:
        """Networks under analysis, by what they are called."""
        networks = {"before training": self.cohort.before(0)} | {f"number {at}": self.cohort[at] for at in NUMBERS}
        return {name: visited(one, self.task, 0) for name, one in networks.items()}

    @cached_property
    def found(self) -> dict[str, Any]:
        return {name: pinned_record(self.function, visit) for name, visit in self.visits.items()}

    def place(self) -> Iterator[str]:
        """A spec must be able to name it, as it cannot what is in a notebook or in another function."""
        own_name(self.function)
        return iter(())

    def annotations(self) -> Iterator[str]:
        record_kind(self.function)
        return iter(())

    def records(self) -> Iterator[str]:
        reasons: dict[str, list[str]] = {}
        for name, record in self.found.items():
            if isinstance(record, Failure) and record.applies:
                reasons.setdefault(record.reason, []).append(name)
        for reason, names in reasons.items():
            yield f"{self.name} fails on the network {' and '.join(names)}: {reason}"
        if not reasons and all(isinstance(one, Failure) for one in self.found.values()):
            yield f"{self.name} is defined for none of the networks; give a task or a model for which it is"

    def again(self) -> Iterator[str]:
        """The same network gives the same record, in a visit of its own too."""
        fresh = visited(self.cohort[0], self.task, 0)
        for visit in (self.visits["number 0"], fresh):
            other = pinned_record(self.function, visit)
            for field in _differing(self.found["number 0"], other):
                yield (
                    f"{self.name} gives another {field} for the same network; draw what is random from "
                    "numpy.random.default_rng(visit.seed), and change nothing of the visit"
                )
                return

    def stored(self) -> Iterator[str]:
        """Records are as they were after a way through a process's part and a run folder."""
        records, kind = [self.found[f"number {at}"] for at in NUMBERS], record_kind(self.function)
        if any(isinstance(one, Failure) for one in records):
            return
        with tempfile.TemporaryDirectory(prefix="recurra-check-") as folder:
            path = Path(folder)
            write_part(path / "part.npz", {"own": records[0]})
            part = read_part(path / "part.npz", {"own": kind})["own"]
            write_group(path, "own", cohort_dataset(records, NUMBERS))
            dataset = read_group(path, "own")
        back = from_dataset(kind, dataset)
        pairs = [(records[0], part), *zip(records, back, strict=True)]
        for field in dict.fromkeys(field for one, other in pairs for field in _differing(one, other)):
            yield f"{self.name}: {field} reads back as another one; let it be what its annotation says"
        if axes_of_dataset(dataset) != record_axes(kind):
            yield f"{self.name}: the axes read back otherwise; name them in the annotations"


def _differing(one: Any, other: Any) -> list[str]:
    """The fields in which two records differ, to the bit."""
    if isinstance(one, Failure) or isinstance(other, Failure):
        return [] if type(one) is type(other) else ["answer"]
    return [name for name in record_axes(type(one)) if not _same(getattr(one, name), getattr(other, name))]


def _same(one: Any, other: Any) -> bool:
    first, second = np.asarray(one), np.asarray(other)
    numbers = first.dtype.kind in "fc"
    return first.dtype.kind == second.dtype.kind and np.array_equal(first, second, equal_nan=numbers)
