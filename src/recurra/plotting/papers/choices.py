"""Psychometric and chronometric curves side by side, and each of them on any axes."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from recurra.plotting.colors import INPUT
from recurra.plotting.papers.style import PAGE_MM, few_ticks, in_print, legend_above, new_figure
from recurra.plotting.scenes.choices import ChoiceCurves
from recurra.words.names import network_name

HEIGHT_MM = 62.0


@in_print()
def choice_curves(panels: tuple[ChoiceCurves, ...], number: int) -> Figure:
    """A panel for each kind of curve of one network.

    Args:
        panels: what each panel shows.
        number: number of the network.
    """
    figure = new_figure(PAGE_MM, HEIGHT_MM)
    for axes, panel in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        draw_curves(axes, panel)
        few_ticks(axes, x=6, y=5)
    figure.suptitle(network_name(number))
    return figure


def draw_curves(axes: Axes, panel: ChoiceCurves) -> None:
    """Dots with 95 % intervals, and a line, for each context."""
    for one in panel.contexts:
        axes.plot(*one.line, color=one.color, label=one.name or None)
        axes.vlines(one.level, one.low, one.high, color=one.color, linewidth=1)
        axes.plot(one.level, one.value, color=one.color, marker="o", markersize=3, linestyle="none", clip_on=False)
    neutral = {"color": INPUT, "linewidth": 0.6, "zorder": 0}
    if panel.level_name:
        axes.axhline(panel.level, linestyle="--", label=panel.level_name, **neutral)
    else:
        axes.axhline(panel.level, **neutral)
    if panel.zero:
        axes.axvline(0, **neutral)
    axes.margins(x=0.04)
    axes.set_ylim(*panel.limits)
    axes.set_xlabel(panel.across)
    axes.set_ylabel(panel.upwards)
    if panel.named or panel.level_name:
        legend_above(axes)
