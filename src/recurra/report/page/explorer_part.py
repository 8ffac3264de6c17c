"""What the explorer of a cohort needs: the columns of the table as numbers, and who belongs to what."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from recurra.analysis.dossier_records import Dossier
from recurra.analysis.failures import where_known
from recurra.analysis.memory.records import MemoryRecords
from recurra.analysis.record import RunRecord
from recurra.report.page.rows import NetworkRow
from recurra.report.page.workings_panels import signature_members
from recurra.words.names import cluster_name

MANY = 8  # networks from which they are explored, and fewer in more than one cluster
DIGITS = 6  # of the numbers by which rows are sorted


def _of_memories(read: Callable[[MemoryRecords], float]) -> Callable[[Dossier], float]:
    """A number of a network with memories; NaN where the task has none."""
    return lambda dossier: read(dossier.memories) if dossier.memories else np.nan


COLUMNS: dict[str, tuple[str, Callable[[Dossier], float]]] = {
    "error": ("Error", lambda one: one.performance.mse),
    "success": ("Success (%)", lambda one: 100 * one.performance.success),
    "memories": ("Memories held", _of_memories(lambda one: one.held.held.sum())),
    "memories_long": ("Memories held long", _of_memories(lambda one: one.held.held_long.sum())),
    "cube": ("Cube score", _of_memories(lambda one: one.cube.score)),
    "outside": ("Eigenvalues outside", lambda one: one.spectrum.count_outside),
    "leading": ("Largest |λ|", lambda one: abs(one.spectrum.leading)),
    "participation": ("Participation ratio", lambda one: one.pca.participation_ratio),
    "henrici": ("Henrici", lambda one: one.non_normality.henrici),
    "points": ("Fixed points", lambda one: len(one.fixed_points.states)),
}
"""The columns of numbers by their keys: the name, and the number of a network."""


@dataclass(frozen=True)
class Chip:
    """A button that chooses networks.

    Args:
        name: what they have in common.
        members: their numbers, as in an address.
        count: how many they are.
    """

    name: str
    members: str
    count: int


@dataclass(frozen=True)
class ExplorerPart:
    """What the page needs to explore a cohort.

    Args:
        json: the networks and columns, as JSON that can stand in a script element.
        chips: the buttons, by what they are about.
        ranges: keys and names of the columns of which a range can be chosen.
    """

    json: str
    chips: list[tuple[str, list[Chip]]]
    ranges: list[tuple[str, str]]


def explorer_part(
    run: RunRecord, rows: Sequence[NetworkRow], picked: Sequence[int], left_out: dict[int, str]
) -> ExplorerPart | None:
    """The explorer of a run; None where there are few networks of one kind.

    Args:
        run: the run.
        rows: its networks.
        picked: positions of those that are shown while none is chosen.
        left_out: what the graph of each network leaves out, by its number.
    """
    clusters = int(run.census.labels.max(initial=-1)) + 1 if run.census else 0
    if len(rows) < MANY and clusters < 2:
        return None
    columns = {key: [_number(read, row.dossier) for row in rows] for key, (_, read) in COLUMNS.items()}
    columns = {key: values for key, values in columns.items() if any(value is not None for value in values)}
    content: dict[str, Any] = {
        "numbers": [row.number for row in rows],
        "names": [row.name for row in rows],
        "colors": [row.color for row in rows],
        "picks": [rows[at].number for at in picked],
        "left": [left_out[row.number] for row in rows],
        "columns": {**columns, "outcome": [_outcome(row) for row in rows], **_losses(run)},
    }
    text = json.dumps(content, separators=(",", ":")).replace("<", "\\u003c")
    return ExplorerPart(text, _chips(run, rows), [(key, COLUMNS[key][0]) for key in columns])


def _number(read: Callable[[Dossier], float], dossier: Dossier) -> float | None:
    """A value of a network; None where it is not known or not finite."""
    value = where_known(lambda: float(read(dossier)) if dossier else None, None)
    return _rounded(value)


def _rounded(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else float(f"{value:.{DIGITS}g}")


def _losses(run: RunRecord) -> dict[str, list[float | None]]:
    """The last loss of every network."""
    if run.history is None:
        return {}
    curves = [loss[np.isfinite(loss)] for loss in run.history.validation_loss]
    return {"loss": [_rounded(float(one[-1])) if len(one) else None for one in curves]}


def _outcome(row: NetworkRow) -> str:
    return f"{row.outcome}, {'learned' if row.learned else 'not learned'}"


def _chips(run: RunRecord, rows: Sequence[NetworkRow]) -> list[tuple[str, list[Chip]]]:
    outcomes = {
        "learned": [row.number for row in rows if row.learned],
        "not learned": [row.number for row in rows if not row.learned and row.outcome != "diverged"],
        "diverged": [row.number for row in rows if row.outcome == "diverged"],
    }
    groups = [("Outcome", outcomes)]
    if run.census is not None:
        labels = run.census.labels
        clusters = {cluster_name(at): _numbers(rows, labels == at) for at in range(int(labels.max(initial=-1)) + 1)}
        groups += [("Cluster", clusters)] if len(clusters) > 1 else []
        regimes = {words: [rows[at].number for at in members] for _, _, words, members in signature_members(run)}
        groups.append(("Regimes", regimes))
    return [(name, [_chip(*one) for one in members.items() if one[1]]) for name, members in groups]


def _numbers(rows: Sequence[NetworkRow], own: np.ndarray) -> list[int]:
    return [rows[at].number for at in np.flatnonzero(own).tolist()]


def _chip(name: str, numbers: Sequence[int]) -> Chip:
    return Chip(name, ",".join(map(str, numbers)), len(numbers))
