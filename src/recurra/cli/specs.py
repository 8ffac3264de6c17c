"""What `run` and `train` train, and where: a preset, a TOML file, or a run folder to go on with.

Both have these options.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recurra.cli.paths import user_path

if TYPE_CHECKING:
    from recurra.runs.executors import Executor
    from recurra.runs.spec import RunSpec
    from recurra.storage.run_folder import RunFolder

Spec = Annotated[
    str,
    typer.Argument(
        metavar="SPEC",
        help="A preset's name, such as xor or flipflop-gru, a TOML file, or with --resume a run folder.",
    ),
]
Out = Annotated[
    Path | None, typer.Option(parser=user_path, metavar="DIR", help="The run folder to make; runs/NAME if not given.")
]
Networks = Annotated[int | None, typer.Option(help="How many networks.")]
Units = Annotated[int | None, typer.Option(help="Recurrent units per network.")]
Seed = Annotated[int | None, typer.Option(help="Fixes everything that is random.")]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="A key of the spec, such as training.steps=500; may be repeated."),
]
ResumeAnyway = Annotated[
    bool,
    typer.Option("--resume-anyway", help="Resume even with other versions or instructions; the bits may differ."),
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with what the folder holds; start if it holds nothing.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Delete the run that the folder holds.")]
EngineName = Annotated[
    str | None,
    typer.Option("--engine", help="auto (the fastest here), native, portable, batched, or native-bfloat16."),
]
Show = Annotated[bool, typer.Option("--show", help="Print the whole spec with units and defaults; train nothing.")]


def spec_and_folder(
    spec: str,
    out: Path | None,
    resume: bool,
    networks: int | None,
    units: int | None,
    seed: int | None,
    settings: list[str] | None,
) -> "tuple[RunSpec, Path]":
    """The spec to train, and its folder."""
    from recurra.runs.spec import to_spec, with_settings

    table, folder = _table(spec, out, resume)
    options = {"networks": networks, "model.units": units, "seed": seed}
    given = [f"{key}={value}" for key, value in options.items() if value is not None]
    chosen = to_spec(with_settings(table, [*given, *(settings or [])]))
    return chosen, folder or Path("runs") / chosen.name


def _table(spec: str, out: Path | None, resume: bool) -> "tuple[dict[str, Any], Path | None]":
    """The table of a preset, a TOML file or a run folder to go on with, and the folder, if one is given."""
    from recurra.runs.record import spec_of
    from recurra.runs.spec import presets, read_table
    from recurra.storage.run_folder import RunFolder

    if spec in presets():
        return read_table(spec), out
    path = user_path(spec)
    if not path.is_dir():
        return read_table(str(path)), out
    if not resume:
        raise ValueError(f"{spec} is a folder; expected a preset's name or a TOML file. --resume goes on with a run")
    if out and out.resolve() != path.resolve():
        raise ValueError(f"--resume {spec} goes on in {spec}; leave --out {out} away")
    return spec_of(RunFolder.open(path)).table(), path


def show_spec(spec: "RunSpec") -> None:
    """Print the whole spec with units and defaults."""
    from recurra.runs.show import to_toml

    typer.echo(to_toml(spec), nl=False)


def trained(
    spec: "RunSpec",
    path: Path,
    engine: str | None,
    resume: bool,
    overwrite: bool,
    anyway: bool,
    executor: "Executor | None" = None,
    parts: int | None = None,
) -> "RunFolder":
    """The folder of the trained run: a new one, or the one to go on with.

    Args:
        spec: the spec of the run.
        path: its folder.
        engine: the engine, if the user has named one.
        resume: whether to go on with what the folder holds.
        overwrite: whether to delete it.
        anyway: whether to go on even if the bits may differ.
        executor: trains the networks in parts; if not given, a new run is trained here in one piece.
        parts: number of parts; one for each worker of the executor if not given.
    """
    resume = resume or anyway
    if resume and overwrite:
        raise ValueError("--resume and --overwrite exclude each other")
    if parts is not None and executor is None:
        raise ValueError("--parts needs --scheduler, whose workers train them; a job of a queue takes --part K/N")
    from recurra.cli.console import ProgressBars
    from recurra.runs.trained_parts import resumed
    from recurra.runs.trained_parts import trained as trained_now
    from recurra.storage.run_folder import RunFolder

    with ProgressBars() as progress:
        if resume and (path / "run.json").is_file():
            return resumed(RunFolder.open(path), spec, executor, parts, progress, engine, anyway)
        return trained_now(spec, path, executor, parts, progress, engine or "auto", overwrite)
