"""Arithmetic with bounds: numbers that know their rounding error and how fast they change with the state."""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from jaxtyping import Float

from recurra.analysis.dynamics.activations import slope, value
from recurra.analysis.dynamics.rounding import (
    SLOPE,
    TINY,
    UNIT,
    bound_product,
    curvature_near,
    gamma,
    steepest_near,
    value_error,
)

Array: TypeAlias = Float[np.ndarray, "*shape"]


@dataclass(frozen=True, eq=False)
class Bounded:
    r"""Functions of the state, near one state.

    A sum changes by no more than its parts together, a product ab by no more than $|a| L_b + |b| L_a$ per distance, and
    $\varphi(a)$ by no more than $L_a$ times the steepest slope nearby: $L_a$ and $L_b$ are the changes of the parts,
    $|a|$ and $|b|$ their largest sizes within the reach. Errors of rounding add up by the same rules.

    Args:
        value: as computed.
        error: bound on how far the exact one is from it.
        change: bound on how much it changes per distance from the state, up to the reach.
        reach: the distance up to which the bounds hold.
        joint: whether the norm of the change of the whole vector is bounded by that of the state: it is part of it.
    """

    __array_ufunc__ = None  # NumPy leaves sums and products with arrays to this class

    value: Array
    error: Array
    change: Array
    reach: float
    joint: bool = False

    @property
    def most(self) -> Array:
        """The largest size within the reach."""
        return np.abs(self.value) + self.error + bound_product(self.change, self.reach)

    def __add__(self, other: "Bounded | Array | float") -> "Bounded":
        other = self._as_bounded(other)
        total = self.value + other.value
        error = self.error + other.error + 2 * UNIT * np.abs(total)
        return Bounded(total, error, self.change + other.change, self.reach)

    def __mul__(self, other: "Bounded | Array | float") -> "Bounded":
        other = self._as_bounded(other)
        product = self.value * other.value
        error = bound_product(np.abs(self.value), other.error) + bound_product(
            np.abs(other.value) + other.error, self.error
        )
        change = bound_product(self.most, other.change) + bound_product(other.most, self.change)
        return Bounded(product, error + 2 * UNIT * np.abs(product) + TINY, change, self.reach)

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self) -> "Bounded":
        return Bounded(-self.value, self.error, self.change, self.reach)

    def __sub__(self, other: "Bounded | Array | float") -> "Bounded":
        return self + -other

    def __rsub__(self, other: "Bounded | Array | float") -> "Bounded":
        return -self + other

    def __getitem__(self, index: Any) -> "Bounded":
        return Bounded(self.value[index], self.error[index], self.change[index], self.reach, self.joint)

    def through(self, activation: str) -> "Bounded":
        """φ of it."""
        values = value(activation, self.value)
        error = value_error(activation, values) + steepest_near(activation, self.value, self.error) * self.error
        within = self.error + self.change * self.reach
        change = bound_product(steepest_near(activation, self.value, within), self.change)
        return Bounded(values, error, change, self.reach)

    def slope_of(self, activation: str) -> "Bounded":
        """φ' of it."""
        error = SLOPE + bound_product(curvature_near(activation, self.value, self.error), self.error)
        within = self.error + self.change * self.reach
        change = bound_product(curvature_near(activation, self.value, within), self.change)
        return Bounded(slope(activation, self.value), error, change, self.reach)

    def times(self, matrix: Float[np.ndarray, "post pre"]) -> "Bounded":
        """The product of an exact matrix with this vector."""
        absolute, terms = np.abs(matrix), matrix.shape[1] + 4
        error = absolute @ self.error + gamma(terms) * (absolute @ np.abs(self.value)) + terms * TINY
        change = np.linalg.norm(matrix, axis=1) if self.joint else absolute @ self.change
        return Bounded(matrix @ self.value, error, change, self.reach)

    def then(self, matrix: Float[np.ndarray, "pre last"]) -> "Bounded":
        """The product of this matrix with an exact one."""
        absolute, terms = np.abs(matrix), matrix.shape[0] + 4
        error = self.error @ absolute + gamma(terms) * (np.abs(self.value) @ absolute) + terms * TINY
        return Bounded(self.value @ matrix, error, self.change @ absolute, self.reach)

    def _as_bounded(self, other: "Bounded | Array | float") -> "Bounded":
        if isinstance(other, Bounded):
            return other
        exact = np.asarray(other, np.float64)
        return Bounded(exact, np.zeros_like(exact), np.zeros_like(exact), self.reach)


def state_near(state: Float[np.ndarray, "unit"], reach: float) -> Bounded:
    """The entries of the state, or of a part of it, within a distance.

    Args:
        state: the state, exact.
        reach: the distance.
    """
    return Bounded(state, np.zeros_like(state), np.ones_like(state), reach, joint=True)


def constant_near(values: Array, error: Array, reach: float) -> Bounded:
    """Numbers that do not depend on the state.

    Args:
        values: as computed.
        error: bound on their error.
        reach: the distance up to which bounds are asked for.
    """
    return Bounded(values, error, np.zeros_like(values), reach)
