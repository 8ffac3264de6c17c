"""What is shown of a record, before it is text or HTML."""

from dataclasses import dataclass
from typing import final


@final
@dataclass(frozen=True)
class Fact:
    """One thing that a record holds.

    Args:
        name: its name, mostly that of the field.
        value: what it is, in a few words.
        meaning: what the docstring says of it; empty if nothing.
    """

    name: str
    value: str
    meaning: str = ""


@final
@dataclass(frozen=True)
class Picture:
    """A small picture.

    Args:
        svg: its markup, made from numbers alone.
    """

    svg: str


@final
@dataclass(frozen=True)
class Table:
    """A table for a notebook.

    Args:
        headings: the headings of the columns.
        rows: the cells of each row.
        rest: what the rows that are left out hold, in a line; empty if there are none.
    """

    headings: tuple[str, ...]
    rows: tuple[tuple[str | Picture, ...], ...]
    rest: str = ""


@final
@dataclass(frozen=True)
class Summary:
    """What is shown of a record.

    Args:
        title: what it is, in a line.
        sentences: what was found.
        facts: what it holds, the most important first.
        picture: a picture of it, for a notebook; None for none.
        table: a table, for a notebook; None for none.
    """

    title: str
    sentences: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()
    picture: Picture | None = None
    table: Table | None = None
