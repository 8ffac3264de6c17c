"""Small networks with known answers, for the tests of the analyses."""

from dataclasses import dataclass

import numpy as np

from recurra.arrays import RateWeights
from recurra.engine import RateDynamics
from recurra.models import Model, Network
from recurra.storage.content import MOST_FILE_BYTES, NO_HINTS
from recurra.storage.parsing import content_of
from recurra.storage.reading import naming, read_bytes


def network_of(recurrent, form="rate", activation="tanh", leak=1.0, bias=0.0, inward=1.0, bits=False):
    """A network with these recurrent weights; with `bits` every unit has an input and an output of its own."""
    recurrent = np.atleast_2d(np.asarray(recurrent, float))
    units = len(recurrent)
    weights = RateWeights(
        recurrent=recurrent,
        input=inward * (np.eye(units) if bits else np.ones((units, 1))),
        output=np.eye(units) if bits else np.ones((1, units)),
        recurrent_bias=np.full(units, bias),
        output_bias=np.zeros(units if bits else 1),
    )
    return Network(RateDynamics(form, activation, leak), weights, 1.0)


@dataclass(frozen=True, eq=False)
class ModelOf(Model):
    """The model of networks that were made by hand."""

    network: Network
    units: int

    def dynamics(self, dt_ms):
        return self.network.dynamics

    def initial_weights(self, key, inputs, outputs):
        return self.network.weights


def random_network(seed, units=12, **options):
    """Normal weights of a gain of 1.4."""
    return network_of(np.random.default_rng(seed).normal(0, 1.4 / np.sqrt(units), (units, units)), **options)


def starts_of(network, starts=200, seed=0):
    """Random states."""
    return np.random.default_rng(seed).normal(0, 1, (starts, network.weights.units))


def rotation(gain=1.2, period=40):
    """Two units that turn by a known angle in every step."""
    angle = 2 * np.pi / period
    return gain * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def read_here(path, kind, axes, hints=NO_HINTS):
    """What a file holds, without the process that `read_content` starts for safety."""
    with naming(path):
        return content_of(read_bytes(path, MOST_FILE_BYTES), kind, axes, hints)
