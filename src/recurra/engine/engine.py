"""The interface of an implementation of the engine."""

import abc
from typing import Any, ClassVar

from jaxtyping import Array, Bool, Float

from recurra.arrays import AnyArray, Inputs, Mask, NoiseKeys, Targets, Weights
from recurra.engine.dynamics import Dynamics
from recurra.engine.penalties import TrajectoryPenalty


class Engine(abc.ABC):
    """One implementation of the engine's three functions; `portable` defines what they compute.

    Weights have a leading `network` axis. Inputs, targets and mask are the same for all networks, or all of them have
    that axis too.
    """

    name: ClassVar[str]
    whole_cohorts: ClassVar[bool]
    """Whether one call should take all networks of a cohort, because it keeps the machine busy by itself."""
    together: ClassVar[bool]
    """Whether the rest of a training step should treat all networks at once too, and not one after the other."""
    keeps_states: ClassVar[bool]
    """Whether it can compute penalties on trajectories and unit dropout."""

    def unknown(self, dynamics: Dynamics) -> str:
        """The part of these equations that it cannot compute, such as "activation 'hard_sigmoid_5'"; empty if none."""
        return ""

    def missing(self) -> str:
        """Why it cannot be used here; empty if it can."""
        return ""

    def knows(self, dynamics: Dynamics) -> bool:
        """Whether it can compute these equations."""
        return not self.unknown(dynamics)

    @abc.abstractmethod
    def run(
        self, dynamics: Dynamics, weights: Weights, inputs: Inputs, *, noise_keys: NoiseKeys | None = None
    ) -> tuple[Float[Array, "network trial time unit"], Float[Array, "network trial time output"]]:
        """Rates and outputs of every network on every trial."""

    @abc.abstractmethod
    def respond(
        self, dynamics: Dynamics, weights: Weights, inputs: Inputs, *, noise_keys: NoiseKeys | None = None
    ) -> Float[Array, "network trial time output"]:
        """Outputs as `run` gives them, without the rates."""

    @abc.abstractmethod
    def loss_and_gradient(  # noqa: PLR0913 - what a training step consists of
        self,
        dynamics: Dynamics,
        weights: Any,
        inputs: Inputs,
        targets: Targets,
        mask: Mask,
        *,
        noise_keys: NoiseKeys | None = None,
        loss: str = "mean_squared_error",
        rate_penalty: float = 0.0,
        penalties: tuple[TrajectoryPenalty, ...] = (),
        window: int | None = None,
        unit_dropout: float = 0.0,
        dropout_keys: NoiseKeys | None = None,
        active: Bool[AnyArray, "network"] | None = None,
    ) -> tuple[Float[Array, "network"], Any]:
        """Loss of every network, and its gradient with respect to the weight arrays.

        An engine that does not keep states gets neither penalties on trajectories nor unit dropout.
        """

    def about(self) -> dict[str, str | int]:
        """What a run records about the engine that trained it."""
        return {"name": self.name}
