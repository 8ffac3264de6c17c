"""Sentences about the attractors at which the paths of a network end, and about the conditions it forgets there."""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from jaxtyping import Float

from recurra.analysis import Program
from recurra.analysis.dynamics.program import forgotten
from recurra.wording import number_of

MOST_NAMED = 8  # most conditions or memories that a sentence names or a table lists; more are only counted


def forgotten_words(program: Program, answers: Float[np.ndarray, "condition output"], names: Sequence[str]) -> str:
    """Which conditions the network no longer tells apart when it is left alone; empty if it tells all apart.

    Args:
        program: its program.
        answers: the target at the end of each condition.
        names: the names of the conditions.
    """
    told = []
    for own in forgotten(program.after, answers).values():
        if len(own) == len(names):
            return (
                f"All {len(own)} conditions end at one attractor, though they ask for different answers: "
                "left alone, the network forgets which it was."
            )
        told.append(listed([names[at] for at in own]) if len(own) <= MOST_NAMED else f"{len(own)} conditions")
    if not told:
        return ""
    return (
        f"Left alone, it forgets which it was of {'; of '.join(told)}: they end at one attractor, though they ask for "
        "different answers."
    )


def reached(program: Program) -> list[int]:
    """The attractors that conditions or stimuli lead to, in the order in which they are reached.

    Args:
        program: the program.
    """
    order = list(dict.fromkeys(program.after[program.after >= 0].tolist()))
    for attractor in order:
        following = program.following[attractor]
        order += [to for to in dict.fromkeys(following[following >= 0].tolist()) if to not in order]
    return order


def attractor_words(program: Program) -> str:
    """How many attractors of each kind there are: "Paths end at 5 attractors: 3 at rest, 1 orbit and ..."."""
    if not len(program):
        return "No path that was followed settles."
    parts = counted_kinds(program, range(len(program)))
    return f"Paths end at {number_of(len(program), 'attractor')}: {listed(parts)}."


def counted_kinds(program: Program, attractors: Iterable[int]) -> list[str]:
    """How many of the given attractors are of each kind, such as ["3 at rest", "1 orbit"]."""
    counts = Counter(program.kind_of(at) for at in attractors)
    words = {
        "rest": ("at rest", "at rest"),
        "orbit": ("orbit", "orbits"),
        "unstable": ("unstable point", "unstable points"),
    }
    return [f"{counts[kind]} {words[kind][counts[kind] > 1]}" for kind in words if counts[kind]]


def listed(words: Sequence[str]) -> str:
    """The words as a list in a sentence: "A, B and C"."""
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
