"""The equations of one network on one trial: how a state follows from the last one."""

import abc
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, final

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from recurra.arrays import Weights
from recurra.checks import check_at_least_zero, check_choice, check_positive

State = Float[Array, "unit"]

ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "tanh": jnp.tanh,
    "relu": jax.nn.relu,
    "sigmoid": jax.nn.sigmoid,
    "softplus": jax.nn.softplus,
    "linear": lambda current: current,
    "hard_sigmoid_5": lambda current: jnp.clip(current / 5 + 0.5, 0, 1),
    "hard_sigmoid_6": lambda current: jnp.clip(current / 6 + 0.5, 0, 1),
}
HARD_WIDTHS = {"hard_sigmoid_5": 5, "hard_sigmoid_6": 6}  # of the currents over which they rise from 0 to 1


class Dynamics(abc.ABC):
    """The step of one network on one trial. A cell of your own is a frozen dataclass with the four abstract methods.

    Where a step moves each unit by a share of what pulls it, as a short time step does, it says so in `leaks`: then
    fixed points, slow points and regimes do not depend on the length of the step.
    """

    @abc.abstractmethod
    def initial_state(self, weights: Weights) -> State:
        """The state before the first step."""

    @abc.abstractmethod
    def step(self, weights: Weights, state: State, inputs: Float[Array, "input"]) -> State:
        """The state one step later, under these inputs and without noise."""

    @abc.abstractmethod
    def rates(self, state: State) -> Float[Array, "unit"]:
        """The rates that the readout sees."""

    @abc.abstractmethod
    def noise_scale(self, units: int) -> Float[np.ndarray, "unit"]:
        """Standard deviation of the noise that is added to each unit's state at every step; zeros for none."""

    def leaks(self, units: int) -> Float[np.ndarray, "unit"]:
        """By which share of its pull each unit moves in a step, dt_ms / tau_ms, in (0, 1]; 1 if a cell does not say."""
        return np.ones(units)

    def pull(self, weights: Weights, state: State, inputs: Float[Array, "input"]) -> State:
        """From a state to where it is drawn: what a step changes, over the leaks; it does not depend on the step."""
        return (self.step(weights, state, inputs) - state) / jnp.asarray(self.leaks(len(state)), state.dtype)


@final
@dataclass(frozen=True)
class RateDynamics(Dynamics):
    r"""A leaky network of rate units, in one of two forms.

    Rate form: $h \leftarrow (1 - \ell)\,h + \ell\,\varphi(W h + W_{in} x + b)$, rates $h$.
    With leak 1 it is Eq. 7 of the tutorial.

    Current form: $v \leftarrow (1 - \ell)\,v + \ell\,(W \varphi(v) + W_{in} x + b)$, rates $\varphi(v)$.

    Both start from a state of zero; the output is $W_{out}\,r + b_{out}$ of the rates $r$. With noise,
    $\sqrt{2 \ell}\,\sigma\,\xi$ is added to the state at every step, $\xi$ standard normal.

    Args:
        form: "rate" or "current"; spectra and fixed points differ between the two.
        activation: φ of the equations: "tanh", "relu", "sigmoid", "softplus", "linear", or a hard sigmoid, the line
            x / 5 + 1/2 ("hard_sigmoid_5": Keras 1 and 2) or x / 6 + 1/2 ("hard_sigmoid_6": Keras 3, PyTorch) within 0
            and 1.
        leak: $\ell$ = dt_ms / tau_ms, in (0, 1]; one for all units, or a tuple with one a unit.
        noise: σ, the standard deviation that the noise alone gives to an isolated unit of small leak; 0 or above.

    Source: Jarne (2024), Eq. 1 to 7; Sussillo and Barak (2013) for the current form.
    """

    form: Literal["rate", "current"]
    activation: str
    leak: float | tuple[float, ...]
    noise: float = 0.0

    def __post_init__(self) -> None:
        check_choice("form", self.form, ("rate", "current"))
        check_choice("activation", self.activation, ACTIVATIONS)
        check_at_least_zero("noise", self.noise)
        for leak in self.leak if isinstance(self.leak, tuple) else (self.leak,):
            check_positive("leak", leak)
            if leak > 1:
                raise ValueError(
                    f"leak = dt_ms / tau_ms = {leak:g}; expected a number in (0, 1]. Raise tau_ms or lower dt_ms."
                )

    def leaks(self, units: int) -> Float[np.ndarray, "unit"]:
        """The leak of each of so many units, float64."""
        if isinstance(self.leak, tuple) and len(self.leak) != units:
            raise ValueError(f"leak has {len(self.leak)} values; expected one, or one for each of the {units} units")
        return np.broadcast_to(np.asarray(self.leak, np.float64), (units,))

    def noise_scale(self, units: int) -> Float[np.ndarray, "unit"]:
        return np.sqrt(2 * self.leaks(units)) * self.noise

    def initial_state(self, weights: Weights) -> State:
        return jnp.zeros_like(jnp.asarray(weights.recurrent_bias))

    def step(self, weights: Weights, state: State, inputs: Float[Array, "input"]) -> State:
        activation = ACTIVATIONS[self.activation]
        leak = jnp.asarray(self.leaks(weights.units), state.dtype)
        current = jnp.asarray(weights.recurrent @ self.rates(state) + weights.input @ inputs + weights.recurrent_bias)
        drive = activation(current) if self.form == "rate" else current
        return (1 - leak) * state + leak * drive

    def rates(self, state: State) -> Float[Array, "unit"]:
        return state if self.form == "rate" else ACTIVATIONS[self.activation](state)
