"""The commands of the studies. Each calls functions of `recurra.studies`; heavy imports are deferred."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recurra.cli.networks import Activation, Form, Map, Number, Source, TaskName, Tau, network_from_options
from recurra.cli.options import Scheduler, TaskSettings
from recurra.cli.own import Use, use_own
from recurra.cli.paths import user_path

if TYPE_CHECKING:
    from recurra.runs.executors import Executor
    from recurra.runs.trained_cohorts import TrainedCohorts
    from recurra.storage.run_folder import RunFolder
    from recurra.studies.study import Scale, Study

NETWORKS = Path("runs/networks")


def study(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="A study; all of them if not given.")] = None,
    scale: Annotated[str, typer.Option(help="quick (under a minute), laptop (half an hour), or paper.")] = "laptop",
    out: Annotated[
        Path | None,
        typer.Option(parser=user_path, metavar="DIR", help="The folder to make; runs/NAME-SCALE if not given."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Fixes everything that is random.")] = 0,
    networks: Annotated[
        Path, typer.Option(parser=user_path, metavar="DIR", help="Folder of trained networks, which studies share.")
    ] = NETWORKS,
    engine: Annotated[str, typer.Option(help="auto, native, portable, batched, or native-bfloat16.")] = "auto",
    files: Annotated[
        Path | None, typer.Option(help="The folder of the author's files, for published-networks.")
    ] = None,
    scheduler: Scheduler = None,
    show: Annotated[
        bool, typer.Option("--show", help="Print what would be trained and how long; train nothing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the verdicts as JSON.")] = False,
) -> None:
    """A study of the papers: found and published results. After an interruption the same command goes on."""
    from recurra.checks import check_choice
    from recurra.runs.scheduler import chosen_executor
    from recurra.runs.trained_cohorts import TrainedCohorts
    from recurra.streams import check_seed
    from recurra.studies.all_studies import STUDIES
    from recurra.studies.study import SCALES

    if name is None:
        typer.echo("\n".join(f"{key}: {kind.title}" for key, kind in STUDIES.items()))
        return
    check_choice("study", name, STUDIES)
    check_choice("scale", scale, SCALES)
    check_seed(seed)
    if STUDIES[name].reads_files != (files is not None):
        raise ValueError(
            f"{name} {'reads files: name their folder with --files' if files is None else 'takes no --files'}"
        )
    chosen, cohorts = STUDIES[name](*([files] if files else [])), TrainedCohorts(networks, engine)
    size: Scale = scale  # type: ignore[assignment]
    if show:
        _show(chosen, size, seed, cohorts)
        return
    executor = chosen_executor(None, scheduler) if scheduler else None
    folder = _conducted(chosen, size, seed, out or Path("runs") / f"{name}-{scale}", cohorts, executor)
    verdicts = folder.entry("verdicts")
    typer.echo(json.dumps(verdicts, indent=2) if as_json else "\n".join(map(_line, verdicts)))
    typer.echo(f"results: {folder}", err=as_json)


def damage(
    source: Source,
    task: TaskName = None,
    network: Number = None,
    settings: TaskSettings = None,
    activation: Activation = None,
    form: Form = None,
    tau_ms: Tau = None,
    names: Map = None,
    use: Use = None,
    seed: Annotated[int, typer.Option(help="Seed of the test trials.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print every condition's distance as JSON.")] = False,
) -> None:
    """Remove connections of one network by their strength, and measure its distance from the targets."""
    from recurra.analysis.shown_trials import test_trials
    from recurra.analysis.weights.damage import PERCENTS
    from recurra.cli.console_studies import print_damage
    from recurra.studies.damage import damage_rows

    use_own(use)
    inspected = network_from_options(source, task, network, settings, activation, form, tau_ms, names)
    rows = damage_rows(
        inspected.network, inspected.task, test_trials(inspected.task, seed), inspected.number or 0, PERCENTS
    )
    if as_json:
        typer.echo(json.dumps({"network": inspected.table(), "conditions": rows}, indent=2))
    else:
        print_damage(rows)


def reproduction(
    path: Annotated[
        Path, typer.Argument(metavar="DIR", parser=user_path, help="A folder with the folders of finished studies.")
    ],
    page: Annotated[Path, typer.Option(parser=user_path, metavar="FILE", help="The Markdown file to write.")],
) -> None:
    """A page with the verdicts and figures of all studies in a folder."""
    from recurra.report.reproduction import write_page
    from recurra.studies.conduct import read_studies

    folders = read_studies(path)
    if not folders:
        raise ValueError(f"{path} holds no folder of a finished study")
    write_page(folders, page)
    typer.echo(f"page: {page}")


def _conducted(
    chosen: "Study", scale: "Scale", seed: int, path: Path, cohorts: "TrainedCohorts", executor: "Executor | None"
) -> "RunFolder":
    from recurra.cli.console_studies import StudyBars
    from recurra.interrupts import Stopped
    from recurra.studies.conduct import conduct, planned

    try:
        with StudyBars(planned(chosen, scale, seed, cohorts)) as progress:
            return conduct(chosen, scale, seed, path, cohorts, progress, executor)
    except Stopped as stopped:
        stopped.hint = "the same command goes on where it was"
        raise


def _show(chosen: "Study", scale: "Scale", seed: int, cohorts: "TrainedCohorts") -> None:
    from recurra.cli.console_studies import print_plan
    from recurra.studies.conduct import planned, speed

    print_plan(planned(chosen, scale, seed, cohorts), speed(cohorts.engine))


def _line(verdict: dict[str, Any]) -> str:
    difference = f"; difference {verdict['difference']}" if verdict["difference"] else ""
    note = f" ({verdict['note']})" if verdict["note"] else ""
    comparison = f"published {verdict['published']}; found {verdict['found']}{difference}"
    return f"{verdict['what']}: {comparison}: {verdict['verdict']}{note}"
