"""Networks in `.npz` files: the weight arrays by name, and what is needed to run them."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from recurra.arrays import RateWeights, named_arrays
from recurra.checks import check_positive
from recurra.engine import Dynamics
from recurra.engine.rate import RateDynamics
from recurra.models.network import Network
from recurra.storage.content import CONNECTIONS, NO_HINTS, Content, Hints
from recurra.storage.files import new_file
from recurra.storage.imported import Imported, StatedSettings, check_time_step, floating, imported
from recurra.storage.npz_content import CELL, TIME_STEP
from recurra.storage.parsing import read_content
from recurra.storage.reading import naming

NOTHING_STATED = StatedSettings()
SAVEZ = ("file", "allow_pickle")  # what `np.savez` takes beside arrays
Table: TypeAlias = dict[str, Any]  # of plain values, as in specs
Equations: TypeAlias = Callable[[Table], Dynamics]


def _rate_units_alone(_table: Table) -> Dynamics:
    raise ValueError("holds a network of another cell than rate units; read it with rc.load or read_network")


def read_npz(path: Path, dt_ms: float, stated: StatedSettings = NOTHING_STATED) -> Network:
    """The network of rate units in a `.npz` file.

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


def import_npz(
    path: Path,
    dt_ms: float | None,
    stated: StatedSettings = NOTHING_STATED,
    equations: Equations = _rate_units_alone,
    hints: Hints = NO_HINTS,
) -> Imported:
    """The network in a `.npz` file, with its notes and without warnings.

    Args:
        path: the file.
        dt_ms: length of a time step, ms; the file's own, where it has one, must be equal. None takes the file's own.
        stated: what you know of a network of rate units.
        equations: finds those of another cell by the table that the file has of them.
        hints: the names of the arrays in a file of another program, where the user maps them.

    Raises:
        ValueError: as for `read_npz`, or neither you nor the file say the time step.
    """
    if dt_ms is not None:
        check_positive("dt_ms", dt_ms)
    content = read_content(path, "npz", RateWeights.axes(), hints)
    with naming(path):
        if CELL in content.says:
            return Imported(_connected(_of_cell(content, dt_ms, stated, equations), content))
        read = imported(path.name, content, dt_ms, stated)
        return replace(read, network=_connected(read.network, content))


def _of_cell(content: Content, dt_ms: float | None, stated: StatedSettings, equations: Equations) -> Network:
    """The network of another cell than rate units."""
    if stated != NOTHING_STATED:
        raise ValueError(
            "says its equations; activation, form and time constant are stated for rate units, leave them out"
        )
    own_dt_ms, cell = float(content.says[TIME_STEP]), content.says[CELL]
    check_time_step(own_dt_ms, own_dt_ms if dt_ms is None else dt_ms)
    check_positive("dt_ms", own_dt_ms)
    dynamics = equations(cell["equations"])
    axes = {name: tuple(own) for name, own in cell["axes"].items()}
    if axes != dynamics.weights.axes():
        raise ValueError(
            f"has the arrays {_axes_words(axes)}; {type(dynamics).__name__} has {_axes_words(dynamics.weights.axes())}"
        )
    arrays = {name: floating(array) for name, array in content.arrays.items() if name in axes}
    return Network(dynamics, dynamics.weights(**arrays), own_dt_ms)


def _connected(network: Network, content: Content) -> Network:
    """The network with the connections that its file says exist: all but those that it denies."""
    told = {name: array for name, array in content.arrays.items() if name.startswith(CONNECTIONS)}
    exist = {name.removeprefix(CONNECTIONS): np.array(array, np.uint8) != 0 for name, array in told.items()}
    return replace(network, connections=replace(network.connections, **exist)) if exist else network


def _axes_words(axes: dict[str, tuple[str, ...]]) -> str:
    return ", ".join(f"{name} ({' '.join(own)})" for name, own in axes.items())


def write_npz(path: Path, network: Network, equations: Table | None = None) -> None:
    """Write a network in one piece: the file is there whole, or as it was.

    Args:
        path: the file; one that exists is replaced.
        network: what is written.
        equations: a table of those of another cell than rate units, from which they are found again.

    Raises:
        OSError: the file cannot be written; it names the file.
    """
    dynamics = network.dynamics
    arrays: dict[str, Any] = {name: _plain(array) for name, array in named_arrays(network.weights).items()}
    if isinstance(dynamics, RateDynamics):
        settings = {name: getattr(dynamics, name) for name in ("form", "activation", "leak", "noise")}
    else:
        settings = {CELL: json.dumps({"equations": equations, "axes": network.weights.axes()})}
    settings |= {TIME_STEP: network.dt_ms}
    for name in arrays.keys() & {*settings, *SAVEZ}:
        raise ValueError(
            f"{type(network.weights).__name__} has an array {name!r}, a name that the file needs; rename it"
        )
    exist = named_arrays(network.connections)
    arrays |= {f"{CONNECTIONS}{name}": array for name, array in exist.items() if not array.all()}
    arrays |= {name: np.asarray(value) for name, value in settings.items()}
    with new_file(path) as file:
        np.savez(file, allow_pickle=False, **arrays)


def _plain(array: np.ndarray) -> np.ndarray:
    """The array in one of the dtypes that `read_npz` reads, without loss for floating-point numbers."""
    if array.dtype.kind == "f" and array.itemsize in (2, 4, 8):
        return array
    return array.astype(np.float64 if array.dtype.kind in "iu" or array.itemsize > 4 else np.float32)
