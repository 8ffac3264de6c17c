"""Regimes: what a network does after a stimulus when it is left alone."""

import math
from dataclasses import astuple, dataclass
from functools import partial
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int
from threadpoolctl import threadpool_limits

from recurra.analysis.flow import Flow, flow_of
from recurra.analysis.spectra import time_constant_ms
from recurra.analysis.stability import STEPS, beyond_trivial, closest_return, followed, mean_growth
from recurra.arrays import Weights
from recurra.checks import check_count
from recurra.engine import Dynamics
from recurra.models.cohort import Network
from recurra.tasks.trials import Trials

QUIESCENT, FIXED, CYCLE, CHAOTIC, DRIFTING = "quiescent", "fixed", "cycle", "chaotic", "drifting"
KINDS = (QUIESCENT, FIXED, CYCLE, CHAOTIC, DRIFTING)
STILL = 1e-8  # largest displacement of a state that is taken for rest
SILENT = 1e-6  # largest rate of a quiescent network
CHAOS = 2e-3  # a largest Lyapunov exponent above this, a step, is chaos
STATIONARY = 0.02  # largest relative change of a cycle's size from the first half of a window to the second
RETURN = 0.1  # a cycle comes back to a state to so much of its largest span
LARGE = 1e100  # a state beyond this grows without bound
WINDOW = 4_000  # steps of a window
WINDOWS = 8  # windows after which a network that has not settled is called drifting
EXPONENTS = 4  # Lyapunov exponents of what is not at rest, at most


@dataclass(frozen=True)
class Regimes:
    r"""What one network does after the stimulus of each condition.

    Args:
        kind: 0 quiescent: at rest, all rates 0; 1 fixed: at rest; 2 cycle; 3 chaotic; 4 drifting: not settled, never
            coming back, or growing without bound.
        period_ms: of a cycle, ms; NaN for the others.
        amplitude: half the largest span of a unit's rate; 0 at rest, infinite where the rates grow without bound.
        exponent_hz: the largest Lyapunov exponent, 1/s: at rest that of the point, about 0 on a cycle, of a drifting
            network that of the last steps; NaN where the rates grow without bound.
        multiplier: by how much the slowest mode shrinks: at rest the largest modulus $|\lambda|$ of the eigenvalues of
            the Jacobian of one step, on a cycle the largest modulus $|\mu|$ of the Floquet multipliers beyond the
            trivial one, by period; above 1 it grows; NaN for the others.
        time_constant_ms: of that mode, $-dt / \ln |\lambda|$ or $-P / \ln |\mu|$ with the period P, ms; infinite for a
            multiplier of 1, negative where the mode grows; NaN for the others.
        settled_ms: time after the stimulus by which it had settled, or was given up, ms.
        mean_output: over a window; NaN where the rates grow without bound.
    """

    sources: ClassVar[tuple[str, ...]] = ("benettin1980",)

    kind: Int[np.ndarray, "condition"]
    period_ms: Float[np.ndarray, "condition"]
    amplitude: Float[np.ndarray, "condition"]
    exponent_hz: Float[np.ndarray, "condition"]
    multiplier: Float[np.ndarray, "condition"]
    time_constant_ms: Float[np.ndarray, "condition"]
    settled_ms: Float[np.ndarray, "condition"]
    mean_output: Float[np.ndarray, "condition output"]

    def __len__(self) -> int:
        return len(self.kind)

    def kind_of(self, condition: int) -> str:
        """The kind of a condition's regime in a word."""
        return KINDS[int(self.kind[condition])]


@dataclass(frozen=True)
class _Window:
    """A stretch of time after the stimulus of one condition: state and rates at its end, and what was between."""

    state: Float[np.ndarray, "unit"]
    rates: Float[np.ndarray, "unit"]
    span: Float[np.ndarray, "unit"]
    size: Float[np.ndarray, "half"]
    mean_output: Float[np.ndarray, "output"]

    @property
    def diverged(self) -> bool:
        """Whether the state grows without bound."""
        return not max(np.abs(self.state).max(), self.span.max()) < LARGE

    @property
    def stationary(self) -> bool:
        """Whether both halves have the same size."""
        return abs(self.size[1] - self.size[0]) < STATIONARY * np.linalg.norm(self.span)


@dataclass(frozen=True)
class _Regime:
    """The regime of one condition; the fields are those of `Regimes`."""

    kind: int
    period_ms: float
    amplitude: float
    exponent_hz: float
    multiplier: float
    time_constant_ms: float
    settled_ms: float
    mean_output: Float[np.ndarray, "output"]


def regimes(network: Network, probe: Trials, windows: int = WINDOWS) -> Regimes:
    r"""The regime of a network after every condition of a task, in the order of the probe's trials.

    The network goes through the noiseless trial of each condition, and then on with the trial's last inputs, in
    windows of 4,000 steps. It is at rest where no state is pulled by more than 1e-8: $|f(h) - h|$ as for fixed points,
    so that the time step does not matter. Else it has settled if two halves of a window have the same size to 2 %. It
    is chaotic then with a largest Lyapunov exponent above 2e-3 a step, and on a cycle with a smaller one if in the
    following steps it comes back to a state, to a tenth of the largest span of a rate. The period is the mean time
    between upward crossings of the mean by the first principal component of the rates.

    At rest the modes are those of the exact Jacobian of one step. On a cycle they belong to the four largest exponents,
    as in `floquet_multipliers`. The largest is the trivial one, along the cycle, unless it is below -1/4,000 a step: a
    cycle that repeats itself exactly after a few steps has no trivial one.

    Args:
        network: the network.
        probe: noiseless trials, one a condition, such as those of `Task.probe`.
        windows: the most windows to wait for a network to settle.

    Source: Benettin, Galgani, Giorgilli and Strelcyn (1980) for the exponents.
    """
    check_count("windows", windows)
    inputs = np.asarray(probe.inputs, np.float64)
    flows = [flow_of(network, last) for last in inputs[:, -1]]
    state, found = _after_trials(network, inputs), dict[int, _Regime]()
    for number in range(1, windows + 1):
        state, seen = _windows(network, inputs[:, -1], state)
        for condition in sorted(set(range(len(flows))) - set(found)):
            settled_ms = number * WINDOW * network.dt_ms
            with threadpool_limits(1):
                one = _regime(network, flows[condition], seen[condition], settled_ms, number == windows)
            if one is not None:
                found[condition] = one
        if len(found) == len(flows):
            break
    columns = zip(*(astuple(found[condition]) for condition in range(len(flows))), strict=True)
    return Regimes(*(np.array(column) for column in columns))


def _regime(network: Network, flow: Flow, window: _Window, settled_ms: float, last: bool) -> _Regime | None:
    """The regime if it has settled or this is the last window, else None."""
    if window.diverged:
        nowhere = np.full_like(window.mean_output, np.nan)
        return _Regime(KINDS.index(DRIFTING), math.nan, math.inf, math.nan, math.nan, math.nan, settled_ms, nowhere)
    if np.abs(flow.displacement(window.state[None])).max() < STILL:
        return _at_rest(network, flow, window, settled_ms)
    if window.stationary or last:
        moving = _moving(network, flow, window, settled_ms)
        return moving if last or moving.kind != KINDS.index(DRIFTING) else None
    return None


def _at_rest(network: Network, flow: Flow, window: _Window, settled_ms: float) -> _Regime:
    kind = QUIESCENT if np.abs(window.rates).max() < SILENT else FIXED
    multiplier = _slowest(flow, window.state)
    with np.errstate(divide="ignore"):
        exponent_hz = float(1_000 * np.log(multiplier) / network.dt_ms)
    return _Regime(
        kind=KINDS.index(kind),
        period_ms=math.nan,
        amplitude=0.0,
        exponent_hz=exponent_hz,
        multiplier=multiplier,
        time_constant_ms=time_constant_ms(multiplier, network.dt_ms),
        settled_ms=settled_ms,
        mean_output=window.mean_output,
    )


def _moving(network: Network, flow: Flow, window: _Window, settled_ms: float) -> _Regime:
    rates, growth = followed(network, window.state, flow.inputs, min(EXPONENTS, len(window.state)), STEPS)
    back, distance = closest_return(rates)
    exponents = mean_growth(growth[:back])
    kind, period, multiplier = DRIFTING, math.nan, math.nan
    if window.stationary and exponents[0] > CHAOS:
        kind = CHAOTIC
    elif window.stationary and distance < RETURN * window.span.max():
        kind, period = CYCLE, period_of(rates)
        multiplier = float(np.exp(period * beyond_trivial(exponents)))
    return _Regime(
        kind=KINDS.index(kind),
        period_ms=period * network.dt_ms,
        amplitude=float(window.span.max()) / 2,
        exponent_hz=float(1_000 * exponents[0] / network.dt_ms),
        multiplier=multiplier,
        time_constant_ms=time_constant_ms(multiplier, period * network.dt_ms),
        settled_ms=settled_ms,
        mean_output=window.mean_output,
    )


def _slowest(flow: Flow, state: Float[np.ndarray, "unit"]) -> float:
    """The largest modulus of the eigenvalues of the Jacobian of one step."""
    jacobian = flow.step_jacobian(flow.jacobian(state[None]))[0]
    return float(np.abs(np.linalg.eigvals(jacobian)).max()) if np.isfinite(jacobian).all() else math.nan


def period_of(rates: Float[np.ndarray, "time unit"]) -> float:
    """Mean steps between upward crossings of the mean by the first principal component; NaN with fewer than two.

    A crossing counts only after the component has been below the mean by a fifth of its standard deviation.

    Args:
        rates: of a network on a cycle.
    """
    centred = rates - rates.mean(axis=0)
    _, _, axes = np.linalg.svd(centred[:: max(1, len(centred) // 1_000)], full_matrices=False)
    component = centred @ axes[0]
    low = -component.std() / 5
    crossings, armed = [], False
    for step in range(1, len(component)):
        before, now = component[step - 1], component[step]
        armed |= bool(now < low)
        if armed and before < 0 <= now:
            crossings.append(step - 1 + before / (before - now))
            armed = False
    return float(np.mean(np.diff(crossings))) if len(crossings) > 1 else math.nan


def _after_trials(
    network: Network, inputs: Float[np.ndarray, "condition time input"]
) -> Float[np.ndarray, "condition unit"]:
    with jax.enable_x64(True):
        return np.asarray(_through(network.dynamics, _double(network), jnp.asarray(inputs)))


def _windows(
    network: Network, inputs: Float[np.ndarray, "condition input"], state: Float[np.ndarray, "condition unit"]
) -> tuple[Float[np.ndarray, "condition unit"], list[_Window]]:
    """The states a window later, and the window of each condition."""
    with jax.enable_x64(True):
        fields = _left_alone(network.dynamics, _double(network), jnp.asarray(inputs), jnp.asarray(state))
        arrays = [np.asarray(field) for field in fields]
    return arrays[0], [_Window(*one) for one in zip(*arrays, strict=True)]


def _double(network: Network) -> Weights:
    return jax.tree.map(lambda array: jnp.asarray(array, jnp.float64), network.weights)


@partial(jax.jit, static_argnames="dynamics")
def _through(
    dynamics: Dynamics, weights: Weights, inputs: Float[Array, "condition time input"]
) -> Float[Array, "condition unit"]:
    """The states at the end of the trials."""

    def one(trial: Float[Array, "time input"]) -> Float[Array, "unit"]:
        def step(state: Array, now: Array) -> tuple[Array, None]:
            return dynamics.step(weights, state, now), None

        return jax.lax.scan(step, dynamics.initial_state(weights), trial)[0]

    return jax.vmap(one)(inputs)


@partial(jax.jit, static_argnames="dynamics")
def _left_alone(
    dynamics: Dynamics,
    weights: Weights,
    inputs: Float[Array, "condition input"],
    state: Float[Array, "condition unit"],
) -> tuple[Array, Array, Array, Array, Array]:
    """The fields of the windows, with a leading `condition` axis."""

    def one(now: Array, state: Array) -> tuple[Array, Array, Array, Array, Array]:
        def step(carried: tuple[Array, ...], _: None) -> tuple[tuple[Array, ...], None]:
            state, low, high, total = carried
            new = dynamics.step(weights, state, now)
            rates = dynamics.rates(new)
            return (new, jnp.minimum(low, rates), jnp.maximum(high, rates), total + rates), None

        def half(state: Array, _: None) -> tuple[Array, tuple[Array, Array, Array]]:
            rates = dynamics.rates(state)
            start = (state, jnp.full_like(rates, jnp.inf), jnp.full_like(rates, -jnp.inf), jnp.zeros_like(rates))
            (state, low, high, total), _ = jax.lax.scan(step, start, length=WINDOW // 2)
            return state, (low, high, total)

        state, (low, high, total) = jax.lax.scan(half, state, length=2)
        output = jnp.asarray(weights.output @ total.sum(axis=0) / WINDOW + weights.output_bias)
        size = jnp.linalg.norm(high - low, axis=1)
        return state, dynamics.rates(state), high.max(axis=0) - low.min(axis=0), size, output

    return jax.vmap(one)(inputs, state)
