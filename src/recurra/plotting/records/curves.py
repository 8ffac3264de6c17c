"""Records that are curves: learning, time courses, branches of fixed points."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes

from recurra.analysis import Branch, LatentPaths, NoisyLifetimes, TensorComponents, TransientGains
from recurra.analysis.dossier_records import Behaviour
from recurra.analysis.free_run import FreeRun
from recurra.analysis.record import RunRecord
from recurra.models.cohort import Cohort, History
from recurra.plotting.colors import INPUT, PAPER, TARGET, condition_colors, network_color
from recurra.plotting.papers.learning import loss_panel, success_panel
from recurra.plotting.papers.style import bounded, zero_line
from recurra.plotting.records.axes import ROOM, labelled, log_axis
from recurra.plotting.scenes.learning import TITLES, LearningCurves
from recurra.plotting.scenes.learning_of import learning_of
from recurra.tasks.trials import Trials

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
        axes.plot(record.step, np.where(row > 0, row, np.nan), color=network_color(at))
    log_axis(axes)
    labelled(axes, "Training step", "Validation loss")


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
    span = max((float(np.ptp(bounded(one, 1e6))) for one in channels), default=1.0) or 1.0
    for at, (one, color) in enumerate(zip(channels, colors, strict=True)):
        axes.axhline(-at * GAP, color=PAPER, linewidth=0)
        axes.plot(time_ms, bounded(one, 1e6) / span - at * GAP, color=color)
    axes.set_xlabel("Time (ms)")


def behaviour(axes: Axes, record: Behaviour) -> None:
    """The outputs on the probe, a colour for each condition."""
    colors = condition_colors(len(record.probe))
    for outputs, color in zip(record.probe, colors, strict=True):
        axes.plot(bounded(outputs, 1e6), color=color)
    zero_line(axes)
    labelled(axes, "Time step", "Output on the probe")


def free_run(axes: Axes, record: FreeRun) -> None:
    """Targets, black, and outputs in time, a colour for each output."""
    for at, (output, target) in enumerate(zip(record.outputs.T, record.targets.T, strict=True)):
        axes.plot(record.time_ms, target, color="black", linewidth=1.0, label=None if at else "target")
        axes.plot(record.time_ms, bounded(output, 1e6), color=network_color(at), label=f"output {at + 1}")
    zero_line(axes)
    labelled(axes, "Time (ms)", "Free run", f"Normalized error {record.normalized_error:.2g}")
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.1), ncols=4)


def latent_paths(axes: Axes, record: LatentPaths) -> None:
    """The latent variables of every trial in time."""
    colors = condition_colors(len(record.kappa))
    for path, color in zip(record.kappa, colors, strict=True):
        for rank in range(path.shape[1]):
            axes.plot(path[:, rank], color=color, linestyle=("-", "--", ":", "-.")[rank % 4])
    zero_line(axes)
    labelled(axes, "Time step", "Latent variables κ")


def tensor_components(axes: Axes, record: TensorComponents) -> None:
    """The course of every component in a trial."""
    for at, (weight, course) in enumerate(zip(record.weights, record.time_factors, strict=True)):
        axes.plot(weight * course, color=network_color(at), label=f"component {at + 1}")
    zero_line(axes)
    labelled(axes, "Time step", "Weight × course in a trial", f"Relative error {record.error:.2g}")
    axes.legend()


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
    """The mean time until a memory fails by the noise on the inputs, with its 95 % interval."""
    high = np.where(np.isfinite(record.high_ms), record.high_ms, record.low_ms * 100)
    axes.vlines(record.input_noise, record.low_ms, high, color=INPUT, linewidth=1.5)
    known = np.isfinite(record.mean_ms)
    axes.plot(
        record.input_noise[known], record.mean_ms[known], color=TARGET, marker="o", markersize=4, linestyle="none"
    )
    log_axis(axes)
    axes.margins(x=ROOM)
    labelled(axes, "Noise on the inputs (√ms)", "Mean lifetime (ms)")
