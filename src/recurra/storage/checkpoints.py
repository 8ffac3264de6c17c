"""Training in a run folder: weights by checkpoint, the log, and the state that resuming needs."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import zarr

from recurra.arrays import WEIGHT_AXES, Weights, named_arrays
from recurra.checks import check_memory
from recurra.models.cohort import History
from recurra.status import Status
from recurra.storage.files import replace_text
from recurra.storage.run_folder import RunFolder
from recurra.training import Training, TrainingState

CURVES = ("loss", "validation_loss", "success")


def begin_training(folder: RunFolder, training: Training, state: TrainingState) -> None:
    """Make room for the checkpoints of a training, and save the first: the initial weights."""
    group = folder.zarr("a").create_group("weights", overwrite=True)
    for name, array in named_arrays(state.learner.weights).items():
        group.create_array(
            name,
            shape=(training.epochs + 1, *array.shape),
            chunks=(1, 1, *array.shape[1:]),
            dtype=array.dtype,
            dimension_names=("checkpoint", "network", *WEIGHT_AXES[name]),
        )
    _coordinate(group, "network", np.array(training.numbers))
    _coordinate(group, "checkpoint", np.arange(training.epochs + 1))
    (folder.path / "log.jsonl").write_text("", encoding="utf-8")
    save_epoch(folder, training, state)


def save_epoch(folder: RunFolder, training: Training, state: TrainingState) -> None:
    """Save an epoch; `run.json` names it only after everything else is on disk."""
    group = _weights_group(folder, "a")
    for name, array in named_arrays(state.learner.weights).items():
        _array(group, name)[state.epoch] = array
    if state.epoch > 0:
        with (folder.path / "log.jsonl").open("a", encoding="utf-8") as file:
            file.writelines(_log_lines(training, state))
    if state.ended:
        for name in (*WEIGHT_AXES, "checkpoint"):
            _array(group, name).resize((state.epoch + 1, *_array(group, name).shape[1:]))
    else:
        _save_state(_state_path(folder, state.epoch), state)
    folder.update_about(
        epoch=state.epoch,
        status="trained" if state.ended else "training",
        networks=[
            {"number": number, "status": status.name}
            for number, status in zip(training.numbers, state.status, strict=True)
        ],
    )
    if state.ended:
        shutil.rmtree(folder.path / "state", ignore_errors=True)
        folder.consolidate()
    for old in (folder.path / "state").glob("epoch-*.zarr"):
        if old != _state_path(folder, state.epoch):
            shutil.rmtree(old)


def resume_training(folder: RunFolder, training: Training) -> TrainingState:
    """The state after the last epoch that was saved whole; what was logged after it is dropped."""
    epoch = folder.about().get("epoch")
    path = _state_path(folder, epoch if isinstance(epoch, int) else -1)
    if not isinstance(epoch, int) or not path.is_dir():
        raise ValueError(f"{folder.path} holds no unfinished training to resume")
    saved = zarr.open_group(path, mode="r", zarr_format=3)
    leaves = [np.asarray(_array(saved, name)[...]) for name in sorted(saved.array_keys())]
    start = training.start()
    structure = jax.tree.structure((start.learner, start.history))
    if structure.num_leaves + 1 != len(leaves):
        raise ValueError(f"{path} does not fit the spec in {folder.path}/run.json")
    learner, history = jax.tree.unflatten(structure, leaves[:-1])
    kept = [json.dumps(line) + "\n" for line in read_log(folder) if line["epoch"] <= epoch]
    replace_text(folder.path / "log.jsonl", "".join(kept))
    status = tuple(Status(int(value)) for value in leaves[-1])
    return TrainingState(epoch, jax.tree.map(jnp.asarray, learner), status, history)


def read_weights(folder: RunFolder, checkpoint: int) -> Weights:
    """The weights of all networks at a checkpoint: 0 is before training, -1 the last one."""
    group = _weights_group(folder, "r")
    at = folder.entry("epoch") if checkpoint == -1 else checkpoint
    found = {}
    for name, axes in WEIGHT_AXES.items():
        array = _array(group, name)
        if array.dtype.kind != "f" or array.ndim != len(axes) + 2:
            raise ValueError(f"{folder.path}/run.zarr: {name} is no float array with axes {axes}")
        if not 0 <= at < array.shape[0]:
            raise ValueError(f"{folder.path}/run.zarr has no checkpoint {at}; it has {array.shape[0]}")
        check_memory(f"reading {name} from {folder.path}", float(np.prod(array.shape[1:])) * 8)
        found[name] = np.asarray(array[at])
    return Weights(**found)


def read_history(folder: RunFolder) -> History:
    """Losses and success by epoch, from `log.jsonl`."""
    lines = list(read_log(folder))
    epochs = sorted({line["epoch"] for line in lines})
    numbers = [network["number"] for network in folder.entry("networks")]
    curves = {name: np.full((len(numbers), len(epochs)), np.nan) for name in CURVES}
    for line in lines:
        for name, curve in curves.items():
            value = line[name]
            curve[numbers.index(line["network"]), epochs.index(line["epoch"])] = np.inf if value is None else value
    steps = {line["epoch"]: line["step"] for line in lines}
    return History(step=np.array([steps[epoch] for epoch in epochs], float), **curves)


def read_log(folder: RunFolder) -> Iterator[dict[str, Any]]:
    """The lines of `log.jsonl`, a line an epoch and network; a last line that was cut off is left out."""
    try:
        lines = (folder.path / "log.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{folder.path}/log.jsonl cannot be read: {error}") from None
    for number, line in enumerate(lines, 1):
        try:
            yield json.loads(line)
        except ValueError:
            if number < len(lines) or line.endswith("\n"):
                raise ValueError(f"{folder.path}/log.jsonl, line {number}, is no JSON") from None


def _log_lines(training: Training, state: TrainingState) -> Iterator[str]:
    for position, number in enumerate(training.numbers):
        last = {name: float(getattr(state.history, name)[position, -1]) for name in CURVES}
        if np.isnan(last["success"]):
            continue  # it had ended before this epoch
        finite = {name: value if np.isfinite(value) else None for name, value in last.items()}
        line = {"epoch": state.epoch, "network": number, "step": int(state.history.step[-1]), **finite}
        yield json.dumps({**line, "status": state.status[position].name}, allow_nan=False) + "\n"


def _save_state(path: Path, state: TrainingState) -> None:
    shutil.rmtree(path, ignore_errors=True)
    group = zarr.open_group(path, mode="w", zarr_format=3)
    leaves = [*jax.tree.leaves((state.learner, state.history)), np.array(state.status, np.int64)]
    for place, leaf in enumerate(leaves):
        group.create_array(f"leaf_{place:03d}", data=np.asarray(leaf))


def _state_path(folder: RunFolder, epoch: int) -> Path:
    return folder.path / "state" / f"epoch-{epoch:06d}.zarr"


def _weights_group(folder: RunFolder, mode: Any) -> zarr.Group:
    group = folder.zarr(mode).get("weights")
    if not isinstance(group, zarr.Group) or any(name not in group for name in WEIGHT_AXES):
        raise ValueError(f"{folder.path}/run.zarr has no group weights with {', '.join(WEIGHT_AXES)}")
    return group


def _array(group: zarr.Group, name: str) -> zarr.Array:
    array = group[name]
    if not isinstance(array, zarr.Array):
        raise ValueError(f"{group.store_path}: {name} is a group; expected an array")
    return array


def _coordinate(group: zarr.Group, name: str, values: np.ndarray) -> None:
    group.create_array(name, data=values, dimension_names=(name,))
