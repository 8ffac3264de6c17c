"""The latent variables of a network of low rank, and their own dynamics."""

from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from recurra.analysis.dynamics.flows import per_channel
from recurra.analysis.low_rank.loadings import Loadings, equations_of
from recurra.analysis.low_rank.loadings import loadings as loadings_of
from recurra.analysis.states import states_on
from recurra.analysis.subjects import Subject, of_each_network, visit_of
from recurra.checks import check_array, check_real
from recurra.engine import ACTIVATIONS, RateDynamics
from recurra.models.network import NotApplicableError
from recurra.numerics import pinned
from recurra.shown import Shown
from recurra.tasks.base import Task


@dataclass(frozen=True)
class LatentPaths(Shown):
    r"""The latent dynamics along trials.

    Args:
        kappa: the latent variables $\kappa_r$.
        outputs: the outputs of the network.
        dt_ms: length of a time step, ms.
    """

    kappa: Float[np.ndarray, "trial time rank"]
    outputs: Float[np.ndarray, "trial time output"]
    dt_ms: float

    @property
    def time_ms(self) -> Float[np.ndarray, "time"]:
        """Time of every step since the start of the trial, ms."""
        return np.arange(self.kappa.shape[1]) * self.dt_ms


@of_each_network
def latent_variables(
    network: Subject,
    task: Task | None = None,
    *,
    loadings: Loadings | None = None,
    inputs: Float[np.ndarray, "trial time input"] | None = None,
) -> Float[np.ndarray, "trial time rank"]:
    r"""The latent variables of the full network along trials.

    In the current form $\kappa_r = m_r^T x / \|m_r\|^2$ of the state x; in the rate form, whose state h is the rates,
    $\kappa_r = n_r^T h / N$.

    Args:
        network: the network, or a cohort.
        task: its task; not needed where the network knows it, or with `inputs`.
        loadings: its loadings, if they are known; if these are truncated, the variables are those of the loadings that
            are left.
        inputs: inputs of the trials; if not given, those of the task's probe.

    Source: Mastrogiuseppe and Ostojic (2018); Dubreuil et al. (2022).
    """
    visit = visit_of(network, task)
    loadings = loadings_of(visit) if loadings is None else loadings
    states = states_on(visit, inputs=inputs)
    if equations_of(visit.network).form == "rate":
        return states @ loadings.n / loadings.units
    return states @ loadings.m / (loadings.m**2).sum(axis=0)


@of_each_network
def latent_paths(
    network: Subject,
    task: Task | None = None,
    *,
    loadings: Loadings | None = None,
    inputs: Float[np.ndarray, "trial time input"] | None = None,
) -> LatentPaths:
    r"""The paths of the reduced dynamics, which for a network of this rank are those of the full one but for rounding.

    In the current form the state is $x = m \kappa + I^\perp v + b^\perp c$, with $I = m A + I^\perp$, $b = m a +
    b^\perp$, and parts $\perp$ that are orthogonal to all m. With the leak $\ell$,

    $\kappa \leftarrow (1 - \ell)\, \kappa + \ell\, (n^T \varphi(x) / N + A u + a)$,
    $v \leftarrow (1 - \ell)\, v + \ell\, u$ and $c \leftarrow (1 - \ell)\, c + \ell$:

    as many variables as the rank, besides the filtered inputs v. In the rate form
    $\kappa \leftarrow (1 - \ell)\, \kappa + \ell\, n^T \varphi(m \kappa + I u + b) / N$, and only the outputs need the
    rates. All start from 0. A step takes some N (R + inputs) operations for a trial, not N².

    Args:
        network: the network, or a cohort; its equations have one leak for all units.
        task: its task; not needed where the network knows it, or with `inputs`.
        loadings: of the units; if not given, those of the network.
        inputs: inputs of the trials; if not given, those of the task's probe.

    Raises:
        NotApplicableError: the units have different leaks, so that the latent variables have no dynamics of their own.

    Source: Mastrogiuseppe and Ostojic (2018); Dubreuil et al. (2022).
    """
    visit = visit_of(network, task)
    loadings = loadings_of(visit) if loadings is None else loadings
    given, channels = visit.probe.inputs if inputs is None else inputs, visit.network.weights.inputs
    known = check_array("inputs", given, trial=None, time=None, input=channels)
    return reduced_paths(equations_of(visit.network), loadings, known, visit.network.dt_ms)


def reduced_paths(
    dynamics: RateDynamics, loadings: Loadings, inputs: Float[np.ndarray, "trial time input"], dt_ms: float
) -> LatentPaths:
    """The paths of `latent_paths` for any loadings, such as resampled ones, which need no network.

    Args:
        dynamics: equations with one leak for all units.
        loadings: of the units.
        inputs: inputs of the trials.
        dt_ms: length of a time step, ms.
    """
    with pinned(double=True):
        arrays = [jnp.asarray(one) for one in (_driven(loadings), loadings.n, loadings.m, loadings.output_loadings)]
        kappa, outputs = _paths(dynamics.form, dynamics.activation, _one_leak(dynamics), *arrays, _constant(inputs))
        return LatentPaths(np.asarray(kappa), np.asarray(outputs) + loadings.output_bias, dt_ms)


@of_each_network
def latent_flow(
    network: Subject,
    task: Task | None = None,
    *,
    kappa: Float[np.ndarray, "*point rank"],
    inputs: float | Float[np.ndarray, "input"] = 0.0,
    loadings: Loadings | None = None,
) -> Float[np.ndarray, "*point rank"]:
    r"""The flow $\tau\, d\kappa / dt$ at a constant input u whose filtered value v has settled at u.

    In the current form $-\kappa + n^T \varphi(m \kappa + I^\perp u + b^\perp) / N + A u + a$, in the rate form
    $-\kappa + n^T \varphi(m \kappa + I u + b) / N$. It is 0 at the latent variables of a fixed point.

    Args:
        network: the network, or a cohort; its equations have one leak for all units.
        task: its task, which the flow does not depend on.
        kappa: latent variables.
        inputs: the constant input, one number for all channels or one per channel.
        loadings: of the units; if not given, those of the network.
    """
    visit = visit_of(network, task)
    loadings, dynamics = loadings_of(visit) if loadings is None else loadings, equations_of(visit.network)
    _one_leak(dynamics)
    along, across = _split(loadings)
    constant = np.append(per_channel("inputs", inputs, visit.network.weights.inputs), 1.0)
    whole = dynamics.form == "rate"
    kappa = check_real("kappa", kappa, f"…, rank: {loadings.rank}")
    if kappa.shape[-1:] != (loadings.rank,):
        raise ValueError(f"kappa has shape {kappa.shape}; expected (…, rank: {loadings.rank})")
    current = kappa @ loadings.m.T + (_driven(loadings) if whole else across) @ constant
    with pinned(double=True):
        rates = np.asarray(ACTIVATIONS[dynamics.activation](jnp.asarray(current)))
    return rates @ loadings.n / loadings.units - kappa + (0.0 if whole else along @ constant)


def _one_leak(dynamics: RateDynamics) -> float:
    leaks = np.unique(np.asarray(dynamics.leak, np.float64))
    if leaks.size > 1:
        raise NotApplicableError(
            f"the units have leaks from {leaks[0]:g} to {leaks[-1]:g}; latent variables have dynamics of their own "
            "only if all units have one"
        )
    return float(leaks[0])


def _driven(loadings: Loadings) -> Float[np.ndarray, "unit constant"]:
    """Input weights and bias: the bias is the weight of an input that is always 1."""
    return np.concatenate([loadings.input_loadings, loadings.bias[:, None]], axis=1)


def _split(loadings: Loadings) -> tuple[Float[np.ndarray, "rank constant"], Float[np.ndarray, "unit constant"]]:
    """Inputs and bias along the m, and what is left of them orthogonal to all m."""
    driven = _driven(loadings)
    along = np.linalg.pinv(loadings.m) @ driven
    return along, driven - loadings.m @ along


def _constant(inputs: Float[np.ndarray, "trial time input"]) -> Float[Array, "trial time constant"]:
    """The inputs, and one more that is always 1."""
    return jnp.asarray(np.concatenate([inputs, np.ones((*inputs.shape[:2], 1))], axis=2), jnp.float64)


@partial(jax.jit, static_argnames=("form", "activation"))
def _paths(
    form: str,
    activation: str,
    leak: float,
    driven: Float[Array, "unit constant"],
    n: Float[Array, "unit rank"],
    m: Float[Array, "unit rank"],
    output: Float[Array, "unit output"],
    inputs: Float[Array, "trial time constant"],
) -> tuple[Float[Array, "trial time rank"], Float[Array, "trial time output"]]:
    units = driven.shape[0]
    along = jnp.linalg.pinv(m) @ driven
    across, phi = driven - m @ along, ACTIVATIONS[activation]

    def leaky(state: Array, drive: Array) -> Array:
        return (1 - leak) * state + leak * drive

    def step(state: tuple[Array, Array, Array], now: Array) -> tuple[tuple[Array, Array, Array], tuple[Array, Array]]:
        kappa, filtered, seen = state
        if form == "current":
            rates = phi(kappa @ m.T + filtered @ across.T)
            kappa = leaky(kappa, rates @ n / units + now @ along.T)
            filtered = leaky(filtered, now)
            seen = phi(kappa @ m.T + filtered @ across.T) @ output / units
        else:
            rates = phi(kappa @ m.T + now @ driven.T)
            kappa, seen = leaky(kappa, rates @ n / units), leaky(seen, rates @ output / units)
        return (kappa, filtered, seen), (kappa, seen)

    kappa, filtered, seen = (
        jnp.zeros((len(inputs), size), driven.dtype) for size in (m.shape[1], inputs.shape[2], output.shape[1])
    )
    start = (kappa, filtered, seen)
    _, (kappa, outputs) = jax.lax.scan(step, start, jnp.swapaxes(inputs, 0, 1))
    return jnp.swapaxes(kappa, 0, 1), jnp.swapaxes(outputs, 0, 1)
