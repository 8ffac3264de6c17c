"""What the equations of a network are called in its file: a table as in specs; and the file of a network itself."""

from pathlib import Path

from recurra.engine import Dynamics
from recurra.engine.rate import RateDynamics
from recurra.models import CELLS
from recurra.models.network import Network
from recurra.runs.own import check_imported
from recurra.runs.tables import Registry, Table, from_table, to_table
from recurra.storage.content import NO_HINTS, Hints
from recurra.storage.imported import Imported, StatedSettings
from recurra.storage.npz_files import NOTHING_STATED, import_npz, write_npz

REGISTRY: Registry = {Dynamics: dict(CELLS)}


def equations_of(table: Table) -> Dynamics:
    """The equations that a file's table names; those of a user's own are found only where he imported their module."""
    check_imported(table)
    return from_table(Dynamics, table, REGISTRY, "cell")


def read_network_file(
    path: Path, dt_ms: float | None, stated: StatedSettings = NOTHING_STATED, hints: Hints = NO_HINTS
) -> Imported:
    """The network in an `.npz` file, of any cell, with its notes.

    Args:
        path: the file.
        dt_ms: length of a time step, ms; the file's own, where it has one, must be equal. None takes the file's own.
        stated: what you know of a network of rate units.
        hints: the names of the arrays in a file of another program, where the user maps them.
    """
    return import_npz(path, dt_ms, stated, equations_of, hints)


def write_network_file(path: Path, network: Network) -> None:
    """Write a network of any cell to an `.npz` file, which is there whole, or as it was.

    Args:
        path: the file; one that exists is replaced.
        network: what is written.
    """
    own = not isinstance(network.dynamics, RateDynamics)
    write_npz(path, network, to_table(network.dynamics, REGISTRY) if own else None)
