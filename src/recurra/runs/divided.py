"""A run whose networks are trained in parts, by workers of a cluster or jobs of a queue, and joined when all are done.

Part k of n has consecutive networks, and is a run folder of its own, `parts/k` in the folder of the run: it is locked,
saved and resumed as any run is. Network k of a seed is the same network in any part, so the joined run has the bits of
one that was trained whole.
"""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from recurra.checks import check_count
from recurra.runs.own import command_for
from recurra.runs.record import check_run, numbers_of_part, spec_of
from recurra.runs.runner import (
    Progress,
    begun,
    check_engine,
    check_spec,
    resume_run,
    start_training,
)
from recurra.runs.spec import RunSpec
from recurra.runs.stretches import differences, stretches_in
from recurra.storage.checkpoints import join_training
from recurra.storage.files import remove
from recurra.storage.lock import locked
from recurra.storage.run_folder import PARTS, RunFolder


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
                return cls.open(RunFolder.create(path, about, overwrite))
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
        return [number for number in range(1, self.of + 1) if not _has_ended(self._about(number))]

    def progress(self) -> tuple[int, float]:
        """How many parts are trained, and the training steps that the mean network has taken or needs no more."""
        rule, ended, done = self.spec.training, 0, 0.0
        for number in range(1, self.of + 1):
            about = self._about(number)  # read once: this is looked at all the time
            share = len(numbers_of_part(self.spec.networks, number, self.of)) / self.spec.networks
            ended += _has_ended(about)
            taken = rule.steps if _has_ended(about) else about.get("epoch", 0) * rule.epoch_steps
            done += share * min(rule.steps, taken)
        return ended, done

    def join(self) -> None:
        """Join the parts, all of which are trained, and remove their folders.

        Raises:
            ValueError: parts are not trained.
        """
        with locked(self.folder.path):
            self._check_whole()
            parts = [self._own_part(number) for number in range(1, self.of + 1)]
            kind = self.spec.model.dynamics(self.spec.task.dt_ms).weights
            join_training(self.folder, parts, kind, self.spec.training.epochs, {**_entries(parts), PARTS: None})
            remove(self.folder.path / PARTS)

    def _check_whole(self) -> None:
        waiting = self.waiting()
        if waiting:
            raise ValueError(
                f"{len(waiting)} of the {self.of} parts of {self.folder} are not trained, such as part {waiting[0]}; "
                f"train them, or have all done here: {command_for('run --resume', self.folder)}"
            )

    def _own_part(self, number: int) -> RunFolder:
        """The folder of a part, which is of this run and holds the networks of the part."""
        part, numbers = self._part(number), numbers_of_part(self.spec.networks, number, self.of)
        check_spec(part, self.spec)
        if [network["number"] for network in part.entry("networks")] != list(numbers):
            raise ValueError(f"{part} does not hold networks {numbers[0]} to {numbers[-1]}, which part {number} has")
        return part

    def _part(self, number: int) -> RunFolder:
        return RunFolder.open(self.path_of(number))

    def _about(self, number: int) -> dict[str, Any]:
        """The entries of `run.json` of a part; none if it has not begun."""
        return self._part(number).about() if (self.path_of(number) / "run.json").is_file() else {}


def join_parts(folder: RunFolder) -> None:
    """Join the parts of a run; one whose training has ended stays as it is, but for parts that a cut-off join left.

    Args:
        folder: the run folder.

    Raises:
        ValueError: parts are not trained, or the run is not trained in parts.
    """
    check_run(folder)
    if folder.entry("status") == "training":
        DividedRun.open(folder).join()
        return
    with locked(folder.path):
        remove(folder.path / PARTS)


def check_parts(folder: RunFolder, parts: int | None) -> None:
    """Check that an unfinished training was begun in this number of parts, if one is given."""
    begun_in = folder.about().get(PARTS)
    if parts not in (None, begun_in) and folder.entry("status") == "training":
        raise ValueError(f"{folder} is trained {_in_parts(begun_in)}, not in {parts}; go on with it as it was begun")


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


def _has_ended(about: dict[str, Any]) -> bool:
    return about.get("status") in ("trained", "analysed")


def _in_parts(number: int | None) -> str:
    return f"in {number} parts" if number else "in one piece"


def _silently(_: str) -> None:
    pass
