"""The seal of an analysis: hashes in `run.json` of its inputs and of everything that it wrote."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from recurra.storage.files import check_plain, shown

MADE_OF = ("spec", "networks", "epoch")  # the entries of `run.json` from which an analysis follows


def seal_of(about: Mapping[str, Any], store: Path, names: Iterable[str]) -> dict[str, Any]:
    """The hashes of an analysis, for the entry `analysis` of `run.json`.

    Args:
        about: the entries of `run.json`.
        store: the folder of `run.zarr`.
        names: names of the groups that the analysis wrote.
    """
    return {"made_of": _made_of(about), "groups": {name: _content(store / name) for name in names}}


def check_sealed(about: Mapping[str, Any], store: Path, name: str) -> None:
    """Check that a group holds what the analysis wrote; an older run has no seal and is not checked.

    Checksums reveal a damaged chunk, but neither changed metadata nor a chunk in the place of another.

    Args:
        about: the entries of `run.json`.
        store: the folder of `run.zarr`.
        name: name of the group.
    """
    seal = about.get("analysis")
    if seal is None:
        return
    if seal["made_of"] != _made_of(about):
        raise ValueError(f"{shown(store)} is the analysis of another run than that in run.json; analyse the run again")
    if seal["groups"].get(name) != _content(store / name):
        raise ValueError(f"{shown(store / name)} is not what the analysis wrote; analyse the run again")


def _made_of(about: Mapping[str, Any]) -> str:
    entries = {name: about.get(name) for name in MADE_OF}
    return hashlib.sha256(json.dumps(entries, sort_keys=True).encode()).hexdigest()


def _content(folder: Path) -> str:
    """The hash of the names and contents of all files in a folder."""
    check_plain(folder)
    digest = hashlib.sha256()
    for path in sorted(entry for entry in folder.rglob("*") if entry.is_file()):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(folder).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()
