"""Learning curves of networks."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from recurra.plotting.colors import FRAME, INK
from recurra.plotting.interactive.theme import styled
from recurra.plotting.scenes.learning import TITLES, LearningCurves
from recurra.status import Status

ENDS = {Status.diverged: "x", Status.reached: "circle"}
MOVE = "triangle-up"


def learning_curves(scene: LearningCurves, numbers: Sequence[int] = ()) -> go.Figure:
    """Loss (logarithmic) and success on validation trials, one line per network.

    A cross marks where a network diverged, a dot where it met its criterion, a triangle where it moved to the next
    stage of a curriculum.

    Args:
        scene: the curves.
        numbers: of the networks, by which the page finds their lines.
    """
    figure = make_subplots(rows=1, cols=2, horizontal_spacing=0.09, subplot_titles=TITLES)
    for column in (1, 2):
        for number, curve in zip(numbers or [None] * len(scene.curves), scene.curves, strict=True):
            line = go.Scatter(
                meta=number,
                x=scene.trials.astype(np.float32),
                y=(curve.loss if column == 1 else curve.percent).astype(np.float32),
                mode="lines" if len(scene.trials) > 1 else "markers",
                line={"color": curve.color, "width": 2 if scene.named else 1},
                marker={"color": curve.color},
                opacity=1 if scene.named else 0.5,
                name=curve.name,
                legendgroup=curve.name,
                showlegend=scene.named and column == 1,
            )
            figure.add_trace(line, row=1, col=column)
        figure.add_traces(_ends(scene, numbers, column), rows=1, cols=column)
    styled(figure, 400, margin=(64, 20, 34, 84))
    figure.update_traces(hovertemplate="%{y:.3g} after %{x:,.0f} trials")
    _axes(figure, scene)
    return figure


def _ends(scene: LearningCurves, numbers: Sequence[int], column: int) -> list[go.Scatter]:
    """The marks of moves to a next stage and of informative ends, with the numbers of networks where given."""
    marks = []
    for number, curve in zip(numbers or [None] * len(scene.curves), scene.curves, strict=True):
        values = curve.loss if column == 1 else curve.percent
        last = np.flatnonzero(np.isfinite(values))[-1:].tolist()
        symbols = [(at, MOVE) for at in curve.moves] + [(at, ENDS[curve.end]) for at in last if curve.end in ENDS]
        marks += [(scene.trials[at], values[at], curve.color, symbol, number) for at, symbol in symbols]
    if not marks:
        return []
    x, y, colors, symbols, owners = (list(part) for part in zip(*marks, strict=True))
    look = {"color": colors, "symbol": symbols, "size": 7}
    return [go.Scatter(x=x, y=y, mode="markers", marker=look, customdata=owners, name="ends", showlegend=False)]


def _axes(figure: go.Figure, scene: LearningCurves) -> None:
    decades = (float(np.log10(scene.loss_limits[0])), float(np.log10(scene.loss_limits[1])))
    figure.update_xaxes(title_text="Training trials", rangemode="tozero", separatethousands=True)
    figure.update_yaxes(type="log", dtick=1, exponentformat="power", range=decades, col=1)
    if decades[1] - decades[0] < 3:
        ticks = [digit * 10.0**power for power in range(-9, 7) for digit in (1, 2, 5)]
        figure.update_yaxes(tickvals=ticks, ticktext=[f"{tick:g}" for tick in ticks], col=1)
    figure.update_yaxes(range=(-3, 103), dtick=20, col=2)
    for column, bound, scale in ((1, scene.loss_bound, 1), (2, scene.success_bound, 100)):
        if bound is None:
            continue
        figure.add_hline(y=bound.value * scale, line={"color": FRAME, "width": 1.5, "dash": "dash"}, row=1, col=column)  # pyright: ignore[reportArgumentType]
        figure.add_annotation(
            text=bound.name,
            x=0 if column == 1 else 1,
            y=np.log10(bound.value) if column == 1 else bound.value * scale,
            xref=("x domain", "x2 domain")[column - 1],
            yref=("y", "y2")[column - 1],
            xanchor="left" if column == 1 else "right",
            yanchor="bottom" if column == 1 else "top",
            xshift=6 if column == 1 else -6,
            showarrow=False,
            font={"size": 11, "color": INK},
        )
    figure.update_layout(legend={"x": 0.5, "xanchor": "center", "y": 0, "yref": "container", "yanchor": "bottom"})
