"""The option that imports the user's own files: specs and run folders can name their parts but import nothing."""

from collections.abc import Sequence
from typing import Annotated

import typer

from recurra.cli.paths import user_path

Use = Annotated[
    list[str] | None,
    typer.Option(
        "--use",
        metavar="FILE",
        help="A Python file with a task, model, rule, constraint or analysis of your own, or an installed module; "
        "may be repeated.",
    ),
]
Analyses = Annotated[
    list[str] | None,
    typer.Option(
        "--analysis",
        metavar="MODULE:FUNCTION",
        help="An analysis of your own, beside those that a run's spec names; may be repeated.",
    ),
]


def use_own(names: Sequence[str] | None) -> None:
    """Import the arguments of `--use`, before anything is read that may name a part of them."""
    if names:
        from recurra.runs.own import use

        use([str(user_path(name)) if name.endswith(".py") else name for name in names])
