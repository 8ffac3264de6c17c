"""Training in a run folder: weights by checkpoint, the log, and the states from which training can resume.

A checkpoint is on the disk before `run.json` names it: a chunk of every weight array, and one file with the state. The
last two states are kept, in case the last one is damaged. The log follows from the state.
"""

import errno
import json
import os
import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import jax
import numpy as np
import zarr

from recurra.arrays import Weights, WeightsOfKind, named_arrays
from recurra.models.cohort import Cohort, History
from recurra.status import Status
from recurra.storage.files import naming_file, remove, replace_text, shown, sync, sync_all, sync_tree
from recurra.storage.groups import create_array, create_coordinate, read_row, reading
from recurra.storage.log import CHANGE, CURVES, LEFT, read_history
from recurra.storage.run_folder import RunFolder
from recurra.storage.states import read_state, write_state
from recurra.training import Training, TrainingState

STATES = 2  # number of states that are kept


def begin_training(folder: RunFolder, training: Training, state: TrainingState) -> None:
    """Make room for the checkpoints of a training, and save the first: the initial weights."""
    folder.clear()
    _write_metadata(folder, state.learner.weights, training.numbers, training.epochs)
    save_epoch(folder, training, state, {})


def save_epoch(folder: RunFolder, training: Training, state: TrainingState, entries: Mapping[str, Any]) -> None:
    """Save an epoch; `run.json` names it only after everything else is on disk.

    Args:
        folder: the run folder.
        training: the training.
        state: its state after the epoch.
        entries: further entries of `run.json`, besides the epoch and the status of the networks.
    """
    about = folder.about()  # before anything is written: a folder deleted in the meantime is not made again
    with naming_file(folder.path / "run.zarr"):
        _write_weights(folder, state.learner.weights, state.epoch, state.ended)
    _append_log(folder, training, state)
    checkpoints = []
    if not state.ended:
        sha256 = write_state(_state_path(folder, state.epoch), state)
        earlier = [checkpoint for checkpoint in about.get("checkpoints", []) if checkpoint["epoch"] < state.epoch]
        checkpoints = [*earlier, {"epoch": state.epoch, "sha256": sha256}][-STATES:]
    sync(folder.path)
    folder.update_about(
        epoch=state.epoch,
        status="trained" if state.ended else "training",
        networks=_networks_about(training.numbers, state.status),
        checkpoints=checkpoints or None,
        **entries,
    )
    _forget_states(folder, [checkpoint["epoch"] for checkpoint in checkpoints])


def save_trained(folder: RunFolder, cohort: Cohort, entries: Mapping[str, Any]) -> None:
    """Save a cohort whose training has ended; its weights between the first and last epochs are unknown, stored as NaN.

    Args:
        folder: the run folder, with nothing in it yet.
        cohort: the cohort.
        entries: further entries of `run.json`, besides the epoch and the status of the networks, written last.
    """
    epochs = len(cohort.history.step)
    with naming_file(folder.path / "run.zarr"):
        _write_metadata(folder, cohort.weights, cohort.numbers, epochs)
        if epochs:
            _write_weights(folder, cohort.initial, 0, False)
        _write_weights(folder, cohort.weights, epochs, True)
    _write_log(folder, cohort.numbers, cohort.history, cohort.status)
    folder.update_about(
        epoch=epochs, status="trained", networks=_networks_about(cohort.numbers, cohort.status), **entries
    )


def join_training(
    folder: RunFolder, parts: Sequence[RunFolder], kind: type[Weights], epochs: int, entries: Mapping[str, Any]
) -> None:
    """Save what was trained in parts as if it had been trained in one piece, with the same bits.

    Args:
        folder: the run folder; what a join that was interrupted has left is replaced.
        parts: the folders of the parts, in the order of their networks; their trainings have ended.
        kind: class of the weights.
        epochs: number of epochs of a training that nothing ends early.
        entries: further entries of `run.json`, besides the epoch and the status of the networks, written last.
    """
    ends = [part.entry("epoch") for part in parts]
    networks = [network for part in parts for network in part.entry("networks")]
    numbers = [network["number"] for network in networks]
    with naming_file(folder.path / "run.zarr"):
        for epoch in range(max(ends) + 1):
            rows = [read_weights(part, kind, min(epoch, end)) for part, end in zip(parts, ends, strict=True)]
            weights = jax.tree.map(lambda *arrays: np.concatenate(arrays), *rows)
            if epoch == 0:
                _write_metadata(folder, weights, numbers, epochs)
            _write_weights(folder, weights, epoch, epoch == max(ends))
    history = History.joined([read_history(part) for part in parts])
    _write_log(folder, numbers, history, [Status[network["status"]] for network in networks])
    sync(folder.path)
    folder.update_about(epoch=max(ends), status="trained", networks=networks, **entries)


def resume_training(folder: RunFolder, training: Training) -> TrainingState:
    """The state after the last completely saved epoch; later lines of the log are dropped.

    If a checkpoint is damaged, the previous checkpoint is used, with a warning.

    Raises:
        ValueError: no checkpoint can be read.
    """
    folder.sweep()
    reasons = []
    for checkpoint in reversed(folder.about().get("checkpoints", [])):
        epoch = checkpoint["epoch"]
        try:
            state = read_state(_state_path(folder, epoch), checkpoint["sha256"], epoch, training)
        except ValueError as error:
            reasons.append(f"state/{error}")
            continue
        if reasons:
            warnings.warn(f"{folder}: {reasons[0]}; training goes on from epoch {epoch}", RuntimeWarning, stacklevel=2)
        _write_metadata(folder, state.learner.weights, training.numbers, training.epochs)
        _write_log(folder, training.numbers, state.history, state.status)
        return state
    why = "; ".join(reasons) or "it names no checkpoint"
    raise ValueError(f"{folder} cannot be resumed: {why}; start anew with --overwrite")


def read_weights(folder: RunFolder, kind: type[WeightsOfKind], checkpoint: int) -> WeightsOfKind:
    """The weights of all networks at a checkpoint.

    Args:
        folder: the run folder.
        kind: class of the weights.
        checkpoint: 0 is before training, -1 the last checkpoint.
    """
    arrays = _weight_arrays(folder, kind.axes(), "r")
    at = folder.entry("epoch") if checkpoint == -1 else checkpoint
    weights = {}
    for name, axes in kind.axes().items():
        array, path = arrays[name], _weights_path(folder) / name
        if array.dtype.kind != "f" or array.ndim != len(axes) + 2:
            raise ValueError(f"{shown(path)} is no float array with axes {axes}")
        if not 0 <= at < array.shape[0]:
            raise ValueError(f"{folder}/run.zarr has no checkpoint {at}; it has {array.shape[0]}")
        weights[name] = read_row(path, array, at)
        bad = int(np.count_nonzero(~np.isfinite(weights[name])))
        if bad:
            raise ValueError(f"{shown(path)} is damaged: checkpoint {at} holds {bad} values that are no finite numbers")
    return kind(**weights)


def _networks_about(numbers: Sequence[int], statuses: Sequence[Status]) -> list[dict[str, Any]]:
    return [{"number": number, "status": status.name} for number, status in zip(numbers, statuses, strict=True)]


def _write_metadata(folder: RunFolder, weights: Weights, numbers: Sequence[int], epochs: int) -> None:
    """Write the metadata of the weights, replacing any that a crash cut off; the checkpoints stay."""
    with naming_file(folder.path / "run.zarr"):
        for old in (folder.path / "run.zarr").rglob("zarr.json"):
            old.unlink()
        group = folder.zarr("a").create_group("weights")
        for name, array in named_arrays(weights).items():
            axes = ("checkpoint", "network", *weights.axes()[name])
            create_array(group, name, (epochs + 1, *array.shape), array.dtype, axes)
        create_coordinate(group, "network", numbers)
        create_coordinate(group, "checkpoint", range(epochs + 1))
        sync_tree(folder.path / "run.zarr")


def _write_weights(folder: RunFolder, weights: Weights, epoch: int, last: bool) -> None:
    named = named_arrays(weights)
    arrays = _weight_arrays(folder, named, "a")
    for name, array in named.items():
        arrays[name][epoch] = array
    if last:
        for name in (*named, "checkpoint"):
            arrays[name].resize((epoch + 1, *arrays[name].shape[1:]))
        folder.consolidate()
        sync_tree(_weights_path(folder))
    else:
        paths = [_weights_path(folder) / name for name in named]
        sync_all([*paths, *(chunk for path in paths for chunk in path.glob(f"c.{epoch}.*"))])


def _append_log(folder: RunFolder, training: Training, state: TrainingState) -> None:
    """Append to the log without syncing: it follows from the state and is rewritten when training is resumed."""
    with (folder.path / "log.jsonl").open("a", encoding="utf-8") as file:
        file.writelines(_log_lines(training.numbers, state.history, state.status, state.epoch))
        if state.ended:
            file.flush()
            os.fsync(file.fileno())


def _write_log(folder: RunFolder, numbers: Sequence[int], history: History, status: Sequence[Status]) -> None:
    epochs = range(1, len(history.step) + 1)
    lines = (line for epoch in epochs for line in _log_lines(numbers, history, status, epoch))
    replace_text(folder.path / "log.jsonl", "".join(lines))


def _log_lines(numbers: Sequence[int], history: History, statuses: Sequence[Status], epoch: int) -> Iterator[str]:
    """The lines of one epoch of the history; a network that had ended before has none."""
    for position, number in enumerate(numbers):
        rows = {name: curve[position] for name, curve in history.curves().items()}
        curves = {name: rows[name] for name in (*CURVES, CHANGE) if name in rows}
        if epoch < 1 or np.isnan([curve[epoch - 1] for curve in curves.values()]).all():
            continue
        last = np.isnan([curve[epoch:] for curve in curves.values()]).all()
        status = statuses[position] if last else Status.training
        values = {name: float(curve[epoch - 1]) for name, curve in curves.items()}
        finite = {name: value if np.isfinite(value) else None for name, value in values.items()}
        left = {LEFT: int(rows[LEFT][epoch - 1])} if LEFT in rows else {}
        line = {"epoch": epoch, "network": number, "step": int(history.step[epoch - 1]), **finite, **left}
        yield json.dumps({**line, "status": status.name}, allow_nan=False) + "\n"


def _forget_states(folder: RunFolder, kept: list[int]) -> None:
    names = {_state_path(folder, epoch).name for epoch in kept}
    for old in (folder.path / "state").glob("*"):
        if old.name not in names:
            remove(old)
    if not kept:
        remove(folder.path / "state")


def _state_path(folder: RunFolder, epoch: int) -> Path:
    return folder.path / "state" / f"epoch-{epoch:06d}.npz"


def _weights_path(folder: RunFolder) -> Path:
    return folder.path / "run.zarr" / "weights"


def _weight_arrays(folder: RunFolder, names: Collection[str], mode: Literal["r", "a"]) -> dict[str, zarr.Array]:
    """The weight arrays by name, and the coordinates of their axes."""
    if mode == "a" and not (_weights_path(folder) / "zarr.json").is_file():
        raise FileNotFoundError(errno.ENOENT, "the run folder is no longer whole", str(folder))
    with reading(_weights_path(folder)):
        group = folder.zarr(mode).get("weights")
        arrays = dict(group.arrays()) if isinstance(group, zarr.Group) else {}
    if not set(names) <= set(arrays):
        raise ValueError(f"{folder}/run.zarr has no group weights with {', '.join(names)}")
    return arrays
