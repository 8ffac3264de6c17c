"""A box in three dimensions, seen in parallel projection: lengths can be compared, and nothing is distorted."""

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from recurra.plotting.colors import FRAME, GRID, PAPER
from recurra.plotting.papers.style import SMALL

Space = Float[np.ndarray, "*batch 3"]

ELEVATION, AZIMUTH = np.deg2rad(20.0), np.deg2rad(-62.0)
REACH = 1.53  # half the width of a panel that shows a box of half width 1, with room for the axes' names
MIDDLE = np.array([-0.14, -0.06])  # of that panel; the names are to the left of the box and below

# Right and up on the page, and towards the eye.
BASIS = np.array(
    [
        [-np.sin(AZIMUTH), np.cos(AZIMUTH), 0.0],
        [-np.sin(ELEVATION) * np.cos(AZIMUTH), -np.sin(ELEVATION) * np.sin(AZIMUTH), np.cos(ELEVATION)],
        [np.cos(ELEVATION) * np.cos(AZIMUTH), np.cos(ELEVATION) * np.sin(AZIMUTH), np.sin(ELEVATION)],
    ]
)
FAR = -np.sign(BASIS[2])  # the sides of the box that are seen from within
# The edges that the axes stand at: where the other two coordinates are, as factors on the half width.
EDGES = np.array([[0.0, -1.0, -1.0], [1.0, 0.0, -1.0], [-1.0, -1.0, 0.0]])


def on_page(points: Space) -> Float[np.ndarray, "*batch 2"]:
    """Where points of space are on the page."""
    return np.asarray(points) @ BASIS[:2].T


def nearness(points: Space) -> Float[np.ndarray, "*batch"]:
    """How near points are to the eye; 0 is the middle of the box."""
    return np.asarray(points) @ BASIS[2]


def draw_box(axes: Axes, bound: float, labels: tuple[str, ...], type_size: float, numbers: bool) -> None:
    """The three far sides of a box from -bound to bound, with grid lines, ticks and the axes' names.

    Args:
        axes: an empty panel.
        bound: half the width of the box.
        labels: the names of the three axes.
        type_size: the size of the names, points.
        numbers: whether the ticks have numbers.
    """
    axes.set_axis_off()
    (left, bottom), (right, top) = (MIDDLE - REACH) * bound, (MIDDLE + REACH) * bound
    axes.set_xlim(left, right)
    axes.set_ylim(bottom, top)
    axes.set_aspect("equal", adjustable="box")
    ticks = ticks_within(bound)
    for normal in range(3):
        _side(axes, bound, normal, ticks)
    for axis, label in enumerate(labels[:3]):
        _axis(axes, bound, axis, label, type_size, ticks if numbers else np.empty(0))


def ticks_within(bound: float) -> Float[np.ndarray, "tick"]:
    """Four round numbers or fewer from -bound to bound, the same on both sides of zero."""
    ticks = np.asarray(MaxNLocator(4, steps=[1, 2, 5, 10], symmetric=True).tick_values(-bound, bound))
    return ticks[np.abs(ticks) <= bound]


def _side(axes: Axes, bound: float, normal: int, ticks: Float[np.ndarray, "tick"]) -> None:
    """One far side: white, with a grid and a frame."""
    across, along = (axis for axis in range(3) if axis != normal)
    corners = np.full((5, 3), FAR[normal] * bound)
    corners[:, across] = np.array([-1, 1, 1, -1, -1]) * bound
    corners[:, along] = np.array([-1, -1, 1, 1, -1]) * bound
    axes.fill(*on_page(corners).T, facecolor=PAPER, edgecolor=FRAME, linewidth=0.4, zorder=0)
    for fixed, free in ((across, along), (along, across)):
        for tick in ticks:
            line = np.full((2, 3), FAR[normal] * bound)
            line[:, fixed], line[:, free] = tick, (-bound, bound)
            axes.plot(*on_page(line).T, color=GRID, linewidth=0.3, zorder=1)


def _axis(
    axes: Axes, bound: float, axis: int, label: str, type_size: float, numbers: Float[np.ndarray, "tick"]
) -> None:
    """The name of an axis along its edge, and the numbers of its ticks between the two."""
    middle = on_page(EDGES[axis]) * bound
    along = on_page(np.eye(3)[axis])
    outward = np.array([along[1], -along[0]]) / np.linalg.norm(along)
    outward *= np.sign(outward @ middle)
    angle = float(np.rad2deg(np.arctan2(along[1], along[0])))
    for number in numbers:
        place = middle + along * number + 0.09 * bound * outward
        axes.text(place[0], place[1], f"{number:g}".replace("-", "−"), fontsize=SMALL, ha="center", va="center")
    place = middle + (0.21 if numbers.size else 0.1) * bound * outward
    axes.text(
        place[0], place[1], label, rotation=angle, rotation_mode="anchor", fontsize=type_size, ha="center", va="center"
    )
