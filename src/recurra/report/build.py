"""One self-contained HTML file from a run."""

import json
from importlib import resources
from pathlib import Path

import jinja2
from plotly.offline import get_plotlyjs

from recurra.analysis.spectra import OUTSIDE
from recurra.plotting.colors import DARK, INPUT, TARGET, state_color, state_colors, state_name
from recurra.plotting.interactive import LOSS_TOP
from recurra.report import words
from recurra.report.facts import facts, recurra_version
from recurra.report.panels import CELLS, WALK_STEPS, Scales, all_panels
from recurra.report.rows import SPARK, pick, rows
from recurra.sources import SOURCES
from recurra.storage.run_folder import replace_text
from recurra.studies.run_record import RunRecord
from recurra.studies.spec import to_spec

SHOWN = 6  # networks that the sections compare; each has a dossier


def write_report(run: RunRecord, path: Path) -> None:
    """Write the report of a run as one HTML file that needs nothing else, in one piece.

    Args:
        run: the run, or one imported network.
        path: the file; an older one is replaced.
    """
    replace_text(path, report_html(run))


def report_html(run: RunRecord) -> str:
    """The report of a run as HTML."""
    spec = to_spec(run.about["spec"]) if run.about.get("spec") else None
    table, picked = rows(run, spec), pick(run, SHOWN)
    panels = all_panels(run, spec, [row.name for row in table], SHOWN)
    page = _environment().get_template("page.html.j2")
    html = page.render(
        run=run,
        spec=spec,
        task=run.task,
        about=run.about,
        rows=table,
        shown=[table[at] for at in picked],
        panels=panels,
        scales=Scales.of(run),
        facts=facts(run, spec),
        paper=SOURCES["jarne2024"],
        version=recurra_version(run.about),
        words=words,
        sentence=words.sentence(run),
        legend=list(zip(map(state_name, run.task.states), state_colors(run.task.states), strict=True)),
        colors={"input": INPUT, "target": TARGET},
        palette=json.dumps(DARK),
        limits={"walk": WALK_STEPS, "cells": CELLS, "outside": OUTSIDE, "loss": LOSS_TOP, "spark": SPARK},
        plotly=get_plotlyjs(),
    )
    return html + "\n"


def _environment() -> jinja2.Environment:
    """Templates from the package; all that is put into them is escaped."""
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_template),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "three": words.three,
        "percent": words.percent,
        "fixed": words.fixed,
        "plain": "{:,.6g}".format,
    }
    environment.globals |= {"state_color": state_color, "state_name": state_name}
    return environment


def _template(name: str) -> str:
    return (resources.files("recurra.report") / "templates" / name).read_text(encoding="utf-8")
