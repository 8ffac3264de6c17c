"""The run folder: `run.json` says what it is, `run.zarr` holds its arrays; `checkpoints.py` adds the training."""

import json
import shutil
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import xarray as xr
import zarr
from zarr.errors import ZarrUserWarning

from recurra.storage.files import replace_text
from recurra.storage.records import from_dataset, from_single_dataset, to_dataset, to_single_dataset

FORMAT = 1
Record = TypeVar("Record")


@dataclass(frozen=True)
class RunFolder:
    """A folder that holds one run.

    Args:
        path: the folder.
    """

    path: Path

    @classmethod
    def create(cls, path: Path, about: dict[str, Any], overwrite: bool) -> "RunFolder":
        """A new run folder.

        Args:
            path: the folder; it must not exist or be empty, unless it holds a run and `overwrite` is set.
            about: what `run.json` says of the run.
            overwrite: whether a run that is there already may be deleted.
        """
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            if not (path / "run.json").is_file():
                raise ValueError(f"{path} exists and is not a run folder; choose another folder")
            if not overwrite:
                raise ValueError(f"{path} holds a run already; resume it, overwrite it, or choose another folder")
            shutil.rmtree(path)
        path.mkdir(parents=True, exist_ok=True)
        folder = cls(path)
        folder.write_about({"format": FORMAT, **about})
        return folder

    @classmethod
    def open(cls, path: Path) -> "RunFolder":
        """A run folder that exists."""
        if not path.exists():
            raise ValueError(f"there is no folder {path}")
        if not (path / "run.json").is_file():
            raise ValueError(f"{path} is not a run folder: it has no run.json")
        folder = cls(path)
        about = folder.about()
        if about.get("format") != FORMAT:
            raise ValueError(f"{path}/run.json has the format {about.get('format')!r}; this version reads {FORMAT}")
        return folder

    def about(self) -> dict[str, Any]:
        """What `run.json` says."""
        try:
            about = json.loads((self.path / "run.json").read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ValueError(f"{self.path}/run.json cannot be read: {error}") from None
        if not isinstance(about, dict):
            raise ValueError(f"{self.path}/run.json holds no object")
        return about

    def entry(self, key: str) -> Any:
        """An entry of `run.json` that every run has."""
        about = self.about()
        if key not in about:
            raise ValueError(f"{self.path}/run.json has no {key}")
        return about[key]

    def write_about(self, about: dict[str, Any]) -> None:
        """Replace `run.json` in one piece."""
        replace_text(self.path / "run.json", json.dumps(about, indent=2, allow_nan=False) + "\n")

    def update_about(self, **changes: Any) -> None:
        """Change entries of `run.json`."""
        self.write_about({**self.about(), **changes})

    def write_dataset(self, name: str, dataset: xr.Dataset) -> None:
        """Write a labelled dataset as the group `name` of `run.zarr`, in place of an older one."""
        dataset.to_zarr(self.path / "run.zarr", group=name, mode="w", zarr_format=3, consolidated=False)

    def read_dataset(self, name: str) -> xr.Dataset:
        """The group `name` of `run.zarr`."""
        try:
            return xr.open_zarr(self.path / "run.zarr", group=name, zarr_format=3, consolidated=False).load()
        except (OSError, KeyError, ValueError) as error:
            raise ValueError(f"{self.path}/run.zarr has no {name}: {error}; analyse the run first") from None

    def write_records(self, name: str, records: Sequence[Any], numbers: Sequence[int]) -> None:
        """Write the records of a cohort, one a network, as the group `name`."""
        self.write_dataset(name, to_dataset(records, numbers))

    def read_records(self, name: str, kind: type[Record]) -> list[Record]:
        """The records of a group, one a network."""
        return from_dataset(kind, self.read_dataset(name))

    def write_record(self, name: str, record: Any) -> None:
        """Write the record of a whole cohort as the group `name`."""
        self.write_dataset(name, to_single_dataset(record))

    def read_record(self, name: str, kind: type[Record]) -> Record:
        """The record of a whole cohort."""
        return from_single_dataset(kind, self.read_dataset(name))

    def consolidate(self) -> None:
        """Gather the metadata of `run.zarr` in its root, so that xarray opens it at once and without a warning."""
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Consolidated metadata is currently not part", ZarrUserWarning)
            zarr.consolidate_metadata(self.path / "run.zarr", zarr_format=3)

    def zarr(self, mode: Literal["r", "a"]) -> zarr.Group:
        """The root of `run.zarr`."""
        try:
            return zarr.open_group(self.path / "run.zarr", mode=mode, zarr_format=3)
        except (OSError, ValueError, KeyError) as error:
            raise ValueError(f"{self.path}/run.zarr cannot be read: {error}") from None
