"""The output of a study: its plan and its progress."""

import time
from collections.abc import Sequence
from types import TracebackType

from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from recurra.cli.console_tables import print_table, progress_console, results_console
from recurra.studies.conduct import PlannedCohort
from recurra.studies.study import Rows, column, where
from recurra.training import Training, TrainingState


class StudyBars:
    """A bar over all cohorts of a study, by their work; one line per cohort if standard error is not a terminal.

    Args:
        plan: the cohorts of the study.
    """

    def __init__(self, plan: Sequence[PlannedCohort]) -> None:
        console = progress_console()
        self._work = [0.0 if one.ready else one.work for one in plan]
        self._steps = [one.spec.training.steps for one in plan]
        self._plain, self._began, self._at = not console.is_terminal, time.perf_counter(), -1
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}", markup=False),
        )
        self._bars = Progress(*columns, console=console, disable=self._plain)
        self._bar = self._bars.add_task("cohorts", total=max(sum(self._work), 1.0), note="")

    def __enter__(self) -> "StudyBars":
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def cohort(self, name: str, number: int, of: int) -> None:
        self._at = number - 1
        done = sum(self._work[: self._at])
        self._bars.update(self._bar, completed=done, note=f"{number}/{of} {name}")
        if self._plain:
            left = (time.perf_counter() - self._began) * (sum(self._work) - done) / done if done else 0.0
            rest = f"  at most {duration(left)} left" if left else ""
            self._bars.console.print(f"cohort {number}/{of}  {name}{rest}", highlight=False)

    def cohorts(self, trained: int, of: int) -> None:
        note = f"{trained} of {of} cohorts trained"
        self._bars.update(self._bar, note=note)
        if self._plain:
            self._bars.console.print(note, highlight=False)

    def trained(self, steps: int) -> None:
        if 0 <= self._at < len(self._work):
            self._bars.advance(self._bar, self._work[self._at] * steps / self._steps[self._at])

    def epoch(self, training: Training, state: TrainingState) -> None:
        pass

    def analysed(self, networks: int) -> None:
        pass


def print_plan(plan: Sequence[PlannedCohort], speed: float) -> None:
    """A table with one row per cohort, and the longest time that all of it takes.

    Args:
        plan: the cohorts.
        speed: operations per second of training on this machine.
    """
    rows = [
        {
            "cohort": one.spec.name,
            "networks": str(one.spec.networks),
            "units": str(one.spec.model.units),
            "steps at most": f"{one.spec.training.steps:,}",
            "time at most": "trained already" if one.ready else duration(one.work / speed),
        }
        for one in plan
    ]
    console = results_console()
    print_table(console, "", rows, left=("cohort",))
    networks = sum(one.spec.networks for one in plan)
    left = sum(one.work for one in plan if not one.ready) / speed
    console.print(f"{networks} networks, {duration(left)} of training at most ({speed / 1e9:.0f} GFLOP/s)")


def print_damage(rows: Rows) -> None:
    """A table with one row per percentage: the distance, averaged over conditions, for every way of removal."""
    ways = list(dict.fromkeys(str(row["way"]) for row in rows))
    shown = [
        {"removed, %": f"{percent:g}"}
        | {
            way.replace("_", ", "): f"{column(where(rows, way=way, percent=percent), 'distance').mean():.3g}"
            for way in ways
        }
        for percent in dict.fromkeys(row["percent"] for row in rows)
    ]
    print_table(results_console(), "", shown)


def duration(seconds: float) -> str:
    """Seconds in words: "40 s", "12 min", "3.5 h"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"
