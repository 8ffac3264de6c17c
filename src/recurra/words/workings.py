"""Sentences about how a network does its task: regimes, fixed points, attractors and the census."""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from recurra.analysis import Census, FixedPoints, Program
from recurra.analysis.cohorts.census import SMALLEST
from recurra.analysis.dossier_records import Dossier
from recurra.analysis.dynamics.program import UNSTABLE, answers_of
from recurra.analysis.dynamics.regimes import (
    CHAOTIC,
    CYCLE,
    DRIFTING,
    FIXED,
    KINDS,
    QUASIPERIODIC,
    QUIESCENT,
    UNDECIDED,
    Regimes,
)
from recurra.analysis.failures import in_words, where_known
from recurra.tasks import Task
from recurra.tasks.no_task import NEEDED
from recurra.wording import as_sentence, is_or_are, number_of, percent, three
from recurra.words.attractors import MOST_NAMED, attractor_words, forgotten_words, listed
from recurra.words.choices import choice_sentences
from recurra.words.memories import memory_sentences

FEW = 3  # a signature names the conditions of its most frequent kind up to this number; for more it says "otherwise"
NOTHING = 0.01  # an output with a smaller absolute value is printed as 0
NAMES = {
    QUIESCENT: "rest",
    FIXED: "fixed point",
    CYCLE: "cycle",
    CHAOTIC: "chaos",
    DRIFTING: "drift",
    QUASIPERIODIC: "several periods",
    UNDECIDED: "undecided",
}
DOES = {
    QUIESCENT: "it rests",
    FIXED: "it goes to a fixed point",
    CYCLE: "it oscillates",
    CHAOTIC: "it is chaotic",
    DRIFTING: "it drifts",
    QUASIPERIODIC: "it oscillates with several independent periods",
    UNDECIDED: "what it does is undecided in the time that was looked at",
}
LEVELS = {
    QUIESCENT: "rest",
    FIXED: "a fixed point",
    CYCLE: "an oscillation",
    CHAOTIC: "chaos",
    DRIFTING: "a drift that does not settle",
    QUASIPERIODIC: "an oscillation with several independent periods",
    UNDECIDED: "undecided in the time that was looked at",
}


def sentences(task: Task, dossier: Dossier, names: Sequence[str]) -> Iterator[str]:
    """How a network works, one sentence at a time; sentences of failed analyses are left out and named at the end.

    Args:
        task: the task the network was trained on.
        dossier: the dossier of the network.
        names: the names of the conditions of the probe.
    """
    told: list[Callable[[], str]] = []
    if dossier.memories is not None:
        told += memory_sentences(dossier.memories, dossier, task)
    elif task.conditions_are_levels:
        told.append(lambda: level_words(dossier.regimes, names))
    else:
        told.append(lambda: regime_words(dossier.regimes, dossier.program, names))
    if dossier.choices is not None:
        told += choice_sentences(dossier.choices)
    told.append(lambda: forgotten_words(dossier.program, answers_of(task), names))
    told.append(lambda: attractor_words(dossier.program))
    told.append(lambda: point_words(dossier.fixed_points))
    told.append(lambda: slow_words(len(dossier.slow_points)))
    yield from (sentence for one in told if (sentence := where_known(one, "")))
    if dossier.failures:
        yield f"Not known, since the analysis failed: {listed([in_words(name) for name in dossier.failures])}."
    undefined = [in_words(name) for name, reason in dossier.not_applicable.items() if reason != NEEDED]
    if undefined:
        yield f"Not defined for these networks: {listed(undefined)}."


def regime_words(regimes: Regimes, program: Program, names: Sequence[str]) -> str:
    """What a network does after each condition: "After 00 it rests; after 01 and 10 it oscillates with ..."."""
    if len(regimes) > MOST_NAMED:
        return counted_regimes(regimes)
    groups: dict[tuple[str, int], list[str]] = {}
    for at, name in enumerate(names):
        wanders = regimes.kind_of(at) in (CHAOTIC, DRIFTING, UNDECIDED)
        groups.setdefault((_does(regimes, program, at), -1 if wanders else int(program.after[at])), []).append(name)
    told = [f"after {listed(members)} {does}" for (does, _), members in groups.items()]
    return as_sentence("; ".join(told))


def level_words(regimes: Regimes, names: Sequence[str]) -> str:
    """How a network holds each level: "The low level is an oscillation ...; the high level is a fixed point ..."."""
    told = [
        f"the {name} level is {LEVELS[regimes.kind_of(at)]}{_details(regimes, at)}" for at, name in enumerate(names)
    ]
    return as_sentence("; ".join(told))


def point_words(points: FixedPoints) -> str:
    """How many fixed points there are: "It has 3 fixed points, all 3 proved, 2 of them stable, ..."."""
    count, stable = len(points), int((points.index == 0).sum())
    if not count:
        parts = ["No fixed point was found"]
    elif count == 1:
        proved = "proved" if points.certified else "not proved"
        sure = "proved" if points.stability_proved.all() else "computed"
        parts = [f"It has 1 fixed point, {proved}, {'stable' if stable else 'unstable'} as {sure}"]
    else:
        proved = f"all {count}" if points.certified == count else str(points.certified or "none")
        sure = f", {points.proved_stable or 'none'} of these proved stable" if stable else ""
        parts = [f"It has {count} fixed points, {proved} proved, {stable or 'none'} of them stable{sure}"]
    for flat, one, many in (
        (int(points.continuum.sum()), "stands for a continuum", "stand for continua"),
        (int(points.marginal.sum()), "is marginal to first order", "are marginal to first order"),
    ):
        if flat:
            parts.append(f"{'it' if count == 1 else flat} {one if flat == 1 else many}")
    missing = math.ceil(points.missing_at_least - 1e-9)
    more = f"at least {missing} more {is_or_are(missing)} to be expected"
    parts.append(more if missing else "nothing hints at more")
    return "; ".join(parts) + "."


def slow_words(count: int) -> str:
    """How many slow points there are besides the fixed points; empty if there are none."""
    return f"There {is_or_are(count)} {number_of(count, 'slow point')} besides." if count else ""


def signature_words(kinds: Sequence[str], names: Sequence[str]) -> str:
    """The regimes after all conditions in a few words: "cycle after +++, fixed point otherwise".

    Args:
        kinds: the kind of regime after each condition.
        names: the names of the conditions.
    """
    counted = Counter(NAMES[kind] for kind in kinds)
    if len(counted) == 1:
        return f"{next(iter(counted))} after every condition"
    if len(names) > MOST_NAMED:
        return ", ".join(f"{name} after {count} of {len(names)} conditions" for name, count in counted.most_common())
    after = {name: [one for one, kind in zip(names, kinds, strict=True) if NAMES[kind] == name] for name in counted}
    common, count = counted.most_common(1)[0]
    rest = after.pop(common) if count > FEW else None
    told = [f"{name} after {listed(members)}" for name, members in after.items()]
    return ", ".join([*told, f"{common} otherwise"] if rest else told)


def signatures(census: Census, task: Task) -> list[str]:
    """The regime signatures of a cohort in words, the most frequent one first.

    Args:
        census: the census of the cohort.
        task: the task of the cohort, which names the conditions.
    """
    names = task.condition_titles()
    return [signature_words([KINDS[kind] for kind in kinds], names) for kinds in census.signature_kinds]


def census_words(census: Census) -> str:
    """Whether the networks fall into clusters, how exact the map is, and whether neighbours have the same regimes."""
    compared, clusters = int(census.compared.sum()), int(census.labels.max(initial=-1)) + 1
    best, null = three(census.silhouette), three(float(census.null_silhouette.mean()))
    if compared < 2 * SMALLEST:
        grouping = f"{compared} networks are too few to look for clusters, which takes {2 * SMALLEST}"
    elif clusters > 1:
        grouping = (
            f"The networks fall into {clusters} clusters: silhouette {best}, against {null} in cohorts without any "
            f"(p = {three(census.p_value)})"
        )
    elif census.silhouette > 0:
        grouping = (
            f"The networks are one continuum: their best clustering has silhouette {best}, and {null} is the mean of "
            f"cohorts without clusters (p = {three(census.p_value)})"
        )
    else:
        grouping = "The networks are one continuum: no clustering has a silhouette above 0"
    left = len(census.compared) - compared
    out = (
        f" {number_of(left, 'network')} for which the measure has no number {is_or_are(left)} left out." if left else ""
    )
    near = ""
    if len(census.signature_count) > 1:
        near = (
            f" {percent(census.neighbour_share)} % have a nearest neighbour that does the same after every condition; "
            f"{percent(census.neighbour_chance)} % would by chance."
        )
    return f"{grouping}. The map has stress {three(census.stress)}; 0 would be exact.{near}{out}"


def output_words(value: float) -> str:
    """An output with three significant digits; an output nearer to 0 than `NOTHING` is 0."""
    return three(0.0 if abs(value) < NOTHING else float(value))


def plain_output(value: float) -> str:
    """An output with two decimals, for narrow places; an output nearer to 0 than `NOTHING` is 0."""
    return "0" if abs(value) < NOTHING else f"{value:.2f}".replace("-", "−")


def _does(regimes: Regimes, program: Program, at: int) -> str:
    after = int(program.after[at])
    if after >= 0 and program.kind[after] == UNSTABLE:
        return "it rests at an unstable point"
    return DOES[regimes.kind_of(at)] + _details(regimes, at)


def _details(regimes: Regimes, at: int) -> str:
    if regimes.kind_of(at) == CYCLE:
        return f" with a period of {three(regimes.period_ms[at])} ms"
    if regimes.kind_of(at) == FIXED and regimes.mean_output.shape[1] == 1:
        return f" with output {output_words(regimes.mean_output[at, 0])}"
    return ""


def counted_regimes(regimes: Regimes) -> str:
    """How many conditions lead to each kind of regime, for tasks with many conditions."""
    counted = Counter(regimes.kind_of(at) for at in range(len(regimes)))
    told = [f"after {count} of {len(regimes)} conditions {DOES[kind]}" for kind, count in counted.most_common()]
    return as_sentence("; ".join(told))
