"""What the command line shows: progress bars and tables, on standard error and standard output."""

from collections.abc import Iterator
from types import TracebackType
from typing import Any

import numpy as np
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from recurra.analysis import Performance
from recurra.console_tables import print_table, progress_console, results_console
from recurra.studies.dossier import Dossier
from recurra.studies.run_record import RunRecord
from recurra.studies.spectrum_words import gain_words, modes_words
from recurra.studies.summary import task_name
from recurra.studies.workings import workings_table
from recurra.tasks import Task
from recurra.training import Training, TrainingState
from recurra.wording import percent, percent_high, percent_low

NOTHING_LEARNED = (
    "no trial is a success in any network. Where the loss still falls, train longer (training.steps); where it stays "
    "on a plateau, try another start or learning rate (model.initializer, training.learning_rate). "
    "The preset of the task shows a recipe that learns: recurra run TASK --show; docs/recipes.md says what was tried."
)


class ProgressBars:
    """Progress bars with loss, success and time left; where standard error is no terminal, a line an epoch."""

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

    def __enter__(self) -> "ProgressBars":
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
        note = _note(state)
        self._bars.update(self._training, completed=done, note=note)
        if self._plain and note:
            self._bars.console.print(f"epoch {state.epoch}/{training.epochs}  {note}", highlight=False)
        if state.ended and not any(_last_number(row) > 0 for row in state.history.success):
            self._bars.console.print(NOTHING_LEARNED, highlight=False, markup=False)

    def drawn(self, done: int, total: int) -> None:
        if self._figures is None:
            self._figures = self._bars.add_task("figures drawn", total=total, note="")
        self._bars.update(self._figures, completed=done)

    def analysing(self, networks: int) -> None:
        self._analysis = self._bars.add_task("networks analysed", total=networks, note="")

    def analysed(self, networks: int) -> None:
        if self._analysis is not None:
            self._bars.advance(self._analysis, networks)


def _note(state: TrainingState) -> str:
    """Worst and best validation loss and the mean success at the latest epoch in which each network took part."""
    if state.epoch == 0:
        return ""
    latest = [_last_number(row) for row in state.history.validation_loss]
    success = np.mean([_last_number(row) for row in state.history.success])
    return f"loss {min(latest):.4f} to {max(latest):.4f}, success {success:.0%}"


def _last_number(row: np.ndarray) -> float:
    known = row[~np.isnan(row)]
    return float(known[-1]) if len(known) else float("nan")


def print_run(run: RunRecord) -> None:
    """A table with a row a network."""
    status = ["imported"] * len(run.numbers) if run.status is None else [status.name for status in run.status]
    rows = [
        {"network": str(number), "status": f"{outcome}, {dossier.performance.verdict}", **_cells(dossier)}
        for number, outcome, dossier in zip(run.numbers, status, run.dossiers, strict=True)
    ]
    console = results_console()
    print_table(console, f"{run.about['name']}: {task_name(run.task)}", rows, left=("status",))
    for number, dossier in zip(run.numbers, run.dossiers, strict=True):
        if dossier.performance.contradiction:
            console.print(f"network {number}: {dossier.performance.contradiction}", highlight=False)


def _cells(dossier: Dossier) -> dict[str, str]:
    """What the table says of a network, by column; memories and cube only where there are any."""
    measured = dossier.performance
    cells = {
        "MSE": f"{measured.mse:.3g}",
        "distance": f"{measured.distance:.3g}",
        "success [95 %]": _success(measured),
    }
    if dossier.memories:
        cells["memories"] = f"{dossier.memories.held.sum()}/{len(dossier.memories.held)}"
    if dossier.geometry:
        cells["cube R²"] = f"{dossier.geometry.hypercube_r2:.3f}"
    cells["outside"] = str(dossier.spectrum.count_outside)
    cells["Henrici"] = f"{dossier.non_normality.henrici:.3f}"
    return cells


def _success(measured: Performance) -> str:
    low, high = percent_low(measured.success_low), percent_high(measured.success_high)
    return f"{percent(measured.success)} % [{low}, {high}]"


def print_workings(dossier: Dossier, task: Task) -> None:
    """Tables of the regimes, of the memories and of the program, and lines on the fixed points and the rest.

    Args:
        dossier: of the network.
        task: what it was trained on.
    """
    console, table = results_console(), workings_table(dossier, task)
    left = ("settled_ms", "time_constant_ms")
    shown = [{name: value for name, value in one.items() if name not in left} for one in table["regimes"]]
    print_table(console, "regimes", _texts(shown))
    if table["memory_states"]:
        print_table(console, "memories", _texts(table["memory_states"]))
    if table["pulse_table"]:
        found = table["pulse_table"]
        rows = [
            {"state": state, **{pulse: end or "?" for pulse, end in row.items()}}
            for state, row in found["reached"].items()
        ]
        print_table(console, f"state and pulse: {found['right']} of {found['of']} as the task asks", _texts(rows))
    console.print("\n".join([*_spectral_lines(dossier), *_lines(table)]), highlight=False)


def _spectral_lines(dossier: Dossier) -> Iterator[str]:
    values, skew = dossier.spectrum, dossier.non_normality
    yield (
        f"recurrent weights: {values.count_outside} eigenvalues outside the unit circle, "
        f"largest |λ| {abs(values.leading):.3f}, Henrici {skew.henrici:.3f}"
    )
    yield f"modes without input: {modes_words(dossier.modes)}"
    yield f"transient gain: {gain_words(dossier.gains)}"


def _lines(table: dict[str, Any]) -> Iterator[str]:
    """What is said of the fixed points, the attractors and the slow points."""
    points = table["fixed_points"]
    stable = points["by_index"].get("0", 0)
    unstable = [int(index) for index in points["by_index"] if index != "0"]
    modes = "" if not unstable else f" with {_span(unstable)} unstable modes"
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
    if table["slow_points"]["count"]:
        speeds = table["slow_points"]["speeds"]
        yield f"slow points: {len(speeds)}, speeds from {min(speeds):.2g} to {max(speeds):.2g}"
    kinds = [one["kind"] for one in table["program"]["attractors"]]
    counts = ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds))
    yield f"where paths end: {len(kinds)} ({counts or 'nowhere'})"


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
