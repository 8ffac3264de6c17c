"""Records of choices: psychometric and chronometric curves."""

import numpy as np
from matplotlib.axes import Axes

from recurra.analysis import Chronometric, Psychometric
from recurra.plotting.colors import INPUT, network_color
from recurra.plotting.records.axes import labelled

CURVE = 200  # points of a fitted curve


def psychometric(axes: Axes, record: Psychometric) -> None:
    """The share of positive choices with its 95 % interval by signed evidence, and the fitted curve, by context."""
    fine = np.linspace(record.evidence[0], record.evidence[-1], CURVE)
    for at, curve in enumerate(record.at(fine)):
        color, share = network_color(at), record.share[at]
        axes.plot(fine, curve, color=color, label=record.contexts[at])
        axes.vlines(record.evidence, record.low[at], record.high[at], color=color, linewidth=1)
        axes.plot(record.evidence, share, color=color, marker="o", markersize=3, linestyle="none")
    axes.axhline(0.5, color=INPUT, linewidth=0.6, zorder=0)
    axes.axvline(0, color=INPUT, linewidth=0.6, zorder=0)
    axes.set_ylim(-0.04, 1.04)
    labelled(axes, f"Evidence{of(record.unit)}", "Share of positive choices")
    if len(record.contexts) > 1:
        axes.legend()


def chronometric(axes: Axes, record: Chronometric) -> None:
    """The median reaction time with its 95 % interval by the strength of the evidence; dashed: the signal to answer."""
    for at, median in enumerate(record.median_ms):
        color = network_color(at)
        axes.vlines(record.strength, record.low_ms[at], record.high_ms[at], color=color, linewidth=1)
        axes.plot(record.strength, median, color=color, marker="o", markersize=3, label=record.contexts[at])
    axes.axhline(record.answer_ms, color=INPUT, linewidth=0.6, linestyle="--", zorder=0)
    axes.set_ylim(bottom=0)
    labelled(axes, f"Strength of the evidence{of(record.unit)}", "Median reaction time (ms)")
    if len(record.contexts) > 1:
        axes.legend()


def of(unit: str) -> str:
    """The unit of an axis."""
    return f" ({unit})" if unit else ""
