"""Trained cohorts, found by their specs: a study reuses cohorts that an earlier study trained."""

import hashlib
import json
import warnings
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from recurra.engine import choose_engine
from recurra.models.cohort import Cohort
from recurra.runs.executors import Executor
from recurra.runs.own import use, used
from recurra.runs.record import cohort_of
from recurra.runs.runner import Progress, SilentProgress, resume_run, start_run
from recurra.runs.spec import RunSpec, to_spec
from recurra.runs.workers import LostPiece
from recurra.storage.about import FORMAT
from recurra.storage.files import OURS
from recurra.storage.lock import locked
from recurra.storage.run_folder import RunFolder


@dataclass(frozen=True)
class TrainedCohorts:
    """A folder of run folders, which are named by the hash of their specs and by the engine that trained them.

    Args:
        path: the folder.
        engine: the engine for training: "auto", "native", "portable", "batched" or "native-bfloat16".
    """

    path: Path
    engine: str = "auto"

    def cohort(self, spec: RunSpec, progress: Progress) -> Cohort:
        """The trained cohort of a spec: read, resumed, or trained now.

        If another study is training it, wait for that study.
        """
        name = f"{spec_hash(spec)}-{self._engine(spec)}"
        with locked(self.path / f"{OURS}{name}", _say):
            folder = self.find(spec)
            if folder is None:
                folder = self.path / f"{name}-{spec.networks}"
                start_run(replace(spec, name=folder.name), folder, False, progress, self._engine(spec))
            else:
                resume_run(RunFolder.open(folder), None, progress)
            return cohort_of(RunFolder.open(folder))[: spec.networks]

    def prepare(self, specs: Sequence[RunSpec], executor: Executor, on_cohorts: Callable[[int, int], None]) -> None:
        """Train those cohorts that are not trained yet, one a piece.

        Args:
            specs: their specs.
            executor: trains.
            on_cohorts: called with how many of them are trained, and how many there are.

        Raises:
            ChildProcessError: a cohort was not trained because its workers were ended; the others are kept.
        """
        different = {spec_hash(spec): spec for spec in sorted(specs, key=lambda spec: spec.networks)}  # the largest
        waiting = [spec for spec in different.values() if not self.ready(spec)]
        done, lost = len(different) - len(waiting), []
        on_cohorts(done, len(different))
        pieces = [CohortPiece(self.path, self.engine, json.dumps(spec.table()), used()) for spec in waiting]
        with closing(executor.map(train_cohort, pieces)) as results:
            for _, result in results:
                if isinstance(result, LostPiece):
                    lost.append(result.reason)
                    continue
                done += 1
                on_cohorts(done, len(different))
        if lost:
            raise ChildProcessError(f"{len(lost)} cohorts were not trained: {lost[0]}. The same command goes on")

    def ready(self, spec: RunSpec) -> bool:
        """Whether a spec is trained."""
        folder = self.find(spec)
        return folder is not None and RunFolder.open(folder).entry("status") != "training"

    def seconds(self, spec: RunSpec) -> float:
        """Duration of the training of a spec in seconds, whichever study trained it."""
        folder = self.find(spec)
        return RunFolder.open(folder).entry("seconds")["training"] if folder else 0.0

    def find(self, spec: RunSpec) -> Path | None:
        """A run folder with at least the networks of the spec, trained by the chosen engine.

        Network k is the same in any cohort, but not with another engine.
        """
        folders = [file.parent for file in self.path.glob(f"{spec_hash(spec)}-*/run.json")]
        sizes = {folder: int(number) for folder in folders if (number := folder.name.rpartition("-")[2]).isdecimal()}
        enough = [folder for folder in sizes if sizes[folder] >= spec.networks and self._serves(folder, spec)]
        return min(enough, key=lambda folder: sizes[folder], default=None)

    def _engine(self, spec: RunSpec) -> str:
        """The name of the engine that trains this spec."""
        dynamics = spec.model.dynamics(spec.task.dt_ms)
        return choose_engine(self.engine, dynamics, spec.training.needs_states).name

    def _serves(self, folder: Path, spec: RunSpec) -> bool:
        """Whether a folder was trained by the chosen engine and, if unfinished, can be resumed."""
        about = RunFolder.open(folder).about()
        can_go_on = about.get("status") != "training" or about["format"] == FORMAT
        return can_go_on and about.get("engine", {}).get("name") == self._engine(spec)


@dataclass(frozen=True)
class CohortPiece:
    """A cohort that a worker trains.

    Args:
        path: the folder of run folders.
        engine: the engine that trains.
        spec: its spec, as JSON.
        uses: the user's own files and modules that the spec may name; another process imports them too.
    """

    path: Path
    engine: str
    spec: str
    uses: tuple[str, ...]


def train_cohort(piece: CohortPiece) -> None:
    """Train a cohort, or go on with it: a job of an `Executor`.

    Args:
        piece: which cohort.
    """
    use(piece.uses)
    TrainedCohorts(piece.path, piece.engine).cohort(to_spec(json.loads(piece.spec)), SilentProgress())


def _say(message: str) -> None:
    warnings.warn(message, RuntimeWarning, stacklevel=2)


def spec_hash(spec: RunSpec) -> str:
    """Ten characters that identify the training of a spec, whatever its name, number of networks and own analyses."""
    table = {key: value for key, value in spec.table().items() if key not in ("name", "networks", "analyses")}
    return hashlib.sha256(json.dumps(table, sort_keys=True).encode()).hexdigest()[:10]
