"""The player's module: its files joined into one, for a page and for a notebook."""

import json
import re
from functools import cache
from importlib import resources

FILES = (
    "cells.mjs",
    "damage.mjs",
    "random.mjs",
    "payload.mjs",
    "simulation.mjs",
    "cloud.mjs",
    "camera.mjs",
    "drawing.mjs",
    "space.mjs",
    "traces.mjs",
    "stimulation.mjs",
    "controls.mjs",
    "stage.mjs",
    "link.mjs",
    "pointer.mjs",
    "panel.mjs",
    "bars.mjs",
    "player.mjs",
)
"""In this order each file needs only those before it."""


@cache
def page_script() -> str:
    """A classic script, since a page opened from a folder may load no module: it starts every player in the page."""
    script = f'"use strict";\n(() => {{\n{joined("page.mjs")}}})();\n'
    return script.replace("</", "<\\/")


@cache
def widget_module() -> str:
    """The ES module that anywidget loads."""
    return joined("widget.mjs") + "export default { render };\n"


def joined(*ends: str) -> str:
    """The files without their imports and exports, and the style sheet as a constant: one scope holds all names.

    Args:
        ends: further files, which come last.
    """
    style = f"const STYLE = {json.dumps(_text('player.css'))};\n"
    return style + "".join(without_borders(_text(name)) for name in (*FILES, *ends))


def without_borders(text: str) -> str:
    """A module without its imports and exports."""
    text = re.sub(r"^import .*;\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"^export default .*;\n", "", text, flags=re.MULTILINE)
    return re.sub(r"^export ", "", text, flags=re.MULTILINE)


def _text(name: str) -> str:
    return (resources.files("recurra.report.play") / "player" / name).read_text(encoding="utf-8")
