"""The record of one network, from whatever program it comes: what `recurra inspect` prints and `rc.inspect` returns."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from recurra.analysis.own import OwnAnalysis
from recurra.analysis.record import RunRecord, record_of_network
from recurra.models.network import Network, check_fit
from recurra.runs.compiled import kept_programs
from recurra.runs.imports import InspectedNetwork, alone, inspected_alone, inspected_for
from recurra.runs.record import spec_of
from recurra.storage.run_folder import RunFolder
from recurra.tasks import Task


def inspect(
    source: Path | str | Network, task: Task | None = None, *, number: int | None = None, seed: int | None = None
) -> RunRecord:
    """Analyse one network by itself, as `recurra inspect` does.

    What a file does not say about its network is assumed, with a warning each.

    Args:
        source: a file of Keras, PyTorch, PsychRNN or recurra, a run folder, or a network.
        task: what the network was trained on; a run folder knows it. Without it the record has what weights and
            dynamics say by themselves: spectrum, fixed points, and what the network does when it is left alone in
            random states; performance, memories and answers are not defined in it.
        number: number of the network in a run folder; the first one if None.
        seed: of the test trials and of the chance levels; that of the run, or 0 for a file or a network, if None.

    Returns:
        The record of the network. `record.dossiers[0]` has its analyses; `rc.write_report` makes a page of it.

    Raises:
        ValueError: the source cannot be read, or does not fit the task.

    Examples:
        >>> import recurra as rc
        >>> rule = rc.Ridge(steps=2, batch=8, validation_trials=4)
        >>> cohort = rc.train(rc.Not(), rc.GRU(units=3), rule, networks=1, seed=0)
        >>> record = rc.inspect(cohort[0], rc.Not())
        >>> len(record.dossiers[0].regimes)
        2
        >>> rc.inspect(rc.network([[0.5]], [[1.0]], [[1.0]])).dossiers[0].not_applicable["performance"]
        'it needs the task, and none was given'
    """
    if isinstance(source, Network):
        found, name = _given(source, task, number), "network"
    else:
        path = Path(source)
        known = _task_of(path, task)
        found = inspected_alone(path, number) if known is None else inspected_for(path, known, number)
        name = found.name(path)
    found.tell()
    return inspected_record(found, name, seed)


def inspected_record(
    inspected: InspectedNetwork, name: str, seed: int | None = None, analyses: Sequence[OwnAnalysis] = ()
) -> RunRecord:
    """The record of a network that was read.

    Args:
        inspected: the network and what is known of it.
        name: its name in the record.
        seed: of the test trials and of the chance levels; the one that belongs to the network if None.
        analyses: the user's own analyses, which run after recurra's.
    """
    about = {"name": name, "network": inspected.table()}
    with kept_programs():
        record = record_of_network(
            inspected.network,
            inspected.task,
            inspected.seed if seed is None else seed,
            about,
            inspected.before,
            inspected.number,
            inspected.status,
            analyses,
        )
    return replace(record, groups=inspected.groups)


def _given(network: Network, task: Task | None, number: int | None) -> InspectedNetwork:
    if number is not None:
        raise ValueError(f"number is {number}; a network is one already, leave number out")
    task = network.task if task is None else task
    if task is None:
        return alone(network)
    check_fit(network, task)
    return InspectedNetwork(task, network, (), network.untrained)


def _task_of(path: Path, task: Task | None) -> Task | None:
    """The task that was given, or that of the run folder; None for a file."""
    return spec_of(RunFolder.open(path)).task if task is None and path.is_dir() else task
