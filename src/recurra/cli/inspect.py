"""The command that inspects one network; heavy imports are deferred."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recurra.cli.networks import Activation, Form, Map, Number, Source, TaskName, Tau, network_from_options
from recurra.cli.options import AsJson, TaskSettings
from recurra.cli.own import Analyses, Use, use_own
from recurra.cli.paths import user_path

if TYPE_CHECKING:
    from recurra.analysis.record import RunRecord


def inspect(
    source: Source,
    task: TaskName = None,
    network: Number = None,
    settings: TaskSettings = None,
    activation: Activation = None,
    form: Form = None,
    tau_ms: Tau = None,
    names: Map = None,
    use: Use = None,
    analyses: Analyses = None,
    seed: Annotated[
        int | None,
        typer.Option(help="Seed of the test trials and of the chance levels; a run's own, or 0 for a file."),
    ] = None,
    as_json: AsJson = False,
    report: Annotated[
        Path | None, typer.Option(parser=user_path, metavar="FILE", help="Also write its report to this HTML file.")
    ] = None,
) -> None:
    """The dossier of one network: how well it does the task, and how.

    Without a task, of a file that does not say it: what weights and dynamics say by themselves.
    """
    from recurra.runs.inspect import inspected_record
    from recurra.runs.own import check_analyses
    from recurra.runs.own_analyses import analyses_named, analyses_or_reasons
    from recurra.terminal import print_error

    if report and report.exists():
        raise ValueError(f"{report} exists; choose another file")
    use_own(use)
    check_analyses(analyses or ())
    inspected = network_from_options(
        source, task, network, settings, activation, form, tau_ms, names, without_task=True
    )
    if seed is None and inspected.number is not None:
        print_error(f"test trials and chance levels have the seed of the run, {inspected.seed}; --seed takes another")
    own, lost = analyses_or_reasons([one for one in inspected.analyses if one not in (analyses or ())])
    own = (*own, *analyses_named(analyses or ()))
    for one in lost.values():
        print_error(f"not made: {one.reason}")
    record = inspected_record(inspected, inspected.name(source), seed, own)
    if report:
        from recurra.report import write_report

        write_report(record, report)
    _print(record, inspected.table() if as_json else None)
    if report:
        typer.echo(f"report: {report}", err=True)


def _print(record: "RunRecord", network: dict[str, Any] | None) -> None:
    """The dossier as tables, or as JSON together with the table of the network."""
    from recurra.cli.console import print_run, print_workings
    from recurra.words.runs import NO_TASK
    from recurra.words.spectra import weights_table, weights_words
    from recurra.words.summary import cube_before, dossier_table, plain
    from recurra.words.workings_table import workings_table

    dossier, alone = record.dossiers[0], not record.task.known
    if network is None:
        print_run(record)
        print_workings(dossier, record.task)
        if alone and record.network(0).has_recurrent:
            typer.echo(weights_words(record.network(0)))
        return
    more = {"no_task": NO_TASK, "weights": weights_table(record.network(0))} if alone else {}
    table = {**more, "network": network} | dossier_table(dossier, cube_before(record, 0))
    typer.echo(json.dumps(plain(table | workings_table(dossier, record.task)), indent=2))
