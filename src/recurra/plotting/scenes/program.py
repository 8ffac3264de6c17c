"""The program of a network as a graph: attractors, what stimuli make of each, the saddles between them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from recurra.analysis import Program
from recurra.analysis.dossier_records import Dossier
from recurra.analysis.dynamics.attractors import UNSETTLED
from recurra.plotting.colors import INK, INPUT, PAPER, bit_look, mix, network_color, state_color
from recurra.plotting.scenes.conditions import Conditions
from recurra.plotting.scenes.graph import Arrow, Graph, Look, Places, SaddleMark, SelfLoop, oblique
from recurra.plotting.scenes.program_parts import Parts, Saddles, counted_words, left_words, parts_of
from recurra.tasks import FlipFlop, Task
from recurra.wording import three
from recurra.words.attractors import listed
from recurra.words.names import bit_name, network_name, short_name
from recurra.words.workings import output_words, plain_output, read_signs, settled_pulses, wrong_stimuli

MOST_NAMES = 3  # stimuli or conditions that stand beside an arrow or a node, and outputs within one
SHORT = 4  # bits whose signs stand within a node
FARTHEST = 1.5  # modulus of an output at which its attractor stands outermost
PALE = 0.6  # share of white in the colour of an attractor that no stimulus leads to


@dataclass(frozen=True)
class _Words:
    """What the attractors and stimuli of a task are called, and how its stimuli look."""

    names: list[str]
    stimuli: tuple[str, ...]
    looks: list[Look]
    explained: list[tuple[str, int]]
    conditions: list[str]


def graph_scene(dossier: Dossier, task: Task, conditions: Conditions, number: int) -> Graph:
    """The graph of one network.

    Args:
        dossier: its analysis.
        task: what it was trained on.
        conditions: of the task's probe.
        number: the network's, for its name and colour.
    """
    found, flipflop = dossier.program, isinstance(task, FlipFlop)
    parts, words = parts_of(found, dossier.fixed_points.states), _words(found, task, conditions)
    nodes = list(parts.nodes)
    pale = np.arange(len(nodes)) >= len(parts.main)
    arrows = list(_arrows(found, parts, words, flipflop))
    self_loops = list(_self_loops(found, parts, words)) if flipflop else []
    seen = {(one.color, one.dash) for one in (*arrows, *self_loops)}
    short = isinstance(task, FlipFlop) and task.bits <= SHORT
    return Graph(
        places=_places(dossier, flipflop)[nodes],
        kind=found.kind[nodes],
        pale=pale,
        names=_short_names(found, words, nodes, flipflop),
        labels=[] if short else [_label(found, words, node, flipflop) for node in nodes],
        colors=[_color(found, task, number, node, bool(one)) for node, one in zip(nodes, pale, strict=True)],
        texts=[_node_text(found, words, node) for node in nodes],
        arrows=arrows,
        self_loops=self_loops,
        saddles=[_saddle_mark(dossier, one, nodes, words) for one in parts.saddles],
        legend=[(name, words.looks[at]) for name, at in words.explained if words.looks[at] in seen],
        title=_title(dossier, task, number),
        counted=counted_words(found, parts),
        left_out=left_words(found, parts),
    )


def _words(found: Program, task: Task, conditions: Conditions) -> _Words:
    stimuli = task.stimulus_names()
    if isinstance(task, FlipFlop):
        signs, stimuli = read_signs(found), tuple(name.replace("-", "−") for name in stimuli)
        return _Words(
            names=["".join("−0+"[sign + 1] for sign in one) for one in signs],
            stimuli=stimuli,
            looks=[bit_look(at // 2) for at in range(len(stimuli))],
            explained=[(bit_name(bit, task.bits).lower(), 2 * bit) for bit in range(task.bits)],
            conditions=[short_name(state) for state in task.states],
        )
    dashes = ["dash" if dashed else "solid" for dashed in conditions.dashed]
    return _Words(
        names=[f"{found.kind_of(node)}, {_outputs(found, node)}" for node in range(len(found))],
        stimuli=stimuli,
        looks=list(zip(conditions.colors, dashes, strict=True)),
        explained=[(conditions.names[at], int(at)) for at in conditions.shown],
        conditions=list(conditions.names),
    )


def _title(dossier: Dossier, task: Task, number: int) -> str:
    """The network; of a flip-flop how many pulses are right that come when it has settled, as the crosses say."""
    right, total = settled_pulses(dossier.program) if isinstance(task, FlipFlop) else (0, 0)
    return network_name(number) + (f": {right} of {total} pulses right once settled" if total else "")


def _places(dossier: Dossier, flipflop: bool) -> Places:
    """Of a flip-flop where the outputs are on a cube drawn obliquely, else along two principal components."""
    if flipflop:
        return oblique(np.clip(np.nan_to_num(dossier.program.outputs), -FARTHEST, FARTHEST))
    plane = dossier.landscape.paths.mean(axis=1)[:, :2]
    return np.pad(plane, ((0, 0), (0, 2 - plane.shape[1])))


def _color(found: Program, task: Task, number: int, node: int, pale: bool) -> str:
    """Of a flip-flop that of the memory state whose signs the outputs have, else the network's."""
    color = network_color(number)
    if isinstance(task, FlipFlop):
        signs = read_signs(found)[node]
        color = state_color(signs) if signs.all() else INPUT
    return mix(color, PAPER, PALE) if pale else color


def _short_names(found: Program, words: _Words, nodes: Sequence[int], flipflop: bool) -> list[str]:
    if flipflop:
        return [words.names[node] for node in nodes]
    return ["\n".join(plain_output(value) for value in found.outputs[node, :MOST_NAMES]) for node in nodes]


def _label(found: Program, words: _Words, node: int, flipflop: bool) -> str:
    return words.names[node] if flipflop else "<br>".join(filter(None, [words.names[node], _after(found, words, node)]))


def _node_text(found: Program, words: _Words, node: int) -> str:
    kind = {"rest": "at rest", "orbit": "an orbit", "unstable": "unstable: noise would lead away"}
    told = f"{kind[found.kind_of(node)]}, {_outputs(found, node)}"
    return "<br>".join(filter(None, [told, _after(found, words, node)]))


def _outputs(found: Program, node: int) -> str:
    values = [output_words(value) for value in found.outputs[node].tolist()]
    told = " · ".join(values) if len(values) <= MOST_NAMES else f"{' · '.join(values[:MOST_NAMES])} …"
    return f"out {told}"


def _after(found: Program, words: _Words, node: int) -> str:
    """After which conditions the network is at an attractor."""
    own = [name for name, end in zip(words.conditions, found.after.tolist(), strict=True) if end == node]
    if not own:
        return ""
    return f"after {', '.join(own) if len(own) <= MOST_NAMES else f'{len(own)} conditions'}"


def _arrows(found: Program, parts: Parts, words: _Words, flipflop: bool) -> Iterator[Arrow]:
    """An arrow for every two attractors of which stimuli make one of the other."""
    for begin, node in enumerate(parts.main):
        wrong = set(wrong_stimuli(found, node)) if flipflop else set()
        for end in np.unique(found.following[node]).tolist():
            if end == node or end not in parts.main:
                continue
            stimuli = np.flatnonzero(found.following[node] == end).tolist()
            looks = {words.looks[stimulus] for stimulus in stimuli}
            color, dash = looks.pop() if len(looks) == 1 else (INK, "solid")
            named = [stimulus for stimulus in stimuli if stimulus in wrong] if flipflop else stimuli
            yield Arrow(
                begin=begin,
                end=parts.main.index(end),
                color=color,
                dash=dash,
                name=_names(words, named),
                text=f"{', '.join(words.stimuli[at] for at in stimuli)}: {words.names[node]} → {words.names[end]}",
                wrong=bool(wrong & set(stimuli)),
            )


def _names(words: _Words, stimuli: Sequence[int]) -> str:
    told = [words.stimuli[at] for at in stimuli]
    return ", ".join(told) if len(told) <= MOST_NAMES else f"{len(told)} stimuli"


def _self_loops(found: Program, parts: Parts, words: _Words) -> Iterator[SelfLoop]:
    """The wrong pulses that leave a memory state as it is, or lead to where nothing settles."""
    for position, node in enumerate(parts.main):
        for stimulus in wrong_stimuli(found, node):
            if found.following[node, stimulus] in (node, UNSETTLED):
                yield SelfLoop(position, *words.looks[stimulus], words.stimuli[stimulus])


def _saddle_mark(dossier: Dossier, saddles: Saddles, nodes: list[int], words: _Words) -> SaddleMark:
    points, own = dossier.fixed_points, list(saddles.points)
    modes = points.index[own].tolist()
    if len(own) == 1:
        growth = float(abs(points.eigenvalues[own[0]]).max())
        told = f"saddle, {modes[0]} unstable mode{'s' if modes[0] > 1 else ''}, |λ| {three(growth)}"
    else:
        told = f"{len(own)} saddles with {listed([str(mode) for mode in sorted(set(modes))])} unstable modes"
    return SaddleMark(
        between=tuple(nodes.index(end) for end in saddles.ends),
        text=f"{told}<br>between {listed([words.names[end] for end in saddles.ends])}",
        node=None if saddles.node is None else nodes.index(saddles.node),
    )
