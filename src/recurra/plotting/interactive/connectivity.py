"""Recurrent weights: as a matrix before and after training, and how they are distributed."""

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float
from plotly.subplots import make_subplots

from recurra.plotting.colors import DIVERGING, FRAME, UNSET
from recurra.plotting.interactive.theme import note, styled
from recurra.plotting.scenes.weights import WeightPanels

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


def connectivity(scene: WeightPanels, cells: int = 200) -> go.Figure:
    """The matrices before and after training and their difference on one scale, and the distribution of the weights.

    Args:
        scene: the weights of one network.
        cells: a matrix of more rows than this is drawn in blocks, each by its strongest weight.
    """
    matrices, units = scene.matrices, len(next(iter(scene.matrices.values())))
    alone = len(matrices) == 1
    width, gap = (0.42, 0.0) if alone else (0.21, 0.022)
    last = len(matrices) + 1
    figure = make_subplots(rows=1, cols=last)
    for column, (name, matrix) in enumerate(matrices.items(), 1):
        figure.add_trace(_heatmap(strongest(matrix, cells), units, name), row=1, col=column)
    for trace in _distributions(scene):
        figure.add_trace(trace, row=1, col=last)
    styled(figure, 470 if alone else 300, margin=(58, 14, 30, 52))
    for column, name in enumerate(matrices, 1):
        left = (column - 1) * (width + gap)
        _matrix_axes(figure, column, (left, left + width))
        _groups(figure, column, scene, units)
        where = {"xref": "paper", "yref": "paper", "xanchor": "center", "yanchor": "bottom", "yshift": 4}
        figure.add_annotation(note(left + width / 2, 1, name, **where))
    right = len(matrices) * (width + gap) - gap
    scale = [[at / (len(DIVERGING) - 1), paint] for at, paint in enumerate(DIVERGING)]
    colors = {"colorscale": scale, "cmin": -scene.limit, "cmax": scene.limit, "colorbar": {**BAR, "x": right}}
    figure.update_layout(coloraxis=colors, legend={"font": {"size": 11}})
    figure.update_xaxes(title_text="Weight", domain=(right + 0.14, 1), row=1, col=last)
    most = np.log10(units**2) + 0.15
    figure.update_yaxes(type="log", dtick=1, range=(-0.2, most), exponentformat="power", row=1, col=last)
    figure.update_yaxes(title_text="Number of weights", row=1, col=last)
    return figure


def strongest(matrix: Float[np.ndarray, "post pre"], cells: int) -> Float[np.ndarray, "row column"]:
    """The matrix in blocks of units so that it has at most `cells` rows; each block by its strongest weight.

    A block is NaN if none of its connections exists.
    """
    block = -(-len(matrix) // cells)
    if block == 1:
        return matrix
    rows = -(-len(matrix) // block)
    padded = np.pad(matrix, (0, rows * block - len(matrix)), constant_values=np.nan)
    blocks = padded.reshape(rows, block, rows, block).transpose(0, 2, 1, 3).reshape(rows, rows, -1)
    sizes = np.where(np.isnan(blocks), -1, np.abs(blocks))
    return np.take_along_axis(blocks, sizes.argmax(axis=-1)[..., None], axis=-1)[..., 0]


def _heatmap(matrix: Float[np.ndarray, "row column"], units: int, name: str) -> go.Heatmap:
    step = units / len(matrix)
    return go.Heatmap(
        z=matrix.astype(np.float32),
        x0=(step - 1) / 2,
        dx=step,
        y0=(step - 1) / 2,
        dy=step,
        coloraxis="coloraxis",
        hoverongaps=False,
        hovertemplate=f"{name.lower()}: from unit %{{x:.0f}} to unit %{{y:.0f}}: %{{z:.3f}}<extra></extra>",
    )


def _matrix_axes(figure: go.Figure, column: int, domain: tuple[float, float]) -> None:
    """Equal axes with unit 0 at the top left, as a matrix is written."""
    look = {"constrain": "domain", "showgrid": False, "ticks": "", "mirror": True}
    figure.update_xaxes(title_text="Presynaptic unit", domain=domain, constraintoward="left", **look, row=1, col=column)
    figure.update_yaxes(
        title_text="Postsynaptic unit" if column == 1 else None,
        showticklabels=column == 1,
        scaleanchor=f"x{column if column > 1 else ''}",
        autorange="reversed",
        constraintoward="top",
        **look,
        row=1,
        col=column,
    )


def _groups(figure: go.Figure, column: int, scene: WeightPanels, units: int) -> None:
    """What lies behind absent connections, lines between groups of units, and the groups' labels on the axes."""
    ends = {"row": 1, "col": column, "layer": "below"}
    if scene.absent:
        sides = {"x0": -0.5, "x1": units - 0.5, "y0": -0.5, "y1": units - 0.5}
        figure.add_shape(type="rect", fillcolor=UNSET, line={"width": 0}, **sides, **ends)
    if scene.labels:
        ticks = {"tickmode": "array", "tickvals": list(scene.labels), "ticktext": list(scene.labels.values())}
        figure.update_xaxes(**ticks, tickangle=0, row=1, col=column)
        figure.update_yaxes(**ticks, row=1, col=column)
    line, above = {"color": FRAME, "width": 0.8}, {**ends, "layer": "above"}
    for bound in scene.bounds:
        figure.add_shape(type="line", x0=bound, x1=bound, y0=-0.5, y1=units - 0.5, line=line, **above)
        figure.add_shape(type="line", y0=bound, y1=bound, x0=-0.5, x1=units - 0.5, line=line, **above)


def _distributions(scene: WeightPanels) -> list[go.Scatter]:
    """Histograms as steps; an empty bin lies below the logarithmic axis."""
    return [
        go.Scatter(
            x=((scene.edges[1:] + scene.edges[:-1]) / 2).astype(np.float32),
            y=np.maximum(part.counts, 0.1).astype(np.float32),
            mode="lines",
            line={"color": part.color, "width": 1.6, "shape": "hvh"},
            name=part.name,
            showlegend=len(scene.parts) > 1,
            hovertemplate="%{y:.0f} weights around %{x:.3f}",
        )
        for part in scene.parts
    ]
