"""The command that looks at one network; heavy imports wait inside."""

import json
from pathlib import Path
from typing import Annotated

import typer

from recurra.cli.networks import Activation, Form, Number, Source, TaskName, Tau, subject
from recurra.cli.options import AsJson, TaskSettings
from recurra.cli.own import Use, use_own
from recurra.cli.paths import user_path


def inspect(
    source: Source,
    task: TaskName = None,
    network: Number = None,
    settings: TaskSettings = None,
    activation: Activation = None,
    form: Form = None,
    tau_ms: Tau = None,
    use: Use = None,
    seed: Annotated[int, typer.Option(help="Of the test trials and of the chance levels.")] = 0,
    as_json: AsJson = False,
    report: Annotated[
        Path | None, typer.Option(parser=user_path, metavar="FILE", help="Also write its report to this HTML file.")
    ] = None,
) -> None:
    """One network's dossier: how well it does the task, and how."""
    from recurra.analysis.record import record_of_network
    from recurra.cli.console import print_run, print_workings
    from recurra.runs.compiled import kept_programs
    from recurra.words.summary import cube_before, dossier_table, plain
    from recurra.words.workings_table import workings_table

    if report and report.exists():
        raise ValueError(f"{report} exists; choose another file")
    use_own(use)
    found = subject(source, task, network, settings, activation, form, tau_ms)
    about = {"name": found.name(source), "network": found.table()}
    with kept_programs():
        record = record_of_network(found.network, found.task, seed, about, found.before, found.number, found.status)
    if report:
        from recurra.report import write_report

        write_report(record, report)
    dossier = record.dossiers[0]
    if as_json:
        table = {"network": found.table()} | dossier_table(dossier, cube_before(record, 0))
        table |= plain(workings_table(dossier, found.task))
        typer.echo(json.dumps(table, indent=2))
    else:
        print_run(record)
        print_workings(dossier, found.task)
    if report:
        typer.echo(f"report: {report}", err=True)
