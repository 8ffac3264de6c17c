"""The script of a report's page: its files joined into one."""

from functools import cache
from importlib import resources

from recurra.report.play.module import without_borders

FILES = ("unpack.mjs", "selection.mjs", "emphasis.mjs", "keys.mjs", "explorer.mjs", "page.mjs")
"""In this order each file needs only those before it."""


@cache
def report_script() -> str:
    """A classic script, since a page opened from a folder may load no module."""
    folder = resources.files("recurra.report") / "explorer"
    text = "".join(without_borders((folder / name).read_text(encoding="utf-8")) for name in FILES)
    return f'"use strict";\n(() => {{\n{text}}})();\n'.replace("</", "<\\/")
