"""The state from which training can resume: one file per epoch, whose hash is in `run.json`."""

import hashlib
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import jax
import numpy as np

from recurra.models.cohort import History
from recurra.numerics import unrounded
from recurra.status import Status
from recurra.storage.files import new_file
from recurra.terminal import one_line
from recurra.training import Training, TrainingState


def write_state(path: Path, state: TrainingState) -> str:
    """Write a state as an `.npz` file, which NumPy reads too, in one piece.

    Returns:
        Its SHA-256.
    """
    arrays = {name: np.asarray(leaf) for name, leaf in _leaves(state)}
    path.parent.mkdir(exist_ok=True)
    with new_file(path) as file:
        hashed = _HashingFile(file)
        np.savez(hashed, allow_pickle=False, **arrays)
    return hashed.sha256.hexdigest()


def read_state(path: Path, sha256: str, epoch: int, training: Training) -> TrainingState:
    """The state after an epoch.

    Raises:
        ValueError: the file is missing or has changed; one line that says so.
    """
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ValueError(f"{path.name} cannot be read: {error.strerror}") from None
    if digest != sha256:
        raise ValueError(f"{path.name} is damaged: its hash is not the one in run.json")
    expected = _expected(training, epoch)
    with zipfile.ZipFile(path) as archive:
        members = archive.namelist()
        names = [name if f"{name}.npy" in members else _older(name) for name, _ in _leaves(expected)]
        leaves = [np.asarray(leaf) for _, leaf in _leaves(expected)]
        arrays = [_read(archive, name, leaf) for name, leaf in zip(names, leaves, strict=True)]
    structure = jax.tree.structure((expected.learner, expected.history))
    learner, history = jax.tree.unflatten(structure, arrays[:-1])
    status = tuple(Status(int(value)) for value in arrays[-1])
    return TrainingState(epoch, jax.tree.map(unrounded, learner), expected.start, status, history)


class _HashingFile(io.RawIOBase):
    """A file that is written sequentially and hashed at the same time."""

    def __init__(self, file: BinaryIO):
        self.file, self.sha256 = file, hashlib.sha256()

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        self.sha256.update(content)
        return self.file.write(content)


def _expected(training: Training, epoch: int) -> TrainingState:
    """A state with the shapes and dtypes of the state after `epoch` epochs."""
    start = training.start()
    curve = np.zeros((len(training.numbers), epoch))
    history = History(np.zeros(epoch), **dict.fromkeys(start.history.curves(), curve))
    return TrainingState(epoch, start.learner, start.start, start.status, history)


def _leaves(state: TrainingState) -> Sequence[tuple[str, Any]]:
    """The arrays of a state by name, in the order of the pytree, with the status last."""
    named = [
        (f"{part}.{jax.tree_util.keystr(path, simple=True, separator='.')}", leaf)
        for part in ("learner", "history")
        for path, leaf in jax.tree_util.tree_flatten_with_path(getattr(state, part))[0]
    ]
    return [*named, ("status", np.array(state.status, np.int64))]


def _older(name: str) -> str:
    """The name of an array in older files, in which backpropagation trained the weights themselves."""
    return name.replace("learner.memory.free.", "learner.weights.").replace("learner.memory.", "learner.")


def _read(archive: zipfile.ZipFile, name: str, expected: np.ndarray) -> np.ndarray:
    """An array whose header has the expected shape and dtype."""
    try:
        with archive.open(f"{name}.npy") as stream:
            np.lib.format.read_magic(stream)
            shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
        if (shape, dtype) != (expected.shape, expected.dtype):
            raise ValueError(f"{name} is {dtype}{shape}; expected {expected.dtype}{expected.shape}")
        with archive.open(f"{name}.npy") as stream:
            return np.lib.format.read_array(stream, allow_pickle=False)
    except KeyError as error:
        raise ValueError(f"does not fit the spec in run.json: {one_line(str(error))}") from None
