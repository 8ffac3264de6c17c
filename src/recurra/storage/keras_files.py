"""Networks in the files of Keras 1, 2 and 3."""

from pathlib import Path

from recurra.models.network import Network
from recurra.storage.imported import StatedSettings, import_file

NOTHING_STATED = StatedSettings()


def read_keras(path: Path, dt_ms: float, stated: StatedSettings = NOTHING_STATED) -> Network:
    r"""The network in a Keras file: one SimpleRNN, GRU or LSTM layer and a linear Dense readout.

    Reads the HDF5 of a whole model or of its weights alone, and `.keras` archives. Keras's $h \leftarrow \varphi(W h +
    W_{in} x + b)$ is the rate form with leak 1. A whole model says what $\varphi$ is, or the gate function. Weights
    alone do not: what `stated` leaves open is assumed to be the default of Keras, tanh and leak 1, or the logistic
    function for gates, with a warning.

    Args:
        path: the file.
        dt_ms: length of a time step, ms; Keras files have none.
        stated: what you know about the network.

    Raises:
        ValueError: the file is missing, damaged, holds another network or contradicts `stated`; one line that
            begins with the file's name.
    """
    return import_file("keras", path, dt_ms, stated).told()
