"""The networks of a run that a page plays, with as many checkpoints of their training as a small page has room for."""

from collections.abc import Iterator, Sequence

import numpy as np

from recurra.analysis.record import RunRecord
from recurra.arrays import Weights, named_arrays
from recurra.models.network import Network
from recurra.report.play.played import PlayedNetwork, played

MOST = 4  # networks of a page if nobody asks for others
ROOM = 800_000  # characters of a page for the checkpoints of all networks


def played_of_run(run: RunRecord, positions: Sequence[int]) -> list[PlayedNetwork]:
    """Some networks of an analysed run, before training, at stored epochs evenly spread over it, and after it.

    Args:
        run: the run.
        positions: of the networks in it.
    """
    earlier: dict[int, dict[str, Network]] = {at: {} for at in positions}
    for name, weights in _checkpoints(run, len(positions)):
        for at in positions:
            earlier[at][name] = run.network_with(weights, at)
    return [
        played(run.numbers[at], run.network(at), run.task, run.dossiers[at].record, earlier[at], run.groups)
        for at in positions
    ]


def first_positions(run: RunRecord) -> range:
    """The networks that are played if nobody asks for others: the first ones of the run."""
    return range(min(MOST, len(run.numbers)))


def _checkpoints(run: RunRecord, networks: int) -> Iterator[tuple[str, Weights]]:
    """Names and weights of the checkpoints before the last."""
    if run.initial is None:
        return
    yield "before training", run.initial
    last = 0 if run.history is None else len(run.history.step)
    if run.weights_at is None or last < 2:
        return
    numbers = sum(array[0].size for array in named_arrays(run.weights).values())
    room = int(ROOM / (networks * numbers * 4 * 4 / 3)) - 1
    epochs = np.unique(np.linspace(1, last - 1, max(0, min(room, last - 1))).round().astype(int)).tolist()
    for epoch in epochs:
        try:
            yield f"after epoch {epoch} of {last}", run.weights_at(epoch)
        except ValueError:  # a cohort that was saved in Python has no weights between the first and the last
            return
