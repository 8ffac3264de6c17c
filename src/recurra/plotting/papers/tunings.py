"""A search over hyperparameters on one pair of axes: the value of every trial, and the best so far."""

import numpy as np
from matplotlib.axes import Axes

from recurra.analysis.cohorts.tuning import Tuning
from recurra.plotting.colors import INK, NETWORKS
from recurra.plotting.papers.style import legend_above


def draw_tuning(axes: Axes, tuning: Tuning) -> None:
    """The aim of every finished trial in their order, and a line for the best value up to each."""
    numbers = np.array([trial.number for trial in tuning.finished])
    values = np.array([trial.value for trial in tuning.finished])
    known = np.isfinite(values)
    axes.plot(numbers[known], values[known], "o", color=NETWORKS[0], markersize=3.0, alpha=0.7, label="trials")
    best = tuning.best_so_far()
    axes.step(np.arange(len(best)), np.where(np.isfinite(best), best, np.nan), where="post", color=INK, label="best")
    axes.set_xlabel("Trial")
    axes.set_ylabel(f"Aim: {tuning.aim}")
    axes.margins(x=0.04, y=0.08)
    legend_above(axes)
