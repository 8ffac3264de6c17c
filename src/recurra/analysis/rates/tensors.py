"""Tensor components: each is the product of one pattern over trials, one over time and one over units."""

from dataclasses import dataclass
from typing import ClassVar, TypeAlias

import numpy as np
from jaxtyping import Float
from scipy.optimize import linear_sum_assignment

from recurra.analysis.subjects import Subject, of_each_network, seed_of, visit_of
from recurra.checks import check_array, check_count, check_positive
from recurra.shown import Shown
from recurra.tasks.base import Task

Tensor: TypeAlias = Float[np.ndarray, "trial time unit"]
Patterns: TypeAlias = tuple[np.ndarray, np.ndarray, np.ndarray]  # over trials, time and units, one column per component
FILLED = 1e-10  # share of the squared norm below which a direction is left out of the fit
RANK = 1e-12  # share of the largest eigenvalue up to which an eigenvalue counts as zero


@dataclass(frozen=True)
class TensorComponents(Shown):
    r"""The best of several fits of $x_{ktn} \approx \sum_r w_r a_{rk} b_{rt} c_{rn}$, and how well the fits agree.

    The similarity of two fits is the mean over components, matched one to one so that it is largest, of
    $(1 - |w - w'| / \max(w, w'))\, |a \cdot a'|\, |b \cdot b'|\, |c \cdot c'|$. Fits with nearly equal errors and a
    similarity far below 1 show that the rates can be decomposed in several ways; weights far above the norm of
    the rates show that components cancel each other.

    Args:
        weights: w_r, the norm of each component, the largest first.
        trial_factors: a_r, how strong the component is in each trial, with norm 1.
        time_factors: b_r, its course in a trial, with norm 1.
        unit_factors: c_r, how much each unit takes part, with norm 1. The largest entries of b and c are positive.
        error: share of the norm of the rates that is not explained, $\|x - \hat x\| / \|x\|$.
        errors: the same for every fit, the best first.
        similarities: similarity of every fit to the best one, in the same order; the first is 1.
        dt_ms: time between the steps of the courses b, ms.
    """

    sources: ClassVar[tuple[str, ...]] = ("williams2018",)

    weights: Float[np.ndarray, "component"]
    trial_factors: Float[np.ndarray, "component trial"]
    time_factors: Float[np.ndarray, "component time"]
    unit_factors: Float[np.ndarray, "component unit"]
    error: float
    errors: Float[np.ndarray, "start"]
    similarities: Float[np.ndarray, "start"]
    dt_ms: float

    @property
    def time_ms(self) -> Float[np.ndarray, "time"]:
        """Time of every step of the courses since the start of the trial, ms."""
        return np.arange(self.time_factors.shape[1]) * self.dt_ms

    def rates(self) -> Tensor:
        """The rates composed of the components."""
        return np.einsum(
            "r,rk,rt,rn->ktn", self.weights, self.trial_factors, self.time_factors, self.unit_factors, optimize=True
        )


@of_each_network
def tensor_components(  # noqa: PLR0913 - what is decomposed, and the settings of the fit
    network: Subject | None = None,
    task: Task | None = None,
    *,
    rates: Tensor | None = None,
    dt_ms: float | None = None,
    components: int = 3,
    seed: int | None = None,
    starts: int = 5,
    iterations: int = 500,
    tolerance: float = 1e-6,
) -> TensorComponents:
    r"""Canonical polyadic decomposition of the rates by alternating least squares from random starts.

    Each of the three sets of patterns in turn is the least-squares solution given the other two, such as
    $A = X_{(1)} (C \odot B)\, [(C^T C) * (B^T B)]^+$, until a round lowers the error by less than `tolerance`. The
    rates are not centred. The fit runs in the directions that the rates fill; the errors are those of the full rates.

    Args:
        network: the network, or a cohort; not needed with `rates`.
        task: its task; not needed where the network knows it.
        rates: rates of one network; if not given, those on the task's probe.
        dt_ms: time between the steps of the rates, ms; if not given, the network's time step.
        components: number of components, R.
        seed: seed of the random starts; if not given, that of the network's cohort, or 0.
        starts: number of random starts; the fit with the least error is kept.
        iterations: largest number of rounds per start.
        tolerance: smallest decrease of the error, as a share of the norm.

    Source: Williams et al. (2018).
    """
    for name, value in (("components", components), ("starts", starts), ("iterations", iterations)):
        check_count(name, value)
    check_positive("tolerance", tolerance)
    dt_ms = _time_step(network, dt_ms)
    rates = visit_of(network, task).rates if rates is None else rates
    rates = check_array("rates", rates, finite=False, trial=None, time=None, unit=None).astype(np.float64)
    if not np.isfinite(rates).all():
        return _constant(rates.shape, components, starts, np.nan, np.nan, dt_ms)
    if not rates.any():
        return _constant(rates.shape, components, starts, 0.0, 1.0, dt_ms)
    random = np.random.default_rng(seed_of(network, seed))
    return _best_of(rates, dt_ms, components, starts, iterations, tolerance, random)


def _best_of(
    rates: Tensor,
    dt_ms: float,
    components: int,
    starts: int,
    iterations: int,
    tolerance: float,
    random: np.random.Generator,
) -> TensorComponents:
    """The record of the best fit to rates that are finite and not all zero."""
    largest = np.abs(rates).max()
    norm = np.linalg.norm(rates / largest)
    tensor = rates / largest / norm
    bases = [_basis(tensor, axis) for axis in range(3)]
    core = np.einsum("ktn,ka,tb,nc->abc", tensor, *bases, optimize=True)
    fits = [_fit(core, components, iterations, tolerance, random) for _ in range(starts)]
    fits = [_normalized([basis @ pattern for basis, pattern in zip(bases, fit, strict=True)]) for fit in fits]
    errors = np.array([np.linalg.norm(tensor - _product(weights, patterns)) for weights, patterns in fits])
    order = np.argsort(errors, kind="stable")
    weights, patterns = fits[order[0]]
    with np.errstate(over="ignore"):
        weights = weights * norm * largest
    return TensorComponents(
        weights,
        *(pattern.T for pattern in patterns),
        error=float(errors[order[0]]),
        errors=errors[order],
        similarities=np.array([_similarity(fits[order[0]], fits[at]) for at in order]),
        dt_ms=dt_ms,
    )


def _time_step(network: Subject | None, dt_ms: float | None) -> float:
    """The time step that is given, or else that of the network."""
    if dt_ms is not None:
        check_positive("dt_ms", dt_ms)
        return dt_ms
    if network is None:
        raise ValueError(
            "dt_ms is not given, nor a network whose time step it would be; give the ms between two steps of the rates"
        )
    return visit_of(network).network.dt_ms


def _basis(tensor: Tensor, axis: int) -> Float[np.ndarray, "entry direction"]:
    """Orthonormal directions that the tensor fills along an axis."""
    unfolded = np.moveaxis(tensor, axis, 0).reshape(tensor.shape[axis], -1)
    values, vectors = np.linalg.eigh(unfolded @ unfolded.T)
    return vectors[:, values > FILLED]


def _fit(core: Tensor, components: int, iterations: int, tolerance: float, random: np.random.Generator) -> Patterns:
    """The least-squares fit from one random start."""
    unfolded = [np.moveaxis(core, axis, 0).reshape(core.shape[axis], -1) for axis in range(3)]
    patterns = [random.standard_normal((size, components)) for size in core.shape]
    square, explained, before = float((core**2).sum()), 0.0, np.inf
    for _ in range(iterations):
        for axis in range(3):
            patterns, explained = _solved(unfolded[axis], patterns, axis)
        error = np.sqrt(max(square - explained, 0.0))
        if before - error < tolerance:
            break
        before = error
    return patterns[0], patterns[1], patterns[2]


def _solved(
    unfolded: Float[np.ndarray, "entry others"], patterns: list[np.ndarray], axis: int
) -> tuple[list[np.ndarray], float]:
    """The patterns along an axis, given the others with norm 1; and the squared norm that they explain together."""
    first, second = (
        pattern / np.maximum(np.linalg.norm(pattern, axis=0), 1e-300)
        for at, pattern in enumerate(patterns)
        if at != axis
    )
    projected = unfolded @ (first[:, None] * second).reshape(-1, first.shape[1])
    values, vectors = np.linalg.eigh((first.T @ first) * (second.T @ second))
    reciprocals = np.divide(1, values, out=np.zeros_like(values), where=abs(values) > RANK * abs(values).max())
    solved = projected @ ((vectors * reciprocals) @ vectors.T)
    factors = [first, second]
    factors.insert(axis, solved)
    return factors, float((projected * solved).sum())


def _normalized(patterns: list[np.ndarray]) -> tuple[np.ndarray, Patterns]:
    """Weights, the largest first, and patterns of norm 1 whose signs are fixed; a component without norm is zero."""
    norms = np.stack([np.linalg.norm(pattern, axis=0) for pattern in patterns])
    order = np.argsort(-norms.prod(axis=0), kind="stable")
    trials, time, units = (
        np.divide(pattern, norm, out=np.zeros_like(pattern), where=norms.prod(axis=0) > 0)[:, order]
        for pattern, norm in zip(patterns, norms, strict=True)
    )
    sign_time, sign_units = (
        np.sign(np.take_along_axis(pattern, np.abs(pattern).argmax(axis=0, keepdims=True), axis=0))
        for pattern in (time, units)
    )
    return norms.prod(axis=0)[order], (trials * sign_time * sign_units, time * sign_time, units * sign_units)


def _product(weights: np.ndarray, patterns: Patterns) -> Tensor:
    return np.einsum("r,kr,tr,nr->ktn", weights, *patterns, optimize=True)


def _similarity(fit: tuple[np.ndarray, Patterns], other: tuple[np.ndarray, Patterns]) -> float:
    """The similarity of two fits: 1 for the same components in any order, near 0 for unrelated ones."""
    cosines = np.prod([np.abs(a.T @ b) for a, b in zip(fit[1], other[1], strict=True)], axis=0)
    larger = np.maximum(fit[0][:, None], other[0])
    apart = np.divide(np.abs(fit[0][:, None] - other[0]), larger, out=np.zeros_like(larger), where=larger > 0)
    both_zero = (fit[0][:, None] == 0) & (other[0] == 0)
    scores = np.where(both_zero, 1.0, (1 - apart) * cosines)
    return float(scores[linear_sum_assignment(scores, maximize=True)].mean())


def _constant(
    shape: tuple[int, ...], components: int, starts: int, value: float, similarity: float, dt_ms: float
) -> TensorComponents:
    """The record for rates that are all zero, or not all finite."""
    patterns = (np.full((components, size), value) for size in shape)
    errors, similarities = np.full(starts, value), np.full(starts, similarity)
    return TensorComponents(
        np.full(components, value), *patterns, error=value, errors=errors, similarities=similarities, dt_ms=dt_ms
    )
