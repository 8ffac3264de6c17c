"""The command that shows the tasks; heavy imports are deferred."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from recurra.cli.options import AsJson, TaskSettings
from recurra.cli.own import Use, use_own
from recurra.cli.paths import user_path


def tasks(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="A task; all of them if not given.")] = None,
    plot: Annotated[
        Path | None,
        typer.Option(parser=user_path, metavar="FILE", help="PNG, SVG or PDF file for a picture of sample trials."),
    ] = None,
    settings: TaskSettings = None,
    use: Use = None,
    seed: Annotated[int, typer.Option(help="Seed of the sample trials.")] = 0,
    as_json: AsJson = False,
) -> None:
    """The tasks, with their parameters, units and sources."""
    from recurra.runs.show import describe_task, describe_tasks, task_text

    if name is None:
        if plot or settings:
            raise ValueError("--plot and --set need the NAME of a task")
        described: Any = describe_tasks()
        typer.echo(json.dumps(described, indent=2) if as_json else "\n".join(f"{k}: {v}" for k, v in described.items()))
        return
    from recurra.runs.spec import to_spec, with_settings

    use_own(use)
    task = to_spec(with_settings({"task": name}, settings or [])).task
    if plot:
        from recurra.report.task_picture import write_task_picture

        write_task_picture(task, seed, plot)
    described = describe_task(task)
    typer.echo(json.dumps(described, indent=2) if as_json else task_text(described))
    if plot:
        typer.echo(f"picture: {plot}", err=as_json)
