"""The census command: a comparison of networks of one task."""

import json
from pathlib import Path
from typing import Annotated

import typer

from recurra.cli.options import NumberOfProcesses
from recurra.cli.own import Use, use_own
from recurra.cli.paths import user_path


def census(
    runs: Annotated[
        list[Path], typer.Argument(metavar="DIR...", parser=user_path, help="Run folders of one kind of task.")
    ],
    measure: Annotated[
        str, typer.Option(help="Measure of comparison: procrustes, cka, spectral, dynamical or linearized.")
    ] = "procrustes",
    all_networks: Annotated[
        bool, typer.Option("--all", help="Include networks that have not learned their task, or diverged.")
    ] = False,
    figure: Annotated[
        Path | None,
        typer.Option(parser=user_path, metavar="FILE", help="Also draw the map to this PNG, SVG or PDF file."),
    ] = None,
    processes: NumberOfProcesses = None,
    use: Use = None,
    seed: Annotated[int, typer.Option(help="Seed of the starts of fixed points, and of cohorts without clusters.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the census as JSON.")] = False,
) -> None:
    """Sort networks by their behaviour; test for groups and for differences between runs. Runs need no analysis."""
    from rich.progress import Progress

    from recurra.analysis.cohorts.census import MEASURES
    from recurra.checks import check_choice
    from recurra.cli.console_census import print_census
    from recurra.cli.console_tables import progress_console
    from recurra.plotting.papers.census import census_map
    from recurra.report.figures import check_new_picture, write_figure
    from recurra.runs.census_runs import census_of_runs
    from recurra.runs.compared_networks import read_compared
    from recurra.runs.compiled import kept_programs
    from recurra.runs.executors import executor_of

    check_choice("measure", measure, MEASURES)
    if figure:
        check_new_picture(figure)
    use_own(use)
    executor = executor_of(processes)
    with kept_programs(), Progress(console=progress_console(), transient=True) as bars:
        compared = read_compared(runs, all_networks)
        bar = bars.add_task("networks", total=len(compared.networks))
        census_result = census_of_runs(compared, seed, measure, lambda: bars.advance(bar), executor)
    if figure:
        write_figure(census_map(census_result.census, census_result.signatures, census_result.compared.origins), figure)
    if as_json:
        typer.echo(json.dumps(census_result.table(), indent=2))
    else:
        print_census(census_result.table())
    if figure:
        typer.echo(f"figure: {figure}", err=as_json)
