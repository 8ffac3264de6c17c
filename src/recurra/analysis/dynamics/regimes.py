"""Regimes: what a network does after a stimulus when it is left alone."""

import math
from dataclasses import astuple, dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float, Int

from recurra.analysis.dynamics.flow import Flow
from recurra.analysis.dynamics.flows import flow_of
from recurra.analysis.dynamics.linearization import OUTSIDE
from recurra.analysis.dynamics.newton import is_fixed, newton
from recurra.analysis.dynamics.recurrence import directed, period_of
from recurra.analysis.dynamics.stability import (
    at_least,
    beyond_trivial,
    followed,
    mean_growth,
    sampling,
)
from recurra.analysis.dynamics.steps import ends_on
from recurra.analysis.dynamics.windows import Window, windows_after
from recurra.analysis.subjects import Subject, of_each_network, visit_of
from recurra.analysis.weights.spectra import time_constant_ms
from recurra.checks import check_array, check_count, same
from recurra.models.network import Network
from recurra.shown import Shown
from recurra.tasks.base import Task
from recurra.tasks.trials import Trials
from recurra.threads import one_thread

QUIESCENT, FIXED, CYCLE, CHAOTIC, DRIFTING = "quiescent", "fixed", "cycle", "chaotic", "drifting"
QUASIPERIODIC, UNDECIDED = "quasi-periodic", "undecided"
KINDS = (QUIESCENT, FIXED, CYCLE, CHAOTIC, DRIFTING, QUASIPERIODIC, UNDECIDED)
STILL = 1e-8  # largest displacement of a state that is taken for rest, times its largest coordinate if above 1
NEAR = 1e-3  # a fixed point so near is the one at which a state rests
SILENT = 1e-6  # largest rate of a quiescent network
CHAOS = 8.0  # growth of a distance over a stretch, in logarithms, that is chaos
NEUTRAL = 2.0  # growth or loss over a stretch, in logarithms, that cannot be told from none
SAME_SIZE = 0.02  # largest relative change of the size of what repeats itself, from one half of a window to the other
CHAOTIC_SIZE = 0.2  # the same of chaos
TURNS = 4  # periods that are seen at least
STRAIGHT = 0.5  # a drift ends at least so far from its begin, as a share of the way
WINDOW = 4_000, 1_000  # steps, or time constants of the slowest unit, of the first window; the larger
WINDOWS = 5  # windows, each twice as long as the last, after which a regime is undecided
MOST_STEPS = 400_000  # that are looked at in all
FOLLOWED = 4  # times the first window: the longest stretch over which exponents are measured
EXPONENTS = 4  # Lyapunov exponents of what is not at rest, at most


@dataclass(frozen=True)
class Regimes(Shown):
    r"""What one network does after the stimulus of each condition.

    Args:
        kind: 0 quiescent: at rest, all rates 0; 1 fixed: at rest, or on the last, linear way there; 2 cycle; 3 chaotic;
            4 drifting: going in one direction, or growing without bound; 5 quasi-periodic: several independent
            periods; 6 undecided: none of these can be told from the time that was looked at.
        period_ms: of a cycle, ms; NaN for the others.
        amplitude: half the largest span of a unit's rate; 0 at rest, infinite where the rates grow without bound.
        exponent_hz: the largest Lyapunov exponent, 1/s: at rest that of the point, about 0 on a cycle, of a drifting
            or undecided network that of the last steps; NaN where the rates grow without bound.
        multiplier: by how much the slowest mode shrinks: at rest the largest modulus $|\lambda|$ of the eigenvalues of
            the Jacobian of one step, on a cycle the largest modulus $|\mu|$ of the Floquet multipliers beyond the
            trivial one, by period; above 1 it grows; NaN for the others.
        time_constant_ms: of that mode, $-dt / \ln |\lambda|$ or $-P / \ln |\mu|$ with the period P, ms; infinite for a
            multiplier of 1, negative where the mode grows; NaN for the others.
        settled_ms: time after the stimulus after which it was decided, or given up, ms.
        mean_output: over a window; NaN where the rates grow without bound.
    """

    flags: ClassVar[dict[str, tuple[str, ...]]] = {"kind": KINDS}

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


@of_each_network
def regimes(
    network: Subject,
    task: Task | None = None,
    *,
    probe: Trials | None = None,
    windows: int = WINDOWS,
    ends: Float[np.ndarray, "condition state"] | None = None,
) -> Regimes:
    r"""The regime of a network after every condition of a task, in the order of the probe's trials.

    The network goes through the noiseless trial of each condition, and then on with the trial's last inputs, in windows
    of 4,000, 8,000, 16,000, ... steps, or of 1,000, 2,000, ... time constants of its slowest unit if these are longer;
    400,000 steps in all. At the end of each it is decided if it can be; all bounds are in time constants, so that the
    time step does not matter.

    - At rest: no state is pulled by more than 1e-8, $|f(h) - h|$ as for fixed points; or Newton's method leads to a
      stable point so near that what is not linear in the pull is less than half of what its slowest mode loses.
    - Chaotic: a distance grows by $e^8$ over the stretch, in both of its halves, and the size of the motion does not
      change by more than 20 % from one half of the window to the other.
    - On a cycle: the size is the same to 2 %, the rates come back after a period (`period_of`), at least four times in
      the stretch, and along no direction but that of the cycle does a distance stay or grow.
    - Drifting, at the end only: straight on; or beyond all bounds.
    - Quasi-periodic, at the end only: the same size, two exponents that cannot be told from 0, and no period.

    At rest the modes are those of the exact Jacobian of one step. On a cycle they belong to the four largest exponents,
    as in `floquet_multipliers`. The largest is the trivial one, along the cycle, unless all distances shrink: a cycle
    that repeats itself exactly after a few steps has no trivial one.

    Args:
        network: the network, or a cohort.
        task: its task; not needed where the network knows it, or with `probe`.
        probe: noiseless trials, one a condition; if not given, the task's probe.
        windows: the most windows to wait for a decision.
        ends: the states at the end of the probe's trials, where they are known.

    Source: Benettin, Galgani, Giorgilli and Strelcyn (1980) for the exponents.
    """
    check_count("windows", windows)
    visit = visit_of(network, task)
    if probe is None:
        probe, ends = visit.probe, visit.ends if ends is None else ends
    network = visit.network
    _check_probe(network, probe)
    inputs = np.asarray(probe.inputs, np.float64)
    flows = [flow_of(network, last) for last in inputs[:, -1]]
    state = _first_states(network, inputs, ends)
    found, lengths = dict[int, _Regime](), _lengths(network, windows)
    for number, length in enumerate(lengths):
        open_ = sorted(set(range(len(flows))) - set(found))
        state[open_], seen = windows_after(network, inputs[open_, -1], state[open_], length // 2)
        settled_ms, last = sum(lengths[: number + 1]) * network.dt_ms, number + 1 == len(lengths)
        for condition, window in zip(open_, seen, strict=True):
            with one_thread(), np.errstate(all="ignore"):
                one = _regime(network, flows[condition], window, settled_ms, (length, last))
            if one is not None:
                found[condition] = one
        if len(found) == len(flows):
            break
    columns = zip(*(astuple(found[condition]) for condition in range(len(flows))), strict=True)
    return Regimes(*(np.array(column) for column in columns))


def _first_states(
    network: Network,
    inputs: Float[np.ndarray, "condition time input"],
    ends: Float[np.ndarray, "condition state"] | None,
) -> Float[np.ndarray, "condition state"]:
    """The states from which the network goes on: those at the end of the trials, given or computed."""
    known = ends_on(network, inputs) if ends is None else ends
    return np.array(check_array("ends", known, finite=False, condition=len(inputs), state=network.state_size))


def _lengths(network: Network, windows: int) -> list[int]:
    """Steps of the windows."""
    wanted = at_least(WINDOW, network) * 2 ** np.arange(windows)
    ends = np.minimum(np.cumsum(wanted), MOST_STEPS)
    return [int(length) for length in np.diff(ends, prepend=0) if length > 1]


def _regime(network: Network, flow: Flow, window: Window, settled_ms: float, when: tuple[int, bool]) -> _Regime | None:
    """The regime if it can be decided or this is the last window, else None; `when` is its length and whether it is."""
    if window.diverged:
        nowhere = np.full_like(window.mean_output, np.nan)
        return _Regime(KINDS.index(DRIFTING), math.nan, math.inf, math.nan, math.nan, math.nan, settled_ms, nowhere)
    if np.abs(flow.displacement(window.state)).max() < STILL * max(1.0, np.abs(window.state).max()):
        end = newton(flow, window.state[None])[0]
        near = np.linalg.norm(end - window.state) < NEAR
        return _at_rest(network, flow, end if near else window.state, settled_ms)
    end = _on_the_way(flow, window.state)
    if end is not None:
        return _at_rest(network, flow, end, settled_ms)
    length, last = when
    moving = _moving(network, flow, window, settled_ms, length)
    return moving if last or KINDS[moving.kind] in (CYCLE, CHAOTIC) else None


def _on_the_way(flow: Flow, state: Float[np.ndarray, "state"]) -> Float[np.ndarray, "state"] | None:
    """The stable point that a state goes to, if it is so near that the slowest mode there outweighs what is not linear.

    In the basis of the modes a step shortens the distance y by at least the slowest mode's share; the rest of the step,
    beyond the linear one, must be less than half of that.
    """
    end = newton(flow, state[None])[0]
    if not (np.isfinite(end).all() and is_fixed(flow, end[None])[0]):
        return None
    jacobian = flow.jacobian(end)
    values, modes = np.linalg.eig(flow.leaks()[:, None] * jacobian)
    slowest = 1 - np.abs(1 + values).max()
    if slowest <= OUTSIDE * flow.leaks().max():  # neutral but for rounding: nothing brings the state there
        return None
    off = state - end
    beyond = flow.leaks() * (flow.displacement(state) - jacobian @ off)
    try:
        distance, other = np.linalg.norm(np.linalg.solve(modes, np.stack([off, beyond], axis=1)), axis=0)
    except np.linalg.LinAlgError:
        return None
    return end if other <= slowest * distance / 2 else None


def _at_rest(network: Network, flow: Flow, state: Float[np.ndarray, "state"], settled_ms: float) -> _Regime:
    rates = network.rates(state)
    kind = QUIESCENT if np.abs(rates).max() < SILENT else FIXED
    multiplier = _slowest(flow, state)
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
        mean_output=network.readout(rates),
    )


def _moving(network: Network, flow: Flow, window: Window, settled_ms: float, length: int) -> _Regime:
    usual = at_least(WINDOW, network)
    steps, every = min(max(length // FOLLOWED, usual), FOLLOWED * usual, MOST_STEPS // FOLLOWED), sampling(network)
    rates, growth = followed(network, window.state, flow.inputs, min(EXPONENTS, len(window.state)), steps)
    kind, period, grown = _kind(window, rates, growth * every)
    multiplier = float(np.exp(period / len(rates) * beyond_trivial(grown))) if kind == CYCLE else math.nan
    period_ms = period * every * network.dt_ms
    return _Regime(
        kind=KINDS.index(kind),
        period_ms=period_ms,
        amplitude=float(window.span.max()) / 2,
        exponent_hz=float(1_000 * grown[0] / (len(rates) * every * network.dt_ms)),
        multiplier=multiplier,
        time_constant_ms=time_constant_ms(multiplier, period_ms),
        settled_ms=settled_ms,
        mean_output=window.mean_output,
    )


def _check_probe(network: Network, probe: Trials) -> None:
    if probe.inputs.shape[-1] != network.weights.inputs:
        raise ValueError(f"the network has {network.weights.inputs} inputs; the probe has {probe.inputs.shape[-1]}")
    if not same(network.dt_ms, probe.dt_ms):
        raise ValueError(f"the network's time step is {network.dt_ms:g} ms; the probe's is {probe.dt_ms:g} ms")


def _kind(
    window: Window, rates: Float[np.ndarray, "time unit"], growth: Float[np.ndarray, "time exponent"]
) -> tuple[str, float, Float[np.ndarray, "exponent"]]:
    """The kind, the period in samples or NaN, and the growth over the stretch, from whole periods on a cycle."""
    samples = len(rates)
    grown = samples * mean_growth(growth)
    early, late = (half.sum(axis=0).max() for half in np.array_split(growth, 2))
    if window.change < CHAOTIC_SIZE and grown[0] > CHAOS and min(early, late) > CHAOS / 4:
        return CHAOTIC, math.nan, grown
    period = period_of(rates) if window.change < SAME_SIZE and grown[0] <= CHAOS else math.nan
    if period <= samples / TURNS:
        whole = samples * mean_growth(growth[: int(samples // period * period)])
        if whole[0] < NEUTRAL and beyond_trivial(whole) < -NEUTRAL:
            return CYCLE, period, whole
    if directed(rates) > STRAIGHT:
        return DRIFTING, math.nan, grown
    neutral = len(grown) > 1 and bool((np.abs(grown[:2]) < NEUTRAL).all())
    quick = period <= samples / (5 * TURNS)  # a period with a neutral mode beside it may be a cycle still
    kind = QUASIPERIODIC if neutral and window.change < SAME_SIZE and not quick else UNDECIDED
    return kind, math.nan, grown


def _slowest(flow: Flow, state: Float[np.ndarray, "state"]) -> float:
    """The largest modulus of the eigenvalues of the Jacobian of one step."""
    jacobian = flow.step_jacobian(flow.jacobian(state[None]))[0]
    return float(np.abs(np.linalg.eigvals(jacobian)).max()) if np.isfinite(jacobian).all() else math.nan
