"""What the drawings of records share: labels, ticks, and axes of the right number of dimensions."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from matplotlib.ticker import LogLocator, MaxNLocator
from mpl_toolkits.mplot3d import Axes3D

from recurra.plotting.colors import INPUT
from recurra.plotting.papers.style import plain_log

ROOM = 0.04  # between marks and the frame, as a share of the axes, so that no mark is cut
FEW_DECADES = 1e4  # between the ends of a logarithmic axis whose numbers 2 and 5 have room
MOST_NAMES = 16  # names at the ticks of an axis; of more only the numbers are there


def labelled(axes: Axes, across: str, upwards: str, title: str = "") -> None:
    """Set the labels of both axes, and the title if there is one."""
    axes.set_xlabel(across)
    axes.set_ylabel(upwards)
    if title:
        axes.set_title(title)


def named_ticks(axes: Axes, names: Sequence[str]) -> None:
    """Names under bars or columns; of many bars only the numbers."""
    if len(names) <= MOST_NAMES:
        axes.set_xticks(list(range(len(names))), list(names))


def log_axis(axes: Axes) -> None:
    """A logarithmic axis upwards, with numbers within a decade too where what is drawn spans few decades."""
    plain_log(axes)
    low, high = axes.get_ylim()
    if high < FEW_DECADES * low:
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))


def is_spatial(axes: Axes) -> bool:
    """Whether axes have three dimensions."""
    return isinstance(axes, Axes3D)


def check_dimensions(axes: Axes, coordinates: int, what: str) -> None:
    """Check that axes have as many dimensions as a drawing needs: three for three coordinates or more, otherwise two.

    Args:
        axes: the axes.
        coordinates: number of coordinates of the points.
        what: the kind of the record.
    """
    if coordinates > 2 and not is_spatial(axes):
        raise ValueError(
            f"ax has 2 dimensions; a {what} has {coordinates} coordinates and needs axes with 3: "
            'plt.figure().add_subplot(projection="3d"), or leave ax out'
        )
    if coordinates <= 2 and is_spatial(axes):
        raise ValueError(f"ax has 3 dimensions; this {what} needs axes with 2: plt.figure().add_subplot()")


def bars(
    axes: Axes,
    heights: Float[np.ndarray, "bar"],
    chance: Float[np.ndarray, "bar"] | None = None,
    chance_high: Float[np.ndarray, "bar"] | None = None,
) -> None:
    """Bars, each with its chance level where that is known: a dot for the mean, a line to the 95th percentile."""
    places = np.arange(len(heights))
    axes.bar(places, heights, width=0.72, color=INPUT, linewidth=0)
    axes.margins(x=ROOM)
    if chance is not None and chance_high is not None:
        axes.vlines(places, chance, chance_high, color="C3", linewidth=0.8, zorder=3)
        axes.plot(places, chance, color="C3", marker="o", markersize=3, linestyle="none", zorder=4, label="chance")
        axes.legend(loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0)  # over no bar


def scale(axes: Axes, image: AxesImage, label: str) -> None:
    """The scale of an image's colours beside it."""
    if axes.figure is not None:
        axes.figure.colorbar(image, ax=axes, label=label)


def matrix(
    axes: Axes, values: Float[np.ndarray, "row column"], label: str, wrong: Bool[np.ndarray, "row column"]
) -> None:
    """A matrix in grey with a scale beside it; crosses are on the entries that are wrong."""
    image = axes.imshow(np.ma.masked_invalid(values), cmap="Greys", aspect="auto", interpolation="none")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(6, integer=True))
    scale(axes, image, label)
    rows, columns = np.nonzero(wrong)
    axes.scatter(columns, rows, marker="x", color="C3", zorder=3)
