"""Networks of Keras itself, 2 or 3: a program for an environment of its own, which needs no recurra.

`python with_keras.py write FOLDER` saves models with weights of all kinds of biases, and what they answer to inputs.
`python with_keras.py run FOLDER` opens the models that lie there, and saves what they answer.
"""

# pyright: reportMissingImports=false
# Keras is in an environment of its own.

import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "jax")

import keras
import numpy as np
from keras import layers

SIZES, INPUTS, OUTPUTS, STEPS = (1, 3, 50), 2, 3, 200
CELLS = {
    "rnn": lambda units: layers.SimpleRNN(units, return_sequences=True),
    "rnn-sigmoid-cell": lambda units: layers.RNN(
        layers.SimpleRNNCell(units, activation="sigmoid"),
        return_sequences=True,
    ),
    "gru-after": lambda units: layers.GRU(units, return_sequences=True, reset_after=True),
    "gru-before": lambda units: layers.GRU(units, return_sequences=True, reset_after=False),
    "gru-hard": lambda units: layers.GRU(units, return_sequences=True, recurrent_activation="hard_sigmoid"),
    "gru-unbiased": lambda units: layers.GRU(units, return_sequences=True, use_bias=False),
    "gru-cell": lambda units: layers.RNN(layers.GRUCell(units, reset_after=False), return_sequences=True),
    "lstm": lambda units: layers.LSTM(units, return_sequences=True),
    "lstm-hard": lambda units: layers.LSTM(units, return_sequences=True, recurrent_activation="hard_sigmoid"),
    "lstm-cell": lambda units: layers.RNN(layers.LSTMCell(units), return_sequences=True),
}


def models(units):
    """Every cell as a sequential model, and two of them in other models."""
    for name, make in CELLS.items():
        yield name, keras.Sequential([layers.Input((None, INPUTS)), make(units), layers.Dense(OUTPUTS)])
    inner = keras.Sequential([layers.Input((None, INPUTS)), CELLS["gru-after"](units)])
    yield "nested", keras.Sequential([layers.Input((None, INPUTS)), inner, layers.Dense(OUTPUTS)])
    start = layers.Input((None, INPUTS))
    masked = layers.Masking(mask_value=-99.0)(start)
    yield "functional", keras.Model(start, layers.TimeDistributed(layers.Dense(OUTPUTS))(CELLS["lstm"](units)(masked)))


def write(folder):
    random = np.random.default_rng(0)
    for units in SIZES:
        for name, model in models(units):
            given = [
                array if array.ndim > 1 and len(array) != 2 else random.normal(0, 0.5, array.shape)
                for array in model.get_weights()
            ]
            model.set_weights(given)
            stem = folder / f"{name}-{units}"
            model.save(f"{stem}.keras")
            model.save(f"{stem}.h5")
            model.save_weights(f"{stem}.weights.h5")
            inputs = random.uniform(-3, 3, (4, STEPS, INPUTS)).astype(np.float32)
            np.savez(f"{stem}.npz", inputs=inputs, outputs=model.predict(inputs, verbose=0))
    if int(keras.__version__[0]) < 3:
        write_cudnn(folder, random)


def write_cudnn(folder, random):
    """Weights as the old layers for graphics processors had them; a layer of today reads and runs them."""
    from tensorflow.compat.v1 import keras as old

    for units in SIZES:
        for name, gates in (("GRU", 3), ("LSTM", 4)):
            shapes = [(INPUTS, gates * units), (units, gates * units), (2 * gates * units,)]
            given = [random.normal(0, 0.5, shape) for shape in [*shapes, (units, OUTPUTS), (OUTPUTS,)]]
            given[1], given[3] = given[1] / np.sqrt(units), given[3] / np.sqrt(units)
            start = old.layers.Input((None, INPUTS))
            recurrent = getattr(old.layers, f"CuDNN{name}")(units, return_sequences=True, name="recurrent")
            model = old.Model(start, old.layers.Dense(OUTPUTS, name="dense")(recurrent(start)))
            model.set_weights(given)
            stem = folder / f"cudnn-{name.lower()}-{units}"
            model.save(f"{stem}.h5")
            model.save_weights(f"{stem}-weights.h5")
            options = {"reset_after": True} if name == "GRU" else {}
            today = keras.Sequential(
                [
                    layers.Input((None, INPUTS)),
                    getattr(layers, name)(units, return_sequences=True, name="recurrent", **options),
                    layers.Dense(OUTPUTS, name="dense"),
                ]
            )
            today.load_weights(f"{stem}-weights.h5")
            inputs = random.uniform(-3, 3, (4, STEPS, INPUTS)).astype(np.float32)
            np.savez(f"{stem}.npz", inputs=inputs, outputs=today.predict(inputs, verbose=0))


def run(folder):
    for path in sorted([*folder.glob("*.keras"), *folder.glob("*.h5"), *folder.glob("*.hdf5")]):
        model = keras.models.load_model(path, compile=False)
        with np.load(folder / "inputs.npz") as inputs:
            np.save(f"{path}.npy", model.predict(inputs["inputs"], verbose=0))


if __name__ == "__main__":
    {"write": write, "run": run}[sys.argv[1]](Path(sys.argv[2]))
