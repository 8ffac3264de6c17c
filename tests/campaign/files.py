"""Files of networks in every format, damaged by the hundred: each is read, or refused in a line."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from tests.campaign.cases import done

FORMATS = {"npz": "npz", "keras": "keras", "hdf5": "keras", "torch": "torch", "safetensors": "safetensors"}
DAMAGED = 200  # files of each format in a trial


def mutated_files(base: Path, place: Path, seed: int) -> str:
    """What came of damaged files other than to be read or refused; empty if nothing.

    Args:
        base: a folder with a run `trained`.
        place: a folder for the files.
        seed: draws the damage.
    """
    wrong = []
    for name, kind in FORMATS.items():
        out = place / "formats"
        status, _, told = done(["export", str(base / "trained"), "--format", name, "--out", str(out)], place)
        if status:
            return f"export to {name}: {told[-200:]}"
        file = min(path for path in out.rglob("*") if path.is_file())
        program = [sys.executable, "-m", "tests.mutations", str(file), kind, str(DAMAGED), str(seed)]
        found = json.loads(subprocess.run(program, capture_output=True, check=True).stdout)
        shutil.rmtree(out)
        if set(found) - {"read", "refused", "crashed"}:
            wrong.append(f"{name}: {found}")
    return "; ".join(wrong)
