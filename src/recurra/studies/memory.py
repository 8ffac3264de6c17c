"""Figure 13 of Jarne and Laje (2019): how the pulse memory fails with the delay, and how units help."""

from collections.abc import Callable
from typing import ClassVar, final

import numpy as np
from matplotlib.figure import Figure

from recurra.analysis import performance
from recurra.intervals import wilson_interval
from recurra.models.cohort import Cohort
from recurra.plotting.papers.studies import memory_curve
from recurra.studies.dossier import test_trials
from recurra.studies.protocol import papers_spec
from recurra.studies.spec import RunSpec
from recurra.studies.study import Rows, Scale, Study, Verdict, column, mean_and_error, published, where
from recurra.tasks import PulseMemory
from recurra.tasks.rules import SUCCESSFUL

AFTER_MS = 20.0  # from the end of the answer to the end of a trial, at least
TARGET_NOISE = 0.1  # standard deviation of the noise that the programs add to the targets


def memory_spec(seed: int, *, delay_ms: float, units: int, networks: int, passes: int) -> RunSpec:
    """Networks that are trained to repeat a pulse after a delay; trials are 200 ms or as long as that needs."""
    plain = PulseMemory()
    needed_ms = plain.onset_ms[1] + 2 * plain.pulse_ms + delay_ms + AFTER_MS
    length_ms = max(plain.length_ms, needed_ms)
    settings = (f"task.delay_ms={delay_ms}", f"task.length_ms={length_ms}")
    return papers_spec("pulse", networks=networks, seed=seed, units=units, passes=passes, settings=settings)


def measured(spec: RunSpec, cohort: Cohort, factor: str, value: float) -> Rows:
    """A row a network: what it was trained on, and its distance and success on fresh trials.

    `distance` is from the clean targets. `distance_from_noisy` is from targets with noise of standard deviation 0.1,
    as the published programs measure it; it is at least 0.1 times the root of the number of steps.
    """
    trials = test_trials(spec.task, spec.seed)
    noise = np.random.default_rng(spec.seed).normal(0, TARGET_NOISE, np.shape(trials.targets))
    rows: Rows = []
    for at, number in enumerate(cohort.numbers):
        found = performance(cohort[at], spec.task, trials)
        error = cohort[at].respond(trials.inputs) - (np.asarray(trials.targets) + noise)
        rows.append(
            {
                factor: value,
                "network": number,
                "status": cohort.status[at].name,
                "success": found.success,
                "mse": found.mse,
                "distance": found.distance,
                "distance_from_noisy": float(np.linalg.norm(error, axis=1).mean()),
            }
        )
    return rows


def _points(networks: Rows, factor: str, known: Rows) -> Rows:
    """A row a value of the factor: mean distance with its 95 % interval, and the published one."""
    rows: Rows = []
    before = {row[factor]: row for row in known}
    for value in dict.fromkeys(row[factor] for row in networks):
        of_row = where(networks, **{factor: value})
        clean = mean_and_error(column(of_row, "distance"))
        noisy = mean_and_error(column(of_row, "distance_from_noisy"))
        good = wilson_interval(int((column(of_row, "success") >= SUCCESSFUL).sum()), len(of_row))
        rows.append(
            {
                factor: value,
                "networks": len(of_row),
                **{f"distance_{key}": number for key, number in clean.items()},
                **{f"noisy_{key}": number for key, number in noisy.items()},
                "successful": good.count,
                "successful_low": good.low,
                "successful_high": good.high,
                "published_distance": before[value]["distance"] if value in before else float("nan"),
                "published_error": before[value]["error"] if value in before else float("nan"),
                "published_networks": before[value]["networks"] if value in before else 0,
            }
        )
    return sorted(rows, key=lambda row: float(row[factor]))


def _verdicts(rows: Rows, words: str, factor: str) -> list[Verdict]:
    """Two means agree if they differ by less than 1.96 standard errors of the difference."""
    found = []
    for row in rows:
        what = words.format(f"{float(row[factor]):g}")
        mean, error = float(row["distance_mean"]), float(row["distance_error"])
        text = (
            f"{mean:.2f} ± {error:.2f} ({row['networks']} networks; from noisy targets {float(row['noisy_mean']):.2f})"
        )
        if not row["published_networks"]:
            found.append(Verdict(what, "none", text, "cannot be compared", "not among the published points"))
            continue
        known, known_error = float(row["published_distance"]), float(row["published_error"])
        difference = mean - known
        apart = abs(difference) > 1.96 * float(np.hypot(error, known_error))
        found.append(
            Verdict(
                what, f"{known:.2f} ± {known_error:.2f}", text, "differs" if apart else "agrees", f"{difference:+.2f}"
            )
        )
    return found


@final
class MemoryDelay(Study):
    """50 units, delays from 25 to 170 ms."""

    name: ClassVar[str] = "memory-delay"
    title: ClassVar[str] = "Memory against delay (Jarne and Laje 2019, Figure 13, top)"
    sources: ClassVar[tuple[str, ...]] = ("jarne2019",)

    def plan(self, scale: Scale, seed: int) -> list[RunSpec]:
        return [spec for _, spec in self._cells(scale, seed)]

    def _cells(self, scale: Scale, seed: int) -> list[tuple[float, RunSpec]]:
        delays = column(published("memory_delay"), "delay_ms")
        networks, passes = {"quick": (2, 1), "laptop": (20, 20), "paper": (30, 20)}[scale]
        chosen = delays[[0, -1]] if scale == "quick" else delays
        return [
            (float(delay), memory_spec(seed, delay_ms=float(delay), units=50, networks=networks, passes=passes))
            for delay in chosen
        ]

    def measure(self, scale: Scale, seed: int, trained: Callable[[RunSpec], Cohort]) -> dict[str, Rows]:
        cells = self._cells(scale, seed)
        networks = [row for delay, spec in cells for row in measured(spec, trained(spec), "delay_ms", delay)]
        return {"points": _points(networks, "delay_ms", published("memory_delay")), "networks": networks}

    def verdicts(self, tables: dict[str, Rows]) -> list[Verdict]:
        return _verdicts(tables["points"], "distance, delay {} ms", "delay_ms")

    def figures(self, tables: dict[str, Rows]) -> dict[str, Figure]:
        return {"distance": memory_curve(tables["points"], published("memory_delay"), "delay_ms", "Delay (ms)")}


@final
class MemorySize(Study):
    """A delay of 150 ms, from 50 to 500 units."""

    name: ClassVar[str] = "memory-size"
    title: ClassVar[str] = "Memory against size (Jarne and Laje 2019, Figure 13, bottom)"
    sources: ClassVar[tuple[str, ...]] = ("jarne2019",)

    def plan(self, scale: Scale, seed: int) -> list[RunSpec]:
        return [spec for _, spec in self._cells(scale, seed)]

    def _cells(self, scale: Scale, seed: int) -> list[tuple[int, RunSpec]]:
        cells = []
        for units in column(published("memory_size"), "units").astype(int).tolist():
            networks, passes = 30, 20
            if scale == "quick":
                networks, passes = (2, 1) if units == 50 else (0, 0)
            elif scale == "laptop":
                networks = 8 if units <= 200 else 3 if units in (250, 300) else 0
            if networks:
                cells.append((units, memory_spec(seed, delay_ms=150, units=units, networks=networks, passes=passes)))
        return cells

    def measure(self, scale: Scale, seed: int, trained: Callable[[RunSpec], Cohort]) -> dict[str, Rows]:
        cells = self._cells(scale, seed)
        networks = [row for units, spec in cells for row in measured(spec, trained(spec), "units", units)]
        return {"points": _points(networks, "units", published("memory_size")), "networks": networks}

    def verdicts(self, tables: dict[str, Rows]) -> list[Verdict]:
        return _verdicts(tables["points"], "distance, {} units", "units")

    def figures(self, tables: dict[str, Rows]) -> dict[str, Figure]:
        return {"distance": memory_curve(tables["points"], published("memory_size"), "units", "Units")}
