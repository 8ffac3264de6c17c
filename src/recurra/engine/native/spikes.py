"""Spiking units in C++: the same functions as in `engine.spikes`, many times faster; `spikes.h` has the kernel."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


def run(steps: Any, arrays: Any, given: Any, traces: bool, spikes: bool) -> Sequence[jax.Array]:
    """Outputs, numbers of spikes, traces and spikes, as `run_spikes` defines them; a trial's bits are its own."""
    factors, (trials, time, _) = len(given.inverse), given.inputs.shape
    pre = arrays.columns.shape[0]
    call = jax.ffi.ffi_call(
        "recurra_spike_float32",
        [
            jax.ShapeDtypeStruct((factors, trials, time, arrays.output.shape[0]), np.float32),
            jax.ShapeDtypeStruct((factors, trials, pre), np.int32),
            jax.ShapeDtypeStruct((factors, trials, time, pre if traces else 0), np.float32),
            jax.ShapeDtypeStruct((factors, trials, time * steps.substeps if spikes else 0, pre), np.uint8),
        ],
    )
    numbers = (steps.leak, steps.rise_decay, steps.noise, steps.threshold, steps.reset)
    floats = (*arrays, given.inverse, given.start, given.inputs)
    *of_network, inverse, start, inputs = (jnp.asarray(array, jnp.float32) for array in floats)
    return call(
        *of_network,
        inverse,
        jnp.asarray(given.key, jnp.uint32),
        start,
        inputs,
        substeps=np.int64(steps.substeps),
        refractory=np.int64(steps.refractory),
        first_trial=np.int64(given.first_trial),
        numbers=np.array(numbers, np.float32),
    )
