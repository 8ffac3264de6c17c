"""Comparisons in words: the verdict on a claim or on one of its rows."""

import math

from recurra.studies.verdicts import Comparison, Verdict


def verdict_of(
    what: str,
    published: str,
    found: str,
    comparison: Comparison,
    *,
    rows: tuple[Verdict, ...] = (),
    rule: str = "",
    note: str = "",
    percent: bool = False,
) -> Verdict:
    """The verdict that follows from a comparison.

    Args:
        what: the claim.
        published: the published result.
        found: our result.
        comparison: the interval and the margin.
        rows: the verdicts pooled in the claim.
        rule: the margin in words.
        note: further remarks.
        percent: whether the numbers are proportions, printed in per cent.
    """
    return Verdict(
        what=what,
        published=published,
        found=found,
        verdict=comparison.outcome,
        note=note,
        difference=interval_words(comparison, percent),
        rule=rule,
        power=power_words(comparison, percent),
        rows=rows,
    )


def cannot_compare(what: str, published: str, found: str, note: str, rows: tuple[Verdict, ...] = ()) -> Verdict:
    """The verdict if the two results are not about the same quantity, or if one of them has no number."""
    return Verdict(what, published, found, "cannot be compared", note, rows=rows)


def interval_words(comparison: Comparison, percent: bool = False) -> str:
    """An interval such as +0.03 [-0.02, +0.08]; a proportion that is not a difference has no sign."""
    signed = math.isfinite(comparison.margin[1]) or comparison.margin[0] <= 0
    value, low, high = (
        _number(one, percent, signed) for one in (comparison.difference, comparison.low, comparison.high)
    )
    return f"{value} [{low}, {high}]" + (" points" if percent and signed else " %" if percent else "")


def power_words(comparison: Comparison, percent: bool = False) -> str:
    """The power of the comparison: the chance of *agrees* if the results are equal, and the differences it detects."""
    if comparison.outcome == "cannot be compared":
        return ""
    if math.isinf(comparison.margin[1]):
        return f"agrees with a chance of {comparison.power:.0%} if it is {_number(comparison.truth, percent, False)}"
    smallest = _number(comparison.smallest, percent, False)
    return f"agrees with a chance of {comparison.power:.0%} if the two are equal; finds differences from {smallest} on"


def _number(value: float, percent: bool, signed: bool) -> str:
    sign = "+" if signed else ""
    return f"{100 * value:{sign}.0f}" if percent else f"{value:{sign}.2f}"
