"""Which attractors and saddles of a program are drawn, and, in words, which are not."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from recurra.analysis import Program
from recurra.analysis.dynamics.attractors import UNSETTLED
from recurra.wording import number_of
from recurra.words.attractors import counted_kinds, listed, reached

MOST_NODES, MOST_DIVIDES = 40, 24
PARTED = 3  # attractors that a saddle leads to at most; lines to more say nothing
SAME = 1e-4  # a node and a fixed point closer than this, times the root of the number of units, are one


@dataclass(frozen=True)
class SaddleGroup:
    """One or more saddles with the same ends.

    Args:
        points: their numbers among the fixed points.
        ends: the attractors that are drawn and that their unstable directions lead to.
        node: the attractor that such a saddle is itself, where a path ended at it; else None.
    """

    points: tuple[int, ...]
    ends: tuple[int, ...]
    node: int | None


@dataclass(frozen=True)
class DrawnProgram:
    """The drawn part of a program.

    Args:
        met: all attractors that conditions or stimuli lead to.
        main: the attractors that are drawn.
        beside: attractors that a saddle separates from these, and that no stimulus leads to.
        saddles: between the attractors that are drawn.
    """

    met: tuple[int, ...]
    main: tuple[int, ...]
    beside: tuple[int, ...]
    saddles: tuple[SaddleGroup, ...]

    @property
    def nodes(self) -> tuple[int, ...]:
        """All attractors that are drawn."""
        return self.main + self.beside


def parts_of(program: Program, points: Float[np.ndarray, "point unit"]) -> DrawnProgram:
    """The drawn part of a program: at most 40 attractors.

    Saddles that lead to more than three attractors, or to no attractor in `main`, are left out.

    Args:
        program: the program.
        points: the fixed points, which the program's saddles count in.
    """
    met = reached(program)
    main = met[:MOST_NODES]
    every = np.unique(program.saddle).tolist()
    ends_of = {saddle: set(program.leads_to[program.saddle == saddle].tolist()) - {UNSETTLED} for saddle in every}
    few = {saddle: ends for saddle, ends in ends_of.items() if len(ends) <= PARTED and ends & set(main)}
    beside = sorted(set().union(*few.values()) - set(main) - set(met))[: MOST_NODES - len(main)]
    groups: dict[tuple[int | None, tuple[int, ...]], list[int]] = {}
    nodes = [*main, *beside]
    for saddle, ends in few.items():
        node = _node_at(program, points, saddle, nodes)
        there = (ends & set(nodes)) - {node}
        if there & set(main) and len(there) > (1 if node is None else 0):
            groups.setdefault((node, tuple(sorted(there))), []).append(saddle)
    saddles = [SaddleGroup(tuple(own), ends, node) for (node, ends), own in groups.items()][:MOST_DIVIDES]
    return DrawnProgram(tuple(met), tuple(main), tuple(beside), tuple(saddles))


def _node_at(
    program: Program, points: Float[np.ndarray, "point unit"], saddle: int, nodes: Iterable[int]
) -> int | None:
    """The attractor that a saddle is itself."""
    near = SAME * np.sqrt(points.shape[1])
    distances = {node: float(np.linalg.norm(program.states[node] - points[saddle])) for node in nodes}
    nearest = min(distances, key=distances.__getitem__, default=None)
    return nearest if nearest is not None and distances[nearest] < near else None


def counted_words(program: Program, parts: DrawnProgram) -> str:
    """How many of the attractors and saddles are drawn."""
    drawn, met = len(parts.main), len(parts.met)
    if not met:
        return "no condition ends at an attractor"
    others, all_saddles = len(program) - met, len(np.unique(program.saddle))
    told = f"{drawn} of " * (drawn < met) + f"{number_of(met, 'attractor')}"
    told += f", {len(parts.beside)} of {others} that no stimulus leads to" if others else ""
    seen = sum(len(one.points) for one in parts.saddles)
    return told + (f", {seen} of {number_of(all_saddles, 'saddle')}" if all_saddles else "")


def left_words(program: Program, parts: DrawnProgram) -> str:
    """What a graph leaves out: "Left out: 18 attractors that ..."; empty for nothing."""
    further = parts.met[len(parts.main) :]
    others = [at for at in range(len(program)) if at not in parts.met and at not in parts.beside]
    saddles = len(np.unique(program.saddle)) - sum(len(one.points) for one in parts.saddles)
    told = []
    if further:
        kinds = listed(counted_kinds(program, further))
        told.append(f"{len(further)} further attractors that stimuli lead to ({kinds})")
    if others:
        kinds = listed(counted_kinds(program, others))
        told.append(f"{len(others)} attractor{'s' * (len(others) > 1)} that no stimulus leads to from these ({kinds})")
    if saddles:
        part = "saddle that parts" if saddles == 1 else "saddles that part"
        told.append(f"{saddles} {part} no two or three of these")
    return f"Left out: {listed(told)}." if told else ""
