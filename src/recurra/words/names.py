"""What networks, bits, memory states, conditions, clusters and runs are called."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Int


def cluster_name(cluster: int) -> str:
    """A cluster's letter: A for the largest."""
    return chr(ord("A") + cluster)


def state_name(state: Sequence[int] | Int[np.ndarray, "bit"]) -> str:
    """The name of a memory state as it is printed: + − +."""
    return " ".join("+" if int(sign) > 0 else "−" for sign in state)


def network_name(number: int) -> str:
    """What network `number` is called."""
    return f"Network {number}"


def bit_name(bit: int, of: int) -> str:
    """What a bit is called, from 1 on; the only one has no number."""
    return f"Bit {bit + 1}" if of > 1 else "Bit"


def short_name(state: Sequence[int] | Int[np.ndarray, "bit"]) -> str:
    """A memory state without spaces: +−+."""
    return state_name(state).replace(" ", "")


def run_letter(run: int) -> str:
    """A run's letter: a for the first; z is followed by za."""
    return "z" * (run // 26) + chr(ord("a") + run % 26)
