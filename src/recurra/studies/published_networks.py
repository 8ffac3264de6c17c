"""The networks published by the author, read from her files and compared with the papers."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, final

from matplotlib.figure import Figure

from recurra.analysis.dynamics.regimes import CYCLE, FIXED, QUIESCENT
from recurra.models.cohort import Cohort
from recurra.models.network import Network
from recurra.plotting.papers.studies import spectra_before_after
from recurra.runs.imports import KERAS_ENDINGS, read_network
from recurra.runs.spec import RunSpec, to_spec
from recurra.runs.sweep.plan import SweepPlan
from recurra.studies.claims import large_claim, leading_claim, oscillation_claim, regime_claim, weight_claims
from recurra.studies.study import Rows, Scale, Study
from recurra.studies.traits import NO_DYNAMICS, dynamic_traits, eigenvalue_rows, weight_traits
from recurra.studies.verdicts import Verdict
from recurra.tasks import Task

# Tasks by words in file names, longer words first; without such a word only the weights are compared.
TASK_WORDS = {
    "flipflop3": "flipflop",
    "setreset": "setreset",
    "oscillation": "oscillation",
    "pulse": "pulse",
    "xor": "xor",
    "and": "and",
    "not": "not",
    "or": "or",
}
ENDINGS = (*KERAS_ENDINGS, ".npz")
STAGE = re.compile(r"_(initial|epoch(\d+))$")


@dataclass(frozen=True)
class PublishedFile:
    """The files of one network by the author.

    Args:
        name: name of its file, without the ending.
        trained: the file of the network after its last epoch.
        initial: the file of the network before training, if there is one.
        task: name of its task; None if recurra does not have the task.
    """

    name: str
    trained: Path
    initial: Path | None
    task: str | None


def published_files(folder: Path) -> list[PublishedFile]:
    """The author's networks in a folder, one entry per name without its `_initial` or `_epochNN`.

    Of several epochs of a network the last one is taken.

    Args:
        folder: a folder with Keras files named `<task>_..._initial.hdf5` and `<task>_..._epoch19.hdf5`.

    Raises:
        ValueError: the folder holds no such file.
    """
    stages: dict[str, dict[int, Path]] = {}
    for path in sorted(path for path in folder.glob("*") if path.suffix in ENDINGS):
        match = STAGE.search(path.stem)
        epoch = 0 if match is None or match[2] is None else int(match[2])
        at = -1 if match is not None and match[1] == "initial" else epoch
        stages.setdefault(STAGE.sub("", path.stem), {})[at] = path
    published = [
        PublishedFile(name, files[max(files)], files.get(-1), task_of(name))
        for name, files in stages.items()
        if max(files) >= 0
    ]
    if not published:
        raise ValueError(
            f"{folder} holds no trained network of the author; expected files such as and_n50_04_epoch19.hdf5"
        )
    return published


def task_of(name: str) -> str | None:
    """The task in a file's name, by the words between underscores."""
    words = name.lower().split("_")
    return next((task for word, task in TASK_WORDS.items() if word in words), None)


@final
@dataclass(frozen=True)
class PublishedNetworks(Study):
    """Every network in a folder of the author's files.

    Args:
        files: the folder with the author's files; the study needs it.
    """

    rules: ClassVar[int] = 2
    name: ClassVar[str] = "published-networks"
    title: ClassVar[str] = (
        "The author's own networks (Jarne and Laje 2019, Figures 6 to 11; Jarne 2024, Figures 4 and 5)"
    )
    sources: ClassVar[tuple[str, ...]] = ("jarne2019", "jarne2024", "rajan2006", "henrici1962")

    files: Path | None = None
    reads_files: ClassVar[bool] = True

    def sweeps(self, scale: Scale, seed: int) -> list[SweepPlan]:
        return []

    def measure(self, scale: Scale, seed: int, trained: Callable[[RunSpec], Cohort]) -> dict[str, Rows]:
        if self.files is None:
            raise ValueError(
                "published-networks reads the author's files; name their folder with --files, or in Python files="
            )
        networks: Rows = []
        spectra: Rows = []
        for one in published_files(self.files):
            task = to_spec({"task": one.task}).task if one.task else None
            network, before = _read(one.trained, task), _read(one.initial, task) if one.initial else None
            networks.append(_row(one, network, before, task, seed))
            for stage, each in (("before", before), ("after", network)):
                spectra += eigenvalue_rows(each, {"name": one.name, "stage": stage}) if each else []
        return {"networks": networks, "spectra": spectra}

    def verdicts(self, tables: dict[str, Rows]) -> list[Verdict]:
        rows = tables["networks"]
        return [
            regime_claim(
                rows,
                "and_n50_orthogonal_14",
                "`and`, network 14: the regimes (2019, Figures 7 and 8)",
                "rest at 0, and a fixed point after any stimulus",
                {"00": QUIESCENT, "01": FIXED, "10": FIXED, "11": FIXED},
            ),
            regime_claim(
                rows,
                "and_n50_orthogonal_04",
                "`and`, network 04: the regimes (2019, Figures 9 and 10)",
                "an oscillation after one stimulus, a fixed point after two",
                {"01": CYCLE, "10": CYCLE, "11": FIXED},
            ),
            leading_claim(rows, "and_n50_orthogonal_04", "`and`, network 04: leading eigenvalues", "1 real, 1 pair"),
            regime_claim(
                rows,
                "setreset_n50_orthogonal_06",
                "set/reset, network 06: the regimes (2019, Figure 11)",
                "the high level a fixed point, the low one an oscillation",
                {"high": FIXED, "low": CYCLE},
            ),
            leading_claim(
                rows, "setreset_n50_orthogonal_06", "set/reset, network 06: leading eigenvalues", "1 real, 1 pair"
            ),
            oscillation_claim(rows),
            large_claim(rows),
            *weight_claims(rows),
        ]

    def figures(self, tables: dict[str, Rows]) -> dict[str, Figure]:
        return {"spectra": spectra_before_after(tables["spectra"], "name")}


def _read(path: Path, task: Task | None) -> Network:
    return read_network(path, task.dt_ms if task else 1.0)


def _row(one: PublishedFile, network: Network, before: Network | None, task: Task | None, seed: int) -> dict[str, Any]:
    start = next((word for word in ("orthogonal", "normal") if word in one.name), "not said")
    weights = weight_traits(network.recurrent, before.recurrent if before else None, seed)
    if one.task == "flipflop" and weights["on_circle_before"] == 1:
        start = "orthogonal"
    dynamics = dynamic_traits(network, task, seed) if task else NO_DYNAMICS
    return {"name": one.name, "task": one.task or "none of recurra's", "initializer": start, **weights, **dynamics}
