"""What is said of the differences between runs."""

import math
from collections.abc import Iterator

from recurra.analysis.cohorts.difference import ERROR_RATE, Difference
from recurra.analysis.cohorts.differences import Differences
from recurra.wording import number_of, three

MOST_NAMES = 8  # numbers that a sentence names


def differences_words(found: Differences) -> str:
    """How many numbers were tested, and in which the runs differ."""
    certain = [row for row in found.rows if row.p_corrected < ERROR_RATE]
    tests = number_of(len(found), "test")
    if not found.rows:
        return "Nothing was tested."
    if not certain:
        return f"In none of {tests} p is below {ERROR_RATE:g} after the correction for their number."
    told = [difference_words(row, several=len(found.runs) > 2) for row in certain[:MOST_NAMES]]
    more = f" and {len(certain) - MOST_NAMES} more" if len(certain) > MOST_NAMES else ""
    return f"In {len(certain)} of {tests} p is below {ERROR_RATE:g} after the correction: {', '.join(told)}{more}."


def difference_words(row: Difference, several: bool = False) -> str:
    """One difference, such as "success +0.12".

    Args:
        row: the difference.
        several: whether to name the run.
    """
    return f"{row.name}{f' of {row.run}' if several else ''} {signed(row.difference)}"


def signed(value: float) -> str:
    """A difference with its sign and three significant digits."""
    return f"{'+' if value > 0 else ''}{three(value + 0.0)}"


def interval_words(row: Difference) -> str:
    """The difference with its interval: "+0.128 [+0.0316, +0.395]"; the difference alone if it has none."""
    if math.isnan(row.low):
        return signed(row.difference)
    return f"{signed(row.difference)} [{signed(row.low)}, {signed(row.high)}]"


def p_words(p_value: float) -> str:
    """A p value: "0.0079", "< 0.0001", "–" for no test."""
    if math.isnan(p_value):
        return "–"
    return "< 0.0001" if p_value < 0.0001 else f"{p_value:.2g}"


def test_words(found: Differences) -> str:
    """Which tests the p values are of: "p: Mann-Whitney; of learned Fisher"."""
    tests: dict[str, list[str]] = {}
    for row in found.rows:
        tests.setdefault(row.test, []).append(row.name)
    most = max(tests, key=lambda test: len(tests[test]))
    others = [f"of {', '.join(dict.fromkeys(names))} {test}" for test, names in tests.items() if test != most]
    intervals = ", ".join(dict.fromkeys(row.interval for row in found.rows if row.interval != "none")) or "none"
    corrected = f"corrected by the method of Holm; intervals: {intervals}; δ is that of Cliff"
    return f"p: {'; '.join([most, *others])}; {corrected}"


def left_out_words(found: Differences) -> Iterator[str]:
    """Which numbers were not tested, and why; then the notes. A line each."""
    if found.same:
        yield f"the same in all networks, not tested: {', '.join(found.same)}"
    for other in dict.fromkeys(found.doubles.values()):
        names = [name for name, equal in found.doubles.items() if equal == other]
        yield f"equal to {other} in every network, not tested: {', '.join(names)}"
    for name, runs in found.lacking.items():
        yield f"known of no network of {', '.join(runs)}, not tested: {name}"
    yield from (f"note: {note}" for note in found.notes)
