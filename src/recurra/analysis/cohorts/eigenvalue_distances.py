"""Distances between networks by eigenvalues: of their weights, their dynamics, their linearizations."""

import math

import numpy as np
from jaxtyping import Complex, Float, Inexact, Num
from scipy.optimize import linear_sum_assignment, linprog
from scipy.sparse import eye, kron, vstack
from scipy.spatial.distance import cdist

from recurra.analysis.dynamics.fixed_points import FixedPoints, fixed_points
from recurra.analysis.subjects import Subject, of_each_network, visit_of
from recurra.analysis.visit import Visit
from recurra.analysis.weights.spectra import spectrum
from recurra.checks import check_array, check_count
from recurra.models.network import Network
from recurra.tasks.base import Task

Rates = Float[np.ndarray, "condition time unit"]
CONDITIONS = 8  # most conditions of the probe whose linearizations are compared
DELAYS, RANK = 10, 10  # steps in a delay vector; principal directions in which its dynamics are described
REPEATED = 1_000  # largest equal length to which two sets are repeated, which is faster than a linear program
WEAK = 1e-10  # a direction of delay vectors with a smaller variance, relative to the first one, is left out


def spectral_distance(
    first: Network | Visit | Num[np.ndarray, "mode"], second: Network | Visit | Num[np.ndarray, "other_mode"]
) -> float:
    r"""The Wasserstein distance between two sets of eigenvalues in the complex plane.

    For n eigenvalues each, $\min_\pi \sqrt{\frac1n \sum_k |\lambda_k - \mu_{\pi(k)}|^2}$ over permutations π. For
    different numbers each set is a distribution with equal weights, and the distance is that of the optimal transport
    between them: exact, and 0 if one set repeats the other. For normal matrices of equal size
    it is $\min_U \|A - U B U^*\|_F / \sqrt n$ over unitary U. NaN where an eigenvalue is not finite.

    Args:
        first: a network, of whose recurrent weights the eigenvalues are taken, or eigenvalues in any order.
        second: another network, or its eigenvalues.

    Source: Hoffman and Wielandt (1953) for normal matrices.
    """
    first, second = (
        spectrum(one).eigenvalues if isinstance(one, Network | Visit) else np.asarray(one) for one in (first, second)
    )
    for name, values in (("first", first), ("second", second)):
        if np.ndim(values) != 1 or not len(values):
            raise ValueError(f"{name} has shape {np.shape(values)}; expected one row of eigenvalues")
    largest = float(np.abs(np.concatenate([first, second])).max())
    if not np.isfinite(largest):
        return np.nan
    if largest == 0:
        return 0.0
    cost = np.abs(np.subtract.outer(first / largest, second / largest)) ** 2
    return largest * float(np.sqrt(_transport(cost)))


def dynamic_modes(rates: Rates, delays: int = DELAYS, rank: int = RANK) -> Complex[np.ndarray, "dynamic_mode"]:
    r"""Eigenvalues of the linear map that takes a network's rates best from one step to the next.

    Dynamic mode decomposition with delays: the rates along their first `rank` principal directions (not centred) at
    `delays` successive steps are one vector; its first `rank` principal directions are the coordinates v, and A is the
    least-squares solution of $v_{t + 1} = A v_t$ over all conditions. Rotations and factors of the rates do not count.
    If there are fewer directions than `rank`, the other eigenvalues are 0: a silent network has only zeros, and a
    network at rest elsewhere has one 1. An input counts as part of the dynamics. NaN if a rate is not finite.

    Args:
        rates: rates of one network, every time step.
        delays: number of steps in a delay vector; at most half the steps of a trial are used.
        rank: number of eigenvalues.

    Source: Ostrow, Eisen, Kozachkov and Fiete (2023) for the delays; Schmid (2010) for the decomposition.
    """
    check_count("delays", delays)
    check_count("rank", rank)
    rates = check_array("rates", rates, finite=False, condition=None, time=None, unit=None)
    if rates.shape[1] < 2:
        raise ValueError(f"rates has shape {rates.shape}; expected (condition, time, unit) with 2 or more steps")
    largest = np.abs(rates).max()
    if not np.isfinite(largest):
        return np.full(rank, np.nan, np.complex128)
    if largest == 0:
        return np.zeros(rank, np.complex128)
    scaled = np.asarray(rates, np.float64) / largest
    paths = scaled @ _strong_directions(scaled, rank)
    windows = np.lib.stride_tricks.sliding_window_view(paths, min(delays, rates.shape[1] // 2), axis=1)
    vectors = windows.reshape(*windows.shape[:2], -1)
    coordinates = vectors @ _strong_directions(vectors, rank)
    spread = np.sqrt((coordinates**2).mean(axis=(0, 1)))
    now, later = (part.reshape(-1, len(spread)) for part in (coordinates[:, :-1], coordinates[:, 1:]))
    operator = np.linalg.lstsq(now / spread, later / spread, rcond=1e-10)[0]
    return np.pad(ordered(np.linalg.eigvals(operator)), (0, rank - len(spread)))


def dynamical_distance(first: Rates, second: Rates, delays: int = DELAYS, rank: int = RANK) -> float:
    r"""The Wasserstein distance between the eigenvalues of two networks' dynamics, as in `dynamic_modes`.

    It is the reduced form of dynamical similarity analysis. The full form minimizes $\|A - C B C^T\|_F$ over orthogonal
    C, a problem with local minima; for normal A and B and unitary C the minimum is $\sqrt{rank}$ times the distance
    here, which is exact, and a metric between sets of eigenvalues. If A and B are not normal, this distance ignores the
    angles between their eigenvectors.

    Args:
        first: rates of one network, every time step.
        second: rates of another, at the same inputs.
        delays: number of steps in a delay vector.
        rank: number of eigenvalues.

    Source: Ostrow, Eisen, Kozachkov and Fiete (2023); Hoffman and Wielandt (1953).
    """
    return spectral_distance(dynamic_modes(first, delays, rank), dynamic_modes(second, delays, rank))


@of_each_network
def nearest_linearizations(
    network: Subject | None = None,
    task: Task | None = None,
    *,
    points: FixedPoints | None = None,
    ends: Float[np.ndarray, "condition unit"] | None = None,
    seed: int | None = None,
) -> Complex[np.ndarray, "chosen mode"]:
    r"""Eigenvalues of the Jacobian of one step at the fixed point nearest to the state in which each condition ends.

    For a state on a cycle this is the point around which it moves, if the search found that point. NaN if a network has
    no fixed point. If there are more than 8 conditions, 8 of them are used, spread over their order.

    Args:
        network: the network, or a cohort; not needed with `points` and `ends`.
        task: its task; not needed where the network knows it.
        points: the fixed points of a network without input, if they are known.
        ends: the states at the ends of the probe's trials, if they are known.
        seed: seed of the search for fixed points; if not given, that of the network's cohort, or 0.
    """
    if points is None or ends is None:
        visit = visit_of(network, task, seed)
        points, ends = fixed_points(visit) if points is None else points, visit.ends if ends is None else ends
    ends = check_array("ends", ends, finite=False, condition=None, state=points.states.shape[1])
    chosen = ends[np.unique(np.linspace(0, len(ends) - 1, min(len(ends), CONDITIONS)).round().astype(int))]
    if not len(points) or not np.isfinite(chosen).all():
        return np.full(chosen.shape, np.nan, np.complex128)
    return points.eigenvalues[cdist(chosen, points.states).argmin(axis=1)].astype(np.complex128)


def ordered(eigenvalues: Inexact[np.ndarray, "mode"]) -> Complex[np.ndarray, "mode"]:
    """The eigenvalues by falling modulus."""
    return eigenvalues[np.argsort(-np.abs(eigenvalues), kind="stable")].astype(np.complex128)


def _transport(cost: Float[np.ndarray, "mode other_mode"]) -> float:
    """The least mean cost of moving equal weights on the rows to equal weights on the columns."""
    rows, columns = cost.shape
    size = math.lcm(rows, columns)
    if size <= max(REPEATED, rows, columns):
        repeated = np.repeat(np.repeat(cost, size // rows, axis=0), size // columns, axis=1)
        return float(repeated[linear_sum_assignment(repeated)].mean())
    leaving, arriving = kron(eye(rows), np.ones((1, columns))), kron(np.ones((1, rows)), eye(columns))
    masses = np.concatenate([np.full(rows, 1 / rows), np.full(columns, 1 / columns)])
    transport = linprog(cost.ravel(), A_eq=vstack([leaving, arriving]), b_eq=masses)
    if not transport.success:
        raise ValueError(f"no optimal transport of {rows} to {columns} eigenvalues was found: {transport.message}")
    return max(float(transport.fun), 0.0)


def _strong_directions(
    vectors: Float[np.ndarray, "condition time entry"], most: int
) -> Float[np.ndarray, "entry direction"]:
    """The first principal directions, not centred, without the weak ones."""
    flat = vectors.reshape(-1, vectors.shape[-1])
    variances, directions = np.linalg.eigh(flat.T @ flat)
    kept = min(most, int((variances > WEAK * variances[-1]).sum()))
    return directions[:, ::-1][:, :kept]
