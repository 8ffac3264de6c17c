"""Constraints on the weights of a network: training moves free parameters, and the weights follow from them."""

import abc
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeAlias, TypeVar, final

import jax
from jaxtyping import Array

from recurra.arrays import RandomKey, Weights

Parameters: TypeAlias = OrderedDict[str, Array]
Kind = TypeVar("Kind", bound=Weights)


class Constraint(abc.ABC):
    """A map from free parameters to the weights of one network.

    Both are arrays by name, in the order of the weights' own. A constraint of your own is a frozen dataclass that maps
    some of them and passes the others on. Several constraints are applied one after the other. JAX differentiates
    through `apply`, so that the engine, files and analyses see only the weights, and every constraint holds exactly
    after every step.
    """

    def start(self, key: RandomKey, weights: Kind) -> Kind:
        """The weights before training, made from the weights that the initializers drew.

        Args:
            key: random key, for example to choose which connections exist.
            weights: weights of one network.
        """
        return weights

    def free(self, parameters: Parameters) -> Parameters:
        """The free parameters of weights that obey the constraint: `apply` turns them back into the same weights."""
        return parameters

    @abc.abstractmethod
    def apply(self, free: Parameters, start: Weights) -> Parameters:
        """The weights that follow from free parameters.

        Args:
            free: any real numbers.
            start: the weights before training, which hold what training never changes, such as absent connections.
        """


def check_constraints(constraints: Sequence[object]) -> None:
    """Check that all are constraints."""
    for one in constraints:
        if not isinstance(one, Constraint):
            raise TypeError(f'constraints has {one!r}; expected constraints such as Frozen(("input",))')


@final
@dataclass(frozen=True)
class Frozen(Constraint):
    """Keep arrays as they were before training.

    Args:
        arrays: their names: "recurrent", "input", "output", "recurrent_bias", "output_bias".
    """

    arrays: tuple[str, ...]

    def free(self, parameters: Parameters) -> Parameters:
        unknown = set(self.arrays) - set(parameters)
        if unknown:
            raise ValueError(
                f"arrays to be frozen: {', '.join(sorted(unknown))}; the network has {', '.join(parameters)}"
            )
        return OrderedDict((name, array) for name, array in parameters.items() if name not in self.arrays)

    def apply(self, free: Parameters, start: Weights) -> Parameters:
        return OrderedDict(free, **{name: getattr(start, name) for name in self.arrays})


def free_parameters(constraints: Sequence[Constraint], weights: Weights) -> Parameters:
    """The free parameters of weights that obey all constraints."""
    parameters = OrderedDict((name, getattr(weights, name)) for name in weights.axes())
    for constraint in constraints:
        with _in_order(constraint, parameters, weights):
            parameters = constraint.free(parameters)
    return parameters


def constrained(constraints: Sequence[Constraint], free: Parameters, start: Kind) -> Kind:
    """The weights of one network that follow from free parameters.

    Args:
        constraints: the constraints.
        free: the parameters.
        start: the weights before training.
    """
    parameters = free
    for constraint in reversed(constraints):
        with _in_order(constraint, parameters, start):
            parameters = constraint.apply(parameters, start)
    return type(start)(**parameters)


def check_order(constraints: Sequence[Constraint], weights: Weights) -> None:
    """Check that every constraint finds the arrays that it maps, by shapes alone.

    Args:
        constraints: the constraints.
        weights: the weights of one network before training.
    """
    jax.eval_shape(lambda start: constrained(constraints, free_parameters(constraints, start), start), weights)


@contextmanager
def _in_order(constraint: Constraint, parameters: Parameters, weights: Weights) -> Iterator[None]:
    """One line if a constraint looks for an array that one before it, such as `Frozen`, does not pass on."""
    try:
        yield
    except KeyError as error:
        (name, *_) = error.args
        if name in weights.axes() and name not in parameters:
            raise ValueError(
                f"constraints: {type(constraint).__name__} looks for {name}, which a constraint before it does not "
                "pass on, as Frozen does; put it first"
            ) from None
        raise
