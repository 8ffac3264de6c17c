"""Records of networks of spiking units."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from recurra.analysis import SpikeTrains, SpikingSearch, SpikingUnits
from recurra.plotting.colors import EXCITATORY, FRAME, GRID, INHIBITORY, INPUT, TARGET, condition_colors
from recurra.plotting.papers.style import ROOM, bounded, legend_above
from recurra.plotting.records.axes import labelled, legend_beside
from recurra.tasks.rules import SUCCESSFUL
from recurra.words.spikes import factor_unit

FAR = 1e6  # larger values are drawn as this one
COLORS = {1: EXCITATORY, -1: INHIBITORY, 0: TARGET}
SIGNS = {1: "excitatory", -1: "inhibitory", 0: "both signs"}
MARKS = {"follows": "o", "silent": "v", "saturated": "^", "noisy": "x"}


def spiking_search(axes: Axes, record: SpikingSearch) -> None:
    """The share of right trials at every scaling factor with its 95 % interval; grey: the factors that work."""
    if record.span:
        axes.axvspan(*record.span, color=GRID, linewidth=0, zorder=0)
    axes.axhline(SUCCESSFUL, color=FRAME, linewidth=0.6, linestyle="dashed", zorder=1)
    axes.axhline(record.rate_success, color=INPUT, linewidth=1.0, zorder=1, label="rate network")
    axes.vlines(record.scaling_factor, record.success_low, record.success_high, color=INPUT, linewidth=1.5)
    axes.plot(record.scaling_factor, record.success, color=TARGET, marker="o", markersize=4, label="spikes")
    axes.set_ylim(-0.03, 1.05)
    _factors(axes, record, "Share of right trials")
    legend_above(axes)


def search_rates(axes: Axes, record: SpikingSearch) -> None:
    """The mean rate of the spiking units at every scaling factor."""
    axes.plot(record.scaling_factor, record.mean_hz, color=TARGET, marker="o", markersize=4)
    axes.set_ylim(bottom=0)
    _factors(axes, record, "Mean rate (Hz)")


def _factors(axes: Axes, record: SpikingSearch, upwards: str) -> None:
    axes.margins(x=ROOM)
    unit = factor_unit(record.amplitude).strip()
    labelled(axes, f"Scaling factor λ ({unit})" if unit else "Scaling factor λ", upwards)


def raster(axes: Axes, record: SpikeTrains) -> None:
    """Every spike, the conditions one after the other: red of excitatory units, blue of inhibitory ones."""
    length = float(record.output_time_ms[-1])
    colors = np.array([COLORS[sign] for sign in np.sign(record.sign).tolist()])
    for at in range(len(record.condition_names)):
        time, unit = record.of_condition(at)
        axes.scatter(time + at * length, unit, s=0.6, c=colors[unit], marker="|", linewidths=0.5)
        if at:
            axes.axvline(at * length, color=FRAME, linewidth=0.6)
    axes.set_xlim(0, length * len(record.condition_names))
    axes.set_ylim(-1, len(record.sign))
    axes.set_xticks((np.arange(len(record.condition_names)) + 0.5) * length, record.condition_names)
    axes.tick_params(axis="x", length=0)
    labelled(axes, f"Condition, {length:g} ms each", "Unit", f"Spikes at λ = {record.scaling_factor:g}")
    present = [sign for sign in COLORS if (np.sign(record.sign) == sign).any()]
    handles = [Line2D([], [], color=COLORS[one], marker="|", linestyle="none", label=SIGNS[one]) for one in present]
    legend_beside(axes, handles)


def spiking_outputs(axes: Axes, record: SpikeTrains) -> None:
    """The outputs with spikes, those of the rate network (thin), the targets (dotted): a colour for each condition."""
    colors = condition_colors(len(record.condition_names))
    for at, (name, color) in enumerate(zip(record.condition_names, colors, strict=True)):
        for output in range(record.outputs.shape[2]):
            label = name if not output else None
            axes.plot(record.output_time_ms, bounded(record.outputs[at, :, output], FAR), color=color, label=label)
            axes.plot(record.output_time_ms, record.rate_outputs[at, :, output], color=color, linewidth=0.5)
            axes.plot(record.output_time_ms, record.targets[at, :, output], color=color, linestyle=":", linewidth=1)
    labelled(axes, "Time (ms)", "Output", f"Spikes at λ = {record.scaling_factor:g}, rates thin, targets dotted")
    legend_beside(axes)


def spiking_units(axes: Axes, record: SpikingUnits) -> None:
    """The spikes per second of every unit against those that would send as much as the rate unit."""
    most = float(max(record.wanted_hz.max(), record.hz.max(), 1.0))
    axes.plot([0, most], [0, most], color=FRAME, linewidth=0.6, zorder=0)
    colors = np.array([COLORS[sign] for sign in np.sign(record.sign).tolist()])
    for at, mark in enumerate(MARKS.values()):
        own = record.kind == at
        axes.scatter(record.wanted_hz[own], record.hz[own], s=10, c=colors[own], marker=mark, linewidths=0.6)
    axes.margins(ROOM)
    labelled(axes, "Wanted by the rate unit (Hz)", "Spikes per second (Hz)", f"λ = {record.scaling_factor:g}")
    present = [at for at in range(len(MARKS)) if (record.kind == at).any()]
    names = list(MARKS)
    handles = [
        Line2D([], [], color=TARGET, marker=MARKS[names[at]], linestyle="none", markersize=4, label=names[at])
        for at in present
    ]
    legend_beside(axes, handles)
