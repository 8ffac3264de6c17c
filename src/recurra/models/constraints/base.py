"""What a constraint is: training moves free parameters, and the weights follow from them."""

import abc
from collections import OrderedDict
from typing import ClassVar, TypeAlias, TypeVar

from jaxtyping import Array

from recurra.arrays import RandomKey, Weights

Parameters: TypeAlias = OrderedDict[str, Array]
Kind = TypeVar("Kind", bound=Weights)

CONNECTIONS, SIGNS, SCALE = range(3)  # the order of the starts


class Constraint(abc.ABC):
    """A map from free parameters to the weights of one network.

    Both are arrays by name, in the order of the weights' own. A constraint of your own is a frozen dataclass that maps
    some of them and passes the others on. Several constraints are applied one after the other. JAX differentiates
    through `apply`, so that the engine, files and analyses see only the weights, and every constraint holds exactly
    after every step.

    `start_order` says when its `start` is called, whatever its place among the constraints: 0 (the default) if it
    chooses which connections exist, 1 if it needs to know them, as signs and balanced rows do, 2 if it scales what the
    others leave. `sources` are keys of the bibliography. `replaces_identity` is whether a model whose recurrent
    weights start as an identity by default starts from normal weights under it.
    """

    start_order: ClassVar[int] = CONNECTIONS
    sources: ClassVar[tuple[str, ...]] = ()
    replaces_identity: ClassVar[bool] = False

    @property
    def name(self) -> str:
        """What messages call it."""
        return type(self).__name__

    def among(self, constraints: "tuple[Constraint, ...]", units: int) -> "Constraint":
        """The constraint that stands for this one in a model; a ValueError if the two contradict each other.

        Args:
            constraints: all constraints of the model, this one among them.
            units: number of units of the model.
        """
        return self

    def absent(self) -> tuple[str, ...]:
        """The names of the arrays in which connections are missing.

        An entry of these arrays that is exactly 0 in the weights before training is no connection. Pictures and
        statistics of weights leave it out.
        """
        return ()

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


def check_single(constraint: Constraint, constraints: tuple[Constraint, ...]) -> None:
    """Refuse two constraints of this kind in one model."""
    count = sum(type(one) is type(constraint) for one in constraints)
    if count > 1:
        raise ValueError(f"constraints has {count} of the kind {constraint.name}; expected one")
