"""What an implementation of the engine is."""

import abc
from typing import Any, ClassVar

from jaxtyping import Array, Bool, Float

from recurra.arrays import AnyArray, Inputs, Mask, NoiseKeys, Targets, Weights
from recurra.engine.dynamics import Dynamics


class Engine(abc.ABC):
    """One implementation of the engine's three functions; `portable` says what they compute.

    Weights have a leading `network` axis. Inputs, targets and mask are the same for all networks, or all of them have
    that axis too.
    """

    name: ClassVar[str]
    whole_cohorts: ClassVar[bool]
    """Whether one call should have all networks of a cohort, since it uses all threads by itself."""

    def unknown(self, dynamics: Dynamics) -> str:
        """What of these equations it does not know: "GRU", "activation 'linear'"; nothing where it knows them."""
        return ""

    def missing(self) -> str:
        """Why it cannot be used here; nothing where it can."""
        return ""

    def knows(self, dynamics: Dynamics) -> bool:
        """Whether it computes these equations."""
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
    def loss_and_gradient(
        self,
        dynamics: Dynamics,
        weights: Any,
        inputs: Inputs,
        targets: Targets,
        mask: Mask,
        *,
        noise_keys: NoiseKeys | None = None,
        rate_penalty: float = 0.0,
        active: Bool[AnyArray, "network"] | None = None,
    ) -> tuple[Float[Array, "network"], Any]:
        """Loss of every network, and its gradient with respect to the weight arrays."""

    def about(self) -> dict[str, str | int]:
        """What a run says of the engine that it was trained with."""
        return {"name": self.name}
