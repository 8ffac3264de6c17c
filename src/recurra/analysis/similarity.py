"""How alike networks are: in the geometry of their rates, in the eigenvalues of their weights, in their dynamics.

What is costly is done once a network, in `signature_of`; `similarity_matrices` then goes over all pairs.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Complex, Float
from scipy.optimize import linear_sum_assignment, linprog
from scipy.sparse import eye, kron, vstack
from threadpoolctl import threadpool_limits

from recurra.arrays import AnyArray
from recurra.checks import check_choice, check_count

Rates = Float[np.ndarray, "condition time unit"]
Flat = Float[np.ndarray, "sample unit"]
MEASURES = ("procrustes", "cka", "spectral", "dynamical")
SAMPLES = 1_000  # of the rates that a signature keeps: every n-th time step, the same for all networks of a probe
NEGLIGIBLE = 1e-8  # share of the variance of the rates that a signature leaves out
UNVARIED = 1e-12  # rates that vary by less, relative to the largest one, do not vary
DELAYS, RANK = 10, 10  # steps of a delay vector; directions in which its dynamics are described
REPEATED = 1_000  # eigenvalues up to which two sets are repeated until they are equally many, which is the faster way
WEAK = 1e-10  # a direction of delay vectors with a smaller variance, relative to the first one, is left out


@dataclass(frozen=True)
class Signature:
    r"""What is kept of a network to compare it with others.

    What is not finite, since the rates of the network or its eigenvalues have overflowed, is NaN throughout.

    Args:
        shape: the rates along their principal directions, centred, with Frobenius norm 1; zero where they do not vary.
        eigenvalues: of the recurrent weights.
        dynamic_modes: eigenvalues of the dynamics of the rates, those of `dynamic_modes`.
    """

    shape: Float[np.ndarray, "sample direction"]
    eigenvalues: Complex[np.ndarray, "mode"]
    dynamic_modes: Complex[np.ndarray, "dynamic_mode"]


@dataclass(frozen=True)
class Similarities:
    """All pairs of networks, in every measure; NaN where one of the two could not be measured.

    Args:
        procrustes: angle between the shapes of the rates, 0 to π/2.
        cka: linear centred kernel alignment of the rates, 1 for the same geometry, 0 for none in common.
        spectral: Wasserstein distance between the eigenvalues of the recurrent weights.
        dynamical: Wasserstein distance between the eigenvalues of the dynamics of the rates.
    """

    sources: ClassVar[tuple[str, ...]] = ("williams2021", "kornblith2019", "hoffman1953", "ostrow2023", "schmid2010")

    procrustes: Float[np.ndarray, "network other_network"]
    cka: Float[np.ndarray, "network other_network"]
    spectral: Float[np.ndarray, "network other_network"]
    dynamical: Float[np.ndarray, "network other_network"]

    def distances(self, measure: str) -> Float[np.ndarray, "network other_network"]:
        """The distances in a measure, all of them metrics; of `cka` the angle arccos(CKA), 0 to π/2.

        Args:
            measure: one of `MEASURES`.
        """
        check_choice("measure", measure, MEASURES)
        return _angle(self.cka) if measure == "cka" else getattr(self, measure)


def linear_cka(first: Float[np.ndarray, "*sample unit"], second: Float[np.ndarray, "*sample other_unit"]) -> float:
    r"""Linear centred kernel alignment, $\|X^T Y\|_F^2 / (\|X^T X\|_F \|Y^T Y\|_F)$ of centred rates X and Y.

    1 where the rates differ by a rotation of the space of units and a factor; 0 where no direction of one is correlated
    with one of the other. The networks may differ in their number of units. Rates that do not vary (a silent network,
    or one at rest in all conditions) have 1 with each other and 0 with all others; NaN where a rate is not finite.

    Args:
        first: rates of one network.
        second: rates of another, at the same inputs and times.

    Source: Kornblith, Norouzi, Lee and Hinton (2019).
    """
    return float(_shape_matrices(_shapes(first, second))[1][0, 1])


def procrustes_distance(
    first: Float[np.ndarray, "*sample unit"], second: Float[np.ndarray, "*sample other_unit"]
) -> float:
    r"""The angular Procrustes distance $\min_Q \arccos \langle X, Y Q \rangle = \arccos \|X^T Y\|_*$, in radians.

    X and Y are the rates, centred and scaled to $\|X\|_F = 1$, and Q is orthogonal: rotations, reflections and
    permutations of the units, offsets and factors do not count. It is a metric with values from 0 to π/2. Of networks
    with different numbers of units the smaller one gets silent units, which changes none of its distances. Rates that
    do not vary have distance 0 from each other and π/2 from all others; NaN where a rate is not finite. Rounding makes
    an angle of up to about 1e-7 of 0.

    Args:
        first: rates of one network.
        second: rates of another, at the same inputs and times.

    Source: Williams, Kunz, Kornblith and Linderman (2021), without whitening.
    """
    return float(_shape_matrices(_shapes(first, second))[0][0, 1])


def spectral_distance(first: Complex[np.ndarray, "mode"], second: Complex[np.ndarray, "other_mode"]) -> float:
    r"""The Wasserstein distance between two sets of eigenvalues in the complex plane.

    For n eigenvalues each, $\min_\pi \sqrt{\frac1n \sum_k |\lambda_k - \mu_{\pi(k)}|^2}$ over permutations π. For
    different numbers each set is a distribution with equal weights, and the distance is that of the optimal transport
    between them: exact, and 0 if one set repeats the other. For normal matrices of equal size
    it is $\min_U \|A - U B U^*\|_F / \sqrt n$ over unitary U. NaN where an eigenvalue is not finite.

    Args:
        first: eigenvalues of one matrix, in any order.
        second: eigenvalues of another.

    Source: Hoffman and Wielandt (1953) for normal matrices.
    """
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
    Fewer directions than `rank` give eigenvalues 0 for those that lack: a silent network has no others, and one at
    rest elsewhere has a 1. An input counts as part of the dynamics. NaN where a rate is not finite.

    Args:
        rates: rates of one network, every time step.
        delays: steps of a vector; at most half the steps of a trial are taken.
        rank: how many eigenvalues.

    Source: Ostrow, Eisen, Kozachkov and Fiete (2023) for the delays; Schmid (2010) for the decomposition.
    """
    check_count("delays", delays)
    check_count("rank", rank)
    if np.ndim(rates) != 3 or rates.shape[1] < 2:
        raise ValueError(f"rates have shape {np.shape(rates)}; expected (condition, time, unit) with 2 or more steps")
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
    return np.pad(_ordered(np.linalg.eigvals(operator)), (0, rank - len(spread)))


def dynamical_distance(first: Rates, second: Rates, delays: int = DELAYS, rank: int = RANK) -> float:
    r"""The Wasserstein distance between the eigenvalues of two networks' dynamics, those of `dynamic_modes`.

    It is the reduced form of dynamical similarity analysis. That one minimizes $\|A - C B C^T\|_F$ over orthogonal C,
    which has local minima; for normal A and B and unitary C the minimum is $\sqrt{rank}$ times the distance here, which
    is exact, and a metric between sets of eigenvalues. Where A and B are not normal, this distance knows nothing of
    the angles between their eigenvectors.

    Args:
        first: rates of one network, every time step.
        second: rates of another, at the same inputs.
        delays: steps of a vector.
        rank: how many eigenvalues.

    Source: Ostrow, Eisen, Kozachkov and Fiete (2023); Hoffman and Wielandt (1953).
    """
    return spectral_distance(dynamic_modes(first, delays, rank), dynamic_modes(second, delays, rank))


def signature_of(rates: Rates, recurrent: Float[AnyArray, "post pre"]) -> Signature:
    """What is kept of a network to compare it with others, by the measures of this module.

    The shape is that of every n-th time step, with n the smallest that leaves at most 1,000 samples in all
    conditions, in the directions that carry all but 1e-8 of the variance. The dynamics are those of all steps.

    Args:
        rates: rates on a probe, the same for all networks that are compared.
        recurrent: the recurrent weights.
    """
    every = -(-rates.shape[0] * rates.shape[1] // SAMPLES)
    with threadpool_limits(1), np.errstate(over="ignore", invalid="ignore"):  # weights near the largest number there is
        values = _ordered(np.linalg.eigvals(np.asarray(recurrent, np.float64)))
        return Signature(_reduced(_shape(rates[:, ::every])), values, dynamic_modes(rates))


def similarity_matrices(signatures: Sequence[Signature]) -> Similarities:
    """All pairs of networks in every measure.

    Args:
        signatures: of the networks, all from one probe.
    """
    check_count("number of signatures", len(signatures))
    for at, one in enumerate(signatures):
        if len(one.shape) != len(signatures[0].shape):
            raise ValueError(
                f"signature {at} has {len(one.shape)} samples, the first one {len(signatures[0].shape)}; "
                "expected rates of all networks on the same probe"
            )
    with threadpool_limits(1):
        procrustes, cka = _shape_matrices([one.shape for one in signatures])
    spectral = _transport_matrix([one.eigenvalues for one in signatures])
    return Similarities(procrustes, cka, spectral, _transport_matrix([one.dynamic_modes for one in signatures]))


def _shape_matrices(
    shapes: Sequence[Float[np.ndarray, "sample direction"]],
) -> tuple[Float[np.ndarray, "network other_network"], Float[np.ndarray, "network other_network"]]:
    """Procrustes distances and CKA of shapes; those that are zero are at 0 and 1 with each other."""
    count, widest = len(shapes), max(shape.shape[1] for shape in shapes)
    padded = np.stack([np.pad(shape, ((0, 0), (0, widest - shape.shape[1]))) for shape in shapes])
    finite = np.array([bool(np.isfinite(shape).all()) for shape in shapes])
    still = np.array([not shape.any() for shape in shapes])
    norms = np.array([np.linalg.norm(shape.T @ shape) or 1.0 for shape in shapes])
    cosine, cka = np.full((count, count), np.nan), np.full((count, count), np.nan)
    for at in np.flatnonzero(finite):
        others = np.flatnonzero(finite[at:]) + at
        cross = padded[at].T @ padded[others]
        cosine[at, others] = np.linalg.svd(cross, compute_uv=False).sum(axis=-1)
        cka[at, others] = (cross**2).sum(axis=(1, 2)) / (norms[at] * norms[others])
        alike = others[(others == at) | (still[at] & still[others])]
        cosine[at, alike] = cka[at, alike] = 1.0
    return _mirrored(_angle(cosine)), _mirrored(cka)


def _transport_matrix(sets: Sequence[Complex[np.ndarray, "mode"]]) -> Float[np.ndarray, "network other_network"]:
    """Wasserstein distances between sets of eigenvalues."""
    distances = np.full((len(sets), len(sets)), np.nan)
    for at, one in enumerate(sets):
        distances[at, at:] = [spectral_distance(one, other) for other in sets[at:]]
    return _mirrored(distances)


def _transport(cost: Float[np.ndarray, "mode other_mode"]) -> float:
    """The least mean cost of moving equal weights on the rows to equal weights on the columns."""
    rows, columns = cost.shape
    size = math.lcm(rows, columns)
    if size <= max(REPEATED, rows, columns):
        repeated = np.repeat(np.repeat(cost, size // rows, axis=0), size // columns, axis=1)
        return float(repeated[linear_sum_assignment(repeated)].mean())
    leaving, arriving = kron(eye(rows), np.ones((1, columns))), kron(np.ones((1, rows)), eye(columns))
    masses = np.concatenate([np.full(rows, 1 / rows), np.full(columns, 1 / columns)])
    return max(float(linprog(cost.ravel(), A_eq=vstack([leaving, arriving]), b_eq=masses).fun), 0.0)


def _mirrored(upper: Float[np.ndarray, "network other_network"]) -> Float[np.ndarray, "network other_network"]:
    return np.where(np.tri(len(upper), dtype=bool), upper.T, upper)


def _shapes(first: np.ndarray, second: np.ndarray) -> tuple[Flat, Flat]:
    """The shapes of two arrays of rates; an error if they are not at the same inputs and times."""
    if np.shape(first)[:-1] != np.shape(second)[:-1] or np.ndim(first) < 2:
        raise ValueError(
            f"rates have shapes {np.shape(first)} and {np.shape(second)}; expected all axes but the last, "
            "the units, to be the same: compare networks on the same probe"
        )
    return _shape(first), _shape(second)


def _shape(rates: Float[np.ndarray, "*sample unit"]) -> Flat:
    """Rates, flattened, centred and with Frobenius norm 1; zero where they do not vary, NaN where one is not finite."""
    flat = np.asarray(rates, np.float64).reshape(-1, np.shape(rates)[-1])
    largest = np.abs(flat).max()
    if not np.isfinite(largest):
        return np.full_like(flat, np.nan)
    scaled = flat / (largest or 1.0)
    centred = scaled - scaled.mean(axis=0)
    norm = np.linalg.norm(centred)
    return centred / norm if norm > UNVARIED * np.sqrt(flat.size) else np.zeros_like(flat)


def _reduced(shape: Flat) -> Float[np.ndarray, "sample direction"]:
    """A shape along its principal directions that are not negligible, with norm 1 again."""
    if not np.isfinite(shape).all() or not shape.any():
        return shape[:, :1]
    left, lengths, _ = np.linalg.svd(shape, full_matrices=False)
    kept = int((1 - np.cumsum(lengths**2) > NEGLIGIBLE).sum()) + 1
    return left[:, :kept] * (lengths[:kept] / np.linalg.norm(lengths[:kept]))


def _strong_directions(
    vectors: Float[np.ndarray, "condition time entry"], most: int
) -> Float[np.ndarray, "entry direction"]:
    """The first principal directions, not centred, without the weak ones."""
    flat = vectors.reshape(-1, vectors.shape[-1])
    variances, directions = np.linalg.eigh(flat.T @ flat)
    kept = min(most, int((variances > WEAK * variances[-1]).sum()))
    return directions[:, ::-1][:, :kept]


def _ordered(eigenvalues: Complex[np.ndarray, "mode"]) -> Complex[np.ndarray, "mode"]:
    """By falling modulus."""
    return eigenvalues[np.argsort(-np.abs(eigenvalues), kind="stable")].astype(np.complex128)


def _angle(cosine: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
    return np.arccos(np.clip(cosine, 0.0, 1.0))
