"""The rows of the report's tables: one a network."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from jaxtyping import Float

from recurra.analysis.dossier_records import Dossier
from recurra.analysis.failures import where_known
from recurra.analysis.memory.memory_tasks import memory_task
from recurra.analysis.record import RunRecord
from recurra.models.cohort import History
from recurra.plotting.colors import network_color
from recurra.plotting.scenes.learning import LOSS_TOP
from recurra.runs.spec import RunSpec
from recurra.status import Status
from recurra.tasks import Task
from recurra.tasks.rules import SUCCESSFUL
from recurra.wording import number_of, percent
from recurra.words.names import state_name
from recurra.words.runs import has_learned

SPARK = (120, 30)  # px of a sparkline


@dataclass(frozen=True)
class NetworkRow:
    """What the tables say of one network.

    Args:
        number: the number of the network.
        name: name of the network.
        color: its colour.
        learned: whether it does the task.
        outcome: its status, in a word.
        reason: what led to that.
        spark: the points of its loss curve, for an SVG polyline; empty where there is none.
        dossier: the dossier of the network.
        lost: the names of the memories that it does not hold; none where the task has none.
    """

    number: int
    name: str
    color: str
    learned: bool
    outcome: str
    reason: str
    spark: str
    dossier: Dossier
    lost: tuple[str, ...]


def rows(run: RunRecord, spec: RunSpec | None) -> list[NetworkRow]:
    """A row for every network of the run."""
    names = [run.about["name"]] if run.status is None else [f"Network {number}" for number in run.numbers]
    sparks = sparklines(run.history.validation_loss) if run.history else [""] * len(names)
    table = []
    for at, (number, dossier) in enumerate(zip(run.numbers, run.dossiers, strict=True)):
        table.append(
            NetworkRow(
                number=number,
                name=names[at],
                color=network_color(number),
                learned=has_learned(dossier),
                outcome=run.status[at].name if run.status else "imported",
                reason=reason(run.status[at], run.history, at, spec, dossier)
                if run.status and run.history and spec
                else "",
                spark=sparks[at],
                dossier=dossier,
                lost=where_known(partial(lost_memories, run.task, dossier), ()),
            )
        )
    return table


def lost_memories(task: Task, dossier: Dossier) -> tuple[str, ...]:
    """The names of the memories that a network does not hold."""
    if dossier.memories is None:
        return ()
    return tuple(state_name(state) for state in memory_task(task).states[~dossier.memories.held.held])


def reason(status: Status, history: History, at: int, spec: RunSpec, dossier: Dossier) -> str:
    """Why the training of the network at position `at` ended as it did, and what it does not do."""
    measured = np.flatnonzero(~np.isnan(history.success[at]))
    taken = int(history.step[measured[-1]]) if len(measured) else 0
    steps = number_of(taken, "step") if taken else "the first steps"
    match status:
        case Status.reached:
            ending = f"met its criterion ({spec.training.stop.words()}) after {steps}"
        case Status.missed:
            ending = f"did not meet its criterion ({spec.training.stop.words()}) in {steps}{_stage(history, at)}"
        case Status.diverged:
            ending = f"within {steps} its loss became infinite or far too large; the weights before that are shown"
        case _:
            ending = f"took {'its only step' if taken == 1 else f'all {steps}'}{_stage(history, at)}"
    share = where_known(lambda: dossier.performance.success, None)
    if share is None:
        return f"{ending}; whether fresh trials are right is not known"
    tested = "fresh trials are" if dossier.performance.trials > 1 else "the trial, always the same, is"
    failing = (
        "" if share >= SUCCESSFUL else f"; only {percent(share)} % of {tested} right, {100 * SUCCESSFUL:g} % are needed"
    )
    return ending + failing


def _stage(history: History, at: int) -> str:
    """That a network was still in an earlier stage of the curriculum, if it was."""
    left = [] if history.stages_left is None else history.stages_left[at][~np.isnan(history.stages_left[at])]
    if not len(left) or not left[-1]:
        return ""
    return f", with {number_of(int(left[-1]), 'stage')} of its curriculum left before the task itself"


def sparklines(losses: Float[np.ndarray, "network epoch"]) -> list[str]:
    """Loss curves on one logarithmic scale, as points of SVG polylines; empty for a curve with nothing finite."""
    width, height = SPARK
    finite = np.isfinite(losses) & (losses > 0)
    if not finite.any():
        return [""] * len(losses)
    heights = np.log10(np.where(finite, np.minimum(losses, LOSS_TOP), 1))
    low, high = heights[finite].min(), heights[finite].max()
    scale = (height - 6) / max(high - low, 1e-9)
    x = np.linspace(3, width - 3, losses.shape[1])
    return [_points(x[kept], 3 + (high - curve[kept]) * scale) for curve, kept in zip(heights, finite, strict=True)]


def pick(run: RunRecord, most: int) -> Sequence[int]:
    """Positions of the networks that the sections show: all, or some by rank of their error with best and worst."""
    if len(run.numbers) <= most:
        return range(len(run.numbers))
    errors = [where_known(lambda one=one: one.performance.mse, np.nan) for one in run.dossiers]
    order = np.argsort(np.nan_to_num(errors, nan=np.inf, posinf=np.inf), kind="stable")
    return sorted(int(order[rank]) for rank in np.linspace(0, len(order) - 1, most).round().astype(int))


def _points(x: Float[np.ndarray, "point"], y: Float[np.ndarray, "point"]) -> str:
    """Points of a polyline; a single one twice, so that it is drawn as a dot."""
    points = [f"{across:.1f},{down:.1f}" for across, down in zip(x, y, strict=True)]
    return " ".join(points * 2 if len(points) == 1 else points)
