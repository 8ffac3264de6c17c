"""Which equations the player has, and how it is told of them."""

from typing import Any

import numpy as np

from recurra.arrays import named_arrays
from recurra.engine.gated import GRUDynamics, LSTMDynamics, UGRNNDynamics
from recurra.engine.rate import RateDynamics
from recurra.models.network import Network

UNITS = 1_000  # of larger networks a browser does too few steps a second


class NotPlayableError(TypeError):
    """A network that the player in the browser does not have."""


def equations_of(network: Network) -> dict[str, Any]:
    """The equations of a network as plain values: kind of cell, activation or gate, leaks, noise.

    Args:
        network: of rate units, or of gated cells of recurra.

    Raises:
        NotPlayableError: the network is of another kind, or too large.
    """
    units = network.weights.units
    if units > UNITS:
        raise NotPlayableError(f"the network has {units:,} units; a page can play up to {UNITS:,}")
    match network.dynamics:
        case RateDynamics() as rate:
            return _equations(rate.form, rate.activation, rate.noise, np.atleast_1d(rate.leak).tolist())
        case GRUDynamics() as gru:
            return _equations(f"gru_{gru.reset}", gru.gate, gru.noise)
        case LSTMDynamics() as lstm:
            return _equations("lstm", lstm.gate, lstm.noise)
        case UGRNNDynamics() as ugrnn:
            return _equations("ugrnn", ugrnn.gate, ugrnn.noise)
    raise NotPlayableError(
        f"the equations are {type(network.dynamics).__name__}, which the player does not have; "
        "it has rate networks, GRU, LSTM and UGRNN"
    )


def arrays_of(network: Network) -> dict[str, np.ndarray]:
    """The arrays of a network under the names of the player: rate units have one gate."""
    arrays = named_arrays(network.weights)
    return {name.removeprefix("recurrent_") if name == "recurrent_bias" else name: one for name, one in arrays.items()}


def _equations(kind: str, activation: str, noise: float, leak: list[float] | None = None) -> dict[str, Any]:
    return {"kind": kind, "activation": activation, "noise": noise, "leak": leak or []}
