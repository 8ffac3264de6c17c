"""A model: an architecture before it has weights."""

import abc
from typing import Any

import jax

from recurra.arrays import RandomKey, Weights
from recurra.engine import Dynamics
from recurra.models.constraints import Constraint, Frozen
from recurra.numerics import pinned


class Model(abc.ABC):
    """An architecture: number of units, equations, initial weights and constraints on the weights.

    A model of your own is a frozen dataclass whose fields are its parameters, `units` among them, with the two abstract
    methods. A field `constraints` constrains its weights; without one there are no constraints.
    """

    units: int
    constraints: tuple[Constraint, ...] = ()
    sources: Any = ()  # keys of the sources that the report names

    def __init_subclass__(cls) -> None:
        """The weights of every model, including your own, are drawn with pinned numerical settings."""
        super().__init_subclass__()
        if "initial_weights" in cls.__dict__:
            cls.initial_weights = pinned()(cls.initial_weights)

    @abc.abstractmethod
    def dynamics(self, dt_ms: float) -> Dynamics:
        """The equations of one network at a time step of `dt_ms`."""

    @abc.abstractmethod
    def initial_weights(self, key: RandomKey, inputs: int, outputs: int) -> Weights:
        """The weights of one network before training, float32, without the constraints.

        Args:
            key: random key.
            inputs: number of input channels.
            outputs: number of output channels.
        """

    def frozen(self) -> tuple[str, ...]:
        """The names of the weight arrays that training does not change."""
        return ()

    def all_constraints(self) -> tuple[Constraint, ...]:
        """The constraints on the weights, including the arrays that training does not change."""
        return (*self.constraints, Frozen(self.frozen())) if self.frozen() else self.constraints

    @pinned()
    def start(self, key: RandomKey, inputs: int, outputs: int) -> Weights:
        """The weights of one network before training; they obey the constraints."""
        weights = self.initial_weights(key, inputs, outputs)
        for number, constraint in enumerate(self.constraints):
            weights = constraint.start(jax.random.fold_in(key, number), weights)
        return weights
