"""The folder of a search: the plan in `run.json`, Optuna's journal, and a run folder for each trial."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, final

from recurra.analysis.cohorts.swept import SweptCondition, SweptKey, word
from recurra.analysis.cohorts.tuning import TunedTrial, Tuning, best_of
from recurra.runs.spec import RunSpec
from recurra.runs.sweep.kept import swept_condition
from recurra.runs.sweep.plan import Condition, axis_names
from recurra.runs.tables import changes
from recurra.runs.tune.aims import larger_is_better
from recurra.runs.tune.journal import Entry, Journal
from recurra.runs.tune.plan import TunePlan, plan_of
from recurra.storage.files import OURS
from recurra.storage.run_folder import RunFolder
from recurra.training import Preset

TRIALS, CONFIRMED, ROWS = "trials", "confirmed", "rows"
ENDED = ("trained", "analysed")


@final
@dataclass(frozen=True)
class TuneFolder:
    """The folder of a search.

    Args:
        folder: the folder as a run folder.
        plan: what it trains.
    """

    folder: RunFolder
    plan: TunePlan

    @classmethod
    def create(cls, path: Path, plan: TunePlan, trials: int, about: dict[str, Any]) -> "TuneFolder":
        """A new folder.

        Args:
            path: where; it must not exist or be empty.
            plan: the plan.
            trials: number of trials.
            about: further entries of `run.json`.
        """
        entries = {"name": plan.name, "tuning": plan.table(), "base": plan.base, "trials": trials, "status": "running"}
        return cls(RunFolder.create(path, {**entries, **about}, overwrite=False), plan)

    @classmethod
    def open(cls, path: Path | str) -> "TuneFolder":
        """An existing folder of a search."""
        folder = RunFolder.open(path)
        about = folder.about()
        if "tuning" not in about:
            raise ValueError(f"{folder} is not the folder of a search; recurra tune makes one")
        return cls(folder, plan_of(about["base"], about["tuning"]))

    def check_same(self, plan: TunePlan) -> None:
        """Check that the folder holds this plan."""
        different = changes(_named(self.plan), _named(plan))
        if different:
            words = ", ".join(f"{key} ({old}, not {new})" for key, (old, new) in different.items())
            raise ValueError(f"{self.folder} holds a search with another {words}; choose another folder with --out")

    @property
    def journal(self) -> Journal:
        return Journal(self.folder.path, self.plan.axes, larger_is_better(self.plan.aim))

    def path_of(self, number: int, of: str = TRIALS) -> Path:
        """The run folder of a trial; with `CONFIRMED` that of the networks that confirm it."""
        return self.folder.path / of / f"{number:04d}"

    def lock_of(self, number: int, of: str = TRIALS) -> Path:
        """The folder whose lock says that somebody works at a trial."""
        return self.folder.path / of / f"{OURS}{number:04d}"

    def spec_of(self, condition: Condition, of: str = TRIALS) -> RunSpec:
        """The spec of a run, with a name of its own."""
        name = condition.spec.name
        return replace(condition.spec, name=f"{name} {condition.number:04d}" if of == TRIALS else f"{name}-best")

    def networks(self, condition: Condition, of: str = TRIALS) -> SweptCondition:
        """The numbers of the networks of a run whose training has ended."""
        path = self.path_of(condition.number, of)
        return swept_condition(condition, path, self.folder.path / ROWS / of / f"{path.name}.json")

    def left(self) -> int:
        """Number of trials that have not ended."""
        ended = sum(entry.state != "running" for entry in self.journal.entries())
        return max(0, self.folder.entry("trials") - ended)

    def best(self) -> TunedTrial | None:
        """The best of the finished trials."""
        finished = [self._trial(entry) for entry in self.journal.entries() if entry.state == "finished"]
        return best_of(finished, larger_is_better(self.plan.aim))

    def confirmation(self, best: TunedTrial) -> Condition:
        """The networks that confirm the best trial."""
        return self.plan.confirmation(best.number, best.values)

    def is_confirmed(self, number: int) -> bool:
        """Whether the networks that confirm a trial are trained."""
        path = self.path_of(number, CONFIRMED)
        return (path / "run.json").is_file() and RunFolder.open(path).entry("status") in ENDED

    def read(self) -> Tuning:
        """The record of the search, as far as it has come."""
        entries, larger = self.journal.entries(), larger_is_better(self.plan.aim)
        trials = tuple(map(self._trial, entries))
        best = best_of(tuple(trial for trial in trials if trial.state == "finished"), larger)
        confirmation = self.confirmation(best) if best else None
        return Tuning(
            name=self.folder.entry("name"),
            path=self.folder.path,
            keys=self._keys(entries),
            aim=self.plan.aim,
            larger=larger,
            planned=self.folder.entry("trials"),
            trials=trials,
            best=_preset(self.spec_of(confirmation, CONFIRMED)) if confirmation else None,
            confirmed=self.networks(confirmation, CONFIRMED)
            if confirmation and self.is_confirmed(confirmation.number)
            else None,
            confirmed_value=self._confirmed_value(best),
        )

    def trial(self, number: int) -> TunedTrial:
        """A trial, as far as it has come."""
        return self._trial(self.journal.entries()[number])

    def _confirmed_value(self, best: TunedTrial | None) -> float:
        """The aim of the networks that confirm the best trial; NaN if it is not known or not finite."""
        kept = self.folder.about().get(CONFIRMED, {})
        value = kept.get("value") if best and kept.get("trial") == best.number else None
        return math.nan if value is None else float(value)

    def _trial(self, entry: Entry) -> TunedTrial:
        names = axis_names(self.plan.axes)
        label = ", ".join(f"{name} {word(value)}" for name, value in zip(names, entry.values, strict=True))
        finished = entry.state == "finished"
        return TunedTrial(
            number=entry.number,
            values=entry.values,
            label=label,
            folder=self.path_of(entry.number),
            state=entry.state,
            value=entry.value,
            reason=entry.reason,
            so_far=entry.so_far,
            networks=self.networks(self.plan.trial(entry.number, entry.values)) if finished else None,
        )

    def _keys(self, entries: Sequence[Entry]) -> tuple[SweptKey, ...]:
        names = axis_names(self.plan.axes)
        return tuple(
            SweptKey(axis.key, name, tuple(entry.values[at] for entry in entries))
            for at, (axis, name) in enumerate(zip(self.plan.axes, names, strict=True))
        )


def _preset(spec: RunSpec) -> Preset:
    return Preset(spec.name, spec.task, spec.model, spec.training, spec.networks, spec.seed)


def _named(plan: TunePlan) -> dict[str, Any]:
    table = plan.table()
    return {**plan.base, "tuning": {**table, "axes": {one["key"]: one for one in table["axes"]}}}
