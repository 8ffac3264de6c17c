"""Rates and outputs of a network on trials, as labelled arrays."""

import numpy as np
import xarray as xr

from recurra.analysis.shown_trials import trials_dataset
from recurra.analysis.subjects import Subject, of_each_network, visit_of
from recurra.tasks.base import Task
from recurra.tasks.trials import Trials


@of_each_network
def responses(
    network: Subject, task: Task | None = None, *, trials: Trials | None = None, seed: int | None = None
) -> xr.Dataset:
    """Rates, outputs, inputs and targets of a network as labelled arrays, float64.

    `rates` has the axes trial, time and unit, and `outputs` trial, time and output, as have `targets` and `mask`;
    `inputs` has trial, time and input. The coordinate `time` is in ms since the start of the trial. On the probe, which
    has every condition of the task once, the first axis is `condition`, with the conditions' names; otherwise it is
    `trial`, and a coordinate along it has the name of the condition of each trial.

    Args:
        network: the network, or a cohort, which gives a list: `xr.concat(rc.responses(cohort), "network")`.
        task: the task; not needed where the network knows it.
        trials: trials of the task, such as `task.sample(0, trials=20)`; if None, the probe.
        seed: seed of what is drawn; nothing is, unless the visit of the network is made anew.

    Examples:
        >>> import recurra as rc
        >>> silent = rc.network([[0.0]], [[0.0, 0.0]], [[0.0]])
        >>> found = rc.responses(silent, rc.Xor())
        >>> found["rates"].dims, found["condition"].values.tolist()
        (('condition', 'time', 'unit'), ['00', '01', '10', '11'])
        >>> float(abs(found["rates"].sel(condition="01", time=slice(0, 50))).max())
        0.0
    """
    visit = visit_of(network, task, seed)
    shown = visit.probe if trials is None else trials
    rates, outputs = visit.answers if trials is None else visit.network.run(trials.inputs)
    first = "condition" if trials is None else "trial"
    labels = {"units": "1", "description": "rate of every unit"}, {"units": "1", "description": "outputs"}
    names = np.array(shown.condition_names)[np.asarray(shown.condition)]
    return trials_dataset(shown, first, "time").assign(
        rates=((first, "time", "unit"), rates, labels[0]), outputs=((first, "time", "output"), outputs, labels[1])
    ).assign_coords(condition=(first, names))  # fmt: skip
