"""How a network does its task, in words made from its records."""

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
from recurra.tasks.set_reset import SetReset
from recurra.wording import as_sentence, is_or_are, percent, three
from recurra.words.attractors import MOST_NAMED, attractor_words, forgotten_words, listed
from recurra.words.memories import memory_sentences

FEW = 3  # conditions of the most frequent kind up to which a signature names them
NOTHING = 0.01  # an output nearer to 0 than this is printed as 0
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
    """How a network works, sentence by sentence; what needs an analysis that failed is left out, and said last.

    Args:
        task: what it was trained on.
        dossier: its analysis.
        names: of the conditions of the probe.
    """
    told: list[Callable[[], str]] = []
    if dossier.memories is not None:
        told += memory_sentences(dossier.memories, dossier, task)
    elif isinstance(task, SetReset):
        told.append(lambda: level_words(dossier.regimes, names))
    else:
        told.append(lambda: regime_words(dossier.regimes, dossier.program, names))
    told.append(lambda: forgotten_words(dossier.program, answers_of(task), names))
    told.append(lambda: attractor_words(dossier.program))
    told.append(lambda: point_words(dossier.fixed_points))
    told.append(lambda: slow_words(len(dossier.slow_points)))
    yield from (sentence for one in told if (sentence := where_known(one, "")))
    if dossier.failures:
        yield f"Not known, since the analysis failed: {listed([in_words(name) for name in dossier.failures])}."
    if dossier.not_applicable:
        yield f"Not defined for these networks: {listed([in_words(name) for name in dossier.not_applicable])}."


def regime_words(found: Regimes, program: Program, names: Sequence[str]) -> str:
    """What a network does after each condition: "After 00 it rests; after 01 and 10 it oscillates with ..."."""
    if len(found) > MOST_NAMED:
        return _counted_regimes(found)
    groups: dict[tuple[str, int], list[str]] = {}
    for at, name in enumerate(names):
        wanders = found.kind_of(at) in (CHAOTIC, DRIFTING, UNDECIDED)
        groups.setdefault((_does(found, program, at), -1 if wanders else int(program.after[at])), []).append(name)
    told = [f"after {listed(members)} {does}" for (does, _), members in groups.items()]
    return as_sentence("; ".join(told))


def level_words(found: Regimes, names: Sequence[str]) -> str:
    """What each level of the set/reset flip-flop is: "The low level is an oscillation ..., the high level ..."."""
    told = [f"the {name} level is {LEVELS[found.kind_of(at)]}{_details(found, at)}" for at, name in enumerate(names)]
    return as_sentence("; ".join(told))


def point_words(found: FixedPoints) -> str:
    """How many there are: "It has 3 fixed points, all 3 proved, 2 of them stable, 2 of these proved stable; ..."."""
    count, stable = len(found), int((found.index == 0).sum())
    if not count:
        parts = ["No fixed point was found"]
    elif count == 1:
        proved = "proved" if found.certified else "not proved"
        sure = "proved" if found.stability_proved.all() else "computed"
        parts = [f"It has 1 fixed point, {proved}, {'stable' if stable else 'unstable'} as {sure}"]
    else:
        proved = f"all {count}" if found.certified == count else str(found.certified or "none")
        sure = f", {found.proved_stable or 'none'} of these proved stable" if stable else ""
        parts = [f"It has {count} fixed points, {proved} proved, {stable or 'none'} of them stable{sure}"]
    for flat, one, many in (
        (int(found.continuum.sum()), "stands for a continuum", "stand for continua"),
        (int(found.marginal.sum()), "is marginal to first order", "are marginal to first order"),
    ):
        if flat:
            parts.append(f"{'it' if count == 1 else flat} {one if flat == 1 else many}")
    missing = math.ceil(found.missing_at_least - 1e-9)
    more = f"at least {missing} more {is_or_are(missing)} to be expected"
    parts.append(more if missing else "nothing hints at more")
    return "; ".join(parts) + "."


def slow_words(count: int) -> str:
    """How many slow points there are besides; nothing where there are none."""
    return f"There {is_or_are(count)} {count} slow point{'s' if count > 1 else ''} besides." if count else ""


def signature_words(kinds: Sequence[str], names: Sequence[str]) -> str:
    """What a network does after every condition, short: "cycle after +++, fixed point otherwise".

    Args:
        kinds: of the regimes, in words.
        names: of the conditions.
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


def signatures(found: Census, task: Task) -> list[str]:
    """The regime signatures of a cohort in words, the most frequent one first.

    Args:
        found: the census.
        task: its conditions have the names.
    """
    names = task.condition_titles()
    return [signature_words([KINDS[kind] for kind in kinds], names) for kinds in found.signature_kinds]


def census_words(found: Census) -> str:
    """Whether the networks fall into groups, how true the map is, and whether those that do alike are alike."""
    compared, clusters = int(found.compared.sum()), int(found.labels.max(initial=-1)) + 1
    best, null = three(found.silhouette), three(float(found.null_silhouette.mean()))
    if compared < 2 * SMALLEST:
        grouping = f"{compared} networks are too few to look for clusters, which takes {2 * SMALLEST}"
    elif clusters > 1:
        grouping = (
            f"The networks fall into {clusters} clusters: silhouette {best}, against {null} in cohorts without any "
            f"(p = {three(found.p_value)})"
        )
    elif found.silhouette > 0:
        grouping = (
            f"The networks are one continuum: their best clustering has silhouette {best}, and {null} is the mean of "
            f"cohorts without clusters (p = {three(found.p_value)})"
        )
    else:
        grouping = "The networks are one continuum: no clustering has a silhouette above 0"
    left = len(found.compared) - compared
    out = (
        f" {left} network{'' if left == 1 else 's'} for which the measure has no number {is_or_are(left)} left out."
        if left
        else ""
    )
    near = ""
    if len(found.signature_count) > 1:
        near = (
            f" {percent(found.neighbour_share)} % have a nearest neighbour that does the same after every condition; "
            f"{percent(found.neighbour_chance)} % would by chance."
        )
    return f"{grouping}. The map has stress {three(found.stress)}; 0 would be exact.{near}{out}"


def output_words(value: float) -> str:
    """An output with three significant digits; what is next to nothing is 0."""
    return three(0.0 if abs(value) < NOTHING else float(value))


def plain_output(value: float) -> str:
    """An output with two decimals, for where there is little room; what is next to nothing is 0."""
    return "0" if abs(value) < NOTHING else f"{value:.2f}".replace("-", "−")


def _does(found: Regimes, program: Program, at: int) -> str:
    after = int(program.after[at])
    if after >= 0 and program.kind[after] == UNSTABLE:
        return "it rests at an unstable point"
    return DOES[found.kind_of(at)] + _details(found, at)


def _details(found: Regimes, at: int) -> str:
    if found.kind_of(at) == CYCLE:
        return f" with a period of {three(found.period_ms[at])} ms"
    if found.kind_of(at) == FIXED and found.mean_output.shape[1] == 1:
        return f" with output {output_words(found.mean_output[at, 0])}"
    return ""


def _counted_regimes(found: Regimes) -> str:
    """Of many conditions, how many there are of each kind."""
    counted = Counter(found.kind_of(at) for at in range(len(found)))
    told = [f"after {count} of {len(found)} conditions {DOES[kind]}" for kind, count in counted.most_common()]
    return as_sentence("; ".join(told))
