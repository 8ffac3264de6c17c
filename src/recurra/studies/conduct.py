"""A study from its plan to its tables, figures and verdicts, stored in one folder."""

import csv
import io
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol, cast, runtime_checkable

import jax.numpy as jnp
import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from numpy import dtypes

from recurra.engine import choose_engine
from recurra.models import MODELS
from recurra.models.cohort import Cohort
from recurra.runs.executors import Executor
from recurra.runs.runner import Progress
from recurra.runs.spec import RunSpec
from recurra.runs.trained_cohorts import TrainedCohorts, spec_hash
from recurra.storage.files import replace_bytes, replace_text
from recurra.storage.lock import locked
from recurra.storage.run_folder import RunFolder
from recurra.streams import Stream, random_key
from recurra.studies.study import Rows, Scale, Study, read_rows
from recurra.surroundings import machine


@runtime_checkable
class StudyProgress(Progress, Protocol):
    """Receives the progress of a study."""

    def cohort(self, name: str, number: int, of: int) -> None:
        """The study starts cohort `number` of `of`."""

    def cohorts(self, trained: int, of: int) -> None:
        """So many cohorts are trained, by workers."""


@dataclass(frozen=True)
class PlannedCohort:
    """A cohort that a study will train.

    Args:
        spec: its spec.
        work: largest number of operations of its training.
        ready: whether the store of trained cohorts already has it.
    """

    spec: RunSpec
    work: float
    ready: bool


def conduct(
    study: Study,
    scale: Scale,
    seed: int,
    path: Path,
    cohorts: TrainedCohorts,
    progress: StudyProgress,
    executor: Executor | None = None,
) -> RunFolder:
    """Carry out a study.

    Cohorts that an earlier study trained are not trained again. After a crash the same call continues the study and
    the interrupted training.

    Args:
        study: the study.
        scale: "quick", "laptop" or "paper".
        seed: fixes everything that is random.
        path: the folder for the results: a new one, or one with an unfinished study of the same name, scale and seed.
        cohorts: the store of trained cohorts.
        progress: receives the progress.
        executor: trains the cohorts, one a piece; this process if not given. A study that searches trains them here.
    """
    with locked(path):
        if executor is not None and not study.searches:
            cohorts.prepare(study.plan(scale, seed), executor, progress.cohorts)
        return _conducted(study, scale, seed, path, cohorts, progress)


def _conducted(
    study: Study, scale: Scale, seed: int, path: Path, cohorts: TrainedCohorts, progress: StudyProgress
) -> RunFolder:
    began, folder = time.perf_counter(), _opened(study, scale, seed, path)
    plan = study.plan(scale, seed)
    numbers = {spec_hash(spec): number for number, spec in enumerate(plan, 1)}
    used: dict[str, int] = {}
    training: dict[str, float] = {}

    def trained(spec: RunSpec) -> Cohort:
        progress.cohort(spec.name, numbers.get(spec_hash(spec), len(used) + 1), len(plan))
        used[spec_hash(spec)] = spec.networks
        cohort = cohorts.cohort(spec, progress)
        training[spec_hash(spec)] = cohorts.seconds(spec)
        return cohort

    tables = study.measure(scale, seed, trained)
    texts = {name: _csv(rows) for name, rows in tables.items()}
    for name, text in texts.items():
        replace_text(folder.path / f"{name}.csv", text)
    folder.write_datasets({name: _dataset(rows) for name, rows in tables.items()})
    for name, figure in study.figures(tables).items():
        replace_bytes(folder.path / f"{name}.png", _png(figure))
    choices = study.sensitivity(tables)
    if choices:
        replace_text(folder.path / "sensitivity.csv", _csv(choices))
    seconds = folder.entry("seconds") + time.perf_counter() - began
    stored = {name: read_rows(text) for name, text in texts.items()}  # pages compute the verdicts from these
    folder.update_about(
        status="finished",
        seconds=seconds,
        training_seconds=sum(training.values()),
        networks=used,
        tables=list(tables),
        rules=study.rules,
        verdicts=[asdict(verdict) for verdict in study.verdicts(stored)],
    )
    return folder


def planned(study: Study, scale: Scale, seed: int, cohorts: TrainedCohorts) -> list[PlannedCohort]:
    """The cohorts that a study would train, one entry per spec."""
    return [PlannedCohort(spec, work(spec), cohorts.ready(spec)) for spec in study.plan(scale, seed)]


def work(spec: RunSpec) -> float:
    """The largest number of operations that training a spec takes, counted in matrix products."""
    task, model, training = spec.task, spec.model, spec.training
    channels = task.inputs + task.outputs
    return spec.networks * training.steps * _step_work(training.batch, task.steps, model.units, channels)


def _step_work(batch: int, steps: int, units: int, channels: int) -> float:
    return 6.0 * batch * steps * units * (units + channels)


def speed(engine: str = "auto") -> float:
    """Operations per second of training on this machine, measured on a few steps of 20 networks of 50 units."""
    model: Any = cast(Any, MODELS["rate"])(units=50, tau_ms=1.0)
    dynamics = model.dynamics(1.0)
    chosen = choose_engine(engine, dynamics)
    one = model.initial_weights(random_key(0, Stream.weights), 2, 1)
    weights = type(one)(**{name: jnp.stack([array] * 20) for name, array in one.__dict__.items()})
    inputs, targets = np.zeros((64, 200, 2), np.float32), np.ones((64, 200, 1), np.float32)
    times = []
    for _ in range(6):
        began = time.perf_counter()
        chosen.loss_and_gradient(dynamics, weights, inputs, targets, targets > 0)[0].block_until_ready()
        times.append(time.perf_counter() - began)
    return 20 * _step_work(64, 200, 50, 3) / float(np.median(times[1:]))


def _opened(study: Study, scale: Scale, seed: int, path: Path) -> RunFolder:
    what = {"study": study.name, "scale": scale, "seed": seed}
    if (path / "run.json").is_file():
        folder = RunFolder.open(path)
        folder.sweep()
        about = folder.about()
        if {key: about.get(key) for key in what} != what:
            raise ValueError(f"{folder} holds another study or run; choose another folder")
        if about.get("status") == "finished":
            raise ValueError(f"{folder} holds this study already, finished; choose another folder or delete it")
        return folder
    about = {
        **what,
        "title": study.title,
        "status": "running",
        "seconds": 0.0,
        "version": version("recurra"),
        "machine": machine(),
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "sources": list(study.sources),
    }
    return RunFolder.create(path, about, overwrite=False)


def _csv(rows: Rows) -> str:
    file = io.StringIO()
    writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: _short(value) for key, value in row.items()} for row in rows)
    return file.getvalue()


def _short(value: Any) -> Any:
    return f"{value:.6g}" if isinstance(value, float) else value


def _dataset(rows: Rows) -> xr.Dataset:
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    texts = {name for name, values in columns.items() if isinstance(values[0], str)}
    return xr.Dataset(
        {
            name: ("row", np.array(values, dtypes.StringDType() if name in texts else None))
            for name, values in columns.items()
        }
    )


def _png(figure: Figure) -> bytes:
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=200, metadata={"Software": None})
    return file.getvalue()


def read_tables(folder: RunFolder) -> dict[str, Rows]:
    """The tables of a finished study, as input to its verdicts."""
    return {name: read_rows((folder.path / f"{name}.csv").read_text("utf-8")) for name in folder.entry("tables")}


def read_studies(path: Path) -> Sequence[RunFolder]:
    """The finished studies in the subfolders of a folder, by name."""
    folders = [RunFolder.open(one.parent) for one in sorted(path.glob("*/run.json"))]
    return [folder for folder in folders if folder.about().get("status") == "finished" and "study" in folder.about()]
