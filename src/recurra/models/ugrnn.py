"""The update gate network."""

from dataclasses import dataclass
from typing import final

from recurra.arrays import RandomKey
from recurra.checks import check_finite_number
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
        update_bias: added at the start to the bias of the update gate, which is trained like the others; 0 in Keras and
            PyTorch. Above 0 a unit first keeps its state for longer.
        gate: σ of the gates: "sigmoid", or a hard sigmoid, the line x / 5 + 1/2 ("hard_sigmoid_5": Keras 1 and 2) or
            x / 6 + 1/2 ("hard_sigmoid_6": Keras 3) within 0 and 1.
        recurrent_noise: standard deviation of the noise added to every entry of the state at every training step.
        initializer: where the recurrent weights start.
        input_initializer: where the input weights start.
        output_initializer: where the output weights start.
        biases: where the biases start: "zeros" as in Keras, or "torch_uniform": uniform within ±1 / √units, and the sum
            of two such numbers where PyTorch has two biases.
        constraints: constraints on the weights, applied one after the other.

    Source: Collins, Sohl-Dickstein and Sussillo (2017).
    """

    sources = ("collins2017",)

    update_bias: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_finite_number("update_bias", self.update_bias)

    def dynamics(self, dt_ms: float) -> UGRNNDynamics:
        """The equations of one step, whatever its length."""
        return UGRNNDynamics(self.recurrent_noise, self.gate)

    def initial_weights(self, key: RandomKey, inputs: int, outputs: int) -> GatedWeights:
        arrays = self.gated_arrays(key, 2, inputs, outputs)
        return GatedWeights(**arrays | {"bias": arrays["bias"].at[0].add(self.update_bias)})
