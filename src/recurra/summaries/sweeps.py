"""What is shown of a sweep and of its effects."""

from recurra.analysis.cohorts.effects import SweepEffects
from recurra.analysis.cohorts.sweep import Sweep
from recurra.summaries.summary import Summary, Table
from recurra.wording import three
from recurra.words.differences import interval_words, p_words
from recurra.words.sweeps import contrast_words, effects_words, share_words, sweep_words

MOST_ROWS = 40  # of a table; the others are summed up


def sweep_summary(sweep: Sweep) -> Summary:
    """In which conditions most and fewest networks learned; in a notebook a row for each condition."""
    keys = ", ".join(key.key for key in sweep.keys)
    shown = sweep.conditions[:MOST_ROWS]
    rows = tuple((one.label, str(len(one.rows)), share_words(one.success_rate)) for one in shown)
    rest = f"and {len(sweep) - MOST_ROWS} further conditions" if len(sweep) > MOST_ROWS else ""
    table = Table(("condition", "networks", "learned [95 %]"), rows, rest)
    return Summary(f"Sweep: {sweep.name}, {len(sweep):,} conditions of {keys}", (sweep_words(sweep),), table=table)


def effects_summary(effects: SweepEffects) -> Summary:
    """In which numbers values differ, or which numbers go with a key; in a notebook a row for each test."""
    tests = len(effects.differences) + len(effects.trends)
    differences = [
        (row.name, contrast_words(row), interval_words(row), p_words(row.p_value), p_words(row.p_corrected))
        for row in effects.differences
    ]
    trends = [
        (row.name, row.key, f"ρ {three(row.correlation)}", p_words(row.p_value), p_words(row.p_corrected))
        for row in effects.trends
    ]
    rows = (*differences, *trends)
    rest = f"and {len(rows) - MOST_ROWS} further tests" if len(rows) > MOST_ROWS else ""
    table = Table(("number", "value", "difference [95 %]", "p", "corrected p"), rows[:MOST_ROWS], rest)
    said = (effects_words(effects), *(f"Note: {note}." for note in effects.notes))
    return Summary(f"SweepEffects: {tests} test{'' if tests == 1 else 's'}", said, table=table)
