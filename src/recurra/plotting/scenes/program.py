"""The program of a network as a graph: attractors, what stimuli make of each, the saddles between them."""

from collections.abc import Iterator, Sequence

import numpy as np

from recurra.analysis import Program
from recurra.analysis.dossier_records import Dossier
from recurra.analysis.dynamics.attractors import UNSETTLED
from recurra.plotting.colors import INK, PAPER, mix, network_color
from recurra.plotting.scenes.conditions import Conditions
from recurra.plotting.scenes.graph import Arrow, Graph, SaddleMark, SelfLoop
from recurra.plotting.scenes.program_parts import DrawnProgram, SaddleGroup, counted_words, left_words, parts_of
from recurra.plotting.scenes.readings import Reading, memory_reading
from recurra.tasks import Task
from recurra.wording import number_of, three
from recurra.words.attractors import listed
from recurra.words.names import network_name
from recurra.words.workings import output_words, plain_output

MOST_NAMES = 3  # stimuli or conditions that stand beside an arrow or a node, and outputs within one
PALE = 0.6  # share of white in the colour of an attractor that no stimulus leads to


def graph_scene(dossier: Dossier, task: Task, conditions: Conditions, number: int) -> Graph:
    """The graph of one network.

    Args:
        dossier: the dossier of the network.
        task: the task on which it was trained.
        conditions: the names and looks of the probe's conditions.
        number: number of the network, for its name and colour.
    """
    program, parts = dossier.program, parts_of(dossier.program, dossier.fixed_points.states)
    reading = _reading(dossier, task, conditions, number) if dossier.memories is None else memory_reading(program, task)
    nodes = list(parts.nodes)
    pale = np.arange(len(nodes)) >= len(parts.main)
    arrows, self_loops = list(_arrows(program, parts, reading)), list(_self_loops(program, parts, reading))
    seen = {(one.color, one.dash) for one in (*arrows, *self_loops)}
    colors = [reading.colors[node] for node in nodes]
    return Graph(
        places=reading.places[nodes],
        kind=program.kind[nodes],
        pale=pale,
        names=[reading.short_names[node] for node in nodes],
        labels=[reading.labels[node] for node in nodes] if reading.labels else [],
        colors=[mix(color, PAPER, PALE) if one else color for color, one in zip(colors, pale, strict=True)],
        texts=[_node_text(program, reading, node) for node in nodes],
        arrows=arrows,
        self_loops=self_loops,
        saddles=[_saddle_mark(dossier, one, nodes, reading) for one in parts.saddles],
        legend=[(name, reading.looks[at]) for name, at in reading.explained if reading.looks[at] in seen],
        title=network_name(number) + reading.judged,
        counted=counted_words(program, parts),
        left_out=left_words(program, parts),
    )


def _reading(dossier: Dossier, task: Task, conditions: Conditions, number: int) -> Reading:
    """Attractors are named by their outputs, and stand where they are along two principal components."""
    program, nodes = dossier.program, range(len(dossier.program))
    names = [f"{program.kind_of(node)}, {_outputs(program, node)}" for node in nodes]
    plane = dossier.landscape.paths.mean(axis=1)[:, :2]
    dashes = ["dash" if dashed else "solid" for dashed in conditions.dashed]
    return Reading(
        names=names,
        short_names=["\n".join(plain_output(value) for value in program.outputs[node, :MOST_NAMES]) for node in nodes],
        labels=["<br>".join(filter(None, [names[node], _after(program, conditions.names, node)])) for node in nodes],
        colors=[network_color(number)] * len(program),
        places=np.pad(plane, ((0, 0), (0, 2 - plane.shape[1]))),
        stimuli=task.stimulus_names(),
        looks=list(zip(conditions.colors, dashes, strict=True)),
        explained=[(conditions.names[at], int(at)) for at in conditions.shown],
        conditions=conditions.names,
    )


def _node_text(program: Program, reading: Reading, node: int) -> str:
    kind = {"rest": "at rest", "orbit": "an orbit", "unstable": "unstable: noise would lead away"}
    told = f"{kind[program.kind_of(node)]}, {_outputs(program, node)}"
    return "<br>".join(filter(None, [told, _after(program, reading.conditions, node)]))


def _outputs(program: Program, node: int) -> str:
    values = [output_words(value) for value in program.outputs[node].tolist()]
    told = " · ".join(values) if len(values) <= MOST_NAMES else f"{' · '.join(values[:MOST_NAMES])} …"
    return f"out {told}"


def _after(program: Program, conditions: Sequence[str], node: int) -> str:
    """After which conditions the network is at an attractor."""
    own = [name for name, end in zip(conditions, program.after.tolist(), strict=True) if end == node]
    if not own:
        return ""
    return f"after {', '.join(own) if len(own) <= MOST_NAMES else f'{len(own)} conditions'}"


def _arrows(program: Program, parts: DrawnProgram, reading: Reading) -> Iterator[Arrow]:
    """An arrow for every two attractors of which stimuli make one of the other."""
    for begin, node in enumerate(parts.main):
        wrong = reading.wrong[node] if reading.wrong else ()
        for end in np.unique(program.following[node]).tolist():
            if end == node or end not in parts.main:
                continue
            stimuli = np.flatnonzero(program.following[node] == end).tolist()
            looks = {reading.looks[stimulus] for stimulus in stimuli}
            color, dash = looks.pop() if len(looks) == 1 else (INK, "solid")
            named = [stimulus for stimulus in stimuli if stimulus in wrong] if reading.wrong else stimuli
            told = ", ".join(reading.stimuli[at] for at in stimuli)
            yield Arrow(
                begin=begin,
                end=parts.main.index(end),
                color=color,
                dash=dash,
                name=_names(reading, named),
                text=f"{told}: {reading.names[node]} → {reading.names[end]}",
                wrong=bool(set(wrong) & set(stimuli)),
            )


def _names(reading: Reading, stimuli: Sequence[int]) -> str:
    told = [reading.stimuli[at] for at in stimuli]
    return ", ".join(told) if len(told) <= MOST_NAMES else f"{len(told)} stimuli"


def _self_loops(program: Program, parts: DrawnProgram, reading: Reading) -> Iterator[SelfLoop]:
    """The wrong stimuli that leave an attractor as it is, or lead to where nothing settles."""
    for position, node in enumerate(parts.main if reading.wrong else ()):
        for stimulus in reading.wrong[node]:
            if program.following[node, stimulus] in (node, UNSETTLED):
                yield SelfLoop(position, *reading.looks[stimulus], reading.stimuli[stimulus])


def _saddle_mark(dossier: Dossier, saddles: SaddleGroup, nodes: list[int], reading: Reading) -> SaddleMark:
    points, own = dossier.fixed_points, list(saddles.points)
    modes = points.index[own].tolist()
    if len(own) == 1:
        growth = float(abs(points.eigenvalues[own[0]]).max())
        told = f"saddle, {number_of(modes[0], 'unstable mode')}, |λ| {three(growth)}"
    else:
        counts = sorted(set(modes))
        noun = "unstable mode" if counts == [1] else "unstable modes"
        told = f"{len(own)} saddles with {listed([str(mode) for mode in counts])} {noun}"
    return SaddleMark(
        between=tuple(nodes.index(end) for end in saddles.ends),
        text=f"{told}<br>between {listed([reading.names[end] for end in saddles.ends])}",
        node=None if saddles.node is None else nodes.index(saddles.node),
    )
