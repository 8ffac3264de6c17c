"""Options of the commands that inspect one network: where it is, and what its file does not say."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recurra.cli.paths import user_path
from recurra.terminal import print_error

if TYPE_CHECKING:
    from recurra.runs.imports import InspectedNetwork

Source = Annotated[
    Path,
    typer.Argument(
        metavar="FILE_OR_DIR",
        parser=user_path,
        help="A network's file (.h5, .hdf5, .keras, .pt, .pth, .safetensors, .npz, .json), or a run folder.",
    ),
]
TaskName = Annotated[
    str | None,
    typer.Option("--task", help="What the network was trained on, such as flipflop or xor; a run folder knows it."),
]
Number = Annotated[int | None, typer.Option("--network", help="Which network of a run folder; the first if not given.")]
Activation = Annotated[
    str | None, typer.Option(help="φ, such as relu, if the file does not say it; tanh if not given.")
]
Form = Annotated[str | None, typer.Option(help="rate or current, if the file does not say it; rate if not given.")]
Tau = Annotated[
    float | None,
    typer.Option("--tau", help="Time constant, ms, if the file does not say it; one time step if not given."),
]
Map = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="ARRAY=NAME",
        help="The name of an array in another program's file: recurrent=Wrec, input=Win.T, recurrent_bias=b1+b2. "
        "May be repeated.",
    ),
]


def network_from_options(
    source: Path,
    task: str | None,
    network: int | None,
    settings: list[str] | None,
    activation: str | None,
    form: str | None,
    tau_ms: float | None,
    names: list[str] | None = None,
    without_task: bool = False,
) -> "InspectedNetwork":
    """The network in a file or a run folder; assumptions about what its file does not say go to standard error."""
    from recurra.runs.imports import inspected_network
    from recurra.storage.content import Hints

    options = {"model.activation": activation, "model.form": form, "model.tau_ms": tau_ms}
    given = [f"{key}={value}" for key, value in options.items() if value is not None]
    hints = Hints(names_of(names or ()))
    inspected = inspected_network(source, task, network, [*given, *(settings or [])], hints, without_task)
    for note in inspected.notes:
        print_error(note)
    return inspected


def names_of(given: Sequence[str]) -> dict[str, str]:
    """The names of arrays that `--map` gives, by recurra's."""
    names: dict[str, str] = {}
    for one in given:
        array, sign, name = (part.strip() for part in one.partition("="))
        if not sign or not array or not name:
            raise ValueError(f"--map: {one!r} is not of the form ARRAY=NAME, such as recurrent=Wrec")
        if array in names:
            raise ValueError(f"--map names {array} twice: {names[array]!r} and {name!r}")
        names[array] = name
    return names
