"""The equations of an echo state network at the edge of stability."""

from dataclasses import dataclass
from typing import ClassVar, final

import jax.numpy as jnp
from jaxtyping import Array, Float

from recurra.arrays import ES2NWeights
from recurra.checks import check_choice, check_positive
from recurra.engine.dynamics import DrivenDynamics, State
from recurra.engine.rate import ACTIVATIONS


@final
@dataclass(frozen=True)
class ES2NDynamics(DrivenDynamics):
    r"""$h \leftarrow \beta\, \varphi(W h + W_{in} x + b) + (1 - \beta)\, O h$ with an orthogonal matrix O.

    The rates are h, which starts from 0. The matrix whose spectrum is shown is that of the flow at rest where φ has the
    slope 1, $\beta W + (1 - \beta) O$.

    Args:
        activation: φ, a name of those that rate units have.
        proximity: β, above 0, up to 1; with 1 these are the equations of rate units with leak 1.

    Source: Ceni and Gallicchio (2024).
    """

    weights: ClassVar = ES2NWeights

    activation: str
    proximity: float

    def __post_init__(self) -> None:
        check_choice("activation", self.activation, ACTIVATIONS)
        check_proximity(self.proximity)

    def initial_state(self, weights: ES2NWeights) -> State:
        return jnp.zeros_like(jnp.asarray(weights.recurrent_bias))

    def drive(self, weights: ES2NWeights, inputs: Float[Array, "input"]) -> Float[Array, "unit"]:
        return jnp.asarray(weights.input @ inputs)

    def driven(self, weights: ES2NWeights, state: State, drive: Float[Array, "unit"]) -> State:
        current = jnp.asarray(weights.recurrent @ state + drive + weights.recurrent_bias)
        turned = jnp.asarray(weights.orthogonal @ state)
        return self.proximity * ACTIVATIONS[self.activation](current) + (1 - self.proximity) * turned

    def rates(self, state: State) -> Float[Array, "unit"]:
        return state

    def recurrent(self, weights: ES2NWeights) -> Float[Array, "post pre"]:
        return jnp.asarray(self.proximity * weights.recurrent + (1 - self.proximity) * weights.orthogonal)


def check_proximity(value: float) -> None:
    """Raise an error for a β outside of (0, 1]."""
    check_positive("proximity", value)
    if value > 1:
        raise ValueError(f"proximity is {value:g}; expected a number above 0, up to 1")
