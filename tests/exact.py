"""Fixed points of small networks to sixty digits, by Newton's method in decimal arithmetic."""

from decimal import Decimal, getcontext

import numpy as np

from recurra.engine.rate import HARD_WIDTHS

getcontext().prec = 80
ONE, TWO = Decimal(1), Decimal(2)


def _rising(x: Decimal) -> Decimal:
    """1 / (1 + exp(-x))."""
    return ONE / (ONE + (-x).exp()) if x > 0 else x.exp() / (ONE + x.exp())


def value(activation: str, x: Decimal) -> Decimal:
    match activation:
        case "tanh":
            return TWO * _rising(TWO * x) - ONE if abs(x) > Decimal("1e-3") else _small_tanh(x)
        case "sigmoid":
            return _rising(x)
        case "softplus":
            return max(x, Decimal(0)) + _log1p((-abs(x)).exp())
        case "relu":
            return max(x, Decimal(0))
        case "linear":
            return x
        case _:
            return min(max(x / HARD_WIDTHS[activation] + ONE / TWO, Decimal(0)), ONE)


def _small_tanh(x: Decimal) -> Decimal:
    """By the continued fraction, which loses no digits near 0."""
    last = Decimal(41)
    for odd in range(39, 0, -2):
        last = Decimal(odd) + x * x / last
    return x / last


def _log1p(x: Decimal) -> Decimal:
    return (ONE + x).ln() if x > Decimal("1e-20") else x - x * x / 2 + x * x * x / 3


def slope(activation: str, x: Decimal) -> Decimal:
    match activation:
        case "tanh":
            return ONE - value("tanh", x) ** 2
        case "sigmoid":
            return _rising(x) * (ONE - _rising(x))
        case "softplus":
            return _rising(x)
        case "relu":
            return ONE if x > 0 else Decimal(0)
        case "linear":
            return ONE
        case _:
            width = HARD_WIDTHS[activation]
            return ONE / width if abs(x) < Decimal(width) / 2 else Decimal(0)


def _decimals(array) -> list:
    return [_decimals(one) if np.ndim(one) else Decimal(float(one)) for one in np.asarray(array)]


class Exact:
    """The displacement f(h) - h of a network at a constant input, without rounding."""

    def __init__(self, network, inputs=0.0):
        weights = network.weights
        self.form, self.activation = network.dynamics.form, network.dynamics.activation
        self.recurrent = _decimals(weights.recurrent)
        given = _decimals(np.broadcast_to(np.asarray(inputs, float), (weights.inputs,)))
        self.constant = [
            sum((w * x for w, x in zip(row, given, strict=True)), bias)
            for row, bias in zip(_decimals(weights.input), _decimals(weights.recurrent_bias), strict=True)
        ]

    def _current(self, rates):
        return [
            sum((w * r for w, r in zip(row, rates, strict=True)), c)
            for row, c in zip(self.recurrent, self.constant, strict=True)
        ]

    def displacement(self, state):
        if self.form == "rate":
            return [value(self.activation, c) - h for c, h in zip(self._current(state), state, strict=True)]
        rates = [value(self.activation, v) for v in state]
        return [c - v for c, v in zip(self._current(rates), state, strict=True)]

    def jacobian(self, state):
        inner = self._current(state) if self.form == "rate" else state
        slopes = [slope(self.activation, c) for c in inner]
        return [
            [
                (slopes[post] if self.form == "rate" else slopes[pre]) * w - (ONE if post == pre else Decimal(0))
                for pre, w in enumerate(row)
            ]
            for post, row in enumerate(self.recurrent)
        ]

    def fixed_point(self, near, rounds=12):
        """The zero that Newton's method finds from a state, and how far the last step went."""
        state, length = _decimals(near), Decimal("inf")
        for _ in range(rounds):
            step = solve(self.jacobian(state), [-d for d in self.displacement(state)])
            state = [h + s for h, s in zip(state, step, strict=True)]
            length = max(map(abs, step))
            if length < Decimal("1e-60"):
                break
        return state, length


class ExactGated:
    """The displacement of a gated network at a constant input, without rounding."""

    def __init__(self, network, inputs):
        weights = network.weights
        self.dynamics, self.recurrent = network.dynamics, _decimals(weights.recurrent)
        given = _decimals(inputs)
        self.constant = [
            [_dot(row, given) + bias for row, bias in zip(rows, biases, strict=True)]
            for rows, biases in zip(_decimals(weights.input), _decimals(weights.bias), strict=True)
        ]
        self.reset_bias = _decimals(getattr(weights, "reset_bias", np.zeros(weights.units)))

    def _current(self, gate, rates):
        return [_dot(row, rates) + c for row, c in zip(self.recurrent[gate], self.constant[gate], strict=True)]

    def _gate(self, gate, rates):
        return [value(self.dynamics.gate, current) for current in self._current(gate, rates)]

    def displacement(self, state):
        return {"GRU": self._gru, "UGRNN": self._ugrnn, "LSTM": self._lstm}[
            type(self.dynamics).__name__.removesuffix("Dynamics")
        ](state)

    def _ugrnn(self, state):
        return self._mixed(state, self._current(1, state))

    def _gru(self, state):
        reset = self._gate(1, state)
        if self.dynamics.reset == "before":
            return self._mixed(state, self._current(2, [r * h for r, h in zip(reset, state, strict=True)]))
        recalled = [_dot(row, state) + b for row, b in zip(self.recurrent[2], self.reset_bias, strict=True)]
        return self._mixed(state, [c + r * q for c, r, q in zip(self.constant[2], reset, recalled, strict=True)])

    def _mixed(self, state, proposal):
        keep = self._gate(0, state)
        return [(ONE - z) * (value("tanh", m) - h) for z, m, h in zip(keep, proposal, state, strict=True)]

    def _lstm(self, state):
        rates, cell = state[: len(state) // 2], state[len(state) // 2 :]
        write, keep, show = (self._gate(gate, rates) for gate in (0, 1, 3))
        candidate = [value("tanh", current) for current in self._current(2, rates)]
        new = [f * c + i * g for f, c, i, g in zip(keep, cell, write, candidate, strict=True)]
        shown = [o * value("tanh", c) for o, c in zip(show, new, strict=True)]
        return [a - b for a, b in zip([*shown, *new], state, strict=True)]

    def fixed_point(self, near, jacobian, rounds=12):
        """The zero near a state by Newton's method with one rounded Jacobian, and the largest displacement there."""
        state, matrix = _decimals(near), _decimals(jacobian)
        for _ in range(rounds):
            step = solve(matrix, [-d for d in self.displacement(state)])
            state = [h + s for h, s in zip(state, step, strict=True)]
        return state, max(map(abs, self.displacement(state)))


def _dot(row, vector):
    return sum((a * b for a, b in zip(row, vector, strict=True)), Decimal(0))


def solve(matrix, right):
    """Gauss's elimination with pivots."""
    rows = [[*row, one] for row, one in zip(matrix, right, strict=True)]
    size = len(rows)
    for at in range(size):
        pivot = max(range(at, size), key=lambda row: abs(rows[row][at]))
        rows[at], rows[pivot] = rows[pivot], rows[at]
        for below in range(at + 1, size):
            factor = rows[below][at] / rows[at][at]
            rows[below] = [b - factor * a for a, b in zip(rows[at], rows[below], strict=True)]
    found = [Decimal(0)] * size
    for at in reversed(range(size)):
        known = sum((rows[at][other] * found[other] for other in range(at + 1, size)), Decimal(0))
        found[at] = (rows[at][-1] - known) / rows[at][at]
    return found


def distance(state, other) -> Decimal:
    """Euclidean, between a state in float64 and an exact one."""
    return sum(((Decimal(float(a)) - b) ** 2 for a, b in zip(state, other, strict=True)), Decimal(0)).sqrt()
