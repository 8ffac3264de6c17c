"""Robustness (Jarne 2024, section 5.1): noise, amplitudes, pulse widths and lengths that differ from training."""

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, ClassVar, final

import numpy as np
from matplotlib.figure import Figure

from recurra.analysis import performance
from recurra.analysis.shown_trials import test_trials
from recurra.models.cohort import Cohort
from recurra.plotting.papers.studies import factor_curves
from recurra.runs.spec import RunSpec, read_table, with_settings
from recurra.runs.sweep.plan import SweepPlan
from recurra.studies.protocol import DATA_SETS, data_sets, over_sets
from recurra.studies.study import Rows, Scale, Study, column, where
from recurra.studies.success_rates import learners
from recurra.studies.verdicts import Proportion, Verdict, design_effect, intraclass_correlation, wilson
from recurra.tasks import Task
from recurra.tasks.rules import SUCCESSFUL

GRIDS: dict[str, tuple[float, ...]] = {
    "input_noise": (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5),
    "amplitude": (0.4, 0.6, 0.8, 1.0, 1.2, 1.5, 2.0),
    "pulse_ms": (5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 40.0),
    "length_ms": (1.0, 2.0, 4.0, 8.0),  # times the trained length
}
TITLES = {
    "input_noise": "Input noise (standard deviation)",
    "amplitude": "Amplitude of the pulses",
    "pulse_ms": "Width of the pulses (ms)",
    "length_ms": "Length (times the trained one)",
}
TRAINED = {"input_noise": 0.1, "amplitude": 1.0, "pulse_ms": 20.0, "length_ms": 1.0}


def success_rows(cohort: Cohort, task: Task, seed: int) -> Rows:
    """One row per network: the share of its trials on a task that are successful, and its mean distance."""
    trials = test_trials(task, seed)
    performances = [performance(network, task, trials=trials) for network in cohort]
    return [
        {"network": number, "success": one.success, "distance": one.distance}
        for number, one in zip(cohort.numbers, performances, strict=True)
    ]


def varied(task: Any, factor: str, value: float) -> Task:
    """The task with one parameter changed; lengths are multiples of the trained length."""
    return replace(task, **{factor: value * task.length_ms if factor == "length_ms" else value})


@final
class Robustness(Study):
    """Networks that learned the flip-flop, and networks of Table 6 that learned `and`, on changed stimuli."""

    name: ClassVar[str] = "robustness"
    title: ClassVar[str] = "Robustness against noise and other stimuli (Jarne 2024, section 5.1)"
    sources: ClassVar[tuple[str, ...]] = ("jarne2024", "wilson1927", "killip2004")

    def sweeps(self, scale: Scale, seed: int) -> list[SweepPlan]:
        networks = {"quick": 2, "laptop": 5, "paper": 20}[scale]
        shorter = ["training.steps=25"] if scale == "quick" else []
        settings = [f"networks={networks}", "name=flipflop", *shorter]
        table, sets = read_table("flipflop"), data_sets(seed, 300, 1 if scale == "quick" else DATA_SETS)
        flipflop = over_sets(with_settings(table, settings), sets)
        return [flipflop] if scale == "quick" else [flipflop, learners("and", "orthogonal", scale, seed)]

    def measure(self, scale: Scale, seed: int, trained: Callable[[RunSpec], Cohort]) -> dict[str, Rows]:
        networks: Rows = []
        grid: Rows = []
        for spec in self.plan(scale, seed):
            cohort, kind = trained(spec), spec.table()["task"]["kind"]
            as_trained = success_rows(cohort, spec.task, spec.seed)
            learned = {row["network"]: int(float(row["success"]) >= SUCCESSFUL) for row in as_trained}
            for factor, value in _one_at_a_time(scale):
                for row in success_rows(cohort, varied(spec.task, factor, value), spec.seed):
                    about = {"task": kind, "factor": factor, "value": value, "data_set": spec.seed}
                    networks.append(about | row | {"learned": learned[row["network"]]})
            for noise, amplitude in _both(scale):
                changed = varied(varied(spec.task, "input_noise", noise), "amplitude", amplitude)
                about = {"task": kind, "input_noise": noise, "amplitude": amplitude, "data_set": spec.seed}
                successes = [
                    float(row["success"]) for row in success_rows(cohort, changed, spec.seed) if learned[row["network"]]
                ]
                grid.append(
                    about
                    | {"networks": len(successes), "mean_success": float(np.mean(successes)) if successes else math.nan}
                )
        return {"points": _points(networks), "grid": grid, "networks": networks}

    def verdicts(self, tables: dict[str, Rows]) -> list[Verdict]:
        tasks = dict.fromkeys(str(row["task"]) for row in tables["points"])
        return [_verdict(where(tables["points"], task=task, factor=factor)) for task in tasks for factor in GRIDS]

    def figures(self, tables: dict[str, Rows]) -> dict[str, Figure]:
        return {"robustness": factor_curves(tables["points"], TITLES, "task", "percent", "Successful networks (%)")}


def _one_at_a_time(scale: Scale) -> Iterator[tuple[str, float]]:
    return ((factor, value) for factor in GRIDS for value in _values(factor, scale))


def _both(scale: Scale) -> Iterator[tuple[float, float]]:
    return itertools.product(_values("input_noise", scale), _values("amplitude", scale))


def _values(factor: str, scale: Scale) -> tuple[float, ...]:
    return GRIDS[factor][:1] if scale == "quick" else GRIDS[factor]


def _points(networks: Rows) -> Rows:
    """One row per task, factor and value: the share of successful networks among those that learned, with interval."""
    rows: Rows = []
    for task in dict.fromkeys(str(row["task"]) for row in networks):
        own = where(networks, task=task, learned=1)
        if not own:
            nothing = dict.fromkeys(("percent", "low", "high", "distance"), math.nan)
            conditions = dict.fromkeys((row["factor"], row["value"]) for row in where(networks, task=task))
            counts = {"networks": 0, "successful": 0}
            rows += [{"task": task, "factor": one, "value": value} | counts | nothing for one, value in conditions]
            continue
        good = (column(own, "success") >= SUCCESSFUL).astype(float)
        conditions, sets = [(row["factor"], row["value"]) for row in own], [row["data_set"] for row in own]
        between = intraclass_correlation(good, conditions, sets)
        for factor, value in dict.fromkeys(conditions):
            part = where(own, factor=factor, value=value)
            count = int((column(part, "success") >= SUCCESSFUL).sum())
            share = Proportion(count, len(part), design_effect([row["data_set"] for row in part], between))
            low, high = wilson(share)
            ends = {"percent": 100 * share.value, "low": 100 * low, "high": 100 * high}
            about = {"task": task, "factor": factor, "value": value, "networks": share.total, "successful": count}
            rows.append(about | ends | {"distance": float(column(part, "distance").mean())})
    return rows


def _verdict(rows: Rows) -> Verdict:
    """The range around the trained value in which at least half of the networks stay successful."""
    factor, trained = str(rows[0]["factor"]), TRAINED[str(rows[0]["factor"])]
    shown, seen = (_span(rows, name, trained) for name in ("low", "percent"))
    return Verdict(
        what=f"{rows[0]['task']}: {TITLES[factor]}, trained with {trained:g}",
        published="no number",
        found=f"half of those that learned are successful {seen}; the lower end of the 95 % interval is there {shown}",
        verdict="cannot be compared",
        note="the tutorial proposes the study and publishes no result of it",
        power=f"{int(float(rows[0]['networks']))} networks that learned the task, of three data sets",
    )


def _span(rows: Rows, name: str, trained: float) -> str:
    """The range of tried values around the trained value in which a column stays at 50 or above."""
    values = sorted(float(row["value"]) for row in rows)
    good = {float(row["value"]) for row in rows if float(row[name]) >= 50}
    if trained not in good:
        return "nowhere"
    at = values.index(trained)
    low = next((here for here in range(at, -1, -1) if values[here] not in good), -1) + 1
    high = next((here for here in range(at, len(values)) if values[here] not in good), len(values)) - 1
    return f"from {values[low]:g} to {values[high]:g}"
