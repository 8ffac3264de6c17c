"""How a network or a cohort saves itself or becomes a table, although the code for that is on a floor above it.

No floor imports from a floor above. `recurra/__init__.py`, which knows all of them, sets `find_saver` here.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, runtime_checkable


@runtime_checkable
class Saver(Protocol):
    """Writes networks and cohorts to disk, reads them, and gives them as tables and labelled arrays."""

    def save_cohort(self, cohort: Any, path: Path | str, overwrite: bool = False) -> None:
        """Write the run folder of a cohort."""

    def save_network(self, network: Any, path: Path | str, overwrite: bool = False) -> None:
        """Write the file of a network."""

    def load(self, path: Path | str) -> Any:
        """The cohort of a run folder, or the network of a file."""

    def save_spiking(self, spiking: Any, folder: Path | str, inputs: Any) -> None:
        """Write a network of spiking units for Brian2."""

    def cohort_table(self, cohort: Any) -> Any:
        """The numbers of a cohort as a pandas frame, one row a network."""

    def weights_dataset(self, weights: Any, networks: Any = None) -> Any:
        """Weights as an xarray dataset."""


find_saver: Callable[[], Saver]


def saver() -> Saver:
    """The functions of networks and cohorts on a floor above; their modules are imported on this call."""
    return find_saver()
