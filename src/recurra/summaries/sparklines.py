"""Small pictures in SVG, drawn in the colour of the text around them, so that they are seen in light and in dark."""

import numpy as np
from jaxtyping import Complex, Float

from recurra.summaries.summary import Picture

WIDTH, HEIGHT = 110, 24  # px of a line
PLANE, ROW = 130, 44  # px of the complex plane, by itself and in the row of a table
MOST_POINTS = 90  # points of a line; of a longer one every n-th
DOTS = 2  # eigenvalues per px of the plane; of more those of largest modulus
EDGE = 3.0  # px between the picture and what is drawn
FAR = 3.0  # eigenvalues of larger modulus are drawn at the edge
LEAST = 1e-12  # a smaller number has no place on a logarithmic axis


def line(values: Float[np.ndarray, "step"], low: float, high: float) -> Picture:
    """A curve; where there is no number, there is a gap at its ends.

    Args:
        values: the values from left to right.
        low: the value at the bottom.
        high: the value at the top.
    """
    kept = np.flatnonzero(np.isfinite(values))
    kept = kept[:: -(-len(kept) // MOST_POINTS) or 1]
    across = EDGE + kept * (WIDTH - 2 * EDGE) / max(len(values) - 1, 1)
    share = (np.clip(values[kept], low, high) - low) / max(high - low, 1e-300)
    points = _points(across, HEIGHT - EDGE - share * (HEIGHT - 2 * EDGE))
    points = f"{points} {points}" if len(kept) == 1 else points
    drawn = f'<polyline points="{points}" fill="none" stroke="currentColor" stroke-width="1.3"/>' if len(kept) else ""
    return _picture(WIDTH, HEIGHT, drawn)


def log_lines(curves: Float[np.ndarray, "curve step"], top: float) -> list[Picture]:
    """Curves on one logarithmic scale.

    Args:
        curves: a curve in each row.
        top: larger values are drawn as this one.
    """
    there = np.isfinite(curves) & (curves > 0)
    heights = np.where(there, np.log10(np.clip(np.where(there, curves, 1.0), LEAST, top)), np.nan)
    low, high = (float(heights[there].min()), float(heights[there].max())) if there.any() else (0.0, 1.0)
    return [line(row, low, high) for row in heights]


def bars(values: Float[np.ndarray, "bar"], high: float | None = None) -> Picture:
    """Bars from zero upwards.

    Args:
        values: the heights; what is not finite or below 0 has no bar.
        high: the height of the picture; that of the highest bar if None.
    """
    values = np.asarray(values, float)[:MOST_POINTS]
    heights = np.where(np.isfinite(values), np.maximum(values, 0), 0)
    top = (float(heights.max(initial=0)) if high is None else high) or 1.0
    step = (WIDTH - 2 * EDGE) / max(len(values), 1)
    tall = np.minimum(heights / top, 1) * (HEIGHT - 2 * EDGE)
    drawn = "".join(
        f'<rect x="{EDGE + at * step:.1f}" y="{HEIGHT - EDGE - one:.1f}" width="{0.8 * step:.1f}" height="{one:.1f}"/>'
        for at, one in enumerate(tall)
    )
    return _picture(WIDTH, HEIGHT, f'<g fill="currentColor">{drawn}</g>')


def plane(values: Complex[np.ndarray, "*axes"], size: int = PLANE) -> Picture:
    """Eigenvalues as dots in the complex plane with the unit circle; those outside it are full, the others pale.

    Args:
        values: the eigenvalues, in any shape; those that are not finite are left out.
        size: width and height, px.
    """
    known = np.asarray(values, np.complex128).ravel()
    known = known[np.isfinite(known)]
    known = known[np.argsort(-np.abs(known), kind="stable")[: DOTS * size]]
    reach = float(np.clip(np.abs(known).max(initial=1.0), 1.0, FAR)) * 1.08
    scale, middle = (size / 2 - EDGE) / reach, size / 2
    places = scale * np.column_stack([np.real(known), -np.imag(known)]).clip(-reach, reach) + middle
    frame = (
        f'<g fill="none" stroke="currentColor" opacity="0.45"><circle cx="{middle:g}" cy="{middle:g}" r="{scale:.1f}"/>'
        f'<path d="M0 {middle:g}H{size}M{middle:g} 0V{size}" stroke-width="0.5"/></g>'
    )
    outside = np.abs(known) > 1
    dots = "".join(
        f'<g fill="currentColor" opacity="{opacity}">{_dots(places[chosen], 1.0 + size / 200)}</g>'
        for chosen, opacity in ((~outside, 0.55), (outside, 1))
        if chosen.any()
    )
    return _picture(size, size, frame + dots)


def _dots(places: Float[np.ndarray, "dot axis"], radius: float) -> str:
    return "".join(f'<circle cx="{across:.1f}" cy="{down:.1f}" r="{radius:.1f}"/>' for across, down in places)


def _points(across: Float[np.ndarray, "point"], down: Float[np.ndarray, "point"]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(across, down, strict=True))


def _picture(width: int, height: int, drawn: str) -> Picture:
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    return Picture(f'<svg xmlns="http://www.w3.org/2000/svg" {size} aria-hidden="true">{drawn}</svg>')
