"""Networks in `.npz` files: the five weight arrays by name, and what is needed to run them."""

from pathlib import Path
from typing import Any

import numpy as np

from recurra.arrays import RateWeights, named_arrays
from recurra.checks import check_positive
from recurra.engine.rate import RateDynamics
from recurra.models.cohort import Network
from recurra.storage.files import new_file
from recurra.storage.imported import Imported, StatedSettings, imported
from recurra.storage.npz_content import CELL
from recurra.storage.parsing import read_content
from recurra.storage.reading import naming

NOTHING_STATED = StatedSettings()


def read_npz(path: Path, dt_ms: float, stated: StatedSettings = NOTHING_STATED) -> Network:
    """The network in a `.npz` file.

    The file holds `recurrent`, `input` and `output`, and may hold `recurrent_bias` and `output_bias` (zeros if
    missing), `form`, `activation`, `leak` (one number, or one per unit), `noise` (0 if missing) and `dt_ms`. What of
    form, activation and leak neither the file nor `stated` gives is assumed to be "rate", "tanh" and 1, with a warning.

    Args:
        path: the file.
        dt_ms: length of a time step, ms; it must be equal to that in the file, if the file has one.
        stated: what you know about the network.

    Raises:
        ValueError: the file is missing, damaged, holds no such network or contradicts `stated`; one line that
            begins with the file's name.
    """
    return import_npz(path, dt_ms, stated).told()


def load_npz(path: Path) -> Network:
    """The network in a `.npz` file that says its own time step, as `write_npz` writes it.

    Raises:
        ValueError: as for `read_npz`, or it does not say its time step.
    """
    content = read_content(path, "npz", RateWeights.axes())
    with naming(path):
        if "dt_ms" not in content.says:
            raise ValueError("does not say its time step dt_ms; read it with recurra.runs.imports.read_network")
        return imported(path.name, content, content.says["dt_ms"], NOTHING_STATED).told()


def import_npz(path: Path, dt_ms: float, stated: StatedSettings) -> Imported:
    """The network with its notes, without warnings."""
    check_positive("dt_ms", dt_ms)
    content = read_content(path, "npz", RateWeights.axes())
    with naming(path):
        return imported(path.name, content, dt_ms, stated)


def write_npz(path: Path, network: Network) -> None:
    """Write a network in one piece: the file is either complete or as it was before.

    `read_npz` reads networks of rate units. For another cell the file has the arrays by name and, in `cell`, the name
    of its equations, for use in NumPy; recurra reads such networks from run folders.

    Args:
        path: the file; an existing one is replaced.
        network: the network to write.

    Raises:
        OSError: the file cannot be written; it names the file.
    """
    dynamics = network.dynamics
    settings: dict[str, Any] = {CELL: type(dynamics).__name__}
    if isinstance(dynamics, RateDynamics):
        settings = {name: getattr(dynamics, name) for name in ("form", "activation", "leak", "noise")}
    arrays: dict[str, Any] = {name: _plain(array) for name, array in named_arrays(network.weights).items()}
    arrays |= {name: np.asarray(value) for name, value in (settings | {"dt_ms": network.dt_ms}).items()}
    with new_file(path) as file:
        np.savez(file, **arrays)


def _plain(array: np.ndarray) -> np.ndarray:
    """The array in one of the dtypes that `read_npz` reads, without loss for floating-point numbers."""
    if array.dtype.kind == "f" and array.itemsize in (2, 4, 8):
        return array
    return array.astype(np.float64 if array.dtype.kind in "iu" or array.itemsize > 4 else np.float32)
