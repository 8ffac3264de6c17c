"""How the attractors and stimuli of a network are named, coloured and placed in its graph."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recurra.analysis import Program
from recurra.analysis.memory.memory_tasks import memory_task
from recurra.plotting.colors import INPUT, bit_look, state_color
from recurra.plotting.scenes.graph import Look, Places, oblique
from recurra.tasks import Task
from recurra.words.memories import read_signs, settled_pulses, wrong_stimuli
from recurra.words.names import bit_name

SHORT = 4  # bits whose signs stand within a node
FARTHEST = 1.5  # modulus of an output at which its attractor stands outermost


@dataclass(frozen=True)
class Reading:
    """What the attractors and stimuli of a network are in its graph.

    Args:
        names: the names of the attractors.
        short_names: the names within the attractors.
        labels: the labels beside the attractors; empty if the names within are complete.
        colors: the colours of the attractors.
        places: the places of the attractors in the plane.
        stimuli: the names of the stimuli.
        looks: the looks of the stimuli.
        explained: the possible entries of the legend: a name, and the look of a stimulus.
        conditions: the names of the conditions.
        wrong: for each attractor, the stimuli that lead to another state than the task asks for.
        judged: the words about wrong stimuli in the title; empty if there are none.
    """

    names: Sequence[str]
    short_names: Sequence[str]
    labels: Sequence[str]
    colors: Sequence[str]
    places: Places
    stimuli: Sequence[str]
    looks: Sequence[Look]
    explained: Sequence[tuple[str, int]]
    conditions: Sequence[str]
    wrong: Sequence[Sequence[int]] = ()
    judged: str = ""


def memory_reading(program: Program, task: Task) -> Reading:
    """Attractors are named and coloured by the memory state that the outputs have the signs of; they stand on a cube.

    Args:
        program: the program of a network with memories.
        task: the task on which it was trained.
    """
    bits, signs = memory_task(task).bits, read_signs(program)
    names = ["".join("−0+"[sign + 1] for sign in one) for one in signs]
    right, total = settled_pulses(program)
    stimuli = tuple(name.replace("-", "−") for name in task.stimulus_names())
    return Reading(
        names=names,
        short_names=names,
        labels=[] if bits <= SHORT else names,
        colors=[state_color(one) if one.all() else INPUT for one in signs],
        places=oblique(np.clip(np.nan_to_num(program.outputs), -FARTHEST, FARTHEST)),
        stimuli=stimuli,
        looks=[bit_look(at // 2) for at in range(len(stimuli))],
        explained=[(bit_name(bit, bits).lower(), 2 * bit) for bit in range(bits)],
        conditions=task.condition_titles(),
        wrong=[wrong_stimuli(program, node) for node in range(len(program))],
        judged=f": {right} of {total} pulses right once settled" if total else "",
    )
