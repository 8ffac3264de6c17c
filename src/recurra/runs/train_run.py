"""`rc.train_run`: train the cohort of a run folder, in this process or by workers."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast, overload

from recurra.models.cohort import Cohort
from recurra.models.model import Model
from recurra.models.start import Transfer
from recurra.runs.executors import Executor
from recurra.runs.record import cohort_of
from recurra.runs.runner import SilentProgress
from recurra.runs.spec import RunSpec
from recurra.runs.trained_parts import resumed, trained
from recurra.storage.run_folder import RunFolder
from recurra.tasks.base import Task
from recurra.training.preset import Preset
from recurra.training.rule import LearningRule


class SilentPartsProgress(SilentProgress):
    """A `PartsProgress` that says nothing."""

    def parts(self, done: int, of: int, steps: float, last: int) -> None:
        pass


@overload
def train_run(
    task: Preset,
    *,
    networks: int,
    seed: int,
    path: Path | str,
    engine: str = "auto",
    executor: Executor | None = None,
    parts: int | None = None,
    vary: Mapping[str, Sequence[float]] | None = None,
    start: Transfer | None = None,
) -> Cohort: ...
@overload
def train_run(
    task: Task,
    model: Model,
    rule: LearningRule,
    *,
    networks: int,
    seed: int,
    path: Path | str,
    engine: str = "auto",
    executor: Executor | None = None,
    parts: int | None = None,
    vary: Mapping[str, Sequence[float]] | None = None,
    start: Transfer | None = None,
) -> Cohort: ...
def train_run(  # noqa: PLR0913 - those of a training, and where it is done
    task: Task | Preset,
    model: Model | None = None,
    rule: LearningRule | None = None,
    *,
    networks: int,
    seed: int,
    path: Path | str,
    engine: str = "auto",
    executor: Executor | None = None,
    parts: int | None = None,
    vary: Mapping[str, Sequence[float]] | None = None,
    start: Transfer | None = None,
) -> Cohort:
    """Train a cohort in a run folder, as `recurra train` does: after an interruption the same call goes on.

    The networks have the bits of `rc.train` with the same arguments, however many workers train them.

    Args:
        task: what the networks learn; or a preset, `rc.preset("xor")`, which has model and rule too.
        model: their architecture.
        rule: how they learn.
        networks: how many.
        seed: fixes everything that is random.
        path: the run folder: a new one, or one with the same task, model, rule, networks and seed.
        engine: "auto" (the fastest that can be used here), "native", "portable", "batched" or "native-bfloat16".
        executor: trains the networks in parts, such as `rc.runs.scheduler.Dask("tcp://login:8786")`; its workers must
            see the folder under the same path. If not given, all are trained here in one piece.
        parts: number of parts; one for each worker if not given.
        vary: numbers of task, model and rule that differ between networks, as in `rc.train`.
        start: the run from whose networks these start.

    Raises:
        ValueError: the folder holds something else, or was begun in another number of parts.
        ChildProcessError: workers were lost; what they have trained is kept.

    Examples:
        >>> import recurra as rc
        >>> rule = rc.Ridge(steps=2, batch=8, validation_trials=4)
        >>> cohort = rc.train_run(rc.Not(), rc.GRU(units=3), rule, networks=2, seed=0, path="two")
        >>> len(rc.load("two"))
        2
    """
    if isinstance(task, Preset):
        if model is not None or rule is not None:
            raise TypeError("model and rule are those of the preset; for others: train_run(preset.task, model, rule)")
        task, model, rule = task.task, task.model, task.rule
    if parts is not None and executor is None:
        raise ValueError("parts needs an executor, whose workers train them")
    path = Path(path)
    name = path.absolute().name
    varied = {key: tuple(values) for key, values in (vary or {}).items()}
    spec = RunSpec(task, name, networks, seed, cast(Model, model), cast(LearningRule, rule), vary=varied, start=start)
    progress = SilentPartsProgress()
    if (path / "run.json").is_file():
        return cohort_of(resumed(RunFolder.open(path), spec, executor, parts, progress, engine))
    return cohort_of(trained(spec, path, executor, parts, progress, engine))
