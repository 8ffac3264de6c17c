"""`rc.sweep`: conditions × networks as one labelled cohort."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, overload

from recurra.analysis.cohorts.sweep import Sweep
from recurra.analysis.cohorts.swept import How
from recurra.models.model import Model
from recurra.models.start import Transfer
from recurra.runs.executors import Executor
from recurra.runs.spec import REGISTRY
from recurra.runs.sweep.axes import axes_of
from recurra.runs.sweep.conduct import SilentSweepProgress, conduct_sweep
from recurra.runs.sweep.folder import SweepFolder
from recurra.runs.sweep.plan import SweepPlan
from recurra.runs.tables import Table, to_table
from recurra.tasks.base import Task
from recurra.training.preset import Preset
from recurra.training.rule import LearningRule


@overload
def sweep(
    task: Preset,
    *,
    vary: Mapping[str, Any],
    networks: int,
    seed: int,
    path: Path | str,
    how: How = "all",
    samples: int = 0,
    analyses: bool = True,
    engine: str = "auto",
    executor: Executor | None = None,
    start: Transfer | None = None,
) -> Sweep: ...
@overload
def sweep(
    task: Task,
    model: Model,
    rule: LearningRule,
    *,
    vary: Mapping[str, Any],
    networks: int,
    seed: int,
    path: Path | str,
    how: How = "all",
    samples: int = 0,
    analyses: bool = True,
    engine: str = "auto",
    executor: Executor | None = None,
    start: Transfer | None = None,
) -> Sweep: ...
def sweep(  # noqa: PLR0913 - those of a training, and what makes it a sweep
    task: Task | Preset,
    model: Model | None = None,
    rule: LearningRule | None = None,
    *,
    vary: Mapping[str, Any],
    networks: int,
    seed: int,
    path: Path | str,
    how: How = "all",
    samples: int = 0,
    analyses: bool = True,
    engine: str = "auto",
    executor: Executor | None = None,
    start: Transfer | None = None,
) -> Sweep:
    """Train networks in every combination of values, and say what the values change.

    Every condition is a run in a folder of its own below `path`, with the same seed: network k of a condition is
    network k of `rc.train` with its spec. After an interruption, the same call goes on.

    Args:
        task: what the networks learn; or a preset, `rc.preset("xor")`, which has model and rule too.
        model: their architecture.
        rule: how they learn.
        vary: the values by key of the spec: `{"training.learning_rate": [1e-3, 1e-2], "model.units": [50, 100]}`. A
            value may be a part, such as `rc.Orthogonal()`. For a sample also `rc.Range(1e-4, 1e-1, log=True)`.
        networks: how many in each condition.
        seed: fixes everything that is random.
        path: the folder of the sweep: a new one, or one with the same plan.
        how: "all" combinations; "zip", the first values of all keys together, then the second; or "sample".
        samples: number of conditions of a sample, drawn by Latin hypercube.
        analyses: whether to analyse every network, as `recurra run` does.
        engine: "auto" (the fastest that can be used here), "native", "portable", "batched" or "native-bfloat16".
        executor: trains and analyses, one condition a piece, such as `rc.runs.scheduler.Dask("local:4")`; this process
            if not given.
        start: run folder or file of trained networks from which the networks of all conditions start.

    Raises:
        ValueError: a key or a value is not possible (the line names the condition), or the folder holds something else.

    Examples:
        >>> import recurra as rc
        >>> rule = rc.Ridge(steps=2, batch=8, validation_trials=4)
        >>> found = rc.sweep(
        ...     rc.Not(), rc.GRU(units=3), rule, vary={"model.units": [2, 3]}, networks=2, seed=0, path="sizes",
        ...     analyses=False,
        ... )
        >>> found.to_xarray().sizes["units"]
        2
    """
    base = base_of(task, model, rule, "sweep", start)
    plan = SweepPlan({**base, "networks": networks, "seed": seed}, axes_of(vary), how, samples)
    return conduct_sweep(plan, Path(path), SilentSweepProgress(), engine, analyses, executor, executor).read()


def load_sweep(path: Path | str) -> Sweep:
    """The sweep in a folder, all of whose conditions are trained.

    Args:
        path: the folder.

    Raises:
        ValueError: it is no sweep, or conditions are not trained.
    """
    return SweepFolder.open(path).read()


def base_of(
    task: Task | Preset, model: Model | None, rule: LearningRule | None, command: str, start: Transfer | None = None
) -> Table:
    """The spec of a task, model and rule, or of a preset, in plain values; without networks and seed.

    Args:
        task: the task, or a preset.
        model: the model; None with a preset.
        rule: the rule; None with a preset.
        command: the function that the user called, which names a spec that has no name.
        start: trained networks from which all start.
    """
    if isinstance(task, Preset):
        if model is not None or rule is not None:
            raise TypeError(
                f"model and rule are those of the preset; for others: {command}(preset.task, model, rule, ...)"
            )
        name, task, model, rule = task.name, task.task, task.model, task.rule
    else:
        name = command
    parts = {"task": task, "model": model, "training": rule}
    if start is not None:
        if not isinstance(start, Transfer):
            raise TypeError(f'start is {start!r}; expected rc.Transfer("FOLDER")')
        parts["start"] = replace(start, run=str(Path(start.run).resolve()))
    return {"name": name, **{key: to_table(part, REGISTRY) for key, part in parts.items()}}
