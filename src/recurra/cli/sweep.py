"""The sweep command: conditions × networks as one labelled cohort."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recurra.cli.options import AsJson, NumberOfProcesses, Scheduler
from recurra.cli.own import Use, use_own
from recurra.cli.paths import user_path
from recurra.cli.specs import EngineName, Networks, Seed, Settings, Units

if TYPE_CHECKING:
    from recurra.analysis.cohorts.swept import How
    from recurra.runs.executors import Executor
    from recurra.runs.sweep.folder import SweepFolder
    from recurra.runs.sweep.plan import SweepPlan

Vary = Annotated[
    list[str] | None,
    typer.Option(
        "--vary",
        metavar="KEY=A,B,C",
        help="A key of the spec and its values, such as model.units=50,100; with --sample also KEY=LOW..HIGH or "
        "KEY=LOW..HIGH:log. May be repeated.",
    ),
]


def sweep(
    spec: Annotated[
        str,
        typer.Argument(metavar="SPEC", help="A preset's name, a TOML file, or the folder of a sweep to go on with."),
    ],
    vary: Vary = None,
    together: Annotated[
        bool,
        typer.Option("--zip", help="The first values of all keys together, then the second, …"),
    ] = False,
    sample: Annotated[
        int | None, typer.Option("--sample", metavar="N", help="Draw N conditions (Latin hypercube).")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(parser=user_path, metavar="DIR", help="The folder to make; runs/NAME-sweep if not given."),
    ] = None,
    networks: Networks = None,
    units: Units = None,
    seed: Seed = None,
    settings: Settings = None,
    engine: EngineName = None,
    processes: NumberOfProcesses = None,
    scheduler: Scheduler = None,
    train_only: Annotated[
        bool,
        typer.Option("--train-only", help="Leave the analyses of the networks away; the command without it adds them."),
    ] = False,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Test and show this number, such as spectrum.radius; may be repeated."),
    ] = None,
    use: Use = None,
    show: Annotated[bool, typer.Option("--show", help="Print the conditions; train nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Train networks in every combination of values, and say what the values change. The same command goes on."""
    from recurra.runs.scheduler import chosen_executor

    use_own(use)
    if together and sample is not None:
        raise ValueError("--zip and --sample exclude each other")
    if user_path(spec).is_dir():
        if vary or out or together or sample is not None:
            raise ValueError(f"{spec} is a folder with a plan of its own; leave --vary, --zip, --sample and --out away")
        plan, path = _plan_in(user_path(spec))
    else:
        options = {"networks": networks, "model.units": units, "seed": seed}
        given = [f"{key}={value}" for key, value in options.items() if value is not None]
        how = "zip" if together else "all" if sample is None else "sample"
        plan = _new_plan(spec, [*given, *(settings or [])], vary or [], how, sample or 0)
        path = out or Path("runs") / f"{plan.name}-sweep"
    if show:
        typer.echo("\n".join(f"{one.number}: {one.label}" for one in plan.conditions))
        return
    executor = chosen_executor(processes, scheduler)
    folder = _conducted(plan, path, engine or "auto", not train_only, executor, train_there=scheduler is not None)
    _told(folder, only or [], as_json)


def _plan_in(path: Path) -> "tuple[SweepPlan, Path]":
    from recurra.runs.sweep.folder import SweepFolder

    return SweepFolder.open(path).plan, path


def _new_plan(spec: str, settings: list[str], vary: list[str], how: "How", samples: int) -> "SweepPlan":
    from recurra.runs.spec import read_table, with_settings
    from recurra.runs.sweep.axes import axis_from_text
    from recurra.runs.sweep.plan import SweepPlan

    base = with_settings(read_table(spec), settings)
    if not vary:
        raise ValueError("nothing varies; name a key of the spec and its values, such as --vary model.units=50,100")
    return SweepPlan(base, tuple(map(axis_from_text, vary)), how, samples)


def _conducted(
    plan: "SweepPlan", path: Path, engine: str, analyses: bool, executor: "Executor", train_there: bool
) -> "SweepFolder":
    from recurra.cli.console_sweep import SweepBars
    from recurra.runs.compiled import kept_programs
    from recurra.runs.sweep.conduct import conduct_sweep

    trainer = executor if train_there else None
    with kept_programs(), SweepBars() as progress:
        return conduct_sweep(plan, path, progress, engine, analyses, executor, trainer)


def _told(folder: "SweepFolder", only: list[str], as_json: bool) -> None:
    from recurra.cli.console_sweep import print_sweep
    from recurra.report.sweep import write_sweep_report

    found, page = folder.read(), folder.folder.path / "report.html"
    effects = found.effects(only)
    write_sweep_report(found, effects, folder.folder, page)
    if as_json:
        typer.echo(json.dumps({**found.table(), "effects": effects.table()}, indent=2))
    else:
        print_sweep(found, effects, only)
    typer.echo(f"report: {folder.folder}/report.html", err=as_json)
