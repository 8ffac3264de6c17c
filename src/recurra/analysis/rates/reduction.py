"""A few directions that carry most of the activity."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from recurra.analysis.subjects import Subject, of_each_network, visit_of
from recurra.checks import check_array, check_count, check_finite, check_real
from recurra.shown import Shown
from recurra.tasks.base import Task

Rates = Float[np.ndarray, "trial time unit"]


@dataclass(frozen=True)
class Reduction(Shown):
    r"""Directions in the space of units, in order of falling variance of the rates along them.

    Args:
        center: rates subtracted before the projection; zero for singular vectors.
        components: orthonormal directions.
        explained_variance: share of the variance of the rates along each.
        participation_ratio: $(\sum \lambda)^2 / \sum \lambda^2$ of the eigenvalues of the covariance: the number of
            dimensions that the rates fill.
    """

    sources: ClassVar[tuple[str, ...]] = ("cunningham2014",)

    center: Float[np.ndarray, "unit"]
    components: Float[np.ndarray, "component unit"]
    explained_variance: Float[np.ndarray, "component"]
    participation_ratio: float

    def project(self, rates: Float[np.ndarray, "*batch unit"]) -> Float[np.ndarray, "*batch component"]:
        """Coordinates of rates along the components."""
        return (rates - self.center) @ self.components.T


@of_each_network
def principal_components(
    network: Subject | None = None, task: Task | None = None, *, rates: Rates | None = None, components: int = 10
) -> Reduction:
    """Principal components of the rates, over all trials and time steps; none for a single sample.

    Args:
        network: the network, or a cohort; not needed with `rates`.
        task: its task; not needed where the network knows it.
        rates: rates of one network; if not given, those on the task's probe.
        components: number of components, at most the number of units.

    Source: Cunningham and Yu (2014).
    """
    flat, kept = _flat(visit_of(network, task).rates if rates is None else rates, components)
    if len(flat) < 2:
        return Reduction(flat[0], np.zeros((0, flat.shape[1])), np.zeros(0), 0.0)
    values, vectors = np.linalg.eigh(_covariance(flat))
    variance, total = np.maximum(values[::-1], 0)[:kept], np.maximum(values, 0).sum()
    return Reduction(
        center=flat.mean(axis=0),
        components=_signed(vectors.T[::-1][:kept]),
        explained_variance=variance / (total if total > 0 else np.nan),
        participation_ratio=participation_ratio(flat),
    )


@of_each_network
def singular_vectors(
    network: Subject | None = None, task: Task | None = None, *, rates: Rates | None = None, components: int = 10
) -> Reduction:
    """Truncated singular value decomposition of the rates, not centred, as in the papers' figures.

    Args:
        network: the network, or a cohort; not needed with `rates`.
        task: its task; not needed where the network knows it.
        rates: rates of one network; if not given, those on the task's probe.
        components: number of components, fewer than units.

    Source: Jarne (2024), Figure 6.
    """
    flat, kept = _flat(visit_of(network, task).rates if rates is None else rates, components)
    left, lengths, right = np.linalg.svd(flat, full_matrices=False)
    variance, total = (left[:, :kept] * lengths[:kept]).var(axis=0), flat.var(axis=0).sum()
    return Reduction(
        center=np.zeros(flat.shape[1]),
        components=_signed(right[:kept]),
        explained_variance=variance / (total if total > 0 else np.nan),
        participation_ratio=participation_ratio(flat),
    )


def participation_ratio(flat: Float[np.ndarray, "sample unit"]) -> float:
    r"""$(\sum \lambda)^2 / \sum \lambda^2$ over the eigenvalues of the covariance; 0 if nothing varies."""
    if len(flat) < 2:
        return 0.0
    covariance = _covariance(flat)
    total = np.trace(covariance) ** 2
    return float(total / (covariance**2).sum()) if total > 0 else 0.0


def _covariance(flat: Float[np.ndarray, "sample unit"]) -> Float[np.ndarray, "unit unit"]:
    return np.cov(flat, rowvar=False).reshape(flat.shape[1], -1)


def _flat(rates: Rates, components: int) -> tuple[Float[np.ndarray, "sample unit"], int]:
    check_count("components", components)
    rates = check_real("rates", rates, "trial, time, unit")
    axes = ("sample", "unit") if rates.ndim == 2 else ("trial", "time", "unit")
    rates = check_array("rates", rates, finite=False, **dict.fromkeys(axes))
    flat = rates.astype(np.float64).reshape(-1, rates.shape[-1])
    check_finite("the activity", flat)
    return flat, min(components, *flat.shape)


def _signed(components: Float[np.ndarray, "component unit"]) -> Float[np.ndarray, "component unit"]:
    """The directions with their largest entry positive, since the sign of a direction is arbitrary."""
    largest = np.abs(components).argmax(axis=1, keepdims=True)
    return components * np.sign(np.take_along_axis(components, largest, axis=1))
