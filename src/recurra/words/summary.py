"""A dossier in plain values, for `--json` and for tables."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from recurra.analysis import Geometry, Memories, MemoryCube, Performance
from recurra.analysis.dossier_records import Dossier
from recurra.analysis.failures import where_known
from recurra.analysis.record import RunRecord
from recurra.wording import fixed
from recurra.words.own import own_table
from recurra.words.spectra import gains_table, modes_table, skew_table, spectrum_table


def verdict_words(dossier: Dossier) -> str:
    """Whether a network has learned its task, or that it was not tested, or that no task was given."""
    if dossier.without_task:
        return "no task given"
    return where_known(lambda: dossier.performance.verdict, "not tested")


def dossier_table(dossier: Dossier, before: MemoryCube | None = None) -> dict[str, Any]:
    """The numbers of a dossier for JSON: complex numbers as pairs, and null for a number not finite or not there.

    `failures` has, by name, the reason of every analysis that failed; the results of these analyses are null.
    `not_applicable` has the reason of every analysis that is not defined for networks of this kind. `own_analyses`
    is there only if there are any: the numbers and texts of each, and the axis lengths of its arrays.

    Args:
        dossier: the dossier of the network.
        before: the cube of a flip-flop network before training, where it is known.
    """
    memories = dossier.memories
    parts: dict[str, Callable[[], Any]] = {
        "units": lambda: len(dossier.pca.center),
        "performance": lambda: _performance_table(dossier.performance),
        "memories": lambda: _memories_table(memories.held) if memories else None,
        "spectrum": lambda: spectrum_table(dossier.spectrum),
        "nonnormality": lambda: skew_table(dossier.non_normality),
        "modes_at_rest": lambda: modes_table(dossier.modes),
        "transient_gain": lambda: gains_table(dossier.gains),
        "cube": lambda: _cube_table(memories.cube, before) if memories else None,
        "geometry": lambda: _geometry_table(memories.geometry) if memories else None,
        "reduction": lambda: (
            {
                "explained_variance": dossier.pca.explained_variance,
                "explained_variance_svd": where_known(lambda: dossier.svd.explained_variance, None),
                "participation_ratio": dossier.pca.participation_ratio,
            }
            if not dossier.without_task
            else None
        ),
    }
    table = {name: where_known(part, None) for name, part in parts.items()}
    table |= {"own_analyses": own_table(dossier)} if dossier.own else {}
    return plain(table | {"failures": dossier.failures, "not_applicable": dossier.not_applicable})


def _performance_table(measured: Performance) -> dict[str, Any]:
    return {
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
    }


def _memories_table(memories: Memories) -> dict[str, Any]:
    return {
        "held": int(memories.held.sum()),
        "held_long": int(memories.held_long.sum()),
        "of": len(memories.held),
        "long_ms": memories.long_ms,
    }


def _cube_table(cube: MemoryCube, before: MemoryCube | None) -> dict[str, Any]:
    return {
        "score": cube.score,
        "score_before_training": before.score if before else None,
        "bit_scores": cube.bit_scores,
        "read": cube.read,
        "heights": cube.heights,
        "heights_set": cube.heights_set,
        "spread": cube.spread,
        "axis_cosines": cube.axis_cosines,
        "long_ms": cube.long_ms,
    }


def cube_before(run: RunRecord, at: int) -> MemoryCube | None:
    """The cube before training of the network at a position of the run; None if it is not known."""
    return run.cubes_before[at] if run.cubes_before else None


def score_before(run: RunRecord, at: int) -> str:
    """The score of the cube before training, or that it is not known."""
    before = cube_before(run, at)
    return fixed(before.score) if before else "not known"


def _geometry_table(geometry: Geometry) -> dict[str, Any]:
    return {
        "hypercube_r2": geometry.hypercube_r2,
        "axis_cosines": geometry.axis_cosines,
        "edge_lengths": geometry.edge_lengths,
    }


def run_table(run: RunRecord) -> dict[str, Any]:
    """The dossiers of all networks of a run, with the number of each network and how its training ended."""
    status = [None] * len(run.numbers) if run.status is None else [status.name for status in run.status]
    rows = enumerate(zip(run.numbers, status, run.dossiers, strict=True))
    return {
        "name": run.about["name"],
        "networks": [
            {"number": number, "status": outcome, **dossier_table(dossier, cube_before(run, at))}
            for at, (number, outcome, dossier) in rows
        ],
        "census_failure": run.census_failure or None,
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
