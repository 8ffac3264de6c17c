"""Long short-term memory."""

from dataclasses import dataclass
from typing import final

from recurra.arrays import RandomKey
from recurra.checks import check_finite_number
from recurra.engine.gated import GatedWeights, LSTMDynamics
from recurra.models.gated import GatedModel


@final
@dataclass(frozen=True, kw_only=True)
class LSTM(GatedModel):
    r"""Long short-term memory with a linear readout.

    $i, f, o = \sigma(U h + W x + b)$ each with its own weights, $g = \tanh(U_g h + W_g x + b_g)$;
    $c \leftarrow f \odot c + i \odot g$, $h \leftarrow o \odot \tanh(c)$. The state is (h, c), the rates h. There is
    no time constant: a step of the task is a step of the network.

    Args:
        units: number of units; the state has twice as many entries.
        forget_bias: added at the start to the bias of the forget gate, which is trained like the others; 1 in Keras, 0
            in PyTorch.
        gate: σ of the gates: "sigmoid", or a hard sigmoid, the line x / 5 + 1/2 ("hard_sigmoid_5": Keras 1 and 2) or
            x / 6 + 1/2 ("hard_sigmoid_6": Keras 3) within 0 and 1.
        recurrent_noise: standard deviation of the noise added to every entry of the state at every training step.
        initializer: where the recurrent weights start.
        input_initializer: where the input weights start.
        output_initializer: where the output weights start.
        biases: where the biases start: "zeros" as in Keras, or "torch_uniform": uniform within ±1 / √units, and the sum
            of two such numbers where PyTorch has two biases.
        constraints: constraints on the weights, applied one after the other.

    Source: Hochreiter and Schmidhuber (1997); Gers, Schmidhuber and Cummins (2000) for the forget gate.
    """

    sources = ("hochreiter1997", "gers2000")

    forget_bias: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_finite_number("forget_bias", self.forget_bias)

    def dynamics(self, dt_ms: float) -> LSTMDynamics:
        """The equations of one step, whatever its length."""
        return LSTMDynamics(self.recurrent_noise, self.gate)

    def initial_weights(self, key: RandomKey, inputs: int, outputs: int) -> GatedWeights:
        arrays = self.gated_arrays(key, 4, inputs, outputs)
        return GatedWeights(**arrays | {"bias": arrays["bias"].at[1].add(self.forget_bias)})
