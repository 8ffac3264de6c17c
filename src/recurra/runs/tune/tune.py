"""`rc.tune`: a search over hyperparameters in which a cohort of networks is one trial."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, overload

from recurra.analysis.cohorts.tuning import Tuning
from recurra.models.model import Model
from recurra.models.start import Transfer
from recurra.runs.executors import Executor, ThisProcess
from recurra.runs.sweep.axes import axes_of
from recurra.runs.sweep.sweep import base_of
from recurra.runs.tune.aims import Function, name_of
from recurra.runs.tune.conduct import SilentTuneProgress, conduct_tuning
from recurra.runs.tune.folder import TuneFolder
from recurra.runs.tune.plan import CONFIRMING, TunePlan
from recurra.tasks.base import Task
from recurra.training.preset import Preset
from recurra.training.rule import LearningRule


@overload
def tune(
    task: Preset,
    *,
    vary: Mapping[str, Any],
    networks: int,
    seed: int,
    trials: int,
    path: Path | str,
    aim: str | Function = "rate",
    patience: int | None = None,
    confirm: int = CONFIRMING,
    engine: str = "auto",
    executor: Executor | None = None,
    start: Transfer | None = None,
) -> Tuning: ...
@overload
def tune(
    task: Task,
    model: Model,
    rule: LearningRule,
    *,
    vary: Mapping[str, Any],
    networks: int,
    seed: int,
    trials: int,
    path: Path | str,
    aim: str | Function = "rate",
    patience: int | None = None,
    confirm: int = CONFIRMING,
    engine: str = "auto",
    executor: Executor | None = None,
    start: Transfer | None = None,
) -> Tuning: ...
def tune(  # noqa: PLR0913 - those of a training, and what makes it a search
    task: Task | Preset,
    model: Model | None = None,
    rule: LearningRule | None = None,
    *,
    vary: Mapping[str, Any],
    networks: int,
    seed: int,
    trials: int,
    path: Path | str,
    aim: str | Function = "rate",
    patience: int | None = None,
    confirm: int = CONFIRMING,
    engine: str = "auto",
    executor: Executor | None = None,
    start: Transfer | None = None,
) -> Tuning:
    """Search for the values with which most networks learn, or learn soonest, and confirm them with fresh networks.

    Optuna suggests the values of each trial, a cohort in a run folder below `path`, from the trials before it. After an
    interruption, the same call goes on; the same call in another process is a further worker.

    Args:
        task: what the networks learn; or a preset, `rc.preset("xor")`, which has model and rule too.
        model: their architecture.
        rule: how they learn.
        vary: by key of the spec lists of values, or ranges such as `rc.Range(1e-4, 1e-1, log=True)`.
        networks: how many in each trial; of one alone the result is chance, 4 to 8 are usual.
        seed: fixes everything that is random.
        trials: how many in all; a folder with fewer goes on to this number.
        path: the folder of the search, new or with the same plan.
        aim: "rate", the lower end of the 95 % interval of the share of networks that learned; "time", steps until
            successful; "loss", of validation; or a function of the trained `Cohort` whose number is to be large.
        patience: training steps without progress after which a trial is ended early if most finished trials were better
            by then; None for never. It must be as long as the plateau before networks learn.
        confirm: how many fresh networks are trained with the best values.
        engine: "auto" (the fastest that can be used here), "native", "portable", "batched" or "native-bfloat16".
        executor: trains, one trial a piece (a function as aim must be at the top of a module); this process if None.
        start: run folder or file of trained networks from which the networks of all trials start.

    Raises:
        ValueError: a value is impossible, the folder is another's, no aim is finite, or `recurra[tune]` is missing.

    Examples:
        >>> import recurra as rc
        >>> rule = rc.Ridge(steps=2, batch=8, validation_trials=4)
        >>> vary = {"training.ridge": rc.Range(1e-4, 1.0, log=True)}
        >>> found = rc.tune(rc.Not(), rc.GRU(units=3), rule, vary=vary, networks=2, seed=0, trials=3, path="ridges")
        >>> len(found)
        3
    """
    base = base_of(task, model, rule, "tune", start)
    function = aim if callable(aim) else None
    name = name_of(function) if function else aim
    if not isinstance(name, str):
        raise TypeError(f"aim is {aim!r}; expected rate, time, loss, or a function of a cohort")
    plan = TunePlan({**base, "networks": networks, "seed": seed}, axes_of(vary), name, patience, confirm)
    here = executor is None or isinstance(executor, ThisProcess)
    progress, given = SilentTuneProgress(), function if here else None
    return conduct_tuning(plan, Path(path), trials, progress, engine, executor, given).read()


def load_tuning(path: Path | str) -> Tuning:
    """The search in a folder, as far as it has come.

    Args:
        path: the folder.

    Raises:
        ValueError: it is no search, or Optuna is not installed.
    """
    return TuneFolder.open(path).read()
