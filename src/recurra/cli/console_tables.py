"""Consoles that print texts as they are, and tables that lose no column on a narrow terminal."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from recurra.terminal import harmless

PIPE_COLUMNS = 130  # of standard output if it is not a terminal
FRAME = 3  # terminal columns that a table column takes in addition to its text


class PlainConsole(Console):
    """A console that prints texts as they are: no markup, no emoji, no control characters."""

    def render_str(self, text: str, **options: Any) -> Text:
        return super().render_str(harmless(text), **{**options, "markup": False, "emoji": False})


def results_console() -> Console:
    """Standard output."""
    return PlainConsole(width=None if sys.stdout.isatty() else PIPE_COLUMNS, markup=False, emoji=False)


def progress_console() -> Console:
    """Standard error."""
    return PlainConsole(stderr=True, markup=False, emoji=False)


def print_table(console: Console, title: str, rows: Sequence[Mapping[str, str]], left: Sequence[str] = ()) -> None:
    """Print rows as a table; a table that is too wide is printed in parts, each with the first column.

    Args:
        console: the console.
        title: title above the table.
        rows: texts by heading, all rows with the same headings.
        left: headings of left-aligned columns.
    """
    headings = list(rows[0]) if rows else []
    parts = _parts(headings, rows, console.width)
    for number, part in enumerate(parts, 1):
        name = title if len(parts) == 1 else f"{title} ({number} of {len(parts)})"
        table = Table(title=name)
        for heading in part:
            table.add_column(heading, justify="left" if heading in left else "right", overflow="fold")
        for row in rows:
            table.add_row(*(row[heading] for heading in part))
        console.print(table)


def _parts(headings: Sequence[str], rows: Sequence[Mapping[str, str]], width: int) -> list[list[str]]:
    """The headings in groups that fit the width, with the first one in every group."""
    wide = {name: max(_width(text) for text in (name, *(row[name] for row in rows))) + FRAME for name in headings}
    parts: list[list[str]] = [list(headings[:1])]
    for name in headings[1:]:
        if len(parts[-1]) > 1 and 1 + sum(wide[one] for one in parts[-1]) + wide[name] > width:
            parts.append(list(headings[:1]))
        parts[-1].append(name)
    return parts


def _width(text: str) -> int:
    return max((cell_len(line) for line in harmless(text).split("\n")), default=0)
