"""The flow of gated cells, by hand: each cell's equations once, for many states or with bounds around one."""

import abc
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias, cast, final

import numpy as np
from jaxtyping import Float

from recurra.analysis.dynamics.activations import slope, value
from recurra.analysis.dynamics.automatic_flow import AutomaticFlow
from recurra.analysis.dynamics.bounded import Bounded, constant_near, state_near
from recurra.analysis.dynamics.flow import Enclosure, Equation, Flow, Matrices, States
from recurra.analysis.dynamics.rounding import gamma, upward
from recurra.engine import Dynamics
from recurra.engine.gated import GRUDynamics, LSTMDynamics, UGRNNDynamics
from recurra.models.network import Network

OPERATIONS = 1_000  # more than what one bound is computed with: by so many roundings bounds are widened

# Vectors and matrices: of many states, with leading axes, or of one state with bounds.
Vector: TypeAlias = Float[np.ndarray, "*batch unit"] | Bounded
Matrix: TypeAlias = Float[np.ndarray, "*batch unit by"] | Bounded
By: TypeAlias = Float[np.ndarray, "unit by"]


@dataclass(frozen=True)
class GatedFlow(Flow, abc.ABC):
    r"""Of a gated network at a constant input x.

    Every gate has a current $a_g = U_g h + c_g$ with $c_g = W_g x + b_g$. The derivatives by state and by input differ
    only in the matrices by which currents and state change: $U_g$ and the identity, or $W_g$ and 0.

    Args:
        dynamics: the equations.
        recurrent: U of every gate.
        inward: W of every gate.
        constant: c of every gate.
        size: |W| |x| + |b| of every gate, by which the rounding of c is bounded.
        inputs: x.
        reset_bias: of a GRU whose reset gate comes after the recurrent weights.
        automatic: the same flow by automatic differentiation, for second derivatives.
    """

    squash: ClassVar[str] = "tanh"

    dynamics: Any
    recurrent: Float[np.ndarray, "gate post pre"]
    inward: Float[np.ndarray, "gate unit input"]
    constant: Float[np.ndarray, "gate unit"]
    size: Float[np.ndarray, "gate unit"]
    inputs: Float[np.ndarray, "input"]
    reset_bias: Float[np.ndarray, "unit"]
    automatic: AutomaticFlow

    @abc.abstractmethod
    def pull(self, parts: Sequence[Vector]) -> list[Vector]:
        """F - h of every part of the state, such as h and c of an LSTM."""

    @abc.abstractmethod
    def slopes(self, parts: Sequence[Vector], by_input: bool) -> list[list[Matrix]]:
        """The derivative of every part of the pull: by every part of the state, or by the input.

        Args:
            parts: of the state.
            by_input: whether the derivative by the input is asked for; it stands first in every row.
        """

    @property
    def units(self) -> int:
        """The number of units."""
        return self.recurrent.shape[-1]

    def displacement(self, states: States) -> States:
        return np.concatenate(cast(list[np.ndarray], self.pull(self._parts(states))), axis=-1)

    def jacobian(self, states: States) -> Matrices:
        return np.block(cast(Any, self.slopes(self._parts(states), by_input=False)))

    def bend(self, state: Float[np.ndarray, "state"]) -> Float[np.ndarray, "state state"]:
        return self.automatic.bend(state)

    def input_jacobian(self, state: Float[np.ndarray, "state"]) -> Float[np.ndarray, "state input"]:
        rows = self.slopes(self._parts(state), by_input=True)
        return np.concatenate([cast(Any, row[0]) for row in rows])

    def leaks(self) -> Float[np.ndarray, "state"]:
        return np.ones(self._width)

    def enclosure(self, state: Float[np.ndarray, "state"], reach: float) -> Enclosure | None:
        r"""Bounds by the rules of `Bounded`, which hold for the equations as they stand.

        $a_g$ changes by no more than $\|U_g\|_2$ of its row per distance; every gate, product and slope that follows
        changes by the chain and product rules, with the largest size of each factor within the reach.
        """
        parts = [state_near(part, reach) for part in self._parts(state)]
        pull = cast(list[Bounded], self.pull(parts))
        blocks = cast(list[list[Bounded]], self.slopes(parts, by_input=False))
        more = upward(OPERATIONS)
        return Enclosure(
            displacement=np.concatenate([np.abs(part.value) + part.error for part in pull]) * more,
            jacobian=np.block([[block.value for block in row] for row in blocks]),
            error=np.block([[block.error for block in row] for row in blocks]) * more,
            change=np.block([[block.change for block in row] for row in blocks]) * more,
        )

    @property
    def _width(self) -> int:
        return self.units

    def _changes(self, by_input: bool) -> tuple[Float[np.ndarray, "gate unit by"], By]:
        """How the currents of the gates change, and how a part of the state does."""
        if by_input:
            return self.inward, np.zeros((self.units, len(self.inputs)))
        return self.recurrent, np.eye(self.units)

    def _parts(self, states: States) -> list[Float[np.ndarray, "*batch unit"]]:
        return np.split(np.asarray(states, np.float64), self._width // self.units, axis=-1)

    def _current(self, gate: int, rates: Vector) -> Vector:
        return self._shifted(gate, _times(self.recurrent[gate], rates))

    def _shifted(self, gate: int, vector: Vector) -> Vector:
        """A vector and the constant current of a gate."""
        if not isinstance(vector, Bounded):
            return vector + self.constant[gate]
        error = gamma(len(self.inputs) + 4) * self.size[gate]
        return vector + constant_near(self.constant[gate], error, vector.reach)

    def _open(self, current: Vector) -> Vector:
        return _through(self.dynamics.gate, current)

    def _opening(self, current: Vector) -> Vector:
        return _slope(self.dynamics.gate, current)


@dataclass(frozen=True)
class MixingFlow(GatedFlow, abc.ABC):
    r"""Of a cell that mixes its state with a candidate: $d = (1 - z) \odot (n - h)$, $n = \tanh(m)$.

    The logistic function never reaches 1, so that n = h at every fixed point, and fixed points are searched with
    $n - h$: far out, where z rounds to 1, d is 0 in float64 without a fixed point.
    """

    @property
    def search(self) -> Equation:
        return Candidate(self) if self.dynamics.gate == "sigmoid" else self

    @abc.abstractmethod
    def proposal(self, rates: Vector) -> Vector:
        """The current m of the candidate."""

    @abc.abstractmethod
    def proposal_and_slopes(self, rates: Vector, by_input: bool) -> tuple[Vector, Matrix]:
        """The same, and its derivative by the state or by the input."""

    def pull(self, parts):
        (rates,) = parts
        keep = self._open(self._current(0, rates))
        return [(1 - keep) * (_through(self.squash, self.proposal(rates)) - rates)]

    def slopes(self, parts, by_input):
        (rates,), (by, itself) = parts, self._changes(by_input)
        update = self._current(0, rates)
        proposal, steep = self.proposal_and_slopes(rates, by_input)
        keep, candidate = self._open(update), _through(self.squash, proposal)
        moved = _rows((1 - keep) * _slope(self.squash, proposal), steep) - _rows(1 - keep, itself)
        return [[moved - _rows(self._opening(update) * (candidate - rates), by[0])]]


@final
@dataclass(frozen=True)
class Candidate(Equation):
    """n - h of a cell that mixes: from a state to its candidate.

    Args:
        flow: the flow.
    """

    flow: MixingFlow

    def displacement(self, states: States) -> States:
        return cast(States, _through(self.flow.squash, self.flow.proposal(states))) - states

    def jacobian(self, states: States) -> Matrices:
        proposal, steep = self.flow.proposal_and_slopes(states, by_input=False)
        slopes = _rows(_slope(self.flow.squash, proposal), steep)
        return cast(Matrices, slopes) - np.eye(self.flow.units)


@final
@dataclass(frozen=True)
class UGRNNFlow(MixingFlow):
    r"""$m = a_c$, the second gate's current."""

    def proposal(self, rates: Vector) -> Vector:
        return self._current(1, rates)

    def proposal_and_slopes(self, rates: Vector, by_input: bool) -> tuple[Vector, Matrix]:
        return self.proposal(rates), self._changes(by_input)[0][1]


@final
@dataclass(frozen=True)
class GRUFlow(MixingFlow):
    r"""$m = c_n + r \odot (U_n h + b)$, or $m = c_n + U_n (r \odot h)$ where the reset comes before."""

    def proposal(self, rates: Vector) -> Vector:
        return self._proposed(self._open(self._current(1, rates)), self._gated(rates))

    def proposal_and_slopes(self, rates: Vector, by_input: bool) -> tuple[Vector, Matrix]:
        by, _ = self._changes(by_input)
        forget, gated = self._current(1, rates), self._gated(rates)
        reset, steep = self._open(forget), self._opening(forget)
        if self.dynamics.reset == "after":
            by_reset, direct = _rows(steep * gated, by[1]), by[2] if by_input else _rows(reset, by[2])
        else:
            by_reset = _then(_columns(self.recurrent[2], gated * steep), by[1])
            direct = by[2] if by_input else _columns(self.recurrent[2], reset)
        return self._proposed(reset, gated), by_reset + direct

    def _gated(self, rates: Vector) -> Vector:
        """What the reset gate multiplies."""
        return _times(self.recurrent[2], rates) + self.reset_bias if self.dynamics.reset == "after" else rates

    def _proposed(self, reset: Vector, gated: Vector) -> Vector:
        kept = reset * gated
        return self._shifted(2, kept if self.dynamics.reset == "after" else _times(self.recurrent[2], kept))


@final
@dataclass(frozen=True)
class LSTMFlow(GatedFlow):
    r"""$d = (o \odot \tanh(c') - h,\; c' - c)$, with $c' = f \odot c + i \odot g$."""

    @property
    def _width(self) -> int:
        return 2 * self.units

    def pull(self, parts):
        rates, cell = parts
        write, keep, proposal, show = self._currents(rates)
        new = self._new_cell(cell, write, keep, proposal)
        return [self._open(show) * _through(self.squash, new) - rates, new - cell]

    def slopes(self, parts, by_input):
        (rates, cell), (by, itself) = parts, self._changes(by_input)
        write, keep, proposal, show = self._currents(rates)
        new = self._new_cell(cell, write, keep, proposal)
        candidate, open_ = _through(self.squash, proposal), self._open(show)
        cell_by = _rows(self._opening(keep) * cell, by[1]) + _rows(self._opening(write) * candidate, by[0])
        cell_by = cell_by + _rows(self._open(write) * _slope(self.squash, proposal), by[2])
        steep = open_ * _slope(self.squash, new)
        rates_by = _rows(self._opening(show) * _through(self.squash, new), by[3]) + _rows(steep, cell_by) - itself
        kept = self._open(keep)
        return [[rates_by, _rows(steep * kept, itself)], [cell_by, _rows(kept - 1, itself)]]

    def _currents(self, rates: Vector) -> list[Vector]:
        return [self._current(gate, rates) for gate in range(4)]

    def _new_cell(self, cell: Vector, write: Vector, keep: Vector, proposal: Vector) -> Vector:
        return self._open(keep) * cell + self._open(write) * _through(self.squash, proposal)


FLOWS: dict[type[Dynamics], type[GatedFlow]] = {
    GRUDynamics: GRUFlow,
    LSTMDynamics: LSTMFlow,
    UGRNNDynamics: UGRNNFlow,
}


def gated_flow(network: Network, inputs: Float[np.ndarray, "input"]) -> GatedFlow:
    """The flow of a network of one of the cells in `FLOWS` at a constant input.

    Args:
        network: the network.
        inputs: x.
    """
    weights: Any = network.double
    recurrent, inward, bias = (np.asarray(one, np.float64) for one in (weights.recurrent, weights.input, weights.bias))
    reset_bias = getattr(weights, "reset_bias", np.zeros(weights.units))
    return FLOWS[type(network.dynamics)](
        dynamics=network.dynamics,
        recurrent=recurrent,
        inward=inward,
        constant=inward @ inputs + bias,
        size=np.abs(inward) @ np.abs(inputs) + np.abs(bias),
        inputs=inputs,
        reset_bias=np.asarray(reset_bias, np.float64),
        automatic=AutomaticFlow(network, inputs),
    )


def _times(matrix: Float[np.ndarray, "post pre"], vector: Vector) -> Vector:
    """The matrix times the vector."""
    return vector.times(matrix) if isinstance(vector, Bounded) else vector @ matrix.T


def _then(matrix: Matrix, last: By) -> Matrix:
    """The product of two matrices, the second one exact."""
    return matrix.then(last) if isinstance(matrix, Bounded) else matrix @ last


def _through(activation: str, current: Vector) -> Vector:
    return current.through(activation) if isinstance(current, Bounded) else value(activation, current)


def _slope(activation: str, current: Vector) -> Vector:
    return current.slope_of(activation) if isinstance(current, Bounded) else slope(activation, current)


def _rows(factor: Vector, matrix: Matrix) -> Matrix:
    """Every row of the matrix times its factor."""
    return factor[..., :, None] * matrix


def _columns(matrix: By, factor: Vector) -> Matrix:
    """Every column of the matrix times its factor."""
    return factor[..., None, :] * matrix
