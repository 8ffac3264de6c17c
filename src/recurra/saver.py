"""How a network or a cohort saves itself, although the code that writes files is on a floor above it.

No floor imports from a floor above. `recurra/__init__.py`, which knows all of them, sets `find_saver` here.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, runtime_checkable


@runtime_checkable
class Saver(Protocol):
    """Writes networks and cohorts to disk."""

    def save_cohort(self, cohort: Any, path: Path | str, overwrite: bool = False) -> None:
        """Write the run folder of a cohort."""

    def save_network(self, network: Any, path: Path | str, overwrite: bool = False) -> None:
        """Write the file of a network."""


find_saver: Callable[[], Saver]


def saver() -> Saver:
    """The functions that write networks and cohorts; their modules are imported on this call."""
    return find_saver()
