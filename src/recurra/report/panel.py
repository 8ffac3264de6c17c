"""One figure of a report."""

from dataclasses import dataclass

import plotly.graph_objects as go

FINE = 12  # networks up to which each has all details, and spheres are fine


@dataclass(frozen=True)
class Panel:
    """One figure.

    Args:
        key: its name in the page.
        figure: what is drawn.
        label: what it shows, in words.
        spatial: whether it needs WebGL.
        detail: whether it is left out for networks that the sections do not show, where there are many.
    """

    key: str
    figure: go.Figure
    label: str
    spatial: bool = False
    detail: bool = False

    @property
    def height(self) -> int:
        return int(self.figure.layout.height)  # pyright: ignore[reportAttributeAccessIssue]

    @property
    def json(self) -> str:
        """The figure as JSON that can stand in a script element: no `<` in it."""
        return (
            str(self.figure.to_json()).replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
        )
