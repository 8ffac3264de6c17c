"""Conformance of a constraint."""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from recurra.arrays import Weights, in_double, of_network
from recurra.models import Constraint, Model, Normal, RateRNN
from recurra.models.constraints import Parameters, constrained, free_parameters
from recurra.numerics import GENERATOR, pinned
from recurra.runs.spec import RunSpec
from recurra.tasks import And
from recurra.testing.findings import SHORT, check, finite, kind, name_of, near, same, spec_there_and_back
from recurra.training import train

STEP, SLOPE = 1e-6, 1e-3  # step of finite differences in float64, and relative tolerance of the gradient
FAR = 1e3  # size of free parameters that a constraint of any use turns into other weights


def check_constraint(constraint: Constraint, model: Model | None = None) -> None:
    """Check that a constraint is what recurra expects.

    The checks: shapes and dtypes of the weights that `start` and `apply` return; the same key gives the same start;
    the constraint does something to the weights of this model;
    `apply` and `free` undo each other, for other free parameters too; the gradient through `apply` agrees with finite
    differences in float64; something is left to train; the constraint holds after a training, absent connections to
    the bit; and it reads back from a spec.

    Args:
        constraint: an instance, with any parameters.
        model: an unconstrained model that the constraint is made for; by default five rate units.

    Raises:
        ConformanceError: with all findings, one per line.
    """
    model = model or RateRNN(units=5, initializer=Normal(), recurrent_bias=True)
    look = _ConstraintUnderTest(constraint, model)
    check(
        name_of(constraint),
        [partial(kind, constraint, Constraint)],
        [look.start],
        [look.free],
        [look.there_and_back, look.other_parameters, look.gradient, look.precision],
        [look.training, partial(spec_there_and_back, constraint, look.spec), look.effect],
    )


class _ConstraintUnderTest:
    """A constraint and a model whose weights obey it."""

    def __init__(self, constraint: Constraint, model: Model) -> None:
        self.constraint, self.model, self.name = constraint, model, type(constraint).__name__

    def drawn(self) -> Weights:
        key = jax.random.key(0, impl=GENERATOR)
        return self.model.start(key, 2, 1)

    def weights(self) -> Weights:
        with pinned():
            return self.constraint.start(jax.random.key(1, impl=GENERATOR), self.drawn())

    def free_of(self, weights: Weights) -> Parameters:
        return free_parameters((self.constraint,), weights)

    def applied(self, free: Parameters, start: Weights) -> Weights:
        return constrained((self.constraint,), free, start)

    def other(self, free: Parameters) -> Parameters:
        """Other free parameters, of the same shapes."""
        keys = jax.random.split(jax.random.key(2, impl=GENERATOR), len(free))
        noise = {name: 0.1 * jax.random.normal(key, free[name].shape) for name, key in zip(free, keys, strict=True)}
        return OrderedDict((name, free[name] + noise[name].astype(free[name].dtype)) for name in free)

    def spec(self) -> RunSpec:
        return RunSpec(And(), model=RateRNN(units=5, constraints=(self.constraint,)))

    def start(self) -> Iterator[str]:
        drawn, first, second = self.drawn(), self.weights(), self.weights()
        if type(first) is not type(drawn):
            yield f"{self.name}.start gives {type(first).__name__}; return weights of the class that it was given"
            return
        yield from _other_arrays(f"{self.name}.start", first, drawn)
        if not finite(first):
            yield f"{self.name}.start gives weights that are not finite; keep them finite numbers"
        if not same(first, second):
            yield f"{self.name}.start gives other weights for the same key; draw what is random from its key"

    def free(self) -> Iterator[str]:
        weights = self.weights()
        parameters = OrderedDict((name, getattr(weights, name)) for name in weights.axes())
        free = self.constraint.free(parameters)
        if not isinstance(free, OrderedDict):
            yield f"{self.name}.free gives a {type(free).__name__}; return an OrderedDict of arrays by name"
            return
        if not finite(dict(free)):
            yield f"{self.name}.free gives parameters that are not finite for weights that obey the constraint"
        if not any(np.size(array) for array in free.values()):
            yield f"{self.name}.free leaves nothing to train; pass on the arrays that the constraint does not touch"
        effective = self.constraint.apply(free, weights)
        if not isinstance(effective, OrderedDict) or set(effective) != set(parameters):
            names = ", ".join(effective) if isinstance(effective, dict) else type(effective).__name__
            yield f"{self.name}.apply gives {names}; return an OrderedDict with {', '.join(parameters)}"
            return
        yield from _other_arrays(f"{self.name}.apply", type(weights)(**effective), weights)

    def effect(self) -> Iterator[str]:
        """If it leaves the start as drawn, large parameters must not come through as they are.

        They do where the constraint finds no array of its own.
        """
        start = self.weights()
        if not same(start, self.drawn()):
            return
        free = OrderedDict((name, FAR * array) for name, array in self.other(self.free_of(start)).items())
        arrays = vars(self.applied(free, start))
        if set(free) == set(arrays) and all(same(free[name], arrays[name]) for name in free):
            model, names = type(self.model).__name__, ", ".join(start.axes())
            yield (
                f"{self.name} changes no weights of {model}, which are {names}: any free parameters come through "
                "apply as they are; let it map one of these, give it other values, or another model"
            )

    def there_and_back(self) -> Iterator[str]:
        weights = self.weights()
        if not near(self.applied(self.free_of(weights), weights), weights):
            yield (
                f"{self.name}: apply(free(weights)) is not the weights that start made; let start make weights that "
                "obey the constraint, and free undo what apply does"
            )

    def other_parameters(self) -> Iterator[str]:
        start = self.weights()
        weights = self.applied(self.other(self.free_of(start)), start)
        if not finite(weights):
            yield f"{self.name}.apply gives weights that are not finite; any real numbers may come as free parameters"
        elif not near(self.applied(self.free_of(weights), start), weights):
            yield (
                f"{self.name}: weights that apply made of other free parameters do not come back through free and "
                "apply; apply must give weights that obey the constraint, whatever it is given"
            )

    def gradient(self) -> Iterator[str]:
        with pinned(double=True):
            start = jax.tree.map(jnp.asarray, in_double(self.weights()))
            free = self.other(self.free_of(start))
            direction = self.other(jax.tree.map(jnp.zeros_like, free))

            def total(free: Parameters) -> Any:
                arrays = jax.tree.leaves(self.applied(free, start))
                return jnp.stack([jnp.sin(array + at).sum() for at, array in enumerate(arrays)]).sum()

            slope = jax.grad(total)(free)
            by_hand = (total(_moved(free, direction, STEP)) - total(_moved(free, direction, -STEP))) / (2 * STEP)
            by_jax = sum(float((slope[name] * direction[name]).sum()) for name in free)
        if not abs(by_jax - float(by_hand)) <= SLOPE * max(1.0, abs(float(by_hand))):
            yield (
                f"{self.name}.apply: JAX finds the slope {by_jax:.4g}, finite differences {float(by_hand):.4g}; write "
                "apply with jax.numpy and without stop_gradient or rounding"
            )

    def precision(self) -> Iterator[str]:
        with pinned(double=True):
            start = jax.tree.map(jnp.asarray, in_double(self.weights()))
            kinds = {str(array.dtype) for array in jax.tree.leaves(self.applied(self.free_of(start), start))}
        if kinds != {"float64"}:
            yield f"{self.name}.apply gives {', '.join(sorted(kinds))} for float64; let arrays keep their type"

    def training(self) -> Iterator[str]:
        """Trained weights must still obey the constraint."""
        model = self.model
        if "constraints" in type(model).__dataclass_fields__:  # type: ignore[attr-defined]
            model = replace(model, constraints=(self.constraint,))  # type: ignore[type-var]
            cohort = train(And(), model, SHORT, networks=1, seed=0)
            weights, start = (of_network(one, 0) for one in (cohort.weights, cohort.initial))
            if not near(self.applied(self.free_of(weights), start), weights):
                yield f"{self.name}: trained weights do not obey the constraint; apply must depend on nothing else"
            for name in self.constraint.absent():
                grown = (np.asarray(getattr(start, name)) == 0) & (np.asarray(getattr(weights, name)) != 0)
                if grown.any():
                    yield (
                        f"{self.name}: training gave {grown.sum()} weights to {name} where absent() says that no "
                        "connection exists; apply must keep them at exactly 0"
                    )


def _other_arrays(what: str, given: Weights, expected: Weights) -> Iterator[str]:
    for name in expected.axes():
        one, other = jnp.asarray(getattr(given, name)), jnp.asarray(getattr(expected, name))
        if (one.shape, one.dtype) != (other.shape, other.dtype):
            yield f"{what} gives {name} as {one.dtype}{one.shape}; expected {other.dtype}{other.shape}"


def _moved(free: Parameters, direction: Parameters, step: float) -> Parameters:
    return OrderedDict((name, free[name] + step * direction[name]) for name in free)
