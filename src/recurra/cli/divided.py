"""A training in parts: one part, as a job of a queue trains it, and the join command."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recurra.cli.own import Use, use_own
from recurra.cli.paths import user_path
from recurra.interrupts import Stopped
from recurra.wording import number_of

if TYPE_CHECKING:
    from recurra.runs.spec import RunSpec

Part = Annotated[
    str | None,
    typer.Option(
        "--part", metavar="K/N", help="Train only part K of N, from 1, or go on with it; recurra join joins them."
    ),
]


def part_trained(spec: "RunSpec", path: Path, engine: str | None, part: str) -> str:
    """Train a part of a run; a line that says what is trained.

    Args:
        spec: the spec of the run.
        path: its folder.
        engine: the engine, if the user has named one.
        part: K/N.
    """
    number, of = _numbers(part)
    from recurra.cli.console import ProgressBars
    from recurra.runs.divided import DividedRun

    run = DividedRun.begin(spec, path, of, engine or "auto")
    try:
        with ProgressBars() as progress:
            run.train(number, progress)
    except Stopped as stopped:
        stopped.hint = "the same command goes on from the last epoch"
        raise
    waiting = run.waiting() if not run.ended else []
    rest = f"; still to be trained: {number_of(len(waiting), 'part')}" if waiting else ""
    return f"trained: part {number} of {of} of {path}{rest}"


def join(
    path: Annotated[Path, typer.Argument(metavar="DIR", parser=user_path, help="A run folder trained in parts.")],
    use: Use = None,
) -> None:
    """Join the parts of a run, each trained by train --part K/N, into one run."""
    from recurra.runs.divided import join_parts
    from recurra.storage.run_folder import RunFolder

    use_own(use)
    join_parts(RunFolder.open(path))
    typer.echo(f"trained: {path}")


def _numbers(part: str) -> tuple[int, int]:
    number, slash, of = part.partition("/")
    if not (slash and number.isdecimal() and of.isdecimal() and len(part) < 20 and 1 <= int(number) <= int(of)):
        raise ValueError(f"--part is {part!r}; expected K/N with K from 1 to N, such as 3/20")
    return int(number), int(of)
