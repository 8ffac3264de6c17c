"""A graph of attractors, stimuli and saddles, which both drawings of a program show."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

# Where each bit leads in the plane, so that no corner of a cube hides another or lies on an edge.
OBLIQUE = np.array([(1.0, -0.12), (0.12, 1.0), (0.42, 0.4), (-0.33, 0.24)])

Places = Float[np.ndarray, "node 2"]
Look = tuple[str, str]  # a colour, and dashes


@dataclass(frozen=True)
class Arrow:
    """Where one or more stimuli lead from an attractor.

    Args:
        begin: position of the attractor.
        end: position of the attractor that they lead to.
        color: of the arrow.
        dash: of its line, one of `DASHES`.
        name: written beside it; empty for none.
        text: text under the pointer.
        wrong: whether the task asks for something else.
    """

    begin: int
    end: int
    color: str
    dash: str
    name: str
    text: str
    wrong: bool = False


@dataclass(frozen=True)
class SelfLoop:
    """A wrong stimulus that leads to no other attractor.

    Args:
        node: position of the attractor.
        color: of the stimulus.
        dash: of the stimulus.
        name: of the stimulus.
    """

    node: int
    color: str
    dash: str
    name: str


@dataclass(frozen=True)
class SaddleMark:
    """One or more saddles, drawn between attractors.

    Args:
        between: positions of the attractors that their unstable directions lead to.
        text: text under the pointer.
        node: position of the attractor if the saddle is itself one; otherwise None.
    """

    between: tuple[int, ...]
    text: str
    node: int | None = None


@dataclass(frozen=True)
class Graph:
    """Attractors, and what leads from one to the other.

    Args:
        places: where the attractors stand in the plane, in any unit.
        kind: 0 a point at rest, 1 an orbit, 2 an unstable point.
        pale: which attractors no stimulus leads to.
        names: the outputs of each attractor, short enough to stand within it; one line per output.
        labels: the same with its kind and conditions, to stand beside it; none where the names say all.
        colors: of the attractors.
        texts: what they say under the pointer.
        arrows: where the stimuli lead from each.
        self_loops: wrong stimuli that lead to no other attractor.
        saddles: the saddles between them.
        legend: names and looks of the stimuli that have an arrow of their own.
        title: the network, and how many pulses are right.
        counted: how many of the attractors and saddles are drawn.
        left_out: what is not drawn, in a sentence.
    """

    places: Places
    kind: Int[np.ndarray, "node"]
    pale: Bool[np.ndarray, "node"]
    names: Sequence[str]
    labels: Sequence[str]
    colors: Sequence[str]
    texts: Sequence[str]
    arrows: Sequence[Arrow]
    self_loops: Sequence[SelfLoop]
    saddles: Sequence[SaddleMark]
    legend: Sequence[tuple[str, Look]]
    title: str = ""
    counted: str = ""
    left_out: str = ""


def oblique(bits: Float[np.ndarray, "node bit"]) -> Places:
    """The places of states of up to four bits in the plane, as one draws a cube; further bits are not seen.

    Args:
        bits: the coordinates of the states along the bits' axes.
    """
    seen = bits[:, : len(OBLIQUE)]
    return seen @ OBLIQUE[: seen.shape[1]]
