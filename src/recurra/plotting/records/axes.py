"""What the drawings of records share: labels, ticks, and axes of the right number of dimensions."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from mpl_toolkits.mplot3d import Axes3D

from recurra.plotting.colors import INPUT
from recurra.plotting.papers.style import ROOM, legend_above

MOST_CONDITIONS = 12  # conditions in a legend
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
        legend_above(axes)


def legend_beside(axes: Axes, handles: Sequence[Line2D] | None = None) -> None:
    """A legend to the right of the axes, where it hides nothing.

    Args:
        axes: the axes.
        handles: what it names; if None, all that is drawn with a label.
    """
    named = axes.get_legend_handles_labels()[0] if handles is None else list(handles)
    axes.legend(handles=named, loc="center left", bbox_to_anchor=(1, 0.5))


def condition_legend(axes: Axes, colors: Sequence[str]) -> None:
    """The colours of the conditions beside the axes; of many conditions, every second, third, ... one.

    Args:
        axes: the axes.
        colors: the colour of every condition.
    """
    told = range(0, len(colors), -(-len(colors) // MOST_CONDITIONS) or 1)
    legend_beside(axes, [Line2D([], [], color=colors[at], label=f"condition {at}") for at in told])


def scale(axes: Axes, image: AxesImage, label: str) -> None:
    """The scale of an image's colours beside it."""
    if axes.figure is not None:
        axes.figure.colorbar(image, ax=axes, label=label)


def matrix(axes: Axes, values: Float[np.ndarray, "row column"], label: str) -> None:
    """A matrix in grey with a scale beside it."""
    image = axes.imshow(np.ma.masked_invalid(values), cmap="Greys", aspect="auto", interpolation="none")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(6, integer=True))
    scale(axes, image, label)
