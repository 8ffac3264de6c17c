"""The command that inspects one network; heavy imports are deferred."""

import json
from pathlib import Path
from typing import Annotated

import typer

from recurra.cli.networks import Activation, Form, Tau, network_from_options
from recurra.cli.own import Use, use_own
from recurra.cli.paths import user_path


def inspect(
    source: Annotated[
        Path, typer.Argument(metavar="FILE_OR_DIR", parser=user_path, help="Keras HDF5, .keras, .npz, or a run folder.")
    ],
    task: Annotated[
        str | None,
        typer.Option(help="What the network was trained on, such as flipflop or xor; a run folder knows it."),
    ] = None,
    network: Annotated[int | None, typer.Option(help="Which network of a run folder; the first if not given.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A key of the task, such as task.bits=2.")
    ] = None,
    activation: Activation = None,
    form: Form = None,
    tau_ms: Tau = None,
    use: Use = None,
    seed: Annotated[int, typer.Option(help="Seed of the test trials and of the chance levels.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the numbers as JSON.")] = False,
    report: Annotated[
        Path | None, typer.Option(parser=user_path, metavar="FILE", help="Also write its report to this HTML file.")
    ] = None,
) -> None:
    """The dossier of one network: how well it does the task, and how."""
    from recurra.analysis.record import record_of_network
    from recurra.cli.console import print_run, print_workings
    from recurra.runs.compiled import kept_programs
    from recurra.words.summary import cube_before, dossier_table, plain
    from recurra.words.workings_table import workings_table

    if report and report.exists():
        raise ValueError(f"{report} exists; choose another file")
    use_own(use)
    inspected = network_from_options(source, task, network, settings, activation, form, tau_ms)
    about = {"name": inspected.name(source), "network": inspected.table()}
    with kept_programs():
        record = record_of_network(
            inspected.network, inspected.task, seed, about, inspected.before, inspected.number, inspected.status
        )
    if report:
        from recurra.report import write_report

        write_report(record, report)
    dossier = record.dossiers[0]
    if as_json:
        table = {"network": inspected.table()} | dossier_table(dossier, cube_before(record, 0))
        table |= plain(workings_table(dossier, inspected.task))
        typer.echo(json.dumps(table, indent=2))
    else:
        print_run(record)
        print_workings(dossier, inspected.task)
    if report:
        typer.echo(f"report: {report}", err=True)
