"""A sweep from its plan to the numbers of all its networks: every condition is a run of its own, which resumes."""

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Protocol, runtime_checkable

from recurra.interrupts import Stopped
from recurra.runs.executors import Executor, ThisProcess
from recurra.runs.own import use, used
from recurra.runs.runner import Progress, SilentProgress, analyse_run, resume_run, start_run
from recurra.runs.spec import RunSpec
from recurra.runs.sweep.arrays import write_arrays
from recurra.runs.sweep.folder import SweepFolder
from recurra.runs.sweep.plan import Condition, SweepPlan
from recurra.runs.workers import LostPiece
from recurra.storage.lock import locked
from recurra.storage.run_folder import RunFolder
from recurra.surroundings import machine


@runtime_checkable
class SweepProgress(Progress, Protocol):
    """Receives the progress of a sweep."""

    def conditions(self, what: str, number: int, of: int, label: str) -> None:
        """So many of the conditions are "trained" or "analysed"; the next to come has this label."""


class SilentSweepProgress(SilentProgress):
    """A `SweepProgress` that says nothing."""

    def conditions(self, what: str, number: int, of: int, label: str) -> None:
        pass


@dataclass(frozen=True)
class SweepPiece:
    """The part of a sweep that a worker does.

    Args:
        sweep: folder of the sweep.
        condition: number of the condition.
        engine: the engine that trains.
        uses: the user's own files and modules that the spec may name; another process imports them too.
    """

    sweep: Path
    condition: int
    engine: str
    uses: tuple[str, ...]


def conduct_sweep(
    plan: SweepPlan,
    path: Path,
    progress: SweepProgress,
    engine: str = "auto",
    analyses: bool = True,
    executor: Executor | None = None,
    trainer: Executor | None = None,
) -> SweepFolder:
    """Train every condition, and analyse every network; what the folder has already is not made again.

    Args:
        plan: the plan.
        path: the folder: a new one, or one with this plan.
        progress: receives the progress.
        engine: "auto" (the fastest that can be used here), "native", "portable", "batched" or "native-bfloat16".
        analyses: whether to analyse the networks after their training.
        executor: does the analyses, one condition a piece; this process if not given.
        trainer: trains, one condition a piece; this process if not given.
    """
    plan.conditions  # noqa: B018 - an impossible condition is an error before anything is written
    try:
        with locked(path):
            sweep = _opened(plan, path, engine)
            wanted = ("analysed",) if analyses else ("trained", "analysed")
            if sweep.folder.entry("status") == "finished" and not sweep.lacking(wanted):
                return sweep
            sweep.folder.update_about(status="running")
            _done(sweep, "trained", trainer or ThisProcess(), progress, sweep.folder.entry("engine")["name"])
            if analyses:
                _done(sweep, "analysed", executor or ThisProcess(), progress, engine)
            write_arrays(sweep.folder, sweep.read())
            sweep.folder.update_about(status="finished")
            return sweep
    except Stopped as stopped:
        stopped.hint = "the same command goes on from there"
        raise


def _opened(plan: SweepPlan, path: Path, engine: str) -> SweepFolder:
    if not (path / "run.json").is_file():
        chosen = plan.conditions[0].spec.to_training(engine).used_engine.about()
        started = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        return SweepFolder.create(path, plan, {"engine": chosen, "machine": machine(), "started": started})
    sweep = SweepFolder.open(path)
    sweep.check_same(plan)
    sweep.folder.sweep()
    return sweep


def _done(sweep: SweepFolder, what: str, executor: Executor, progress: SweepProgress, engine: str) -> None:
    """Do the step "trained" or "analysed" of all conditions that lack it."""
    enough = ("trained", "analysed") if what == "trained" else ("analysed",)
    waiting = sweep.lacking(enough)
    done, count = len(sweep.plan.conditions) - len(waiting), len(sweep.plan.conditions)
    pieces = [SweepPiece(sweep.folder.path, one.number, engine, used()) for one in waiting]
    job: Callable[[SweepPiece], None] = JOBS[what]
    if isinstance(executor, ThisProcess):
        job = partial(JOBS[what], progress=progress)
    with closing(executor.map(job, pieces)) as results:
        progress.conditions(what, done, count, waiting[0].label if waiting else "")
        for at, (piece, result) in enumerate(results, 1):
            if isinstance(result, LostPiece):
                label = sweep.plan.conditions[piece.condition].label
                raise ChildProcessError(f"the condition {label} was not {what}: {result.reason}")
            progress.conditions(what, done + at, count, waiting[at].label if at < len(waiting) else "")


def train_condition(piece: SweepPiece, progress: Progress | None = None) -> None:
    """Train the networks of a condition, or go on with them: a job of an `Executor`.

    Args:
        piece: which condition.
        progress: receives the progress.
    """
    sweep, condition = _begun(piece)
    progress = progress or SilentProgress()
    path, spec = sweep.path_of(condition), _spec_of(sweep, condition)
    if (path / "run.json").is_file():
        resume_run(RunFolder.open(path), spec, progress)
    else:
        start_run(spec, path, False, progress, piece.engine)


def analyse_condition(piece: SweepPiece, progress: Progress | None = None) -> None:
    """Analyse the networks of a trained condition: a job of an `Executor`.

    Args:
        piece: which condition.
        progress: receives the progress.
    """
    sweep, condition = _begun(piece)
    analyse_run(RunFolder.open(sweep.path_of(condition)), progress or SilentProgress())
    sweep.swept(condition)


JOBS: dict[str, Callable[..., None]] = {"trained": train_condition, "analysed": analyse_condition}


def _begun(piece: SweepPiece) -> tuple[SweepFolder, Condition]:
    use(piece.uses)
    sweep = SweepFolder.open(piece.sweep)
    return sweep, sweep.plan.conditions[piece.condition]


def _spec_of(sweep: SweepFolder, condition: Condition) -> RunSpec:
    return replace(condition.spec, name=f"{condition.spec.name} {sweep.path_of(condition).name}")
