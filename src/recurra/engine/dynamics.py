"""The equations of one network on one trial: how a state follows from the last one."""

import abc
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from recurra.arrays import Weights

State = Float[Array, "state"]


class Dynamics(abc.ABC):
    """The equations of one network on one trial, at a time step of a fixed length.

    A cell of your own is a frozen dataclass with `weights`, the kind of weights that it has, and the three abstract
    methods. All are written with `jax.numpy`, for one network and one state.

    The state is one flat vector: all that the next step depends on. In a network of rate units it has an entry a unit;
    an LSTM has its rates and its memory cells one after the other. Where a step moves each entry by a share of what
    pulls it, as a short time step does, the cell says so in `leaks`: then fixed points, slow points and regimes do not
    depend on the length of the step.
    """

    weights: ClassVar[type[Weights]]

    @abc.abstractmethod
    def initial_state(self, weights: Any) -> State:
        """The state before the first step, in the type of the weights' numbers."""

    @abc.abstractmethod
    def step(self, weights: Any, state: State, inputs: Float[Array, "input"]) -> State:
        """The state one step later, under these inputs and without noise."""

    @abc.abstractmethod
    def rates(self, state: State) -> Float[Array, "unit"]:
        """The rates that the readout sees, one a unit."""

    def readout(self, weights: Any, rates: Float[Array, "*batch unit"]) -> Float[Array, "*batch output"]:
        """The outputs of rates; unless a cell says otherwise $W_{out} r + b_{out}$ of `output` and `output_bias`."""
        return rates @ weights.output.T + weights.output_bias

    def leaks(self, weights: Any) -> State:
        """By which share of its pull each entry of the state moves in a step, in (0, 1]; 1 if a cell does not say."""
        return jnp.ones_like(self.initial_state(weights))

    def pull(self, weights: Any, state: State, inputs: Float[Array, "input"]) -> State:
        """From a state to where it is drawn: what a step changes, over the leaks; it does not depend on the step."""
        return (self.step(weights, state, inputs) - state) / self.leaks(weights)

    @property
    def noisy(self) -> bool:
        """Whether training adds noise to the state."""
        return False

    def noise_scale(self, weights: Any) -> State:
        """Standard deviation of the noise that training adds to each entry of the state at a step, if it is `noisy`."""
        return jnp.zeros_like(self.initial_state(weights))

    def recurrent(self, weights: Any) -> Float[Array, "post pre"] | None:
        """The matrix whose spectrum is meant where one speaks of that of the network; None where there is none."""
        return None


def state_size(dynamics: Dynamics, weights: Weights) -> int:
    """How many entries the state of a network has.

    Args:
        dynamics: the equations.
        weights: of one network.
    """
    return jax.eval_shape(dynamics.initial_state, weights).shape[0]
