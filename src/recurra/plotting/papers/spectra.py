"""The eigenvalues of the recurrent weights, as small multiples or as a density."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Complex, Float
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle

from recurra.analysis import Spectrum
from recurra.plotting.colors import FRAME, INK, INPUT, PAPER, START, mix, network_color
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
from recurra.plotting.scenes.limits import shared_bound
from recurra.words.names import network_name

Eigenvalues = Complex[np.ndarray, "mode"]

MOST_PANELS = 20  # more networks are shown as a density
EDGE = 0.3  # line width of the outliers' edges, points
CELLS = 81  # of the density, along each axis
DENSITY = LinearSegmentedColormap.from_list("density", [PAPER, START, INPUT, INK])


@dataclass(frozen=True)
class _View:
    """The part of the complex plane that all panels show."""

    left: float
    right: float
    top: float

    @property
    def height_to_width(self) -> float:
        return 2 * self.top / (self.right - self.left)

    def hides(self, values: Eigenvalues) -> int:
        """How many of the values are not in it."""
        inside = (
            (np.real(values) >= self.left) & (np.real(values) <= self.right) & (np.abs(np.imag(values)) <= self.top)
        )
        return int((~inside).sum())


@in_print()
def spectra(after: Sequence[Spectrum], before: Sequence[Spectrum] | None, numbers: Sequence[int]) -> Figure:
    """Eigenvalues of every network: the start in light grey, the trained ones in the network's colour.

    Eigenvalues outside the unit circle by more than 2 % have a dark edge. Up to 20 networks have a panel each, all with
    the same axes; more are shown as a density with the outliers of each.

    Args:
        after: spectra of the trained networks.
        before: spectra of the same networks before training; None where they are not known.
        numbers: the networks' numbers, for colours and names.
    """
    view = _view([*after, *(before or [])])
    if len(after) > MOST_PANELS:
        return _densities(after, before, numbers, view)
    columns = columns_for(len(after))
    width = COLUMN_MM if columns < 3 else PAGE_MM
    panel = (width - 10) / columns - 3
    height = -(-len(after) // columns) * (panel * view.height_to_width + 8) + 11
    figure = new_figure(width, height, layout="compressed")
    for at, axes in enumerate(panel_grid(figure, len(after))):
        _complex_plane(axes, view)
        color = network_color(numbers[at])
        if before is not None:
            _points(axes, before[at].eigenvalues, START, 7)
        _points(axes, after[at].eigenvalues, mix(color, PAPER, 0.25), 5)
        _outliers(axes, after[at].outliers, color)
        _title(axes, network_name(numbers[at]), after[at], view)
        axes.set_xlabel("Real part" if at + columns >= len(after) else "")
        axes.set_ylabel("Imaginary part" if at % columns == 0 else "")
    _legend(figure, before is not None)
    return figure


def _view(spectra: Sequence[Spectrum]) -> _View:
    """The unit circle and the eigenvalues, without those of a network far larger than the others; symmetric upwards."""
    finite = [one.eigenvalues[np.isfinite(one.eigenvalues)] for one in spectra]
    left, right, top = (
        max(1.0, shared_bound([float(part(values).max(initial=0)) for values in finite])) + 0.15
        for part in (_leftward, np.real, np.imag)
    )
    return _View(-left, right, top)


def _leftward(values: Eigenvalues) -> Float[np.ndarray, "mode"]:
    return -np.real(values)


def _complex_plane(axes: Axes, view: _View) -> None:
    axes.axhline(0, color=FRAME, linewidth=0.4, zorder=0)
    axes.axvline(0, color=FRAME, linewidth=0.4, zorder=0)
    axes.add_patch(Circle((0, 0), 1, fill=False, edgecolor=INK, linewidth=0.6, zorder=2.5))
    axes.set_aspect("equal", adjustable="box")
    axes.set_xlim(view.left, view.right)
    axes.set_ylim(-view.top, view.top)
    few_ticks(axes, x=4, y=4)


def _points(axes: Axes, values: Eigenvalues, color: str, size: float) -> None:
    axes.scatter(
        np.real(values), np.imag(values), s=size, color=color, linewidths=0, zorder=2, rasterized=len(values) > 2000
    )


def _outliers(axes: Axes, values: Eigenvalues, color: str, size: float = 9) -> None:
    axes.scatter(np.real(values), np.imag(values), s=size, facecolors=color, edgecolors=INK, linewidths=EDGE, zorder=3)


def _title(axes: Axes, name: str, spectrum: Spectrum, view: _View) -> None:
    """The network's name; under it how many eigenvalues are outside, the largest modulus, and how many are not seen."""
    hidden = view.hides(spectrum.eigenvalues)
    largest = f"{abs(spectrum.leading):#.3g}".rstrip(".")
    remark = f"{spectrum.count_outside} outside, max |λ| {largest}"
    remark += f", {hidden} not in view" if hidden else ""
    axes.set_title(name, pad=10)
    place = {"xycoords": "axes fraction", "xytext": (0, 3), "textcoords": "offset points"}
    axes.annotate(remark, (0.5, 1), ha="center", fontsize=SMALL, **place)


def _legend(figure: Figure, started: bool) -> None:
    """What the marks mean, in grey, since every network has its own colour."""
    marks = {"start": (START, 2.8, START)} if started else {}
    marks |= {"trained": (mix(INK, PAPER, 0.4), 2.5, "none"), "outside by more than 2 %": (FRAME, 3.0, INK)}
    lines = [
        Line2D([], [], color=color, marker="o", markersize=size, markeredgecolor=edge, linestyle="none", label=label)
        for label, (color, size, edge) in marks.items()
    ]
    for line in lines:
        line.set_markeredgewidth(EDGE)
    figure.legend(handles=lines, loc="outside lower center", ncols=3, handletextpad=0.1, columnspacing=1.2)


def _densities(
    after: Sequence[Spectrum], before: Sequence[Spectrum] | None, numbers: Sequence[int], view: _View
) -> Figure:
    """All networks in one panel, with one beside it for the start where it is known."""
    kinds = {"After training": after} if before is None else {"Before training": before, "After training": after}
    width = PAGE_MM if before is not None else COLUMN_MM
    figure = new_figure(width, (width - 25) / len(kinds) * view.height_to_width + 14, layout="compressed")
    panels = figure.subplots(1, len(kinds), squeeze=False, sharex=True, sharey=True)[0]
    counts = [_counts(spectra, view) for spectra in kinds.values()]
    scale = LogNorm(1, max(2.0, *(count.max() for count in counts)))
    for axes, (title, spectra), count in zip(panels, kinds.items(), counts, strict=True):
        _complex_plane(axes, view)
        box = (view.left, view.right, -view.top, view.top)
        cells = np.ma.masked_less(count.T, 1)
        axes.imshow(cells, cmap=DENSITY, norm=scale, extent=box, origin="lower", interpolation="none", zorder=2)
        for number, spectrum in zip(numbers, spectra, strict=True):
            _outliers(axes, spectrum.outliers, network_color(number), 6)
        hidden = sum(view.hides(spectrum.eigenvalues) for spectrum in spectra)
        axes.set_title(f"{title}, {len(spectra)} networks" + (f", {hidden} eigenvalues not in view" if hidden else ""))
        axes.set_xlabel("Real part")
    panels[0].set_ylabel("Imaginary part")
    bar = figure.colorbar(ScalarMappable(scale, DENSITY), ax=list(panels), shrink=0.7, aspect=25, pad=0.02)
    bar.set_label("Eigenvalues in a cell")
    bar.ax.yaxis.set_major_formatter(plain_number)
    return figure


def _counts(spectra: Sequence[Spectrum], view: _View) -> Float[np.ndarray, "real imaginary"]:
    values = np.concatenate([spectrum.eigenvalues for spectrum in spectra])
    values = values[np.isfinite(values)]
    box = ((view.left, view.right), (-view.top, view.top))
    return np.histogram2d(np.real(values), np.imag(values), CELLS, box)[0]
