"""The equations of one network on one trial: how a state follows from the last one."""

import abc
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, final

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from recurra.arrays import Weights
from recurra.checks import check_choice, check_positive

State = Float[Array, "unit"]

ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "tanh": jnp.tanh,
    "relu": jax.nn.relu,
    "sigmoid": jax.nn.sigmoid,
    "softplus": jax.nn.softplus,
}


class Dynamics(abc.ABC):
    """The step of one network on one trial. A cell of your own is a frozen dataclass with these three methods."""

    @abc.abstractmethod
    def initial_state(self, weights: Weights) -> State:
        """The state before the first step."""

    @abc.abstractmethod
    def step(self, weights: Weights, state: State, inputs: Float[Array, "input"]) -> State:
        """The state one step later, under these inputs."""

    @abc.abstractmethod
    def rates(self, state: State) -> Float[Array, "unit"]:
        """The rates that the readout sees."""


@final
@dataclass(frozen=True)
class RateDynamics(Dynamics):
    r"""A leaky network of rate units, in one of two forms.

    Rate form: $h \leftarrow (1 - \ell)\,h + \ell\,\varphi(W h + W_{in} x + b)$, rates $h$.
    With leak 1 it is Eq. 7 of the tutorial.

    Current form: $v \leftarrow (1 - \ell)\,v + \ell\,(W \varphi(v) + W_{in} x + b)$, rates $\varphi(v)$.

    Both start from a state of zero; the output is $W_{out}\,r + b_{out}$ of the rates $r$.

    Args:
        form: "rate" or "current"; spectra and fixed points differ between the two.
        activation: φ of the equations: "tanh", "relu", "sigmoid" or "softplus".
        leak: $\ell$ = dt_ms / tau_ms, in (0, 1].

    Source: Jarne (2024), Eq. 1 to 7; Sussillo and Barak (2013) for the current form.
    """

    form: Literal["rate", "current"]
    activation: str
    leak: float

    def __post_init__(self) -> None:
        check_choice("form", self.form, ("rate", "current"))
        check_choice("activation", self.activation, ACTIVATIONS)
        check_positive("leak", self.leak)
        if self.leak > 1:
            raise ValueError(
                f"leak = dt_ms / tau_ms = {self.leak:g}; expected a number in (0, 1]. Raise tau_ms or lower dt_ms."
            )

    def initial_state(self, weights: Weights) -> State:
        return jnp.zeros_like(jnp.asarray(weights.recurrent_bias))

    def step(self, weights: Weights, state: State, inputs: Float[Array, "input"]) -> State:
        activation = ACTIVATIONS[self.activation]
        current = jnp.asarray(weights.recurrent @ self.rates(state) + weights.input @ inputs + weights.recurrent_bias)
        drive = activation(current) if self.form == "rate" else current
        return (1 - self.leak) * state + self.leak * drive

    def rates(self, state: State) -> Float[Array, "unit"]:
        return state if self.form == "rate" else ACTIVATIONS[self.activation](state)
