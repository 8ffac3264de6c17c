"""The rotation between the cubes of two networks (Jarne 2024, Figure 7)."""

import itertools

import numpy as np
from jaxtyping import Float

from recurra.studies.claims import fact, span
from recurra.studies.study import Rows, where
from recurra.studies.verdicts import Verdict

TURNED = 10.0  # least angle at which a cube counts as turned, degrees
ALIKE = 0.9  # similarity, after the best rotation, from which two cubes have the same shape

States = Float[np.ndarray, "state axis"]


def turn_between(first: States, second: States) -> tuple[float, float]:
    r"""The angle between the memory states of two networks, in degrees, and their similarity.

    X and Y are the states, centred and scaled to size 1. The best rotation or reflection is
    $Q = \mathrm{arg\,max}_Q \mathrm{tr}(Q^T X^T Y)$. The similarity after it is $\|X^T Y\|_*^2$, 1 for the same shape.
    Order and sign of principal axes are arbitrary, so that each of the 48 permutations with signs counts as no
    rotation. With P the nearest of them to Q, the angle is $\arccos((\mathrm{tr}(P^T Q) - 1) / 2)$, at most 63 degrees.

    Args:
        first: places of the memory states of one network along its first three principal components.
        second: places of another network's memory states, in the same order.
    """
    one, other = (_normed(states) for states in (first, second))
    left, sizes, right = np.linalg.svd(one.T @ other)
    turn = left @ right
    traces = [np.trace(arbitrary.T @ turn) for arbitrary in _axes() if np.linalg.det(arbitrary.T @ turn) > 0]
    angle = np.degrees(np.arccos(np.clip((max(traces) - 1) / 2, -1, 1)))
    return float(angle), float(sizes.sum() ** 2)


def rotation_verdict(states: Rows) -> Verdict:
    """The verdict on the rotations between the cubes of all pairs of networks.

    Args:
        states: one row per network and memory state, with its place along three principal components.
    """
    what = "the cube is rotated in different directions in different networks (Figure 7)"
    numbers = list(dict.fromkeys(row["network"] for row in states))
    places = {
        number: np.array([[float(row[f"pc{axis}"]) for axis in (1, 2, 3)] for row in where(states, network=number)])
        for number in numbers
    }
    pairs = [turn_between(places[one], places[other]) for one, other in itertools.combinations(numbers, 2)]
    alike = [angle for angle, likeness in pairs if likeness >= ALIKE]
    if not alike:
        return Verdict(what, "by eye, four networks", "", "cannot be compared", "no two networks have the same shape")
    turned = sum(angle >= TURNED for angle in alike)
    return fact(
        what,
        "by eye, four networks",
        f"{turned} of {len(alike)} pairs are turned, by {span(alike)} degrees",
        turned > len(alike) / 2,
        f"most pairs by at least {TURNED:g} degrees, beyond the order and signs of principal axes, which are arbitrary",
        "the axes of a cube's principal components are arbitrary too: its variance is the same in all directions",
    )


def _normed(states: States) -> States:
    centred = states - states.mean(axis=0)
    return centred / (np.linalg.norm(centred) or 1.0)


def _axes() -> list[np.ndarray]:
    """The 48 permutations of three axes with signs."""
    orders, signs = itertools.permutations(range(3)), list(itertools.product((-1.0, 1.0), repeat=3))
    return [np.eye(3)[list(order)] * sign for order in orders for sign in signs]
