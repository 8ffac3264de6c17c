"""Sentences about a whole run: how many networks learned, hold their memories and stand on a cube."""

import inspect
import math
import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TypeVar

import numpy as np

from recurra.analysis import Memories, MemoryCube
from recurra.analysis.dossier_records import Dossier
from recurra.analysis.failures import where_known
from recurra.analysis.record import RunRecord
from recurra.intervals import wilson_interval
from recurra.periods import Period
from recurra.status import Status
from recurra.tasks import Task
from recurra.wording import fixed, is_or_are, number_of, percent, percent_high, percent_low

Record = TypeVar("Record")
RIGHT = 0.2  # axes with at most this cosine are called orthogonal
EVEN = 1.25  # edges with at most this ratio are called equal
SHAPES = {2: ("a square", "a rectangle", "a parallelogram"), 3: ("a cube", "a right-angled box", "a parallelepiped")}
NO_TASK = (
    "No task was given, so performance, memories and answers to stimuli are missing, and all that follows is about the "
    "network left alone, without input; the task is named with --task NAME, or as the second argument of rc.inspect."
)
MORE = ("a hypercube", "a right-angled box", "a parallelepiped")


def span(values: Iterable[float]) -> str:
    """The lowest and the highest value: "0.981 to 0.993", or one number if both print alike."""
    low, high = (fixed(value) for value in _ends(values))
    return low if low == high else f"{low} to {high}"


def shape_of(cube: MemoryCube) -> int:
    """How regular the cube is: 0 right angles and equal edges, 1 right angles only, 2 skew, 3 no cube at all."""
    if not cube.stands:
        return 3
    if np.abs(cube.axis_cosines).max(initial=0) > RIGHT:
        return 2
    return int(cube.heights.max() / cube.heights.min() > EVEN)


def shape_words(cubes: Sequence[MemoryCube], before: Sequence[MemoryCube]) -> str:
    """The shape the memories form: "the memories stand on a cube, score 0.98 (0.17 before training)"; empty if none.

    Args:
        cubes: the cubes of the networks.
        before: the cubes of the same networks before training; empty if they are not known.
    """
    standing = [cube for cube in cubes if cube.stands]
    if not standing or len(standing[0].heights) < 2:
        return ""
    name = SHAPES.get(len(standing[0].heights), MORE)[max(map(shape_of, standing))]
    whose = "" if len(standing) == len(cubes) else f" of {len(standing):,} of {len(cubes):,}"
    untrained = f"{span(cube.score for cube in before)} before training" if before else "untrained: not known"
    return f"the memories{whose} stand on {name}, score {span(cube.score for cube in standing)} ({untrained})"


def held_words(memories: Sequence[Memories]) -> str:
    """How many memories the networks hold: "each holds 8 of 8 memories"; empty for networks without memories."""
    held = [int(one.held.sum()) for one in memories]
    if not held:
        return ""
    states = len(memories[0].held)
    if len(held) == 1:
        return f"it holds {held[0]:,} of {states:,} memories"
    if min(held) == max(held):
        return f"each holds {held[0]:,} of {states:,} memories"
    return f"they hold {min(held):,} to {max(held):,} of {states:,} memories"


def has_learned(dossier: Dossier) -> bool:
    """Whether a network is known to do its task on fresh trials."""
    return where_known(lambda: dossier.performance.learned, False)


def sentence(run: RunRecord) -> str:
    """The result of a run in one sentence; where no task was given, what therefore is missing."""
    if not run.task.known:
        return NO_TASK
    good = [dossier for dossier in run.dossiers if has_learned(dossier)]
    told = good or run.dossiers
    parts = [
        _success_words(run, len(good)),
        held_words(_known(told, lambda one: one.memories and one.memories.held)),
        _shape_words(run, told),
    ]
    diverged = [number for number, end in zip(run.numbers, run.status or (), strict=False) if end is Status.diverged]
    if diverged:
        parts.append(f"{joined([f'network {number}' for number in diverged])} diverged")
    failing = sum(bool(dossier.failures) for dossier in run.dossiers)
    if failing:
        what = "an analysis" if sum(len(dossier.failures) for dossier in run.dossiers) == 1 else "analyses"
        parts.append(
            f"{what} failed{'' if run.status is None else f' on {failing:,} of {len(run.dossiers):,}'}, see below"
        )
    return "; ".join(part for part in parts if part) + "."


def _known(dossiers: Sequence[Dossier], record: Callable[[Dossier], Record | None]) -> list[Record]:
    """The records of one kind, without the networks in which it is missing or its analysis failed."""
    records = [where_known(partial(record, dossier), None) for dossier in dossiers]
    return [one for one in records if one is not None]


def joined(words: Sequence[str], most: int = 5) -> str:
    """The names as "A, B and C"; if there are more than `most`, only their number."""
    if len(words) > most:
        return number_of(len(words), "network")
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def learned_interval(run: RunRecord) -> str:
    """How many networks learned, with the 95 % Wilson interval of their share."""
    share = wilson_interval(sum(map(has_learned, run.dossiers)), len(run.dossiers))
    return f"{share.count:,} of {share.total:,}, 95 % interval {percent_low(share.low)} to {percent_high(share.high)} %"


def task_summary(task: Task) -> str:
    """The first line of the task's docstring; empty if its class has no docstring of its own."""
    text = inspect.cleandoc(type(task).__doc__ or "")
    made_by_dataclass = text.startswith(f"{type(task).__name__}(")
    return "" if made_by_dataclass else re.sub(r"[$\\]", "", text.split("\n", maxsplit=1)[0])


def periods_words(periods: Sequence[Period]) -> str:
    """The periods of a trial: "before (0 to 30 ms), pulses (30 to 50 ms)"; empty if there is only one."""
    named = [f"{one.name} ({one.start_ms:g} to {one.end_ms:g} ms)" for one in periods]
    return ", ".join(named) if len(named) > 1 else ""


def _shape_words(run: RunRecord, told: Sequence[Dossier]) -> str:
    """The shape in the networks that hold their memories long; in others a cube would only echo the pulses."""
    whether = [any(one is other for other in told) and _holds(one) for one in run.dossiers]
    holding = [one for one, holds in zip(run.dossiers, whether, strict=True) if holds]
    before = [cube for cube, holds in zip(run.cubes_before or (), whether, strict=False) if holds and cube]
    return shape_words(_known(holding, lambda one: one.memories and one.memories.cube), before)


def _holds(dossier: Dossier) -> bool:
    return where_known(lambda: bool(dossier.memories and dossier.memories.held.held_long.all()), False)


def _success_words(run: RunRecord, good: int) -> str:
    task = run.task.title
    if run.status is None:
        name, performance = run.about["name"], where_known(lambda: run.dossiers[0].performance, None)
        if performance is None:
            return f"{name}: how many trials of the {task} are right is not known"
        tested = f"{number_of(performance.trials, 'fresh trial')} of the {task} {is_or_are(performance.trials)} right"
        return f"{name}: {percent(performance.success)} % of {tested}"
    return f"{good:,} of {number_of(len(run.dossiers), 'network')} learned the {task}"


def _ends(values: Iterable[float]) -> tuple[float, float]:
    finite = [value for value in values if math.isfinite(value)] or [math.nan]
    return min(finite), max(finite)
