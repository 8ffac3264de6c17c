"""Constraints one after the other: from free parameters to weights and back."""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import jax

from recurra.arrays import Weights
from recurra.models.constraints.base import Constraint, Kind, Parameters
from recurra.models.constraints.frozen import Frozen


def check_constraints(constraints: Sequence[object], units: int, arrays: Sequence[str], frozen: Sequence[str]) -> None:
    """Check that all are constraints which do not contradict each other and leave something to train.

    Args:
        constraints: of a model.
        units: number of its units.
        arrays: the names of its weight arrays.
        frozen: those that it does not train.
    """
    if isinstance(constraints, str) or not isinstance(constraints, Sequence):
        raise TypeError(f'constraints is {constraints!r}; expected a tuple such as (Frozen(("input",)),)')
    known: list[Constraint] = []
    for one in constraints:
        if not isinstance(one, Constraint):
            raise TypeError(f'constraints has {one!r}; expected constraints such as Frozen(("input",))')
        known.append(one)
    for one in known:
        one.among(tuple(known), units)
    kept = {name for one in known if isinstance(one, Frozen) and one.whole for name in one.arrays}
    if kept - set(arrays):
        unknown = ", ".join(sorted(kept - set(arrays)))
        raise ValueError(f"arrays to be frozen: {unknown}; the network has {', '.join(arrays)}")
    if kept and kept >= set(arrays) - set(frozen):
        raise ValueError(f"Frozen keeps {', '.join(arrays)}, which leaves nothing to train; name fewer arrays")


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
def finding_arrays(constraint: Constraint, weights: Weights) -> Iterator[None]:
    """One line if a constraint looks for an array that weights of this kind do not have."""
    try:
        yield
    except (KeyError, AttributeError) as error:
        name = error.name if isinstance(error, AttributeError) else error.args[0]
        if name in weights.axes() or not isinstance(name, str) or hasattr(weights, name):
            raise
        raise ValueError(
            f"constraints: {constraint.name} looks for {name}; the network has {', '.join(weights.axes())}"
        ) from None


@contextmanager
def _in_order(constraint: Constraint, parameters: Parameters, weights: Weights) -> Iterator[None]:
    """One line if a constraint looks for an array that one before it, such as `Frozen`, does not pass on."""
    try:
        yield
    except KeyError as error:
        (name, *_) = error.args
        if name in weights.axes() and name not in parameters:
            raise ValueError(
                f"constraints: {constraint.name} looks for {name}, which a constraint before it does not "
                "pass on, as Frozen does; put it first"
            ) from None
        raise
