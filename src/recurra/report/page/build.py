"""One self-contained HTML file from a run."""

import json
import re
from functools import partial
from importlib import resources
from pathlib import Path

import jinja2
from plotly.offline import get_plotlyjs

from recurra.analysis.dossier_records import Dossier
from recurra.analysis.failures import in_words, where_known
from recurra.analysis.record import RunRecord
from recurra.analysis.weights.spectra import OUTSIDE
from recurra.plotting.colors import DARK, bit_look, state_colors
from recurra.plotting.scenes.conditions import Conditions
from recurra.plotting.scenes.learning import LOSS_TOP
from recurra.plotting.scenes.lifetimes import MOST
from recurra.plotting.scenes.loadings import MOST_LOADINGS
from recurra.plotting.scenes.program_parts import left_words, parts_of
from recurra.plotting.scenes.scales import Scales
from recurra.plotting.scenes.space import WALK_STEPS
from recurra.report.explorer.script import report_script
from recurra.report.page.explorer_part import explorer_part
from recurra.report.page.missing import FirstKnown, RecordEnvironment, told
from recurra.report.page.packing import Packed
from recurra.report.page.panel import FINE
from recurra.report.page.panels import all_panels, cells_of
from recurra.report.page.play_part import play_part
from recurra.report.page.provenance import provenance, recurra_version
from recurra.report.page.rows import SPARK, pick, rows
from recurra.report.page.workings import workings_of
from recurra.report.page.workings_panels import signature_members
from recurra.runs.spec import to_spec
from recurra.storage.files import replace_text
from recurra.tasks.rules import SUCCESSFUL
from recurra.wording import fixed, percent, percent_high, percent_low, three
from recurra.words import runs as words
from recurra.words.memories import memory_findings
from recurra.words.names import state_name
from recurra.words.own import own_rows
from recurra.words.spectra import gain_words, modes_words
from recurra.words.summary import score_before, verdict_words
from recurra.words.workings import census_words

NO_MATRIX = "Networks of this kind have no single recurrent matrix"
SHOWN = 6  # networks that the sections compare; each has a dossier
NAMED_BITS = 4  # of more the memory states are not named


def write_report(run: RunRecord, path: Path) -> None:
    """Write the report of a run as one HTML file that needs nothing else, in one piece.

    Args:
        run: the run, or one imported network.
        path: the file; an older one is replaced, and missing folders on the way to it are made.
    """
    replace_text(path, report_html(run), folders=True)


def report_html(run: RunRecord) -> str:
    """The report of a run as HTML."""
    spec = to_spec(dict(run.spec)) if run.spec else None
    table, picked, findings = rows(run, spec), pick(run, SHOWN), memory_findings(run)
    panels = all_panels(run, [row.name for row in table], SHOWN)
    conditions = Conditions.of(run.probe)
    workings = [workings_of(run.task, dossier, conditions.names) for dossier in run.dossiers]
    left = {number: left_out(one) for number, one in zip(run.numbers, run.dossiers, strict=True)}
    page = environment().get_template("page.html.j2")
    html = page.render(
        run=run,
        spec=spec,
        task=run.task,
        about=run.about,
        rows=table,
        shown=[table[at] for at in picked],
        panels=panels,
        packed=Packed(panels) if len(table) > FINE else None,
        play=play_part(run, picked),
        no_matrix="" if run.network(0).has_recurrent else NO_MATRIX,
        weight_limit=Scales.of(run).weight,
        absent=run.network(0).has_recurrent and not run.network(0).recurrent_connections.all(),
        provenance=provenance(run, spec),
        known=FirstKnown(run.dossiers),
        **of_some_tasks(run),
        in_words=in_words,
        version=recurra_version(run.about),
        words=words,
        modes_words=modes_words,
        score_before=score_before,
        gain_words=gain_words,
        verdict_words=verdict_words,
        own_rows=own_rows(run.dossiers),
        told=told,
        sentence=words.sentence(run),
        length_ms=run.task.steps * run.task.dt_ms,
        conditions=conditions,
        workings=dict(zip(run.numbers, workings, strict=True)),
        left_out=left,
        explorer=explorer_part(run, table, picked, left),
        script=report_script(),
        bits=[bit_look(bit) for bit in range(findings.task.bits)] if findings else [],
        census_sentence=census_words(run.census) if run.census else "",
        factor_names=run.task.factor_names(),
        signatures=signature_members(run),
        legend=legend(run),
        palette=json.dumps(DARK),
        limits={
            "walk": WALK_STEPS,
            "cells": cells_of(run),
            "bars": MOST,
            "outside": OUTSIDE,
            "loss": LOSS_TOP,
            "loadings": MOST_LOADINGS,
            "spark": SPARK,
            "learned": SUCCESSFUL,
        },
        plotly=get_plotlyjs(),
    )
    return html + "\n"


def of_some_tasks(run: RunRecord) -> dict[str, FirstKnown | None]:
    """What only tasks with memories or with choices have, for what is the same in all networks; None for others."""
    memories = [dossier.memories for dossier in run.dossiers if dossier.memories]
    choices = [dossier.choices for dossier in run.dossiers if dossier.choices]
    return {name: FirstKnown(one) if one else None for name, one in (("memories", memories), ("choices", choices))}


def left_out(dossier: Dossier) -> str:
    """What the graph of a network leaves out, in words."""
    return where_known(lambda: left_words(dossier.program, parts_of(dossier.program, dossier.fixed_points.states)), "")


def legend(run: RunRecord) -> list[tuple[str, str, bool]]:
    """What the state space shows: names of memory states or of conditions, colours, and whether the line is dashed."""
    findings = memory_findings(run)
    if findings is None:
        return Conditions.of(run.probe).legend
    states = findings.task.states if findings.task.bits <= NAMED_BITS else findings.task.states[:0]
    return [(state_name(state), color, False) for state, color in zip(states, state_colors(states), strict=True)]


def environment() -> jinja2.Environment:
    """Templates from the package; all that is put into them is escaped."""
    environment = RecordEnvironment(
        loader=jinja2.FunctionLoader(_template),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "three": three,
        "percent": percent,
        "percent_low": percent_low,
        "percent_high": percent_high,
        "fixed": fixed,
        "plain": "{:,.6g}".format,
        "capitalize_first": lambda text: text[:1].upper() + text[1:],
        "unbroken": partial(re.sub, "(?<=[+−])(?=[+−])", "\u2060"),
    }
    return environment


def _template(name: str) -> str:
    return (resources.files("recurra.report") / "templates" / name).read_text(encoding="utf-8")
