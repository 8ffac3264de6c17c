"""One figure of a report."""

import html
import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass

import plotly.graph_objects as go

from recurra.analysis.failures import Failure, UnavailableError, attempted
from recurra.plotting.interactive.theme import note, styled

GAP = 120  # px: the height of what stands in the place of a figure
FINE = 12  # networks up to which figures are stored as they are, and spheres are fine
ESCAPED = re.compile(r"\\(?:\\|u00(?:3c|3e|2f))")  # what plotly escapes; a backslash of the text itself is a pair
PLAIN = {"\\u003c": "<", "\\u003e": ">", "\\u002f": "/"}


@dataclass(frozen=True)
class PageFigure:
    """One figure.

    Args:
        key: its name in the page.
        figure: the figure.
        label: a description of the figure in words.
        spatial: whether it needs WebGL.
    """

    key: str
    figure: go.Figure
    label: str
    spatial: bool = False

    @property
    def height(self) -> int:
        return int(self.figure.layout.height)  # pyright: ignore[reportAttributeAccessIssue]

    @property
    def json(self) -> str:
        """The figure as JSON that can stand in a script element: no `<` in it.

        Plotly makes markup of what looks like it, links too; of a stranger's names only line breaks are taken for it,
        and the empty `<extra>` by which a label under the pointer leaves out the name of its trace.
        """
        text = ESCAPED.sub(lambda found: PLAIN.get(found[0], found[0]), str(self.figure.to_json()))
        text = re.sub(r"<(?!br>)", "&lt;", text).replace("&lt;extra>&lt;/extra>", "<extra></extra>")
        return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


@dataclass(frozen=True)
class PlannedFigure:
    """A figure that may be drawn.

    Args:
        key: its name in the page.
        make: draws it.
    """

    key: str
    make: Callable[[], PageFigure]

    def panel(self) -> PageFigure:
        """The figure; where what it shows is not known, or it cannot be drawn, the reason in its place."""
        drawn = attempted(self._drawn)
        return gap(self.key, drawn.reason) if isinstance(drawn, Failure) else drawn

    def _drawn(self) -> PageFigure | Failure:
        try:
            return self.make()
        except UnavailableError as error:
            return Failure(str(error))


def gap(key: str, reason: str) -> PageFigure:
    """What stands in the place of a figure.

    Args:
        key: the key of the figure.
        reason: why it is not there.
    """
    told = f"No figure: {reason}"
    figure = styled(go.Figure(), GAP)
    figure.update_xaxes(visible=False).update_yaxes(visible=False)
    text = "<br>".join(textwrap.wrap(html.escape(told), 70))
    place = {"xref": "paper", "yref": "paper", "xanchor": "left", "align": "left"}
    figure.add_annotation(**note(0, 0.5, text, **place))
    return PageFigure(key, figure, told)
