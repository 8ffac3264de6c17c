"""The names under which networks, bits, memory states, clusters and runs are printed."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Int


def cluster_name(cluster: int) -> str:
    """The letter of a cluster: A for the largest."""
    return chr(ord("A") + cluster)


def state_name(state: Sequence[int] | Int[np.ndarray, "bit"]) -> str:
    """The name of a memory state as it is printed: + − +."""
    return " ".join("+" if int(sign) > 0 else "−" for sign in state)


def network_name(number: int) -> str:
    """The name of network `number`."""
    return f"Network {number}"


def bit_name(bit: int, of: int) -> str:
    """The name of a bit, counted from 1; a single bit has no number."""
    return f"Bit {bit + 1}" if of > 1 else "Bit"


def short_name(state: Sequence[int] | Int[np.ndarray, "bit"]) -> str:
    """The name of a memory state without spaces: +−+."""
    return state_name(state).replace(" ", "")


def run_letter(run: int) -> str:
    """The letter of a run: a for the first; za comes after z."""
    return "z" * (run // 26) + chr(ord("a") + run % 26)
