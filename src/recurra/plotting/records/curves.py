"""Records that are curves: learning, time courses, branches of fixed points."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes

from recurra.analysis import Branch, LatentPaths, NoisyLifetimes, TensorComponents, TransientGains
from recurra.analysis.dossier_records import Behaviour
from recurra.analysis.free_run import FreeRun
from recurra.analysis.memory_capacity import MemoryCapacity
from recurra.analysis.record import RunRecord
from recurra.models.cohort import Cohort, History
from recurra.plotting.colors import DASHES, FRAME, INPUT, PAPER, TARGET, condition_colors, network_color
from recurra.plotting.papers.learning import loss_panel, success_panel
from recurra.plotting.papers.style import LINES, ROOM, bounded, legend_above, plain_log, zero_line
from recurra.plotting.records.axes import condition_legend, labelled, legend_beside
from recurra.plotting.scenes.learning import TITLES, LearningCurves
from recurra.plotting.scenes.learning_of import learning_of
from recurra.tasks.trials import Trials
from recurra.words.workings import plain_output

FAR = 1e6  # larger values are drawn as this one
ARROW = 2.0  # of an interval without an upper end: its length, as a multiple of the lower end
GAP = 1.15  # between the channels of a trial, as a multiple of the largest span


def learning_loss(axes: Axes, cohort: Cohort | RunRecord) -> None:
    """The loss of every network on validation trials."""
    loss_panel(axes, _learning(cohort))
    axes.set_ylabel(TITLES[0])


def learning_success(axes: Axes, cohort: Cohort | RunRecord) -> None:
    """The share of successful validation trials of every network."""
    success_panel(axes, _learning(cohort))
    axes.set_ylabel(TITLES[1])


def _learning(cohort: Cohort | RunRecord) -> LearningCurves:
    history, status = cohort.history, cohort.status
    if history is None or status is None:
        raise ValueError("these networks were not trained here; draw one of them: rc.plot(record.dossiers[0])")
    return learning_of(history, cohort.numbers, status, cohort.task, cohort.rule)


def history(axes: Axes, record: History) -> None:
    """The validation loss of every network by steps."""
    for at, row in enumerate(record.validation_loss):
        _by_step(axes, record, np.where(row > 0, row, np.nan), at)
    plain_log(axes)
    labelled(axes, "Training step", "Validation loss")


def weight_change(axes: Axes, record: History) -> None:
    """The distance of every network's weights from those before training, by steps."""
    if record.weight_change is None:
        raise ValueError("this history has no weight_change: its log is of a version that did not measure it")
    for at, row in enumerate(record.weight_change):
        _by_step(axes, record, bounded(row, FAR), at)
    labelled(axes, "Training step", "Change of the weights (Frobenius norm)")


def _by_step(axes: Axes, record: History, values: Float[np.ndarray, "epoch"], network: int) -> None:
    """The curve of a network, or a dot if there is a single value."""
    single = np.size(record.step) == 1
    axes.plot(record.step, values, color=network_color(network), marker="." if single else "none")
    if single:
        axes.set_xticks(record.step)


def trials(axes: Axes, record: Trials) -> None:
    """Inputs and targets of the first trial, one above the other."""
    inputs, targets = np.asarray(record.inputs[0]).T, np.asarray(record.targets[0]).T
    _channels(axes, record.time_ms, [*inputs, *targets], [INPUT] * len(inputs) + [TARGET] * len(targets))
    names = [f"{kind} {at + 1}" for kind, rows in (("input", inputs), ("target", targets)) for at in range(len(rows))]
    axes.set_yticks([-at * GAP for at in range(len(names))], names)
    at = int(record.condition[0])
    axes.set_title(f"Condition {record.condition_names[at]}" if 0 <= at < len(record.condition_names) else "")


def _channels(
    axes: Axes, time_ms: Float[np.ndarray, "time"], channels: Sequence[Float[np.ndarray, "time"]], colors: Sequence[str]
) -> None:
    span = max((float(np.ptp(bounded(one, FAR))) for one in channels), default=1.0) or 1.0
    for at, (one, color) in enumerate(zip(channels, colors, strict=True)):
        axes.axhline(-at * GAP, color=PAPER, linewidth=0)
        axes.plot(time_ms, bounded(one, FAR) / span - at * GAP, color=color)
    axes.set_xlabel("Time (ms)")


def behaviour(axes: Axes, record: Behaviour) -> None:
    """The outputs on the probe: a colour for each condition, and of several outputs a row for each."""
    outputs, colors = bounded(record.probe, FAR), condition_colors(len(record.probe))
    known = outputs[np.isfinite(outputs)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    rows = [-at * GAP * ((high - low) or 1.0) for at in range(outputs.shape[2])]
    for at, row in enumerate(rows):
        axes.axhline(row, color=FRAME, linewidth=0.4, zorder=0)
        for output, color in zip(outputs[..., at], colors, strict=True):
            axes.plot(record.probe_time_ms, output + row, color=color)
    labelled(axes, "Time (ms)", "Output on the probe")
    if len(rows) > 1:
        axes.set_yticks(rows, [f"output {at + 1}" for at in range(len(rows))])
        labelled(axes, "Time (ms)", "", f"Outputs on the probe, from {plain_output(low)} to {plain_output(high)}")
    condition_legend(axes, colors)


def free_run(axes: Axes, record: FreeRun) -> None:
    """Targets, black, and outputs in time, a colour for each output."""
    for at, (output, target) in enumerate(zip(record.outputs.T, record.targets.T, strict=True)):
        axes.plot(record.time_ms, target, color="black", linewidth=1.0, label=None if at else "target")
        axes.plot(record.time_ms, bounded(output, 1e6), color=network_color(at), label=f"output {at + 1}")
    zero_line(axes)
    labelled(axes, "Time (ms)", "Free run", f"Normalized error {record.normalized_error:.2g}")
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.1), ncols=4)


def memory_capacity(axes: Axes, record: MemoryCapacity) -> None:
    """What the network holds of the input of every earlier step."""
    axes.fill_between(record.lags, record.by_lag, color=network_color(0), alpha=0.2, linewidth=0)
    axes.plot(record.lags, record.by_lag, color=network_color(0))
    zero_line(axes)
    axes.set_ylim(min(-0.02, float(record.by_lag.min())), 1.05)
    title = f"Capacity {record.capacity:.1f} of {record.units}, 95 % interval {record.low:.1f} to {record.high:.1f}"
    labelled(axes, "Lag", "Squared correlation", title)


def latent_paths(axes: Axes, record: LatentPaths) -> None:
    """The latent variables of every trial in time: a colour for each trial, and dashes from the second variable on."""
    colors = condition_colors(len(record.kappa))
    for path, color in zip(record.kappa, colors, strict=True):
        for rank in range(path.shape[1]):
            axes.plot(record.time_ms, path[:, rank], color=color, linestyle=LINES[DASHES[rank % len(DASHES)]])
    zero_line(axes)
    labelled(axes, "Time (ms)", "Latent variables κ")
    condition_legend(axes, colors)


def tensor_components(axes: Axes, record: TensorComponents) -> None:
    """The course of every component in a trial."""
    for at, (weight, course) in enumerate(zip(record.weights, record.time_factors, strict=True)):
        axes.plot(record.time_ms, weight * course, color=network_color(at), label=f"component {at + 1}")
    zero_line(axes)
    labelled(axes, "Time (ms)", "Weight × course in a trial", f"Relative error {record.error:.2g}")
    legend_beside(axes)


def branch(axes: Axes, record: Branch) -> None:
    """The size of the fixed point along the input's amplitude: stable points black, unstable white, folds crosses."""
    sizes = np.linalg.norm(record.states, axis=1)
    axes.plot(record.amplitude, sizes, color=INPUT, zorder=1)
    for chosen, fill in ((record.index > 0, PAPER), (record.index == 0, TARGET)):
        axes.scatter(record.amplitude[chosen], sizes[chosen], s=9, facecolors=fill, edgecolors=TARGET, linewidths=0.6)
    axes.scatter(record.amplitude[record.fold], sizes[record.fold], s=40, marker="x", color="C3", zorder=3)
    axes.margins(ROOM)
    labelled(axes, "Amplitude of the input", "Norm of the fixed point")


def transient_gains(axes: Axes, record: TransientGains) -> None:
    """The largest gain at each stable fixed point, and the time after which it is reached."""
    axes.scatter(record.gain_ms, record.gain, s=12, color=TARGET)
    axes.axhline(1, color=INPUT, linewidth=0.6, zorder=0)
    axes.margins(ROOM)
    labelled(axes, "Time of the largest gain (ms)", "Largest gain")


def noisy_lifetimes(axes: Axes, record: NoisyLifetimes) -> None:
    """The mean time until a memory fails by the noise on the inputs, with its 95 % interval.

    If no trial failed there is no mean, and the interval has no upper end: an arrow begins at its lower end.
    """
    known, noise, low_ms = np.isfinite(record.high_ms), record.input_noise, record.low_ms
    axes.vlines(noise[known], low_ms[known], record.high_ms[known], color=INPUT, linewidth=1.5)
    dots = {"color": TARGET, "marker": "o", "markersize": 4, "linestyle": "none"}
    axes.plot(noise[known], record.mean_ms[known], label="mean, 95 % interval", **dots)
    if not known.all():
        look = {"color": INPUT, "elinewidth": 1.5, "capsize": 3, "fmt": "none"}
        axes.errorbar(noise[~known], low_ms[~known], yerr=ARROW * low_ms[~known], lolims=True, **look)
        axes.plot([], [], label="no failure: at least", color=INPUT, marker="^", markersize=4, linestyle="none")
        legend_above(axes)
    plain_log(axes)
    axes.margins(x=ROOM)
    labelled(axes, "Noise on the inputs (√ms)", "Mean lifetime (ms)")
