"""Models: networks before training, and trained cohorts."""

from recurra.engine import Dynamics, GRUDynamics, LSTMDynamics, RateDynamics, UGRNNDynamics
from recurra.models.cohort import Cohort
from recurra.models.constraints import (
    Areas,
    Constraint,
    Dale,
    Frozen,
    LowRank,
    NoSelfConnections,
    ReadoutScale,
    Sparse,
    UnitGroup,
)
from recurra.models.es2n import ES2N
from recurra.models.feedback import FeedbackRNN
from recurra.models.gru import GRU
from recurra.models.initializers import (
    GENERAL_INITIALIZERS,
    Gamma,
    GlorotUniform,
    Identity,
    Initializer,
    Normal,
    Orthogonal,
    SpectralRadius,
    TorchUniform,
    Uniform,
    Zeros,
)
from recurra.models.lif import LIF
from recurra.models.lstm import LSTM
from recurra.models.model import Model
from recurra.models.network import Network
from recurra.models.own_arrays import network
from recurra.models.rate import RateRNN
from recurra.models.reservoir_initializers import RESERVOIR_INITIALIZERS, OneUnit, Ring, Signs
from recurra.models.spiking import SpikingNetwork, to_spikes
from recurra.models.start import Transfer
from recurra.models.time_constants import TrainedTau
from recurra.models.ugrnn import UGRNN

INITIALIZERS: dict[str, type[Initializer]] = {**GENERAL_INITIALIZERS, **RESERVOIR_INITIALIZERS}
CONSTRAINTS: dict[str, type[Constraint]] = {
    "frozen": Frozen,
    "dale": Dale,
    "sparse": Sparse,
    "no_self_connections": NoSelfConnections,
    "areas": Areas,
    "low_rank": LowRank,
    "readout_scale": ReadoutScale,
    "spectral_radius": SpectralRadius,
}
MODELS: dict[str, type[Model]] = {
    "rate": RateRNN,
    "gru": GRU,
    "lstm": LSTM,
    "ugrnn": UGRNN,
    "feedback": FeedbackRNN,
    "es2n": ES2N,
}
CELLS: dict[str, type[Dynamics]] = {
    "rate": RateDynamics,
    "gru": GRUDynamics,
    "lstm": LSTMDynamics,
    "ugrnn": UGRNNDynamics,
}
"""The equations of the models, by the models' names."""

__all__ = [
    "CELLS",
    "CONSTRAINTS",
    "ES2N",
    "GRU",
    "INITIALIZERS",
    "LIF",
    "LSTM",
    "MODELS",
    "UGRNN",
    "Areas",
    "Cohort",
    "Constraint",
    "Dale",
    "FeedbackRNN",
    "Frozen",
    "Gamma",
    "GlorotUniform",
    "Identity",
    "Initializer",
    "LowRank",
    "Model",
    "Network",
    "NoSelfConnections",
    "Normal",
    "OneUnit",
    "Orthogonal",
    "RateRNN",
    "ReadoutScale",
    "Ring",
    "Signs",
    "Sparse",
    "SpectralRadius",
    "SpikingNetwork",
    "TorchUniform",
    "TrainedTau",
    "Transfer",
    "Uniform",
    "UnitGroup",
    "Zeros",
    "network",
    "to_spikes",
]
