"""A page that holds nothing but the player; it needs nothing else and opens offline."""

from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import jinja2

from recurra.report.play.module import page_script
from recurra.report.play.payload import payload_json, title_of
from recurra.report.play.played import PlayedNetwork
from recurra.storage.files import replace_text
from recurra.tasks import Task


def page_of(title: str, payload: str) -> str:
    """A page in which networks are played.

    Args:
        title: of the page.
        payload: the networks as `payload_json` gives them.
    """
    template = resources.files("recurra.report") / "templates" / "play_page.html.j2"
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    page = environment.from_string(template.read_text(encoding="utf-8"))
    return page.render(title=title, payload=payload, script=page_script()) + "\n"


def write_play(task: Task, networks: Sequence[PlayedNetwork], path: Path) -> None:
    """Write a page with networks as one file; an older one is replaced, and missing folders on the way to it are made.

    Args:
        task: what they were trained on.
        networks: one or more.
        path: the file.
    """
    title = title_of(task)
    replace_text(path, page_of(title, payload_json(task, title, networks)), folders=True)
