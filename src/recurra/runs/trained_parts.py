"""Train a run in parts, by the workers of an executor, or whole in this process."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol, runtime_checkable

from recurra.interrupts import Stopped
from recurra.runs.divided import DividedRun, check_parts
from recurra.runs.executors import Executor, ThisProcess
from recurra.runs.own import command_for, use, used
from recurra.runs.runner import Progress, SilentProgress, check_engine, check_spec, resume_run, start_run
from recurra.runs.spec import RunSpec
from recurra.runs.workers import LostPiece
from recurra.storage.run_folder import PARTS, RunFolder


@runtime_checkable
class PartsProgress(Progress, Protocol):
    """Receives the progress of a training in parts."""

    def parts(self, done: int, of: int, steps: float, last: int) -> None:
        """So many parts are trained, and so many of the last training step were taken by the mean network."""


@dataclass(frozen=True)
class TrainingPiece:
    """The part of a run that a worker trains.

    Args:
        run: folder of the run.
        part: number of the part, from 1.
        uses: the user's own files and modules that the spec may name; another process imports them too.
        anyway: whether to go on even if the versions, instructions or settings that affect the bits differ.
    """

    run: Path
    part: int
    uses: tuple[str, ...]
    anyway: bool = False


def train_part(piece: TrainingPiece, progress: Progress | None = None) -> None:
    """Train the networks of a part, or go on with them: a job of an `Executor`.

    Args:
        piece: which part.
        progress: receives the progress of training.
    """
    use(piece.uses)
    DividedRun.open(RunFolder.open(piece.run)).train(piece.part, progress or SilentProgress(), piece.anyway)


def train_divided(run: DividedRun, executor: Executor, progress: PartsProgress, anyway: bool = False) -> None:
    """Train all parts of a run that are not trained, and join them.

    Args:
        run: the run.
        executor: trains, one part a piece.
        progress: receives the progress of training.
        anyway: whether to go on even if the versions, instructions or settings that affect the bits differ.

    Raises:
        ChildProcessError: parts were not trained because their workers were ended; the others are kept.
    """
    try:
        _train_waiting(run, executor, progress, anyway)
        run.join()
    except Stopped as stopped:
        stopped.hint = f"{command_for('run --resume', run.folder)} goes on from the last epoch"
        raise


def trained(
    spec: RunSpec,
    path: Path,
    executor: Executor | None,
    parts: int | None,
    progress: PartsProgress,
    engine: str = "auto",
    overwrite: bool = False,
) -> RunFolder:
    """A new run, whose networks are trained in parts if there is an executor.

    Args:
        spec: the spec of the run.
        path: the run folder; it must not exist unless `overwrite` is set.
        executor: trains the networks in parts; if not given, all are trained in this process in one piece.
        parts: number of parts; one for each worker of the executor if not given.
        progress: receives the progress of training.
        engine: "auto" (the fastest that can be used here), "native", "portable", "batched" or "native-bfloat16".
        overwrite: whether an existing run may be deleted.
    """
    if executor is None:
        return start_run(spec, path, overwrite, progress, engine)
    RunFolder.check_free(path, overwrite)
    run = DividedRun.begin(spec, path, parts or min(spec.networks, executor.workers), engine, overwrite)
    train_divided(run, executor, progress)
    return run.folder


def resumed(
    folder: RunFolder,
    spec: RunSpec | None,
    executor: Executor | None,
    parts: int | None,
    progress: PartsProgress,
    engine: str | None = None,
    anyway: bool = False,
) -> RunFolder:
    """Go on with a training that was interrupted, in one piece or in parts as it was begun.

    Args:
        folder: the run folder.
        spec: if given, it must equal the spec of the folder.
        executor: trains the parts, if there are parts; this process if not given.
        parts: if given, it must be the number of parts of the folder.
        progress: receives the progress of training.
        engine: if given, it must be the engine of the folder, or "auto".
        anyway: whether to resume even if the engine, versions, instructions or settings that affect the bits differ.
    """
    check_parts(folder, parts)
    if PARTS in folder.about():
        check_engine(folder, engine)
        check_spec(folder, spec)
        train_divided(DividedRun.open(folder), executor or ThisProcess(), progress, anyway)
    else:
        resume_run(folder, spec, progress, engine, anyway)
    return folder


def _train_waiting(run: DividedRun, executor: Executor, progress: PartsProgress, anyway: bool) -> None:
    def told() -> None:
        ended, steps = run.progress()
        progress.parts(ended, run.of, steps, run.spec.training.steps)

    job: Callable[[TrainingPiece], None] = train_part
    if isinstance(executor, ThisProcess):
        job = partial(train_part, progress=progress)
    lost: dict[int, str] = {}
    pieces = [TrainingPiece(run.folder.path, one, used(), anyway) for one in run.waiting()]
    told()
    with closing(executor.map(job, pieces, told)) as done:
        for piece, result in done:
            if isinstance(result, LostPiece):
                lost[piece.part] = result.reason
            told()
    if lost:
        why = "; ".join(dict.fromkeys(lost.values()))
        raise ChildProcessError(
            f"{len(lost)} of the {run.of} parts of {run.folder} were not trained: {why}. What they have is kept; "
            f"{command_for('run --resume', run.folder)} goes on"
        )
