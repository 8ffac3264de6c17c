"""Options that many commands have."""

from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print the numbers as JSON.")]
NumberOfProcesses = Annotated[
    int | None,
    typer.Option("--processes", help="Processes that analyse; if not given, one, or all cores where that is faster."),
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        "--scheduler",
        metavar="ADDRESS",
        help="Work on Dask: local:N for N processes of this machine, tcp://host:8786, or slurm:FILE.toml.",
    ),
]
Parts = Annotated[
    int | None,
    typer.Option("--parts", help="Train the networks in so many parts; with --scheduler one for each worker."),
]
TaskSettings = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A key of the task, such as task.bits=2.")
]
