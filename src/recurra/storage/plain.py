"""Checks of plain values that anyone may have written, before they are used."""

import math
from typing import Any

from recurra.terminal import harmless

DEEPEST, LONGEST = 20, 10_000  # deepest nesting of lists and tables, and most characters of a text


def check_plain(value: Any, depth: int = 0) -> None:
    """Check that nothing in a value is too deep, too long, not finite, or a control character for a terminal.

    Args:
        value: numbers, texts, lists and tables.
        depth: number of lists and tables that the value is in.
    """
    if depth > DEEPEST:
        raise ValueError("is nested too deeply")
    if isinstance(value, str) and (len(value) > LONGEST or harmless(value) != value):
        raise ValueError(f"holds a text that is too long or has control characters: {value[:40]!r}")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("holds a number that is not finite")
    if isinstance(value, dict):
        for key, entry in value.items():
            check_plain(key, depth + 1)
            check_plain(entry, depth + 1)
    if isinstance(value, list):
        for entry in value:
            check_plain(entry, depth + 1)
