"""The output of the command line: progress bars on standard error, tables on standard output."""

from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Self

import numpy as np
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from recurra.analysis import Memories, Performance
from recurra.analysis.dossier_records import Dossier
from recurra.analysis.failures import in_words, where_known
from recurra.analysis.record import RunRecord
from recurra.cli.console_tables import print_table, progress_console, results_console
from recurra.tasks import TASKS, Task
from recurra.training import Training, TrainingState
from recurra.training.progress import epoch_words, last_number
from recurra.wording import fixed, percent, percent_high, percent_low
from recurra.words.choices import choice_sentences
from recurra.words.own import own_rows
from recurra.words.runs import NO_TASK
from recurra.words.spectra import gain_words, modes_words, outside_words
from recurra.words.summary import score_before, verdict_words
from recurra.words.workings_table import workings_table

MISSING = "-"  # for a number whose analysis failed


class ProgressBars:
    """Progress bars with loss, success and time left; one line per epoch if standard error is not a terminal."""

    def __init__(self) -> None:
        console = progress_console()
        self._plain = not console.is_terminal
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}", markup=False),
        )
        self._bars = Progress(*columns, console=console, disable=self._plain)
        self._training: TaskID | None = None
        self._analysis: TaskID | None = None
        self._figures: TaskID | None = None
        self._told = ""  # how many parts are trained

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def trained(self, steps: int) -> None:
        if self._training is not None:
            self._bars.advance(self._training, steps)

    def epoch(self, training: Training, state: TrainingState) -> None:
        done = training.rule.steps if state.ended else int(state.history.step[-1]) if state.epoch else 0
        if self._training is None:
            self._training = self._bars.add_task("training steps", total=training.rule.steps, note="")
        note = epoch_words(state.history)
        self._bars.update(self._training, completed=done, note=note)
        if self._plain and note:
            self._bars.console.print(f"epoch {state.epoch}/{training.epochs}  {note}", highlight=False)
        if state.ended and not any(last_number(row) > 0 for row in state.history.success):
            self._bars.console.print(_nothing_learned(training), highlight=False, markup=False)

    def parts(self, done: int, of: int, steps: float, last: int) -> None:
        """So many parts of a training are trained, and so many of the last step were taken by the mean network."""
        if self._training is None:
            self._training = self._bars.add_task("training steps", total=last, note="")
        note = f"{done} of {of} parts trained"
        before, self._told = self._told, note
        self._bars.update(self._training, completed=int(steps), note=note)
        if self._plain and note != before:
            self._bars.console.print(note, highlight=False)

    def restart(self) -> None:
        """Begin with new bars, for another training."""
        for bar in (self._training, self._analysis):
            if bar is not None:
                self._bars.remove_task(bar)
        self._training = self._analysis = None

    def say(self, line: str) -> None:
        """A line above the bars."""
        self._bars.console.print(line, highlight=False, markup=False)

    def drawn(self, done: int, total: int) -> None:
        if self._figures is None:
            self._figures = self._bars.add_task("figures drawn", total=total, note="")
        self._bars.update(self._figures, completed=done)

    def analysing(self, networks: int) -> None:
        self._analysis = self._bars.add_task("networks analysed", total=networks, note="")

    def analysed(self, networks: int) -> None:
        if self._analysis is not None:
            self._bars.advance(self._analysis, networks)


def _nothing_learned(training: Training) -> str:
    """What to look at where no network has learned: keys that model and rule have, and a preset if there is one."""
    parts = {"model.initializer": ("start", training.model), "training.learning_rate": ("learning rate", training.rule)}
    there = {key: words for key, (words, part) in parts.items() if hasattr(part, key.partition(".")[2])}
    otherwise = f"; where it stays on a plateau, try another {' or '.join(there.values())} ({', '.join(there)})"
    preset = "The preset of the task shows a recipe that learns: recurra run TASK --show; docs/recipes.md has others."
    return (
        "no trial is a success in any network. Where the loss still falls, train longer (training.steps)"
        f"{otherwise if there else ''}.{f' {preset}' if type(training.task) in TASKS.values() else ''}"
    )


def print_run(run: RunRecord) -> None:
    """A table with one row per network, and a line for every failed analysis."""
    status = ["imported"] * len(run.numbers) if run.status is None else [status.name for status in run.status]
    rows = []
    for at, (number, outcome, dossier) in enumerate(zip(run.numbers, status, run.dossiers, strict=True)):
        told = {"network": str(number), "status": f"{outcome}, {verdict_words(dossier)}"}
        rows.append({**told, **_cells(dossier, score_before(run, at))})
    console = results_console()
    if not run.task.known:
        console.print(NO_TASK, highlight=False, markup=False)
    print_table(console, f"{run.about['name']}: {run.task.title}", rows, left=("status",))
    for number, dossier in zip(run.numbers, run.dossiers, strict=True):
        contradiction = where_known(lambda one=dossier: one.performance.contradiction, "")
        if contradiction:
            console.print(f"network {number}: {contradiction}", highlight=False)
    own = own_rows(run.dossiers)
    if own:
        rows = [{"value": f"{one.analysis} {one.what}", "found": one.summary, "networks": one.networks} for one in own]
        print_table(console, "analyses of your own", rows, left=("value", "found"))
    for line in failure_lines(run):
        console.print(line, highlight=False, markup=False)


def failure_lines(run: RunRecord) -> list[str]:
    """What failed on which network, and why: "failed, network 3, fixed points: LinAlgError: ..."."""
    lines = [
        f"failed{'' if run.status is None else f', network {number}'}, {in_words(name)}: {reason}"
        for number, dossier in zip(run.numbers, run.dossiers, strict=True)
        for name, reason in dossier.failures.items()
    ]
    return [*lines, *([f"failed, census: {run.census_failure}"] if run.census_failure else [])]


def _cells(dossier: Dossier, before: str) -> dict[str, str]:
    """The row of a network, by column; memories and cube only if there are any, "-" for failed analyses."""
    cells: dict[str, Callable[[], str | None]] = {
        "MSE": lambda: f"{dossier.performance.mse:.3g}",
        "distance": lambda: f"{dossier.performance.distance:.3g}",
        "success [95 %]": lambda: _success(dossier.performance),
        "memories": lambda: _held(dossier.memories.held) if dossier.memories else None,
        "cube (untrained)": lambda: f"{fixed(dossier.memories.cube.score)} ({before})" if dossier.memories else None,
        "outside": lambda: str(dossier.spectrum.count_outside),
        "Henrici": lambda: f"{dossier.non_normality.henrici:.3f}",
    }
    if dossier.without_task:
        cells = {heading: cell for heading, cell in cells.items() if heading in ("outside", "Henrici")}
    told = {heading: where_known(cell, MISSING) for heading, cell in cells.items()}
    return {heading: cell for heading, cell in told.items() if cell is not None}


def _held(memories: Memories) -> str:
    return f"{memories.held.sum()}/{len(memories.held)}"


def _success(measured: Performance) -> str:
    low, high = percent_low(measured.success_low), percent_high(measured.success_high)
    return f"{percent(measured.success)} % [{low}, {high}]"


def print_workings(dossier: Dossier, task: Task) -> None:
    """Tables of regimes, memories and program, and lines about fixed points and other analyses.

    Args:
        dossier: dossier of the network.
        task: what it was trained on.
    """
    console, table = results_console(), workings_table(dossier, task)
    if table["regimes"]:
        left = ("settled_ms", "time_constant_ms")
        shown = [{name: value for name, value in one.items() if name not in left} for one in table["regimes"]]
        print_table(console, "regimes", _texts(shown))
    if table["memory_states"]:
        print_table(console, "memories", _texts(table["memory_states"]))
    if table["pulse_table"]:
        pulses = table["pulse_table"]
        rows = [
            {"state": state, **{pulse: end or "?" for pulse, end in row.items()}}
            for state, row in pulses["reached"].items()
        ]
        print_table(console, f"state and pulse: {pulses['right']:,} of {pulses['of']:,} as the task asks", _texts(rows))
    lines = [*_choice_lines(dossier), *_spectral_lines(dossier), *_lines(table)]
    console.print("\n".join(lines), highlight=False, markup=False)


def _choice_lines(dossier: Dossier) -> list[str]:
    """How it chooses, and how fast, where its task has choices by evidence."""
    told = choice_sentences(dossier.choices) if dossier.choices else []
    return [line for one in told if (line := where_known(one, ""))]


def _spectral_lines(dossier: Dossier) -> list[str]:
    lines: list[Callable[[], str]] = [
        lambda: f"recurrent weights: {outside_words(dossier.spectrum)}, Henrici {dossier.non_normality.henrici:.3f}",
        lambda: f"modes without input: {modes_words(dossier.modes)}",
        lambda: f"transient gain: {gain_words(dossier.gains)}",
    ]
    return [line for one in lines if (line := where_known(one, ""))]


def _lines(table: dict[str, Any]) -> Iterator[str]:
    """Lines about fixed points, attractors and slow points."""
    if table["fixed_points"]:
        yield from _point_lines(table["fixed_points"])
    if table["slow_points"] and table["slow_points"]["count"]:
        speeds = table["slow_points"]["speeds"]
        yield f"slow points: {len(speeds)}, speeds from {min(speeds):.2g} to {max(speeds):.2g}"
    if table["program"]:
        kinds = [one["kind"] for one in table["program"]["attractors"]]
        counts = ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds))
        yield f"where paths end: {len(kinds)} ({counts or 'nowhere'})"
        yield from _forgotten_lines(table["program"])


def _point_lines(points: dict[str, Any]) -> Iterator[str]:
    stable = points["by_index"].get("0", 0)
    unstable = [int(index) for index in points["by_index"] if index != "0"]
    modes = "" if not unstable else f" with {_span(unstable)} unstable mode{'' if unstable == [1] else 's'}"
    yield (
        f"fixed points without input: {points['count']} ({stable} stable, {points['count'] - stable} not{modes}), "
        f"{points['certified']} proved, at least {points['missing_at_least']:.0f} not found"
    )
    if stable:
        yield f"{points['proved_stable']} of {stable} stable ones proved stable"
    if points["continua"]:
        yield f"{points['continua']} of them stand for a continuum"
    if points["marginal"]:
        yield f"{points['marginal']} of them are marginal: to first order there is no motion along some direction"


def _forgotten_lines(table: dict[str, Any]) -> Iterator[str]:
    for one in table["forgotten"]:
        names = one["conditions"]
        whose = f"all {len(names)} conditions" if table["all_forgotten"] else ", ".join(names)
        yield (
            f"forgotten: {whose} end at one attractor, number {one['attractor']}, though they ask for different answers"
        )


def _span(numbers: list[int]) -> str:
    least, most = min(numbers), max(numbers)
    return f"{least}" if least == most else f"{least} to {most}"


def _texts(rows: list[dict[str, Any]]) -> list[dict[str, str]]:
    return [{name: _cell(value) for name, value in row.items()} for row in rows]


def _cell(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(_cell(one) for one in value)
    if isinstance(value, float):
        return "" if np.isnan(value) else f"{value:.3g}"
    return str(value)
