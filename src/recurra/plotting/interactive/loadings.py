"""The loadings of a low-rank network, every pair against each other."""

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from recurra.plotting.colors import INK, mix
from recurra.plotting.interactive.theme import styled
from recurra.plotting.scenes.loadings import LoadingsCloud, PopulationCloud

PANEL, AROUND = 120, 90  # px: one panel, and what is around all of them


def loadings(scene: LoadingsCloud) -> go.Figure:
    """A dot for each unit in the colour of its population, with an ellipse two standard deviations around its mean.

    Args:
        scene: the cloud of one network.
    """
    size = len(scene.names) - 1
    specs = [[{} if column <= row else None for column in range(size)] for row in range(size)]
    figure = make_subplots(size, size, specs=specs, horizontal_spacing=0.02, vertical_spacing=0.02)
    for row, column in scene.pairs:
        for one in scene.populations:
            figure.add_trace(_dots(scene, one, row, column), row=row, col=column + 1)
            figure.add_trace(_outline(one, row, column), row=row, col=column + 1)
        _pair_axes(figure, scene, row, column)
    styled(figure, max(320, PANEL * size + AROUND), margin=(58, 14, 30, 52))
    return figure


def _pair_axes(figure: go.Figure, scene: LoadingsCloud, row: int, column: int) -> None:
    """The outer panels have numbers and names."""
    bottom, left = row == len(scene.names) - 1, column == 0
    for update, loading, outer in (
        (figure.update_xaxes, column, bottom),
        (figure.update_yaxes, row, left),
    ):
        update(
            title_text=scene.names[loading] if outer else None,
            range=scene.limits[loading].tolist(),
            showticklabels=outer,
            ticks="",
            nticks=4,
            row=row,
            col=column + 1,
        )


def _dots(scene: LoadingsCloud, one: PopulationCloud, row: int, column: int) -> go.Scatter:
    return go.Scatter(
        x=scene.points[one.units, column].astype(np.float32),
        y=scene.points[one.units, row].astype(np.float32),
        mode="markers",
        marker={"color": one.color, "size": 3.5, "opacity": 0.6},
        name=one.name,
        legendgroup=one.name,
        showlegend=(row, column) == (1, 0),
        hovertemplate=f"{scene.names[column]} %{{x:.2f}}, {scene.names[row]} %{{y:.2f}}",
    )


def _outline(one: PopulationCloud, row: int, column: int) -> go.Scatter:
    x, y = one.outline(column, row)
    return go.Scatter(
        x=x.astype(np.float32),
        y=y.astype(np.float32),
        mode="lines",
        line={"color": mix(one.color, INK, 0.35), "width": 1.4},
        legendgroup=one.name,
        showlegend=False,
        hoverinfo="skip",
    )
