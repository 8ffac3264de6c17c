"""The table of states and pulses, which only a task with memories has."""

from dataclasses import dataclass

from recurra.analysis import PulseTable
from recurra.analysis.memory.memory_tasks import memory_task
from recurra.plotting.colors import state_color
from recurra.tasks import Task
from recurra.words.names import short_name

TABLE_BITS = 4  # of a task whose table of states and pulses is shown


@dataclass(frozen=True)
class PulseOutcome:
    """An entry of the table of states and pulses.

    Args:
        name: the name of the state that was reached.
        right: whether it is the one that the task asks for.
        expected: the name of that one.
        stays: whether it is the state before the pulse.
    """

    name: str
    right: bool
    expected: str
    stays: bool


@dataclass(frozen=True)
class PulseRow:
    """What every pulse makes of one memory state."""

    name: str
    color: str
    cells: tuple[PulseOutcome, ...]


def pulse_rows(task: Task, table: PulseTable) -> tuple[PulseRow, ...]:
    """The table of states and pulses, one row per memory state; empty if there are too many bits."""
    states = memory_task(task).states
    if states.shape[1] > TABLE_BITS:
        return ()
    names = [*(short_name(state) for state in states), "?"]
    rows = []
    for at, state in enumerate(states):
        pairs = zip(table.reached[at].tolist(), table.expected[at].tolist(), strict=True)
        cells = [PulseOutcome(names[end], end == wanted, names[wanted], end == at) for end, wanted in pairs]
        rows.append(PulseRow(names[at], state_color(state), tuple(cells)))
    return tuple(rows)


def state_looks(task: Task) -> list[tuple[str, str]]:
    """The names and colours of the memory states."""
    return [(short_name(state), state_color(state)) for state in memory_task(task).states]
