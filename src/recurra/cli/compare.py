"""The compare command: the difference between conditions."""

import json
from pathlib import Path
from typing import Annotated

import typer

from recurra.cli.own import Use, use_own
from recurra.cli.paths import user_path


def compare(
    runs: Annotated[
        list[Path],
        typer.Argument(metavar="DIR DIR...", parser=user_path, help="Run folders; each is compared with the first."),
    ],
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Compare this number, or the numbers of this part; may be repeated."),
    ] = None,
    learned: Annotated[
        bool, typer.Option("--learned", help="Compare only networks that have learned their task.")
    ] = False,
    unpaired: Annotated[
        bool, typer.Option("--unpaired", help="Compare networks as independent even where they are pairs.")
    ] = False,
    figure: Annotated[
        Path | None,
        typer.Option(parser=user_path, metavar="FILE", help="Also draw the differences to this PNG, SVG or PDF file."),
    ] = None,
    use: Use = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the comparison as JSON.")] = False,
) -> None:
    """Say in which numbers the networks of runs differ, with intervals and tests. Best for analysed runs."""
    from recurra.cli.console_compare import print_comparison
    from recurra.plotting.papers.differences import differences_figure
    from recurra.report.figures import check_new_picture, write_figure
    from recurra.runs.compare import compare as compared
    from recurra.runs.compiled import kept_programs

    if figure:
        check_new_picture(figure)
    use_own(use)
    with kept_programs():
        found = compared(*runs, only=only or (), learned=learned, paired=False if unpaired else None)
    if figure:
        write_figure(differences_figure(found), figure)
    if as_json:
        typer.echo(json.dumps(found.table(), indent=2))
    else:
        print_comparison(found)
    if figure:
        typer.echo(f"figure: {figure}", err=as_json)
