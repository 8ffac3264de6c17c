"""Trained cohorts, found by their specs: a study reuses cohorts that an earlier study trained."""

import hashlib
import json
import warnings
from dataclasses import dataclass, replace
from pathlib import Path

from recurra.engine import choose_engine
from recurra.models.cohort import Cohort
from recurra.runs.record import cohort_of
from recurra.runs.runner import Progress, resume_run, start_run
from recurra.runs.spec import RunSpec
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
        return choose_engine(self.engine, dynamics, spec.training.trajectory_penalties).name

    def _serves(self, folder: Path, spec: RunSpec) -> bool:
        """Whether a folder was trained by the chosen engine and, if unfinished, can be resumed."""
        about = RunFolder.open(folder).about()
        can_go_on = about.get("status") != "training" or about["format"] == FORMAT
        return can_go_on and about.get("engine", {}).get("name") == self._engine(spec)


def _say(message: str) -> None:
    warnings.warn(message, RuntimeWarning, stacklevel=2)


def spec_hash(spec: RunSpec) -> str:
    """Ten characters that identify the training of a spec, whatever its name, number of networks and own analyses."""
    table = {key: value for key, value in spec.table().items() if key not in ("name", "networks", "analyses")}
    return hashlib.sha256(json.dumps(table, sort_keys=True).encode()).hexdigest()[:10]
