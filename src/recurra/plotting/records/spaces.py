"""Records in the space of the rates, which have up to three coordinates and need axes with as many dimensions."""

from itertools import product
from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.transforms import ScaledTranslation

from recurra.analysis import Geometry, Landscape, MemoryCube
from recurra.analysis.memory.records import Walk
from recurra.plotting.colors import INK, INPUT, condition_colors, state_colors
from recurra.plotting.scenes.space import edges
from recurra.words.names import short_name

ASIDE = 5.0  # from a corner of a cube to its name, in points

Points = Float[np.ndarray, "point coordinate"]


def walk(axes: Axes, record: Walk) -> None:
    """The walk through all memory states along the axes of the bits; dots are the states, lines the cube's edges."""
    _path(axes, record.bits, INPUT)
    _cube(axes, record.states_bits)
    _labels(axes, "Bit {}", record.states_bits.shape[1])


def walk_components(axes: Axes, record: Walk) -> None:
    """The same walk along the principal components of the rates."""
    _path(axes, record.components, INPUT)
    _cube(axes, record.states_components)
    _labels(axes, "Component {}", record.states_components.shape[1])


def geometry(axes: Axes, record: Geometry) -> None:
    """The mean rates in every memory state along the axes of the bits."""
    _cube(axes, record.bit_coordinates(record.state_means))
    _labels(axes, "Bit {}", len(record.axes))


def cube(axes: Axes, record: MemoryCube) -> None:
    """The fitted parallelepiped with a memory state at each corner; of more than three bits, that of the first three.

    The first direction is that of bit 1, the second the part of bit 2 at right angles to it, and so on.
    """
    bits = len(record.bit_scores)
    corners = record.corners(min(bits, 3))
    _cube(axes, corners)
    beside = axes.transData + ScaledTranslation(ASIDE / 72, 0, axes.figure.dpi_scale_trans)
    plate = {"facecolor": axes.get_facecolor(), "edgecolor": "none", "pad": 0.4}  # so that no edge runs through a name
    style: dict[str, Any] = {"va": "center", "transform": beside, "bbox": plate}
    for point, signs in zip(_coordinates(corners), product((-1, 1), repeat=min(bits, 3)), strict=True):
        if np.isfinite(point).all():
            axes.text(*point, s=short_name(signs), **style)
    _labels(axes, "Bit {}", bits)
    first = f"bits 1 to 3 of {bits}, " if bits > 3 else ""
    axes.set_title(f"{first}cube score {record.score:.3f}".capitalize())


def landscape(axes: Axes, record: Landscape) -> None:
    """The paths on the attractors and the fixed points, along the coordinates of the rates."""
    for path, color in zip(record.paths, condition_colors(len(record.paths)), strict=True):
        _path(axes, path, color)
        _dots(axes, path[-1:], [color])
    _dots(axes, record.points, [INK] * len(record.points), size=10)
    _labels(axes, "Component {}", record.points.shape[1])


def _cube(axes: Axes, states: Points) -> None:
    """The memory states in their colours, and lines between those that differ in one bit."""
    bits = max(len(states) - 1, 1).bit_length()
    signs = 2 * ((np.arange(len(states))[:, None] >> np.arange(bits)[::-1]) & 1) - 1
    for pair in edges(signs):
        _path(axes, states[pair], INK)
    _dots(axes, states, state_colors(signs))


def _path(axes: Axes, points: Points, color: str) -> None:
    drawn = _coordinates(points)
    axes.plot(*np.where(np.isfinite(drawn), drawn, np.nan).T, color=color, linewidth=0.7)


def _dots(axes: Axes, points: Points, colors: list[str], size: float = 24) -> None:
    look: dict[str, Any] = {"s": size, "c": colors, "linewidths": 0}
    axes.scatter(*_coordinates(points).T, **look)


def _coordinates(points: Points) -> Points:
    """The first three coordinates; a single one against zero."""
    points = np.asarray(points, float)[:, :3]
    return np.column_stack([points, np.zeros(len(points))]) if points.shape[1] == 1 else points


def _labels(axes: Any, name: str, count: int) -> None:
    axes.set_xlabel(name.format(1))
    axes.set_ylabel(name.format(2) if count > 1 else "")
    if count > 2:
        axes.set_zlabel(name.format(3))
