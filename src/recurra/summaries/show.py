"""A record as text for a terminal and as HTML for a notebook."""

from typing import Any

from recurra.summaries.html import html_of
from recurra.summaries.records import summary_of
from recurra.summaries.text import text_of


def text(record: Any) -> str:
    """A few lines for a terminal."""
    return text_of(summary_of(record))


def html(record: Any) -> str:
    """A table with small pictures for a notebook."""
    return html_of(summary_of(record))
