"""Worker of training_step.py: Keras's SimpleRNN, GRU or LSTM and Dense, compile and fit, one network.

The backend is the one that the environment variable KERAS_BACKEND names: tensorflow or jax.
"""

# pyright: reportMissingImports=false
# Keras is in an environment of its own.

import time

import keras
import numpy as np
from protocol import Shape, Times, serve

LEAST_BATCHES = 4  # an epoch of fewer would measure fit's own work between epochs, which real epochs hide


class Stopwatch(keras.callbacks.Callback):
    """Seconds of every epoch of a fit."""

    def __init__(self):
        super().__init__()
        self.began, self.seconds = 0.0, []

    def on_epoch_begin(self, epoch, logs=None):
        self.began = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self.seconds.append(time.perf_counter() - self.began)


def network(units: int, steps: int, inputs: int, outputs: int, cell: str = "rate") -> keras.Model:
    """The papers' network, or one of gated cells, compiled for mean squared error and Adam at 1e-4."""
    kind = {"rate": keras.layers.SimpleRNN, "gru": keras.layers.GRU, "lstm": keras.layers.LSTM}[cell]
    recurrent = kind(units, return_sequences=True, use_bias=cell != "rate", recurrent_initializer="orthogonal")
    model = keras.Sequential([keras.Input((steps, inputs)), recurrent, keras.layers.Dense(outputs)])
    model.compile(loss="mse", optimizer=keras.optimizers.Adam(1e-4))
    return model


def prepare(shape: Shape) -> Times:
    """Every time is an epoch over a few batches; the first is left out, as it compiles."""
    model = network(shape.units, shape.steps, shape.inputs, shape.outputs, shape.cell)
    batches = max(shape.calls, LEAST_BATCHES)
    random = np.random.default_rng(0)
    inputs = random.standard_normal((shape.batch * batches, shape.steps, shape.inputs), np.float32)
    targets = random.standard_normal((shape.batch * batches, shape.steps, shape.outputs), np.float32)

    def times(repeat: int) -> list[float]:
        stopwatch = Stopwatch()
        model.fit(inputs, targets, batch_size=shape.batch, epochs=repeat, verbose=0, callbacks=[stopwatch])
        return [1e3 * seconds / batches for seconds in stopwatch.seconds]

    times(1)
    return times


if __name__ == "__main__":
    serve(prepare)
