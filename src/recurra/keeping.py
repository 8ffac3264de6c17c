"""How a network or a cohort saves itself, though what writes files is on a floor above it.

No floor imports from one above. `recurra/__init__.py`, which knows them all, puts here how the keeper is found.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, runtime_checkable


@runtime_checkable
class Keeper(Protocol):
    """What writes networks and cohorts to the disk."""

    def save_cohort(self, cohort: Any, path: Path | str, overwrite: bool = False) -> None:
        """Write the run folder of a cohort."""

    def save_network(self, network: Any, path: Path | str, overwrite: bool = False) -> None:
        """Write the file of a network."""


find_keeper: Callable[[], Keeper]


def keeper() -> Keeper:
    """What writes networks and cohorts; its modules are imported now."""
    return find_keeper()
