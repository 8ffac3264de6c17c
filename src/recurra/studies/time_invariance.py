"""Figure 12 of Jarne and Laje (2019): does a network answer a stimulus at a time that it was never trained on?"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar, final

import numpy as np
from matplotlib.figure import Figure

from recurra.intervals import wilson_interval
from recurra.models.cohort import Cohort
from recurra.plotting.papers.studies import series_panels
from recurra.studies.protocol import papers_spec
from recurra.studies.robustness import shares, varied
from recurra.studies.spec import RunSpec
from recurra.studies.study import Rows, Scale, Study, Verdict, column, where
from recurra.studies.success_rates import NAMES
from recurra.tasks import SetReset, Task
from recurra.tasks.rules import SUCCESSFUL

SHIFTS_MS = (-20.0, -10.0, 0.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0)


def shifted(task: Any, shift_ms: float) -> Task:
    """The task with its stimulus later by so much, and the trial longer by as much."""
    length_ms = task.length_ms + shift_ms
    if isinstance(task, SetReset):
        return replace(task, first_onset_ms=task.first_onset_ms + shift_ms, length_ms=length_ms)
    onset_ms = (task.onset_ms[0] + shift_ms, task.onset_ms[1] + shift_ms)
    return replace(task, onset_ms=onset_ms, length_ms=length_ms)


@final
class TimeInvariance(Study):
    """The networks of Table 6, stimulated at other times than in training."""

    name: ClassVar[str] = "time-invariance"
    title: ClassVar[str] = "Invariance in time (Jarne and Laje 2019, Figure 12)"
    sources: ClassVar[tuple[str, ...]] = ("jarne2019", "wilson1927")

    def plan(self, scale: Scale, seed: int) -> list[RunSpec]:
        if scale == "quick":
            return [papers_spec("and", networks=2, seed=seed, passes=1)]
        return [papers_spec(task, networks=20, seed=seed) for task in NAMES]

    def measure(self, scale: Scale, seed: int, trained: Callable[[RunSpec], Cohort]) -> dict[str, Rows]:
        networks: Rows = []
        for spec in self.plan(scale, seed):
            cohort, kind = trained(spec), spec.table()["task"]["kind"]
            for shift_ms in SHIFTS_MS[1:3] if scale == "quick" else SHIFTS_MS:
                task = shifted(spec.task, shift_ms)
                quiet = shares(cohort, varied(task, "input_noise", 0.0), seed)
                for row, other in zip(shares(cohort, task, seed), quiet, strict=True):
                    more = {"quiet_success": other["success"]}
                    networks.append({"task": kind, "factor": "shift", "value": shift_ms, **row, **more})
        return {"points": _points(networks), "networks": networks}

    def verdicts(self, tables: dict[str, Rows]) -> list[Verdict]:
        return [
            _verdict(tables["networks"], task) for task in dict.fromkeys(str(row["task"]) for row in tables["networks"])
        ]

    def figures(self, tables: dict[str, Rows]) -> dict[str, Figure]:
        labels = "Stimulus later than in training by (ms)", "Networks still successful (%)"
        dotted = "quiet_percent", "without input noise"
        return {"shift": series_panels(tables["points"], "task", "percent", labels, dotted=dotted)}


def _learned(networks: Rows, task: str) -> set[int]:
    """The networks that are successful with the stimulus at the trained time."""
    rows = where(networks, task=task, value=0.0)
    return {int(row["network"]) for row in rows if float(row["success"]) >= SUCCESSFUL}


def _points(networks: Rows) -> Rows:
    """Of the networks that learned a task, the share that is successful at every shift."""
    rows: Rows = []
    for task, value in dict.fromkeys((str(row["task"]), row["value"]) for row in networks):
        learned = _learned(networks, task)
        part = [row for row in where(networks, task=task, value=value) if row["network"] in learned]
        if part:
            good = wilson_interval(sum(float(row["success"]) >= SUCCESSFUL for row in part), len(part))
            ends = {"percent": 100 * good.value, "low": 100 * good.low, "high": 100 * good.high}
            quiet = {"quiet_percent": float(100 * np.mean(column(part, "quiet_success") >= SUCCESSFUL))}
            rows.append({"task": task, "factor": "shift", "value": value, "networks": good.total, **ends, **quiet})
    none = dict.fromkeys(("percent", "low", "high", "quiet_percent"), 0.0)
    return rows or [{"task": "none", "factor": "shift", "value": 0.0, "networks": 0, **none}]


def _verdict(networks: Rows, task: str) -> Verdict:
    learned = _learned(networks, task)
    lost, quiet = (_lost(networks, task, name) & learned for name in ("success", "quiet_success"))
    kept = len(learned) - len(lost)
    span = f"{SHIFTS_MS[0]:+.0f} to {SHIFTS_MS[-1]:+.0f} ms"
    return Verdict(
        what=f"{NAMES[task]}: the answer does not depend on the time of the stimulus",
        published="invariant",
        found=f"{kept} of {len(learned)} networks stay successful at all shifts, {span}",
        verdict="cannot be compared" if not learned else "agrees" if kept >= 0.95 * len(learned) else "differs",
        note="no network learned the task" if not learned else _failures(len(lost), len(quiet)),
    )


def _lost(networks: Rows, task: str, name: str) -> set[int]:
    """The networks that are not successful at some shift."""
    return {int(row["network"]) for row in where(networks, task=task) if float(row[name]) < SUCCESSFUL}


def _failures(lost: int, quiet: int) -> str:
    return f"{lost} fail at some shift, {quiet} without input noise" if lost else ""
