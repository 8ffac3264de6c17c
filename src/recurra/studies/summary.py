"""A dossier in plain values, for `--json` and for tables, and what a task is called."""

import math
from typing import Any

import numpy as np

from recurra.analysis import Geometry, Memories
from recurra.studies.dossier import Dossier
from recurra.studies.run_record import RunRecord
from recurra.studies.spectrum_words import spectrum_tables
from recurra.tasks import TASKS, FlipFlop, Task


def task_name(task: Task) -> str:
    """What a task is called: "3-bit flip-flop", or "task xor"; one that is not in the table goes by its class."""
    if isinstance(task, FlipFlop):
        return f"{task.bits}-bit flip-flop"
    names = {kind: name for name, kind in TASKS.items()}
    return f"task {names.get(type(task), type(task).__name__)}"


def dossier_table(dossier: Dossier) -> dict[str, Any]:
    """The numbers of a dossier, ready for JSON: complex numbers as pairs, what is not finite or not there as null."""
    measured = dossier.performance
    table = {
        "units": len(dossier.pca.center),
        "performance": {
            "mse": measured.mse,
            "distance": measured.distance,
            "bit_accuracy": measured.bit_accuracy,
            "success": measured.success,
            "success_interval": [measured.success_low, measured.success_high],
            "trials": measured.trials,
            "judged": measured.judged,
            "silent_mse": measured.silent_mse,
            "silent_success": measured.silent_success,
            "contradiction": measured.contradiction,
        },
        "memories": _memories_table(dossier.memories) if dossier.memories else None,
        **spectrum_tables(dossier.spectrum, dossier.non_normality, dossier.modes, dossier.gains),
        "geometry": _geometry_table(dossier.geometry) if dossier.geometry else None,
        "reduction": {
            "explained_variance": dossier.pca.explained_variance,
            "explained_variance_svd": dossier.svd.explained_variance,
            "participation_ratio": dossier.pca.participation_ratio,
        },
    }
    return plain(table)


def _memories_table(memories: Memories) -> dict[str, Any]:
    return {
        "held": int(memories.held.sum()),
        "held_long": int(memories.held_long.sum()),
        "of": len(memories.held),
        "long_ms": memories.long_ms,
    }


def _geometry_table(geometry: Geometry) -> dict[str, Any]:
    return {
        "hypercube_r2": geometry.hypercube_r2,
        "chance_r2": geometry.chance_r2,
        "chance_r2_high": geometry.chance_r2_high,
        "axis_cosines": geometry.axis_cosines,
        "edge_lengths": geometry.edge_lengths,
    }


def run_table(run: RunRecord) -> dict[str, Any]:
    """The dossiers of all networks of a run, with their numbers and how their training ended."""
    status = [None] * len(run.numbers) if run.status is None else [status.name for status in run.status]
    rows = zip(run.numbers, status, run.dossiers, strict=True)
    return {
        "name": run.about["name"],
        "networks": [
            {"number": number, "status": outcome, **dossier_table(dossier)} for number, outcome, dossier in rows
        ],
    }


def plain(value: Any) -> Any:
    """Python numbers, lists and dictionaries in place of arrays; None in place of NaN and infinity."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
