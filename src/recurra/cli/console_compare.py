"""The output of the compare command."""

import math

from recurra.analysis.cohorts.difference import Difference
from recurra.analysis.cohorts.differences import Differences
from recurra.cli.console_tables import print_table, results_console
from recurra.wording import whole_or_three
from recurra.words.differences import differences_words, interval_words, left_out_words, p_words, test_words

MOST = 30  # rows of a table; the rest is in the JSON


def print_comparison(found: Differences) -> None:
    """A table of the settings that differ, a table of differences for each run, and lines about what is left out.

    Args:
        found: the comparison.
    """
    console = results_console()
    settings = [
        {
            "setting": key,
            **{run: "–" if value is None else str(value) for run, value in zip(found.runs, values, strict=True)},
        }
        for key, values in found.settings.items()
    ]
    if settings:
        print_table(console, "", settings, left=("setting",))
    for at, run in enumerate(found.runs[1:], 1):
        rows = [row for row in found.rows if row.run == run]
        some_missing = any(row.missing for row in rows[:MOST])
        if rows:
            print_table(console, _title(found, at), [_row(row, some_missing) for row in rows[:MOST]], left=("number",))
        if len(rows) > MOST:
            console.print(f"and {len(rows) - MOST} smaller differences; --json has all", highlight=False, markup=False)
    tests = [test_words(found)] if found.rows else []
    console.print("\n".join([differences_words(found), *tests, *left_out_words(found)]), highlight=False, markup=False)


def _title(found: Differences, at: int) -> str:
    pairs, count, first = found.pairs[at - 1], found.networks[at], found.networks[0]
    how = f"{pairs} pairs" if pairs else f"{count} and {first} networks"
    return f"{found.runs[at]} minus {found.runs[0]}, {how}"


def _row(row: Difference, some_missing: bool) -> dict[str, str]:
    missing = {"networks": f"{row.networks_against} / {row.networks}"} if some_missing else {}
    return {
        "number": row.name,
        row.against: whole_or_three(row.mean_against),
        row.run: whole_or_three(row.mean),
        "difference [95 %]": interval_words(row),
        "δ": "–" if math.isnan(row.effect) else f"{row.effect + 0.0:+.2f}".replace("-", "−"),
        "p": p_words(row.p_value),
        "corrected": p_words(row.p_corrected),
        **missing,
    }
