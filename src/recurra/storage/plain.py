"""Plain values that anyone may have written: judged before they are used."""

import math
from typing import Any

from recurra.terminal import harmless

DEEPEST, LONGEST = 20, 10_000  # of lists and tables in each other, and of a text


def check_plain(value: Any, depth: int = 0) -> None:
    """Nothing too deep, too long, not finite, or that a terminal would obey.

    Args:
        value: numbers, texts, lists and tables.
        depth: of lists and tables that it is in.
    """
    if depth > DEEPEST:
        raise ValueError("is nested too deeply")
    if isinstance(value, str) and (len(value) > LONGEST or harmless(value) != value):
        raise ValueError(f"holds a text that is too long or has control characters: {value[:40]!r}")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("holds a number that is not finite")
    if isinstance(value, dict):
        for key, one in value.items():
            check_plain(key, depth + 1)
            check_plain(one, depth + 1)
    if isinstance(value, list):
        for one in value:
            check_plain(one, depth + 1)
