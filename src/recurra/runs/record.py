"""A run read back from its folder: its spec, cohort and record."""

from functools import partial
from typing import cast

from recurra.analysis import Census
from recurra.analysis.cohorts.comparison import FEWEST
from recurra.analysis.dossier_records import Dossier, record_kinds
from recurra.analysis.failures import Failure
from recurra.analysis.record import RunRecord, kinds_before
from recurra.arrays import Weights, named_arrays
from recurra.checks import same_axis
from recurra.models.cohort import Cohort, Origin
from recurra.runs.own import command_for
from recurra.runs.own_analyses import own_records
from recurra.runs.record_store import cohort_records, single_record
from recurra.runs.spec import RunSpec, to_spec
from recurra.runs.stretches import stretches_in
from recurra.status import Status
from recurra.storage.checkpoints import read_weights
from recurra.storage.log import read_history
from recurra.storage.reading import naming
from recurra.storage.run_folder import RunFolder
from recurra.varied import Varied

SEVERAL = {"sweep": ("a sweep", "conditions"), "tuning": ("a search over hyperparameters", "trials")}


def read_run(folder: RunFolder) -> RunRecord:
    """The record of an analysed run."""
    cohort = cohort_of(folder)
    check_analysed(folder)
    kinds = record_kinds(cohort.task) | kinds_before(cohort.task)
    columns = {name: cohort_records(kind, folder.read_dataset(name), cohort.numbers) for name, kind in kinds.items()}
    before = {
        name: [None if isinstance(record, Failure) else record for record in columns.pop(name)]
        for name in kinds_before(cohort.task)
    }
    own = own_records(folder, cohort.numbers)
    census = single_record(Census, folder.read_dataset("census")) if len(cohort) >= FEWEST else None
    return RunRecord(
        about=folder.about(),
        task=cohort.task,
        model=cohort.model,
        rule=cohort.rule,
        dynamics=cohort.dynamics,
        numbers=cohort.numbers,
        status=cohort.status,
        initial=cohort.initial,
        weights=cohort.weights,
        connections=cohort.connections,
        history=cohort.history,
        before=before["spectrum_before"],
        cubes_before=before.get("cube_before"),
        groups=cohort.model.groups(),
        weights_at=partial(read_weights, folder, type(cohort.weights)),
        dossiers=[
            Dossier.of(cohort.task, dict(zip(columns, row, strict=True)), {name: own[name][at] for name in own})
            for at, row in enumerate(zip(*columns.values(), strict=True))
        ],
        examples=folder.read_dataset("examples"),
        probe=folder.read_dataset("probe"),
        walk=folder.read_dataset("walk").drop_dims("network") if "walk" in kinds else None,
        census=None if isinstance(census, Failure) else census,
        census_failure=census.reason if isinstance(census, Failure) else "",
    )


def spec_of(folder: RunFolder) -> RunSpec:
    """The spec of a run."""
    check_run(folder)
    with naming(folder.path / "run.json"):
        return to_spec(folder.entry("spec"))


def numbers_in(folder: RunFolder, spec: RunSpec) -> range:
    """The numbers of the networks that a run folder trains: all of the spec, or those of a part of it."""
    part = folder.about().get("part")
    return numbers_of_part(spec.networks, part["number"], part["of"]) if part else range(spec.networks)


def numbers_of_part(networks: int, number: int, of: int) -> range:
    """The numbers of the networks of a part: consecutive ones, and no part has more than one more than another.

    Args:
        networks: number of networks in all.
        number: the part, from 1.
        of: number of parts.
    """
    if not 1 <= number <= of <= networks:
        raise ValueError(f"part {number} of {of} of {networks} networks: expected a part from 1 to {of} with networks")
    return range((number - 1) * networks // of, number * networks // of)


def check_run(folder: RunFolder) -> None:
    """Check that a folder is that of a run and not of a sweep or a search, which have several."""
    for kind, (words, inside) in SEVERAL.items():
        if kind in folder.about():
            raise ValueError(f"{folder} is {words}; name one of the runs in {folder}/{inside}")


def check_trained(folder: RunFolder) -> None:
    """Check that the training of a run has ended; the error says how to end it."""
    check_run(folder)
    if folder.entry("status") == "training":
        if "parts" in folder.about():
            raise ValueError(
                f"{folder} is trained in {folder.entry('parts')} parts, which are not joined yet; go on with "
                f"{command_for('run --resume', folder)}, or where all are trained {command_for('join', folder)}"
            )
        raise ValueError(
            f"the training in {folder} has not ended; wait for the process that trains, or go on with "
            + command_for("run --resume", folder)
        )


def check_analysed(folder: RunFolder) -> None:
    """Check that a run is trained and analysed; the error names the command for the missing step."""
    check_trained(folder)
    if folder.entry("status") != "analysed":
        raise ValueError(f"{folder} is not analysed; run {command_for('analyse', folder)} first")


def cohort_of(folder: RunFolder) -> Cohort:
    """The trained cohort of a run."""
    check_trained(folder)
    spec, networks, about = spec_of(folder), folder.entry("networks"), folder.about()
    kind = spec.model.dynamics(spec.task.dt_ms).weights
    initial, weights = read_weights(folder, kind, 0), read_weights(folder, kind, -1)
    check_arrays(folder, initial, spec, len(networks))
    check_arrays(folder, weights, spec, len(networks))
    return Cohort(
        model=spec.model,
        rule=spec.training,
        initial=initial,
        weights=weights,
        task=spec.task,
        seed=spec.seed,
        numbers=tuple(network["number"] for network in networks),
        status=tuple(Status[network["status"]] for network in networks),
        history=read_history(folder),
        origin=Origin(spec.name, folder.entry("seconds")["training"], tuple(stretches_in(about))),
        vary=cast(Varied, spec.vary),
        start=spec.start,
    )


def check_arrays(folder: RunFolder, weights: Weights, spec: RunSpec, networks: int) -> None:
    """Check that the weights have the number of networks and the sizes of the spec."""
    sizes = {"unit": spec.model.units, "input": spec.task.inputs, "output": spec.task.outputs}
    for name, array in named_arrays(weights).items():
        own_sizes = dict(zip(weights.axes()[name], array.shape[1:], strict=False))
        shape = (networks, *(sizes.get(same_axis(axis), own_sizes.get(axis)) for axis in weights.axes()[name]))
        if array.shape != shape:
            raise ValueError(
                f"{folder}/run.zarr/weights/{name} has the shape {array.shape}; by run.json it should be {shape}"
            )


def cohort_spec(cohort: Cohort, name: str) -> RunSpec:
    """The spec of a cohort.

    Args:
        cohort: the cohort.
        name: name of the run.
    """
    return RunSpec(
        cohort.task, name, len(cohort), cohort.seed, cohort.model, cohort.rule, vary=cohort.vary, start=cohort.start
    )
