"""What of a network the recurrent layers of other programs can express; what they cannot is refused with the reason."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np

from recurra.engine import Dynamics, GRUDynamics, LSTMDynamics, RateDynamics
from recurra.models.network import Network


@dataclass(frozen=True)
class Cell:
    """A cell that Keras and torch have too.

    Args:
        kind: "RNN", "GRU" or "LSTM".
        function: φ of an RNN, σ of the gates of the others, under recurra's name.
        reset: whether the reset gate of a GRU comes "after" or "before" the recurrent weights.
    """

    kind: str
    function: str
    reset: str = "after"


def cell_of(network: Network, program: str, functions: Collection[str], gates: Collection[str]) -> Cell:
    """The cell of a network.

    Args:
        network: the network; its recurrent noise, which training alone adds, is no part of a file.
        program: the other program, for messages.
        functions: recurra's names of the activations that the program has for rate units.
        gates: recurra's names of the gate functions that it has.

    Raises:
        ValueError: the program has no such cell.
    """
    dynamics: Dynamics = network.dynamics
    if isinstance(dynamics, GRUDynamics | LSTMDynamics):
        check_has(program, "gate function", dynamics.gate, gates)
        if isinstance(dynamics, LSTMDynamics):
            return Cell("LSTM", dynamics.gate)
        return Cell("GRU", dynamics.gate, dynamics.reset)
    if not isinstance(dynamics, RateDynamics):
        raise ValueError(f"{program} has no {type(dynamics).__name__.removesuffix('Dynamics')}; export it as npz")
    if np.any(np.asarray(dynamics.leak) != 1):
        leak = np.max(np.abs(np.asarray(dynamics.leak) - 1))
        raise ValueError(f"{program} has no leak: that of the network differs from 1 by {leak:g}; export it as npz")
    if dynamics.form != "rate":
        raise ValueError(f"{program} has no networks in the {dynamics.form} form; export it as npz")
    check_has(program, "activation", dynamics.activation, functions)
    return Cell("RNN", dynamics.activation)


def check_has(program: str, what: str, name: str, known: Collection[str]) -> None:
    """Check that the program has a function."""
    if name not in known:
        raise ValueError(f"{program} has no {what} {name!r}; it has {', '.join(known)}. Export the network as npz")


def in_one_type(arrays: dict[str, Any]) -> dict[str, np.ndarray]:
    """The arrays in float64 if one of them is, else in float32."""
    found = {name: np.asarray(array) for name, array in arrays.items()}
    double = any(array.dtype == np.float64 for array in found.values())
    return {name: np.ascontiguousarray(array, np.float64 if double else np.float32) for name, array in found.items()}
