"""The latent variables of a network of low rank, and their own dynamics."""

from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from recurra.analysis.dynamics.steps import states_on
from recurra.analysis.low_rank.loadings import Loadings, equations_of
from recurra.engine import ACTIVATIONS, RateDynamics
from recurra.models.network import Network, NotApplicableError
from recurra.numerics import pinned
from recurra.shown import Shown


@dataclass(frozen=True)
class LatentPaths(Shown):
    r"""The latent dynamics along trials.

    Args:
        kappa: the latent variables $\kappa_r$.
        outputs: the outputs of the network.
    """

    kappa: Float[np.ndarray, "trial time rank"]
    outputs: Float[np.ndarray, "trial time output"]


def latent_variables(
    network: Network, loadings: Loadings, inputs: Float[np.ndarray, "trial time input"]
) -> Float[np.ndarray, "trial time rank"]:
    r"""The latent variables of the full network along trials.

    In the current form $\kappa_r = m_r^T x / \|m_r\|^2$ of the state x; in the rate form, whose state h is the rates,
    $\kappa_r = n_r^T h / N$.

    Args:
        network: the network.
        loadings: its loadings; if these are truncated, the variables are those of the loadings that are left.
        inputs: inputs of the trials.

    Source: Mastrogiuseppe and Ostojic (2018); Dubreuil et al. (2022).
    """
    states = states_on(network, inputs)
    if equations_of(network).form == "rate":
        return states @ loadings.n / loadings.units
    return states @ loadings.m / (loadings.m**2).sum(axis=0)


def latent_paths(
    dynamics: RateDynamics, loadings: Loadings, inputs: Float[np.ndarray, "trial time input"]
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
        dynamics: equations with one leak for all units.
        loadings: of the units; resampled ones need no network.
        inputs: inputs of the trials.

    Raises:
        NotApplicableError: the units have different leaks, so that the latent variables have no dynamics of their own.

    Source: Mastrogiuseppe and Ostojic (2018); Dubreuil et al. (2022).
    """
    with pinned(double=True):
        arrays = [jnp.asarray(one) for one in (_driven(loadings), loadings.n, loadings.m, loadings.output_loadings)]
        kappa, outputs = _paths(dynamics.form, dynamics.activation, _one_leak(dynamics), *arrays, _constant(inputs))
        return LatentPaths(np.asarray(kappa), np.asarray(outputs) + loadings.output_bias)


def latent_flow(
    dynamics: RateDynamics,
    loadings: Loadings,
    kappa: Float[np.ndarray, "*point rank"],
    inputs: Float[np.ndarray, "input"],
) -> Float[np.ndarray, "*point rank"]:
    r"""The flow $\tau\, d\kappa / dt$ at a constant input u whose filtered value v has settled at u.

    In the current form $-\kappa + n^T \varphi(m \kappa + I^\perp u + b^\perp) / N + A u + a$, in the rate form
    $-\kappa + n^T \varphi(m \kappa + I u + b) / N$. It is 0 at the latent variables of a fixed point.

    Args:
        dynamics: equations with one leak for all units.
        loadings: of the units.
        kappa: latent variables.
        inputs: the constant input.
    """
    _one_leak(dynamics)
    along, across = _split(loadings)
    constant = np.append(np.asarray(inputs, np.float64), 1.0)
    whole = dynamics.form == "rate"
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
