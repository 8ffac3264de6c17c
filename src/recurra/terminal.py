"""Output to the terminal: encodings, closed streams, and texts from outside, which are shown and never obeyed."""

import logging
import os
import re
import sys
from pathlib import Path

import typer

LONGEST_WORD, KEPT = 300, 120  # a longer word in a message keeps KEPT characters at either end
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def prepare_streams() -> None:
    """Prepare standard output and standard error for any text.

    A file or pipe gets UTF-8, which TOML and JSON require; a terminal keeps its encoding, and other characters become
    escapes; a closed stream discards what is written.
    """
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # it would print all but the first of several failed reads
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None or stream.closed:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors="backslashreplace")


def discard_output() -> None:
    """Discard pending writes to a broken standard output, so that the program ends silently."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def harmless(text: str) -> str:
    """A text whose control characters, which a terminal would obey, are replaced by escapes."""
    return CONTROL.sub(lambda match: match[0].encode("unicode_escape", "surrogatepass").decode(), text)


def one_line(text: str) -> str:
    """A message on one line, harmless, its longest words cut in the middle."""
    words = [w if len(w) <= LONGEST_WORD else f"{w[:KEPT]}…{w[-KEPT:]}" for w in harmless(text).split()]
    return " ".join(words)


def print_error(message: str) -> None:
    """One line on standard error that begins with the program's name."""
    typer.echo(f"recurra: {one_line(message)}", err=True)
