"""The equations of rate units to which outputs are fed back."""

import abc
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, final

import jax.numpy as jnp
from jaxtyping import Array, Float

from recurra.arrays import ControlledRateWeights, FeedbackRateWeights, RateWeights
from recurra.engine.dynamics import State
from recurra.engine.rate import RateDynamics, RateEquations, check_leak


@dataclass(frozen=True)
class FeedbackEquations(RateEquations, abc.ABC):
    r"""A leaky network of rate units with feedback, in one of two forms.

    Rate form: $h \leftarrow (1 - \ell)\,h + \ell\,\varphi(W h + W_{in} x + W_{fb} y + b)$, rates $r = h$.

    Current form: $v \leftarrow (1 - \ell)\,v + \ell\,(W r + W_{in} x + W_{fb} y + b)$, rates $r = \varphi(v)$.

    What is fed back, y, follows from the rates: so the equations are those of a network without feedback whose
    recurrent matrix has a further part, which is what `recurrent` returns. Both start from `initial_state`.

    Args:
        form: "rate" or "current".
        activation: φ of the equations.
        leak: $\ell$ = dt_ms / tau_ms, in (0, 1].
        noise: σ of the recurrent noise; 0 or above.
    """

    form: Literal["rate", "current"]
    activation: str
    leak: float
    noise: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_leak(self.leak)

    @abc.abstractmethod
    def fed_back(self, weights: Any, rates: Float[Array, "*batch unit"]) -> Float[Array, "*batch output"]:
        """What is fed back, y, for given rates."""

    @abc.abstractmethod
    def without_feedback(self, weights: Any) -> tuple[RateDynamics, RateWeights]:
        """The same network, but for its initial state, as rate units without feedback and with another matrix."""

    def initial_state(self, weights: Any) -> State:
        return jnp.asarray(weights.initial_state)

    def driven(self, weights: Any, state: State, drive: Float[Array, "unit"]) -> State:
        return super().driven(weights, state, drive + weights.feedback @ self.fed_back(weights, self.rates(state)))

    def leaks(self, weights: FeedbackRateWeights) -> State:
        return jnp.full_like(jnp.asarray(weights.recurrent_bias), self.leak)

    def noise_scale(self, weights: FeedbackRateWeights) -> State:
        return jnp.sqrt(2 * self.leaks(weights)) * self.noise

    def recurrent(self, weights: Any) -> Float[Array, "post pre"]:
        return jnp.asarray(self.without_feedback(weights)[1].recurrent)

    def _folded(self, weights: FeedbackRateWeights, fed: Any, constant: Any) -> tuple[RateDynamics, RateWeights]:
        r"""Rate units with the matrix $W + W_{fb} \,\\mathrm{fed}$ and the bias $b + W_{fb}\,\\mathrm{constant}$."""
        folded = RateWeights(
            recurrent=weights.recurrent + weights.feedback @ fed,
            input=weights.input,
            output=weights.output,
            recurrent_bias=weights.recurrent_bias + weights.feedback @ constant,
            output_bias=weights.output_bias,
        )
        return RateDynamics(self.form, self.activation, self.leak, self.noise), folded


@final
@dataclass(frozen=True)
class OutputFeedbackDynamics(FeedbackEquations):
    r"""The outputs are fed back: $y = W_{out} r + b_{out}$; the matrix is $W + W_{fb} W_{out}$.

    Source: Sussillo and Abbott (2009), their architecture A; Jaeger (2001).
    """

    weights: ClassVar = FeedbackRateWeights

    def fed_back(self, weights: FeedbackRateWeights, rates: Float[Array, "*batch unit"]) -> Array:
        return self.readout(weights, rates)

    def without_feedback(self, weights: FeedbackRateWeights) -> tuple[RateDynamics, RateWeights]:
        return self._folded(weights, weights.output, weights.output_bias)


@final
@dataclass(frozen=True)
class ControlFeedbackDynamics(FeedbackEquations):
    r"""Control units are fed back, which read the rates with weights of their own: $y = W_c r$; the matrix is
    $W + W_{fb} W_c$.

    Source: Sussillo and Abbott (2009), their architecture B.
    """

    weights: ClassVar = ControlledRateWeights

    def fed_back(self, weights: ControlledRateWeights, rates: Float[Array, "*batch unit"]) -> Array:
        return rates @ jnp.asarray(weights.control).T

    def without_feedback(self, weights: ControlledRateWeights) -> tuple[RateDynamics, RateWeights]:
        return self._folded(weights, weights.control, jnp.zeros_like(jnp.asarray(weights.output_bias)))
