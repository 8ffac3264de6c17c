"""A run from its spec to its analysis, stored in its run folder."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from recurra.analysis.cohorts.comparison import FEWEST
from recurra.analysis.dossier_records import Dossier
from recurra.analysis.failures import Failure, attempted
from recurra.analysis.own import group_of
from recurra.analysis.record import walk_of
from recurra.analysis.shown_trials import examples_dataset, probe_dataset
from recurra.interrupts import Stopped, patient, stop_if_asked
from recurra.runs.analyses import analyse_networks
from recurra.runs.census import census_of_dossiers
from recurra.runs.compiled import kept_programs
from recurra.runs.executors import Executor, ThisProcess
from recurra.runs.own import check_analyses, command_for
from recurra.runs.own_analyses import analyses_named, remove_older
from recurra.runs.record import cohort_of, numbers_in, spec_of
from recurra.runs.record_store import cohort_dataset, single_dataset
from recurra.runs.spec import RunSpec
from recurra.runs.stretches import begin_stretch
from recurra.runs.tables import changes
from recurra.storage.about import FORMAT
from recurra.storage.checkpoints import begin_training, resume_training, save_epoch
from recurra.storage.lock import locked
from recurra.storage.records import named
from recurra.storage.run_folder import PARTS, RunFolder
from recurra.surroundings import stretch_of
from recurra.training import Training, TrainingState


@runtime_checkable
class Progress(Protocol):
    """Receives the progress of the work."""

    def trained(self, steps: int) -> None:
        """A number of further training steps was taken."""

    def epoch(self, training: Training, state: TrainingState) -> None:
        """An epoch has ended, or training resumes after it."""

    def analysed(self, networks: int) -> None:
        """A number of further networks was analysed."""


class SilentProgress:
    """A `Progress` that says nothing."""

    def trained(self, steps: int) -> None:
        pass

    def epoch(self, training: Training, state: TrainingState) -> None:
        pass

    def analysed(self, networks: int) -> None:
        pass


def start_run(spec: RunSpec, path: Path, overwrite: bool, progress: Progress, engine: str = "auto") -> RunFolder:
    """Train the cohort of a spec in a new run folder.

    Args:
        spec: the spec of the run.
        path: the run folder; it must not exist unless `overwrite` is set.
        overwrite: whether an existing run may be deleted.
        progress: receives the progress of training.
        engine: "auto" (the fastest that can be used here), "native", "portable", "batched" or "native-bfloat16".
    """
    RunFolder.check_free(path, overwrite)
    analyses_named(spec.analyses)  # a missing analysis is an error before the training, not after it
    start_training(spec, spec.to_training(engine), path, overwrite, progress, {})
    return RunFolder(path)


def start_training(
    spec: RunSpec, training: Training, path: Path, overwrite: bool, progress: Progress, entries: Mapping[str, Any]
) -> None:
    """Train all or some of the networks of a spec in a new run folder.

    Args:
        spec: the spec of the run.
        training: the training of these networks.
        path: the run folder; it must not exist unless `overwrite` is set.
        overwrite: whether an existing run may be deleted.
        progress: receives the progress of training.
        entries: further entries of `run.json`.
    """
    about = {**begun(spec, training), **entries}
    with kept_programs():
        state = training.start()  # and so is an array that the weights do not have, such as one to be frozen
        with locked(path) as still_ours:
            folder = RunFolder.create(path, about, overwrite)
            begin_training(folder, training, state)
            _train(folder, training, state, progress, still_ours)


def begun(spec: RunSpec, training: Training) -> dict[str, Any]:
    """The entries of `run.json` when a training begins."""
    stretch = stretch_of(training.used_engine.about(), 0)
    return {
        "name": spec.name,
        "status": "training",
        "engine": training.used_engine.about(),
        "seconds": {"training": 0.0},
        "versions": stretch["versions"],
        "machine": stretch["machine"],
        "started": stretch["started"],
        "stretches": [stretch],
        "spec": replace(spec, start=training.transfer and training.transfer.transfer).table(),  # with its hash
        "sources": list(spec.sources()),
    }


def resume_run(
    folder: RunFolder, spec: RunSpec | None, progress: Progress, engine: str | None = None, anyway: bool = False
) -> None:
    """Resume an interrupted training, with the same engine and the same bits; a training that has ended stays as it is.

    Args:
        folder: the run folder.
        spec: if given, it must equal the spec of the folder.
        progress: receives the progress of training.
        engine: if given, it must be the engine of the folder, or "auto".
        anyway: whether to resume even if the engine, versions, instructions or settings that affect the bits differ.
    """
    if not anyway:
        check_engine(folder, engine)
    check_spec(folder, spec)
    if folder.entry("status") != "training":
        return
    if PARTS in folder.about():
        raise ValueError(f"{folder} is trained in parts; go on with it by {command_for('run --resume', folder)}")
    with locked(folder.path) as still_ours, kept_programs():
        if folder.entry("status") != "training":  # another process has ended it in the meantime
            return
        if folder.entry("format") != FORMAT:
            raise ValueError(f"{folder} was begun by an older recurra; start its training anew with --overwrite")
        own = spec_of(folder)
        analyses_named(own.analyses)
        chosen = engine if engine and anyway else folder.entry("engine")["name"]
        training = own.to_training(chosen, numbers_in(folder, own))
        begin_stretch(folder, training, anyway)
        if "epoch" not in folder.about():
            begin_training(folder, training, training.start())
        _train(folder, training, resume_training(folder, training), progress, still_ours)


def check_engine(folder: RunFolder, engine: str | None) -> None:
    """Check that a training can go on with an engine: the one that began it, or none in particular."""
    first = folder.about().get("engine", {}).get("name")
    if engine not in (None, "auto", first) and first is not None:
        raise ValueError(f"{folder} was begun with the {first} engine, which has other bits than {engine}")


def check_spec(folder: RunFolder, spec: RunSpec | None) -> None:
    """Check that a folder holds the run of a spec, if one is given."""
    different = changes(spec_of(folder).table(), _as_begun(spec, spec_of(folder)).table()) if spec else {}
    if different:
        words = ", ".join(f"{key} ({old}, not {new})" for key, (old, new) in different.items())
        raise ValueError(
            f"{folder} was made with another {words}. Go on with it as it was made: "
            f"{command_for('run --resume', folder)}; or choose another folder"
        )


def _as_begun(spec: RunSpec, begun: RunSpec) -> RunSpec:
    """The spec with the path and the hash of its start as a folder that was begun has them."""
    if spec.start is None or begun.start is None:
        return spec
    own, same = spec.start, _whole(spec.start.run) == _whole(begun.start.run)
    return replace(
        spec,
        start=replace(own, run=begun.start.run if same else own.run, sha256=own.sha256 or begun.start.sha256),
    )


def _whole(path: str) -> str:
    return path and str(Path(path).resolve())


def analyse_run(
    folder: RunFolder, progress: Progress, executor: Executor | None = None, analyses: Sequence[str] = ()
) -> list[Dossier]:
    """Analyse every network of a run, and write the records to `run.zarr`, with the reasons of failed analyses.

    Args:
        folder: the run folder.
        progress: receives the progress of the analysis.
        executor: the executor, which does not change the numbers; this process if not given.
        analyses: the user's own analyses, by "module:function", in addition to those that the spec names.
    """
    try:
        with locked(folder.path), kept_programs():
            return _analysed(folder, progress, executor or ThisProcess(), analyses)
    except Stopped as stopped:
        stopped.hint = f"{command_for('analyse', folder)} begins the analysis anew"
        raise


def _analysed(folder: RunFolder, progress: Progress, executor: Executor, more: Sequence[str]) -> list[Dossier]:
    began, spec = time.perf_counter(), spec_of(folder)
    cohort, task = cohort_of(folder), spec.task
    own = tuple(dict.fromkeys((*spec.analyses, *more)))
    check_analyses(own)
    records = analyse_networks(folder, cohort, executor, progress.analysed, own)
    dossiers = [Dossier.of(task, network, {name: network[group_of(name)] for name in own}) for network in records]
    groups = {name: cohort_dataset([network[name] for network in records], cohort.numbers) for name in records[0]}
    groups |= {"examples": examples_dataset(task, spec.seed), "probe": probe_dataset(task)}
    walk = walk_of(task)
    if walk is not None:
        groups["walk"] = groups["walk"].merge(walk)
    if len(cohort) >= FEWEST:
        comparison = attempted(lambda: census_of_dossiers(list(cohort), task, dossiers, spec.seed))
        similarities, census = (comparison, comparison) if isinstance(comparison, Failure) else comparison
        groups |= {"similarities": single_dataset(similarities), "census": single_dataset(census)}
    folder.sweep()
    remove_older(folder, groups)
    folder.update_about(status="trained", analysis=None)  # until all groups are of this analysis
    names = {"condition": task.condition_names}
    folder.write_datasets({group: named(dataset, names) for group, dataset in groups.items()})
    folder.consolidate()
    folder.seal(groups)
    seconds = {**folder.entry("seconds"), "analysis": time.perf_counter() - began}
    folder.update_about(status="analysed", seconds=seconds)
    return dossiers


def _train(
    folder: RunFolder, training: Training, state: TrainingState, progress: Progress, still_ours: Callable[[], None]
) -> None:
    try:
        with patient():
            _epochs(folder, training, state, progress, still_ours)
    except Stopped as stopped:
        stopped.hint = f"{command_for('run --resume', folder)} goes on from the last epoch"
        raise


def _epochs(
    folder: RunFolder, training: Training, state: TrainingState, progress: Progress, still_ours: Callable[[], None]
) -> None:
    progress.epoch(training, state)
    while not state.ended:
        stop_if_asked()
        began = time.perf_counter()
        state = training.advance(state, progress.trained)
        seconds = folder.entry("seconds")["training"] + time.perf_counter() - began
        still_ours()
        save_epoch(folder, training, state, {"seconds": {"training": seconds}})
        progress.epoch(training, state)
