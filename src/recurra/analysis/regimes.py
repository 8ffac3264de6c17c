"""Regimes: what a network does after a stimulus when it is left alone."""

import math
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from recurra.arrays import Weights
from recurra.checks import check_count
from recurra.engine import Dynamics
from recurra.models.cohort import Network
from recurra.tasks.trials import Trials

Kind = Literal["quiescent", "fixed", "cycle", "chaotic", "drifting"]
STILL = 1e-8  # largest change of a state in a step that is taken for rest
SILENT = 1e-6  # largest rate of a quiescent network
CHAOS = 2e-3  # a largest Lyapunov exponent above this, a step, is chaos
STATIONARY = 0.02  # largest relative change of a cycle's size from the first half of a window to the second
WINDOW = 4_000  # steps of a window
WINDOWS = 8  # windows after which a network that has not settled is called drifting


@dataclass(frozen=True)
class Regime:
    """What a network does after the stimulus of one condition.

    Args:
        condition: the name of the condition.
        kind: "quiescent" (at rest, all rates 0), "fixed" (at rest), "cycle", "chaotic", or "drifting": not settled yet.
        period_ms: of a cycle, ms; NaN for the others.
        amplitude: half the largest span of a unit's rate.
        exponent: the largest Lyapunov exponent, 1/s; negative at a stable point, about 0 on a cycle.
        settled_ms: time after the stimulus after which this was measured, ms.
        output: mean output.
    """

    sources: ClassVar[tuple[str, ...]] = ("benettin1980",)

    condition: str
    kind: Kind
    period_ms: float
    amplitude: float
    exponent: float
    settled_ms: float
    output: tuple[float, ...]


@dataclass(frozen=True)
class _Window:
    """A stretch of time after a stimulus, of every condition."""

    rates: Float[np.ndarray, "condition time unit"]
    outputs: Float[np.ndarray, "condition time output"]
    exponent: Float[np.ndarray, "condition"]
    change: Float[np.ndarray, "condition"]


def regimes(network: Network, probe: Trials, windows: int = WINDOWS) -> list[Regime]:
    r"""The regime of a network after every condition of a task.

    The network goes through the noiseless trial of each condition, and then on with the trial's last inputs, in
    windows of 4,000 steps. It is at rest where no state changes by more than 1e-8 a step. Else it has a cycle or is
    chaotic, if two halves of a window have the same size to 2 %: chaotic with a largest Lyapunov exponent above 2e-3
    a step. The exponent is the mean growth of a tangent vector, renormalized at every step. The period is the mean
    time between upward crossings of the mean by the first principal component of the rates.

    Args:
        network: the network.
        probe: noiseless trials, one a condition, such as those of `Task.probe`.
        windows: the most windows to wait for a network to settle.

    Source: Benettin, Galgani, Giorgilli and Strelcyn (1980) for the exponent.
    """
    check_count("windows", windows)
    with jax.enable_x64(True):
        weights = jax.tree.map(lambda array: jnp.asarray(array, jnp.float64), network.weights)
        inputs = jnp.asarray(probe.inputs, jnp.float64)
        state = _through(network.dynamics, weights, inputs)
        tangent = jnp.asarray(np.random.default_rng(0).standard_normal(state.shape))
        found: dict[int, Regime] = {}
        for number in range(1, windows + 1):
            state, tangent, window = _window(network.dynamics, weights, inputs[:, -1], state, tangent)
            for condition in set(range(len(state))) - set(found):
                name = probe.condition_names[int(probe.condition[condition])]
                one = _regime(window, condition, name, network.dt_ms, number * WINDOW * network.dt_ms)
                if one.kind != "drifting" or number == windows:
                    found[condition] = one
            if len(found) == len(state):
                break
    return [found[condition] for condition in sorted(found)]


def _regime(window: _Window, condition: int, name: str, dt_ms: float, settled_ms: float) -> Regime:
    rates, exponent = window.rates[condition], float(window.exponent[condition])
    spans = [np.ptp(half, axis=0) for half in np.array_split(rates, 2)]
    size = float(np.linalg.norm(np.ptp(rates, axis=0)))
    kind: Kind = "drifting"
    if window.change[condition] < STILL:
        kind = "quiescent" if np.abs(rates[-1]).max() < SILENT else "fixed"
    elif abs(np.linalg.norm(spans[1]) - np.linalg.norm(spans[0])) < STATIONARY * size:
        kind = "chaotic" if exponent > CHAOS else "cycle"
    return Regime(
        condition=name,
        kind=kind,
        period_ms=period_of(rates) * dt_ms if kind == "cycle" else math.nan,
        amplitude=float(np.ptp(rates, axis=0).max()) / 2 if kind in ("cycle", "chaotic", "drifting") else 0.0,
        exponent=1_000 * exponent / dt_ms,
        settled_ms=settled_ms,
        output=tuple(window.outputs[condition].mean(axis=0).tolist()),
    )


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


def _window(
    dynamics: Dynamics,
    weights: Weights,
    inputs: Float[Array, "condition input"],
    state: Float[Array, "condition unit"],
    tangent: Float[Array, "condition unit"],
) -> tuple[Float[Array, "condition unit"], Float[Array, "condition unit"], _Window]:
    state, tangent, rates, outputs, growth, change = _left_alone(dynamics, weights, inputs, state, tangent)
    arrays = (np.asarray(rates), np.asarray(outputs), np.asarray(growth), np.asarray(change))
    return state, tangent, _Window(*arrays)


@partial(jax.jit, static_argnames="dynamics")
def _left_alone(
    dynamics: Dynamics,
    weights: Weights,
    inputs: Float[Array, "condition input"],
    state: Float[Array, "condition unit"],
    tangent: Float[Array, "condition unit"],
) -> tuple[Array, Array, Array, Array, Array, Array]:
    """A window: last states and tangents, rates, outputs, mean growth of the tangents, change in the last step."""

    def one(now: Array, state: Array, tangent: Array) -> tuple[Array, Array, Array, Array, Array, Array]:
        def step(carried: tuple[Array, Array], _: None) -> tuple[tuple[Array, Array], tuple[Array, Array, Array]]:
            state, tangent = carried
            new, moved = jax.jvp(lambda here: dynamics.step(weights, here, now), (state,), (tangent,))
            length = jnp.linalg.norm(moved)
            rates = dynamics.rates(new)
            return (new, moved / jnp.maximum(length, 1e-300)), (
                rates,
                jnp.log(jnp.maximum(length, 1e-300)),
                new - state,
            )

        (state, tangent), (rates, growth, moves) = jax.lax.scan(step, (state, tangent), length=WINDOW)
        outputs = rates @ weights.output.T + weights.output_bias
        return state, tangent, rates, outputs, growth[WINDOW // 4 :].mean(), abs(moves[-1]).max()

    tangent = tangent / jnp.linalg.norm(tangent, axis=1, keepdims=True)
    return jax.vmap(one)(inputs, state, tangent)
