"""The trials that a report shows, the same for all networks of a run."""

from functools import lru_cache

import numpy as np
import xarray as xr

from recurra.streams import Stream, random_key
from recurra.tasks import Task, Trials
from recurra.tasks.base import hashed

TEST_TRIALS = 1_000
EXAMPLES = 3


def test_trials(task: Task, seed: int) -> Trials:
    """The trials that every network of a run is tested on; none was trained on them."""
    return _drawn(hashed(task), seed, Stream.test)


def chance_trials(task: Task, seed: int) -> Trials:
    """As many other trials, from which chance levels are computed."""
    return _drawn(hashed(task), seed, Stream.chance)


@lru_cache(maxsize=3)
def _drawn(task: Task, seed: int, stream: Stream) -> Trials:
    """Random trials, drawn once for all networks of a run."""
    return task.sample(random_key(seed, stream), task.test_trials(TEST_TRIALS))


def examples_dataset(task: Task, seed: int) -> xr.Dataset:
    """Inputs, targets and mask of the trials that the report shows, the same for all networks."""
    trials = test_trials(task, seed).part(slice(EXAMPLES))
    return trials_dataset(trials, "trial", "time")


def probe_dataset(task: Task) -> xr.Dataset:
    """Inputs, targets and mask of the probe; `condition` counts into the attribute `condition_names`."""
    probe = task.probe()
    dataset = trials_dataset(probe, "condition", "probe_time").assign_coords(condition=np.asarray(probe.condition))
    return dataset.assign_attrs(condition_names=list(probe.condition_names))


def trials_dataset(trials: Trials, first: str, time: str) -> xr.Dataset:
    """Trials as a labelled dataset.

    Args:
        trials: the trials.
        first: name of the axis of the trials.
        time: name of the axis of time.
    """
    arrays = {
        "inputs": ((first, time, "input"), np.asarray(trials.inputs), {"units": "1", "description": "inputs"}),
        "targets": (
            (first, time, "output"),
            np.asarray(trials.targets),
            {"units": "1", "description": "right outputs"},
        ),
        "mask": ((first, time, "output"), np.asarray(trials.mask), {"units": "1", "description": "what counts"}),
    }
    return xr.Dataset(arrays, coords={time: (time, np.asarray(trials.time_ms), {"units": "ms", "description": "time"})})
