"""Trained cohorts by what they follow from: a study takes those that an earlier one trained with the same spec."""

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path

import jax

from recurra.models.cohort import Cohort
from recurra.storage.run_folder import RunFolder
from recurra.studies.run_record import cohort_of
from recurra.studies.runner import Progress, resume_run, start_run
from recurra.studies.spec import RunSpec


@dataclass(frozen=True)
class Shelf:
    """A folder of run folders, named by the hash of their specs.

    Args:
        path: the folder.
        engine: what trains: "auto", "native", "portable" or "native-bfloat16".
    """

    path: Path
    engine: str = "auto"

    def cohort(self, spec: RunSpec, progress: Progress) -> Cohort:
        """The trained cohort of a spec: read, gone on with, or trained now."""
        folder = self.find(spec)
        if folder is None:
            folder = self.path / f"{spec_hash(spec)}-{spec.networks}"
            start_run(replace(spec, name=folder.name), folder, False, progress, self.engine)
        else:
            resume_run(RunFolder.open(folder), None, progress)
        return first_networks(cohort_of(RunFolder.open(folder)), spec.networks)

    def seconds(self, spec: RunSpec) -> float:
        """The seconds that the training of a spec has taken, whoever asked for it."""
        folder = self.find(spec)
        return RunFolder.open(folder).entry("seconds")["training"] if folder else 0.0

    def find(self, spec: RunSpec) -> Path | None:
        """A run folder with at least the networks of the spec: network k is the same in any company."""
        folders = self.path.glob(f"{spec_hash(spec)}-*/run.json")
        enough = [path.parent for path in folders if int(path.parent.name.rpartition("-")[2]) >= spec.networks]
        return min(enough, key=lambda path: int(path.name.rpartition("-")[2]), default=None)


def spec_hash(spec: RunSpec) -> str:
    """Ten characters that stand for the spec, whatever its name and the number of its networks."""
    table = {key: value for key, value in spec.table().items() if key not in ("name", "networks")}
    return hashlib.sha256(json.dumps(table, sort_keys=True).encode()).hexdigest()[:10]


def first_networks(cohort: Cohort, networks: int) -> Cohort:
    """The cohort with its first `networks` networks only."""
    part = slice(networks)
    initial, weights = jax.tree.map(lambda array: array[part], (cohort.initial, cohort.weights))
    history = cohort.history
    curves = {name: getattr(history, name)[part] for name in ("loss", "validation_loss", "success")}
    return replace(
        cohort,
        initial=initial,
        weights=weights,
        numbers=cohort.numbers[part],
        status=cohort.status[part],
        history=replace(history, **curves),
    )
