"""A page that holds nothing but the player; it needs nothing else and opens offline."""

from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import jinja2

from recurra.report.play.module import page_script
from recurra.report.play.payload import payload_json
from recurra.report.play.played import PlayedNetwork
from recurra.storage.files import replace_text
from recurra.tasks import Task


def play_html(task: Task, title: str, networks: Sequence[PlayedNetwork]) -> str:
    """A page in which networks are played.

    Args:
        task: what they were trained on.
        title: of the page.
        networks: one or more.
    """
    template = resources.files("recurra.report") / "templates" / "play_page.html.j2"
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    page = environment.from_string(template.read_text(encoding="utf-8"))
    return (
        page.render(title=title, payload=payload_json(task, title, networks), script=page_script(), name=task.title)
        + "\n"
    )


def write_play(task: Task, title: str, networks: Sequence[PlayedNetwork], path: Path) -> None:
    """Write that page as one file; an older one is replaced, and missing folders on the way to it are made.

    Args:
        task: as in `play_html`.
        title: as in `play_html`.
        networks: as in `play_html`.
        path: the file.
    """
    replace_text(path, play_html(task, title, networks), folders=True)
