"""What the states of a memory and the clusters of a census are called."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Int


def cluster_name(cluster: int) -> str:
    """A cluster's letter: A for the largest."""
    return chr(ord("A") + cluster)


def state_name(state: Sequence[int] | Int[np.ndarray, "bit"]) -> str:
    """The name of a memory state as it is printed: + − +."""
    return " ".join("+" if int(sign) > 0 else "−" for sign in state)
