"""The summary of any record: which sentence, picture and table belong to which kind."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from recurra.analysis import (
    Census,
    Chronometric,
    Lifetimes,
    Memories,
    MemoryCube,
    NonNormality,
    Performance,
    Program,
    Psychometric,
    PulseTable,
    Reduction,
    Regimes,
    RestingModes,
    SlowPoints,
    Spectrum,
    SpikingSearch,
    SpikingUnits,
    TransientGains,
)
from recurra.analysis.choices.records import ChoiceRecords
from recurra.analysis.cohorts.differences import Differences
from recurra.analysis.cohorts.effects import SweepEffects
from recurra.analysis.cohorts.sweep import Sweep
from recurra.analysis.cohorts.tuning import Tuning
from recurra.analysis.dossier_records import Dossier
from recurra.analysis.dynamics.fixed_points import FixedPoints
from recurra.analysis.memory.records import MemoryRecords
from recurra.analysis.own import OwnRecord
from recurra.analysis.record import RunRecord
from recurra.intervals import Proportion
from recurra.models.cohort import Cohort, History
from recurra.models.network import Network
from recurra.runs.census_runs import RunsCensus
from recurra.studies.verdicts import Verdict
from recurra.summaries.differences import differences_summary
from recurra.summaries.dossiers import (
    choices_summary,
    dossier_summary,
    memories_summary,
    points_summary,
    regimes_summary,
    run_summary,
    slow_points_summary,
)
from recurra.summaries.fields import facts_of, fields_summary, value_words
from recurra.summaries.networks import (
    cohort_summary,
    history_summary,
    network_summary,
    proportion_summary,
    trials_summary,
)
from recurra.summaries.sparklines import bars, plane
from recurra.summaries.summary import Fact, Picture, Summary
from recurra.summaries.sweeps import effects_summary, sweep_summary
from recurra.summaries.tunings import tuning_summary
from recurra.tasks.trials import Trials
from recurra.wording import as_sentence, is_or_are, number_of, percent, percent_high, percent_low, three
from recurra.words.attractors import attractor_words
from recurra.words.choices import chronometric_words, psychometric_words
from recurra.words.runs import held_words, shape_words
from recurra.words.spectra import gain_words, modes_words, outside_words
from recurra.words.spikes import search_words, units_words
from recurra.words.workings import census_words


def performance_words(measured: Performance) -> str:
    """The verdict, and the share of right trials with its interval."""
    low, high = percent_low(measured.success_low), percent_high(measured.success_high)
    share = f"{percent(measured.success)} % [{low}, {high}]"
    tested = f"{number_of(measured.trials, 'fresh trial')} {is_or_are(measured.trials)} right"
    return as_sentence(f"{measured.verdict}: {share} of {tested}")


def own_summary(record: OwnRecord) -> Summary:
    """The values of a user's own analysis by their names."""
    facts = tuple(
        Fact(name, value_words(np.asarray(record.values[name]) if axes else record.values[name], axes), meaning)
        for (name, axes), meaning in zip(record.axes.items(), record.meanings.values(), strict=True)
    )
    return Summary(f"OwnRecord: {number_of(len(facts), 'value')}", facts=facts)


def runs_census_summary(found: RunsCensus) -> Summary:
    """Whether the networks of the runs fall into clusters."""
    runs = number_of(len(found.compared.origins.names), "run")
    title = f"RunsCensus: {number_of(len(found.compared.names), 'network')} of {runs}"
    return Summary(title, (census_words(found.census),), facts_of(found))


def verdict_summary(verdict: Verdict) -> Summary:
    """The claim, and what was published and found."""
    return Summary(f"Verdict: {verdict.verdict}", (verdict.what,), facts_of(verdict, without=("what", "verdict")))


SUMMARIES: dict[type, Callable[[Any], Summary]] = {
    ChoiceRecords: choices_summary,
    Cohort: cohort_summary,
    Differences: differences_summary,
    Dossier: dossier_summary,
    FixedPoints: points_summary,
    History: history_summary,
    MemoryRecords: memories_summary,
    Network: network_summary,
    OwnRecord: own_summary,
    Proportion: proportion_summary,
    Regimes: regimes_summary,
    RunRecord: run_summary,
    RunsCensus: runs_census_summary,
    SlowPoints: slow_points_summary,
    Sweep: sweep_summary,
    SweepEffects: effects_summary,
    Trials: trials_summary,
    Tuning: tuning_summary,
    Verdict: verdict_summary,
}
"""The kinds of records whose summary is more than a sentence and a picture beside their fields."""

SENTENCES: dict[type, Callable[[Any], str]] = {
    Census: census_words,
    Chronometric: chronometric_words,
    Lifetimes: lambda record: f"{int((record.kind == 0).sum()):,} of {len(record.kind):,} memories are stable.",
    Memories: lambda record: as_sentence(held_words([record])),
    MemoryCube: lambda record: as_sentence(shape_words([record], ()) or "the memories stand on no parallelepiped"),
    NonNormality: lambda record: f"Henrici's departure is {three(record.henrici)}; that of a normal matrix is 0.",
    Performance: performance_words,
    Program: attractor_words,
    Psychometric: psychometric_words,
    PulseTable: lambda record: f"{record.right:,} of {record.reached.size:,} entries are as the task asks.",
    Reduction: lambda record: f"The rates fill {three(record.participation_ratio)} dimensions.",
    RestingModes: lambda record: as_sentence(f"rest {modes_words(record)}"),
    Spectrum: lambda record: as_sentence(outside_words(record)),
    SpikingSearch: search_words,
    SpikingUnits: units_words,
    TransientGains: lambda record: as_sentence(f"largest gain {gain_words(record)}"),
}
"""What is said of a record before its fields."""

PICTURES: dict[type, Callable[[Any], Picture]] = {
    Reduction: lambda record: bars(record.explained_variance),
    RestingModes: lambda record: plane(record.eigenvalues),
    Spectrum: lambda record: plane(record.eigenvalues),
}
"""The small picture of a record in a notebook."""


def summary_of(record: Any) -> Summary:
    """What is shown of a record.

    Args:
        record: any record, such as the result of an analysis.
    """
    kind = next((base for base in type(record).__mro__ if base in SUMMARIES), None)
    if kind is not None:
        return SUMMARIES[kind](record)
    say, draw = SENTENCES.get(type(record)), PICTURES.get(type(record))
    sentences = (say(record),) if say else ()
    return replace(fields_summary(record), sentences=sentences, picture=draw(record) if draw else None)
