"""Where a search for fixed points begins."""

import numpy as np
from jaxtyping import Float

from recurra.checks import check_at_least_zero, check_count

MIXED = 3  # states that a start between trajectories is mixed of


def starts_near(
    states: Float[np.ndarray, "trial time unit"], starts: int, spread: float, seed: int
) -> Float[np.ndarray, "start unit"]:
    """Random states on trajectories, and between them, plus normal noise.

    Every other start is a mixture of three states on trajectories, with weights that are uniform among those that sum
    to 1: saddles lie between the states that a network visits.

    Args:
        states: on trajectories.
        starts: how many are drawn.
        spread: standard deviation of the noise.
        seed: of the draw.
    """
    check_count("starts", starts)
    check_at_least_zero("spread", spread)
    random = np.random.default_rng(seed)
    flat = np.reshape(states, (-1, np.shape(states)[-1]))
    weights = random.dirichlet(np.ones(MIXED), size=starts)
    weights[::2] = np.eye(MIXED)[0]
    drawn = np.einsum("sm,smu->su", weights, flat[random.integers(len(flat), size=(starts, MIXED))])
    return drawn + spread * random.standard_normal(drawn.shape)
