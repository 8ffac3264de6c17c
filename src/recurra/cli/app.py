"""The command line. Each command calls functions of studies, storage or report; heavy imports wait inside."""

import gc
import json
import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recurra.cli.census import census
from recurra.cli.compare import compare
from recurra.cli.divided import Part, join, part_trained
from recurra.cli.inspect import inspect
from recurra.cli.options import AsJson, NumberOfProcesses, Parts, Scheduler
from recurra.cli.own import Analyses, Use, use_own
from recurra.cli.paths import user_path
from recurra.cli.play import play
from recurra.cli.specs import (
    EngineName,
    Networks,
    Out,
    Overwrite,
    Resume,
    ResumeAnyway,
    Seed,
    Settings,
    Show,
    Spec,
    Units,
    show_spec,
    spec_and_folder,
    trained,
)
from recurra.cli.spikes import spikes
from recurra.cli.studies import damage, reproduction, study
from recurra.cli.sweep import sweep
from recurra.cli.tasks import tasks
from recurra.cli.tune import tune
from recurra.interrupts import Stopped, listening, stop_if_asked
from recurra.terminal import discard_output, prepare_streams, print_error
from recurra.wording import number_of

if TYPE_CHECKING:
    from recurra.runs.executors import Executor
    from recurra.storage.run_folder import RunFolder

app = typer.Typer(
    no_args_is_help=True, invoke_without_command=True, add_completion=False, pretty_exceptions_enable=False
)

RunPath = Annotated[Path, typer.Argument(metavar="DIR", parser=user_path, help="A run folder.")]
RESUMABLE = (["run"], ["train"])
COLLECT_AFTER = 100_000  # objects made since the last look for garbage


@app.callback()
def recurra(
    version: Annotated[bool, typer.Option("--version", help="Print the version.", is_eager=True)] = False,
) -> None:
    """Cohorts of recurrent neural networks: trained together, reverse-engineered, compared."""
    if version:
        from importlib.metadata import version as installed

        typer.echo(installed("recurra"))
        raise typer.Exit


@app.command()
def run(
    spec: Spec,
    out: Out = None,
    networks: Networks = None,
    units: Units = None,
    seed: Seed = None,
    settings: Settings = None,
    engine: EngineName = None,
    processes: NumberOfProcesses = None,
    scheduler: Scheduler = None,
    parts: Parts = None,
    use: Use = None,
    resume: Resume = False,
    resume_anyway: ResumeAnyway = False,
    overwrite: Overwrite = False,
    show: Show = False,
    as_json: AsJson = False,
) -> None:
    """Train a cohort, analyse it, and write the report."""
    from recurra.runs.scheduler import chosen_executor

    use_own(use)
    chosen, path = spec_and_folder(spec, out, resume or resume_anyway, networks, units, seed, settings)
    if show:
        show_spec(chosen)
        return
    executor = chosen_executor(processes, scheduler)
    trainer = executor if scheduler else None
    folder = trained(chosen, path, engine, resume, overwrite, resume_anyway, trainer, parts)
    if folder.entry("status") != "analysed":
        _analysed(folder, executor)
    _reported(folder, as_json)


@app.command()
def train(
    spec: Spec,
    out: Out = None,
    networks: Networks = None,
    units: Units = None,
    seed: Seed = None,
    settings: Settings = None,
    engine: EngineName = None,
    scheduler: Scheduler = None,
    parts: Parts = None,
    part: Part = None,
    use: Use = None,
    resume: Resume = False,
    resume_anyway: ResumeAnyway = False,
    overwrite: Overwrite = False,
    show: Show = False,
) -> None:
    """Train a cohort: the first of the three steps of run."""
    from recurra.runs.scheduler import chosen_executor

    use_own(use)
    if part and (scheduler or parts or overwrite or resume_anyway):
        raise ValueError("--part is for one job of many: --scheduler, --parts, --overwrite, --resume-anyway exclude it")
    chosen, path = spec_and_folder(spec, out, resume or resume_anyway, networks, units, seed, settings)
    if show:
        show_spec(chosen)
    elif part:
        typer.echo(part_trained(chosen, path, engine, part))
    else:
        executor = chosen_executor(None, scheduler) if scheduler else None
        folder = trained(chosen, path, engine, resume, overwrite, resume_anyway, executor, parts)
        typer.echo(f"trained: {folder}")


@app.command()
def analyse(
    path: RunPath,
    processes: NumberOfProcesses = None,
    scheduler: Scheduler = None,
    use: Use = None,
    analyses: Analyses = None,
    as_json: AsJson = False,
) -> None:
    """Analyse every network of a run: the second step."""
    from recurra.runs.scheduler import chosen_executor
    from recurra.storage.run_folder import RunFolder

    use_own(use)
    executor, folder = chosen_executor(processes, scheduler), RunFolder.open(path)
    _analysed(folder, executor, analyses or ())
    _printed(folder, as_json)


@app.command()
def report(
    path: RunPath,
    out: Annotated[
        Path | None, typer.Option(parser=user_path, metavar="FILE", help="The HTML file, DIR/report.html if not given.")
    ] = None,
    use: Use = None,
    figures: Annotated[
        bool, typer.Option("--figures", help="Also write every figure as PNG and SVG, DIR/figures.")
    ] = False,
) -> None:
    """Write the report of an analysed run: the third step. Missing parent folders of FILE are made."""
    from recurra.cli.console import ProgressBars
    from recurra.report import write_report
    from recurra.runs.record import read_run
    from recurra.storage.lock import locked
    from recurra.storage.run_folder import RunFolder

    use_own(use)
    folder, target = RunFolder.open(path), out or path / "report.html"
    with locked(folder.path):
        record = read_run(folder)
        write_report(record, target)
        typer.echo(f"report: {target}")
        if figures:
            from recurra.report.figures import write_figures

            missing: dict[str, str] = {}
            with ProgressBars() as progress:
                files = write_figures(record, path / "figures", progress.drawn, missing.__setitem__)
            typer.echo(f"figures: {number_of(len(files), 'file')} in {path / 'figures'}")
            for name, why in missing.items():
                typer.echo(f"not drawn: {name}: {why}")


@app.command()
def export(
    path: RunPath,
    out: Annotated[Path, typer.Option(parser=user_path, metavar="DIR", help="The folder to make.")],
    kind: Annotated[
        str,
        typer.Option(
            "--format",
            help="npz, keras, hdf5, torch, safetensors: one file per network; csv: the tables of the analysis.",
        ),
    ],
    use: Use = None,
) -> None:
    """Networks and tables of a run for other tools."""
    from recurra.checks import check_choice
    from recurra.runs.export import NETWORKS, export_run
    from recurra.storage.run_folder import RunFolder

    check_choice("format", kind, (*NETWORKS, "csv"))
    use_own(use)
    files = export_run(RunFolder.open(path), kind, out)
    typer.echo(f"exported: {number_of(len(files), 'file')} in {out}")


app.command()(join)
app.command()(play)
app.command()(inspect)
app.command()(tasks)
app.command()(study)
app.command()(damage)
app.command()(spikes)
app.command()(census)
app.command()(compare)
app.command()(sweep)
app.command()(tune)
app.command()(reproduction)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; exit status 0 done, 1 it failed, 2 wrong usage. A warning is a line on standard error.

    Overflow in a network that grows without bound gives no warning: its numbers are shown as infinite or missing.
    """
    gc.set_threshold(COLLECT_AFTER)  # by default a sixth of the time of imports is spent looking for garbage
    prepare_streams()
    os.environ.pop("MPLBACKEND", None)  # set by notebooks and inherited; our figures open no window
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "(overflow|invalid value) encountered", RuntimeWarning)
        warnings.showwarning = lambda message, *_: print_error(str(message))
        with listening(command=True):
            return _status_of(arguments)


def _status_of(arguments: list[str] | None) -> int:
    try:
        status = app(arguments, standalone_mode=False) or 0
        stop_if_asked()  # a signal that a callback has swallowed after the last check
        return status
    except typer.Exit as ended:
        return ended.exit_code
    except Stopped as stopped:
        return _failed(f"interrupted{stopped.hint and '; '}{stopped.hint}", stopped.status)
    except (typer.Abort, KeyboardInterrupt):
        return _failed("interrupted", 130)
    except BrokenPipeError:  # the reader has closed the pipe, as `head` does
        discard_output()
        return 1
    except OSError as error:
        from recurra.storage.files import describe

        return _failed(describe(error, (arguments or sys.argv[1:])[:1] in RESUMABLE), 1)
    except Exception as error:
        if hasattr(error, "format_message"):
            return _failed(error.format_message(), 2)  # type: ignore[attr-defined]
        if isinstance(error, (ValueError, TypeError)) and _raised_here(error):
            return _failed(str(error), 2)
        traceback.print_exc()
        return 1


def _failed(message: str, status: int) -> int:
    print_error(message)
    return status


def _raised_here(error: BaseException) -> bool:
    """Whether recurra itself raised the error, in a check of the input, and not a defect deeper down."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return Path(last.filename).is_relative_to(Path(__file__).parents[1])


def _analysed(folder: "RunFolder", executor: "Executor", analyses: Sequence[str] = ()) -> None:
    from recurra.cli.console import ProgressBars
    from recurra.runs.runner import analyse_run

    with ProgressBars() as progress:
        progress.analysing(len(folder.about().get("networks", ())))
        analyse_run(folder, progress, executor, analyses)


def _reported(folder: "RunFolder", as_json: bool) -> None:
    from recurra.report import write_report
    from recurra.runs.record import read_run
    from recurra.storage.lock import locked

    with locked(folder.path):
        write_report(read_run(folder), folder.path / "report.html")
    _printed(folder, as_json)
    typer.echo(f"report: {folder}/report.html", err=as_json)


def _printed(folder: "RunFolder", as_json: bool) -> None:
    from recurra.cli.console import print_run
    from recurra.runs.record import read_run
    from recurra.words.summary import run_table

    record = read_run(folder)
    if as_json:
        typer.echo(json.dumps(run_table(record), indent=2))
    else:
        print_run(record)
