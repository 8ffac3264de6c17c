"""What is shown of dossiers, runs and their regimes and fixed points."""

from collections.abc import Callable

import numpy as np

from recurra.analysis import FixedPoints, Regimes, SlowPoints
from recurra.analysis.choices.records import ChoiceRecords
from recurra.analysis.dossier_records import Dossier
from recurra.analysis.failures import Failure, Records, in_words, where_known
from recurra.analysis.memory.records import MemoryRecords
from recurra.analysis.record import RunRecord
from recurra.summaries.fields import facts_of, title_of
from recurra.summaries.networks import MOST_ROWS, counted
from recurra.summaries.sparklines import ROW, plane
from recurra.summaries.summary import Fact, Summary, Table
from recurra.wording import as_sentence, course_words, is_or_are, number_of, percent, three
from recurra.words.attractors import attractor_words, listed
from recurra.words.choices import choice_sentences, chronometric_words, psychometric_words
from recurra.words.runs import held_words, sentence
from recurra.words.spectra import gain_words, modes_words, outside_words
from recurra.words.summary import verdict_words
from recurra.words.workings import counted_regimes, output_words, point_words

MOST_POINTS = 10  # fixed points in a table, each with its eigenvalues


def dossier_summary(dossier: Dossier) -> Summary:
    """What was found of a network, a line for each kind of record; in a notebook its eigenvalues too."""
    told: dict[str, Callable[[], str]] = {
        "performance": lambda: _performance_words(dossier),
        "memories": lambda: held_words([dossier.memories.held] if dossier.memories else []),
        "psychometric": lambda: psychometric_words(dossier.choices.psychometric) if dossier.choices else "",
        "chronometric": lambda: chronometric_words(dossier.choices.chronometric) if dossier.choices else "",
        "spectrum": lambda: outside_words(dossier.spectrum),
        "modes at rest": lambda: modes_words(dossier.modes),
        "regimes": lambda: counted_regimes(dossier.regimes),
        "fixed points": lambda: _point_counts(dossier.fixed_points),
        "program": lambda: attractor_words(dossier.program),
        "transient gain": lambda: gain_words(dossier.gains),
    }
    undefined = [in_words(name) for name in dossier.not_applicable]
    told = {name: say for name, say in told.items() if name not in undefined}
    found = {name: where_known(say, "not known: its analysis failed") for name, say in told.items()}
    records = dossier.by_group()
    missing = [in_words(name) for name, record in records.items() if isinstance(record, Failure)]
    title = f"Dossier of a network: {verdict_words(dossier)}, {len(records) - len(missing)} records"
    facts = [Fact(name, words) for name, words in found.items() if words]
    if missing:
        facts.insert(0, Fact("missing", listed(missing), "records that failed or are not defined for this network"))
    picture = where_known(lambda: plane(dossier.spectrum.eigenvalues), None)
    return Summary(title, facts=tuple(facts), picture=picture)


def _performance_words(dossier: Dossier) -> str:
    measured = dossier.performance
    return (
        f"{percent(measured.success)} % of {number_of(measured.trials, 'fresh trial')} "
        f"{is_or_are(measured.trials)} right, mean squared error "
        f"{three(measured.mse)}"
    )


def _point_counts(points: FixedPoints) -> str:
    stable = int((points.index == 0).sum())
    return f"{stable} stable, {len(points) - stable} not; {points.certified:,} of {len(points):,} proved"


def memories_summary(memories: MemoryRecords) -> Summary:
    """Which memory records there are, and how many memories are held."""
    held = where_known(lambda: (as_sentence(held_words([memories.held])),), ())
    return _records_summary(memories, held)


def choices_summary(choices: ChoiceRecords) -> Summary:
    """Which records of choices there are, and what they say."""
    return _records_summary(choices, tuple(filter(None, (where_known(one, "") for one in choice_sentences(choices)))))


def _records_summary(records: Records, told: tuple[str, ...]) -> Summary:
    found = records.by_group()
    facts = tuple(
        Fact(name, f"failed: {record.reason}" if isinstance(record, Failure) else type(record).__name__)
        for name, record in found.items()
    )
    return Summary(f"{type(records).__name__}: {len(found)} records", told, facts)


def run_summary(run: RunRecord) -> Summary:
    """The result of a run in a sentence; in a notebook a row for each network."""
    rows = []
    for at, dossier in enumerate(run.dossiers[:MOST_ROWS]):
        status = run.status[at].name if run.status else "imported"
        measured = where_known(lambda one=dossier: one.performance, None)
        share = "–" if measured is None else percent(measured.success)
        eigenvalues = where_known(lambda one=dossier: plane(one.spectrum.eigenvalues, ROW), "–")
        told = where_known(lambda one=dossier: counted_regimes(one.regimes), "–")
        rows.append((str(run.numbers[at]), status, verdict_words(dossier), share, told, eigenvalues))
    left = run.dossiers[MOST_ROWS:]
    rest = f"and {len(left):,} more networks: {counted(map(verdict_words, left))}" if left else ""
    headings = ("network", "status", "verdict", "success (%)", "regimes", "eigenvalues")
    told = tuple(
        Fact(name, value)
        for name, value in (
            ("networks", f"{len(run.numbers):,}"),
            ("task", type(run.task).__name__ if run.task.known else "none given"),
            ("status", counted(status.name for status in run.status) if run.status else "imported"),
            ("verdict", counted(map(verdict_words, run.dossiers))),
            ("census", run.census_failure or ("none" if run.census is None else f"by {run.census.measure_name}")),
        )
    )
    title = f"RunRecord: {run.about.get('name') or 'no name'}"
    return Summary(title, (sentence(run),), told, table=Table(headings, tuple(rows), rest))


def regimes_summary(regimes: Regimes) -> Summary:
    """How many conditions lead to each kind of regime; in a notebook a row for each condition."""
    rows = tuple(
        (
            str(at),
            regimes.kind_of(at),
            three(float(regimes.period_ms[at])),
            course_words(float(regimes.time_constant_ms[at])),
            ", ".join(output_words(one) for one in regimes.mean_output[at][:6]),
            three(float(regimes.amplitude[at])),
        )
        for at in range(min(len(regimes), MOST_ROWS))
    )
    left = len(regimes) - len(rows)
    headings = ("condition", "kind", "period (ms)", "slowest mode", "mean output", "amplitude")
    table = Table(headings, rows, f"and {number_of(left, 'more condition')}" if left else "")
    return Summary(title_of(regimes), (counted_regimes(regimes),), facts_of(regimes), table=table)


def points_summary(points: FixedPoints) -> Summary:
    """How many fixed points there are, and how many are stable; in a notebook a row for each, the most found first."""
    order = np.argsort(-np.asarray(points.found), kind="stable")[:MOST_POINTS].tolist()
    rows = tuple(
        (
            str(at),
            _stability(int(points.index[at])),
            "proved" if np.isfinite(points.radius[at]) else "not proved",
            f"{int(points.found[at]):,}",
            three(float(np.abs(points.eigenvalues[at]).max(initial=0))),
            plane(points.eigenvalues[at], ROW),
        )
        for at in order
    )
    left = len(points) - len(rows)
    headings = ("point", "stability", "existence", "starts", "largest |μ|", "eigenvalues of one step")
    table = Table(headings, rows, f"and {number_of(left, 'more point')}" if left else "") if rows else None
    return Summary(title_of(points), (point_words(points),), facts_of(points), table=table)


def _stability(index: int) -> str:
    return number_of(index, "unstable mode") if index else "stable"


def slow_points_summary(points: SlowPoints) -> Summary:
    """How many slow points there are, and their eigenvalues."""
    count = len(points)
    met = number_of(count, "slow point") if count else "No slow points"
    said = f"{met} that {is_or_are(count)} no fixed point."
    return Summary(title_of(points), (said,), facts_of(points), plane(points.eigenvalues) if count else None)
