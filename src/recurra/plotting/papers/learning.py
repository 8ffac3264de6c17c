"""How the networks learned: loss and success against the trials seen."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from recurra.models.cohort import History
from recurra.plotting.colors import INK, NETWORKS, network_color
from recurra.plotting.papers.style import (
    PAGE_MM,
    SMALL,
    few_ticks,
    in_print,
    new_figure,
    plain_log,
)
from recurra.status import Status
from recurra.words.names import network_name

NAMED = len(NETWORKS)  # more networks than colours get no legend
ENDS = {Status.diverged: "x", Status.reached: "o"}


@in_print()
def learning(
    history: History,
    numbers: Sequence[int],
    status: Sequence[Status],
    batch: int,
    criterion: float | None = 0.009,
) -> Figure:
    """Loss of all networks on a log axis, with the stop criterion as a line; beside it the share of successful trials.

    A cross is where a network diverged, a dot where it met its criterion.

    Args:
        history: losses and success on the validation trials, by epoch.
        numbers: the networks' numbers, for colours and names.
        status: what became of each network.
        batch: trials a training step.
        criterion: the loss at which the papers stop; None for no line.
    """
    figure = new_figure(PAGE_MM, 58)
    losses, successes = figure.subplots(1, 2)
    thousands = np.asarray(history.step) * batch / 1000
    positive = np.where(np.isfinite(history.validation_loss), history.validation_loss, np.nan)
    _curves(losses, thousands, np.where(positive > 0, positive, np.nan), numbers, status)
    _curves(successes, thousands, 100 * np.asarray(history.success), numbers, status)
    _loss_axis(losses, np.nanmax(positive, initial=1e-3), np.nanmin(positive, initial=1.0), criterion)
    successes.set_ylim(-3, 103)
    successes.set_ylabel("Successful trials (%)")
    for axes in (losses, successes):
        axes.set_xlim(0, 1.02 * thousands.max(initial=1e-3))
        axes.set_xlabel("Training trials (thousands)")
        few_ticks(axes, x=6)
    if len(numbers) <= NAMED:
        figure.legend(handles=losses.get_lines()[: len(numbers)], loc="outside right center")
    return figure


def _loss_axis(axes: Axes, highest: float, lowest: float, criterion: float | None) -> None:
    plain_log(axes)
    axes.set_ylabel("Mean squared error")
    if criterion is not None:
        lowest = min(lowest, criterion)
        axes.axhline(criterion, color=INK, linewidth=0.7, linestyle=(0, (4, 2)), label="criterion")
        name = {"xytext": (3, -2), "textcoords": "offset points", "va": "top", "fontsize": SMALL}
        axes.annotate(f"criterion {criterion:g}", (0, criterion), xycoords=axes.get_yaxis_transform(), **name)
    axes.set_ylim(lowest / 2, max(highest, 2 * lowest) * 1.8)


def _curves(
    axes: Axes,
    thousands: Float[np.ndarray, "epoch"],
    curves: Float[np.ndarray, "network epoch"],
    numbers: Sequence[int],
    status: Sequence[Status],
) -> None:
    """A line a network, with a mark at its end where the end says something."""
    many = len(numbers) > NAMED
    width, alpha = (0.5, 0.6) if many else (1.0, 1.0)
    marker = "." if len(thousands) == 1 else "none"
    for number, curve in zip(numbers, curves, strict=True):
        color = network_color(number)
        label = network_name(number)
        axes.plot(thousands, curve, color=color, label=label, marker=marker, linewidth=width, alpha=alpha)
    for number, curve, end in zip(numbers, curves, status, strict=True):
        last = np.flatnonzero(np.isfinite(curve))[-1:]
        if end in ENDS and last.size:
            axes.plot(thousands[last], curve[last], ENDS[end], color=network_color(number), markersize=3.5)
