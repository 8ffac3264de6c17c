"""A network of spiking units as a script for Brian2, and its arrays."""

from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from recurra.arrays import Inputs
from recurra.models.simulate import checked_inputs
from recurra.models.spiking import SpikingNetwork, converted
from recurra.storage.files import new_folder

SCRIPT, ARRAYS = "network.py", "network.npz"
NUMBERS = ("dt_ms", "membrane_ms", "refractory_ms", "rise_ms", "reset_mv", "threshold_mv", "start_mv", "noise_mv")


def write_brian2(spiking: SpikingNetwork, folder: Path, inputs: Inputs) -> None:
    """Make a folder with the script, and with the arrays that it reads; as in `SpikingNetwork.to_brian2`.

    Args:
        spiking: the network.
        folder: the folder to make.
        inputs: inputs of the trials that the script runs.

    Raises:
        ValueError: the folder exists, or the inputs do not fit or have no trial or no step.
    """
    network, units = spiking.network, spiking.units
    weights: Any = network.double
    given = checked_inputs(inputs, weights.inputs)
    if not given.size:
        raise ValueError(f"inputs have the shape {given.shape}; expected at least one trial and one step")
    parts = converted(network, units, spiking.scaling_factor)
    entries = {
        "recurrent": network.recurrent,
        "input": weights.input,
        "bias": weights.recurrent_bias,
        "output": weights.output,
        "output_bias": weights.output_bias,
        "decay_ms": parts.decay_ms,
        "gain": parts.gain / spiking.scaling_factor,
        "inputs": given,
        "task_dt_ms": network.dt_ms,
        **{name: getattr(units, name) for name in NUMBERS},
    }
    arrays = {name: np.asarray(entry, np.float64) for name, entry in entries.items()}
    script = files("recurra.storage").joinpath("scripts", "brian2.py.txt").read_text(encoding="utf-8")
    with new_folder(folder) as making:
        (making / SCRIPT).write_text(script, encoding="utf-8")
        np.savez(making / ARRAYS, allow_pickle=False, **arrays)
