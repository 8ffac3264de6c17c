"""The program of a network as a graph: which attractors and saddles are drawn, and what they are called."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float

from recurra.analysis import Program
from recurra.analysis.dossier_records import Dossier
from recurra.analysis.dynamics.program import stimulus_names
from recurra.analysis.record import RunRecord
from recurra.plotting.colors import INK, INPUT, network_color, state_color
from recurra.plotting.interactive import Arrow, Divide, Graph, oblique
from recurra.plotting.scenes.conditions import Conditions
from recurra.tasks import FlipFlop
from recurra.wording import three
from recurra.words.attractors import counted_kinds, listed
from recurra.words.names import short_name
from recurra.words.workings import output_words, read_signs, wrong_stimuli

MOST_NODES = 40  # attractors in a graph
MOST_NAMES = 3  # stimuli or conditions that stand beside an arrow or a node
DASHES = ("solid", "dash", "dot", "dashdot")  # of the bits, a second channel beside their colours


def graph_of(run: RunRecord, at: int) -> Graph:
    """The graph of the network at position `at`."""
    dossier = run.dossiers[at]
    nodes = reached(dossier.program)
    kinds = [dossier.program.kind_of(node) for node in nodes]
    bits = read_signs(dossier.program) if isinstance(run.task, FlipFlop) else None
    colors = [network_color(run.numbers[at])] * len(nodes)
    if bits is not None:
        colors = [state_color(bits[node]) if bits[node].all() else INPUT for node in nodes]
    names = node_names(run, dossier.program)
    return Graph(
        places=_places(dossier)[nodes],
        kind=dossier.program.kind[nodes],
        names=[names[node] if bits is not None else _long_name(run, dossier.program, node) for node in nodes],
        colors=colors,
        texts=[_node_text(run, dossier.program, node, kind) for node, kind in zip(nodes, kinds, strict=True)],
        inside=bits is not None and bits.shape[1] <= len(DASHES),
        arrows=list(_arrows(run, dossier.program, nodes)),
        divides=[
            Divide(
                tuple(nodes.index(end) for end in ends), _divide_text(dossier, saddles, [names[end] for end in ends])
            )
            for ends, saddles in parted(dossier.program, nodes).items()
        ],
    )


def reached(found: Program) -> list[int]:
    """The attractors of a graph: those after the conditions, then those that stimuli make of these, at most 40."""
    return _reachable(found)[:MOST_NODES]


def _reachable(found: Program) -> list[int]:
    """All attractors after the conditions, and all that stimuli make of these."""
    waiting, order = found.after.tolist(), []
    for attractor in waiting:
        if attractor >= 0 and attractor not in order:
            order.append(attractor)
            waiting += found.following[attractor].tolist()
    return order


def parted(found: Program, nodes: list[int]) -> dict[tuple[int, ...], list[int]]:
    """The saddles whose branches lead to two or more of some attractors, by these.

    Args:
        found: the program.
        nodes: the attractors.
    """
    groups: dict[tuple[int, ...], list[int]] = {}
    for saddle in np.unique(found.saddle).tolist():
        ends = sorted(set(found.leads_to[found.saddle == saddle].tolist()) & set(nodes))
        if len(ends) > 1:
            groups.setdefault(tuple(ends), []).append(saddle)
    return groups


def left_words(found: Program) -> str:
    """What a graph leaves out: "Left out: 18 attractors that ..."; empty for nothing."""
    nodes, all_reached = reached(found), _reachable(found)
    others = [at for at in range(len(found)) if at not in all_reached]
    saddles = len(np.unique(found.saddle)) - sum(map(len, parted(found, nodes).values()))
    told = []
    if len(all_reached) > len(nodes):
        further = all_reached[len(nodes) :]
        told.append(f"{len(further)} further attractors that stimuli lead to ({listed(counted_kinds(found, further))})")
    if others:
        kinds = listed(counted_kinds(found, others))
        told.append(
            f"{len(others)} attractor{'s' if len(others) > 1 else ''} that no stimulus leads to from these ({kinds})"
        )
    if saddles:
        told.append(
            "1 saddle that parts no two of these" if saddles == 1 else f"{saddles} saddles that part no two of these"
        )
    return f"Left out: {listed(told)}." if told else ""


def node_names(run: RunRecord, found: Program) -> list[str]:
    """What the attractors are called: the signs of a flip-flop's outputs, with 0 for neither, or kind and output."""
    signs = read_signs(found)
    if isinstance(run.task, FlipFlop):
        return ["".join("−0+"[sign + 1] for sign in one) for one in signs]
    return [f"{found.kind_of(node)}, {_outputs(found, node)}" for node in range(len(found))]


def _outputs(found: Program, node: int) -> str:
    values = [output_words(value) for value in found.outputs[node].tolist()]
    told = " · ".join(values) if len(values) <= MOST_NAMES else f"{' · '.join(values[:MOST_NAMES])} …"
    return f"out {told}"


def _after(run: RunRecord, found: Program, node: int) -> str:
    """After which conditions the network is at an attractor."""
    conditions = [name for name, end in zip(_condition_names(run), found.after.tolist(), strict=True) if end == node]
    if not conditions:
        return ""
    return f"after {', '.join(conditions) if len(conditions) <= MOST_NAMES else f'{len(conditions)} conditions'}"


def _condition_names(run: RunRecord) -> list[str]:
    if isinstance(run.task, FlipFlop):
        return [short_name(state) for state in run.task.states]
    return list(Conditions.of(run.probe).names)


def _long_name(run: RunRecord, found: Program, node: int) -> str:
    return "<br>".join(filter(None, [f"{found.kind_of(node)}, {_outputs(found, node)}", _after(run, found, node)]))


def _node_text(run: RunRecord, found: Program, node: int, kind: str) -> str:
    told = {"rest": "at rest", "orbit": "an orbit", "unstable": "unstable: noise would lead away"}[kind]
    return "<br>".join(filter(None, [f"{told}, {_outputs(found, node)}", _after(run, found, node)]))


def _places(dossier: Dossier) -> Float[np.ndarray, "attractor 2"]:
    """Of a flip-flop on a cube drawn obliquely, else along the first two principal components."""
    if dossier.landscape_bits is not None:
        return oblique(dossier.landscape_bits.paths.mean(axis=1))
    plane = dossier.landscape.paths.mean(axis=1)[:, :2]
    return np.pad(plane, ((0, 0), (0, 2 - plane.shape[1])))


def _arrows(run: RunRecord, found: Program, nodes: list[int]) -> Iterator[Arrow]:
    """An arrow for every two attractors of which stimuli make one of the other."""
    names, titles = node_names(run, found), stimulus_names(run.task)
    for begin, node in enumerate(nodes):
        ends = found.following[node]
        for end in np.unique(ends).tolist():
            if end == node or end not in nodes:
                continue
            stimuli = np.flatnonzero(ends == end).tolist()
            color, dash = _arrow_look(run, stimuli)
            told = ", ".join(titles[stimulus] for stimulus in stimuli)
            yield Arrow(
                begin=begin,
                end=nodes.index(end),
                color=color,
                dash=dash,
                name=_arrow_name(run, found, node, [titles[stimulus] for stimulus in stimuli], stimuli),
                text=f"{told}: {names[node]} → {names[end]}",
            )


def _arrow_look(run: RunRecord, stimuli: list[int]) -> tuple[str, str]:
    """The colour and dashes of what the stimuli have in common: a bit, or a condition."""
    if isinstance(run.task, FlipFlop):
        bits = {stimulus // 2 for stimulus in stimuli}
        return bit_look(bits.pop()) if len(bits) == 1 else (INK, "solid")
    return (Conditions.of(run.probe).colors[stimuli[0]], "solid") if len(stimuli) == 1 else (INK, "solid")


def bit_look(bit: int) -> tuple[str, str]:
    """The colour and the dashes of a bit."""
    return state_color([1 if at == bit else -1 for at in range(bit + 1)]), DASHES[bit % len(DASHES)]


def _arrow_name(run: RunRecord, found: Program, node: int, titles: list[str], stimuli: list[int]) -> str:
    """Beside an arrow: the stimuli; of a flip-flop only those that do not make of a memory what the task asks for."""
    if isinstance(run.task, FlipFlop):
        wrong = set(wrong_stimuli(found, node)) & set(stimuli)
        titles = [title for title, stimulus in zip(titles, stimuli, strict=True) if stimulus in wrong]
    told = ", ".join(titles) if len(titles) <= MOST_NAMES else f"{len(titles)} stimuli"
    return f"✗ {told}".replace("-", "−") if titles and isinstance(run.task, FlipFlop) else told


def _divide_text(dossier: Dossier, saddles: list[int], ends: list[str]) -> str:
    modes = dossier.fixed_points.index[saddles].tolist()
    if len(saddles) == 1:
        growth = abs(dossier.fixed_points.eigenvalues[saddles[0]]).max()
        told = f"saddle, {modes[0]} unstable mode{'s' if modes[0] > 1 else ''}, |λ| {three(float(growth))}"
    else:
        told = f"{len(saddles)} saddles with {listed([str(mode) for mode in sorted(set(modes))])} unstable modes"
    return f"{told}<br>between {listed(ends)}"
