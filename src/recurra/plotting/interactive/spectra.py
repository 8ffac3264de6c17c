"""Eigenvalues in the complex plane."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from recurra.plotting.colors import FRAME, INK, PAPER, START, mix
from recurra.plotting.interactive.theme import note, styled
from recurra.plotting.scenes.spectra import Density, Eigenvalues, ModeMotions, PlaneLimits, SpectrumPlane


def spectrum_plane(scene: SpectrumPlane, told: ModeMotions) -> go.Figure:
    """Eigenvalues of the weights before and after training, the unit circle, and the outliers with their numbers.

    Args:
        scene: the eigenvalues of a network.
        told: what is written beside them, and said under the pointer.
    """
    figure = go.Figure(_unit_circle())
    if scene.before is not None:
        figure.add_trace(_points(scene.before, told.before, "before", {"color": START, "size": 5}))
    inside = {"color": scene.color, "size": 5, "opacity": 0.75}
    figure.add_trace(_points(scene.inside, told.inside, "after", inside))
    outline = {"color": scene.color, "size": 7, "line": {"color": INK, "width": 1}}
    figure.add_trace(_points(scene.outliers, told.outliers, "outside", outline))
    styled(figure, 334, margin=(62, 172, 30, 48))
    _plane_axes(figure, scene.view)
    figure.update_layout(legend={"x": 0, "xanchor": "left", "font": {"size": 11}})
    for annotation in _labels(told, scene.view):
        figure.add_annotation(annotation)
    return figure


def spectra_density(
    density: Density, planes: Sequence[SpectrumPlane], texts: Sequence[Sequence[str]], numbers: Sequence[int]
) -> go.Figure:
    """All networks together: how many eigenvalues lie where, and the outliers of each in its colour.

    Args:
        density: the density.
        planes: the networks.
        texts: the texts of each network's outliers under the pointer.
        numbers: of the networks, by which the page finds their points.
    """
    shades = [[0, PAPER], [0.02, mix(PAPER, "#2166ac", 0.15)], [1, "#2166ac"]]
    figure = go.Figure(
        go.Heatmap(
            z=np.log10(1 + density.counts).astype(np.float32),
            x0=density.left + density.size / 2,
            dx=density.size,
            y0=density.bottom + density.size / 2,
            dy=density.size,
            colorscale=shades,
            showscale=False,
            hoverinfo="skip",
        )
    )
    figure.add_trace(_unit_circle())
    for plane, said, number in zip(planes, texts, numbers, strict=True):
        look = {"color": plane.color, "size": 6, "line": {"color": PAPER, "width": 0.5}}
        figure.add_trace(_points(plane.outliers, said, plane.name, look).update(meta=number))
    styled(figure, 560, margin=(56, 20, 20, 48))
    _plane_axes(figure, planes[0].view)
    figure.update_layout(showlegend=False)
    return figure


def _unit_circle() -> go.Scatter:
    angle = np.linspace(0, 2 * np.pi, 181)
    look = {"color": FRAME, "width": 1.2}
    x, y = np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)
    return go.Scatter(x=x, y=y, mode="lines", line=look, hoverinfo="skip", showlegend=False)


def _points(values: Eigenvalues, texts: Sequence[str], name: str, marker: dict[str, object]) -> go.Scatter:
    return go.Scatter(
        x=np.real(values).astype(np.float32),
        y=np.imag(values).astype(np.float32),
        mode="markers",
        marker=marker,
        name=name,
        text=list(texts),
        hovertemplate="%{x:.3f} %{y:+.3f} i<br>%{text}",
    )


def _plane_axes(figure: go.Figure, view: PlaneLimits) -> None:
    look = {
        "constrain": "domain",
        "zeroline": True,
        "zerolinecolor": FRAME,
        "zerolinewidth": 0.7,
    }
    figure.update_xaxes(title_text="Real part", range=(view.left, view.right), **look, constraintoward="left")
    figure.update_yaxes(
        title_text="Imaginary part", scaleanchor="x", range=(-view.top, view.top), **look, constraintoward="top"
    )


def _labels(told: ModeMotions, view: PlaneLimits) -> list[dict[str, object]]:
    """Labels in a column on the right, by height, each with a line to its eigenvalue."""
    labels: list[dict[str, object]] = []
    for place, (value, text) in enumerate(told.labels):
        line = {"showarrow": True, "arrowhead": 0, "arrowwidth": 0.8, "arrowcolor": FRAME, "axref": "x", "ayref": "y"}
        line |= {"xanchor": "left", "align": "left"}
        tail = {"ax": view.right + 0.04 * (view.right - view.left), "ay": view.top * (0.9 - 0.4 * place)}
        labels.append(note(value.real, value.imag, text, **{**line, **tail}))
    return labels
