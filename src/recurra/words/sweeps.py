"""What is said of a sweep: the share of networks that learned in each condition, and what the keys change."""

from collections.abc import Iterator, Sequence

from recurra.analysis.cohorts.difference import ERROR_RATE, Difference
from recurra.analysis.cohorts.effects import SweepEffects, Trend
from recurra.analysis.cohorts.sweep import Sweep
from recurra.analysis.cohorts.swept import SweptCondition
from recurra.intervals import Proportion
from recurra.wording import percent, percent_high, percent_low, three
from recurra.words.differences import interval_words

MOST_TOLD = 6  # differences that a sentence names


def sweep_words(sweep: Sweep) -> str:
    """The conditions in which most and fewest networks learned."""
    ranked = sorted(sweep.conditions, key=lambda one: -one.success_rate.value)
    best, worst = ranked[0], ranked[-1]
    count = sum(len(one.rows) for one in sweep.conditions)
    first = f"{len(sweep)} conditions, {count:,} networks."
    if best.success_rate.value == worst.success_rate.value:
        return f"{first} In every condition {percent(best.success_rate.value)} % of the networks learned their task."
    return f"{first} Most networks learned with {_told(best, ranked)}; fewest with {_told(worst, ranked)}."


def contrast_words(row: Difference) -> str:
    """Which values are compared: "units 100 vs 50"."""
    key = row.run.partition(" ")[0]
    return f"{row.run} vs {row.against.removeprefix(f'{key} ')}"


def share_words(share: Proportion) -> str:
    """A share with its interval: "95 % [76, 99]"."""
    return f"{percent(share.value)} % [{percent_low(share.low)}, {percent_high(share.high)}]"


def effects_words(effects: SweepEffects) -> str:
    """How many tests there were, and which p values are small after the correction for their number."""
    rows = (*effects.differences, *effects.trends)
    if not rows:
        return "Nothing was tested."
    certain = [row for row in rows if row.p_corrected < ERROR_RATE]
    tests = f"{len(rows)} test{'' if len(rows) == 1 else 's'}"
    if not certain:
        return f"In none of {tests} p is below {ERROR_RATE:g} after the correction for their number."
    told = [
        f"{row.name} with {row.key} (ρ {three(row.correlation)})"
        if isinstance(row, Trend)
        else f"{row.name} of {contrast_words(row)}: {interval_words(row)}"
        for row in certain[:MOST_TOLD]
    ]
    more = f" and {len(certain) - MOST_TOLD} more" if len(certain) > MOST_TOLD else ""
    return f"In {len(certain)} of {tests} p is below {ERROR_RATE:g} after the correction: {'; '.join(told)}{more}."


def note_words(effects: SweepEffects) -> Iterator[str]:
    """The notes, a line each."""
    yield from (f"note: {note}" for note in effects.notes)


def _told(one: SweptCondition, every: Sequence[SweptCondition]) -> str:
    """A condition, its share, and how many others have the same."""
    others = sum(other.success_rate.value == one.success_rate.value for other in every) - 1
    more = f" and {others} other{'' if others == 1 else 's'}" if others else ""
    return f"{one.label}{more} ({share_words(one.success_rate)})"
