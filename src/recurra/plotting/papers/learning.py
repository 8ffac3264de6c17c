"""How the networks learned: loss and success against the trials seen."""

from typing import Any, Literal

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from recurra.plotting.colors import INK
from recurra.plotting.papers.style import PAGE_MM, SMALL, few_ticks, in_print, new_figure, plain_log
from recurra.plotting.scenes.learning import TITLES, LearningCurve, LearningCurves, Threshold
from recurra.status import Status

ENDS = {Status.diverged: "x", Status.reached: "o"}
MOVE = "^"


@in_print()
def learning(scene: LearningCurves) -> Figure:
    """Loss of all networks on a log axis, and the share of successful trials; their bounds are dashed lines.

    A cross marks where a network diverged, a dot where it met its criterion, a triangle where it moved to the next
    stage of a curriculum.

    Args:
        scene: the curves.
    """
    figure = new_figure(PAGE_MM, 58)
    losses, successes = figure.subplots(1, 2)
    loss_panel(losses, scene)
    success_panel(successes, scene)
    for axes, title in zip((losses, successes), TITLES, strict=True):
        axes.set_title(title)
    if scene.named:
        lines = [line for line in losses.get_lines() if not str(line.get_label()).startswith("_")]
        figure.legend(handles=lines, loc="outside right center")
    return figure


def loss_panel(axes: Axes, scene: LearningCurves) -> None:
    """The loss of all networks on a logarithmic axis."""
    for curve in scene.curves:
        _curve(axes, scene.trials / 1000, curve.loss, curve, scene.named)
    plain_log(axes)
    axes.set_ylim(*scene.loss_limits)
    if scene.loss_bound is not None:
        _bound(axes, scene.loss_bound, 1, "left")
    _trials(axes, scene)


def success_panel(axes: Axes, scene: LearningCurves) -> None:
    """The share of successful trials of all networks."""
    for curve in scene.curves:
        _curve(axes, scene.trials / 1000, curve.percent, curve, scene.named)
    _bound(axes, scene.success_bound, 100, "right")
    axes.set_ylim(-3, 103)
    _trials(axes, scene)


def _trials(axes: Axes, scene: LearningCurves) -> None:
    axes.set_xlim(0, 1.02 * scene.trials.max(initial=1) / 1000)
    axes.set_xlabel("Training trials (thousands)")
    few_ticks(axes, x=6)


def _curve(
    axes: Axes,
    thousands: Float[np.ndarray, "epoch"],
    values: Float[np.ndarray, "epoch"],
    curve: LearningCurve,
    named: bool,
) -> None:
    """The line of a network, with marks where it moved to a next stage, and at its end if the end is informative."""
    look: dict[str, Any] = {"linewidth": 1.0 if named else 0.5, "alpha": 1.0 if named else 0.6}
    dot = "." if len(thousands) == 1 else "none"
    axes.plot(thousands, values, color=curve.color, label=curve.name, marker=dot, **look)
    last = np.flatnonzero(np.isfinite(values))[-1:]
    ends = [(ENDS[curve.end], last)] if curve.end in ENDS else []
    for marker, at in ((MOVE, curve.moves), *ends):
        if at.size:
            mark: dict[str, Any] = {"marker": marker, "markersize": 3.5, "linestyle": "none"}
            axes.plot(thousands[at], values[at], color=curve.color, label="_mark", **mark)


def _bound(axes: Axes, bound: Threshold, scale: float, side: Literal["left", "right"]) -> None:
    axes.axhline(bound.value * scale, color=INK, linewidth=0.7, linestyle=(0, (4, 2)), label="_bound")
    edge, aside = (1.0, -3) if side == "right" else (0.0, 3)
    name: dict[str, Any] = {"xytext": (aside, -2), "textcoords": "offset points", "va": "top", "fontsize": SMALL}
    axes.annotate(bound.name, (edge, bound.value * scale), xycoords=axes.get_yaxis_transform(), ha=side, **name)
