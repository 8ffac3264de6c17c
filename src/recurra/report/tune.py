"""The report of a search over hyperparameters: one page that needs nothing else, with Optuna's own pictures."""

import json
import warnings
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from recurra.analysis.cohorts.swept import SweptCondition
from recurra.analysis.cohorts.tuning import Tuning
from recurra.plotting.colors import DARK
from recurra.plotting.interactive.theme import styled
from recurra.report.explorer.script import report_script
from recurra.report.page.build import environment
from recurra.report.page.panel import PageFigure, PlannedFigure
from recurra.runs.tune.conduct import BEST
from recurra.runs.tune.folder import TuneFolder
from recurra.runs.tune.journal import quiet
from recurra.storage.files import replace_text
from recurra.tasks.rules import SUCCESSFUL
from recurra.wording import as_sentence, three
from recurra.words.sweeps import share_words
from recurra.words.tunings import aim_words, best_words, confirmed_words, trials_words, value_words

HEIGHT = 420  # px
MARGIN = (72, 40, 40, 100)  # left, right, top and bottom, px; names of keys stand at the bottom
ROW = 190  # px, of each row of a picture with a panel for every two keys
MOST_KEYS = 4  # of that picture
PICTURES = {
    "optimization_history": "The aim of every trial, and the best so far.",
    "param_importances": "How much each key decides whether a trial is among the better ones (PED-ANOVA).",
    "slice": "The aim against each key.",
    "parallel_coordinate": "Every trial as a line through its values.",
    "contour": "The aim over every two keys.",
    "intermediate_values": "The aim in the course of each trial, from the validation trials.",
}


def write_tune_report(tuning: Tuning, folder: TuneFolder, path: Path) -> None:
    """Write the report of a search as one HTML file.

    Args:
        tuning: the search.
        folder: its folder.
        path: the file; an older one is replaced.
    """
    about, best = folder.folder.about(), folder.folder.path / BEST
    page = environment().get_template("tune.html.j2").render(
        tuning=tuning,
        trials_words=trials_words(tuning),
        best_words=best_words(tuning),
        confirmed_words=confirmed_words(tuning),
        aim_words=as_sentence(aim_words(tuning)),
        needed=f"{100 * SUCCESSFUL:g}",
        rows=[_row(tuning, at) for at in range(len(tuning))],
        panels={panel.key: panel for panel in _panels(tuning, folder)},
        captions=PICTURES,
        facts=_facts(tuning, folder, about),
        toml=best.read_text(encoding="utf-8") if best.is_file() else "",
        explorer=None,
        palette=json.dumps(DARK),
        plotly=get_plotlyjs(),
        script=report_script(),
    )  # fmt: skip
    replace_text(path, page + "\n")


def _panels(tuning: Tuning, folder: TuneFolder) -> Iterator[PageFigure]:
    """Optuna's pictures; where one cannot be drawn, as of a single trial, the reason in its place."""
    study = folder.journal.study()
    names = [name for name in PICTURES if name != "contour" or len(tuning.keys) > 1]
    for name in names:
        yield PlannedFigure(name, partial(_picture, name, study, tuning)).panel()


def _picture(name: str, study: Any, tuning: Tuning) -> PageFigure:
    figure, keys = _drawn(name, study, tuning), min(len(tuning.keys), MOST_KEYS)
    height = max(HEIGHT, ROW * keys) if name == "contour" and keys > 2 else HEIGHT
    styled(figure, height, MARGIN).update_layout(title=None)
    figure.update_xaxes(automargin=True).update_yaxes(automargin=True)  # labels are names of keys, however long
    return PageFigure(name, figure, PICTURES[name])


def _drawn(name: str, study: Any, tuning: Tuning) -> go.Figure:
    with quiet() as optuna, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of trials that a picture leaves out, which the table has
        draw = getattr(optuna.visualization, f"plot_{name}")
        if name == "intermediate_values":
            return draw(study)
        if name == "contour":
            return draw(study, params=_contoured(study, tuning, optuna), target_name=tuning.aim)
        return draw(study, target_name=tuning.aim)


def _contoured(study: Any, tuning: Tuning, optuna: Any) -> list[str]:
    """The keys of a picture with a panel for every two: of many the most important."""
    keys = [key.key for key in tuning.keys]
    if len(keys) <= MOST_KEYS:
        return keys
    return list(optuna.importance.get_param_importances(study))[:MOST_KEYS]


def _row(tuning: Tuning, at: int) -> dict[str, Any]:
    trial = tuning.trials[at]
    page = trial.folder / "report.html"
    return {
        "number": trial.number,
        "label": trial.label,
        "folder": trial.folder.relative_to(tuning.path).as_posix(),
        "link": page.relative_to(tuning.path).as_posix() if page.is_file() else "",
        "state": f"{trial.state}: {trial.reason}" if trial.reason else trial.state,
        "learned": share_words(trial.networks.success_rate) if trial.networks else "–",
        "value": value_words(trial.value),
    }


def _facts(tuning: Tuning, folder: TuneFolder, about: dict[str, Any]) -> Sequence[tuple[str, str]]:
    cohorts: list[SweptCondition] = [one.networks for one in tuning.finished if one.networks]
    seconds, plan, machine = sum(one.seconds for one in cohorts), folder.plan, about.get("machine", {})
    return [
        *((axis.key, axis.words) for axis in plan.axes),
        ("aim", tuning.aim),
        ("patience", f"{plan.patience:,} steps" if plan.patience else "none: no trial is ended early"),
        ("networks of a trial", str(len(cohorts[0].rows)) if cohorts else "–"),
        ("seed of the search", str(plan.seed)),
        ("training of the finished trials", f"{three(seconds / 60)} min"),
        ("engine", str(about["engine"].get("name", ""))),
        ("machine", f"{machine.get('cores', '?')} cores, {machine.get('processor', '')}"),
        ("begun", str(about.get("started", ""))),
    ]
