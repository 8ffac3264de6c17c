"""The update gate network."""

from dataclasses import dataclass
from typing import final

from recurra.arrays import RandomKey
from recurra.engine.gated import GatedWeights, UGRNNDynamics
from recurra.models.gated import GatedModel


@final
@dataclass(frozen=True, kw_only=True)
class UGRNN(GatedModel):
    r"""Update gate units, the smallest gated cell, with a linear readout.

    $g = \sigma(U_g h + W_g x + b_g)$, $c = \tanh(U_c h + W_c x + b_c)$, $h \leftarrow g \odot h + (1 - g) \odot c$.
    The rates are h. There is no time constant: a step of the task is a step of the network.

    Args:
        units: number of units.
        gate: σ of the gates: "sigmoid", or a hard sigmoid, the line x / 5 + 1/2 ("hard_sigmoid_5": Keras 1 and 2) or
            x / 6 + 1/2 ("hard_sigmoid_6": Keras 3) within 0 and 1.
        recurrent_noise: standard deviation of the noise added to every entry of the state at every training step.
        initializer: where the recurrent weights start.
        input_initializer: where the input weights start.
        output_initializer: where the output weights start.
        constraints: constraints on the weights, applied one after the other.

    Source: Collins, Sohl-Dickstein and Sussillo (2017).
    """

    sources = ("collins2017",)

    def dynamics(self, dt_ms: float) -> UGRNNDynamics:
        """The equations of one step, whatever its length."""
        return UGRNNDynamics(self.recurrent_noise, self.gate)

    def initial_weights(self, key: RandomKey, inputs: int, outputs: int) -> GatedWeights:
        return GatedWeights(**self.gated_arrays(key, 2, inputs, outputs))
