"""Networks in files of PyTorch, of safetensors, and in `.json` files of other programs."""

from pathlib import Path

from recurra.arrays import RateWeights
from recurra.checks import check_positive
from recurra.models.network import Network
from recurra.storage.content import NO_HINTS, Hints
from recurra.storage.imported import Imported, StatedSettings, import_file, imported
from recurra.storage.json_content import CONFIGURATION
from recurra.storage.neural_rnn import weights_and_settings
from recurra.storage.parsing import read_content
from recurra.storage.reading import naming

NOTHING_STATED = StatedSettings()


def read_torch(path: Path, dt_ms: float, stated: StatedSettings = NOTHING_STATED) -> Network:
    r"""The network in a `state_dict` of PyTorch: one `nn.RNN`, `nn.GRU` or `nn.LSTM`, or a cell of them, and a Linear.

    Reads what `torch.save(model.state_dict(), path)` writes, alone or in a checkpoint, and `.safetensors`. The pickle
    in a file of torch is not run: plain values and tensors are read from it, anything else is refused. `nn.RNN`'s
    $h \leftarrow \varphi(W h + b_{hh} + W_{in} x + b_{ih})$ is the rate form with leak 1; that $\varphi$ is tanh is
    assumed with a warning unless `stated` says what it is.

    Args:
        path: the file.
        dt_ms: length of a time step, ms; these files have none.
        stated: what you know about the network.

    Raises:
        ValueError: the file is missing, damaged, holds another network or contradicts `stated`; one line that
            begins with the file's name.
    """
    return import_file("torch", path, dt_ms, stated).told()


def import_json(path: Path, dt_ms: float | None, stated: StatedSettings, hints: Hints = NO_HINTS) -> Imported:
    """The network of a `.json` file of trainRNNbrain, or of a configuration of NeuralRNN and the weights beside it."""
    if dt_ms is not None:
        check_positive("dt_ms", dt_ms)
    content = read_content(path, "json", RateWeights.axes(), hints)
    if CONFIGURATION in content.says:
        with naming(path):
            weights, settings = weights_and_settings(path, content.says[CONFIGURATION])
        content = read_content(weights, "torch", RateWeights.axes(), Hints(settings=settings))
    with naming(path):
        return imported(path.name, content, dt_ms, stated)
