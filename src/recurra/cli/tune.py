"""The tune command: a search over hyperparameters, a cohort of networks as one trial."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recurra.cli.options import AsJson, Scheduler
from recurra.cli.own import Use, use_own
from recurra.cli.paths import user_path
from recurra.cli.specs import EngineName, Networks, Seed, Settings, Units

if TYPE_CHECKING:
    from recurra.runs.executors import Executor
    from recurra.runs.tune.folder import TuneFolder
    from recurra.runs.tune.plan import TunePlan

TRIALS = 40  # if neither the command nor the folder says how many


Vary = Annotated[
    list[str] | None,
    typer.Option(
        "--vary",
        metavar="KEY=VALUES",
        help="A key of the spec and what it may be: KEY=LOW..HIGH, KEY=LOW..HIGH:log, or KEY=A,B,C. May be repeated.",
    ),
]
Trials = Annotated[
    int | None, typer.Option(help=f"Trials in all, {TRIALS} if not given; a folder with fewer goes on to this number.")
]
AimName = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="rate (the lower end of the 95 % interval of the share that learned; if not given), time, loss, or a "
        "function of your own, module:function.",
    ),
]
Patience = Annotated[
    int | None,
    typer.Option(
        metavar="STEPS",
        help="End a trial early that is worse than most and has not improved for so many training steps; never if not "
        "given.",
    ),
]
Confirm = Annotated[
    int | None, typer.Option(metavar="N", help="Fresh networks that are trained with the best values, 20 if not given.")
]
Workers = Annotated[
    int | None, typer.Option(metavar="N", help="Processes of this machine that train, one trial each; 1 if not given.")
]


def tune(
    spec: Annotated[
        str,
        typer.Argument(metavar="SPEC", help="A preset's name, a TOML file, or the folder of a search to go on with."),
    ],
    vary: Vary = None,
    trials: Trials = None,
    aim: AimName = None,
    patience: Patience = None,
    confirm: Confirm = None,
    out: Annotated[
        Path | None,
        typer.Option(parser=user_path, metavar="DIR", help="The folder to make; runs/NAME-tune if not given."),
    ] = None,
    networks: Networks = None,
    units: Units = None,
    seed: Seed = None,
    settings: Settings = None,
    engine: EngineName = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    use: Use = None,
    show: Annotated[bool, typer.Option("--show", help="Print what varies and the aim; train nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Search for the values with which most networks learn, and confirm them. The same command goes on."""
    use_own(use)
    given = {"networks": networks, "model.units": units, "seed": seed}
    if user_path(spec).is_dir():
        own = (vary or None, aim, patience, confirm, out, settings or None, *given.values())
        if any(option is not None for option in own):
            raise ValueError(f"{spec} is a folder with a plan of its own; leave all but --trials away")
        path = user_path(spec)
        plan, trials = _plan_in(path, trials)
    else:
        changed = [f"{key}={value}" for key, value in given.items() if value is not None]
        plan = _new_plan(spec, [*changed, *(settings or [])], vary or [], aim or "rate", patience, confirm)
        path = out or Path("runs") / f"{plan.name}-tune"
    if show:
        typer.echo(_shown(plan))
        return
    executor = _executor(workers, scheduler)
    _told(_conducted(plan, path, TRIALS if trials is None else trials, engine or "auto", executor), as_json)


def _plan_in(path: Path, trials: int | None) -> "tuple[TunePlan, int]":
    from recurra.runs.tune.folder import TuneFolder

    folder = TuneFolder.open(path)
    return folder.plan, folder.folder.entry("trials") if trials is None else trials


def _new_plan(
    spec: str, settings: list[str], vary: list[str], aim: str, patience: int | None, confirm: int | None
) -> "TunePlan":
    from recurra.runs.spec import read_table, with_settings
    from recurra.runs.sweep.axes import axis_from_text
    from recurra.runs.tune.plan import CONFIRMING, TunePlan

    base = with_settings(read_table(spec), settings)
    if not vary:
        raise ValueError("nothing varies; name a key of the spec, such as --vary training.learning_rate=1e-4..1e-1:log")
    axes = tuple(map(axis_from_text, vary))
    return TunePlan(base, axes, aim, patience, CONFIRMING if confirm is None else confirm)


def _shown(plan: "TunePlan") -> str:
    plan.ends()  # what is impossible is an error
    return "\n".join([*(f"{axis.key}: {axis.words}" for axis in plan.axes), f"aim: {plan.aim}"])


def _executor(workers: int | None, scheduler: str | None) -> "Executor":
    from recurra.runs.executors import ThisProcess, executor_of
    from recurra.runs.scheduler import Dask

    if scheduler is None:
        return ThisProcess() if workers is None else executor_of(workers)
    if workers is not None:
        raise ValueError("--workers and --scheduler exclude each other")
    return Dask(scheduler)


def _conducted(plan: "TunePlan", path: Path, trials: int, engine: str, executor: "Executor") -> "TuneFolder":
    from recurra.cli.console_tune import TuneBars
    from recurra.runs.compiled import kept_programs
    from recurra.runs.tune.conduct import conduct_tuning

    with kept_programs(), TuneBars() as progress:
        return conduct_tuning(plan, path, trials, progress, engine, executor)


def _told(folder: "TuneFolder", as_json: bool) -> None:
    from recurra.cli.console_tune import print_tuning
    from recurra.report.tune import write_tune_report

    found, page = folder.read(), folder.folder.path / "report.html"
    write_tune_report(found, folder, page)
    if as_json:
        typer.echo(json.dumps(found.table(), indent=2))
    else:
        print_tuning(found)
    typer.echo(f"best: {folder.folder}/best.toml", err=as_json)
    typer.echo(f"report: {folder.folder}/report.html", err=as_json)
