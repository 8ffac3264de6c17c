"""Robustness (Jarne 2024, section 5.1): other noise, amplitudes, pulse widths and lengths than in training."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, ClassVar, final

import numpy as np
from matplotlib.figure import Figure

from recurra.analysis import performance
from recurra.intervals import wilson_interval
from recurra.models.cohort import Cohort
from recurra.plotting.papers.studies import factor_curves
from recurra.studies.dossier import test_trials
from recurra.studies.protocol import papers_spec
from recurra.studies.spec import RunSpec, read_table, to_spec, with_settings
from recurra.studies.study import Rows, Scale, Study, Verdict, where
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


def shares(cohort: Cohort, task: Task, seed: int) -> Rows:
    """A row a network: the share of successful trials on a task, and the mean distance."""
    trials = test_trials(task, seed)
    found = [performance(network, task, trials) for network in cohort]
    return [
        {"network": number, "success": one.success, "distance": one.distance}
        for number, one in zip(cohort.numbers, found, strict=True)
    ]


def varied(task: Any, factor: str, value: float) -> Task:
    """The task with one of its parameters changed; lengths are given in trained lengths."""
    return replace(task, **{factor: value * task.length_ms if factor == "length_ms" else value})


@final
class Robustness(Study):
    """Networks that learned the flip-flop, and those of Table 6 that learned `and`, on changed stimuli."""

    name: ClassVar[str] = "robustness"
    title: ClassVar[str] = "Robustness against noise and other stimuli (Jarne 2024, section 5.1)"
    sources: ClassVar[tuple[str, ...]] = ("jarne2024", "wilson1927")

    def plan(self, scale: Scale, seed: int) -> list[RunSpec]:
        networks = {"quick": 2, "laptop": 8, "paper": 20}[scale]
        shorter = ["training.steps=25"] if scale == "quick" else []
        settings = [f"networks={networks}", f"seed={seed}", "name=flipflop", *shorter]
        flipflop = to_spec(with_settings(read_table("flipflop"), settings))
        if scale == "quick":
            return [flipflop]
        return [flipflop, papers_spec("and", networks=20, seed=seed)]

    def measure(self, scale: Scale, seed: int, trained: Callable[[RunSpec], Cohort]) -> dict[str, Rows]:
        networks: Rows = []
        grid: Rows = []
        for spec in self.plan(scale, seed):
            cohort, kind = trained(spec), spec.table()["task"]["kind"]
            for factor, value in _one_at_a_time(scale):
                for row in shares(cohort, varied(spec.task, factor, value), seed):
                    networks.append({"task": kind, "factor": factor, "value": value, **row})
            for noise, amplitude in _both(scale):
                changed = varied(varied(spec.task, "input_noise", noise), "amplitude", amplitude)
                found = [float(row["success"]) for row in shares(cohort, changed, seed)]
                grid.append(
                    {"task": kind, "input_noise": noise, "amplitude": amplitude, "mean_success": float(np.mean(found))}
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
    rows: Rows = []
    for task, factor, value in dict.fromkeys((row["task"], row["factor"], row["value"]) for row in networks):
        part = where(networks, task=task, factor=factor, value=value)
        good = wilson_interval(sum(float(row["success"]) >= SUCCESSFUL for row in part), len(part))
        ends = {"percent": 100 * good.value, "low": 100 * good.low, "high": 100 * good.high}
        distance = float(np.mean([float(row["distance"]) for row in part]))
        rows.append(
            {"task": task, "factor": factor, "value": value, "networks": len(part), **ends, "distance": distance}
        )
    return rows


def _verdict(rows: Rows) -> Verdict:
    """The span of values around the trained one at which at least half of the networks are successful."""
    factor = str(rows[0]["factor"])
    good = [float(row["value"]) for row in rows if float(row["percent"]) >= 50]
    found = f"half of the networks are successful from {min(good):g} to {max(good):g}" if good else "none is successful"
    return Verdict(
        what=f"{rows[0]['task']}: {TITLES[factor]}, trained with {TRAINED[factor]:g}",
        published="no number",
        found=found,
        verdict="cannot be compared",
        note="the tutorial proposes the study and publishes no result of it",
    )
