"""Records of networks that do several tasks."""

import numpy as np
from matplotlib.axes import Axes

from recurra.analysis import BetweenTasks, ClusterCount, TaskPerformance, TaskVariance
from recurra.plotting.colors import INPUT, PAPER, TARGET
from recurra.plotting.papers.style import ROOM
from recurra.plotting.records.axes import labelled, scale


def task_performance(axes: Axes, record: TaskPerformance) -> None:
    """The success in each task with its 95 % interval."""
    rows = np.arange(len(record))
    axes.hlines(rows, 100 * record.success_low, 100 * record.success_high, color=INPUT, linewidth=1.5)
    axes.scatter(100 * record.success, rows, s=12, color=TARGET, zorder=2)
    axes.set_yticks(rows, list(record.names))
    axes.invert_yaxis()
    axes.set_xlim(-2, 102)
    labelled(axes, "Success (%)", "")


def task_variance(axes: Axes, record: TaskVariance) -> None:
    """The normalized variance, a row for each task and a column for each active unit; lines divide the clusters."""
    order = np.argsort(record.cluster, kind="stable")[(record.cluster < 0).sum() :]
    image = axes.imshow(record.normalized[order].T, cmap="magma", vmin=0, vmax=1, aspect="auto", interpolation="none")
    scale(axes, image, "Normalized variance")
    for edge in np.flatnonzero(np.diff(record.cluster[order])):
        axes.axvline(edge + 0.5, color=PAPER, linewidth=0.8)
    axes.set_yticks(np.arange(len(record.names)), list(record.names))
    labelled(axes, "Unit, by cluster", "", f"{record.clusters} clusters")


def silhouettes(axes: Axes, record: TaskVariance) -> None:
    """The silhouette of every number of clusters, black, and those of rotated rates."""
    axes.plot(record.tried, record.rotated_silhouette.T, color=INPUT, linewidth=0.5)
    axes.plot(record.tried, record.silhouette, color=TARGET, marker="o", markersize=3)
    axes.margins(ROOM)
    labelled(axes, "Clusters", "Mean silhouette", f"p = {record.p_value:.2g} against rotated rates")


def cluster_count(axes: Axes, record: ClusterCount) -> None:
    """The number of clusters of every network, black, and after rotations; a line and a band are mean and interval."""
    at = np.arange(len(record.count))
    axes.axhspan(record.low, record.high, color=INPUT, alpha=0.3, linewidth=0)
    axes.axhline(record.mean, color=INPUT)
    axes.scatter(at, record.count, s=12, color=TARGET, label="rates")
    axes.scatter(at, record.rotated, s=12, facecolors=PAPER, edgecolors=TARGET, linewidths=0.6, label="rotated")
    axes.margins(ROOM)
    axes.legend(loc="best")
    labelled(axes, "Network", "Clusters")


def between_tasks(axes: Axes, record: BetweenTasks) -> None:
    """Every branch along its first principal component: stable points black, unstable white, folds crosses."""
    axes.axvline(0, color=INPUT, linewidth=0.5, zorder=0)
    middle, direction = _first_component(record)
    for branch in record.branches:
        heights = (branch.states - middle) @ direction
        axes.plot(branch.amplitude, heights, color=INPUT, zorder=1)
        for chosen, fill in ((branch.index > 0, PAPER), (branch.index == 0, TARGET)):
            dots = {"facecolors": fill, "edgecolors": TARGET, "linewidths": 0.6}
            axes.scatter(branch.amplitude[chosen], heights[chosen], s=9, **dots)
        axes.scatter(branch.amplitude[branch.fold], heights[branch.fold], s=40, marker="x", color="C3", zorder=3)
    axes.margins(ROOM)
    axes.set_xticks([0, 1], list(record.names))
    labelled(axes, "Input", "First principal component")


def _first_component(record: BetweenTasks) -> tuple[np.ndarray, np.ndarray]:
    """The mean of the points of all branches, and the direction in which they vary most."""
    if not record.branches:
        return np.zeros(1), np.zeros(1)
    states = np.concatenate([branch.states for branch in record.branches])
    middle = states.mean(axis=0)
    return middle, np.linalg.svd(states - middle, full_matrices=False)[2][0]
