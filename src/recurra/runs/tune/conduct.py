"""A search from its plan to the networks that confirm it: every trial is a run of its own, which resumes.

A worker takes up a trial that somebody began and nobody works at, goes on with it from its last checkpoint, and only if
there is none begins a new one. So a killed worker leaves nothing stuck, and a search with one worker that was killed
and goes on has the same trials as one that was not.
"""

import math
import time
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Protocol, runtime_checkable

from recurra.analysis.cohorts.difference import json_value
from recurra.interrupts import Stopped, stop_if_asked
from recurra.runs.executors import Executor, ThisProcess
from recurra.runs.own import use, used
from recurra.runs.record import cohort_of
from recurra.runs.runner import Progress, SilentProgress, resume_run, start_run
from recurra.runs.show import to_toml
from recurra.runs.sweep.plan import Condition
from recurra.runs.tune.aims import Aim, Function, aim_named
from recurra.runs.tune.folder import CONFIRMED, TRIALS, TuneFolder
from recurra.runs.tune.journal import Entry, optuna_module
from recurra.runs.tune.plan import TunePlan, check_trials
from recurra.runs.tune.pruning import PrunedError, Pruning, course_of
from recurra.runs.workers import LostPiece
from recurra.storage.files import replace_text
from recurra.storage.lock import InUseError, locked
from recurra.storage.log import read_history
from recurra.storage.run_folder import RunFolder
from recurra.surroundings import machine

LOOK_S = 1.0  # between two looks whether a trial that another worker has is free
BEST = "best.toml"


@runtime_checkable
class TuneProgress(Progress, Protocol):
    """Receives the progress of a search."""

    def trial(self, folder: TuneFolder, number: int | None) -> None:
        """A trial has ended; None when the search begins or goes on."""

    def confirming(self, label: str, networks: int) -> None:
        """The best values, in words, are confirmed with so many networks."""


class SilentTuneProgress(SilentProgress):
    """A `TuneProgress` that says nothing."""

    def trial(self, folder: TuneFolder, number: int | None) -> None:
        pass

    def confirming(self, label: str, networks: int) -> None:
        pass


@dataclass(frozen=True)
class TunePiece:
    """One trial, whichever is next: the work of a worker.

    Args:
        path: folder of the search.
        uses: the user's own files and modules that the spec may name; another process imports them too.
    """

    path: Path
    uses: tuple[str, ...]


def conduct_tuning(
    plan: TunePlan,
    path: Path,
    trials: int,
    progress: TuneProgress,
    engine: str = "auto",
    executor: Executor | None = None,
    function: Function | None = None,
) -> TuneFolder:
    """Search, and confirm the best trial; what the folder has already is not made again.

    Args:
        plan: the plan.
        path: the folder: a new one, or one with this plan.
        trials: number of trials in all; a folder with fewer goes on to this number.
        progress: receives the progress.
        engine: "auto" (the fastest that can be used here), "native", "portable", "batched" or "native-bfloat16".
        executor: trains, one trial a piece; this process if not given.
        function: the aim, if it is a function that is given and not only named.
    """
    optuna_module()
    check_trials(trials)
    aim = aim_named(plan.aim, plan.longest, function)  # what is impossible is an error before anything is written
    try:
        with locked(path, _wait):
            folder = _opened(plan, path, trials, engine)
        _search(folder, executor or ThisProcess(), progress, function)
        _confirm(folder, progress, aim)
        return folder
    except Stopped as stopped:
        stopped.hint = "the same command goes on from there"
        raise


def next_trial(piece: TunePiece, progress: Progress | None = None, function: Function | None = None) -> tuple[int, ...]:
    """Take up or begin a trial, and end it: a job of an `Executor`.

    Args:
        piece: the search.
        progress: receives the progress of the training.
        function: the aim, if it is a function that is given and not only named.

    Returns:
        The number of the trial; nothing if all have ended.
    """
    use(piece.uses)
    folder = TuneFolder.open(piece.path)
    while True:
        stop_if_asked()
        with ExitStack() as stack:
            entry = _taken(folder, stack)
            if entry is not None:
                _work(folder, entry, progress or SilentProgress(), function)
        if entry is not None:
            with suppress(OSError):  # that of a killed worker is still there
                folder.lock_of(entry.number).rmdir()
            return (entry.number,)
        if not folder.left():
            return ()
        time.sleep(LOOK_S)  # others work at all that are left; if one is killed, its trial is free


def _opened(plan: TunePlan, path: Path, trials: int, engine: str) -> TuneFolder:
    if not (path / "run.json").is_file():
        chosen = plan.ends()[0].spec.to_training(engine).used_engine.about()
        started = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        return TuneFolder.create(path, plan, trials, {"engine": chosen, "machine": machine(), "started": started})
    folder = TuneFolder.open(path)
    folder.check_same(plan)
    begun = len(folder.journal.entries())
    if trials < begun:
        raise ValueError(f"trials is {trials}, but {folder.folder} has begun {begun}; expected at least that number")
    if folder.folder.entry("trials") != trials:
        folder.folder.update_about(trials=trials, status="running")
    return folder


def _search(folder: TuneFolder, executor: Executor, progress: TuneProgress, function: Function | None) -> None:
    """Work until no trial is left; a lost worker's trial is taken up by another."""
    job: Callable[..., tuple[int, ...]] = next_trial
    if isinstance(executor, ThisProcess):
        job = partial(next_trial, progress=progress, function=function)
    progress.trial(folder, None)
    while left := folder.left():
        lost, done = "", 0
        with closing(executor.map(job, [TunePiece(folder.folder.path, used())] * left)) as results:
            for _, result in results:
                if isinstance(result, LostPiece):
                    lost = result.reason
                    continue
                done += len(result)
                for number in result:
                    progress.trial(folder, number)
        if lost and not done:
            raise ChildProcessError(f"no worker could end a trial: {lost}")


def _taken(folder: TuneFolder, stack: ExitStack) -> Entry | None:
    """A trial to work at, whose lock the stack holds; None if there is none that nobody works at."""
    with locked(folder.folder.path, _wait):
        journal = folder.journal
        entries = journal.entries()
        for entry in entries:
            if entry.state == "running":
                try:
                    stack.enter_context(locked(folder.lock_of(entry.number)))
                except InUseError:
                    continue
                return entry
        if len(entries) >= folder.folder.entry("trials"):
            return None
        entry = journal.begin(journal.suggested(folder.plan.seed))
        stack.enter_context(locked(folder.lock_of(entry.number)))
        return entry


def _work(folder: TuneFolder, entry: Entry, progress: Progress, function: Function | None) -> None:
    """Train the networks of a trial, and write in the journal how it ended."""
    aim = aim_named(folder.plan.aim, folder.plan.longest, function)
    others = [one.so_far for one in folder.journal.entries() if one.state == "finished"]
    patience = folder.plan.patience
    ended = _ended(folder, entry, aim, Pruning(progress, aim, patience, others) if patience else progress)
    with locked(folder.folder.path, _wait):
        folder.journal.end(ended)


def _ended(folder: TuneFolder, entry: Entry, aim: Aim, progress: Progress) -> Entry:
    """The trial as it ended: finished, pruned, or failed with the reason."""
    path = folder.path_of(entry.number)
    try:
        condition = folder.plan.trial(entry.number, entry.values)
    except ValueError as error:
        return replace(entry, state="failed", reason=str(error))
    try:
        reason = _trained(folder, condition, path, progress)
    except PrunedError:
        return replace(entry, state="pruned", so_far=course_of(aim, read_history(RunFolder.open(path))))
    if reason:
        return replace(entry, state="failed", reason=reason)
    cohort = cohort_of(RunFolder.open(path))
    value, so_far = aim.of(cohort, folder.networks(condition)), course_of(aim, cohort.history)
    if math.isnan(value):
        return replace(entry, state="failed", reason="its aim is not a number", so_far=so_far)
    return replace(entry, state="finished", value=value, so_far=so_far)


def _trained(folder: TuneFolder, condition: Condition, path: Path, progress: Progress, of: str = TRIALS) -> str:
    """Train the networks of a condition, or go on with them; the reason why they cannot be trained, if so."""
    spec = folder.spec_of(condition, of)
    if (path / "run.json").is_file():
        resume_run(RunFolder.open(path), spec, progress)
        return ""
    try:
        start_run(spec, path, False, progress, folder.folder.entry("engine")["name"])
    except ValueError as error:
        if (path / "run.json").is_file():
            raise
        return str(error)
    return ""


def _confirm(folder: TuneFolder, progress: TuneProgress, aim: Aim) -> None:
    """Train fresh networks with the values of the best trial, and write its spec; others that end meanwhile wait."""
    best = folder.best()
    if best is None:
        entries = folder.journal.entries()
        why = next((f", such as {one.reason}" for one in entries if one.reason), "")
        raise ValueError(f"none of {len(entries)} trials in {folder.folder} has a finite aim{why}")
    confirmation, path = folder.confirmation(best), folder.path_of(best.number, CONFIRMED)
    with locked(folder.lock_of(best.number, CONFIRMED), _wait):
        if not folder.is_confirmed(best.number):
            progress.confirming(best.label, folder.plan.confirm)
            reason = _trained(folder, confirmation, path, progress, CONFIRMED)
            if reason:
                raise ValueError(f"the best trial, {best.label}, cannot be trained with fresh networks: {reason}")
        if folder.folder.about().get("confirmed", {}).get("trial") != best.number:
            value = aim.of(cohort_of(RunFolder.open(path)), folder.networks(confirmation, CONFIRMED))
            with locked(folder.folder.path, _wait):
                folder.folder.update_about(confirmed={"trial": best.number, "value": json_value(value)})
    replace_text(folder.folder.path / BEST, to_toml(folder.spec_of(confirmation, CONFIRMED)))
    with locked(folder.folder.path, _wait):
        if folder.folder.entry("status") != "finished":
            folder.folder.update_about(status="finished")


def _wait(_: str) -> None:
    """Another worker has the folder for a moment; nothing is said of it."""
