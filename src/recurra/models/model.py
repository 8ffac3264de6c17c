"""A model: an architecture before it has weights."""

import abc
from typing import Any

import jax

from recurra.arrays import RandomKey, Weights, WeightsOfKind
from recurra.engine import Dynamics
from recurra.models.constraints import (
    Constraint,
    Frozen,
    UnitGroup,
    check_connected,
    connections_of,
    finding_arrays,
    told_apart,
    unit_groups,
)
from recurra.numerics import pinned
from recurra.streams import as_key, seed_or_key
from recurra.tasks.base import Task

CONSTRAINTS = 2**31  # apart from the few draws of the initializers, to which `split` of the same key gives low numbers


class Model(abc.ABC):
    """An architecture: number of units, equations, initial weights and constraints on the weights.

    A model of your own is a frozen dataclass whose fields are its parameters, `units` among them, with the two abstract
    methods. A field `constraints` constrains its weights; without one there are no constraints.
    """

    units: int
    constraints: tuple[Constraint, ...] = ()
    sources: Any = ()  # keys of the sources that the report names

    def __init_subclass__(cls) -> None:
        """The weights of every model, including your own, are drawn with pinned settings; a seed is a key."""
        super().__init_subclass__()
        if "initial_weights" in cls.__dict__:
            cls.initial_weights = pinned()(seed_or_key(cls.initial_weights))

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

    def for_task(self, task: Task) -> "Model":
        """The model with everything that it leaves to the task, such as a time constant; by default itself."""
        return self

    def frozen(self) -> tuple[str, ...]:
        """The names of the weight arrays that training does not change."""
        return ()

    def all_constraints(self) -> tuple[Constraint, ...]:
        """The constraints on the weights as they act together, including the arrays that training does not change."""
        together = tuple(one.among(self.constraints, self.units) for one in self.constraints)
        return (*together, Frozen(self.frozen())) if self.frozen() else together

    def groups(self) -> tuple[UnitGroup, ...]:
        """The groups of units that the constraints make, such as areas, in the order of the units."""
        return unit_groups(self.constraints, self.units)

    def connections(self, initial: WeightsOfKind) -> WeightsOfKind:
        """Which connections exist: True or False in place of every weight.

        Args:
            initial: the weights before training, of one network or of a cohort.
        """
        return connections_of(self.constraints, initial)

    @pinned()
    def start(self, key: RandomKey | int, inputs: int, outputs: int) -> Weights:
        """The weights of one network before training; they obey the constraints.

        Args:
            key: random key, or a seed.
            inputs: number of input channels.
            outputs: number of output channels.
        """
        key = as_key(key)
        constraints = [one.among(self.constraints, self.units) for one in self.constraints]
        weights = told_apart(constraints, self.initial_weights(key, inputs, outputs))
        own = jax.random.fold_in(key, CONSTRAINTS)
        for number, constraint in sorted(enumerate(constraints), key=lambda one: one[1].start_order):
            with finding_arrays(constraint, weights):
                weights = constraint.start(jax.random.fold_in(own, number), weights)
        check_connected(constraints, weights)
        return weights
