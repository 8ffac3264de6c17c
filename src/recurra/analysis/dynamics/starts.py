"""States from which a search for fixed points begins, and which of its ends are the same point."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Int, Shaped
from scipy.spatial.distance import cdist

from recurra.checks import check_array, check_at_least_zero, check_count
from recurra.threads import cores, in_threads

States = Float[np.ndarray, "start state"]
Values = Shaped[np.ndarray, "start *value"]
MIXED = 3  # states that are mixed for a start between trajectories


def starts_among(
    states: Float[np.ndarray, "trial time state"], starts: int, spread: float, seed: int
) -> Float[np.ndarray, "start state"]:
    """Random states on trajectories, and between them, plus normal noise.

    Every other start is a mixture of three states on trajectories, with uniformly distributed weights that sum to 1,
    because saddles lie between the states that a network visits.

    Args:
        states: states on trajectories.
        starts: number of states that are drawn.
        spread: standard deviation of the noise.
        seed: seed of the draw.
    """
    check_count("starts", starts)
    check_at_least_zero("spread", spread)
    random = np.random.default_rng(seed)
    states = check_array("states", states, finite=False, trial=None, time=None, state=None)
    flat = states.reshape(-1, states.shape[-1])
    weights = random.dirichlet(np.ones(MIXED), size=starts)
    weights[::2] = np.eye(MIXED)[0]
    drawn = np.einsum("sm,smu->su", weights, flat[random.integers(len(flat), size=(starts, MIXED))])
    return drawn + spread * random.standard_normal(drawn.shape)


def starts_anywhere(center: Float[np.ndarray, "state"], starts: int, seed: int) -> Float[np.ndarray, "start state"]:
    r"""Random states, near and far, where no trajectories are known: $h_0 + u\, \xi$.

    u is uniform between 0 and 1, one for each state, and ξ standard normal, one for each entry. The rates of tanh lie
    between -1 and 1; the states of other cells are reached from there after a few steps.

    Args:
        center: the state $h_0$ before the first step.
        starts: number of states that are drawn.
        seed: seed of the draw.
    """
    check_count("starts", starts)
    random = np.random.default_rng([seed, len(center)])
    return center + random.random((starts, 1)) * random.standard_normal((starts, len(center)))


def in_parts(work: Callable[[States], Values], starts: States) -> Values:
    """The results of a function on equal parts of the starts, computed on all cores.

    Args:
        work: the function of one part.
        starts: some states, or none.
    """
    if not len(starts):
        return starts
    return np.concatenate(in_threads(work, np.array_split(starts, min(len(starts), 4 * cores()))))


def unique(states: States, apart: float) -> tuple[Float[np.ndarray, "point state"], Int[np.ndarray, "point"]]:
    """The different points among states, and the number of states at each.

    Args:
        states: states, some of them at the same point.
        apart: distance up to which two states are at the same point.
    """
    points: list[np.ndarray] = []
    sizes: list[int] = []
    left = states
    while len(left):
        near = cdist(left[:1], left)[0] <= apart
        points.append(left[0])
        sizes.append(int(near.sum()))
        left = left[~near]
    return np.array(points).reshape(-1, states.shape[1]), np.array(sizes, int)


def told_apart(
    states: States, radius: Float[np.ndarray, "point"], counts: Int[np.ndarray, "point"]
) -> tuple[Int[np.ndarray, "kept"], Int[np.ndarray, "kept"]]:
    """Which points to keep, and how many starts ended there: a point within the radius of another is the same point.

    Args:
        states: fixed points.
        radius: distance within which each is known to be the only fixed point, or NaN.
        counts: number of starts that ended at each point.
    """
    kept, total = list[int](), counts.copy()
    for at in np.argsort(radius, kind="stable"):  # NaN last
        distance = np.linalg.norm(states[kept] - states[at], axis=1)
        same = np.flatnonzero(distance <= np.nan_to_num(np.fmax(radius[kept], radius[at])))
        if len(same):
            total[kept[same[0]]] += counts[at]
        else:
            kept.append(int(at))
    order = np.sort(np.array(kept, int))
    return order, total[order]


def chao_missing(counts: Int[np.ndarray, "point"]) -> float:
    r"""A lower bound on the number of unseen kinds, $f_1 (f_1 - 1) / (2 (f_2 + 1))$, with $f_k$ kinds seen k times.

    Args:
        counts: how many times each kind was seen.
    """
    once, twice = int((counts == 1).sum()), int((counts == 2).sum())
    return once * (once - 1) / (2 * (twice + 1))
