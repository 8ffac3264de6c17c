"""Figure 13 of Jarne and Laje (2019): how the pulse memory fails with the delay, and how units help."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
from matplotlib.figure import Figure

from recurra.analysis import performance
from recurra.intervals import wilson_interval
from recurra.models.cohort import Cohort
from recurra.plotting.papers.studies import memory_curve
from recurra.studies.dossier import test_trials
from recurra.studies.protocol import PASSES, papers_spec
from recurra.studies.spec import RunSpec
from recurra.studies.study import Rows, Scale, Study, Value, Verdict, column, mean_and_error, published, where
from recurra.tasks import PulseMemory
from recurra.tasks.rules import SUCCESSFUL

AFTER_MS = 20.0  # from the end of the answer to the end of a trial, at least
ONE_PASS = 1  # the published distances are those of networks that have gone through the trials once


@dataclass(frozen=True)
class Cell:
    """Networks that differ from those of the other cells in one factor.

    Args:
        value: of the factor.
        passes: how many times they went through the trials at most.
        spec: how they are trained.
    """

    value: float
    passes: int
    spec: RunSpec


def memory_spec(seed: int, *, delay_ms: float, units: int, networks: int, passes: int) -> RunSpec:
    """Networks that are trained to repeat a pulse after a delay; trials are 200 ms or as long as that needs."""
    plain = PulseMemory()
    needed_ms = plain.onset_ms[1] + 2 * plain.pulse_ms + delay_ms + AFTER_MS
    length_ms = max(plain.length_ms, needed_ms)
    words = f"pulse, {units} units, {delay_ms:g} ms, {passes} {'pass' if passes == 1 else 'passes'}"
    settings = (f"name={words}", f"task.delay_ms={delay_ms}", f"task.length_ms={length_ms}")
    return papers_spec("pulse", networks=networks, seed=seed, units=units, passes=passes, settings=settings)


def measured(cell: Cell, cohort: Cohort, factor: str) -> Rows:
    """A row a network: what it was trained on, and its distance and success on fresh trials."""
    trials = test_trials(cell.spec.task, cell.spec.seed)
    rows: Rows = []
    for at, number in enumerate(cohort.numbers):
        found = performance(cohort[at], cell.spec.task, trials)
        rows.append(
            {
                factor: cell.value,
                "passes": cell.passes,
                "network": number,
                "status": cohort.status[at].name,
                "success": found.success,
                "mse": found.mse,
                "distance": found.distance,
            }
        )
    return rows


def _points(networks: Rows, factor: str, known: Rows) -> Rows:
    """A row a value of the factor: after one pass and after all of them the mean distance, and the published one."""
    rows: Rows = []
    before = {row[factor]: row for row in known}
    for value in dict.fromkeys(row[factor] for row in networks):
        row: dict[str, Value] = {factor: value}
        for name, passes in (("one_pass", ONE_PASS), ("all_passes", PASSES)):
            of_row = where(networks, **{factor: value, "passes": passes})
            row |= _summary(name, of_row)
        there = before.get(value, {"distance": float("nan"), "error": float("nan"), "networks": 0})
        row |= {f"published_{key}": there[key] for key in ("distance", "error", "networks")}
        rows.append(row)
    return sorted(rows, key=lambda row: float(row[factor]))


def _summary(name: str, networks: Rows) -> dict[str, Value]:
    """How many networks, their mean distance with its 95 % interval, and how many are successful; NaN without any."""
    if not networks:
        keys = ("mean", "deviation", "error", "low", "high", "successful", "successful_low", "successful_high")
        return {f"{name}_networks": 0, **{f"{name}_{key}": float("nan") for key in keys}}
    good = wilson_interval(int((column(networks, "success") >= SUCCESSFUL).sum()), len(networks))
    return {
        f"{name}_networks": len(networks),
        **{f"{name}_{key}": number for key, number in mean_and_error(column(networks, "distance")).items()},
        f"{name}_successful": good.count,
        f"{name}_successful_low": good.low,
        f"{name}_successful_high": good.high,
    }


def _verdicts(rows: Rows, words: str, factor: str) -> Iterator[Verdict]:
    """Two means agree if they differ by less than 1.96 standard errors of the difference."""
    for row in rows:
        what = words.format(f"{float(row[factor]):g}")
        mean, error = float(row["one_pass_mean"]), float(row["one_pass_error"])
        text = f"{mean:.2f} ± {error:.2f} ({row['one_pass_networks']} networks, one pass)"
        if row["all_passes_networks"]:
            text += f"; after up to {PASSES} passes {float(row['all_passes_mean']):.2f}"
        if not row["published_networks"]:
            yield Verdict(what, "none", text, "cannot be compared", "not among the published points")
            continue
        known, known_error = float(row["published_distance"]), float(row["published_error"])
        apart = abs(mean - known) > 1.96 * float(np.hypot(error, known_error))
        there = f"{known:.2f} ± {known_error:.2f}"
        yield Verdict(what, there, text, "differs" if apart else "agrees", f"{mean - known:+.2f}")


def _tables(cells: list[Cell], trained: Callable[[RunSpec], Cohort], factor: str, known: Rows) -> dict[str, Rows]:
    networks = [row for cell in cells for row in measured(cell, trained(cell.spec), factor)]
    return {"points": _points(networks, factor, known), "networks": networks}


@final
class MemoryDelay(Study):
    """50 units, delays from 25 to 170 ms."""

    name: ClassVar[str] = "memory-delay"
    title: ClassVar[str] = "Memory against delay (Jarne and Laje 2019, Figure 13, top)"
    sources: ClassVar[tuple[str, ...]] = ("jarne2019",)

    def plan(self, scale: Scale, seed: int) -> list[RunSpec]:
        return [cell.spec for cell in self._cells(scale, seed)]

    def _cells(self, scale: Scale, seed: int) -> list[Cell]:
        delays = column(published("memory_delay"), "delay_ms")
        cells = []
        for passes in (ONE_PASS,) if scale == "quick" else (ONE_PASS, PASSES):
            networks = {"quick": 2, "laptop": 20 if passes == ONE_PASS else 10, "paper": 30}[scale]
            for delay in delays[[0, -1]] if scale == "quick" else delays:
                spec = memory_spec(seed, delay_ms=float(delay), units=50, networks=networks, passes=passes)
                cells.append(Cell(float(delay), passes, spec))
        return cells

    def measure(self, scale: Scale, seed: int, trained: Callable[[RunSpec], Cohort]) -> dict[str, Rows]:
        return _tables(self._cells(scale, seed), trained, "delay_ms", published("memory_delay"))

    def verdicts(self, tables: dict[str, Rows]) -> list[Verdict]:
        return list(_verdicts(tables["points"], "distance, delay {} ms", "delay_ms"))

    def figures(self, tables: dict[str, Rows]) -> dict[str, Figure]:
        return {"distance": memory_curve(tables["points"], published("memory_delay"), "delay_ms", "Delay (ms)")}


@final
class MemorySize(Study):
    """A delay of 150 ms, from 50 to 500 units."""

    name: ClassVar[str] = "memory-size"
    title: ClassVar[str] = "Memory against size (Jarne and Laje 2019, Figure 13, bottom)"
    sources: ClassVar[tuple[str, ...]] = ("jarne2019",)

    def plan(self, scale: Scale, seed: int) -> list[RunSpec]:
        return [cell.spec for cell in self._cells(scale, seed)]

    def _cells(self, scale: Scale, seed: int) -> list[Cell]:
        sizes = column(published("memory_size"), "units").astype(int).tolist()
        cells = []
        for passes in (ONE_PASS, PASSES):
            for units in sizes:
                networks = _networks(scale, units, passes)
                if networks:
                    spec = memory_spec(seed, delay_ms=150, units=units, networks=networks, passes=passes)
                    cells.append(Cell(units, passes, spec))
        return cells

    def measure(self, scale: Scale, seed: int, trained: Callable[[RunSpec], Cohort]) -> dict[str, Rows]:
        return _tables(self._cells(scale, seed), trained, "units", published("memory_size"))

    def verdicts(self, tables: dict[str, Rows]) -> list[Verdict]:
        return list(_verdicts(tables["points"], "distance, {} units", "units"))

    def figures(self, tables: dict[str, Rows]) -> dict[str, Figure]:
        return {"distance": memory_curve(tables["points"], published("memory_size"), "units", "Units")}


def _networks(scale: Scale, units: int, passes: int) -> int:
    """How many networks of a size are trained for so many passes."""
    if scale == "quick":
        return 2 if units == 50 and passes == ONE_PASS else 0
    if scale == "paper":
        return 30
    if passes == ONE_PASS:
        return 20 if units <= 200 else 10
    return 8 if units in (50, 100, 150, 200) else 0
