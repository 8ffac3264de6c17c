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
        color: the colour of the arrow.
        dash: the dash of its line, one of `DASHES`.
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
        color: the colour of the stimulus.
        dash: the dash of the stimulus.
        name: the name of the stimulus.
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
        places: the places of the attractors in the plane, in any unit.
        kind: 0 a point at rest, 1 an orbit, 2 an unstable point.
        pale: whether no stimulus leads to each attractor.
        names: the outputs of each attractor, short enough to stand within it; one line per output.
        labels: the same with its kind and conditions, to stand beside it; none where the names say all.
        colors: the colours of the attractors.
        texts: the texts of the attractors under the pointer.
        arrows: the arrows from each attractor to those to which stimuli lead.
        self_loops: wrong stimuli that lead to no other attractor.
        saddles: the saddles between them.
        legend: names and looks of the stimuli that have an arrow of their own.
        title: the network, and how many pulses are right.
        counted: the numbers of attractors and saddles that are drawn.
        left_out: a sentence on the parts that are not drawn.
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
