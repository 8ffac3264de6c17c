"""The report of a sweep: one page that needs nothing else, with a table of conditions and one figure."""

import base64
import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from recurra.analysis.cohorts.effects import SweepEffects
from recurra.analysis.cohorts.sweep import Sweep
from recurra.plotting.papers.style import MM_PER_INCH, PAGE_MM
from recurra.plotting.papers.sweeps import sweep_figure
from recurra.report.page.build import environment
from recurra.runs.show import to_toml
from recurra.runs.sweep.folder import SweepFolder
from recurra.storage.files import replace_text
from recurra.storage.run_folder import RunFolder
from recurra.tasks.rules import SUCCESSFUL
from recurra.wording import three, whole_or_three
from recurra.words.differences import interval_words, p_words
from recurra.words.sweeps import contrast_words, effects_words, share_words, sweep_words

COLUMNS = {
    "success": "Right trials",
    "validation_loss": "Loss",
    "steps_to_success": "Steps until successful",
    "spectrum.count_outside": "Eigenvalues outside",
    "memories.held_long": "Memories held long",
    "cube.score": "Cube",
}
DOTS = 96 * 1.15  # of the screen per inch, a little larger than in print


def write_sweep_report(sweep: Sweep, effects: SweepEffects, folder: RunFolder, path: Path) -> None:
    """Write the report of a sweep as one HTML file.

    Args:
        sweep: the sweep.
        effects: what its keys change.
        folder: its folder.
        path: the file; an older one is replaced.
    """
    about, frame = folder.about(), sweep.by_condition()
    names = [name for name in COLUMNS if sweep.known(name)]
    rows = [
        {
            "label": one.label,
            "folder": one.folder.relative_to(sweep.path).as_posix(),
            "link": _link(one.folder, sweep.path),
            "cells": [share_words(one.success_rate), *(_cell(row[name]) for name in names)],
        }
        for one, row in zip(sweep.conditions, frame.to_dict("records"), strict=True)
    ]
    page = environment().get_template("sweep.html.j2").render(
        sweep=sweep,
        effects=effects,
        networks=sum(len(one.rows) for one in sweep.conditions),
        seed=about["base"].get("seed", 0),
        words=sweep_words(sweep),
        effects_words=effects_words(effects),
        figure=_picture(sweep),
        width_px=round(PAGE_MM / MM_PER_INCH * DOTS),
        alt=sweep_words(sweep),
        caption=_caption(sweep),
        needed=f"{100 * SUCCESSFUL:g}",
        headings=["Learned, 95 % interval", *(COLUMNS[name] for name in names)],
        rows=rows,
        command="rc.load_sweep(DIR).to_dataframe()",
        facts=_facts(sweep, about),
        toml=to_toml(SweepFolder.open(sweep.path).plan.conditions[0].spec),
        interval_words=interval_words,
        contrast_words=contrast_words,
        p_words=p_words,
    )  # fmt: skip
    replace_text(path, page + "\n")


def _link(folder: Path, sweep: Path) -> str:
    """The condition's own report, if it is written."""
    page = folder / "report.html"
    return page.relative_to(sweep).as_posix() if page.is_file() else ""


def _cell(value: float) -> str:
    return "–" if math.isnan(value) else whole_or_three(value)


def _picture(sweep: Sweep) -> str:
    file = io.BytesIO()
    sweep_figure(sweep).savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    return f"data:image/svg+xml;base64,{base64.b64encode(file.getvalue()).decode()}"


def _caption(sweep: Sweep) -> str:
    if sweep.how == "all" and len(sweep.keys) == 2:
        return "Share of networks that learned, and how long they took: the median over those that were successful."
    return "Share of networks that learned with its 95 % interval (Wilson), and what every network needed."


def _facts(sweep: Sweep, about: dict[str, Any]) -> Sequence[tuple[str, str]]:
    seconds = sum(one.seconds for one in sweep.conditions)
    machine = about.get("machine", {})
    how = {"all": "all combinations", "zip": "values taken together", "sample": "a sample (Latin hypercube)"}[sweep.how]
    keys = [(key.key, ", ".join(dict.fromkeys(key.labels))) for key in sweep.keys]
    return [
        *keys,
        ("conditions", how),
        ("training", f"{three(seconds / 60)} min"),
        ("engine", str(about["engine"].get("name", ""))),
        ("machine", f"{machine.get('cores', '?')} cores, {machine.get('processor', '')}"),
        ("begun", str(about.get("started", ""))),
    ]
