"""Time constants that are trained, one per unit, within bounds."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal, final

import jax
import jax.numpy as jnp
from jax.scipy.special import logit
from jaxtyping import Array, Float

from recurra.arrays import RandomKey, Weights
from recurra.checks import check_number, check_positive
from recurra.models.constraints import Constraint, Parameters

MARGIN = 1e-6  # of the range, by which γ stays finite


@final
@dataclass(frozen=True)
class TrainedTau:
    r"""Time constants of rate units, one per unit, that are trained within bounds.

    $\tau = \tau_{low} + \sigma(\gamma)(\tau_{high} - \tau_{low})$ with a free γ, which starts at a standard normal
    number, or so that all units start at `start_ms`.

    Args:
        lowest_ms: $\tau_{low}$, ms, at least the time step of the task.
        highest_ms: $\tau_{high}$, ms, above `lowest_ms`.
        start_ms: where all units start, ms, between the two; or "random".

    Source: Kim, Li and Sejnowski (2019).
    """

    sources: ClassVar[tuple[str, ...]] = ("kim2019",)

    lowest_ms: float
    highest_ms: float
    start_ms: float | Literal["random"] = "random"

    def __post_init__(self) -> None:
        check_positive("lowest_ms", self.lowest_ms)
        check_positive("highest_ms", self.highest_ms)
        if self.highest_ms <= self.lowest_ms:
            raise ValueError(
                f"highest_ms is {self.highest_ms:g}; expected more than lowest_ms = {self.lowest_ms:g}. "
                "For time constants that do not change give numbers."
            )
        if self.start_ms != "random":
            check_number("start_ms", self.start_ms)
            if not self.lowest_ms < self.start_ms < self.highest_ms:
                raise ValueError(
                    f"start_ms is {self.start_ms:g}; expected a number between lowest_ms = {self.lowest_ms:g} and "
                    f"highest_ms = {self.highest_ms:g}, without the two"
                )

    def initial(self, key: RandomKey, units: int) -> Float[Array, "unit"]:
        """The time constants before training, ms, float32."""
        if self.start_ms != "random":
            return jnp.full(units, self.start_ms, jnp.float32)
        return self.bounded(jax.random.normal(key, (units,), jnp.float32))

    def bounded(self, gamma: Float[Array, "unit"]) -> Float[Array, "unit"]:
        """The time constants that follow from any real numbers, ms."""
        return jnp.minimum(self.lowest_ms + jax.nn.sigmoid(gamma) * (self.highest_ms - self.lowest_ms), self.highest_ms)

    def unbounded(self, tau_ms: Float[Array, "unit"]) -> Float[Array, "unit"]:
        """The numbers from which time constants within the bounds follow."""
        share = (tau_ms - self.lowest_ms) / (self.highest_ms - self.lowest_ms)
        return logit(jnp.clip(share, MARGIN, 1 - MARGIN))


@final
@dataclass(frozen=True)
class BoundedTau(Constraint):
    """Keep `tau_ms` within the bounds of a `TrainedTau`; models that have one put it behind all constraints.

    Args:
        tau: the bounds.
    """

    tau: TrainedTau

    def free(self, parameters: Parameters) -> Parameters:
        return self._with(parameters, self.tau.unbounded)

    def apply(self, free: Parameters, start: Weights) -> Parameters:
        return self._with(free, self.tau.bounded)

    @staticmethod
    def _with(parameters: Parameters, of: Callable[[Array], Array]) -> Parameters:
        """Other time constants, unless another constraint keeps them as they are."""
        if "tau_ms" not in parameters:
            return parameters
        return OrderedDict(parameters, tau_ms=of(parameters["tau_ms"]))
