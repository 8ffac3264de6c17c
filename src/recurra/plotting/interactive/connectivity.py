"""Recurrent weights: as a matrix before and after training, and how they are distributed."""

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float
from plotly.subplots import make_subplots

from recurra.plotting.colors import DIVERGING, INPUT
from recurra.plotting.interactive.theme import note, styled

BINS = 61
BAR = {
    "thickness": 8,
    "len": 1.0,
    "y": 0.5,
    "xanchor": "left",
    "xpad": 8,
    "outlinewidth": 0,
    "tickfont": {"size": 10},
    "nticks": 5,
}


def connectivity(
    before: Float[np.ndarray, "post pre"] | None,
    after: Float[np.ndarray, "post pre"],
    limit: float,
    color: str,
    cells: int = 200,
) -> go.Figure:
    """The matrices before and after training and their difference on one scale, and the distribution of the weights.

    Args:
        before: the recurrent weights before training; without them there is one matrix.
        after: the recurrent weights after training.
        limit: where the colours end, on both sides of zero.
        color: of the network, for the distribution.
        cells: a matrix of more rows than this is drawn in blocks, each by its strongest weight.
    """
    matrices = {"Weights": after}
    if before is not None:
        matrices = {"Before": before, "After": after, "Difference": after - before}
    width, gap = (0.42, 0.0) if before is None else (0.21, 0.022)
    last = len(matrices) + 1
    figure = make_subplots(rows=1, cols=last)
    for column, (name, matrix) in enumerate(matrices.items(), 1):
        figure.add_trace(_heatmap(strongest(matrix, cells), len(after), name), row=1, col=column)
    for trace in _distributions(before, after, color):
        figure.add_trace(trace, row=1, col=last)
    styled(figure, 300 if before is not None else 470, margin=(58, 14, 30, 52))
    for column, name in enumerate(matrices, 1):
        left = (column - 1) * (width + gap)
        _matrix_axes(figure, column, (left, left + width))
        where = {"xref": "paper", "yref": "paper", "xanchor": "center", "yanchor": "bottom", "yshift": 4}
        figure.add_annotation(note(left + width / 2, 1, name, **where))
    right = len(matrices) * (width + gap) - gap
    scale = [[at / (len(DIVERGING) - 1), paint] for at, paint in enumerate(DIVERGING)]
    colors = {"colorscale": scale, "cmin": -limit, "cmax": limit, "colorbar": {**BAR, "x": right}}
    figure.update_layout(coloraxis=colors, legend={"font": {"size": 11}})
    figure.update_xaxes(title_text="weight", domain=(right + 0.14, 1), row=1, col=last)
    most = np.log10(after.size) + 0.15
    figure.update_yaxes(type="log", dtick=1, range=(-0.2, most), exponentformat="power", row=1, col=last)
    figure.update_yaxes(title_text="weights a bin", row=1, col=last)
    return figure


def strongest(matrix: Float[np.ndarray, "post pre"], cells: int) -> Float[np.ndarray, "row column"]:
    """The matrix in blocks of units so that it has at most `cells` rows; each block by its strongest weight."""
    block = -(-len(matrix) // cells)
    if block == 1:
        return matrix
    rows = -(-len(matrix) // block)
    padded = np.pad(matrix, (0, rows * block - len(matrix)))
    blocks = padded.reshape(rows, block, rows, block).transpose(0, 2, 1, 3).reshape(rows, rows, -1)
    return np.take_along_axis(blocks, np.abs(blocks).argmax(axis=-1)[..., None], axis=-1)[..., 0]


def _heatmap(matrix: Float[np.ndarray, "row column"], units: int, name: str) -> go.Heatmap:
    step = units / len(matrix)
    return go.Heatmap(
        z=matrix.astype(np.float32),
        x0=(step - 1) / 2,
        dx=step,
        y0=(step - 1) / 2,
        dy=step,
        coloraxis="coloraxis",
        hovertemplate=f"{name.lower()}: from unit %{{x:.0f}} to unit %{{y:.0f}}: %{{z:.3f}}<extra></extra>",
    )


def _matrix_axes(figure: go.Figure, column: int, domain: tuple[float, float]) -> None:
    """Equal axes with unit 0 at the top left, as a matrix is written."""
    look = {"constrain": "domain", "showgrid": False, "ticks": "", "mirror": True}
    figure.update_xaxes(title_text="from unit", domain=domain, constraintoward="left", **look, row=1, col=column)
    figure.update_yaxes(
        title_text="to unit" if column == 1 else None,
        showticklabels=column == 1,
        scaleanchor=f"x{column if column > 1 else ''}",
        autorange="reversed",
        constraintoward="top",
        **look,
        row=1,
        col=column,
    )


def _distributions(
    before: Float[np.ndarray, "post pre"] | None, after: Float[np.ndarray, "post pre"], color: str
) -> list[go.Scatter]:
    """Histograms as steps; an empty bin lies below the logarithmic axis."""
    values = {"after": (after, color)} if before is None else {"before": (before, INPUT), "after": (after, color)}
    least = min(float(matrix.min()) for matrix, _ in values.values())
    greatest = max(float(matrix.max()) for matrix, _ in values.values())
    room = 0.05 * (greatest - least) or 1.0
    edges = np.linspace(least - room, greatest + room, BINS + 1)
    traces = []
    for name, (matrix, paint) in values.items():
        counts, _ = np.histogram(matrix, edges)
        traces.append(
            go.Scatter(
                x=((edges[1:] + edges[:-1]) / 2).astype(np.float32),
                y=np.maximum(counts, 0.1).astype(np.float32),
                mode="lines",
                line={"color": paint, "width": 1.6, "shape": "hvh"},
                name=name,
                showlegend=before is not None,
                hovertemplate="%{y:.0f} weights around %{x:.3f}",
            )
        )
    return traces
