"""Demixed principal components: directions that each show one factor of a task."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float, Int

from recurra.analysis.subjects import Subject, of_each_network, visit_of
from recurra.checks import check_array, check_at_least_zero, check_count
from recurra.shown import Shown
from recurra.tasks.base import Task

Rates = Float[np.ndarray, "condition time unit"]
Factors = Int[np.ndarray, "condition factor"]
Projectors = Float[np.ndarray, "marginalization condition condition"]
Covariances = Float[np.ndarray, "marginalization unit unit"]
STILL = 1e-24  # mean square of the changes, relative to the largest square, up to which they are rounding
NOTHING = 1e-12  # share of the variance up to which a component is rounding


@dataclass(frozen=True)
class Demixed(Shown):
    r"""Components of the rates for each marginalization.

    The marginalizations are time, which all conditions share; then each factor, with its interaction with time; then
    all interactions between factors. Their rates $X_\phi$ are uncorrelated, and sum to the centred rates X.

    Args:
        center: mean rates, subtracted before everything else.
        encoders: orthonormal directions in which a marginalization varies, the most important first; zero beyond the
            number of directions that it has.
        decoders: directions that read the coordinate along the encoder from the rates.
        marginal_variance: share of each marginalization in the variance of the rates; they sum to 1.
        explained_variance: share of the variance that each component explains by itself, at most that of the first
            principal component; may be below 0 for a component that reads what it does not encode.
        origin_variance: share of each marginalization in the variance that a decoder reads; 1 for the decoder's own
            marginalization is a perfect demixing.
        cumulative_variance: share of the variance explained by the best one, two, ... components together.
        cumulative_pca: the same for as many principal components, an upper bound.
    """

    sources: ClassVar[tuple[str, ...]] = ("kobak2016",)

    center: Float[np.ndarray, "unit"]
    encoders: Float[np.ndarray, "marginalization component unit"]
    decoders: Float[np.ndarray, "marginalization component unit"]
    marginal_variance: Float[np.ndarray, "marginalization"]
    explained_variance: Float[np.ndarray, "marginalization component"]
    origin_variance: Float[np.ndarray, "marginalization component origin"]
    cumulative_variance: Float[np.ndarray, "rank"]
    cumulative_pca: Float[np.ndarray, "rank"]

    def project(self, rates: Float[np.ndarray, "*batch unit"]) -> Float[np.ndarray, "*batch marginalization component"]:
        """The coordinates that the decoders read from rates."""
        return np.tensordot(rates - self.center, self.decoders, axes=(-1, -1))


@of_each_network
def demixed_components(
    network: Subject | None = None,
    task: Task | None = None,
    *,
    rates: Rates | None = None,
    factors: Factors | None = None,
    components: int = 3,
    ridge: float = 1e-3,
) -> Demixed:
    r"""Demixed principal components of the rates in a full factorial design.

    For each marginalization $\phi$, the encoder F and the decoder D of rank q that minimize
    $\|X_\phi - F D X\|^2 + (\lambda \|X\|)^2 \|F D\|^2$. In closed form, with the covariances $C_\phi$ of the
    marginalizations, their sum C, and $R = (C + \lambda^2 \mathrm{tr}(C)\, I)^{-1}$: F has the q leading eigenvectors
    of $C_\phi R\, C_\phi$, and $D = F^T C_\phi R$.

    Args:
        network: the network, or a cohort; not needed with `rates` and `factors`.
        task: its task; not needed where the network knows it.
        rates: rates of one network; if not given, those on the task's probe.
        factors: the level of every factor in every condition; each combination of levels has one condition. If not
            given, those of the task.
        components: q, number per marginalization; at most the number of units.
        ridge: λ; it keeps the decoders from reading directions with a share of the variance below λ².

    Source: Kobak et al. (2016), Eq. 1 and "Regularization".
    """
    check_count("components", components)
    check_at_least_zero("ridge", ridge)
    rates = visit_of(network, task).rates if rates is None else rates
    factors = np.asarray(visit_of(network, task).factors) if factors is None else factors
    projectors = marginal_projectors(factors)
    rates = of_conditions(rates, factors)
    kept = min(components, rates.shape[-1])
    if not np.isfinite(rates).all():
        return _unknown(len(projectors), kept, rates.shape[-1])
    largest = np.abs(rates).max() or 1.0
    center = (rates / largest).mean(axis=(0, 1))
    return _demixed(_covariances(rates / largest - center, projectors), kept, ridge, largest * center)


def marginal_projectors(factors: Factors) -> Projectors:
    """Averaging projectors that split the rates of the conditions into time, each factor, and interactions.

    Args:
        factors: the level of every factor in every condition.
    """
    factors = np.asarray(factors)
    if factors.ndim != 2 or 0 in factors.shape or not np.issubdtype(factors.dtype, np.integer):
        raise ValueError(
            f"factors has shape {factors.shape} and type {factors.dtype}; expected whole numbers (condition, factor)"
        )
    levels = [len(np.unique(column)) for column in factors.T]
    if len(np.unique(factors, axis=0)) != len(factors) or np.prod(levels) != len(factors):
        raise ValueError(
            f"factors has {len(factors)} conditions for {' x '.join(map(str, levels))} levels; expected every "
            "combination of levels once. Average repeated conditions first."
        )
    same = (factors[:, None] == factors[None]).transpose(2, 0, 1)
    mean = np.full(same.shape[1:], 1 / len(factors))
    single = same / same.sum(axis=-1, keepdims=True) - mean
    return np.stack([mean, *single, np.eye(len(factors)) - mean - single.sum(axis=0)])


def of_conditions(rates: Rates, factors: Factors) -> Rates:
    """The rates in float64, checked to have the conditions of the factors."""
    known = check_array("rates", rates, finite=False, condition=len(factors), time=None, unit=None)
    return known.astype(np.float64)


def _covariances(centred: Rates, projectors: Projectors) -> Covariances:
    """Covariances of the marginalizations, not divided by the number of samples; zero if the rates do not change."""
    if (centred**2).mean() <= STILL:
        centred = np.zeros_like(centred)
    covariances = []
    for projector in projectors:
        part = np.tensordot(projector, centred, axes=1).reshape(-1, centred.shape[-1])
        covariances.append(part.T @ part)
    return np.stack(covariances)


def _demixed(covariances: Covariances, components: int, ridge: float, center: Float[np.ndarray, "unit"]) -> Demixed:
    covariance = covariances.sum(axis=0)
    total = float(np.trace(covariance)) or 1.0
    penalty = ridge**2 * total * np.eye(len(covariance))
    inverse = np.linalg.pinv(covariance + penalty, rcond=1e-13, hermitian=True)
    pairs = [_encoder_decoder(part, part @ inverse, components, NOTHING * total) for part in covariances]
    encoders, decoders = np.stack([pair[0] for pair in pairs]), np.stack([pair[1] for pair in pairs])
    origin = np.einsum("mcu,ouv,mcv->mco", decoders, covariances, decoders, optimize=True)
    read = origin.sum(axis=-1)
    explained = (2 * np.einsum("mcu,uv,mcv->mc", decoders, covariance, encoders, optimize=True) - read) / total
    order = np.argsort(-explained, axis=None, kind="stable")
    flat = encoders.reshape(-1, len(covariance))[order], decoders.reshape(-1, len(covariance))[order]
    leading = np.linalg.eigvalsh(covariance)[::-1].clip(0)
    return Demixed(
        center=center,
        encoders=encoders,
        decoders=decoders,
        marginal_variance=np.trace(covariances, axis1=1, axis2=2) / total,
        explained_variance=explained,
        origin_variance=np.divide(origin, read[..., None], out=np.zeros_like(origin), where=read[..., None] > 0),
        cumulative_variance=_cumulative(*flat, covariance) / total,
        cumulative_pca=np.cumsum(np.append(leading, np.zeros(len(order)))[: len(order)]) / total,
    )


def _encoder_decoder(
    covariance: Float[np.ndarray, "unit unit"],
    regression: Float[np.ndarray, "unit unit"],
    components: int,
    nothing: float,
) -> tuple[Float[np.ndarray, "component unit"], Float[np.ndarray, "component unit"]]:
    """The reduced-rank regression of a marginalization on the rates, with the encoders' largest entries positive."""
    fitted = regression @ covariance
    values, vectors = np.linalg.eigh((fitted + fitted.T) / 2)
    encoders = vectors.T[::-1][:components]
    largest = np.abs(encoders).argmax(axis=1, keepdims=True)
    encoders = encoders * np.sign(np.take_along_axis(encoders, largest, axis=1))
    encoders = encoders * (values[::-1][:components, None] > nothing)
    return encoders, encoders @ regression


def _cumulative(
    encoders: Float[np.ndarray, "rank unit"],
    decoders: Float[np.ndarray, "rank unit"],
    covariance: Float[np.ndarray, "unit unit"],
) -> Float[np.ndarray, "rank"]:
    r"""$\|X\|^2 - \|X - F D X\|^2$ of the first one, two, ... components together."""
    linear = np.einsum("ru,uv,rv->r", decoders, covariance, encoders, optimize=True)
    square = (encoders @ encoders.T) * (decoders @ covariance @ decoders.T)
    return 2 * np.cumsum(linear) - np.array([square[:rank, :rank].sum() for rank in range(1, len(linear) + 1)])


def _unknown(marginalizations: int, components: int, units: int) -> Demixed:
    """The record for rates that are not all finite."""
    directions = np.full((marginalizations, components, units), np.nan)
    cumulative = np.full(marginalizations * components, np.nan)
    return Demixed(
        center=np.full(units, np.nan),
        encoders=directions,
        decoders=directions,
        marginal_variance=np.full(marginalizations, np.nan),
        explained_variance=directions[..., 0],
        origin_variance=np.full((marginalizations, components, marginalizations), np.nan),
        cumulative_variance=cumulative,
        cumulative_pca=cumulative,
    )
