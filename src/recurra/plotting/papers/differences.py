"""The differences between runs, one row a number."""

import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from recurra.analysis.cohorts.difference import ERROR_RATE, Difference
from recurra.analysis.cohorts.differences import Differences
from recurra.plotting.colors import FRAME, INK, INPUT
from recurra.plotting.papers.style import PAGE_MM, in_print, new_figure

MOST = 25  # rows of a drawing; the smaller differences are left out
APART = 0.22  # of the marks of several runs in one row
MARKERS = ("o", "s", "^", "D", "v")
ROW_MM, FOOT_MM = 3.6, 18.0
WIDTH_MM = 0.7 * PAGE_MM


@in_print()
def differences_figure(found: Differences) -> Figure:
    """The drawing of `draw_differences` on a page of its own, as high as it has rows.

    Args:
        found: the comparison.
    """
    rows = min(len({row.name for row in found.rows}), MOST)
    figure = new_figure(WIDTH_MM, FOOT_MM + ROW_MM * rows)
    draw_differences(figure.add_subplot(), found)
    return figure


def draw_differences(axes: Axes, found: Differences) -> None:
    """Every difference in units of the spread with its interval, the largest at the top; dark where p is small."""
    known = [row for row in found.rows if row.spread > 0]
    every = list(dict.fromkeys(row.name for row in known))
    names, runs = every[:MOST], found.runs[1:]
    axes.axvline(0, color=FRAME, linewidth=0.8, zorder=0)
    for row in known:
        if row.name in names:
            run = runs.index(row.run)
            _draw(axes, row, names.index(row.name) + APART * (run - (len(runs) - 1) / 2), MARKERS[run % len(MARKERS)])
    axes.margins(x=0.05)
    axes.set_yticks(list(range(len(names))), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    if len(runs) > 1:
        for at, run in enumerate(runs):
            axes.plot([], [], color=INK, marker=MARKERS[at % len(MARKERS)], markersize=4, linestyle="none", label=run)
        axes.legend()
    more = f"; {len(every) - len(names)} smaller ones are left out" if len(every) > len(names) else ""
    axes.set_title(f"Dark: corrected p < {ERROR_RATE:g}{more}")
    axes.set_xlabel(f"{runs[0] if len(runs) == 1 else 'Run'} minus {found.runs[0]} (standard deviations)")


def _draw(axes: Axes, row: Difference, place: float, marker: str) -> None:
    color = INK if row.p_corrected < ERROR_RATE else INPUT
    if math.isfinite(row.low):
        axes.hlines(place, row.low / row.spread, row.high / row.spread, color=color, linewidth=1.0)
    axes.plot(row.standardized, place, color=color, marker=marker, markersize=4, linestyle="none")
