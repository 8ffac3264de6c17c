"""What is shown of the differences between runs."""

from recurra.analysis.cohorts.differences import Differences
from recurra.summaries.fields import facts_of
from recurra.summaries.summary import Summary, Table
from recurra.wording import three
from recurra.words.differences import differences_words, interval_words, p_words, signed

MOST_ROWS = 40  # of a table; the others are summed up


def differences_summary(found: Differences) -> Summary:
    """Which runs are compared, and in which numbers they differ; in a notebook a row for each number."""
    first, *others = found.runs
    title = f"Differences: {len(found):,} tests of {', '.join(others)} against {first}"
    return Summary(
        title, (differences_words(found),), facts_of(found, without=("doubles", "lacking")), table=_table(found)
    )


def _table(found: Differences) -> Table:
    rows = tuple(
        (
            row.name,
            row.run,
            three(row.mean_against),
            three(row.mean),
            interval_words(row),
            signed(row.effect),
            p_words(row.p_value),
            p_words(row.p_corrected),
        )
        for row in found.rows[:MOST_ROWS]
    )
    rest = f"and {len(found) - MOST_ROWS} smaller differences" if len(found) > MOST_ROWS else ""
    first = found.runs[0]
    headings = ("number", "run", f"mean of {first}", "mean of the run", "difference [95 %]", "δ", "p", "corrected p")
    return Table(headings, rows, rest)
