"""The style of figures for print: journal widths, small type, thin lines. Nothing global is changed."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, final

import matplotlib
import numpy as np
from jaxtyping import Float
from matplotlib import RcParams
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager
from matplotlib.gridspec import GridSpec
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter
from matplotlib.typing import LineStyleType

from recurra.plotting.colors import FRAME, GRID, INK, PAPER

COLUMN_MM = 85.0  # a journal's column
PAGE_MM = 170.0  # the page, two columns
MM_PER_INCH = 25.4
SMALL = 6.0  # points; the smallest type
ROOM = 0.04  # between marks and the frame, as a share of the axes, so that no mark is cut
FEW_DECADES = 1e3  # between the ends of a logarithmic axis whose numbers 2 and 5 have room
LINES: dict[str, LineStyleType] = {"solid": "-", "dash": "--", "dot": ":", "dashdot": "-."}
FAMILIES = ("Arial", "Helvetica", "Liberation Sans", "DejaVu Sans")  # the journals' first; the last is always there

STYLE: dict[Any, Any] = {
    "font.sans-serif": list(FAMILIES),
    "font.size": 7.0,
    "text.color": INK,
    "axes.labelsize": 7.0,
    "axes.labelcolor": INK,
    "axes.labelpad": 2.0,
    "figure.labelsize": 7.0,
    "axes.titlesize": 7.0,
    "axes.titlepad": 4.0,
    "axes.edgecolor": INK,
    "axes.facecolor": PAPER,
    "axes.linewidth": 0.6,
    "axes.grid": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": True,
    "axes.xmargin": 0.0,
    "figure.facecolor": PAPER,
    "figure.titlesize": 8.0,
    "grid.color": GRID,
    "grid.linewidth": 0.4,
    "legend.fontsize": 7.0,
    "legend.frameon": False,
    "legend.handlelength": 1.6,
    "lines.linewidth": 0.9,
    "lines.solid_capstyle": "round",
    "svg.fonttype": "none",
    "text.usetex": False,
    "text.parse_math": False,  # a dollar sign in a name is a dollar sign
    "xtick.color": INK,
    "xtick.labelsize": SMALL,
    "xtick.major.pad": 2.0,
    "xtick.major.size": 2.0,
    "xtick.major.width": 0.6,
    "xtick.minor.size": 1.2,
    "xtick.minor.width": 0.4,
    "ytick.color": INK,
    "ytick.labelsize": SMALL,
    "ytick.major.pad": 2.0,
    "ytick.major.size": 2.0,
    "ytick.major.width": 0.6,
    "ytick.minor.size": 1.2,
    "ytick.minor.width": 0.4,
}


@contextmanager
def in_print() -> Iterator[None]:
    """A context, or decorator, in which figures have the style for print; settings are restored afterwards."""
    with matplotlib.rc_context({**STYLE, "font.family": families()}):
        yield


@contextmanager
def in_print_but(own: RcParams) -> Iterator[None]:
    """A context in which what is drawn has the style for print, but for what the user has set himself.

    Args:
        own: the settings that the user has; those that are not Matplotlib's defaults stay as they are.
    """
    style = {**STYLE, "font.family": families()}
    with matplotlib.rc_context({key: style[key] for key in style if own[key] == matplotlib.rcParamsDefault[key]}):
        yield
        interactive = matplotlib.rcParams["interactive"]  # a notebook's backend, loaded by the first figure, sets it
    matplotlib.rcParams["interactive"] = interactive


@cache
def families() -> list[str]:
    """The font families that this machine has, the first one preferred; an SVG file names all of them."""
    installed = {font.name for font in fontManager.ttflist}
    return [*(family for family in FAMILIES if family in installed), "sans-serif"]


def new_figure(width_mm: float, height_mm: float, layout: str | None = "constrained") -> Figure:
    """An empty figure.

    Args:
        width_mm: its width, mm.
        height_mm: its height, mm.
        layout: the name of Matplotlib's layout engine; None if all axes are placed by hand.
    """
    figure = Figure(figsize=(width_mm / MM_PER_INCH, height_mm / MM_PER_INCH), layout=layout)  # type: ignore[arg-type]
    FigureCanvasAgg(figure)
    return figure


def columns_for(panels: int) -> int:
    """Number of columns of small multiples: 2 x 2 for four, at most five for up to 25."""
    for most, columns in ((3, panels), (4, 2), (9, 3), (16, 4), (25, 5)):
        if panels <= most:
            return columns
    return int(np.ceil(np.sqrt(panels)))


def panel_grid(figure: Figure, panels: int) -> list[Axes]:
    """Equal panels for small multiples, by rows; only the outer ones have tick labels.

    Args:
        figure: the figure in which they are drawn.
        panels: number of panels.
    """
    columns = columns_for(panels)
    grid = GridSpec(-(-panels // columns), columns, figure=figure)
    axes: list[Axes] = []
    for at in range(panels):
        first = axes[0] if axes else None
        axes.append(figure.add_subplot(grid[at // columns, at % columns], sharex=first, sharey=first))
        axes[-1].tick_params(labelleft=at % columns == 0, labelbottom=at + columns >= panels)
    return axes


def bounded(values: Float[np.ndarray, "*shape"], bound: float) -> Float[np.ndarray, "*shape"]:
    """Values that can be drawn: those beyond `bound` are set to it, and a gap is where there is no number."""
    values = np.asarray(values, np.float64)
    return np.clip(np.where(np.isnan(values), np.nan, values), -bound, bound)


def few_ticks(axes: Axes, x: int | None = None, y: int | None = None) -> None:
    """Set the largest number of intervals between the ticks of an axis."""
    for axis, most in ((axes.xaxis, x), (axes.yaxis, y)):
        if most is not None:
            axis.set_major_locator(MaxNLocator(most, steps=[1, 2, 2.5, 5, 10]))


def plain_number(value: float, _: float = 0.0) -> str:
    """The label of a tick: 0.01, 1, 1,000."""
    return f"{value:,.10g}"


@final
class DecadeLocator(LogLocator):
    """Ticks at 0.1, 1, 10, and on an axis of few decades at 0.2 and 0.5 too, so that no axis has a single number."""

    def tick_values(self, vmin: float, vmax: float) -> Any:
        self.set_params(subs=(1, 2, 5) if vmax < FEW_DECADES * vmin else (1,))
        return super().tick_values(vmin, vmax)


def plain_log(axes: Axes) -> None:
    """A log axis upwards, labelled 0.01, 0.1, 1, 10, with the numbers 2 and 5 of a decade where they have room."""
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(DecadeLocator())
    axes.yaxis.set_major_formatter(plain_number)
    axes.yaxis.set_minor_formatter(NullFormatter())


def zero_line(axes: Axes) -> None:
    """A thin line at zero, behind all else."""
    axes.axhline(0, color=FRAME, linewidth=0.4, zorder=0)


def legend_above(axes: Axes) -> None:
    """A legend above the right end of the axes, where it hides nothing."""
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0)
