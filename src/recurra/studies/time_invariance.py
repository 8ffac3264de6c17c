"""Figure 12 of Jarne and Laje (2019): does a network answer a stimulus at a time on which it was never trained?"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar, final

import numpy as np
from matplotlib.figure import Figure

from recurra.intervals import wilson_interval
from recurra.models.cohort import Cohort
from recurra.plotting.papers.studies import series_panels
from recurra.runs.spec import RunSpec
from recurra.runs.sweep.plan import SweepPlan
from recurra.studies.robustness import success_rows, varied
from recurra.studies.study import Rows, Scale, Study, Value, column, where
from recurra.studies.success_rates import NAMES, learners
from recurra.studies.verdict_words import cannot_compare, verdict_of
from recurra.studies.verdicts import Proportion, Verdict, design_effect, intraclass_correlation, proportion_at_least
from recurra.tasks import SetReset, Task
from recurra.tasks.rules import SUCCESSFUL

SHARE = 0.9  # share of networks that must stay successful; a tenth may fail for other reasons
SHIFTS_MS = (-20.0, -10.0, 0.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0)


def shifted(task: Any, shift_ms: float) -> Task:
    """The task with its stimulus later by `shift_ms`, and the trial longer by the same time."""
    length_ms = task.length_ms + shift_ms
    if isinstance(task, SetReset):
        return replace(task, first_onset_ms=task.first_onset_ms + shift_ms, length_ms=length_ms)
    onset_ms = (task.onset_ms[0] + shift_ms, task.onset_ms[1] + shift_ms)
    return replace(task, onset_ms=onset_ms, length_ms=length_ms)


@final
class TimeInvariance(Study):
    """The networks of Table 6 with an orthogonal start, with stimuli at other times than in training."""

    name: ClassVar[str] = "time-invariance"
    title: ClassVar[str] = "Invariance in time (Jarne and Laje 2019, Figure 12)"
    sources: ClassVar[tuple[str, ...]] = ("jarne2019", "clopper1934", "killip2004")

    def sweeps(self, scale: Scale, seed: int) -> list[SweepPlan]:
        tasks = ["and"] if scale == "quick" else list(NAMES)
        return [learners(task, "orthogonal", scale, seed) for task in tasks]

    def measure(self, scale: Scale, seed: int, trained: Callable[[RunSpec], Cohort]) -> dict[str, Rows]:
        networks: Rows = []
        for spec in self.plan(scale, seed):
            cohort, kind = trained(spec), spec.table()["task"]["kind"]
            for shift_ms in SHIFTS_MS[1:3] if scale == "quick" else SHIFTS_MS:
                task = shifted(spec.task, shift_ms)
                quiet = success_rows(cohort, varied(task, "input_noise", 0.0), spec.seed)
                for row, other in zip(success_rows(cohort, task, spec.seed), quiet, strict=True):
                    about = {"task": kind, "factor": "shift", "value": shift_ms, "data_set": spec.seed}
                    networks.append(about | row | {"quiet_success": other["success"]})
        return {"points": _points(networks), "networks": networks}

    def verdicts(self, tables: dict[str, Rows]) -> list[Verdict]:
        return [_verdict(tables["networks"], "success", SHIFTS_MS[0], SHIFTS_MS[-1])]

    def sensitivity(self, tables: dict[str, Rows]) -> Rows:
        """The verdict for other spans of time, and without input noise."""
        choices = {
            "all shifts": ("success", SHIFTS_MS[0], SHIFTS_MS[-1]),
            "later only": ("success", 0.0, SHIFTS_MS[-1]),
            "at most 50 ms later": ("success", 0.0, 50.0),
            "all shifts, without input noise": ("quiet_success", SHIFTS_MS[0], SHIFTS_MS[-1]),
            "later only, without input noise": ("quiet_success", 0.0, SHIFTS_MS[-1]),
        }
        verdicts = {name: _verdict(tables["networks"], *choice) for name, choice in choices.items()}
        return [
            {
                "choice": name,
                "stay successful": one.found,
                "share": one.difference,
                "verdict": one.verdict,
            }
            for name, one in verdicts.items()
        ]

    def figures(self, tables: dict[str, Rows]) -> dict[str, Figure]:
        labels = "Stimulus later than in training by (ms)", "Networks still successful (%)"
        dotted = "quiet_percent", "without input noise"
        return {"shift": series_panels(tables["points"], "task", "percent", labels, dotted=dotted)}


def _learned(networks: Rows, task: str) -> set[tuple[Value, Value]]:
    """The networks that are successful with the stimulus at the trained time, by data set and number."""
    rows = where(networks, task=task, value=0.0)
    return {_name(row) for row in rows if float(row["success"]) >= SUCCESSFUL}


def _name(row: dict[str, Value]) -> tuple[Value, Value]:
    return row["data_set"], row["network"]


def _points(networks: Rows) -> Rows:
    """One row per task and shift: of the networks that learned the task, the share that is successful."""
    rows: Rows = []
    for task, value in dict.fromkeys((str(row["task"]), row["value"]) for row in networks):
        learned = _learned(networks, task)
        part = [row for row in where(networks, task=task, value=value) if _name(row) in learned]
        if part:
            good = wilson_interval(sum(float(row["success"]) >= SUCCESSFUL for row in part), len(part))
            ends = {"percent": 100 * good.value, "low": 100 * good.low, "high": 100 * good.high}
            quiet = {"quiet_percent": float(100 * np.mean(column(part, "quiet_success") >= SUCCESSFUL))}
            rows.append({"task": task, "factor": "shift", "value": value, "networks": good.total, **ends, **quiet})
    none = dict.fromkeys(("percent", "low", "high", "quiet_percent"), 0.0)
    return rows or [{"task": "none", "factor": "shift", "value": 0.0, "networks": 0, **none}]


def _verdict(networks: Rows, measure: str, first_ms: float, last_ms: float) -> Verdict:
    """The claim, pooled over the tasks.

    `not` has a row but is not pooled: it has no stimulus to shift, so that a network would need a clock.
    """
    part = [row for row in networks if first_ms <= float(row["value"]) <= last_ms]
    tasks = list(dict.fromkeys(str(row["task"]) for row in networks))
    kept = {task: _kept(part, task, measure) for task in tasks}
    pooled = [one for task in tasks if task != "not" for one in kept[task]]
    what = "the answer does not depend on the time of the stimulus"
    span = f"at all shifts from {first_ms:+.0f} to {last_ms:+.0f} ms"
    if not pooled:
        return cannot_compare(what, "invariant", "no network learned a task", "nothing to shift")
    between = intraclass_correlation(*_columns(pooled))
    rows = tuple(_row(task, kept[task], between, len(tasks)) for task in tasks)
    share = _share(pooled, between)
    return verdict_of(
        what,
        "invariant; the paper shows networks and no success_rows",
        f"{share.count} of {share.total} networks stay successful {span}",
        proportion_at_least(share, SHARE),
        rows=rows,
        rule=f"at least {SHARE:.0%} of the networks that learned a task stay successful (one-sided 95 % limits)",
        note="over all tasks but `not`, which asks for an answer where there is no stimulus to shift",
        percent=True,
    )


Kept = tuple[str, Value, bool]


def _kept(networks: Rows, task: str, measure: str) -> list[Kept]:
    """Of each network that learned the task: task, data set, and whether it is successful at every shift."""
    lost = {_name(row) for row in where(networks, task=task) if float(row[measure]) < SUCCESSFUL}
    return [(task, name[0], name not in lost) for name in sorted(_learned(networks, task), key=str)]


def _columns(kept: list[Kept]) -> tuple[list[float], list[str], list[Value]]:
    return [float(one[2]) for one in kept], [one[0] for one in kept], [one[1] for one in kept]


def _share(kept: list[Kept], between: float) -> Proportion:
    return Proportion(sum(one[2] for one in kept), len(kept), design_effect([one[1] for one in kept], between))


def _row(task: str, kept: list[Kept], between: float, rows: int) -> Verdict:
    if not kept:
        return cannot_compare(NAMES[task], "invariant", "no network learned the task", "nothing to shift")
    share = _share(kept, between)
    counts = f"{share.count} of {share.total}"
    return verdict_of(NAMES[task], "invariant", counts, proportion_at_least(share, SHARE, rows), percent=True)
