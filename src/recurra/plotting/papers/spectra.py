"""The eigenvalues of the recurrent weights, as small multiples or as a density."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle

from recurra.plotting.colors import FRAME, INK, INPUT, PAPER, START, mix
from recurra.plotting.papers.style import (
    COLUMN_MM,
    PAGE_MM,
    SMALL,
    columns_for,
    few_ticks,
    in_print,
    new_figure,
    panel_grid,
    plain_number,
)
from recurra.plotting.scenes.spectra import Density, Eigenvalues, PlaneLimits, SpectrumPlane

MOST_PANELS = 20  # more networks are drawn as a density
EDGE = 0.3  # line width of the outliers' edges, points
DENSITY = LinearSegmentedColormap.from_list("density", [PAPER, START, INPUT, INK])


@in_print()
def spectra(planes: Sequence[SpectrumPlane]) -> Figure:
    """Eigenvalues of networks, one panel each: the start in light grey, the trained ones in the network's colour.

    Eigenvalues outside the unit circle by more than 2 % have a dark edge. All panels have the same axes.

    Args:
        planes: the eigenvalues of each network.
    """
    view = planes[0].view
    columns = columns_for(len(planes))
    width = COLUMN_MM if columns < 3 else PAGE_MM
    panel = (width - 10) / columns - 3
    height = -(-len(planes) // columns) * (panel * _height_to_width(view) + 8) + 11
    figure = new_figure(width, height, layout="compressed")
    for at, (axes, plane) in enumerate(zip(panel_grid(figure, len(planes)), planes, strict=True)):
        spectrum_panel(axes, plane)
        _title(axes, plane)
        axes.set_xlabel("Real part" if at + columns >= len(planes) else "")
        axes.set_ylabel("Imaginary part" if at % columns == 0 else "")
    _legend(figure, any(plane.before is not None for plane in planes))
    return figure


def spectrum_panel(axes: Axes, plane: SpectrumPlane) -> None:
    """The eigenvalues of one network with the unit circle."""
    complex_plane(axes, plane.view)
    if plane.before is not None:
        dots(axes, plane.before, START, 7)
    dots(axes, plane.inside, mix(plane.color, PAPER, 0.25), 5)
    _outliers(axes, plane.outliers, plane.color)


def _height_to_width(view: PlaneLimits) -> float:
    return 2 * view.top / (view.right - view.left)


def complex_plane(axes: Axes, view: PlaneLimits) -> None:
    """The axes and the unit circle."""
    axes.axhline(0, color=FRAME, linewidth=0.4, zorder=0)
    axes.axvline(0, color=FRAME, linewidth=0.4, zorder=0)
    axes.add_patch(Circle((0, 0), 1, fill=False, edgecolor=INK, linewidth=0.6, zorder=2.5))
    axes.set_aspect("equal", adjustable="box")
    axes.set_xlim(view.left, view.right)
    axes.set_ylim(-view.top, view.top)
    few_ticks(axes, x=4, y=4)


def dots(axes: Axes, values: Eigenvalues, color: str, size: float) -> None:
    """Eigenvalues as dots."""
    axes.scatter(
        np.real(values), np.imag(values), s=size, color=color, linewidths=0, zorder=2, rasterized=len(values) > 2000
    )


def _outliers(axes: Axes, values: Eigenvalues, color: str, size: float = 9) -> None:
    axes.scatter(np.real(values), np.imag(values), s=size, facecolors=color, edgecolors=INK, linewidths=EDGE, zorder=3)


def _title(axes: Axes, plane: SpectrumPlane) -> None:
    """The network's name, and under it the remark."""
    axes.set_title(plane.name, pad=10)
    place = {"xycoords": "axes fraction", "xytext": (0, 3), "textcoords": "offset points"}
    axes.annotate(plane.remark, (0.5, 1), ha="center", fontsize=SMALL, **place)


def _legend(figure: Figure, started: bool) -> None:
    """The meaning of the marks, in grey because every network has its own colour."""
    marks = {"start": (START, 2.8, START)} if started else {}
    marks |= {"trained": (mix(INK, PAPER, 0.4), 2.5, "none"), "outside by more than 2 %": (FRAME, 3.0, INK)}
    lines = [
        Line2D([], [], color=color, marker="o", markersize=size, markeredgecolor=edge, linestyle="none", label=label)
        for label, (color, size, edge) in marks.items()
    ]
    for line in lines:
        line.set_markeredgewidth(EDGE)
    figure.legend(handles=lines, loc="outside lower center", ncols=3, handletextpad=0.1, columnspacing=1.2)


@in_print()
def spectra_density(kinds: Mapping[str, tuple[Density, Sequence[SpectrumPlane]]]) -> Figure:
    """One panel per kind with all networks: a density of eigenvalues, and the outliers of each network in its colour.

    Args:
        kinds: the densities by their titles, with the networks whose outliers are drawn.
    """
    view = next(iter(kinds.values()))[1][0].view
    width = PAGE_MM if len(kinds) > 1 else COLUMN_MM
    figure = new_figure(width, (width - 25) / len(kinds) * _height_to_width(view) + 14, layout="compressed")
    panels = figure.subplots(1, len(kinds), squeeze=False, sharex=True, sharey=True)[0]
    scale = LogNorm(1, max(2.0, *(float(density.counts.max()) for density, _ in kinds.values())))
    for axes, (title, (density, planes)) in zip(panels, kinds.items(), strict=True):
        complex_plane(axes, view)
        rows, columns = density.counts.shape
        box = (
            density.left,
            density.left + columns * density.size,
            density.bottom,
            density.bottom + rows * density.size,
        )
        cells = np.ma.masked_less(density.counts, 1)
        axes.imshow(cells, cmap=DENSITY, norm=scale, extent=box, origin="lower", interpolation="none", zorder=2)
        axes.set_xlim(view.left, view.right)
        for plane in planes:
            _outliers(axes, plane.outliers, plane.color, 6)
        hidden = f", {density.hidden} eigenvalues not in view" if density.hidden else ""
        axes.set_title(f"{title}, {len(planes)} networks{hidden}")
        axes.set_xlabel("Real part")
    panels[0].set_ylabel("Imaginary part")
    bar = figure.colorbar(ScalarMappable(scale, DENSITY), ax=list(panels), shrink=0.7, aspect=25, pad=0.02)
    bar.set_label("Eigenvalues in a cell")
    bar.ax.yaxis.set_major_formatter(plain_number)
    return figure
