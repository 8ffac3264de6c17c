"""The networks of a sweep as one labelled cohort: numbers and weights in one Zarr, with the keys as axes."""

import numpy as np

from recurra.analysis.cohorts.sweep import Sweep
from recurra.arrays import Weights, named_arrays
from recurra.models.cohort import Cohort
from recurra.runs.record import cohort_of
from recurra.storage.groups import create_array
from recurra.storage.run_folder import RunFolder

STAGES = ("initial", "weights")  # before and after training


def write_arrays(folder: RunFolder, sweep: Sweep) -> None:
    """Write `numbers`, `initial` and `weights` to the Zarr of a sweep, one condition after the other.

    Where conditions have arrays of different shapes, as with several numbers of units, the weights stay in the run
    folders of the conditions alone.

    Args:
        folder: the folder of the sweep.
        sweep: the sweep.
    """
    folder.write_datasets({"numbers": sweep.to_xarray()})
    first = cohort_of(RunFolder.open(sweep.conditions[0].folder))
    if _alike(sweep, first):
        folder.write_datasets(dict.fromkeys(STAGES, sweep.coordinates()))
        for stage in STAGES:
            _create(folder, sweep, stage, getattr(first, stage))
        for at, one in enumerate(sweep.conditions):
            _fill(folder, sweep, at, cohort_of(RunFolder.open(one.folder)))
    folder.consolidate()


def _alike(sweep: Sweep, first: Cohort) -> bool:
    """Whether the networks of all conditions have arrays of the same names and shapes."""
    shapes = {name: array.shape for name, array in named_arrays(first.weights).items()}
    for one in sweep.conditions[1:]:
        with_groups = RunFolder.open(one.folder).zarr("r")["weights"]
        found = {name: array.shape[1:] for name, array in with_groups.arrays()}  # type: ignore[union-attr]
        if any(found.get(name) != shape for name, shape in shapes.items()):
            return False
    return True


def _axes(sweep: Sweep) -> tuple[str, ...]:
    return tuple(key.name for key in sweep.keys) if sweep.how == "all" else ("condition",)


def _create(folder: RunFolder, sweep: Sweep, stage: str, weights: Weights) -> None:
    group, axes = folder.zarr("a")[stage], _axes(sweep)
    for name, array in named_arrays(weights).items():
        shape, dtype = (*sweep.shape, *array.shape), np.asarray(array).dtype
        own = weights.axes()[name]
        create_array(group, name, shape, dtype, (*axes, "network", *own), filled=len(axes))  # type: ignore[arg-type]


def _fill(folder: RunFolder, sweep: Sweep, at: int, cohort: Cohort) -> None:
    root, place = folder.zarr("a"), np.unravel_index(at, sweep.shape)
    for stage in STAGES:
        for name, array in named_arrays(getattr(cohort, stage)).items():
            root[stage][name][tuple(map(int, place))] = np.asarray(array)  # type: ignore[index]
