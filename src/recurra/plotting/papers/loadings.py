"""The loadings of a low-rank network, every pair against each other."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from recurra.plotting.colors import INK, mix
from recurra.plotting.papers.style import COLUMN_MM, PAGE_MM, few_ticks, in_print, new_figure
from recurra.plotting.scenes.loadings import LoadingsCloud

PANEL_MM, AROUND_MM = 22.0, 12.0  # one panel, and what is around all of them


@in_print()
def loadings(scene: LoadingsCloud) -> Figure:
    """A dot for each unit in the colour of its population, with an ellipse two standard deviations around its mean.

    Args:
        scene: the cloud of one network.
    """
    size = len(scene.names) - 1
    side = min(PAGE_MM, max(COLUMN_MM, PANEL_MM * size + AROUND_MM))
    figure = new_figure(side, side)
    panels = figure.subplots(size, size, squeeze=False)
    for axes in panels[np.triu_indices(size, 1)]:
        axes.remove()
    for row, column in scene.pairs:
        axes = panels[row - 1, column]
        for one in scene.populations:
            look = {"s": 1.5, "color": one.color, "linewidths": 0, "alpha": 0.6}
            axes.scatter(scene.points[one.units, column], scene.points[one.units, row], **look)
            axes.plot(*one.outline(column, row), color=mix(one.color, INK, 0.35), linewidth=0.9)
        axes.set_xlim(scene.limits[column])
        axes.set_ylim(scene.limits[row])
        axes.set_box_aspect(1)
        few_ticks(axes, x=3, y=3)
        axes.tick_params(labelleft=column == 0, labelbottom=row == size)
        if column == 0:
            axes.set_ylabel(scene.names[row])
        if row == size:
            axes.set_xlabel(scene.names[column])
    dots = [Line2D([], [], color=one.color, marker="o", markersize=3, linewidth=0.9) for one in scene.populations]
    figure.legend(dots, [one.name for one in scene.populations], loc="upper right")
    figure.suptitle(scene.name)
    return figure
