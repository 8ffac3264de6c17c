"""The equations of one network on one trial: how a state follows from the one before."""

import abc
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from recurra.arrays import Weights

State = Float[Array, "state"]


class Dynamics(abc.ABC):
    """The equations of one network on one trial, at a time step of a fixed length.

    A cell of your own is a frozen dataclass with `weights`, the class of its weights, and the three abstract methods.
    Write them with `jax.numpy`, for one network and one state.

    The state is one flat vector: everything that the next step depends on. In a network of rate units it has one entry
    per unit; in an LSTM it is the rates followed by the memory cells. If a step moves each entry by only a share of
    the pull on it, as a short time step does, `leaks` returns these shares: then fixed points, slow points and regimes
    do not depend on the length of the step.
    """

    weights: ClassVar[type[Weights]]

    @abc.abstractmethod
    def initial_state(self, weights: Any) -> State:
        """The state before the first step, in the dtype of the weights."""

    @abc.abstractmethod
    def step(self, weights: Any, state: State, inputs: Float[Array, "input"]) -> State:
        """The state one step later, with these inputs and without noise."""

    def drive(self, weights: Any, inputs: Float[Array, "input"]) -> Any:
        """The part of a step that depends on the inputs alone; by default the inputs themselves.

        An engine may compute it for all steps of a trial at once.
        """
        return inputs

    def driven(self, weights: Any, state: State, drive: Any) -> State:
        """The state one step later, from the `drive` of the step's inputs: what `step` gives for the inputs."""
        return self.step(weights, state, drive)

    @abc.abstractmethod
    def rates(self, state: State) -> Float[Array, "unit"]:
        """The rates that the readout sees, one per unit."""

    def readout(self, weights: Any, rates: Float[Array, "*batch unit"]) -> Float[Array, "*batch output"]:
        """The outputs for given rates; by default $W_{out} r + b_{out}$, with `output` and `output_bias`."""
        return rates @ weights.output.T + weights.output_bias

    def leaks(self, weights: Any) -> State:
        """The share of its pull by which each entry of the state moves in one step, in (0, 1]; by default 1."""
        return jnp.ones_like(self.initial_state(weights))

    def pull(self, weights: Any, state: State, inputs: Float[Array, "input"]) -> State:
        """The change of the state in one step divided by the leaks, which does not depend on the length of the step."""
        return (self.step(weights, state, inputs) - state) / self.leaks(weights)

    @property
    def noisy(self) -> bool:
        """Whether training adds noise to the state."""
        return False

    def noise_scale(self, weights: Any) -> State:
        """Standard deviation of the noise that training adds to each entry of the state per step, if it is `noisy`."""
        return jnp.zeros_like(self.initial_state(weights))

    def settled(self, weights: Any) -> "tuple[Dynamics, Any]":
        """The same network with fixed equations, if its weights hold parameters that other equations have as numbers.

        Networks of a cohort are analysed and saved in this form; by default nothing changes.

        Args:
            weights: of one network.
        """
        return self, weights

    def recurrent(self, weights: Any) -> Float[Array, "post pre"] | None:
        """The matrix whose spectrum is called that of the network; None if the cell has no such matrix."""
        return None


class DrivenDynamics(Dynamics):
    """Equations that need a step's inputs only in a part of their own, such as the current $W_{in} x$."""

    @abc.abstractmethod
    def drive(self, weights: Any, inputs: Float[Array, "input"]) -> Any:
        """The part of a step that depends on the inputs alone."""

    @abc.abstractmethod
    def driven(self, weights: Any, state: State, drive: Any) -> State:
        """The state one step later, without noise, from the `drive` of the step's inputs."""

    def step(self, weights: Any, state: State, inputs: Float[Array, "input"]) -> State:
        return self.driven(weights, state, self.drive(weights, inputs))


def state_size(dynamics: Dynamics, weights: Weights) -> int:
    """How many entries the state of a network has.

    Args:
        dynamics: the equations.
        weights: of one network.
    """
    return jax.eval_shape(dynamics.initial_state, weights).shape[0]
