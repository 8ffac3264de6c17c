"""How networks learned."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float
from plotly.subplots import make_subplots

from recurra.models.cohort import History
from recurra.plotting.colors import FRAME, INK, network_color
from recurra.plotting.interactive.theme import styled

NAMED = 8  # more lines than this have no legend
LOSS_TOP = 10.0  # a network whose loss is greater has diverged; its curve leaves the panel


@dataclass(frozen=True)
class Bound:
    """A value that a curve should pass, and what it is."""

    value: float
    name: str


def learning_curves(
    history: History,
    trials: Float[np.ndarray, "epoch"],
    numbers: Sequence[int],
    loss_bound: Bound | None,
    success_bound: Bound,
) -> go.Figure:
    """Loss (logarithmic) and success on validation trials, a line a network.

    Args:
        history: what was measured at the end of every epoch.
        trials: how many training trials a network had seen by then.
        numbers: the networks' numbers.
        loss_bound: drawn as a line in the panel of the loss; None for no line.
        success_bound: drawn as a line in the panel of the success.
    """
    titles = ("Loss on validation trials (mean squared error)", "Successful validation trials (%)")
    figure = make_subplots(rows=1, cols=2, horizontal_spacing=0.09, subplot_titles=titles)
    many = len(numbers) > NAMED
    for at, number in enumerate(numbers):
        look = {"color": network_color(number), "width": 1 if many else 2}
        common = {
            "x": trials.astype(np.float32),
            "mode": "lines" if len(trials) > 1 else "markers",
            "line": look,
            "opacity": 0.5 if many else 1,
            "name": f"network {number}",
            "legendgroup": str(number),
        }
        loss = np.where(np.isfinite(history.validation_loss[at]), history.validation_loss[at], np.nan)
        figure.add_trace(go.Scatter(y=loss.astype(np.float32), **common, showlegend=not many), row=1, col=1)
        success = 100 * history.success[at]
        figure.add_trace(go.Scatter(y=success.astype(np.float32), **common, showlegend=False), row=1, col=2)
    styled(figure, 400, margin=(64, 20, 34, 84))
    figure.update_traces(hovertemplate="%{y:.3g} after %{x:,.0f} trials")
    losses = history.validation_loss[np.isfinite(history.validation_loss)].tolist()
    losses += [loss_bound.value] if loss_bound else []
    losses = losses or [LOSS_TOP]
    low, high = np.log10(max(min(losses), 1e-12)), np.log10(min(max(losses), LOSS_TOP))
    _axes(figure, (low - 0.06, high + 0.06), loss_bound, success_bound)
    return figure


def _axes(figure: go.Figure, decades: tuple[float, float], loss_bound: Bound | None, success_bound: Bound) -> None:
    figure.update_xaxes(title_text="Training trials", rangemode="tozero", separatethousands=True)
    figure.update_yaxes(type="log", dtick=1, exponentformat="power", range=decades, col=1)
    if decades[1] - decades[0] < 3:
        ticks = [digit * 10.0**power for power in range(-9, 7) for digit in (1, 2, 5)]
        figure.update_yaxes(tickvals=ticks, ticktext=[f"{tick:g}" for tick in ticks], col=1)
    figure.update_yaxes(range=(-3, 103), dtick=20, col=2)
    for column, bound, scale in ((1, loss_bound, 1), (2, success_bound, 100)):
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
