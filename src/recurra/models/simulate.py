"""What a simulation starts from: checked inputs, initial states, and equations with noise."""

from dataclasses import fields, replace
from typing import Any

import jax
import numpy as np
from jaxtyping import Float, UInt32

from recurra.arrays import RandomKey
from recurra.checks import check_at_least_zero, check_finite
from recurra.engine import Dynamics
from recurra.streams import as_key


def checked_inputs(given: Any, count: int) -> Float[np.ndarray, "trial time input"]:
    """Inputs in float64, with the axes trial, time and input.

    Args:
        given: inputs of trials.
        count: number of input channels of the network.
    """
    array = np.asarray(given)
    if array.ndim != 3 or array.shape[-1] != count:
        one = "; for one trial give inputs[None]" if array.ndim == 2 else ""
        raise ValueError(f"inputs have the shape {array.shape}; expected (trial, time, input) with {count} inputs{one}")
    check_finite("inputs", array)
    return array.astype(np.float64)


def checked_states(given: Any, trials: int, size: int) -> Float[np.ndarray, "trial state"]:
    """Initial states in float64, one per trial.

    Args:
        given: one state for all trials, or one per trial.
        trials: number of trials.
        size: number of entries of a state.
    """
    states = np.asarray(given, np.float64)
    if states.shape not in ((size,), (trials, size)):
        raise ValueError(
            f"initial_state has the shape {states.shape}; expected {(size,)}, or one for each of the {trials} trials: "
            f"{(trials, size)}"
        )
    check_finite("initial_state", states)
    return np.broadcast_to(states, (trials, size))


def noisy(
    dynamics: Dynamics, noise: float, key: RandomKey | int | None
) -> tuple[Dynamics, UInt32[np.ndarray, "2"] | None]:
    """The equations with a recurrent noise, and the two words of its key; None without noise.

    Args:
        dynamics: the equations.
        noise: σ of the noise, 0 or above.
        key: seed or random key of the noise.
    """
    check_at_least_zero("noise", noise)
    if not noise:
        if key is not None:
            raise ValueError("key is given without noise; give noise=... too, or leave it out")
        return dynamics, None
    if key is None:
        raise ValueError("noise needs a key from which it is drawn; give a seed: key=0")
    equations: Any = dynamics
    if "noise" not in {one.name for one in fields(equations)}:
        raise TypeError(f"{type(dynamics).__name__} has no recurrent noise; leave noise out")
    return replace(equations, noise=noise), np.asarray(jax.random.key_data(as_key(key)))
