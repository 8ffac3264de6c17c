"""A summary as HTML for a notebook: needs no script and no network, and takes its colours from the page around it."""

from html import escape

from recurra.summaries.summary import Fact, Picture, Summary, Table
from recurra.terminal import harmless

MOST_FACTS = 40  # most fields that are listed
LONGEST = 300  # characters of a cell; a longer one is cut
STYLE = (
    "<style>.recurra{color:inherit;line-height:1.4}.recurra p{margin:.2em 0}"
    ".recurra table{border-collapse:collapse;margin:.4em 0;background:none;color:inherit}"
    ".recurra th,.recurra td{text-align:left!important;padding:.1em .9em .1em 0;vertical-align:middle;"
    "background:none!important;color:inherit!important;border:0;max-width:46em;white-space:normal}"
    ".recurra th{font-weight:600}.recurra .pale{opacity:.7}.recurra svg{display:block;overflow:visible}"
    ".recurra thead th{border-bottom:1px solid currentColor}</style>"
)


def html_of(summary: Summary) -> str:
    """The title, what was found, a picture, a table, and what the record holds.

    Args:
        summary: what is shown of the record.
    """
    parts = [f"<p><strong>{_text(summary.title)}</strong></p>"]
    parts += [f"<p>{_text(sentence)}</p>" for sentence in summary.sentences]
    parts += [summary.picture.svg] if summary.picture else []
    parts += [_table(summary.table)] if summary.table else []
    if summary.facts and summary.table:
        parts.append(f"<details><summary>all that it holds</summary>{_facts(summary.facts)}</details>")
    elif summary.facts:
        parts.append(_facts(summary.facts))
    return f'{STYLE}<div class="recurra">{"".join(parts)}</div>'


def _facts(facts: tuple[Fact, ...]) -> str:
    """A row for each value: its name, what it is, and what that means."""
    rows = "".join(
        f'<tr><th scope="row">{_text(fact.name)}</th><td>{_text(fact.value)}</td>'
        f'<td class="pale">{_text(fact.meaning)}</td></tr>'
        for fact in facts[:MOST_FACTS]
    )
    more = len(facts) - MOST_FACTS
    return f"<table><tbody>{rows}</tbody></table>{f'<p>and {more} more</p>' if more > 0 else ''}"


def _table(table: Table) -> str:
    head = "".join(f'<th scope="col">{_text(heading)}</th>' for heading in table.headings)
    rows = "".join(f"<tr>{''.join(f'<td>{_cell(cell)}</td>' for cell in row)}</tr>" for row in table.rows)
    rest = f'<p class="pale">{_text(table.rest)}</p>' if table.rest else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{rest}"


def _cell(cell: str | Picture) -> str:
    return cell.svg if isinstance(cell, Picture) else _text(cell)


def _text(text: str) -> str:
    """A text from anywhere as text: cut, without control characters, and escaped."""
    text = harmless(text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…")
    return escape(text)
