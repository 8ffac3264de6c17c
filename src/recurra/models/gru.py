"""The gated recurrent unit."""

from dataclasses import dataclass
from typing import Literal, final

import jax.numpy as jnp

from recurra.arrays import RandomKey
from recurra.checks import check_choice, check_finite_number
from recurra.engine.gated import RESETS, GRUDynamics, GRUWeights
from recurra.models.gated import GatedModel


@final
@dataclass(frozen=True, kw_only=True)
class GRU(GatedModel):
    r"""Gated recurrent units with a linear readout.

    $z = \sigma(U_z h + W_z x + b_z)$, $r = \sigma(U_r h + W_r x + b_r)$,
    $n = \tanh(W_n x + b_n + r \odot (U_n h + c))$, $h \leftarrow z \odot h + (1 - z) \odot n$. With `reset="before"`
    the candidate is $n = \tanh(W_n x + b_n + U_n (r \odot h))$. The rates are h. There is no time constant: a step of
    the task is a step of the network.

    Args:
        units: number of units.
        update_bias: added at the start to the bias of the update gate, which is trained like the others; 0 in Keras and
            PyTorch. Above 0 a unit first keeps its state for longer.
        reset: "after" (Keras 3, cuDNN, PyTorch) or "before" the recurrent weights (as first published).
        gate: σ of the gates: "sigmoid", or a hard sigmoid, the line x / 5 + 1/2 ("hard_sigmoid_5": Keras 1 and 2) or
            x / 6 + 1/2 ("hard_sigmoid_6": Keras 3) within 0 and 1.
        recurrent_noise: standard deviation of the noise added to every entry of the state at every training step.
        initializer: where the recurrent weights start.
        input_initializer: where the input weights start.
        output_initializer: where the output weights start.
        biases: where the biases start: "zeros" as in Keras, or "torch_uniform": uniform within ±1 / √units, and the sum
            of two such numbers where PyTorch has two biases.
        constraints: constraints on the weights, applied one after the other.

    Source: Cho et al. (2014).
    """

    sources = ("cho2014",)

    update_bias: float = 0.0
    reset: Literal["after", "before"] = "after"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_finite_number("update_bias", self.update_bias)
        check_choice("reset", self.reset, RESETS)

    def dynamics(self, dt_ms: float) -> GRUDynamics:
        """The equations of one step, whatever its length."""
        return GRUDynamics(self.reset, self.recurrent_noise, self.gate)

    def initial_weights(self, key: RandomKey, inputs: int, outputs: int) -> GRUWeights:
        arrays = self.gated_arrays(key, 3, inputs, outputs)
        inward, recurrent = self.bias_pairs(key, 3)
        reset_bias = jnp.zeros(self.units, jnp.float32)
        if self.reset == "after":
            arrays["bias"], reset_bias = arrays["bias"].at[2].set(inward[2]), recurrent[2]
        arrays["bias"] = arrays["bias"].at[0].add(self.update_bias)
        return GRUWeights(**arrays, reset_bias=reset_bias)

    def frozen(self) -> tuple[str, ...]:
        return () if self.reset == "after" else ("reset_bias",)
