"""How long does Keras take to train one network of 50 units by the papers' protocol, on trials from a file?

    .environments/keras_tensorflow/bin/python benchmarks/rivals/keras_train.py TRIALS.npz EPOCHS

The file has the arrays inputs (trial, time, input) and targets (trial, time, output). Mean squared error, Adam at 1e-4,
batches of 64 trials in a new order every epoch, the weights saved after every epoch. Prints a line of JSON:
{"seconds_per_epoch": [...], "loss": [...]}, the saving counted in the seconds; the first epoch compiles too.
KERAS_BACKEND chooses the backend, as it does for Keras.
"""

# pyright: reportMissingImports=false
# Keras is in an environment of its own.

import argparse
import json
import tempfile
from pathlib import Path

import keras
import numpy as np
from keras_step import Stopwatch, network

UNITS = 50
BATCH = 64


def train(inputs: np.ndarray, targets: np.ndarray, epochs: int) -> dict[str, list[float]]:
    """One call of fit; seconds and training loss of every epoch."""
    model = network(UNITS, inputs.shape[1], inputs.shape[2], targets.shape[2])
    stopwatch = Stopwatch()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "epoch{epoch:04d}.weights.h5"
        saving = keras.callbacks.ModelCheckpoint(str(path), save_weights_only=True)
        callbacks = [saving, stopwatch]  # in this order: the stopwatch stops when the weights are on disk
        history = model.fit(inputs, targets, batch_size=BATCH, epochs=epochs, verbose=0, callbacks=callbacks)
    return {"seconds_per_epoch": stopwatch.seconds, "loss": [float(loss) for loss in history.history["loss"]]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trials", type=Path, metavar="TRIALS.npz")
    parser.add_argument("epochs", type=int, metavar="EPOCHS")
    options = parser.parse_args()
    if options.epochs < 1:
        parser.error(f"EPOCHS is {options.epochs}; expected 1 or more")
    if not options.trials.is_file():
        parser.error(f"no file {options.trials}")
    with np.load(options.trials) as arrays:
        if missing := {"inputs", "targets"} - set(arrays):
            parser.error(f"{options.trials} lacks {', '.join(sorted(missing))}; it has {', '.join(arrays)}")
        inputs, targets = arrays["inputs"].astype(np.float32), arrays["targets"].astype(np.float32)
    print(json.dumps(train(inputs, targets, options.epochs)))


if __name__ == "__main__":
    main()
