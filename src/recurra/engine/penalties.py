"""Terms that are added to the loss: what they are, and which of them an engine has to compute."""

import abc
from typing import Any, NamedTuple

from jaxtyping import Array, Float

from recurra.engine.dynamics import Dynamics


class Trajectories(NamedTuple):
    """One network on all trials of a batch.

    Args:
        inputs: what it got.
        before: its state before every step.
        states: its state after every step, noise included.
        rates: its rates after every step.
        outputs: its outputs after every step.
    """

    inputs: Float[Array, "trial time input"]
    before: Float[Array, "trial time state"]
    states: Float[Array, "trial time state"]
    rates: Float[Array, "trial time unit"]
    outputs: Float[Array, "trial time output"]


class Penalty:
    """A term of the loss beside the error.

    A penalty of your own is a frozen dataclass derived from `WeightPenalty` or `TrajectoryPenalty`. Its value contains
    its own factor, and JAX differentiates it.
    """

    sources: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What messages call it."""
        return type(self).__name__

    def check(self, dynamics: Dynamics) -> None:
        """Raise a ValueError, in one line, if networks with these equations cannot have it."""
        return


class TrajectoryPenalty(Penalty, abc.ABC):
    """A penalty that depends on what a network does in the trials of a batch: an engine must keep all its states."""

    @abc.abstractmethod
    def value(self, dynamics: Dynamics, weights: Any, trajectories: Trajectories) -> Float[Array, ""]:
        """The term of one network.

        Args:
            dynamics: the equations.
            weights: of the network.
            trajectories: in all trials of the batch; masks play no part.
        """
