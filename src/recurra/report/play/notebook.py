"""The player in a notebook."""

import html
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from recurra.models.cohort import Cohort
from recurra.models.network import Network, check_fit
from recurra.report.play.equations import equations_of
from recurra.report.play.module import widget_module
from recurra.report.play.page import page_of
from recurra.report.play.payload import payload_json, title_of
from recurra.report.play.played import visited_for_play
from recurra.report.play.runs import MOST
from recurra.storage.files import replace_text
from recurra.tasks import Task

if TYPE_CHECKING:
    from anywidget import AnyWidget  # pyright: ignore[reportMissingImports]

HEIGHT = 1_060  # px of the frame in a notebook


@dataclass(frozen=True)
class Player:
    """A network to play with: a notebook shows it as the last line of a cell.

    Args:
        title: what stands above it.
        payload: the networks and their task as JSON.
    """

    title: str
    payload: str = field(repr=False)

    def _repr_html_(self) -> str:
        """The whole page in a frame: it loads nothing, and works in an exported notebook too."""
        page = html.escape(page_of(self.title, self.payload), quote=True)
        style = f"width:100%;height:{HEIGHT}px;border:0"
        return (
            f'<iframe sandbox="allow-scripts" title="A network to play with" style="{style}" srcdoc="{page}"></iframe>'
        )

    def save(self, path: Path | str) -> None:
        """Write the page as one file that works offline; an older one is replaced.

        Args:
            path: the HTML file.
        """
        replace_text(Path(path), page_of(self.title, self.payload), folders=True)

    def widget(self) -> "AnyWidget":
        """The player as a widget without a frame, which needs anywidget: `pip install recurra[notebook]`.

        Raises:
            ImportError: anywidget is not installed.
        """
        try:
            import anywidget  # noqa: PLC0415 # pyright: ignore[reportMissingImports] - optional
            import traitlets  # noqa: PLC0415 # pyright: ignore[reportMissingImports] - comes with it
        except ImportError as error:
            raise ImportError(
                "a widget needs anywidget, which is not installed: pip install 'recurra[notebook]'"
            ) from error

        class PlayerWidget(anywidget.AnyWidget):
            _esm = widget_module()
            payload = traitlets.Unicode().tag(sync=True)

        return PlayerWidget(payload=self.payload)


def play(networks: Network | Cohort, task: Task | None = None, seed: int = 0) -> Player:
    """Trained networks to play with in a notebook, or in a page of their own.

    Give pulses by keys and buttons, watch the state move among the proved fixed points, kick it, cut connections,
    silence units. Principal components and fixed points are computed first, which takes seconds for 100 units.

    Args:
        networks: one network, or a cohort, of which the first four are played.
        task: what they were trained on; a cohort knows it.
        seed: seed of the search for fixed points.

    Raises:
        NotPlayableError: the networks have other equations than rate networks, GRU, LSTM and UGRNN, or too many units.

    Examples:
        ```python
        cohort = rc.load("runs/demo")
        rc.play(cohort)
        rc.play(cohort[0], cohort.task).save("play.html")
        ```
    """
    if isinstance(networks, Cohort):
        chosen, numbers, known = list(networks)[:MOST], networks.numbers, networks.task
    elif isinstance(networks, Network):
        chosen, numbers, known = [networks], (0,), None
    else:
        raise TypeError(f"networks is a {type(networks).__name__}; expected a Network, such as cohort[0], or a Cohort")
    task = task or known
    if task is None:
        raise ValueError("task is None; a network by itself does not know its task: give the one of its training")
    for one in chosen:
        check_fit(one, task)
        equations_of(one)
    found = [visited_for_play(number, one, task, seed) for number, one in zip(numbers, chosen, strict=False)]
    return Player(title_of(task), payload_json(task, title_of(task), found))
