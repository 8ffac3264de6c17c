"""A summary as a few lines for a terminal."""

import textwrap

from recurra.summaries.summary import Fact, Summary
from recurra.terminal import harmless

LINES, WIDTH = 8, 100  # most lines, and characters of a line
SENTENCES = 4  # most lines of sentences


def text_of(summary: Summary) -> str:
    """The title, what was found, and what the record holds, in at most eight lines.

    Args:
        summary: what is shown of the record.
    """
    found = [line for sentence in summary.sentences for line in _wrapped(sentence)]
    if len(found) > SENTENCES:
        found = [*found[: SENTENCES - 1], f"{found[SENTENCES - 1][: WIDTH - 1]}…"]
    lines = [_cut(harmless(" ".join(summary.title.split()))), *found]
    return "\n".join([*lines, *_fact_lines(summary.facts, LINES - len(lines))])


def _wrapped(sentence: str) -> list[str]:
    return textwrap.wrap(harmless(sentence), WIDTH, initial_indent="  ", subsequent_indent="  ")


def _fact_lines(facts: tuple[Fact, ...], room: int) -> list[str]:
    """A line for each fact; if there are too many, the last line names the others."""
    shown = facts if len(facts) <= room else facts[: room - 1]
    wide = max((len(fact.name) for fact in shown), default=0)
    lines = [f"  {fact.name:<{wide}}  {fact.value}" for fact in shown]
    others = ", ".join(fact.name for fact in facts[len(shown) :])
    return [_cut(harmless(" ".join(line.split("\n")))) for line in [*lines, *([f"  and {others}"] if others else [])]]


def _cut(line: str) -> str:
    return line if len(line) <= WIDTH else f"{line[: WIDTH - 1]}…"
