"""The command that writes a page in which networks are played; heavy imports are deferred."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recurra.cli.own import Use, use_own
from recurra.cli.paths import user_path

if TYPE_CHECKING:
    from recurra.analysis.record import RunRecord


def play(
    path: Annotated[Path, typer.Argument(metavar="DIR", parser=user_path, help="An analysed run folder.")],
    out: Annotated[
        Path | None, typer.Option(parser=user_path, metavar="FILE", help="The HTML file, DIR/play.html if not given.")
    ] = None,
    networks: Annotated[
        list[int] | None,
        typer.Option("--network", help="The number of a network; may be repeated. The first four if not given."),
    ] = None,
    use: Use = None,
) -> None:
    """A page in which the networks of a run can be played with; it needs nothing else and works offline."""
    from recurra.report.play.page import write_play
    from recurra.report.play.runs import played_of_run
    from recurra.runs.record import read_run
    from recurra.storage.lock import locked
    from recurra.storage.run_folder import RunFolder

    use_own(use)
    folder, target = RunFolder.open(path), out or path / "play.html"
    with locked(folder.path):
        run = read_run(folder)
        chosen = played_of_run(run, _positions(run, networks))
    write_play(run.task, chosen, target)
    typer.echo(f"play: {target}")


def _positions(run: "RunRecord", numbers: list[int] | None) -> list[int]:
    """Where the networks of these numbers are in the run."""
    from recurra.report.play.payload import NETWORKS
    from recurra.report.play.runs import first_positions

    if not numbers:
        return list(first_positions(run))
    unknown = [number for number in numbers if number not in run.numbers]
    if unknown:
        raise ValueError(f"{run.about['name']} has no network {unknown[0]}; it has {', '.join(map(str, run.numbers))}")
    if len(set(numbers)) > NETWORKS:
        raise ValueError(f"--network is given for {len(set(numbers))} networks; a page can have up to {NETWORKS}")
    return [run.numbers.index(number) for number in dict.fromkeys(numbers)]
