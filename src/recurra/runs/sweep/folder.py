"""The folder of a sweep: the plan in `run.json`, a run folder for each condition, and the numbers of its networks."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recurra.analysis.cohorts.sweep import Sweep
from recurra.analysis.cohorts.swept import SweptCondition, SweptKey
from recurra.runs.sweep.kept import swept_condition
from recurra.runs.sweep.plan import Condition, SweepPlan, axis_names, plan_of
from recurra.runs.tables import changes
from recurra.storage.run_folder import RunFolder


@dataclass(frozen=True)
class SweepFolder:
    """The folder of a sweep.

    Args:
        folder: the folder as a run folder.
        plan: what it trains.
    """

    folder: RunFolder
    plan: SweepPlan

    @classmethod
    def create(cls, path: Path, plan: SweepPlan, about: dict[str, Any]) -> "SweepFolder":
        """A new folder.

        Args:
            path: where; it must not exist or be empty.
            plan: the plan.
            about: further entries of `run.json`.
        """
        entries = {"name": plan.name, "sweep": plan.table(), "base": plan.base, "status": "running", **about}
        return cls(RunFolder.create(path, entries, overwrite=False), plan)

    @classmethod
    def open(cls, path: Path | str) -> "SweepFolder":
        """An existing folder of a sweep."""
        folder = RunFolder.open(path)
        about = folder.about()
        if "sweep" not in about:
            raise ValueError(f"{folder} is not the folder of a sweep")
        return cls(folder, plan_of(about["base"], about["sweep"]))

    def check_same(self, plan: SweepPlan) -> None:
        """Check that the folder holds this plan."""
        own = {**self.plan.base, "sweep": _named(self.plan)}
        different = changes(own, {**plan.base, "sweep": _named(plan)})
        if different:
            words = ", ".join(f"{key} ({old}, not {new})" for key, (old, new) in different.items())
            raise ValueError(f"{self.folder} holds a sweep with another {words}; choose another folder")

    def path_of(self, condition: Condition) -> Path:
        """The run folder of a condition."""
        digits = len(str(len(self.plan.conditions) - 1))
        return self.folder.path / "conditions" / f"{condition.number:0{digits}d}"

    def status_of(self, condition: Condition) -> str:
        """The status of its run; "new" if it has not begun."""
        path = self.path_of(condition)
        return RunFolder.open(path).entry("status") if (path / "run.json").is_file() else "new"

    def lacking(self, wanted: Sequence[str]) -> list[Condition]:
        """The conditions whose run has none of these statuses."""
        return [one for one in self.plan.conditions if self.status_of(one) not in wanted]

    def read(self) -> Sweep:
        """The record of the sweep, all of whose conditions are trained."""
        conditions, axes = self.plan.conditions, self.plan.axes
        missing = [one.label for one in self.lacking(("trained", "analysed"))]
        if missing:
            raise ValueError(
                f"{len(missing)} of {len(conditions)} conditions of {self.folder} are not trained, such as "
                f"{missing[0]}; go on with the sweep"
            )
        drawn = [tuple(one.values[at] for one in conditions) for at in range(len(axes))]
        values = [axis.values if self.plan.how == "all" else drawn[at] for at, axis in enumerate(axes)]
        keys = [
            SweptKey(axis.key, name, tuple(listed))  # type: ignore[arg-type] - a range has no combinations
            for axis, name, listed in zip(axes, axis_names(axes), values, strict=True)
        ]
        name, swept = self.folder.entry("name"), tuple(map(self.swept, conditions))
        return Sweep(name, self.folder.path, tuple(keys), self.plan.how, swept)

    def swept(self, condition: Condition) -> SweptCondition:
        """The numbers of the networks of a trained condition, which are kept so that they are computed once."""
        run = self.path_of(condition)
        return swept_condition(condition, run, self.folder.path / "rows" / f"{run.name}.json")


def _named(plan: SweepPlan) -> dict[str, Any]:
    table = plan.table()
    return {**table, "axes": {one["key"]: {**one} for one in table["axes"]}}
