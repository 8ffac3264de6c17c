"""The run folder: `run.json` describes the run, `run.zarr` holds its arrays; `checkpoints.py` adds the training."""

import errno
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import xarray as xr
import zarr

from recurra.storage.about import FORMAT, parsed, written
from recurra.storage.files import OURS, check_plain, make_folder, remove, replace_text, shown, sweep
from recurra.storage.groups import consolidate, read_group, reading, store, write_groups
from recurra.storage.seals import check_sealed, seal_of
from recurra.terminal import one_line

PARTS = "parts"  # the folders of the parts in which the networks are trained
CONTENTS = ("run.zarr", "state", "log.jsonl", "report.html", "figures", PARTS)  # contents of a run besides run.json
LEFT_OVER = "run.json.partial"  # left by an interrupted start of an older version


@dataclass(frozen=True)
class RunFolder:
    """A folder that holds one run.

    Args:
        path: the folder, fixed even if the process changes its current folder; `~` and `://` have no special meaning.
    """

    path: Path

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", self.path.absolute())

    def __str__(self) -> str:
        return str(shown(self.path))

    @classmethod
    def create(cls, path: Path, about: dict[str, Any], overwrite: bool) -> "RunFolder":
        """A new run folder.

        The `run.json` of the new run replaces the old one first, and then the rest of the old run is removed: a crash
        at any moment leaves a folder that can be resumed or overwritten.

        Args:
            path: the folder; it must not exist or be empty, unless it holds a run and `overwrite` is set.
            about: the entries of `run.json`.
            overwrite: whether an existing run may be deleted.
        """
        folder, text = cls(path), written({"format": FORMAT, **about})
        cls.check_free(path, overwrite)
        make_folder(path)
        replace_text(path / "run.json", text)
        folder.clear()
        return folder

    @classmethod
    def check_free(cls, path: Path, overwrite: bool) -> None:
        """A folder for a new run must not exist or be empty, unless it holds a run and `overwrite` is set."""
        if path.exists() and not cls(path)._is_empty():
            if not (path / "run.json").is_file():
                raise ValueError(f"{cls(path)} exists and is not a run folder; choose another folder")
            if not overwrite:
                raise ValueError(f"{cls(path)} holds a run already; resume it, overwrite it, or choose another folder")

    @classmethod
    def open(cls, path: Path | str) -> "RunFolder":
        """An existing run folder."""
        path = Path(path)
        folder = cls(path)
        if not path.exists():
            raise ValueError(f"there is no folder {folder}")
        if not (path / "run.json").is_file():
            raise ValueError(f"{folder} is not a run folder: it has no run.json")
        for name in ("run.json", "run.zarr", "state", "log.jsonl"):
            if (folder.path / name).is_symlink() or (folder.path / name).exists():
                check_plain(folder.path / name)
        folder.about()
        return folder

    def clear(self) -> None:
        """Remove the contents of a run besides `run.json`, and nothing else."""
        for name in (*CONTENTS, LEFT_OVER):
            remove(self.path / name)
        self.sweep()

    def sweep(self) -> None:
        """Remove the partial files that a crash has left."""
        for path in self.path.glob(f"{OURS}*.partial"):
            remove(path)
        for name in ("run.zarr", "state"):
            sweep(self.path / name)

    def about(self) -> dict[str, Any]:
        """The entries of `run.json`."""
        try:
            text = (self.path / "run.json").read_text(encoding="utf-8")
        except FileNotFoundError:
            raise FileNotFoundError(errno.ENOENT, "the folder is no longer a run folder", f"{self}/run.json") from None
        except (OSError, ValueError) as error:
            raise ValueError(f"{self}/run.json cannot be read: {one_line(str(error))}") from None
        try:
            return parsed(text)
        except ValueError as error:
            raise ValueError(f"{self}/run.json {one_line(str(error))}") from None

    def entry(self, key: str) -> Any:
        """An entry of `run.json`; an error if it is missing."""
        about = self.about()
        if key not in about:
            raise ValueError(f"{self}/run.json has no {key}")
        return about[key]

    def write_about(self, about: dict[str, Any]) -> None:
        """Replace `run.json` in one piece."""
        replace_text(self.path / "run.json", written(about))

    def update_about(self, **changes: Any) -> None:
        """Change entries of `run.json`; an entry that is None is removed."""
        about = {**self.about(), **changes}
        self.write_about({key: value for key, value in about.items() if value is not None})

    def write_dataset(self, name: str, dataset: xr.Dataset) -> None:
        """Write a labelled dataset as the group `name` of `run.zarr`, replacing an older one."""
        self.write_datasets({name: dataset})

    def write_datasets(self, datasets: Mapping[str, xr.Dataset]) -> None:
        """Write labelled datasets as groups of `run.zarr`, each replacing an older one of its name."""
        write_groups(self.path / "run.zarr", datasets)

    def read_dataset(self, name: str) -> xr.Dataset:
        """The group `name` of `run.zarr`."""
        if not (self.path / "run.zarr" / name / "zarr.json").is_file():
            raise ValueError(
                f"{self}/run.zarr has no {name}; analyse the run: recurra analyse {shlex.quote(str(self))}"
            )
        check_sealed(self.about(), self.path / "run.zarr", name)
        return read_group(self.path / "run.zarr", name)

    def seal(self, names: Iterable[str]) -> None:
        """Record in `run.json` hashes of what the analysis wrote in these groups, and of the training it belongs to."""
        self.update_about(analysis=seal_of(self.about(), self.path / "run.zarr", names))

    def consolidate(self) -> None:
        """Gather the metadata of `run.zarr` in its root, so that xarray opens it at once and without a warning."""
        consolidate(self.path / "run.zarr")

    def zarr(self, mode: Literal["r", "a"]) -> zarr.Group:
        """The root of `run.zarr`."""
        path = self.path / "run.zarr"
        if mode == "r" and not (path / "zarr.json").is_file():
            raise ValueError(f"{self}/run.zarr cannot be read: it has no zarr.json")
        with reading(path):
            return zarr.open_group(store(path, mode == "r"), mode=mode, zarr_format=3, use_consolidated=False)

    def _is_empty(self) -> bool:
        """Whether the folder is empty or has only the remains of an interrupted start."""
        if not self.path.is_dir():
            raise ValueError(f"{self} exists and is not a run folder; choose another folder")
        return all(path.name.startswith(OURS) or path.name == LEFT_OVER for path in self.path.iterdir())
