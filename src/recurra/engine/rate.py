"""The equations of a network of rate units."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal, final

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from recurra.arrays import AnyArray, RateWeights, TimedRateWeights
from recurra.checks import check_at_least_zero, check_choice, check_positive
from recurra.engine.dynamics import DrivenDynamics, State

ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "tanh": jnp.tanh,
    "relu": jax.nn.relu,
    "sigmoid": jax.nn.sigmoid,
    "softplus": jax.nn.softplus,
    "linear": lambda current: current,
    "hard_sigmoid_5": lambda current: jnp.clip(current / 5 + 0.5, 0, 1),
    "hard_sigmoid_6": lambda current: jnp.clip(current / 6 + 0.5, 0, 1),
}
SLOPES: dict[str, Callable[[Array], Array]] = {  # of the activations, where they have a given value
    "tanh": lambda value: 1 - value**2,
    "relu": lambda value: jnp.where(value > 0, jnp.ones_like(value), 0),
    "sigmoid": lambda value: value * (1 - value),
    "softplus": lambda value: -jnp.expm1(-value),
    "linear": jnp.ones_like,
    "hard_sigmoid_5": lambda value: jnp.where((value > 0) & (value < 1), jnp.full_like(value, 1 / 5), 0),
    "hard_sigmoid_6": lambda value: jnp.where((value > 0) & (value < 1), jnp.full_like(value, 1 / 6), 0),
}
HARD_WIDTHS = {"hard_sigmoid_5": 5, "hard_sigmoid_6": 6}  # range of currents over which they rise from 0 to 1


class RateEquations(DrivenDynamics):
    """What rate units have in common, wherever their leaks come from."""

    form: Literal["rate", "current"]
    activation: str
    noise: float

    def __post_init__(self) -> None:
        check_choice("form", self.form, ("rate", "current"))
        check_choice("activation", self.activation, ACTIVATIONS)
        check_at_least_zero("noise", self.noise)

    def initial_state(self, weights: RateWeights) -> State:
        return jnp.zeros_like(jnp.asarray(weights.recurrent_bias))

    def drive(self, weights: RateWeights, inputs: Float[Array, "input"]) -> Float[Array, "unit"]:
        return jnp.asarray(weights.input @ inputs)

    def driven(self, weights: RateWeights, state: State, drive: Float[Array, "unit"]) -> State:
        return self.moved(weights, state, weights.recurrent @ self.rates(state) + drive + weights.recurrent_bias)

    def moved(self, weights: RateWeights, state: State, current: Float[AnyArray, "unit"]) -> State:
        """The state one step later when the units receive a current."""
        activation, leak = ACTIVATIONS[self.activation], self.leaks(weights)
        goal = activation(jnp.asarray(current)) if self.form == "rate" else jnp.asarray(current)
        return (1 - leak) * state + leak * goal

    def rates(self, state: State) -> Float[Array, "unit"]:
        return state if self.form == "rate" else ACTIVATIONS[self.activation](state)

    @property
    def noisy(self) -> bool:
        return self.noise > 0

    def recurrent(self, weights: RateWeights) -> Float[Array, "post pre"]:
        return jnp.asarray(weights.recurrent)


@final
@dataclass(frozen=True)
class RateDynamics(RateEquations):
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
        leak: $\ell$ = dt_ms / tau_ms, in (0, 1]; one for all units, or a tuple with one per unit.
        noise: σ, the standard deviation of an isolated unit with small leak under the noise alone; 0 or above.

    Source: Jarne (2024), Eq. 1 to 7; Sussillo and Barak (2013) for the current form.
    """

    weights: ClassVar = RateWeights

    form: Literal["rate", "current"]
    activation: str
    leak: float | tuple[float, ...]
    noise: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        for leak in self.leak if isinstance(self.leak, tuple) else (self.leak,):
            check_leak(leak)

    def unit_leaks(self, units: int) -> Float[np.ndarray, "unit"]:
        """The leak of each of `units` units, float64."""
        if isinstance(self.leak, tuple) and len(self.leak) != units:
            raise ValueError(f"leak has {len(self.leak)} values; expected one, or one for each of the {units} units")
        return np.broadcast_to(np.asarray(self.leak, np.float64), (units,))

    def leaks(self, weights: RateWeights) -> State:
        return jnp.asarray(self.unit_leaks(weights.units), jnp.asarray(weights.recurrent_bias).dtype)

    def noise_scale(self, weights: RateWeights) -> State:
        scale = np.sqrt(2 * self.unit_leaks(weights.units)) * self.noise
        return jnp.asarray(scale, jnp.asarray(weights.recurrent_bias).dtype)


@final
@dataclass(frozen=True)
class TimedRateDynamics(RateEquations):
    r"""The equations of `RateDynamics` with the leaks $\ell$ = dt_ms / tau_ms of the weights' own time constants.

    Args:
        form: "rate" or "current".
        activation: φ of the equations.
        dt_ms: length of a time step, ms.
        noise: σ; 0 or above.
    """

    weights: ClassVar = TimedRateWeights

    form: Literal["rate", "current"]
    activation: str
    dt_ms: float
    noise: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_positive("dt_ms", self.dt_ms)

    def leaks(self, weights: TimedRateWeights) -> State:
        return jnp.minimum(self.dt_ms / jnp.asarray(weights.tau_ms), 1)  # 1 + rounding is no leak

    def noise_scale(self, weights: TimedRateWeights) -> State:
        return jnp.sqrt(2 * self.leaks(weights)) * self.noise

    def settled(self, weights: TimedRateWeights) -> tuple[RateDynamics, RateWeights]:
        tau_ms = np.asarray(weights.tau_ms, np.float64)
        leaks = tuple(np.minimum(self.dt_ms / tau_ms, 1).tolist())
        arrays = {name: getattr(weights, name) for name in RateWeights.axes()}
        return RateDynamics(self.form, self.activation, leaks, self.noise), RateWeights(**arrays)


def check_leak(leak: float) -> None:
    """Raise an error for a leak outside of (0, 1]."""
    check_positive("leak", leak)
    if leak > 1:
        raise ValueError(f"leak = dt_ms / tau_ms = {leak:g}; expected a number in (0, 1]. Raise tau_ms or lower dt_ms.")
