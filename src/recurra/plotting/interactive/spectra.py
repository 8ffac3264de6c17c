"""Eigenvalues in the complex plane."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from recurra.analysis import RestingModes, Spectrum
from recurra.analysis.weights.spectra import frequency_hz, time_constant_ms
from recurra.plotting.colors import FRAME, INK, PAPER, START, mix, network_color
from recurra.plotting.interactive.theme import note, styled
from recurra.wording import motion_words

LABELS = 4  # outliers of largest modulus that are labelled; the others show their numbers under the pointer
BINS = 80


@dataclass(frozen=True)
class Span:
    """The part of the complex plane that is drawn, the same for all networks that are compared.

    Args:
        left: least real part.
        right: greatest real part.
        height: greatest imaginary part, up and down.
    """

    left: float
    right: float
    height: float

    @classmethod
    def of(cls, spectra: Sequence[Spectrum]) -> "Span":
        """What holds all eigenvalues of these spectra and the unit circle, but nothing beyond a modulus of 4."""
        values = np.concatenate([[], *(spectrum.eigenvalues for spectrum in spectra)])
        near = np.append(values[np.abs(values) < 4], [1, -1, 1j])
        left, right, height = np.real(near).min(), np.real(near).max(), np.abs(np.imag(near)).max()
        room = 0.06 * (right - left)
        return cls(float(left - room), float(right + room), float(height + room))


def spectrum_plane(
    after: Spectrum, before: Spectrum | None, modes: RestingModes, dt_ms: float, span: Span, color: str
) -> go.Figure:
    """Eigenvalues of the weights before and after training, the unit circle, and the outliers with their numbers.

    Period and course are those of the mode at rest that belongs to an eigenvalue, where there is one.

    Args:
        after: of the network.
        before: of its start, drawn in light grey behind.
        modes: of the network at rest.
        dt_ms: length of a time step, ms.
        span: of the axes.
        color: of the network.
    """
    figure = go.Figure(_unit_circle())
    if before is not None:
        same = modes if modes.at_start else None  # a start has no unit biases, and rests at zero
        figure.add_trace(_points(before.eigenvalues, same, dt_ms, "before", {"color": START, "size": 5}))
    inside = after.eigenvalues[after.count_outside :]
    figure.add_trace(_points(inside, modes, dt_ms, "after", {"color": color, "size": 5, "opacity": 0.75}))
    outline = {"color": INK, "width": 1}
    figure.add_trace(_points(after.outliers, modes, dt_ms, "outside", {"color": color, "size": 7, "line": outline}))
    styled(figure, 334, margin=(62, 172, 30, 48))
    _plane_axes(figure, span)
    figure.update_layout(legend={"x": 0, "xanchor": "left", "font": {"size": 11}})
    for annotation in _labels(after, modes, dt_ms, span):
        figure.add_annotation(annotation)
    return figure


def spectra_density(
    spectra: Sequence[Spectrum], modes: Sequence[RestingModes], numbers: Sequence[int], dt_ms: float, span: Span
) -> go.Figure:
    """Of many networks: how densely their eigenvalues lie, and the outliers of each.

    Args:
        spectra: of every network.
        modes: of every network at rest.
        numbers: the networks' numbers.
        dt_ms: length of a time step, ms.
        span: of the axes.
    """
    values = np.concatenate([spectrum.eigenvalues for spectrum in spectra])
    edges = np.linspace(-span.height, span.height, BINS + 1)
    across = np.arange(span.left, span.right + edges[1] - edges[0], edges[1] - edges[0])
    density, _, _ = np.histogram2d(np.imag(values), np.real(values), bins=(edges, across))
    shades = [[0, PAPER], [0.02, mix(PAPER, "#2166ac", 0.15)], [1, "#2166ac"]]
    figure = go.Figure(
        go.Heatmap(
            z=np.log10(1 + density).astype(np.float32),
            x0=float(across[0] + across[1]) / 2,
            dx=float(edges[1] - edges[0]),
            y0=float(edges[0] + edges[1]) / 2,
            dy=float(edges[1] - edges[0]),
            colorscale=shades,
            showscale=False,
            hoverinfo="skip",
        )
    )
    figure.add_trace(_unit_circle())
    for spectrum, resting, number in zip(spectra, modes, numbers, strict=True):
        look = {"color": network_color(number), "size": 6, "line": {"color": PAPER, "width": 0.5}}
        figure.add_trace(_points(spectrum.outliers, resting, dt_ms, f"network {number}", look))
    styled(figure, 560, margin=(56, 20, 20, 48))
    _plane_axes(figure, span)
    figure.update_layout(showlegend=False)
    return figure


def mode_words(value: complex, modes: RestingModes | None, dt_ms: float) -> str:
    """An eigenvalue of the weights for people, with period and course of the mode at rest that belongs to it, if any.

    Args:
        value: the eigenvalue.
        modes: of the network at rest, if they are known.
        dt_ms: length of a time step, ms.
    """
    return ", ".join([f"|λ| {abs(value):.3f}", *_motion(value, modes, dt_ms)])


def _motion(value: complex, modes: RestingModes | None, dt_ms: float) -> list[str]:
    mode = modes.of(value) if modes else None
    if mode is None:
        return []
    motion = motion_words(frequency_hz(mode, dt_ms), time_constant_ms(mode, dt_ms))
    return [motion if np.isclose(mode, value) else f"at rest |μ| {abs(mode):.4f}, {motion}"]


def _unit_circle() -> go.Scatter:
    angle = np.linspace(0, 2 * np.pi, 181)
    look = {"color": FRAME, "width": 1.2}
    x, y = np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)
    return go.Scatter(x=x, y=y, mode="lines", line=look, hoverinfo="skip", showlegend=False)


def _points(
    values: np.ndarray, modes: RestingModes | None, dt_ms: float, name: str, marker: dict[str, object]
) -> go.Scatter:
    return go.Scatter(
        x=np.real(values).astype(np.float32),
        y=np.imag(values).astype(np.float32),
        mode="markers",
        marker=marker,
        name=name,
        text=[mode_words(complex(value), modes, dt_ms) for value in values],
        hovertemplate="%{x:.3f} %{y:+.3f} i<br>%{text}",
    )


def _plane_axes(figure: go.Figure, span: Span) -> None:
    look = {
        "constrain": "domain",
        "zeroline": True,
        "zerolinecolor": FRAME,
        "zerolinewidth": 0.7,
    }
    figure.update_xaxes(title_text="Re λ", range=(span.left, span.right), **look, constraintoward="left")
    figure.update_yaxes(
        title_text="Im λ", scaleanchor="x", range=(-span.height, span.height), **look, constraintoward="top"
    )


def _labels(after: Spectrum, modes: RestingModes, dt_ms: float, span: Span) -> list[dict[str, object]]:
    """Labels in a column on the right, by height, each with a line to its eigenvalue; one for a conjugate pair."""
    upper = [complex(value) for value in after.outliers if value.imag >= 0][:LABELS]
    chosen = sorted(upper, key=lambda value: (-value.imag, -value.real))
    labels: list[dict[str, object]] = []
    for place, value in enumerate(chosen):
        pair = " (pair)" if value.imag > 0 else ""
        text = "<br>".join([f"|λ| {abs(value):.3f}{pair}", *_motion(value, modes, dt_ms)])
        line = {"showarrow": True, "arrowhead": 0, "arrowwidth": 0.8, "arrowcolor": FRAME, "axref": "x", "ayref": "y"}
        line |= {"xanchor": "left", "align": "left"}
        tail = {"ax": span.right + 0.04 * (span.right - span.left), "ay": span.height * (0.9 - 0.4 * place)}
        labels.append(note(value.real, value.imag, text, **{**line, **tail}))
    return labels
