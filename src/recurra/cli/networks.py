"""What the commands that look at one network share: where it is, and the options for what its file does not say."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recurra.cli.paths import user_path
from recurra.terminal import print_error

if TYPE_CHECKING:
    from recurra.runs.imports import Subject

Source = Annotated[
    Path, typer.Argument(metavar="FILE_OR_DIR", parser=user_path, help="Keras HDF5, .keras, .npz, or a run folder.")
]
TaskName = Annotated[
    str | None,
    typer.Option("--task", help="What the network was trained on, such as flipflop or xor; a run folder knows it."),
]
Number = Annotated[int | None, typer.Option("--network", help="Which network of a run folder; the first if not given.")]
Activation = Annotated[
    str | None, typer.Option(help="What φ is, such as relu, where the file does not say it; tanh if not given.")
]
Form = Annotated[str | None, typer.Option(help="rate or current, where the file does not say it; rate if not given.")]
Tau = Annotated[
    float | None,
    typer.Option("--tau", help="Time constant, ms, where the file does not say it; one time step if not given."),
]


def subject(
    source: Path,
    task: str | None,
    network: int | None,
    settings: list[str] | None,
    activation: str | None,
    form: str | None,
    tau_ms: float | None,
) -> "Subject":
    """The network of a file or a run folder; what its file does not say and was assumed goes to standard error."""
    from recurra.runs.imports import subject_of

    options = {"model.activation": activation, "model.form": form, "model.tau_ms": tau_ms}
    given = [f"{key}={value}" for key, value in options.items() if value is not None]
    found = subject_of(source, task, network, [*given, *(settings or [])])
    for note in found.notes:
        print_error(note)
    return found
