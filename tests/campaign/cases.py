"""The commands of the campaigns, each with what it begins from, what goes on with it, and what it leaves."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SPEC = [
    *("xor", "--networks", "2", "--units", "4", "--set", "training.steps=8", "--set", "training.batch=2"),
    *("--set", "training.trials.steps_an_epoch=2", "--set", "training.validation_trials=4"),
]
VARY = ["--vary", "training.learning_rate=0.001,0.01"]
RANGE = ["--vary", "training.learning_rate=0.001..0.01"]
LIMIT_S = 300.0
QUIET = {"RECURRA_THREADS": "1", "MPLBACKEND": "agg"}


@dataclass(frozen=True)
class Case:
    """A command that is cut off.

    Args:
        name: its name.
        words: its arguments, in a folder with copies of `trained`, `analysed`, `parts` and `network.npz`.
        then: the commands after it that make the whole, such as the join of parts.
        repeats: whether it can be given again when it is done, and changes nothing; else it is refused then.
        leaves: what it makes or changes there; empty for a command that only prints.
    """

    name: str
    words: Sequence[str]
    leaves: Sequence[str] = ()
    then: Sequence[Sequence[str]] = ()
    repeats: bool = True


CASES = (
    Case("train", ["train", *SPEC, "--out", "new", "--resume"], ["new"]),
    Case("run", ["run", *SPEC, "--out", "new", "--resume"], ["new"]),
    Case(
        "train --part",
        ["train", *SPEC, "--out", "new", "--part", "1/2"],
        ["new"],
        [["train", *SPEC, "--out", "new", "--part", "2/2"], ["join", "new"]],
    ),
    Case("join", ["join", "parts"], ["parts"]),
    Case("analyse", ["analyse", "trained"], ["trained"]),
    Case("report", ["report", "analysed", "--figures"], ["analysed"]),
    Case("sweep", ["sweep", *SPEC, *VARY, "--out", "new", "--train-only"], ["new"]),
    Case("tune", ["tune", *SPEC, *RANGE, "--trials", "2", "--confirm", "1", "--out", "new"], ["new"]),
    Case(
        "study",
        ["study", "time-invariance", "--scale", "quick", "--out", "new", "--networks", "cohorts"],
        ["new"],
        repeats=False,
    ),
    Case("export", ["export", "trained", "--format", "npz", "--out", "new"], ["new"], repeats=False),
    Case("play", ["play", "analysed", "--out", "new.html"], ["new.html"]),
    Case("inspect", ["inspect", "network.npz", "--json"]),
    Case("damage", ["damage", "trained", "--network", "0", "--json"]),
    Case("compare", ["compare", "analysed", "trained", "--json"]),
)


def started(words: Sequence[str], folder: Path, **settings: str) -> subprocess.Popen[str]:
    """The command, started in a folder."""
    return subprocess.Popen(
        [sys.executable, "-m", "recurra", *words],
        cwd=folder,
        env={**os.environ, **QUIET, **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def done(words: Sequence[str], folder: Path, **settings: str) -> tuple[int, str, str]:
    """Exit status, output and errors of a command that is not cut off."""
    process = started(words, folder, **settings)
    printed, told = process.communicate(timeout=LIMIT_S)
    return process.returncode, printed, told


def prepared(folder: Path) -> Path:
    """A folder with what the commands begin from."""
    folder.mkdir()
    part = [["train", *SPEC, "--out", "parts", "--part", f"{number}/2"] for number in (1, 2)]
    for words in (["train", *SPEC, "--out", "trained"], ["run", *SPEC, "--out", "analysed", "--seed", "1"], *part):
        status, _, told = done(words, folder)
        assert status == 0, told
    status, _, told = done(["export", "trained", "--format", "npz", "--out", "files"], folder)
    assert status == 0, told
    next((folder / "files").glob("*.npz")).rename(folder / "network.npz")
    shutil.rmtree(folder / "files")
    return folder
