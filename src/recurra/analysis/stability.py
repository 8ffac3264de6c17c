"""Lyapunov exponents and Floquet multipliers: how fast neighbouring orbits part or meet."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from threadpoolctl import threadpool_limits

from recurra.analysis.flow import flow_of
from recurra.arrays import Weights
from recurra.checks import check_count, check_positive
from recurra.engine import Dynamics
from recurra.models.cohort import Network

State = Float[np.ndarray, "unit"]
Constant = float | Float[np.ndarray, "input"]
ALIGN = 1_000  # steps in which tangent vectors find their directions, before anything is measured
STEPS = 4_000  # steps over which growth is averaged
TRIVIAL = 1 / STEPS  # an exponent closer to 0 than this, a step, cannot be told from 0 in so many steps


def lyapunov_spectrum(
    network: Network, state: State, inputs: Constant = 0.0, exponents: int | None = None, steps: int = STEPS
) -> Float[np.ndarray, "exponent"]:
    r"""The largest Lyapunov exponents of the orbit through a state at a constant input, 1/s, the largest first.

    Orthonormal tangent vectors Q go with the orbit: $J_t Q_t = Q_{t+1} R_{t+1}$ at every step, with the exact Jacobian
    J of the step, and exponent k is the mean of $\ln |R_{kk}| / dt$. It is done anew at every step, since a saturated
    unit takes all length from a vector in a single one; a direction without any length left has $-\infty$. The mean
    begins after 1,000 steps, and is wrong by the order of one over `steps` steps. Where the orbit grows without bound
    the exponents are NaN.

    Args:
        network: the network.
        state: where the orbit begins.
        inputs: the constant input, one number for all channels or one a channel.
        exponents: how many, at most one a unit; all if None.
        steps: how many steps the mean is over.

    Source: Benettin, Galgani, Giorgilli and Strelcyn (1980).
    """
    check_count("steps", steps)
    _, growth = followed(network, state, inputs, exponents, steps)
    return 1_000 * mean_growth(growth) / network.dt_ms


def floquet_multipliers(
    network: Network, state: State, inputs: Constant = 0.0, *, period_ms: float, exponents: int | None = None
) -> Float[np.ndarray, "exponent"]:
    r"""Moduli of the largest Floquet multipliers of the cycle through a state, the largest first.

    $|\mu_k| = e^{\lambda_k P}$ with the Lyapunov exponents $\lambda_k$ and the period P. A cycle of a map whose period
    is a whole number of steps has the product of its Jacobians, whose eigenvalues have just these moduli. With any
    other period the orbit fills a closed curve and never returns, so that there is no such product; the exponents
    still say by how much a distance from the curve, or along it, changes in the mean over one turn. Along it that is
    1, the trivial multiplier; a cycle that repeats itself exactly after a few steps has none.

    The exponents are those of `lyapunov_spectrum`, averaged over the stretch of 2,000 to 4,000 steps after which the
    orbit is closest to where the stretch began: whole periods, over which the trivial one is much closer to 1.

    Args:
        network: the network.
        state: a state on the cycle.
        inputs: the constant input, one number for all channels or one a channel.
        period_ms: the period, ms.
        exponents: how many, at most one a unit; all if None.

    Source: Benettin, Galgani, Giorgilli and Strelcyn (1980) for the exponents.
    """
    check_positive("period_ms", period_ms)
    period = period_ms / network.dt_ms
    rates, growth = followed(network, state, inputs, exponents, max(STEPS, int(np.ceil(2 * period))))
    return np.exp(period * mean_growth(growth[: closest_return(rates)[0]]))


def kaplan_yorke_dimension(exponents: Float[np.ndarray, "exponent"]) -> float:
    r"""The dimension of an attractor by its exponents: $j + \sum_{k \le j} \lambda_k / |\lambda_{j+1}|$.

    j is the largest number of leading exponents whose sum is not negative. NaN if the sum of all is not: then there
    are too few of them.

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
    """After how many steps of the second half an orbit is closest to where it began, and the largest difference then.

    Args:
        rates: along the orbit.
    """
    half = len(rates) // 2
    distance = np.abs(rates[half:] - rates[0]).max(axis=1)
    back = int(distance.argmin())
    return half + back, float(distance[back])


def mean_growth(growth: Float[np.ndarray, "time exponent"]) -> Float[np.ndarray, "exponent"]:
    """The exponents, a step, from the growth in each step; the largest first.

    Args:
        growth: of orthogonal tangent vectors, in logarithms.
    """
    return -np.sort(-growth.mean(axis=0))


def beyond_trivial(exponents: Float[np.ndarray, "exponent"]) -> float:
    """The largest exponent of a cycle, a step, without the trivial one; NaN if there is no other.

    The trivial one is the largest, if it is not below 0 by more than can be measured.

    Args:
        exponents: of a cycle, a step, the largest first.
    """
    rest = exponents[1:] if exponents[0] > -TRIVIAL else exponents
    return float(rest[0]) if len(rest) else float("nan")


def followed(
    network: Network, state: State, inputs: Constant, exponents: int | None, steps: int
) -> tuple[Float[np.ndarray, "time unit"], Float[np.ndarray, "time exponent"]]:
    """Rates of so many steps after the first 1,000, and in each the log of the growth of orthogonal tangent vectors.

    Args:
        network: the network.
        state: where the orbit begins.
        inputs: the constant input, one number for all channels or one a channel.
        exponents: how many tangent vectors, at most one a unit; so many if None.
        steps: how many steps.
    """
    units, constant = network.weights.units, flow_of(network, inputs).inputs
    vectors = units if exponents is None else exponents
    check_count("exponents", vectors)
    if vectors > units:
        raise ValueError(f"exponents is {vectors}; expected at most {units}, one a unit")
    if np.shape(state) != (units,):
        raise ValueError(f"state has shape {np.shape(state)}; expected ({units},), one number a unit")
    with jax.enable_x64(True), threadpool_limits(1):
        weights = jax.tree.map(lambda array: jnp.asarray(array, jnp.float64), network.weights)
        frame = np.linalg.qr(np.random.default_rng(0).standard_normal((units, vectors)))[0]
        start = (jnp.asarray(state, jnp.float64), jnp.asarray(frame))
        rates, growth = _tangents(network.dynamics, weights, jnp.asarray(constant), start, steps)
        return np.asarray(rates), np.asarray(growth)


@partial(jax.jit, static_argnames=("dynamics", "steps"))
def _tangents(
    dynamics: Dynamics, weights: Weights, inputs: Float[Array, "input"], start: tuple[Array, Array], steps: int
) -> tuple[Float[Array, "time unit"], Float[Array, "time exponent"]]:
    def step(carried: tuple[Array, Array], _: None) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
        state, frame = carried
        new, pushed = jax.linearize(lambda here: dynamics.step(weights, here, inputs), state)
        frame, triangle = jnp.linalg.qr(jax.vmap(pushed, in_axes=1, out_axes=1)(frame))
        growth = jnp.where(jnp.isfinite(new).all(), jnp.log(jnp.abs(jnp.diagonal(triangle))), jnp.nan)
        return (new, frame), (dynamics.rates(state), growth)

    aligned, _ = jax.lax.scan(lambda carried, _: (step(carried, None)[0], None), start, length=ALIGN)
    return jax.lax.scan(step, aligned, length=steps)[1]
