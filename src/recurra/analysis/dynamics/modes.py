"""The modes of a network at rest, and how far it amplifies small disturbances before they decay."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Bool, Complex, Float, Int

from recurra.analysis.dynamics.activations import slope
from recurra.analysis.dynamics.attractors import REST, Attractors, settle
from recurra.analysis.dynamics.fixed_points import FixedPoints, fixed_points
from recurra.analysis.dynamics.flows import flow_of
from recurra.analysis.dynamics.linearization import eigenvalues_at
from recurra.analysis.dynamics.newton import is_fixed
from recurra.analysis.dynamics.rate_flow import RateFlow
from recurra.analysis.dynamics.steps import first_state
from recurra.analysis.subjects import Subject, of_each_network, visit_of
from recurra.analysis.weights.spectra import frequency_hz, time_constant_ms
from recurra.engine.rate import HARD_WIDTHS
from recurra.linalg import MARGIN, spectral_norm, surely_below
from recurra.models.network import Network
from recurra.shown import Shown
from recurra.tasks.base import Task
from recurra.threads import in_threads_once, one_thread

NEAR = 0.01  # largest distance from the end of a path to its fixed point, times the root of the number of units
EVERY = 64  # every power of a Jacobian up to this one is computed; beyond, powers a 32nd apart
LIMIT = 10_000  # the highest power
MOST = 16  # most stable points for which powers are computed

State = Float[np.ndarray, "state"]


@dataclass(frozen=True)
class RestingModes(Shown):
    r"""The modes of one step of a network without input, linearized where it rests.

    Args:
        state: the state in which it rests; NaN if it does not come to rest.
        at_start: whether that is the state before the first step: zero, for a network without unit biases.
        smooth: whether the activation has a slope there; relu has none at zero, and then there are no modes.
        eigenvalues: eigenvalues $\mu$ of the Jacobian of one step, by falling modulus; NaN if there are no modes.
        shift: $1 - \ell$ in $\mu = 1 - \ell + \ell \varphi' \lambda$ with the eigenvalues $\lambda$ of the recurrent
            weights; NaN if units differ in leak or slope, for which no such equation holds.
        factor: $\ell \varphi'$ in the same equation.
        leading: the $\mu$ of the largest modulus.
        frequency_hz: frequency of the leading mode, $|\mathrm{arg}\, \mu| / (2 \pi\, dt)$, Hz.
        time_constant_ms: time constant of the leading mode, $-dt / \ln |\mu|$, ms; negative if the mode grows.
        reactivity: spectral norm of the Jacobian, the largest gain of a disturbance in one step.
    """

    state: Float[np.ndarray, "state_variable"]
    at_start: bool
    smooth: bool
    eigenvalues: Complex[np.ndarray, "mode"]
    shift: float
    factor: float
    leading: complex
    frequency_hz: float
    time_constant_ms: float
    reactivity: float

    @property
    def known(self) -> bool:
        """Whether there are any modes."""
        return bool(np.isfinite(self.eigenvalues).all())

    def of(self, eigenvalue: complex) -> complex | None:
        """The mode that belongs to an eigenvalue of the recurrent weights; None if no equation relates the two."""
        return None if np.isnan(self.factor) else self.shift + self.factor * eigenvalue


@of_each_network
def resting_modes(network: Subject, task: Task | None = None) -> RestingModes:
    r"""The modes of a network at rest: eigenvalues of the Jacobian of one step at its state of rest without input.

    It rests in the state before the first step if that is a fixed point, stable or not, else where it settles from
    there within 10,000 steps. In the rate form $J = 1 - L + L\, D W$, in the current form $J = 1 - L + L\, W D$, with
    the leaks L and the slopes D of the units; with one leak $\ell$ and one slope $\varphi'$ the modes are
    $\mu = 1 - \ell + \ell \varphi' \lambda$ in both. The slope of tanh at zero is 1, of sigmoid 1/4, of softplus 1/2.

    Args:
        network: the network, or a cohort.
        task: its task, which its rest does not depend on.

    Source: Sussillo and Barak (2013) for the linearization.
    """
    network = visit_of(network, task).network
    state, at_start = resting_state(network)
    flow = flow_of(network)
    smooth = not _on_kink(flow, state)
    if np.isnan(state).any() or not smooth:
        nothing = np.full(network.state_size, np.nan, complex)
        return RestingModes(state, at_start, smooth, nothing, np.nan, np.nan, complex(np.nan), np.nan, np.nan, np.nan)
    with one_thread():
        values = eigenvalues_at(flow, state[None])[0]
        reactivity = spectral_norm(flow.step_jacobian(flow.jacobian(state[None]))[0])
    values = values[np.lexsort((-values.imag, -np.round(np.abs(values), 12)))]
    shift, factor = _law(flow, state)
    leading = complex(values[0])
    return RestingModes(
        state=state,
        at_start=at_start,
        smooth=True,
        eigenvalues=values,
        shift=shift,
        factor=factor,
        leading=leading,
        frequency_hz=frequency_hz(leading, network.dt_ms),
        time_constant_ms=time_constant_ms(leading, network.dt_ms),
        reactivity=float(reactivity),
    )


def resting_state(network: Network) -> tuple[State, bool]:
    """The state of rest without input, NaN if there is none; and whether it is the state before the first step."""
    start = first_state(network)
    if is_fixed(flow_of(network), start[None])[0]:
        return start, True
    nowhere = np.full_like(start, np.nan)
    ends, label = settle(network, start[None], np.zeros(network.weights.inputs), Attractors())
    if label[0] < 0 or ends.kind[label[0]] != REST:
        return nowhere, False
    points = fixed_points(network, starts=ends.states[label[0]][None])
    distance = np.linalg.norm(points.states - ends.states[label[0]], axis=1)
    if not len(points) or distance.min() > NEAR * np.sqrt(len(start)):
        return nowhere, False
    return points.states[int(distance.argmin())], False


def _slopes(flow: RateFlow, state: State) -> tuple[State, State]:
    """The currents of all units, and the slopes of the activation there."""
    current = flow.recurrent @ state + flow.constant if flow.dynamics.form == "rate" else state
    return current, slope(flow.dynamics.activation, current)


def _on_kink(flow: object, state: State) -> bool:
    if not isinstance(flow, RateFlow):
        return False
    kink = {"relu": 0.0, **{name: width / 2 for name, width in HARD_WIDTHS.items()}}.get(flow.dynamics.activation)
    return kink is not None and bool((np.abs(_slopes(flow, state)[0]) == kink).any())


def _law(flow: object, state: State) -> tuple[float, float]:
    """Shift and factor of the equation from eigenvalues of the weights to modes; NaN if it does not hold."""
    if not isinstance(flow, RateFlow):
        return np.nan, np.nan
    leak, slopes = flow.leaks(), _slopes(flow, state)[1]
    if np.ptp(leak) > 0 or np.ptp(slopes) > 0:
        return np.nan, np.nan
    return float(1 - leak[0]), float(leak[0] * slopes[0])


@dataclass(frozen=True)
class TransientGains(Shown):
    r"""How much small disturbances of a network grow at its stable fixed points before they decay.

    The system is one step of the network without input, linearized at the point: $\delta \leftarrow J \delta$.

    Args:
        point: number of each fixed point; at most 16 points, those that most starts ended at.
        reactivity: $\|J\|_2$, the largest gain in one step.
        gain: $\max_{t \ge 0} \|J^t\|_2$; 1 for a normal J, in which disturbances only decay.
        gain_ms: time after which the gain is reached, ms.
        proved: whether no higher power has a larger gain, because a later power s has $\|J^s\|_2 \le 1$, so that
            $\|J^{s + t}\| \le \|J^t\|$. If not proved, the gain is the largest within 10,000 steps.
        left_out: number of further stable points.
    """

    sources: ClassVar[tuple[str, ...]] = ("asllani2018", "bondanelli2020")

    point: Int[np.ndarray, "stable_point"]
    reactivity: Float[np.ndarray, "stable_point"]
    gain: Float[np.ndarray, "stable_point"]
    gain_ms: Float[np.ndarray, "stable_point"]
    proved: Bool[np.ndarray, "stable_point"]
    left_out: int

    def __len__(self) -> int:
        return len(self.point)


@of_each_network
def transient_gains(
    network: Subject, task: Task | None = None, *, points: FixedPoints | None = None, seed: int | None = None
) -> TransientGains:
    """Reactivity and largest transient gain at the stable fixed points of a network.

    Every power t of the Jacobian up to 64 is computed, beyond that powers t / 32 apart.

    Args:
        network: the network, or a cohort.
        task: its task; not needed where the network knows it, or with `points`.
        points: its fixed points at an input; if not given, those without input.
        seed: seed of the search for fixed points; if not given, that of the network's cohort, or 0.

    Source: Asllani, Lambiotte and Carletti (2018); Bondanelli and Ostojic (2020), in continuous time.
    """
    visit = visit_of(network, task, seed)
    points = fixed_points(visit) if points is None else points
    flow = flow_of(visit.network, points.inputs)
    within = np.abs(points.eigenvalues).max(axis=1, initial=0) < 1
    stable = np.flatnonzero(within & (points.index == 0) & (points.dimension == 0))
    chosen = stable[:MOST]
    jacobians = [flow.step_jacobian(flow.jacobian(points.states[at])) for at in chosen]
    with one_thread():
        rows = in_threads_once(transient_gain, jacobians)
    reactivity, gain, steps, proved = (np.array(column) for column in zip(*rows, strict=True)) if rows else [[]] * 4
    return TransientGains(
        point=chosen,
        reactivity=np.array(reactivity, float),
        gain=np.array(gain, float),
        gain_ms=np.array(steps, float) * visit.network.dt_ms,
        proved=np.array(proved, bool),
        left_out=len(stable) - len(chosen),
    )


def transient_gain(step: Float[np.ndarray, "state state"], limit: int = LIMIT) -> tuple[float, float, int, bool]:
    r"""$\|J\|_2$, the largest $\|J^t\|_2$ for t from 0 on, its t, and whether it is proved that none is larger.

    Args:
        step: J, whose eigenvalues are all within the unit circle.
        limit: the highest power that is computed.
    """
    first = spectral_norm(step)
    power, at, gain, best, grown = step, 1, 1.0, 0, np.ones(len(step))
    while True:
        gram = power.T @ power
        if not surely_below(gram, gain):
            norm = spectral_norm(power)
            gain, best = (norm, at) if norm > gain else (gain, best)
        grown = gram @ (grown / np.linalg.norm(grown))  # power iteration that continues from one power of J to the next
        grows = np.linalg.norm(grown) > 1 + MARGIN
        shrinks = not grows and (surely_below(gram, 1.0) or spectral_norm(power) <= 1)
        ahead = max(1, at // 32) if at >= EVERY else 1
        if shrinks or at + ahead > limit:
            return first, gain, best, shrinks
        power = power @ (step if ahead == 1 else np.linalg.matrix_power(step, ahead))
        at += ahead
