"""Lyapunov exponents and Floquet multipliers: how fast neighbouring orbits diverge or converge."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from recurra.analysis.dynamics.flows import flow_of
from recurra.analysis.subjects import Subject, of_each_network, visit_of
from recurra.arrays import Weights
from recurra.checks import check_array, check_count, check_positive
from recurra.engine import Dynamics
from recurra.models.network import Network
from recurra.numerics import pinned
from recurra.tasks.base import Task
from recurra.threads import one_thread

State = Float[np.ndarray, "state"]
Constant = float | Float[np.ndarray, "input"]
ALIGN = 1_000, 100  # steps, or time constants of the slowest unit if more, in which tangent vectors align before growth
# is measured; above 1,000 at most a quarter of the measured steps
STEPS = 4_000, 400  # steps, or time constants of the slowest unit if more, over which growth is averaged
SAMPLES = 10  # samples per time constant of the fastest unit, at which tangent vectors are made orthogonal again
TRIVIAL = 1.0  # logarithm of the growth over a whole stretch up to which it cannot be told from no growth


@of_each_network
def lyapunov_spectrum(
    network: Subject,
    task: Task | None = None,
    *,
    state: State | None = None,
    inputs: Constant = 0.0,
    exponents: int | None = None,
    steps: int | None = None,
) -> Float[np.ndarray, "exponent"]:
    r"""The largest Lyapunov exponents of the orbit through a state at a constant input, 1/s, the largest first.

    Orthonormal tangent vectors Q move with the orbit: $J_t Q_t = Q_{t+1} R_{t+1}$ at every step, with the exact
    Jacobian J of the step, and exponent k is the mean of $\ln |R_{kk}| / dt$. The vectors are made orthonormal again
    ten times per time constant, and at every step for leaks from 0.1, since a saturated unit can take all length from a
    vector in a single step; a direction without any length left has $-\infty$. The mean begins after 1,000 steps or 100
    time constants, and its error is of the order of one over `steps` steps. If the orbit grows without bound the
    exponents are NaN.

    Args:
        network: the network, or a cohort.
        task: its task; not needed where the network knows it, or with `state`.
        state: state at which the orbit begins; if not given, the end of the first trial of the task's probe.
        inputs: the constant input, one number for all channels or one per channel.
        exponents: number of exponents, at most one per unit; all if None.
        steps: number of steps over which growth is averaged; if None 4,000, or 400 time constants of the slowest unit
            if these are more.

    Source: Benettin, Galgani, Giorgilli and Strelcyn (1980).
    """
    visit = visit_of(network, task)
    network = visit.network
    size = network.state_size
    state = np.asarray(visit.ends[0]) if state is None else check_array("state", state, state=size)
    steps = at_least(STEPS, network) if steps is None else steps
    check_count("steps", steps)
    _, growth = followed(network, state, inputs, exponents, steps)
    return 1_000 * mean_growth(growth) / network.dt_ms


@of_each_network
def floquet_multipliers(
    network: Subject,
    task: Task | None = None,
    *,
    state: State,
    period_ms: float,
    inputs: Constant = 0.0,
    exponents: int | None = None,
) -> Float[np.ndarray, "exponent"]:
    r"""Moduli of the largest Floquet multipliers of the cycle through a state, the largest first.

    $|\mu_k| = e^{\lambda_k P}$ with the Lyapunov exponents $\lambda_k$ and the period P. If the period is a whole
    number of steps, these are the moduli of the eigenvalues of the product of the Jacobians along the cycle. With any
    other period the orbit fills a closed curve and never returns, so that there is no such product; the exponents still
    give the mean factor per turn by which a distance from the curve, or along it, changes. Along the curve the factor
    is 1, the trivial multiplier; a cycle that repeats itself exactly after a few steps has no trivial multiplier.

    The exponents are those of `lyapunov_spectrum`, averaged over a stretch after which the orbit is closest to where
    it began: whole periods, over which the trivial multiplier is much closer to 1.

    Args:
        network: the network.
        task: its task, which the multipliers do not depend on.
        state: a state on the cycle.
        period_ms: the period, ms, as in `Regimes`.
        inputs: the constant input, one number for all channels or one per channel.
        exponents: number of multipliers, at most one per unit; all if None.

    Source: Benettin, Galgani, Giorgilli and Strelcyn (1980) for the exponents.
    """
    check_positive("period_ms", period_ms)
    network = visit_of(network, task).network
    state = check_array("state", state, state=network.state_size)
    period = period_ms / network.dt_ms
    rates, growth = followed(network, state, inputs, exponents, max(at_least(STEPS, network), int(np.ceil(2 * period))))
    return np.exp(period * mean_growth(growth[: closest_return(rates)[0]]))


def kaplan_yorke_dimension(exponents: Float[np.ndarray, "exponent"]) -> float:
    r"""The dimension of an attractor from its exponents: $j + \sum_{k \le j} \lambda_k / |\lambda_{j+1}|$.

    j is the largest number of leading exponents whose sum is not negative. NaN if the sum of all is not negative: then
    there are too few exponents.

    Args:
        exponents: the largest ones, in any unit.

    Source: Kaplan and Yorke (1979).
    """
    falling = -np.sort(-np.asarray(exponents, np.float64))
    total = np.cumsum(falling)
    if not (total < 0).any():
        return float("nan")
    whole = int((total < 0).argmax())
    return whole + (float(total[whole - 1] / -falling[whole]) if whole else 0.0)


def closest_return(rates: Float[np.ndarray, "time unit"]) -> tuple[int, float]:
    """The step in the second half at which an orbit is closest to where it began, and the largest difference then.

    Args:
        rates: rates along the orbit.
    """
    half = len(rates) // 2
    distance = np.abs(rates[half:] - rates[0]).max(axis=1)
    back = int(distance.argmin())
    return half + back, float(distance[back])


def mean_growth(growth: Float[np.ndarray, "time exponent"]) -> Float[np.ndarray, "exponent"]:
    """The exponents per step, from the growth in each step; the largest first.

    Args:
        growth: logarithms of the growth of orthogonal tangent vectors.
    """
    return -np.sort(-growth.mean(axis=0))


def beyond_trivial(growth: Float[np.ndarray, "exponent"]) -> float:
    """The largest growth along a cycle other than the trivial growth; NaN if there is no other.

    The trivial growth is the largest, unless that is below 0 by more than the measurement's error.

    Args:
        growth: logarithms of the growth over the whole stretch, the largest first.
    """
    rest = growth[1:] if growth[0] > -TRIVIAL else growth
    return float(rest[0]) if len(rest) else float("nan")


def followed(
    network: Network, state: State, inputs: Constant, exponents: int | None, steps: int
) -> tuple[Float[np.ndarray, "time unit"], Float[np.ndarray, "time exponent"]]:
    """Rates along an orbit once the tangent vectors are aligned, and the logarithm of their growth per step.

    At leaks from 0.1 there is one row per step, else ten per time constant of the fastest unit.

    Args:
        network: the network.
        state: state at which the orbit begins.
        inputs: the constant input, one number for all channels or one per channel.
        exponents: number of tangent vectors; if None the size of the state, which is the most.
        steps: number of steps.
    """
    size, constant = network.state_size, flow_of(network, inputs).inputs
    vectors = size if exponents is None else exponents
    check_count("exponents", vectors)
    if vectors > size:
        raise ValueError(f"exponents is {vectors}; expected at most {size}, the size of the network's state")
    with pinned(double=True), one_thread():
        weights = network.double
        every = sampling(network)
        align = max(ALIGN[0], min(at_least(ALIGN, network), steps // 4))
        frame = np.linalg.qr(np.random.default_rng(0).standard_normal((size, vectors)))[0]
        start = (jnp.asarray(state, jnp.float64), jnp.asarray(frame))
        rates, growth = _tangents(
            network.dynamics, weights, jnp.asarray(constant), start, (align // every, max(steps // every, 1), every)
        )
        return np.asarray(rates), np.asarray(growth)


def at_least(least: tuple[int, int], network: Network) -> int:
    """The larger of a number of steps and a number of time constants of the slowest unit, in steps.

    Args:
        least: the number of steps and the number of time constants.
        network: the network.
    """
    steps, constants = least
    return max(steps, round(constants / float(np.min(flow_of(network).leaks()))))


def sampling(network: Network) -> int:
    """The number of steps between two samples of an orbit: ten samples per time constant of the fastest unit."""
    return max(1, int(1 / (SAMPLES * float(np.max(flow_of(network).leaks())) * (1 + 1e-9))))


@partial(jax.jit, static_argnames=("dynamics", "lengths"))
def _tangents(
    dynamics: Dynamics,
    weights: Weights,
    inputs: Float[Array, "input"],
    start: tuple[Array, Array],
    lengths: tuple[int, int, int],
) -> tuple[Float[Array, "time unit"], Float[Array, "time exponent"]]:
    align, samples, every = lengths

    def moved(_: Array, carried: tuple[Array, Array]) -> tuple[Array, Array]:
        state, frame = carried
        new, pushed = jax.linearize(lambda here: dynamics.step(weights, here, inputs), state)
        return new, jax.vmap(pushed, in_axes=1, out_axes=1)(frame)

    def sample(carried: tuple[Array, Array], _: None) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
        state, (new, frame) = carried[0], jax.lax.fori_loop(0, every, moved, carried)
        frame, triangle = jnp.linalg.qr(frame)
        growth = jnp.where(jnp.isfinite(new).all(), jnp.log(jnp.abs(jnp.diagonal(triangle))) / every, jnp.nan)
        return (new, frame), (dynamics.rates(state), growth)

    aligned, _ = jax.lax.scan(lambda carried, _: (sample(carried, None)[0], None), start, length=align)
    return jax.lax.scan(sample, aligned, length=samples)[1]
