"""A run whose networks are trained in parts, by workers of a cluster or jobs of a queue, and joined when all are done.

Part k of n has consecutive networks, and is a run folder of its own, `parts/k` in the folder of the run: it is locked,
saved and resumed as any run is. Network k of a seed is the same network in any part, so the joined run has the bits of
one that was trained whole.
"""

import warnings
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol, final, runtime_checkable

from recurra.checks import check_count
from recurra.interrupts import Stopped
from recurra.runs.executors import Executor, LostPiece, ThisProcess
from recurra.runs.own import command_for, use, used
from recurra.runs.record import numbers_of_part, spec_of
from recurra.runs.runner import (
    Progress,
    SilentProgress,
    begun,
    check_engine,
    check_spec,
    resume_run,
    start_run,
    start_training,
)
from recurra.runs.spec import RunSpec
from recurra.runs.stretches import differences, stretches_in
from recurra.storage.checkpoints import join_training
from recurra.storage.files import remove
from recurra.storage.lock import locked
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


@final
@dataclass(frozen=True)
class DividedRun:
    """A run that is trained in parts.

    Args:
        folder: its folder.
        spec: its spec.
        of: number of parts.
    """

    folder: RunFolder
    spec: RunSpec
    of: int

    @classmethod
    def begin(cls, spec: RunSpec, path: Path, of: int, engine: str = "auto", overwrite: bool = False) -> "DividedRun":
        """A new run, or the one of this spec in this number of parts that the folder holds.

        Args:
            spec: the spec of the run.
            path: the run folder; several processes may begin the same run in it.
            of: number of parts.
            engine: "auto" (the fastest that can be used here), "native", "portable", "batched" or "native-bfloat16".
            overwrite: whether an existing run may be deleted.
        """
        check_count("parts", of, at_most=spec.networks)
        with locked(path, on_wait=_silently):
            if overwrite or not (path / "run.json").is_file():
                training = spec.to_training(engine, range(1))
                about = {**begun(spec, training), "stretches": [], PARTS: of}
                return cls(RunFolder.create(path, about, overwrite), spec, of)
        folder = RunFolder.open(path)
        check_engine(folder, engine)
        check_spec(folder, spec)
        check_parts(folder, of)
        return cls(folder, spec, of)

    @classmethod
    def open(cls, folder: RunFolder) -> "DividedRun":
        """The run in a folder, which is trained in parts."""
        if PARTS not in folder.about():
            raise ValueError(f"{folder} is not trained in parts: there is nothing to join")
        return cls(folder, spec_of(folder), folder.entry(PARTS))

    @property
    def ended(self) -> bool:
        """Whether the training has ended and its parts are joined."""
        return self.folder.entry("status") != "training"

    def train(self, number: int, progress: Progress, anyway: bool = False) -> None:
        """Train the networks of a part, or go on with them.

        Args:
            number: number of the part, from 1.
            progress: receives the progress of training.
            anyway: whether to go on even if the versions, instructions or settings that affect the bits differ.
        """
        numbers, path = numbers_of_part(self.spec.networks, number, self.of), self.path_of(number)
        if self.ended:
            return
        if (path / "run.json").is_file():
            resume_run(RunFolder.open(path), None, progress, anyway=anyway)
        else:
            training = self.spec.to_training(self.folder.entry("engine")["name"], numbers)
            part = {"part": {"number": number, "of": self.of}}
            start_training(self.spec, training, path, False, progress, part)

    def path_of(self, number: int) -> Path:
        """The folder of a part."""
        return self.folder.path / PARTS / f"{number:0{len(str(self.of))}d}"

    def waiting(self) -> list[int]:
        """Numbers of the parts that are not trained."""
        return [number for number in range(1, self.of + 1) if self._status(number) not in ("trained", "analysed")]

    def steps(self) -> float:
        """Training steps that the mean network has taken or needs no more."""
        rule, done = self.spec.training, 0.0
        for number in range(1, self.of + 1):
            share = len(numbers_of_part(self.spec.networks, number, self.of)) / self.spec.networks
            if self._status(number) in ("trained", "analysed"):
                done += share * rule.steps
            elif self._status(number) == "training":
                done += share * min(rule.steps, self._part(number).about().get("epoch", 0) * rule.epoch_steps)
        return done

    def join(self) -> None:
        """Join the parts, all of which are trained, and remove their folders.

        Raises:
            ValueError: parts are not trained.
        """
        with locked(self.folder.path):
            if not self.ended:
                self._check_whole()
                parts = [self._part(number) for number in range(1, self.of + 1)]
                kind = self.spec.model.dynamics(self.spec.task.dt_ms).weights
                join_training(self.folder, parts, kind, {**_entries(parts), PARTS: None})
            remove(self.folder.path / PARTS)

    def _check_whole(self) -> None:
        waiting = self.waiting()
        if waiting:
            raise ValueError(
                f"{len(waiting)} of the {self.of} parts of {self.folder} are not trained, such as part {waiting[0]}; "
                f"train them, or have all done here: {command_for('run --resume', self.folder)}"
            )

    def _part(self, number: int) -> RunFolder:
        return RunFolder.open(self.path_of(number))

    def _status(self, number: int) -> str:
        return self._part(number).entry("status") if (self.path_of(number) / "run.json").is_file() else "new"


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


def check_parts(folder: RunFolder, parts: int | None) -> None:
    """Check that an unfinished training was begun in this number of parts, if one is given."""
    begun_in = folder.about().get(PARTS)
    if parts not in (None, begun_in) and folder.entry("status") == "training":
        raise ValueError(f"{folder} is trained {_in_parts(begun_in)}, not in {parts}; go on with it as it was begun")


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
        progress.parts(run.of - len(run.waiting()), run.of, run.steps(), run.spec.training.steps)

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


def _entries(parts: list[RunFolder]) -> dict[str, Any]:
    """The entries of `run.json` that follow from those of the parts; the seconds are those of all parts together."""
    abouts = [part.about() for part in parts]
    stretches = [
        {**stretch, "part": number} for number, about in enumerate(abouts, 1) for stretch in stretches_in(about)
    ]
    apart = dict.fromkeys(one for stretch in stretches[1:] for one in differences(stretches[0], stretch))
    if apart:
        warnings.warn(
            f"{parts[0].path.parents[1]}: parts were trained with {'; '.join(apart)}: their networks may differ in the "
            "last bits from those of a run that is trained in one place",
            RuntimeWarning,
            stacklevel=2,
        )
    return {"stretches": stretches, "seconds": {"training": sum(about["seconds"]["training"] for about in abouts)}}


def _in_parts(number: int | None) -> str:
    return f"in {number} parts" if number else "in one piece"


def _silently(_: str) -> None:
    pass
